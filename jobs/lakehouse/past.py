"""What a table was made from: its inputs at the versions that a publication names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from jobs.lakehouse import ledger
from jobs.tables import Table


@dataclass(frozen=True)
class Past:
    """The lake at the versions of its tables that a publication was made from.

    Args:
        spark: The session.
        root: The lake's root.
        inputs: The publication's inputs.
    """

    spark: SparkSession
    root: str
    inputs: Mapping[str, int | None]

    def rows(self, table: Table) -> DataFrame:
        """All rows that a table held; its files must not have been vacuumed."""
        version = self.inputs[table.name]
        return self.spark.read.format("delta").option("versionAsOf", version).load(f"{self.root}/{table.path}")

    def count(self, table: Table) -> int:
        """How many rows a table held, as its log says; 0 of one that was not there."""
        version = self.inputs[table.name]
        return 0 if version is None else ledger.open_version(self.root, table, version).count()

    def deliveries(self, table: Table, upto: date, version: int | None = None) -> dict[date, str]:
        """The partitions that a bronze table held up to a night, with the content hash of each delivery."""
        at = self.inputs[table.name] if version is None else version
        entry = None if at is None else ledger.as_of(self.root, table, at)
        held = entry.deliveries if entry else {}
        return {day: content for text, content in held.items() if (day := date.fromisoformat(text)) <= upto}

    def made_again(self, table: Table, upto: date) -> set[date]:
        """Partitions of a bronze table that were replaced since, whatever their content: by other rules, say."""
        delta, then = ledger.open_table(self.root, table), self.inputs[table.name]
        if delta is None or then is None:
            return set()
        since = ledger.history(self.root, table, delta.version() - then) if delta.version() > then else []
        parts = {part for entry in since if entry.version > then for part in entry.replaced or ()}
        return {day for part in parts if (day := date.fromisoformat(part)) <= upto}


def changed(then: dict[date, str], now: dict[date, str]) -> set[date]:
    """Deliveries that came, went or changed."""
    return {day for day in then.keys() | now.keys() if then.get(day) != now.get(day)}
