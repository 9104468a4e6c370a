"""A publication before anybody can see it: kept and broken rows as Parquet files, written in one pass, and their footers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow.dataset import Dataset, partitioning
from pyarrow.dataset import dataset as arrow_dataset
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.lakehouse.audit.mark import REASONS
from jobs.lakehouse.schema import arrow_schema
from jobs.lakehouse.storage import files_below, open_storage
from jobs.tables import Table

WHOLE = ""
"""The part of a table that is not partitioned."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The part of rows whose partition column is null, as Spark names its folder."""

_KEPT = "_kept"
_ELEMENT = "list.element"
"""Where Parquet keeps what is in a list."""
_BATCH_ROWS = 64 * 1024
_GROUP_ROWS = 64 * 1024
"""Rows of a row group where rows are sorted by what readers filter on: a reader of Arrow reads whole groups, and knows the
bounds of each from the footer. As many as Parquet likes, which is millions, take it seconds."""


@dataclass(frozen=True)
class StagedFile:
    """One Parquet file of a publication."""

    filesystem: pa.fs.FileSystem
    path: str
    part: str
    """Value of the partition column, as text."""
    is_kept: bool
    """Whether its rows are to be published; else each has its reasons."""

    @cached_property
    def footer(self) -> pq.FileMetaData:
        """What the file says of itself."""
        with self.filesystem.open_input_file(self.path) as file:
            return pq.ParquetFile(file).metadata

    @cached_property
    def size(self) -> int:
        """Bytes."""
        return int(self.filesystem.get_file_info(self.path).size)

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Its rows, some at a time, of those of ``columns`` that it has."""
        with self.filesystem.open_input_file(self.path) as file:
            parquet = pq.ParquetFile(file)
            held = [name for name in columns if name in parquet.schema_arrow.names]
            yield from parquet.iter_batches(_BATCH_ROWS, columns=held)


def write(marked: DataFrame, table: Table, folder: str, file_rows: int) -> None:
    """Write marked rows, those to keep apart from those to set aside, in one job.

    Args:
        marked: What :func:`jobs.lakehouse.audit.mark.mark` returned.
        table: Their table.
        folder: A new folder.
        file_rows: The most rows of one file.
    """
    spark = marked.sparkSession
    # Timestamps as Spark writes them otherwise carry no statistics.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    # Some open files per task cost less than sorting all rows by the folder they go to.
    spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", "8")
    parts = [table.partitioned_by] if table.partitioned_by else []
    has_reasons = F.size(REASONS) > 0
    rows = marked.withColumns({_KEPT: ~has_reasons, REASONS: F.when(has_reasons, F.col(REASONS))})
    written = {"maxRecordsPerFile": file_rows}
    if table.clustered_by:
        if not table.arrives_sorted:
            rows = rows.sortWithinPartitions(_KEPT, *parts, *table.clustered_by)
        written["parquet.block.row.count.limit"] = _GROUP_ROWS
    rows.write.partitionBy(_KEPT, *parts).options(**written, **_encoded(table)).parquet(folder)


def _encoded(table: Table) -> dict[str, str]:
    """Parquet's options of a table with columns whose values hardly repeat.

    Parquet makes a dictionary of every column, for each row group anew, and gives it up once it is large. Without one, what
    values have in common is left to the compression: zstd finds it, and costs less than the dictionaries did.
    """
    if not table.unrepeated:
        return {}
    elements = {column.name: f"{column.name}.{_ELEMENT}" for column in table.columns if column.type.startswith("array")}
    return {
        "compression": "zstd",
        "parquet.size.statistics.enabled": "false",
        **{f"parquet.enable.dictionary#{elements.get(name, name)}": "false" for name in table.unrepeated},
        # Nobody asks for bounds of what is in lists.
        **{f"parquet.column.statistics.enabled#{element}": "false" for element in elements.values()},
    }


def staged_files(filesystem: pa.fs.FileSystem, folder: str) -> list[StagedFile]:
    """The files of a publication, in order."""
    return [_staged(filesystem, path, folder) for path in files_below(filesystem, folder, ".parquet")]


def _staged(filesystem: pa.fs.FileSystem, path: str, folder: str) -> StagedFile:
    """A file, by the folders it is in: ``_kept=true/month=2026-01-01/part-….parquet``."""
    values = [unquote(name.partition("=")[2]) for name in PurePosixPath(path).relative_to(folder).parts[:-1]]
    return StagedFile(filesystem, path, values[1] if len(values) > 1 else WHOLE, is_kept=values[0] == "true")


def kept_rows(files: list[StagedFile], table: Table) -> Dataset:
    """The rows of some staged files to keep, and beside the table's columns those of the audit.

    Args:
        files: Kept files of one publication.
        table: Their table.
    """
    if not files:
        return arrow_dataset(pa.Table.from_pylist([], arrow_schema(table)))
    # Partition values are in the names of the folders above the files.
    parts = arrow_schema(table).field(table.partitioned_by) if table.partitioned_by else None
    return arrow_dataset(
        [file.path for file in files],
        filesystem=files[0].filesystem,
        format="parquet",
        partitioning=partitioning(pa.schema([parts]), flavor="hive") if parts else None,
    )


def published_rows(delta: DeltaTable, table: Table, parts: list[str] | None = None) -> Dataset:
    """The rows of a published table, or of some of its parts."""
    filesystem, path = open_storage(delta.table_uri)
    return delta.to_pyarrow_dataset(
        filesystem=pa.fs.SubTreeFileSystem(path, filesystem),
        file_pruning_predicate=None if parts is None else [(table.partitioned_by or "", "in", parts)],
    )


def served_rows(delta: DeltaTable | None, table: Table, parts: list[str] | None = None) -> Dataset:
    """The rows of a table as it is served, or of some of its parts; a column that it did not have yet is null."""
    if delta is None:
        return kept_rows([], table)
    rows = published_rows(delta, table, parts)
    added = [field for field in arrow_schema(table) if field.name not in rows.schema.names]
    return rows.replace_schema(pa.schema([*rows.schema, *added])) if added else rows


def columns_of(rows: Dataset, table: Table) -> list[str]:
    """The columns that written rows have, without those of the audit: in the table's order, then any others."""
    written = [name for name in rows.schema.names if not name.startswith("_")]
    own = [name for name in table.column_names if name in written]
    return own + [name for name in written if name not in own]
