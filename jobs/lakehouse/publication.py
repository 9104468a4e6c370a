"""A publication between its audit and its commit, and the account it gives of itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from deltalake import DeltaTable

from expectations.suite import PARKED, Suite
from jobs.errors import JobError
from jobs.lakehouse import columns
from jobs.lakehouse.audit import pages
from jobs.lakehouse.audit.counts import Counted, Counts, total
from jobs.lakehouse.audit.judge import NO_BASELINE, Verdict
from jobs.lakehouse.audit.usual import limits_of, profile_of
from jobs.lakehouse.columns import Content
from jobs.lakehouse.ledger import Account, Entry, Part
from jobs.lakehouse.outcome import Outcome, State
from jobs.lakehouse.refusals import Acceptance, Refusal
from jobs.lakehouse.replays import Replayed
from jobs.lakehouse.staging import NO_VALUE, WHOLE, StagedFile
from jobs.tables import Table, job_of
from jobs.version import code_version


class Overtaken(NamedTuple):
    """Why a publication is not to be made: its table is to stay as it is."""

    state: State
    note: str


@dataclass(frozen=True)
class Staged:
    """A publication that was written and audited, and that nobody can see yet; or why it was not even written."""

    suite: Suite
    night: date
    name: str
    """Name of the publication, and of the folder it is staged in."""
    base: DeltaTable | None
    """The table at the version that the publication was decided on; None if it was not there."""
    replaced: list[str] | None
    """Partitions whose rows it replaces; None for the whole table."""
    files: list[StagedFile] = field(default_factory=list)
    counted: Counted = field(default_factory=lambda: Counted({}, {}))
    verdict: Verdict = field(default_factory=Verdict)
    stays: Mapping[str, Part] = field(default_factory=dict)
    """Of a current table that it replaces in part: the other parts, as the last publication told of them."""
    deliveries: Mapping[date, str] = field(default_factory=dict)
    inputs: Mapping[str, int | None] = field(default_factory=dict)
    spine_rows: int | None = None
    """Rows of the spine that were read; None where they are not accounted for."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows of the spine that the job left out, by reason."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What the job counted of its rows."""
    compared_by: Mapping[str, str] = field(default_factory=dict)
    """What must be the same of what is served for the two to be compared."""
    acceptance: Acceptance | None = None
    """Who overrules limits."""
    contents: Mapping[date, Content] = field(default_factory=dict)
    """What the files of each delivery hold; empty where nothing was delivered."""
    page: str = ""
    seconds: float = 0.0
    """What it took so far."""
    overtaken: Overtaken | None = None
    """Why it is not to be made after all: nothing was written."""

    @property
    def refused(self) -> set[date]:
        """Deliveries that may not be published."""
        return {date.fromisoformat(part) for part in self.verdict.problems}

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it may be published."""
        problems = self.verdict.problems
        return bool(problems) and (not self.suite.of.is_dated or set(problems) >= set(self.counted.parts))

    def refusal(self) -> str:
        """Why it, or which of its deliveries, may not be published: one line."""
        table, problems = self.suite.of, self.verdict.problems
        if table.is_dated:
            said = [f"delivery {part}: {'; '.join(found)}" for part, found in sorted(problems.items())]
        else:
            said = list(dict.fromkeys(problem for found in problems.values() for problem in found))
        rest = "the other deliveries were published; " if set(problems) < set(self.counted.parts) else ""
        night = max(problems) if table.is_dated else self.night
        accept = f"; if that is meant, run `reelhouse accept {job_of(table)} --night {night} --reason TEXT`"
        has_rows = any(self.counted.parts[part].by_reason for part in problems if part in self.counted.parts)
        shows = f"`reelhouse quarantine {table.name} --night {night}` shows the rows; " if has_rows else ""
        # Of limits alone there are no broken rows to tolerate.
        tolerated = f" (at most {self.suite.tolerates:.1%} of the rows may be broken)" if self.verdict.is_final else ""
        return (
            f"{table.name} was not published{tolerated}: {'; '.join(said)}; {rest}what was published before stays; "
            f"{shows}see {self.page}{'' if self.verdict.is_final else accept}"
        )

    def refusals(self, run: str, at: datetime) -> list[Refusal]:
        """Its rows of ops.refusals."""
        return [
            Refusal(
                table_name=self.suite.of.name,
                night=date.fromisoformat(part) if self.suite.of.is_dated and part else self.night,
                problems=problems,
                limits=[] if part in self.verdict.is_final else self.verdict.broken_limits,
                page=self.page,
                run=run,
                code_version=code_version(),
                publication=self.name,
                refused_at=at,
            )
            for part, problems in sorted(self.verdict.problems.items())
        ][: None if self.suite.of.is_dated else 1]


def of_wrong_columns(staged: Staged, problems: Sequence[str]) -> Staged:
    """A publication of which nothing is written, because its columns differ from the definition."""
    verdict = Verdict()
    for problem in problems:
        verdict.refuse(staged.replaced or [WHOLE], problem)
    return replace(staged, verdict=verdict)


def parts_replaced(
    table: Table,
    night: date,
    deliveries: Collection[date] | None,
    partitions: Collection[date | None] | None,
) -> list[str] | None:
    """The partitions that a publication owns; None for the whole table.

    Raises:
        ValueError: Partitions are given for a table that has none of its own.
    """
    if table.is_dated:
        return sorted(day.isoformat() for day in (deliveries or [night]))
    if partitions is None:
        return None
    if not table.partitioned_by:
        raise ValueError(f"{table.name} has no partitions to replace")
    return sorted(NO_VALUE if day is None else day.isoformat() for day in partitions)


def parts_that_stay(table: Table, carried: Entry | None, replaced: Collection[str] | None) -> dict[str, Part]:
    """Parts of a current table that a publication of some others leaves as they are."""
    if table.is_dated or carried is None or replaced is None:
        return {}
    return {name: part for name, part in carried.parts.items() if name not in replaced}


def counts_of(part: Part) -> Counts:
    """What the account of a part says of its rows, as counts."""
    return Counts(published=part.published, broken=part.broken, parked=part.parked, by_reason=dict(part.by_reason))


def account_parts(staged: Staged, carried: Entry | None, out: Collection[str]) -> dict[str, Part]:
    """Counts by partition after the publication: of a current table all it has, of a dated one those replaced.

    Args:
        staged: The publication.
        carried: The entry in force before it.
        out: Parts that are not published.
    """
    parts = {part: _part(counts) for part, counts in staged.counted.parts.items() if part not in out}
    if staged.replaced is None:
        return parts or {WHOLE: Part(published=0)}
    if staged.suite.of.is_dated:
        return {part: parts.get(part, Part(published=0)) for part in staged.replaced if part not in out}
    return dict(sorted({**parts_that_stay(staged.suite.of, carried, staged.replaced), **parts}.items()))


def require_all_records(staged: Staged) -> None:
    """Refuse to go on where a delivery's records are not all rows now, published or not: some were lost or invented.

    Raises:
        RuntimeError: They are not: this is a bug.
    """
    counted = staged.counted.parts
    wrong = [
        f"the files of {day} hold {content.records:,} records, and {rows:,} were offered"
        for day, content in sorted(staged.contents.items())
        if (rows := counted[str(day)].offered if str(day) in counted else 0) != content.records
    ]
    # What a job leaves out it does not count by delivery.
    offered = sum(counts.offered for counts in counted.values()) + sum(staged.left_out.values())
    if wrong and (not staged.left_out or offered != sum(content.records for content in staged.contents.values())):
        raise RuntimeError(f"{staged.suite.of.name} was not published: {'; '.join(wrong)}")


def _records_account(staged: Staged, parts: Mapping[str, Part]) -> dict[str, int]:
    """What became of every record that was delivered, without deliveries that are refused."""
    return {
        "records": sum(content.records for day, content in staged.contents.items() if str(day) in parts),
        "published": sum(part.published for part in parts.values()),
        "set_aside": sum(part.broken for part in parts.values()),
        "parked": sum(part.parked for part in parts.values()),
        **staged.left_out,
    }


def spine_account(staged: Staged, parts: Mapping[str, Part]) -> dict[str, int]:
    """What became of every row of the spine, or of every record that was delivered, by term.

    Raises:
        RuntimeError: The terms do not add up to the rows that were read: the job lost or invented some.
    """
    if staged.contents:
        return _records_account(staged, parts)
    if staged.spine_rows is None:
        return dict(staged.left_out)
    terms = {
        "published": sum(part.published - part.of_other_inputs for part in parts.values()),
        "set_aside": sum(part.broken for part in parts.values()),
        "parked": sum(part.parked for part in parts.values()),
        "duplicates": sum(part.duplicates for part in parts.values()),
        "superseded": sum(part.superseded for part in parts.values()),
        **staged.left_out,
    }
    if sum(terms.values()) != staged.spine_rows:
        raise RuntimeError(
            f"{staged.suite.of.name} was not published: of {staged.spine_rows:,} rows of its spine "
            f"{sum(terms.values()):,} are accounted for: {terms}"
        )
    return {"rows": staged.spine_rows, **terms}


def account_of(
    staged: Staged,
    carried: Entry | None,
    parts: dict[str, Part],
    kept: int | None,
    *,
    out: Collection[str],
    **told: Any,
) -> Account:
    """The account that goes into the commit.

    Args:
        staged: The publication.
        carried: The entry in force before it.
        parts: What :func:`account_parts` returned.
        kept: How many of the newest deliveries the table keeps; all, if None.
        out: Parts that are not published.
        **told: What the run says of itself: settings, code, code_version, run, seconds.
    """
    by_reason = total(map(counts_of, parts.values())).by_reason
    held = dict(carried.deliveries) if carried else {}
    held |= {day.isoformat(): content for day, content in staged.deliveries.items() if day.isoformat() not in out}
    return Account(
        night=max(staged.night, carried.night) if carried else staged.night,
        publication=staged.name,
        offered=sum(part.offered for part in parts.values()),
        published=sum(part.published for part in parts.values()),
        quarantined={reason: rows for reason, rows in by_reason.items() if not reason.startswith(PARKED)},
        parked=sum(part.parked for part in parts.values()),
        spine=spine_account(staged, parts),
        counts=dict(staged.counts),
        compared_by=dict(staged.compared_by),
        limits=limits_of(staged.verdict.judged, out),
        profile=profile_of(staged.verdict.judged, out),
        columns=columns.account(staged.contents, staged.counted.columns, out, carried.columns if carried else {}),
        accepted=_accepted(staged),
        replaces=_replaces(carried),
        replaced=None if staged.replaced is None else [part for part in staged.replaced if part not in out],
        parts=parts,
        inputs=dict(staged.inputs),
        deliveries={day: held[day] for day in sorted(held, reverse=True)[:kept]},
        **told,
    )


def _replaces(carried: Entry | None) -> str:
    """The rollback that a publication replaces, in words."""
    told = carried.rollback if carried else None
    if told is None or told.holds is None:
        return ""
    return f"the rollback from night {told.since} to {told.to} by {told.by} ({told.reason})"


def _accepted(staged: Staged) -> dict[str, Any]:
    """Who overruled which limits, and what was found of them; empty if nothing had to be overruled."""
    found = {one.key: one.found for one in staged.verdict.limits if one.is_accepted}
    by = staged.acceptance
    return {"by": by.by, "reason": by.reason, "limits": found} if by and found else {}


def told_of(staged: Staged, account: Account, replayed: Replayed | None = None) -> dict[str, Any]:
    """What the outcome of a publication tells: rows there are, rows set aside and parked by it, and a note.

    Args:
        staged: The publication.
        account: What it says of itself.
        replayed: What making the table again changed, if it was.
    """
    own = [part for name, part in account.parts.items() if name in staged.counted.parts]
    return {
        "rows": account.published,
        "set_aside": sum(part.broken for part in own),
        "parked": sum(part.parked for part in own),
        "note": "; ".join(filter(None, (replayed.words if replayed else "", _said(staged, account)))),
    }


def _said(staged: Staged, account: Account) -> str:
    """What is worth knowing of a publication: what its job counted, what could not be compared, what was overruled."""
    said = [", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in account.counts.items())]
    said += columns.news(staged.suite.of, account.columns, account.parts if staged.contents else ())
    said += [one.measured.said for one in staged.verdict.limits if one.measured and one.state == "unusual"]
    said += [
        f"{one.limit.replace('_', ' ')}: {one.why_not}"
        for one in staged.verdict.limits
        # Every table is new once: that its first nights have no baseline stands on their pages.
        if one.state == NO_BASELINE and not one.measured
    ]
    if told := account.accepted:
        found = ", ".join(f"{limit.replace('_', ' ')} {found}" for limit, found in told["limits"].items())
        said.append(f"accepted by {told['by']} ({told['reason']}): {found}")
    said += [f"replaces {account.replaces}"] if account.replaces else []
    return "; ".join(filter(None, said))


def overtaken(table: Table, night: date, now: Entry | None) -> Overtaken | None:
    """Why a night is not to be published, by what the table carries; None if it is."""
    if now is None or table.is_dated:
        return None
    if now.night > night:
        return Overtaken("superseded", f"carries {now.night}")
    return Overtaken("kept", held) if (held := now.held_against(night)) else None


def lost_race(staged: Staged, now: Entry | None) -> Overtaken | None:
    """Why a publication that lost a race is not to be made after all; None if it is.

    Raises:
        JobError: It replaces partitions of what is no longer there.
    """
    table = staged.suite.of
    if now is None or table.is_dated:
        return None
    if found := overtaken(table, staged.night, now):
        return found
    newer = [
        name
        for name, version in staged.inputs.items()
        if (theirs := now.inputs.get(name)) is not None and theirs > (-1 if version is None else version)
    ]
    if newer:
        return Overtaken("superseded", f"another run published it from newer {', '.join(sorted(newer))}")
    if staged.replaced is not None:
        raise JobError(
            f"{table.name} was not published: another run published it meanwhile; what it published stays; run it again"
        )
    return None


def page_of(staged: Staged, outcome: Outcome | None = None) -> pages.Page:
    """What the Data Docs page of a publication shows: once it has ended, how."""
    suite, problems, counted = staged.suite, staged.verdict.problems, staged.counted
    said = [f"{part}: {problem}" if part else problem for part, found in sorted(problems.items()) for problem in found]
    state = "audited: not published yet"
    if problems:
        state = (
            "refused: nothing was published"
            if staged.is_refused
            else f"published without {', '.join(sorted(problems))}"
        )
    elif outcome:
        version = f"as version {outcome.version}" if outcome.version is not None else "nothing was published"
        state = f"{outcome.state}: {outcome.note or version}"
    return pages.Page(
        table=suite.of.name,
        grain=suite.of.grain,
        night=staged.night,
        state=state,
        problems=said,
        parts=sorted(counted.parts.items()),
        part_name=suite.of.partitioned_by or "part",
        unit="each delivery" if suite.of.is_dated else "the table",
        judged=staged.verdict.judged,
        tolerates=suite.tolerates,
        code=code_version(),
    )


def _part(counts: Counts) -> Part:
    return Part(
        published=counts.published,
        broken=counts.broken,
        parked=counts.parked,
        by_reason=dict(sorted(counts.by_reason.items())),
        duplicates=counts.duplicates,
        superseded=counts.superseded,
        of_other_inputs=counts.of_other_inputs,
    )
