"""A publication before anybody can see it: kept and broken rows as Parquet files, written in one pass, and their footers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lakehouse.audit.mark import REASONS
from jobs.lakehouse.schema import spark_schema
from jobs.lakehouse.storage import files_below
from jobs.tables import Table

WHOLE = ""
"""The part of a table that is not partitioned."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The part of rows whose partition column is null, as Spark names its folder."""

_KEPT = "_kept"
_BATCH_ROWS = 64 * 1024


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
    if table.clustered_by:
        rows = rows.sortWithinPartitions(_KEPT, *parts, *table.clustered_by)
    rows.write.partitionBy(_KEPT, *parts).option("maxRecordsPerFile", file_rows).parquet(folder)


def staged_files(filesystem: pa.fs.FileSystem, folder: str) -> list[StagedFile]:
    """The files of a publication, in order."""
    return [_staged(filesystem, path, folder) for path in files_below(filesystem, folder, ".parquet")]


def _staged(filesystem: pa.fs.FileSystem, path: str, folder: str) -> StagedFile:
    """A file, by the folders it is in: ``_kept=true/month=2026-01-01/part-….parquet``."""
    values = [unquote(name.partition("=")[2]) for name in PurePosixPath(path).relative_to(folder).parts[:-1]]
    return StagedFile(filesystem, path, values[1] if len(values) > 1 else WHOLE, is_kept=values[0] == "true")


def kept_rows(files: list[StagedFile], spark: SparkSession, table: Table) -> DataFrame:
    """The rows of some staged files to keep, in the table's columns.

    Args:
        files: Kept files of one publication.
        spark: The session to read them in.
        table: Their table.
    """
    schema = spark_schema(table)
    if not files:
        return spark.createDataFrame([], schema)
    # Partition values are in the names of the folders above the files.
    base = _common_folder([file.path for file in files])
    return spark.read.schema(schema).option("basePath", base).parquet(*(file.path for file in files))


def _common_folder(paths: list[str]) -> str:
    """The folder ``_kept=true`` that all of them are below."""
    parts = PurePosixPath(paths[0]).parts
    return str(PurePosixPath(*parts[: parts.index(f"{_KEPT}=true") + 1]))
