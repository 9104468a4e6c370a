"""Ingest one source: check its new deliveries at the gate, then publish each table's new partitions."""

from collections.abc import Mapping
from datetime import date

from expectations.suite import Suite
from jobs.errors import JobError
from jobs.lakehouse import columns
from jobs.lakehouse.columns import Content
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.publication import Staged
from jobs.landing import gate, suppression
from jobs.landing.deliveries import Pending, content_hash, survey, without_news
from jobs.landing.gate import Delivered
from jobs.landing.readers import read_files
from jobs.tables import Source


def ingest(lake: Lake, source: Source, suites: Mapping[str, Suite], night: date) -> None:
    """Publish what was delivered for ``night``, and any earlier delivery that the lake does not hold as it is now.

    A table without a file for the night is ``stale``: the night goes on with its last good delivery. A delivery whose
    content is what the lake holds already is ``unchanged`` and makes no partition. All tables are audited before the
    first is published, as a source's files arrive together.

    Args:
        lake: The lake.
        source: Which folder of landing.
        suites: Suite by table name.
        night: The night.

    Raises:
        JobError: A file is missing, empty, damaged, wrongly encoded, or has other columns than it should; or its rows
            break their promises. Nothing of that delivery is published; others are.
    """
    pending = survey(lake.settings, source, night, lake.again)
    problems: dict[date, list[str]] = {}
    checked = {found.table.name: _check(found, problems) for found in pending}
    staged = []
    for found in pending:
        good = {day: files for day, files in checked[found.table.name].items() if day not in problems}
        if good:
            rows = read_files(lake.spark, found.table, [file for day in sorted(good) for file in good[day]])
            rows = suppression.leave_out(lake, found.table, rows)
            contents = {day: content_hash(file.sha256 for file in files) for day, files in good.items()}
            told = {day: _content(files) for day, files in good.items()}
            staged.append(lake.stage(rows, suites[found.table.name], night, deliveries=contents, contents=told))
    for found in pending:
        _note_changed(found, problems)
    for one in staged:
        _note_renamed(one, lake.carried(one.suite.of), problems)
    refused = {day for one in staged for day in one.refused} | problems.keys()
    for one in staged:
        lake.commit(one, refused)
    for found in pending:
        if not found.files:
            idle = without_news(found)
            lake.report(idle.name, idle.state, note=idle.note)
    said = [f"{source.name} was not ingested for {day}: {'; '.join(found)}" for day, found in sorted(problems.items())]
    said += [one.refusal() for one in staged if one.refused]
    if said:
        stays = "" if refused else "; what was published before stays"  # a refusal says so itself
        raise JobError(f"{'; '.join(said)}; deliver the file again{stays}")


def _check(found: Pending, problems: dict[date, list[str]]) -> dict[date, list[Delivered]]:
    """What is known of the files of a table's new deliveries; notes what is wrong with each day's."""
    checked: dict[date, list[Delivered]] = {}
    for day, files in found.files.items():
        for file in files:
            delivered, wrong = gate.check(found.table, file, known=found.hashes.scan(file))
            if wrong:
                problems.setdefault(day, []).extend(wrong)
            elif delivered:
                checked.setdefault(day, []).append(delivered)
    return checked


def _note_changed(found: Pending, problems: dict[date, list[str]]) -> None:
    """Note files that Spark need not have read as the gate did."""
    for day, files in found.files.items():
        changed = [file for file in files if not found.hashes.is_as_read(file)]
        if changed and day not in problems:
            problems[day] = [f"{file} changed while it was read" for file in changed]


def _content(files: list[Delivered]) -> Content:
    """What is known of one table's files of a delivery."""
    types = {
        name: kind
        for file in files
        for name, kind in zip(file.header, file.types or ("",) * len(file.header), strict=True)
    }
    return Content(sum(file.records for file in files), tuple(file.path.name for file in files), types)


def _note_renamed(staged: Staged, carried: Entry | None, problems: dict[date, list[str]]) -> None:
    """Note deliveries of objects that name a column otherwise than before; what else names columns, the gate holds up."""
    told = columns.account(staged.contents, staged.counted.columns, (), carried.columns if carried else {})
    for day, content in staged.contents.items():
        then = columns.before(told, str(day))
        if then is None or day in problems:
            continue
        for name, now in columns.renamed(staged.suite.of, columns.of_account(told[str(day)]).columns, then.columns):
            files = ", ".join(content.files)
            problems.setdefault(day, []).append(
                f"no record of {files} has {name} any more (they have {now}): `reelhouse drift {staged.suite.of.name}`"
            )
