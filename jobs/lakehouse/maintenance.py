"""Undo nights: a current table goes back to an earlier publication, a dated one loses the partitions of later nights.

One commit per table, decided on the version that was looked at, without Spark. Its rows in quarantine follow
(:func:`jobs.lakehouse.quarantine.settle`), whatever dies in between.
"""

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from jobs.errors import JobError
from jobs.lakehouse import ledger, quarantine
from jobs.lakehouse.commit import OvertakenError, commit
from jobs.lakehouse.ledger import Account, Entry
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
        """The newest night that is undone."""
        return date.fromisoformat(self.drops[-1]) if self.drops else self.in_force.night


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
        return None
    if then is None:
        raise JobError(
            f"{table.name} was not reset: its first publication is of night {publications[-1].night}; nothing was "
            "changed; name that night or a later one"
        )
    return Undoing(table, night, base, now, then, forgets=not quarantine.remembers(root, table, then))


def undo(root: str, undoing: Undoing, run: str) -> int:
    """Take a table back, and its rows in quarantine with it.

    Args:
        root: The lake's root.
        undoing: What :func:`plan` returned.
        run: What does it: a command.

    Returns:
        The new version.

    Raises:
        JobError: Somebody published the table meanwhile, or its files of that night are gone.
    """
    table, then = undoing.table, undoing.then
    fresh = f"{undoing.night}-{uuid4().hex[:12]}"
    name = then.publication or fresh if then and not table.is_dated else fresh
    # Whoever comes next finishes it, should this process die once the commit is made.
    filesystem, folder = quarantine.announce(root, table, name, is_restored=not table.is_dated)
    try:
        if table.is_dated:
            version = commit(undoing.base, table, [], undoing.drops, _account_of(undoing, name, run))
        else:
            version = _restore(undoing, run)
    except (OvertakenError, CommitFailedError) as overtaken:
        remove(filesystem, folder)
        raise JobError(
            f"{table.name} was not reset: another run published it meanwhile, and what it published stays; "
            f"`reelhouse history {table.name}` shows it"
        ) from overtaken
    except DeltaError as gone:
        remove(filesystem, folder)
        raise JobError(
            f"{table.name} was not reset: nothing was changed, as files of that night were deleted (vacuumed) since; "
            f"mend its inputs and run a night again instead ({gone})"
        ) from gone
    if table.is_dated or then is None:
        quarantine.settle(root, [table])
    else:
        quarantine.bring_back(root, table, then)
        remove(filesystem, folder)
    return version


def _restore(undoing: Undoing, run: str) -> int:
    """Delta's own restore: a commit that names the earlier version, which the ledger follows."""
    version = undoing.then.version if undoing.then else 0
    undoing.base.restore(version, commit_properties=CommitProperties(custom_metadata={"run": run}))
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
