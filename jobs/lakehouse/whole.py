"""A table as it would be once a publication is visible: what the promises about the whole of it are asked of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyarrow.dataset import Dataset

from jobs.lakehouse import staging
from jobs.lakehouse.audit.ask import Matter
from jobs.lakehouse.audit.judge import Bounds, judge_table, least_rows
from jobs.lakehouse.commit import rows_before
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.publication import Staged
from jobs.settings import Settings


@dataclass(frozen=True)
class Whole:
    """Rows that would be visible."""

    parts: list[Dataset]
    """Those of the publication first, then those that stay."""
    columns: list[str]
    row_count: int
    last: int | None = None
    """Rows of the publication before, of a snapshot of the delivery before; None if there is none to compare with."""


def whole_of(staged: Staged, carried: Entry | None) -> Whole:
    """What a publication would make of its table, without the parts that are refused already.

    Args:
        staged: The publication.
        carried: The entry in force before it.
    """
    table = staged.suite.of
    accepted = [f for f in staged.files if f.is_kept and f.part not in staged.verdict.problems]
    rows = [staging.kept_rows(accepted, table)]
    columns = staging.columns_of(rows[0], table)
    row_count = sum(file.footer.num_rows for file in accepted)
    if table.is_dated:
        last = rows_before(staged.base, staged.replaced or []) if table.kind == "snapshot" else None
        return Whole(rows, columns, row_count, last)
    if carried is None:
        return Whole(rows, columns, row_count)
    if staged.replaced is not None and staged.base is not None:
        stays = {part: count.published for part, count in staged.stays.items() if count.published}
        row_count += sum(stays.values())
        rows += [staging.published_rows(staged.base, table, list(stays))] if stays else []
    return Whole(rows, columns, row_count, carried.published)


def judge_whole(
    staged: Staged, carried: Entry | None, named: Mapping[str, Dataset], settings: Settings, accepted: Collection[str]
) -> None:
    """Judge the promises about the whole table on the rows that would be visible; a broken one refuses all of them.

    Args:
        staged: The publication; its verdict takes what is found.
        carried: The entry in force before it.
        named: Rows of the other tables that its promises name, by address.
        settings: What promises may name, and where there is room for what does not fit into memory.
        accepted: Names of the limits that a person overrules.
    """
    suite, parts = staged.suite, list(staged.counted.parts) or [staging.WHOLE]
    whole, shaping = whole_of(staged, carried), settings.shaping(suite.of.settings)
    if suite.of in suite.asks:
        named = {**named, suite.of.name: staging.served_rows(staged.base, suite.of)}
    matter = Matter(whole.parts, str(settings.root / "work" / staged.name), named, {**shaping, "night": staged.night})
    bounds = Bounds(
        settings.limits.model_dump(),
        least_rows(suite, whole.last),
        suite.of.name,
        _no_baseline(staged, carried, shaping),
        accepted,
    )
    judged = judge_table(matter, whole.columns, whole.row_count, suite, bounds)
    staged.verdict.judged[:0] = judged
    for one in judged:
        if not one.holds and not one.is_accepted:
            example = f" (e.g. {', '.join(one.examples)})" if one.examples else ""
            staged.verdict.refuse(parts, f"{one.promise}: does not hold, {one.found}{example}", one.limit)


def _no_baseline(staged: Staged, carried: Entry | None, shaping: Mapping[str, object]) -> str:
    """Why what is served cannot be compared with; empty if it can."""
    if carried is None:
        return "nothing is served yet"
    before, now = {**carried.settings, **carried.compared_by}, {**shaping, **staged.compared_by}
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return f"changed since what is served was made: {', '.join(changed).replace('_', ' ')}" if changed else ""
