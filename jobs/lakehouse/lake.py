"""The door to storage: the only place that writes tables, and that knows how they are stored."""

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.suite import Suite
from jobs.errors import JobError
from jobs.lakehouse import faults, forgotten, ledger, lines, quarantine, refusals, replays, staging
from jobs.lakehouse.audit import counts, mark, pages
from jobs.lakehouse.audit.judge import judge_deliveries, judge_rows
from jobs.lakehouse.columns import Content
from jobs.lakehouse.commit import OvertakenError, abandon, commit, move_files, open_or_create, outlived
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.outcome import Outcome, State
from jobs.lakehouse.publication import (
    Staged,
    account_of,
    account_parts,
    counts_of,
    lost_race,
    of_wrong_columns,
    overtaken,
    page_of,
    parts_replaced,
    parts_that_stay,
    require_all_records,
    told_of,
)
from jobs.lakehouse.reads import Reads, never_published
from jobs.lakehouse.refusals import Acceptance
from jobs.lakehouse.schema import differences, spark_schema
from jobs.lakehouse.storage import STAGING, open_storage, remove
from jobs.lakehouse.tallies import Tallies
from jobs.lakehouse.views import Views
from jobs.lakehouse.whole import judge_whole
from jobs.settings import Settings
from jobs.tables import Table
from jobs.tables.ops import REFUSALS
from jobs.version import code_hash, code_version

_ATTEMPTS = 5
"""Commits that a publication tries while others commit to the same table."""


@dataclass
class Lake:
    """The tables, as one job sees them.

    Args:
        spark: The session.
        settings: Where the lake is.
        run: What publishes: an Airflow run, or a command.
        accepts: What a person says who overrules limits.
        again: Tables that are made again although nothing says so: what comes out as it was is not published. Of bronze,
            with the deliveries that are read again.
        say: Told of each step of a job that takes long, as it begins; nobody is, unless given.
    """

    spark: SparkSession
    settings: Settings
    run: str = ""
    accepts: Acceptance | None = None
    say: Callable[[str], object] = str
    again: Mapping[str, Collection[date]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    _reads: Reads = field(default_factory=Reads)
    _tallies: Tallies = field(default_factory=Tallies)
    _compared_by: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._forgotten = forgotten.Watch(self.settings.lake)

    def read(self, table: Table, night: date) -> DataFrame:
        """The table as of ``night``, at its newest version, which the next publication names as its input.

        Returns:
            For a snapshot the newest delivery up to ``night``, for a log all partitions up to ``night``, for a current
            table the whole. A bronze table that was never delivered is empty. A column that may be null is, where the
            table did not have it yet.

        Raises:
            JobError: A silver or gold table was never published, or the lake was made by a newer version.
        """
        delta = ledger.open_table(self.settings.lake, table)
        if delta is None:
            if table.layer == "bronze":
                self._reads.nothing(table)
                # Spark leaves out of a plan what it knows to be empty, and it knows that of what no row can be in.
                return self.spark.createDataFrame([], spark_schema(table)).where(F.lit(False))  # noqa: FBT003
            raise never_published(table, night)
        entry = ledger.in_force(table, delta)  # refuses a lake of a newer version
        rows = self.spark.read.format("delta").option("versionAsOf", delta.version()).load(self._uri(table))
        added = table.optional_beside({held.name for held in delta.schema().fields})
        rows = rows.withColumns({column.name: F.lit(None).cast(column.type) for column in added}) if added else rows
        nights = self._reads.take(table, delta, entry, night)
        if nights is None:
            return rows
        is_read = F.col("night") <= F.lit(night) if table.kind == "log" else F.col("night") == F.lit(nights[0])
        return rows.where(is_read)

    def views(self, *tables: Table, night: date) -> Views:
        """Current tables at their newest versions, which the next publication names as its inputs, for queries without Spark.

        What one process holds is found so in a tenth of the time that Spark takes to begin.

        Raises:
            JobError: A table was never published, or the lake was made by a newer version.
        """
        versions = {}
        for table in tables:
            delta = ledger.open_table(self.settings.lake, table)
            if delta is None:
                raise never_published(table, night)
            if self._reads.take(table, delta, None, night) is not None:
                raise ValueError(f"{table.name} is dated: views do not choose among its nights")
            versions[table] = delta.version()
        return Views(self.settings.lake, (), versions)  # refuses a lake of a newer version

    def leave_out(self, rows: DataFrame, **reasons: Column) -> DataFrame:
        """Drop rows of the spine that the next publication is not about, and account for them by reason.

        Args:
            rows: Rows of the spine.
            **reasons: Condition of the rows to drop, by reason; a row counts under the first that is true.

        Returns:
            The other rows. Those dropped are counted while the publication is written, in the same job.
        """
        return self._tallies.leave_out(rows, reasons)

    def count(self, rows: DataFrame, **aggregates: Column) -> DataFrame:
        """Count something of the rows of the next publication, while they are written, in the same job.

        Args:
            rows: The rows, or some that they are made from.
            **aggregates: Whole numbers to count, by name; ``short_lists`` is told as "short lists".

        Returns:
            The same rows. What was counted stands in the publication's account, and in the note of its outcome.
        """
        return self._tallies.count(rows, aggregates)

    def publish(
        self,
        rows: DataFrame,
        suite: Suite,
        night: date,
        *,
        deliveries: Mapping[date, str] | None = None,
        partitions: Collection[date | None] | None = None,
    ) -> Outcome:
        """Write, audit, publish: set broken rows aside, judge the rest, make them visible in one commit.

        Args:
            rows: The table's columns in any nullability, optionally with the columns that
                :mod:`jobs.lakehouse.audit.mark` names.
            suite: The promises about the table; it names the table.
            night: The night that publishes.
            deliveries: For bronze: the partitions that these rows are, with the content hash of each delivery.
            partitions: For a current table: the partitions that these rows replace, None for that of rows without a
                value; all others stay. The whole table unless given.

        Returns:
            ``published``; ``superseded`` if a current table carries a later night already; ``kept`` if it was rolled back.

        Raises:
            JobError: The columns differ from the definition, or a promise is broken beyond tolerance. What was
                published before stays as it is; of several deliveries only those that are broken are refused.
            RuntimeError: A row of the spine is not accounted for.
        """
        staged = self.stage(rows, suite, night, deliveries=deliveries, partitions=partitions)
        outcome = self.commit(staged)
        if staged.refused:
            raise JobError(staged.refusal())
        return outcome

    def stage(
        self,
        rows: DataFrame,
        suite: Suite,
        night: date,
        *,
        deliveries: Mapping[date, str] | None = None,
        partitions: Collection[date | None] | None = None,
        contents: Mapping[date, Content] | None = None,
    ) -> Staged:
        """Write and audit a publication that nobody can see until :meth:`commit`; arguments as of :meth:`publish`.

        ``contents`` tells what the files of each delivery hold: every record becomes a row.

        Raises:
            JobError: The columns differ from the definition, or all of it is refused: its broken rows are kept.
            RuntimeError: A record of a delivery is not accounted for.
        """
        table = suite.of
        quarantine.settle(self.settings.lake, [table])
        base = ledger.open_table(self.settings.lake, table)
        carried = ledger.in_force(table, base) if base else None
        name = f"{night}-{uuid4().hex[:12]}"
        replaced = parts_replaced(table, night, deliveries, partitions)
        bare = Staged(suite, night, name, base, replaced)
        if found := overtaken(table, night, carried):
            return replace(bare, overtaken=found)
        if problems := differences(rows, table):
            self._refuse(of_wrong_columns(bare, problems), ())
            raise JobError(f"{table.name} was not published: {'; '.join(problems)}; mend its job or its definition")
        filesystem, folder = open_storage(self._staging(table, name))
        with contextlib.ExitStack() as undone:
            undone.callback(remove, filesystem, folder)
            marked = mark.mark(rows, suite, self._references(suite, night))
            tallies, self._tallies = self._tallies, Tallies()
            staging.write(marked, table, self._staging(table, name), self.settings.rows_per_file)
            files = lines.number(staging.staged_files(filesystem, folder), table, self.settings.landing)
            counted = counts.count(files, suite)
            stays = parts_that_stay(table, carried, replaced)
            staged = Staged(
                suite,
                night,
                name,
                base,
                replaced,
                files,
                counted,
                judge_rows(counted, suite, by_part=table.is_dated, stays=map(counts_of, stays.values())),
                stays,
                deliveries or {},
                self.reads,
                self._reads.spine_rows(rows.columns, suite, is_observed=tallies.leaves_out),
                tallies.left_out(),
                tallies.counted(),
                self._compared_by,
                self.accepts,
                contents=contents or {},
            )
            require_all_records(staged)
            if not table.is_dated and table.inputs:
                judge_deliveries(staged.verdict, counted, suite, self._reads.of_spine(table) or {})
            if not staged.is_refused:
                named = {one.name: self._reads.rows_of(self.settings.lake, one) for one in suite.asks if one != table}
                accepted = self.accepts.limits.get(table.name, ()) if self.accepts else ()
                judge_whole(staged, carried, named, self.settings, accepted)
            # Pages and refusals quote rows.
            self._forgotten.require_nobody(table, self._staging(table, name))
            staged = replace(staged, page=pages.write_page(page_of(staged), self.docs))
            if staged.is_refused:
                self._refuse(staged, set(counted.parts))
                raise JobError(staged.refusal())
            undone.pop_all()
        return replace(staged, seconds=self._lap())

    @faults.takes_back
    def commit(self, staged: Staged, refused: Collection[date] = ()) -> Outcome:
        """Make a staged publication visible, without the deliveries that were refused.

        Args:
            staged: What :meth:`stage` returned.
            refused: Further deliveries that may not be published, because another table of their source refuses them.

        Returns:
            ``published``; ``superseded`` if the table carries a later night, or newer inputs, by now; ``kept`` if it was
            rolled back; ``stale`` if every delivery was refused.
        """
        table, root = staged.suite.of, self.settings.lake
        if staged.overtaken:
            return self.report(table.name, staged.overtaken.state, note=staged.overtaken.note)
        self._forgotten.require_nobody(table, self._staging(table, staged.name))
        filesystem, folder = open_storage(self._staging(table, staged.name))
        out = {day.isoformat() for day in {*refused, *staged.refused}}
        if out:
            self._refuse(staged, out)
        if out and staged.replaced is not None and out >= set(staged.replaced):
            remove(filesystem, folder)
            return self._end(staged, "stale", note="what was delivered was refused")
        replayed = replays.compare(root, staged, out, self.settings.root) if table.name in self.again else None
        if replayed and replayed.is_same:
            remove(filesystem, folder)
            return self._end(staged, "unchanged", note=replayed.words)
        files = [file for file in staged.files if file.part not in out]
        actions, base = move_files(root, table, [f for f in files if f.is_kept], staged.name), staged.base
        for _ in range(_ATTEMPTS):
            base = base or open_or_create(root, table)
            carried = ledger.in_force(table, base)
            if base is not staged.base and (found := lost_race(staged, carried)):
                abandon(root, table, staged.name)
                return self._end(staged, found.state, note=found.note)
            parts = account_parts(staged, carried, out)
            account = account_of(
                staged,
                carried,
                parts,
                table.keeps,
                out=out,
                settings=self.settings.shaping(table.settings),
                code=code_hash(),
                code_version=code_version(),
                run=self.run,
                seconds=round(staged.seconds + time.monotonic() - self._started, 3),
            )
            owned = account.replaced and [*account.replaced, *outlived(base, table, account.replaced)]
            try:
                version = commit(base, table, actions, owned, account)
            except OvertakenError:
                base = ledger.open_table(root, table)
            else:
                break
        else:
            raise JobError(f"{table.name} was not published: others kept publishing it meanwhile; run it again")
        # Gone only where another run came to settle it first.
        with contextlib.suppress(FileNotFoundError):
            broken = [file for file in files if not file.is_kept]
            quarantine.replace(root, table, broken, owned, staged.name, staged.night)
            remove(filesystem, folder)
        return self._end(staged, "published", version=version, **told_of(staged, account, replayed))

    def report(self, name: str, state: State, staged_seconds: float = 0.0, **told: Any) -> Outcome:
        """Keep an outcome, with what is told of it, for the summary of the run; the next table's clock starts here."""
        outcome = Outcome(name, state, seconds=staged_seconds + self._lap(), **told)
        self.outcomes.append(outcome)
        return outcome

    def remark(self, text: str) -> None:
        """Add to the note of the outcome that was kept last: what a job did with what it had published."""
        last = self.outcomes[-1]
        self.outcomes[-1] = replace(last, note="; ".join(filter(None, (last.note, text))))

    def _end(self, staged: Staged, state: State, **told: Any) -> Outcome:
        """Say on its page, and to the run, how a staged publication ended."""
        outcome = self.report(staged.suite.of.name, state, staged_seconds=staged.seconds, **told)
        if self._forgotten.tells_of_nobody:
            pages.write_page(page_of(staged, outcome), self.docs)
        return outcome

    def _lap(self) -> float:
        """Seconds since the last time it was asked: those of the tables of a source are told apart."""
        before, self._started = self._started, time.monotonic()
        return self._started - before

    def carried(self, table: Table) -> Entry | None:
        """The publication in force of a table, None before the first."""
        return ledger.latest(self.settings.lake, table)

    def deliveries(self, table: Table) -> dict[date, str]:
        """The partitions that a bronze table holds, with the content hash of each delivery."""
        entry = self.carried(table)
        return {date.fromisoformat(day): content for day, content in entry.deliveries.items()} if entry else {}

    def uses(self, name: str, version: int) -> None:
        """Note a version that the next publication was made with and that is not a table: the model's."""
        self._reads.versions[name] = version

    def compare_by(self, **told: str) -> None:
        """Say what must be the same of what is served for the next publication to be compared with it."""
        self._compared_by |= told

    @property
    def reads(self) -> dict[str, int | None]:
        """Versions of what was read so far; None for what was never delivered."""
        return dict(self._reads.versions)

    @property
    def docs(self) -> str:
        """Folder of the Data Docs pages."""
        return str(self.settings.root / "docs" / "data-docs")

    def _uri(self, table: Table) -> str:
        return f"{self.settings.lake}/{table.path}"

    def _staging(self, table: Table, publication: str) -> str:
        return f"{self._uri(table)}/{STAGING}/{publication}"

    def _references(self, suite: Suite, night: date) -> dict[str, DataFrame]:
        """For each promise about another table, that table's distinct keys."""
        return {
            reference.reason: keys if reference.columns == reference.to.key else keys.distinct()
            for reference in suite.references
            for keys in (self.read(reference.to, night).select(*reference.columns),)
        }

    def _refuse(self, staged: Staged, parts: Collection[str]) -> None:
        """Note why something is not published, and keep its broken rows."""
        told = staged.refusals(self.run, datetime.now(UTC))
        if told:
            refusals.add(open_or_create(self.settings.lake, REFUSALS), told)
        broken = [file for file in staged.files if not file.is_kept and file.part in parts]
        quarantine.keep_refused(self.settings.lake, staged.suite.of, broken, staged.name, staged.night)
