"""Write docs/tables.md from the definitions and the suites: ``python -m expectations.page``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from great_expectations.expectations.expectation import Expectation

from expectations.meanings import FILE
from expectations.suite import Suite
from expectations.suites import meanings_of, suite_of
from expectations.words import in_words, reference_in_words
from jobs.tables import NODES, TABLES, Column, Model, Table, job_inputs, job_of

PAGE = Path(__file__).parent.parent / "docs" / "tables.md"

_LAYERS = {
    "bronze": "What was delivered, unchanged.",
    "silver": "What it means: typed, deduplicated, one grain per table.",
    "model": "What turns viewers' histories into scores; kept by MLflow.",
    "gold": "What is asked: one table per question.",
    "ops": "What happened to the rows.",
}
_KINDS = {
    "snapshot": "snapshot: each delivery is a partition; readers see the newest up to their night",
    "log": "log: every partition counts; readers see all up to their night",
    "current": "current: a run replaces the whole table",
}
_WRITTEN_BY = {
    "ops.quarantine": "every publication",
    "ops.refusals": "every publication that is refused",
    "ops.forgotten": "`reelhouse forget`",
}
_INTRODUCTION = """# Tables

Made from `jobs/tables/` and `expectations/` by `make docs`; change those, not this page. Words are explained in the
[glossary](glossary.md).

A row that breaks a promise about its column is set aside in `ops.quarantine` with that promise as its reason; if more
rows are broken, all reasons together, than the table tolerates, or a promise about the whole table is broken, nothing is
published and the table stays as it was. Of a table of deliveries each delivery is judged by itself. A *limit* is a promise
that a person may overrule for a night (`reelhouse accept`); the others nobody can. What is to be *like the nights before*
is [held against them](operators.md#what-is-usual): what is unusual is said, what is far from usual is a limit where it says so.

*Fresh* is the age that is promised: `reelhouse status` calls a table *late* that is older in the morning.

The owner answers for what a table says: *catalogue* for titles and people, *viewing* for what viewers do,
*recommendations* for the model and its lists, *platform* for what happened to the rows. A column marked *personal* holds a
viewer: an identifier, or text as delivered in which one may stand. The people whom catalogues name are public.
"""

_FLOW = """What waits for what: a bronze box is a source, of which one job makes all tables; the others are one table each. An
arrow that follows from others is left out; every table below names all it is made from.
"""


def page() -> str:
    """The whole page.

    Raises:
        KeyError: A table has no suite.
        ModuleNotFoundError: A table's module of suites is missing.
    """
    sections = [_INTRODUCTION, "## How a night flows\n", _FLOW, _lineage(), "\n", *_contents()]
    for layer, meaning in _LAYERS.items():
        sections.append(f"\n## {layer}\n\n{meaning}\n")
        sections += [
            _section(node) if isinstance(node, Table) else _model_section(node) for node in NODES if node.layer == layer
        ]
    return "\n".join(sections).replace("\n\n\n", "\n\n") + "\n"


def _contents() -> Iterator[str]:
    """One line per table and model, with a link."""
    yield "| table | one row is |\n|---|---|"
    for node in NODES:
        yield f"| [{node.name}](#{_anchor(node.name)}) | {_cell(node.grain)} |"


def _section(table: Table) -> str:
    """One table: what it is, its columns, its promises."""
    facts = {
        "Owner": table.owner,
        "Key": ", ".join(f"`{name}`" for name in table.key) or "none: rows may repeat",
        "Kind": _KINDS[table.kind],
        "Partitioned by": _partitions(table),
        "Sorted by": ", ".join(f"`{name}`" for name in table.clustered_by),
        "Fresh": _fresh(table),
        "Kept": f"the newest {table.keeps} partitions" if table.keeps else "",
        "Files": ", ".join(f"`{pattern}`" for pattern in table.files),
        "Made from": ", ".join(f"[{node.name}](#{_anchor(node.name)})" for node in table.inputs),
        "Shaped by": _settings(table.settings),
        "Made by": f"`reelhouse run {job_of(table)}`" if table.layer != "ops" else _WRITTEN_BY[table.name],
    }
    lines = [f"\n### {table.name}\n\n{table.grain}\n", *(f"- {name}: {fact}" for name, fact in facts.items() if fact)]
    lines += ["", "| column | type | | meaning |", "|---|---|---|---|", *map(_column, table.columns)]
    suite = suite_of(table)
    if suite:
        lines += ["", f"Promises ({_tolerance(suite)}):", "", *(f"- {promise}" for promise in promises(suite))]
    return "\n".join(lines)


def _model_section(model: Model) -> str:
    inputs = ", ".join(f"[{node.name}](#{_anchor(node.name)})" for node in model.inputs)
    made_by = f"`reelhouse run {model.name}`"
    facts = {
        "Owner": model.owner,
        "Made from": inputs,
        "Shaped by": _settings(model.settings),
        "Made by": made_by,
    }
    return "\n".join(
        [f"\n### {model.name}\n\n{model.grain}\n", *(f"- {name}: {fact}" for name, fact in facts.items() if fact)]
    )


def _partitions(table: Table) -> str:
    """What divides a table, and what that means of a current one."""
    if not table.partitioned_by:
        return ""
    return f"`{table.partitioned_by}`" + ("" if table.is_dated else "; a run replaces those that may have changed")


def _fresh(table: Table) -> str:
    """The age that is promised; nothing of what the door writes as it goes."""
    if table.layer == "ops":
        return ""
    days = table.fresh_within_days
    if days is None:
        return "whenever it is delivered"
    if table.layer == "bronze":
        return f"delivered within {days} day{'' if days == 1 else 's'}"
    return "carries the night before" if days == 1 else f"carries a night of the last {days}"


def _settings(fields: tuple[str, ...]) -> str:
    """The settings by the environment variables that give them."""
    return ", ".join(f"`REELHOUSE_{field.upper()}`" for field in fields)


def _column(column: Column) -> str:
    marks = {"not null": not column.nullable, "personal": column.personal}
    said = ", ".join(mark for mark, holds in marks.items() if holds)
    return f"| `{column.name}` | `{column.type}` | {said} | {_cell(column.comment)} |"


def _tolerance(suite: Suite) -> str:
    return (
        f"up to {100 * suite.tolerates:.4g} % of the rows may be broken" if suite.tolerates else "no row may be broken"
    )


def promises(suite: Suite) -> list[str]:
    """A suite's promises in words, beyond the not-nulls of its columns: of its rows, of other tables, of the whole."""
    return [
        *(f"{in_words(e)} (`{reason}`)" for reason, e in suite.rows.items() if not _is_in_columns(e, suite.of)),
        *(reference_in_words(reference) for reference in suite.references),
        *(f"{words} (`{reason}`)" for reason, words in suite.faults.items()),
        *(in_words(expectation) for expectation in suite.table),
        *(f"{limit.in_words(limit.setting)} (a limit: `{limit.name}`)" for limit in suite.limits),
        *_limits(suite),
    ]


def _limits(suite: Suite) -> Iterator[str]:
    """How much may wait for another table, and how far the table may shrink, where the suite limits it."""
    if suite.parked_at_most < 1:
        yield f"at most {suite.parked_at_most:.0%} of the rows wait for another table"
    measures = list(suite.usual.measures())
    limits = {one: f" (a limit: `{one.name}`)" for one in measures if any(suite.usual.stops(one, suite.of))}
    yield f"like the nights before: {', '.join(one.subject + limits.get(one, '') for one in measures)}"
    if suite.usual.least:
        yield f"while there is no baseline yet, {suite.usual.least_in_words(suite.of)} (a limit: `rows`)"


def meanings() -> str:
    """What :mod:`expectations.meanings` keeps, as JSON: table → reason code → words."""
    told = {suite.of.name: meanings_of(suite) for table in TABLES if (suite := suite_of(table))}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _is_in_columns(expectation: Expectation, of: Table) -> bool:
    """Whether the table of columns says it already: not null."""
    kind, given = expectation.expectation_type, expectation.configuration.kwargs
    return kind == "expect_column_values_to_not_be_null" and any(
        column.name == given["column"] and not column.nullable for column in of.columns
    )


def _lineage() -> str:
    """The graph of jobs as a Mermaid flowchart: a box per layer, no arrow that follows from others."""
    waits = job_inputs()
    layers: dict[str, list[str]] = {}
    for job in waits:
        layers.setdefault(job.partition(".")[0], []).append(job)
    lines = ["```mermaid", "flowchart LR"]
    for layer, jobs in layers.items():
        lines.append(f"  subgraph {layer}_layer[{layer}]")
        lines += [f'    {_node(job)}["{_label(job)}"]' for job in jobs]
        lines.append("  end")
    lines += [f"  {_node(upstream)} --> {_node(job)}" for job in waits for upstream in _nearest_inputs(job, waits)]
    return "\n".join([*lines, "```"])


def _nearest_inputs(job: str, waits: Mapping[str, Sequence[str]]) -> list[str]:
    """The jobs that a job waits for, without those that another of them waits for anyway."""

    def behind(node: str) -> set[str]:
        return {upstream for first in waits[node] for upstream in (first, *behind(first))}

    implied = {upstream for first in waits[job] for upstream in behind(first)}
    return [upstream for upstream in waits[job] if upstream not in implied]


def _label(job: str) -> str:
    return job.partition(".")[2]


def _node(job: str) -> str:
    return job.replace(".", "_")


def _anchor(name: str) -> str:
    """A heading's anchor, as forges make it: without dots."""
    return name.replace(".", "")


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    FILE.write_text(meanings(), encoding="utf-8")
