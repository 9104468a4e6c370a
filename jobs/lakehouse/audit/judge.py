"""Great Expectations pronounces: on counts that were taken once, in the files that would be published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import Expectation

from expectations.meanings import FAULTS
from expectations.suite import PARKED, Limit, Suite
from expectations.words import in_words, reference_in_words
from jobs.lakehouse.audit.ask import Found, Questions
from jobs.lakehouse.audit.counts import ALL, Counted, Counts, total
from jobs.lakehouse.audit.measured import Measured

_RESULT_FORMAT = {"result_format": {"result_format": "BASIC", "partial_unexpected_count": 5}}
NO_BASELINE = "no baseline"
"""State of a limit that compares with what is served, where that cannot be compared with."""
_EXAMPLES_LENGTH = 120
"""Characters of the examples of one reason in a line."""
_A_HANDFUL = 10
"""Broken rows: no more of them do not make a broken delivery, however small it is, where it would stop a whole table."""


@dataclass(frozen=True)
class Judged:
    """One promise, and what became of it over everything offered."""

    promise: str
    """In words."""
    reason: str
    """Reason code of a row that breaks it; empty for a promise about the whole table."""
    holds: bool
    found: str
    examples: Sequence[str] = ()
    result: ExpectationValidationResult | None = None
    """What Great Expectations said; None for a promise of ours: references, faults, limits."""
    limit: str = ""
    """Name of a limit, which a person may overrule; empty for any other promise."""
    number: float | None = None
    """What was found of a limit."""
    why_not: str = ""
    """Why there is nothing to hold a limit against, such as that nothing is served yet: then it neither holds nor not."""
    is_accepted: bool = False
    """Whether a person overruled it."""
    measured: Measured | None = None
    """What is usual of a number that is held against the nights before; None for any other promise."""

    @property
    def state(self) -> str:
        """What became of it, in a word or two."""
        if self.is_accepted or not self.holds:
            return "accepted" if self.is_accepted else "broken"
        if self.why_not:
            return NO_BASELINE if self.why_not.startswith(NO_BASELINE) else "not judged"
        return "unusual" if self.measured and self.measured.is_unusual else "holds"

    @property
    def key(self) -> str:
        """What a limit is called in the account: of several deliveries each has its own."""
        return f"{self.limit} {self.measured.unit.part}".strip() if self.measured else self.limit


@dataclass
class Verdict:
    """Whether a publication, or which of its parts, may become visible."""

    judged: list[Judged] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    """Part → why it is refused; what concerns the whole is said of every part."""
    is_final: set[str] = field(default_factory=set)
    """Parts that break a promise which nobody can overrule."""

    def refuse(self, parts: Sequence[str], problem: str, limit: str = "") -> None:
        """Refuse some parts for a reason; for a limit, if it is named."""
        for part in parts:
            self.problems.setdefault(part, []).append(problem)
            if not limit:
                self.is_final.add(part)

    @property
    def limits(self) -> list[Judged]:
        """What became of the limits."""
        return [one for one in self.judged if one.limit]

    @property
    def broken_limits(self) -> list[str]:
        """Names of the limits that are broken, whether or not a person overruled them."""
        return list(dict.fromkeys(one.limit for one in self.limits if one.is_accepted or not one.holds))


def judge_rows(counted: Counted, suite: Suite, *, by_part: bool, stays: Iterable[Counts] = ()) -> Verdict:
    """Judge the promises about rows, references and faults.

    Args:
        counted: What became of the rows.
        suite: The promises.
        by_part: Whether each part stands for itself, as deliveries do.
        stays: Counts of the other parts of a table of which some are replaced: it is judged as a whole.
    """
    whole = total((*counted.parts.values(), *stays))
    verdict = Verdict(_judged_rows(whole, counted, suite))
    units = counted.parts if by_part else {"": whole}
    for part, counts in units.items():
        examples = counted.examples_of.get(part, counted.examples) if by_part else counted.examples
        for problem in _problems_of(counts, replace(counted, examples=examples), suite):
            verdict.refuse([part] if by_part else list(counted.parts) or [""], problem)
    return verdict


def judge_deliveries(verdict: Verdict, counted: Counted, suite: Suite, delivered: Mapping[str, int]) -> None:
    """Judge what came with each delivery of the spine for itself: good rows of others do not make up for broken ones.

    Args:
        verdict: What :func:`judge_rows` returned.
        counted: What became of the rows.
        suite: The promises.
        delivered: Rows of each delivery, by night.
    """
    for night, reasons in sorted(total(counted.parts.values()).by_delivery.items()):
        rows, broken = delivered.get(night, 0), reasons[ALL]
        if broken > max(_A_HANDFUL, suite.tolerates * rows):
            told = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()) if reason != ALL)
            verdict.refuse(
                list(counted.parts),
                f"{broken:,} of the {rows:,} rows delivered for {night} are broken ({told}): deliver that day again, mended",
            )


def _judged_rows(whole: Counts, counted: Counted, suite: Suite) -> list[Judged]:
    """Each row promise over everything offered."""
    judged = []
    for reason, expectation in suite.rows.items():
        result = pronounce(expectation, _row_metrics(reason, expectation.column, whole, counted))
        broken = whole.by_reason.get(reason, 0)
        judged.append(
            Judged(
                in_words(expectation),
                reason,
                bool(result.success),
                f"{broken:,} of {whole.offered - whole.unreadable:,} rows break it",
                counted.examples.get(reason, ()),
                result,
            )
        )
    promised = {reference.reason: reference_in_words(reference) for reference in suite.references}
    found = {code: FAULTS.get(code, "every record can be read") for code in whole.by_reason if _is_fault(code, suite)}
    others = promised | found | dict(suite.faults)
    for reason, words in others.items():
        rows = whole.by_reason.get(reason, 0)
        limit = suite.parked_at_most if reason.startswith(PARKED) else suite.tolerates
        said = "wait" if reason.startswith(PARKED) else "break it"
        judged.append(
            Judged(
                words,
                reason,
                rows <= limit * whole.offered,
                f"{rows:,} of {whole.offered:,} rows {said}",
                counted.examples.get(reason, ()),
            )
        )
    return judged


def _is_fault(reason: str, suite: Suite) -> bool:
    return reason not in suite.rows and all(reference.reason != reason for reference in suite.references)


def _meaning(suite: Suite, reason: str) -> str:
    """What a promise means, where its name does not say it: a pattern says nothing to whoever mends a file."""
    description = suite.rows[reason].description if reason in suite.rows else None
    return f", {description}" if description else ""


def _problems_of(counts: Counts, counted: Counted, suite: Suite) -> list[str]:
    """Why rows are refused: by Great Expectations, promise for promise, and by us, over all reasons together."""
    if not counts.by_reason:
        return []
    failed = [
        reason
        for reason, expectation in suite.rows.items()
        if counts.by_reason.get(reason)
        and not pronounce(expectation, _row_metrics(reason, expectation.column, counts, counted)).success
    ]
    problems = []
    if failed or counts.broken > suite.tolerates * counts.offered:
        # What breaks most rows first: it is nearly always the cause.
        most_first = sorted(counts.by_reason.items(), key=lambda told: (-told[1], told[0]))
        broken = {reason: rows for reason, rows in most_first if not reason.startswith(PARKED)}
        problems += [f"{counts.broken:,} of {counts.offered:,} rows are broken"] if len(broken) > 1 else []
        problems += [
            f"{rows:,} of {counts.offered:,} rows break {reason}{_meaning(suite, reason)}"
            f"{_for_example(counted.examples.get(reason))}"
            for reason, rows in broken.items()
        ]
    if counts.parked > suite.parked_at_most * counts.offered:
        waiting = {reason: rows for reason, rows in sorted(counts.by_reason.items()) if reason.startswith(PARKED)}
        problems += [
            f"{rows:,} of {counts.offered:,} rows wait for another table ({reason}), more than "
            f"{suite.parked_at_most:.0%}{_for_example(counted.examples.get(reason))}"
            for reason, rows in waiting.items()
        ]
    return problems


def _for_example(values: Sequence[str] | None) -> str:
    """A few values in brackets: as many as a line has room for, but one."""
    shown = list[str]()
    for value in values or ():
        if shown and sum(map(len, shown)) + len(value) > _EXAMPLES_LENGTH:
            break
        shown.append(value)
    return f" (e.g. {', '.join(map(repr, shown))})" if shown else ""


def _row_metrics(reason: str, column: str, counts: Counts, counted: Counted) -> dict[str, Any]:
    """The values of Great Expectations' own metrics, by the last words of their names."""
    return {
        "table.row_count": counts.offered - counts.unreadable,
        "nonnull.unexpected_count": counts.nulls.get(column, counts.by_reason.get(f"{column}:not_be_null", 0)),
        "unexpected_count": counts.by_reason.get(reason, 0),
        "unexpected_values": list(counted.examples.get(reason, ())) if counts.by_reason.get(reason) else [],
    }


@dataclass(frozen=True)
class Bounds:
    """What limits are held against, and who overrules them.

    Args:
        values: Bound of each limit, by its name.
        served: Name of the table as it is served: limits that ask it compare with it.
        no_baseline: Why it cannot be compared with; empty if it can.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    served: str = ""
    no_baseline: str = ""


def judge_table(
    asked: Questions, columns: Sequence[str], row_count: int, suite: Suite, bounds: Bounds | None = None
) -> list[Judged]:
    """Judge the promises about the whole table, and its limits.

    Args:
        asked: Answers queries about the table as it would be, and the tables that its promises name.
        columns: Its columns.
        row_count: How many rows that are.
        suite: The promises.
        bounds: What its limits are held against.
    """
    held = bounds or Bounds()
    counted = {"table.row_count": row_count, "table.columns": list(columns)}
    judged = [_judged_table(promise, counted, asked) for promise in suite.table]
    return [*judged, *(_judged_limit(limit, held, asked) for limit in suite.limits)]


def _judged_table(promise: Expectation, counted: Mapping[str, Any], asked: Questions) -> Judged:
    """A promise about the whole table."""
    query = str(promise.unexpected_rows_query) if isinstance(promise, gxe.UnexpectedRowsExpectation) else ""
    broken = asked.rows(query) if query else Found(0)
    metrics = {
        **counted,
        "unexpected_rows_query.row_count": broken.rows,
        "unexpected_rows_query.table": [{"row": example} for example in broken.examples],
    }
    result = pronounce(promise, metrics)
    observed = result.result.get("observed_value")
    said = f"found {observed:,}" if isinstance(observed, int) else f"found {observed}"
    said = ("1 row breaks it" if broken.rows == 1 else f"{broken.rows:,} rows break it") if query else said
    return Judged(in_words(promise), "", bool(result.success), said, broken.examples, result)


def _judged_limit(limit: Limit, bounds: Bounds, asked: Questions) -> Judged:
    """A number beside its bound."""
    bound = bounds.values[limit.name]
    why_not = bounds.no_baseline if bounds.served and bounds.served in limit.query else ""
    number = None if why_not else asked.number(limit.query)
    if number is None:
        why = f"{NO_BASELINE}: {why_not}" if why_not else limit.unjudged
        return Judged(limit.in_words(bound), "", True, why, limit=limit.name, why_not=why)  # noqa: FBT003
    holds = number <= bound if limit.is_most else number >= bound
    return Judged(limit.in_words(bound), "", holds, f"found {number:.4g}", limit=limit.name, number=number)


@cache
def _engine() -> SparkDFExecutionEngine:
    """Tells an expectation that its metrics are Spark's; nothing is asked of it."""
    return SparkDFExecutionEngine(persist=False)


def pronounce(expectation: Expectation, values: Mapping[str, Any]) -> ExpectationValidationResult:
    """Let an expectation judge the values of its own metrics, without a query.

    Raises:
        RuntimeError: It asks for a metric that is not counted.
    """
    wanted = expectation.get_validation_dependencies(
        execution_engine=_engine(), runtime_configuration=_RESULT_FORMAT
    ).metric_configurations
    metrics = {}
    for name, metric in wanted.items():
        key = next((key for key in values if name == key or name.endswith(f".{key}")), None)
        if key is None:
            raise RuntimeError(
                f"{expectation.expectation_type} wants the metric {name}, which the audit does not count"
            )
        # Great Expectations names the count of nulls as that of broken rows where a promise is not to be null.
        metrics[metric.id] = values[key]
    return expectation.metrics_validate(
        metrics=metrics, execution_engine=_engine(), runtime_configuration=_RESULT_FORMAT
    )
