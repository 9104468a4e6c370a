"""A table as it would be once a publication is visible: what the promises about the whole of it are asked of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from pyarrow.dataset import Dataset

from jobs.lakehouse import baseline, profile, staging
from jobs.lakehouse.audit.ask import Matter, Questions, questions
from jobs.lakehouse.audit.judge import Bounds, Judged, judge_table
from jobs.lakehouse.audit.usual import Held, judge_measures
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


def whole_of(staged: Staged) -> Whole:
    """What a publication would make of its table, without the parts that are refused already."""
    table = staged.suite.of
    accepted = [f for f in staged.files if f.is_kept and f.part not in staged.verdict.problems]
    rows = [staging.kept_rows(accepted, table)]
    columns = staging.columns_of(rows[0], table)
    row_count = sum(file.footer.num_rows for file in accepted)
    if not table.is_dated and staged.replaced is not None and staged.base is not None:
        stays = {part: count.published for part, count in staged.stays.items() if count.published}
        row_count += sum(stays.values())
        rows += [staging.published_rows(staged.base, table, list(stays))] if stays else []
    return Whole(rows, columns, row_count)


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
    whole, shaping = whole_of(staged), settings.shaping(suite.of.settings)
    if suite.of in suite.asks:
        named = {**named, suite.of.name: staging.served_rows(staged.base, suite.of)}
    matter = Matter(whole.parts, str(settings.root / "work" / staged.name), named, {**shaping, "night": staged.night})
    bounds = Bounds(settings.limits.model_dump(), suite.of.name, _no_baseline(staged, carried, shaping))
    with questions(matter, suite.once) as asked:
        judged = judge_table(asked, whole.columns, whole.row_count, suite, bounds)
        judged += _judge_usual(staged, whole, asked, settings, shaping)
    meant = {str(staged.acceptance.night)} if staged.acceptance and staged.acceptance.night else None
    judged = [replace(one, is_accepted=_is_accepted(one, accepted, meant)) for one in judged]
    staged.verdict.judged[:0] = judged
    for one in judged:
        if not one.holds and not one.is_accepted:
            example = f" (e.g. {', '.join(one.examples)})" if one.examples else ""
            concerned = [one.measured.unit.part] if one.measured and suite.of.is_dated else parts
            staged.verdict.refuse(concerned, f"{one.promise}: does not hold, {one.found}{example}", one.limit)


def _is_accepted(one: Judged, accepted: Collection[str], nights: Collection[str] | None) -> bool:
    """Whether a person overrules a limit that is broken: of deliveries those of the nights that are meant."""
    is_meant = nights is None or one.measured is None or one.measured.unit.part in {staging.WHOLE, *nights}
    return bool(one.limit) and not one.holds and one.limit in accepted and is_meant


def _judge_usual(
    staged: Staged, whole: Whole, asked: Questions, settings: Settings, shaping: Mapping[str, object]
) -> Iterator[Judged]:
    """Measure the table, or each of its deliveries, and hold the numbers against the nights before."""
    suite = staged.suite
    entries = baseline.publications(suite.of, staged.base)
    nights = baseline.nights_of(suite.of, entries, shaping)
    changed = {name for entry in entries for name in shaping if entry.settings.get(name) != shaping[name]}
    why = f"changed since: {', '.join(sorted(changed)).replace('_', ' ')}" if changed else ""
    before = profile.night_before(staged, settings.lake, entries)
    for rows in profile.units_of(staged, whole.parts, whole.row_count):
        numbers = profile.measure(asked, rows, suite, before)
        judged = judge_measures(rows.unit, numbers, nights, suite, settings.baseline, why)
        yield from judged
        if suite.of.is_dated and all(one.holds for one in judged):
            # Of deliveries that come together the later are held against the earlier.
            known = Held(rows.unit.night, {one.name: number for one, number in numbers.items()})
            nights = sorted(
                [*(held for held in nights if held.night != known.night), known], key=lambda held: held.night
            )


def _no_baseline(staged: Staged, carried: Entry | None, shaping: Mapping[str, object]) -> str:
    """Why what is served cannot be compared with; empty if it can."""
    if carried is None:
        return "nothing is served yet"
    before, now = {**carried.settings, **carried.compared_by}, {**shaping, **staged.compared_by}
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return f"changed since what is served was made: {', '.join(changed).replace('_', ' ')}" if changed else ""
