"""The door to storage: the only place that writes tables, and that knows how they are stored."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Literal

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.suite import Suite
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.audit import judge as audit
from jobs.lakehouse.audit.judge import Counts
from jobs.lakehouse.ledger import Account
from jobs.settings import Settings
from jobs.tables import Table, job_of
from jobs.tables.ops import QUARANTINE
from jobs.version import code_version

_ROWS_A_FILE = 2_000_000
_TABLE_PROPERTIES = {
    # The log is the ledger: a bit more than a year of nights can be looked back at.
    "delta.logRetentionDuration": "interval 400 days",
    # Time travel and rollback reach back this far once files are vacuumed.
    "delta.deletedFileRetentionDuration": "interval 35 days",
}

_ONE_AT_A_TIME = Lock()
"""All tables share one quarantine, whose first commit two jobs of a night could race for."""

State = Literal["published", "unchanged", "stale", "superseded"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended for one table (or the model)."""

    name: str
    state: State
    version: int | None = None
    rows: int | None = None
    set_aside: int = 0
    seconds: float = 0.0
    note: str = ""


@dataclass
class Lake:
    """The tables, as one job sees them.

    Args:
        spark: The session.
        settings: Where the lake is.
        run: What publishes: an Airflow run, or a command.
    """

    spark: SparkSession
    settings: Settings
    run: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    _reads: dict[str, int] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def read(self, table: Table, night: date) -> DataFrame:
        """The table as of ``night``, at its newest version, which the next publication names as its input.

        Returns:
            For a snapshot the newest delivery up to ``night``, for a log all partitions up to ``night``, for a current
            table the whole. A bronze table that was never delivered is empty.

        Raises:
            JobError: A silver or gold table was never published, or the lake was made by a newer version.
        """
        delta = ledger.open_table(self.settings.lake, table)
        if delta is None:
            if table.layer == "bronze":
                return self.spark.createDataFrame([], _schema(table))
            raise JobError(
                f"{table.name} cannot be read: it was never published; run `reelhouse run {job_of(table)} --night {night}`"
            )
        ledger.latest(self.settings.lake, table)  # refuses a lake of a newer version
        self._reads[table.name] = delta.version()
        rows = self.spark.read.format("delta").option("versionAsOf", delta.version()).load(self._uri(table))
        if not table.is_dated:
            return rows
        upto = F.col("night") <= F.lit(night)
        if table.kind == "log":
            return rows.where(upto)
        nights = [day for part in delta.partitions() if (day := date.fromisoformat(part["night"])) <= night]
        return rows.where(F.col("night") == F.lit(max(nights, default=night)))

    def publish(self, rows: DataFrame, suite: Suite, night: date, deliveries: dict[date, str] | None = None) -> Outcome:
        """Write, audit, publish: set broken rows aside, judge the rest, make them visible in one commit.

        Args:
            rows: The table's columns in any nullability, optionally with ``_record`` and ``_faults``.
            suite: The promises about the table; it names the table.
            night: The night that publishes.
            deliveries: For bronze: the partitions that these rows are, with the content hash of each delivery.

        Returns:
            ``published``; or ``superseded`` if a current table carries a later night already.

        Raises:
            JobError: The columns differ from the definition, or a promise is broken beyond tolerance. What was
                published before stays as it is.
        """
        table = suite.of
        carried = ledger.latest(self.settings.lake, table)
        if carried and not table.is_dated and carried.night > night:
            return self.report(table.name, "superseded", note=f"carries {carried.night}")
        _require_schema(rows, table)
        marked = audit.mark(rows, suite, self._references(suite, night)).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            counts = audit.count(marked, suite)
            audit.judge(marked, counts, suite, night, self.docs)
            partitions = [night] if table.is_dated and deliveries is None else list(deliveries or {})
            with _ONE_AT_A_TIME:
                self._set_aside(marked, suite, night, partitions, counts)
            account = Account(
                night=max(night, carried.night) if carried else night,
                offered=counts.offered,
                published=counts.kept,
                quarantined={k: v for k, v in counts.by_reason.items() if not k.startswith("parked:")},
                parked=counts.parked,
                inputs=dict(self._reads),
                deliveries=self._deliveries(table, deliveries or {}),
                code_version=code_version(),
                run=self.run,
                seconds=round(time.monotonic() - self._started, 3),
            )
            self._commit(audit.kept(marked, suite), table, account, partitions)
        finally:
            marked.unpersist()
        return self.report(
            table.name,
            "published",
            ledger.version(self.settings.lake, table),
            counts.kept,
            counts.broken + counts.parked,
        )

    def report(
        self,
        name: str,
        state: State,
        version: int | None = None,
        rows: int | None = None,
        set_aside: int = 0,
        note: str = "",
    ) -> Outcome:
        """Keep an outcome for the summary of the run; the next table's clock starts here."""
        outcome = Outcome(name, state, version, rows, set_aside, time.monotonic() - self._started, note)
        self.outcomes.append(outcome)
        self._started = time.monotonic()
        return outcome

    def deliveries(self, table: Table) -> dict[date, str]:
        """The partitions that a bronze table holds, with the content hash of each delivery."""
        entry = ledger.latest(self.settings.lake, table)
        return {date.fromisoformat(day): content for day, content in entry.deliveries.items()} if entry else {}

    def uses(self, name: str, version: int) -> None:
        """Note a version that the next publication was made with and that is not a table: the model's."""
        self._reads[name] = version

    @property
    def reads(self) -> dict[str, int]:
        """Versions of what was read so far."""
        return dict(self._reads)

    @property
    def docs(self) -> Path:
        """Folder of the Data Docs pages."""
        return self.settings.root / "docs" / "data-docs"

    def _uri(self, table: Table) -> str:
        return f"{self.settings.lake}/{table.path}"

    def _references(self, suite: Suite, night: date) -> dict[str, DataFrame]:
        """For each promise about another table, that table's distinct keys."""
        return {
            reference.reason: self.read(reference.to, night).select(*reference.columns).distinct()
            for reference in suite.references
        }

    def _set_aside(self, marked: DataFrame, suite: Suite, night: date, partitions: list[date], counts: Counts) -> None:
        """Replace what quarantine holds of this publication; no commit where there is nothing before and after."""
        delta = ledger.open_table(self.settings.lake, QUARANTINE)
        held = {part["table_name"] for part in delta.partitions()} if delta else set()
        if counts.kept == counts.offered and suite.of.name not in held:
            return
        owned = f"table_name = '{suite.of.name}'" + (f" AND {_any_of(partitions)}" if suite.of.is_dated else "")
        rows = audit.set_aside(marked, suite, night).coalesce(1)
        writer = rows.select(*_typed(QUARANTINE)).write.format("delta").mode("overwrite").partitionBy("table_name")
        writer.option("replaceWhere", owned).save(self._uri(QUARANTINE))

    def _commit(self, rows: DataFrame, table: Table, account: Account, partitions: list[date]) -> None:
        """Make the rows visible, with their account, in one commit."""
        typed = rows.select(*_typed(table))
        if account.published > _ROWS_A_FILE:
            laid_out = typed.coalesce(account.published // _ROWS_A_FILE)
        else:
            laid_out = typed.repartition("night") if len(partitions) > 1 else typed.coalesce(1)
        writer = (
            laid_out.write.format("delta")
            .mode("overwrite")
            .options(**_TABLE_PROPERTIES)
            .option("userMetadata", ledger.encode(account))
        )
        if table.partitioned_by:
            writer = writer.partitionBy(table.partitioned_by)
        if table.is_dated:
            writer = writer.option("replaceWhere", self._owned(table, partitions)).option("mergeSchema", "true")
        else:
            writer = writer.option("overwriteSchema", "true")
        writer.save(self._uri(table))

    def _deliveries(self, table: Table, published: dict[date, str]) -> dict[str, str]:
        """Content hash by partition after this publication."""
        after = self.deliveries(table) | published
        return {day.isoformat(): after[day] for day in sorted(after, reverse=True)[: table.keeps]}

    def _owned(self, table: Table, partitions: list[date]) -> str:
        """Condition of the rows that a dated publication replaces: its partitions, and those kept long enough."""
        delta = ledger.open_table(self.settings.lake, table)
        if table.keeps is None or delta is None:
            return _any_of(partitions)
        nights = {date.fromisoformat(part["night"]) for part in delta.partitions()} | set(partitions)
        return _any_of([*partitions, *sorted(nights, reverse=True)[table.keeps :]])


def _any_of(nights: Iterable[date]) -> str:
    """SQL condition of these partitions."""
    days = ", ".join(f"DATE'{night}'" for night in sorted(set(nights)))
    return f"night IN ({days})"


def _typed(table: Table) -> list[Column]:
    """The table's columns in order, each carrying its comment into the Delta schema."""
    return [F.col(c.name).cast(c.type).alias(c.name, metadata={"comment": c.comment}) for c in table.columns]


def _schema(table: Table) -> str:
    """The table's columns as a Spark schema string."""
    return ", ".join(f"`{column.name}` {column.type}" for column in table.columns)


def _require_schema(rows: DataFrame, table: Table) -> None:
    """Every difference between the rows' columns and the definition, in one message."""
    offered = {name: kind for name, kind in rows.dtypes if name not in {audit.RECORD, audit.FAULTS}}
    defined = {column.name: column.type for column in table.columns}
    problems = [f"{name} is missing" for name in defined if name not in offered]
    problems += [f"{name} is not in the definition" for name in offered if name not in defined]
    problems += [f"{n} is {offered[n]}, not {t}" for n, t in defined.items() if n in offered and offered[n] != t]
    if problems:
        raise JobError(f"{table.name} was not published: {'; '.join(problems)}; mend its job or its definition")
