"""Delivered files as rows: every column a string, what the definition does not know in ``extra``.

Each reader also says which record it read (``_record``) and what it found wrong with it (``_faults``), so that a record
that cannot be read is set aside with its reason instead of being lost.
"""

from collections.abc import Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lakehouse.audit.mark import FAULTS, RECORD
from jobs.landing.gate import Delivered
from jobs.tables import Table

_OWN = ("extra", "file", "night")
_NO_FAULTS = "array<string>"


def read_files(spark: SparkSession, table: Table, files: Sequence[Delivered]) -> DataFrame:
    """Read the files of one or more deliveries of a table, whatever mix of formats.

    Returns:
        The table's columns (``night`` from the folder's name), ``_record`` and ``_faults``.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for file in files:
        groups.setdefault((_format(file), file.header), []).append(str(file.path))
    parts = [_READERS[kind](spark, table, paths, header) for (kind, header), paths in groups.items()]
    return reduce(DataFrame.unionByName, parts)


def _format(file: Delivered) -> str:
    """How a file is written, by its name."""
    kind = file.path.name.removesuffix(".gz").rpartition(".")[2]
    return "jsonl" if kind in {"json", "ndjson"} else kind


def _finish(rows: DataFrame, table: Table, known: dict[str, Column], extra: Column) -> DataFrame:
    """Columns of the table in order, then what the door needs."""
    path = F.col("_metadata.file_path")
    own = {
        "extra": extra,
        "file": F.substring_index(path, "/", -1),
        "night": F.to_date(F.substring_index(F.substring_index(path, "/", -2), "/", 1)),
    }
    columns = {name: own.get(name, known.get(name, F.lit(None).cast("string"))) for name in table.column_names}
    return rows.select(*(column.alias(name) for name, column in columns.items()), RECORD, FAULTS)


def _fault(condition: Column, fault: str) -> Column:
    return F.when(condition, F.array(F.lit(fault))).otherwise(F.array().cast(_NO_FAULTS))


def _read_separated(
    spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...], separator: str, has_header: bool
) -> DataFrame:
    """Lines split at a separator, without any quoting."""
    names = header or tuple(name for name in table.column_names if name not in _OWN)
    fields = F.split("value", separator, -1)
    lines = spark.read.text(paths, lineSep="\n").withColumn("value", F.regexp_replace("value", "\r$", ""))
    if has_header:
        lines = lines.where(F.col("value") != separator.replace("\\t", "\t").join(header))
    malformed = F.size(fields) != len(names)
    rows = lines.select(
        "*",
        F.when(~malformed, fields).alias("_fields"),
        F.col("value").alias(RECORD),
        _fault(malformed, "line:field_count").alias(FAULTS),
    )
    known = {name: F.get("_fields", F.lit(place)) for place, name in enumerate(names)}
    return _finish(rows, table, known, _extra({n: c for n, c in known.items() if n not in table.column_names}))


def _read_tsv(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """IMDb's format: tab separated, no quoting, so that a stray quote merges nothing."""
    return _read_separated(spark, table, paths, header, "\t", has_header=True)


def _read_double_colon(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """MovieTweetings' format: ``id::title::genres`` without a header."""
    return _read_separated(spark, table, paths, header, "::", has_header=False)


def _read_jsonl(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:  # noqa: ARG001
    """One JSON object a line; nested values stay JSON text."""
    lines = spark.read.text(paths, lineSep="\n").where(F.trim("value") != "")
    parsed = lines.select("*", F.from_json("value", "map<string,string>").alias("_object"))
    rows = parsed.select(
        "*", F.col("value").alias(RECORD), _fault(F.col("_object").isNull(), "line:not_json").alias(FAULTS)
    )
    names = [name for name in table.column_names if name not in _OWN]
    unknown = F.array_except(F.map_keys("_object"), F.array(*map(F.lit, names)))
    extra = F.when(F.size(unknown) > 0, F.map_filter("_object", lambda key, _: ~key.isin(names)))
    return _finish(rows, table, {name: F.col("_object")[name] for name in names}, extra)


def _read_csv(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """Quoted CSV, line breaks within quotes, quotes doubled."""
    schema = ", ".join(f"`{name}` STRING" for name in header) + ", _broken STRING"
    rows = spark.read.csv(
        paths,
        schema=schema,
        header=True,
        enforceSchema=False,
        multiLine=True,
        escape='"',
        mode="PERMISSIVE",
        columnNameOfCorruptRecord="_broken",
    ).select(
        "*",
        F.coalesce("_broken", F.to_json(F.struct(*header))).alias(RECORD),
        _fault(F.col("_broken").isNotNull(), "line:field_count").alias(FAULTS),
    )
    known = {name: F.col(name) for name in header}
    return _finish(rows, table, known, _extra({n: c for n, c in known.items() if n not in table.column_names}))


def _read_parquet(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """Parquet of any types, as strings; each file with its own types."""
    return reduce(DataFrame.unionByName, (_read_one_parquet(spark, table, path, header) for path in paths))


def _read_one_parquet(spark: SparkSession, table: Table, path: str, header: tuple[str, ...]) -> DataFrame:
    # Spark reads nanoseconds, which pandas writes, as plain numbers (spark.sql.legacy.parquet.nanosAsLong).
    nanoseconds = {
        field.name for field in pq.read_schema(path) if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
    }
    rows = spark.read.parquet(path)
    times = {name: F.timestamp_micros(F.floor(F.col(name) / 1000)) for name in nanoseconds}
    times |= {name: F.col(name) for name, kind in rows.dtypes if kind.startswith("timestamp")}
    strings = {name: F.col(name).cast("string") for name in header}
    strings |= {name: F.date_format(time, "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX") for name, time in times.items()}
    recorded = rows.select("*", F.to_json(F.struct(*header)).alias(RECORD), F.array().cast(_NO_FAULTS).alias(FAULTS))
    return _finish(recorded, table, strings, _extra({n: c for n, c in strings.items() if n not in table.column_names}))


def _extra(unknown: dict[str, Column]) -> Column:
    """Unknown columns by name; null where there are none."""
    if not unknown:
        return F.lit(None).cast("map<string,string>")
    return F.create_map(*(part for name, column in unknown.items() for part in (F.lit(name), column)))


_READERS = {
    "tsv": _read_tsv,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "dat": _read_double_colon,
}
