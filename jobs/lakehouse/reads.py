"""What a job read: which version of each table, and how many rows, to account for those of the spine."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from deltalake import DeltaTable
from pyarrow.dataset import Dataset

from expectations.suite import Suite
from jobs.errors import JobError
from jobs.lakehouse import ledger, staging
from jobs.lakehouse.audit import mark
from jobs.lakehouse.commit import rows_by_part
from jobs.lakehouse.ledger import Entry
from jobs.tables import Table, job_of


@dataclass
class Reads:
    """What a job read so far."""

    versions: dict[str, int | None] = field(default_factory=dict)
    """Version by table, or of the model; None for what was never delivered."""
    _row_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rows of each table that was read, by the log and by partition."""

    def nothing(self, table: Table) -> None:
        """Note a table that was never delivered."""
        self.versions[table.name], self._row_counts[table.name] = None, {}

    def take(self, table: Table, delta: DeltaTable, entry: Entry | None, night: date) -> list[date] | None:
        """Note what is read of a table as of a night: its version, and its rows where the log tells them.

        Args:
            table: Its definition.
            delta: The table at the version that is read.
            entry: The publication in force, which tells of deliveries; of a current table nothing is asked of it.
            night: As of when.

        Returns:
            The nights whose partitions are read; None for a current table, which is read whole.
        """
        self.versions[table.name] = delta.version()
        nights = _nights(table, delta, entry, night) if table.is_dated else None
        counted = rows_by_part(delta)
        if nights is not None:
            wanted = set(map(str, nights))
            counted = {part: rows for part, rows in counted.items() if part in wanted}
        told = {part: rows for part, rows in counted.items() if rows is not None}
        if told.keys() == counted.keys():
            self._row_counts[table.name] = told
        return nights

    def rows_of(self, root: str, table: Table) -> Dataset:
        """A table that promises name, at the version that was read, without Spark; at its newest if it was not read yet."""
        if table.name not in self.versions:
            self.versions[table.name] = ledger.version(root, table)
        version = self.versions[table.name]
        delta = None if version is None else DeltaTable(f"{root}/{table.path}", version=version)
        return staging.published_rows(delta, table) if delta else staging.kept_rows([], table)

    def of_spine(self, table: Table) -> Mapping[str, int] | None:
        """Rows that were read of a table's spine, by partition; None where it has none, or the log does not tell."""
        return self._row_counts.get(table.inputs[0].name) if table.inputs else None

    def spine_rows(self, columns: Collection[str], suite: Suite, *, is_observed: bool) -> int | None:
        """Rows of the spine that were read; None where they are not accounted for: of silver tables they always are.

        Args:
            columns: Those of the rows that are offered.
            suite: The promises about their table.
            is_observed: Whether the job left rows out and counted them.
        """
        is_told = is_observed or bool(set(mark.BEHIND) & set(columns))
        counted = self.of_spine(suite.of) if is_told or suite.of.layer == "silver" else None
        return None if counted is None else sum(counted.values())


def _nights(table: Table, delta: DeltaTable, entry: Entry | None, night: date) -> list[date]:
    """Nights of a dated table that are read: of a log all up to a night, of a snapshot the newest."""
    nights = [day for part in delta.partitions() if (day := date.fromisoformat(part["night"])) <= night]
    if table.kind == "log":
        return nights
    # A list may be delivered with nothing on it: a delivery that no partition tells of.
    held = map(date.fromisoformat, entry.deliveries if entry else ())
    return [max([*nights, *(day for day in held if day <= night)], default=night)]


def never_published(table: Table, night: date) -> JobError:
    """What is said of a table that is read before it was ever published."""
    return JobError(
        f"{table.name} cannot be read: it was never published; run `reelhouse run {job_of(table)} --night {night}`"
    )
