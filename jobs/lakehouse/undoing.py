"""Undo nights: a current table goes back to an earlier publication, a dated one loses the partitions of later nights.

A *reset* makes nights undone, so that they can be run again. A *rollback* serves a kept night again and holds: it says who
wanted it and why, and the nights that it took back are not served by being run again.

One commit per table, decided on the version that was looked at, without Spark. Its rows in quarantine follow
(:func:`jobs.lakehouse.quarantine.settle`), whatever dies in between.
"""

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from jobs.errors import GoneError, JobError
from jobs.lakehouse import forgetting, ledger, quarantine
from jobs.lakehouse.commit import OvertakenError, commit
from jobs.lakehouse.forgotten import KeptOut
from jobs.lakehouse.ledger import Account, Entry, Rollback
from jobs.lakehouse.storage import remove
from jobs.tables import Table


@dataclass(frozen=True)
class Undoing:
    """What going back to a night means for one table."""

    table: Table
    night: date
    """The night to go back to."""
    base: DeltaTable
    """The table at the version that this was decided on."""
    in_force: Entry
    """The publication whose rows it holds."""
    then: Entry | None
    """Of a current table the publication to go back to; of a dated one the last of a night so early, if there is any."""
    drops: tuple[str, ...] = ()
    """Nights whose partitions a dated table loses."""
    keeps: tuple[str, ...] = ()
    """Nights that it keeps."""
    forgets: bool = False
    """Whether it is not known any more which rows were set aside of the publication to go back to."""

    @property
    def newest(self) -> date:
        """The newest night that is undone, or that is not held back any more."""
        if self.drops:
            return date.fromisoformat(self.drops[-1])
        told = self.in_force.rollback
        return max(self.in_force.night, told.holds) if told and told.holds else self.in_force.night


def plan(root: str, table: Table, night: date) -> Undoing | None:
    """Find out what going back to a night means for a table; nothing is changed.

    Returns:
        None if there is nothing to undo.

    Raises:
        JobError: A current table has no publication of a night so early, or the lake was made by a newer version.
    """
    base = ledger.open_table(root, table)
    if base is None:
        return None
    publications = list(ledger.in_turn(table, base))
    if not publications:
        return None
    now, then = publications[0], next((entry for entry in publications if entry.night <= night), None)
    if table.is_dated:
        nights = sorted({part["night"] for part in base.partitions()})
        drops = tuple(held for held in nights if date.fromisoformat(held) > night)
        keeps = tuple(held for held in nights if held not in drops)
        return Undoing(table, night, base, now, then, drops, keeps) if drops else None
    if now.night <= night:
        # A rollback is over: the same rows, which hold against nothing.
        return Undoing(table, night, base, now, now) if now.rollback and now.rollback.holds else None
    if then is None:
        raise JobError(
            f"{table.name} was not reset: its first publication is of night {publications[-1].night}; nothing was "
            "changed; name that night or a later one"
        )
    return Undoing(table, night, base, now, then, forgets=not quarantine.remembers(root, table, then))


def plan_rollback(root: str, table: Table, night: date) -> Undoing:
    """Find the publication of a night that is kept; nothing is changed.

    Args:
        root: The lake's root.
        table: A current table.
        night: The night to serve again; it may be later than the one that is served now.

    Raises:
        JobError: It serves that night already, or nothing of it is kept; names the nights there are.
    """
    base, said = ledger.open_table(root, table), f"{table.name} was not rolled back"
    now = ledger.in_force(table, base) if base else None
    if base is None or now is None:
        raise JobError(f"{said}: it was never published")
    if now.night == night:
        raise JobError(f"{said}: it serves night {night} already, as version {base.version()}")
    kept: dict[date, Entry] = {}
    for entry in ledger.history(root, table):
        kept.setdefault(entry.night, entry)
    then = kept.get(night)
    if then is None or not _is_there(root, table, then):
        there = sorted(
            str(one.night) for one in kept.values() if one.night != now.night and _is_there(root, table, one)
        )
        gone = "its files were deleted (vacuumed) since" if then else "nothing was published for it"
        raise JobError(f"{said} to night {night}: {gone}; there are {', '.join(there) or 'no other nights'}")
    return Undoing(table, night, base, now, then, forgets=not quarantine.remembers(root, table, then))


def _is_there(root: str, table: Table, entry: Entry) -> bool:
    """Whether all files of a publication are there still."""
    try:
        ledger.open_version(root, table, entry.version)
    except GoneError:
        return False
    return True


def rolled_back(undoing: Undoing, by: str, reason: str) -> Rollback:
    """What a rollback says of itself.

    It holds against the newest night that was taken back, also if another rollback did that; going forward again to that
    night ends it.
    """
    now = undoing.in_force
    newest = max(filter(None, (now.night, now.rollback.holds if now.rollback else None)))
    holds = newest if undoing.night < newest else None
    return Rollback(by=by, reason=reason, since=now.night, to=undoing.night, holds=holds, at=now.at)


def undo(root: str, undoing: Undoing, run: str, rollback: Rollback | None = None, out: KeptOut | None = None) -> int:
    """Take a table back, and its rows in quarantine with it.

    Args:
        root: The lake's root.
        undoing: What :func:`plan` or :func:`plan_rollback` returned.
        run: What does it: a command.
        rollback: Who serves an earlier night again, and why; None for a reset.
        out: People who were forgotten: what goes back does so without them. None where nobody was.

    Returns:
        The new version.

    Raises:
        JobError: Somebody published the table meanwhile, or its files of that night are gone.
    """
    table, then, done = undoing.table, undoing.then, "rolled back" if rollback else "reset"
    fresh = f"{undoing.night}-{uuid4().hex[:12]}"
    name = then.publication or fresh if then and not table.is_dated else fresh
    # Whoever comes next finishes it, should this process die once the commit is made.
    filesystem, folder = quarantine.announce(root, table, name, is_restored=not table.is_dated)
    try:
        if table.is_dated:
            version = commit(undoing.base, table, [], undoing.drops, _account_of(undoing, name, run))
        else:
            version = _restore(root, undoing, run, rollback, out)
    except (OvertakenError, CommitFailedError) as overtaken:
        remove(filesystem, folder)
        raise JobError(
            f"{table.name} was not {done}: another run published it meanwhile, and what it published stays; "
            f"`reelhouse history {table.name}` shows it"
        ) from overtaken
    except DeltaError as gone:
        remove(filesystem, folder)
        raise JobError(
            f"{table.name} was not {done}: nothing was changed, as files of that night were deleted (vacuumed) since; "
            f"mend its inputs and run a night again instead ({gone})"
        ) from gone
    if table.is_dated or then is None:
        quarantine.settle(root, [table])
    else:
        quarantine.bring_back(root, table, then)
        remove(filesystem, folder)
    return version


def _restore(root: str, undoing: Undoing, run: str, rollback: Rollback | None, out: KeptOut | None) -> int:
    """Delta's own restore: a commit that names the earlier version, which the ledger follows.

    Where people are in it who were forgotten since, it is a publication that says the same, without them.
    """
    then, version = undoing.then, undoing.then.version if undoing.then else 0
    told = {"run": run} | ({"rollback": ledger.rollback_metadata(rollback)} if rollback else {})
    if then and out:
        new = forgetting.go_back(root, undoing.table, undoing.base, then, version, out, told)
        if new is not None:
            return new
    undoing.base.restore(version, commit_properties=CommitProperties(custom_metadata=told))
    return undoing.base.version()


def _account_of(undoing: Undoing, publication: str, run: str) -> Account:
    """The account of a commit that only takes partitions out: what is left says how it was made."""
    told = undoing.then or undoing.in_force
    return Account(
        night=date.fromisoformat(undoing.keeps[-1]) if undoing.keeps else undoing.night,
        publication=publication,
        offered=0,
        published=0,
        replaced=list(undoing.drops),
        inputs=told.inputs,
        deliveries={day: content for day, content in undoing.in_force.deliveries.items() if day not in undoing.drops},
        settings=told.settings,
        code=told.code,
        code_version=told.code_version,
        run=run,
    )
