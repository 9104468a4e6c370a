"""Which versions of the tables are still needed: what replaced them is too recent, or something names them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deltalake import DeltaTable

from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry
from jobs.settings import Keeps
from jobs.tables import Table
from jobs.tables.gold import RECOMMENDATION_HISTORY, RECOMMENDATIONS
from jobs.tables.ops import QUARANTINE


@dataclass
class Needed:
    """What is needed of one table."""

    delta: DeltaTable
    """The table at the version that this was decided on."""
    since: int
    """The version that was the newest at the beginning of the time for which files are kept; all later ones are needed."""
    recorded: int
    """The same of the time for which publications are."""
    publications: list[Entry]
    """Those whose rows it held since then, newest first."""
    rows: set[int] = field(default_factory=set)
    """Earlier versions whose rows are needed: something that is in force, or a kept list, was made from them."""
    forgot: int = -1
    """The last version that took a person out: earlier ones hold somebody who is forgotten, and only time keeps them."""
    accounts: set[int] = field(default_factory=set)
    """Versions whose commit is needed."""

    @property
    def first_commit(self) -> int:
        """The first version whose commit is needed."""
        return min(self.recorded, self.since, *self.rows, *self.accounts, *(one.version for one in self.publications))


def find_needed(root: str, tables: Iterable[Table], now: datetime, keeps: Keeps) -> dict[str, Needed]:
    """Find out what is needed of each table that was ever published.

    Beside what was in force within the time for which files are kept, that is what anything in force then was made from,
    however old it is: the next night may compare with it; and what the kept nights' lists were made of.

    Args:
        root: The lake's root.
        tables: Which tables to look at.
        now: What time it is, UTC.
        keeps: For how long things are kept.

    Raises:
        JobError: The lake was made by a newer version.
    """
    found = {table: one for table in tables if (one := _own(root, table, now, keeps)) is not None}
    for one in list(found.values()):
        _note_inputs(found, one.publications)
    _note_lists(root, found)
    for table, one in found.items():
        one.rows = {version for version in one.rows if version >= one.forgot}
        # What was in force at a version may be told by an earlier commit.
        told = (ledger.in_force(table, one.delta, version) for version in one.rows)
        one.accounts |= {entry.version for entry in told if entry is not None}
    _note_set_aside(found, now - timedelta(days=keeps.ledger_days))
    return {table.name: one for table, one in found.items()}


def _own(root: str, table: Table, now: datetime, keeps: Keeps) -> Needed | None:
    """What is needed of a table because it is recent."""
    delta = ledger.open_table(root, table)
    if delta is None:
        return None
    commits = delta.history()
    since = _version_at(commits, now - timedelta(days=keeps.files_days))
    if table.layer == "ops":
        return Needed(delta, since, since, [])
    then = ledger.in_force(table, delta, since)
    first = since if then is None else then.version
    publications = [entry for entry in ledger.history(root, table) if entry.version >= first]
    serves = ledger.in_force(table, delta)
    if serves is not None and serves.version < first:
        publications.append(serves)
    recorded = _version_at(commits, now - timedelta(days=keeps.ledger_days))
    forgot = max((commit["version"] for commit in commits if ledger.FORGETS in commit), default=-1)
    return Needed(delta, since, recorded, publications, forgot=forgot)


def _version_at(commits: list[dict[str, Any]], moment: datetime) -> int:
    """The newest version at a moment; the oldest that is known, if all are younger."""
    milliseconds = moment.timestamp() * 1000
    early = (commit["version"] for commit in commits if commit["timestamp"] <= milliseconds)
    return int(max(early, default=min((commit["version"] for commit in commits), default=0)))


def _note_inputs(found: dict[Table, Needed], entries: Iterable[Entry]) -> None:
    """Note the versions that publications were made from."""
    by_name = {table.name: one for table, one in found.items()}
    for entry in entries:
        for name, version in entry.inputs.items():
            if version is not None and name in by_name and version <= by_name[name].delta.version():
                by_name[name].rows.add(version)


def _note_lists(root: str, found: dict[Table, Needed]) -> None:
    """Note what the lists of the kept nights were made of: ``reelhouse reproduce`` makes them again."""
    lists, history = found.get(RECOMMENDATIONS), found.get(RECOMMENDATION_HISTORY)
    if lists is None or history is None:
        return
    kept = {part["night"] for part in history.delta.partitions()}
    for entry in ledger.history(root, RECOMMENDATION_HISTORY):
        served = entry.inputs.get(RECOMMENDATIONS.name)
        if (own := kept & set(entry.replaced or ())) and served is not None:
            kept -= own
            history.accounts.add(entry.version)
            made = ledger.in_force(RECOMMENDATIONS, lists.delta, served)
            if made is not None:
                lists.accounts.add(made.version)
                _note_inputs(found, [made])


def _note_set_aside(found: dict[Table, Needed], earliest: datetime) -> None:
    """Note the commits that say which rows were set aside of publications that can be gone back to."""
    quarantine = found.get(QUARANTINE)
    if quarantine is None:
        return
    wanted = {(entry.table, entry.publication) for entry in _restorable(found)}
    milliseconds = earliest.timestamp() * 1000
    quarantine.accounts |= {
        commit["version"]
        for commit in quarantine.delta.history()
        if (commit.get("table"), commit.get("publication")) in wanted and commit["timestamp"] >= milliseconds
    }


def _restorable(found: dict[Table, Needed]) -> Iterator[Entry]:
    for table, one in found.items():
        if not table.is_dated:
            yield from one.publications
