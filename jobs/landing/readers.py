"""Delivered files as rows: every column a string, what the definition does not know in ``extra``.

Each reader also says which record it read (``_record``), on which line if it knows (``_line``), and what it found wrong
with it (``_faults``), so that a record that cannot be read is set aside with its reason instead of being lost.
"""

import re
from collections.abc import Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lakehouse.audit.mark import FAULTS, LINE, RECORD
from jobs.landing.content import kind_of
from jobs.landing.gate import Delivered
from jobs.landing.literals import as_json
from jobs.tables import Table

_OWN = ("extra", "file", "night")
_NO_FAULTS = "array<string>"
_BROKEN = "_broken"
"""Column that Spark's readers put a record in that they cannot read."""
_HIGH, _LOW = "u[dD][89abAB][0-9a-fA-F]{2}", "u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE = rf"(?<!\\)(?:\\\\)*\\(?:{_HIGH}(?!\\{_LOW})|(?<!\\{_HIGH}\\){_LOW})"
"""Half of a character, written as an escape: Spark would read any two of them as the same."""


def read_files(spark: SparkSession, table: Table, files: Sequence[Delivered]) -> DataFrame:
    """Read the files of one or more deliveries of a table, whatever mix of formats.

    Returns:
        The table's columns (``night`` from the folder's name), ``_record``, ``_faults`` and ``_line``: one row for each
        record that the gate counts.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for file in files:
        groups.setdefault((kind_of(file.path), file.header), []).append(str(file.path))
    parts = [_READERS[kind](spark, table, paths, header) for (kind, header), paths in groups.items()]
    return _find_no_literals(reduce(DataFrame.unionByName, parts), table)


def _find_no_literals(rows: DataFrame, table: Table) -> DataFrame:
    """Find fault with what should be a Python literal and is none, in rows that could be read."""
    names = [column.name for column in table.columns if column.literal]
    if not names:
        return rows
    is_none = {name: F.col(name).isNotNull() & as_json(name).isNull() for name in names}
    found = F.array(*(F.when(wrong, f"{name}:not_literal").otherwise("") for name, wrong in is_none.items()))
    return rows.withColumn(FAULTS, F.when(F.size(FAULTS) == 0, F.array_remove(found, "")).otherwise(F.col(FAULTS)))


def _literally(path: str) -> str:
    """A path as Spark takes it for that one file: brackets, stars and the like are patterns to it."""
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", path)


def _quoted(name: str) -> str:
    """A column's name as Spark takes it for one name: a dot would ask for a part, a star for all."""
    return f"`{name.replace('`', '``')}`"


def _finish(
    rows: DataFrame, table: Table, known: dict[str, Column], extra: Column, line: Column | None = None
) -> DataFrame:
    """Columns of the table in order, then what the door needs."""
    path = F.col("_metadata.file_path")
    own = {
        "extra": extra,
        # It is told as part of an address, in which a plus stands for itself.
        "file": F.url_decode(F.replace(F.substring_index(path, "/", -1), F.lit("+"), F.lit("%2B"))),
        "night": F.to_date(F.substring_index(F.substring_index(path, "/", -2), "/", 1)),
    }
    number = F.lit(None).cast("long") if line is None else line
    columns = {name: own.get(name, known.get(name, F.lit(None).cast("string"))) for name in table.column_names}
    return rows.select(*(column.alias(name) for name, column in columns.items()), RECORD, FAULTS, number.alias(LINE))


def _fault(condition: Column, fault: str) -> Column:
    return F.when(condition, F.array(F.lit(fault))).otherwise(F.array().cast(_NO_FAULTS))


def _read_separated(
    spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...], separator: str, has_header: bool
) -> DataFrame:
    """Lines split at a separator, without any quoting."""
    names = header or tuple(name for name in table.column_names if name not in _OWN)
    fields = F.split("value", separator, -1)
    lines = _read_lines(spark, paths).withColumn("value", F.regexp_replace("value", "\r$", ""))
    if has_header:
        lines = lines.where(F.col("value") != separator.replace("\\t", "\t").join(header))
    malformed = F.size(fields) != len(names)
    rows = lines.select(
        "*",
        F.when(~malformed, fields).alias("_fields"),
        F.col("value").alias(RECORD),
        _fault(malformed, "line:field_count").alias(FAULTS),
    )
    known = {name: F.get("_fields", F.lit(position)) for position, name in enumerate(names)}
    return _finish(rows, table, known, _extra({n: c for n, c in known.items() if n not in table.column_names}))


def _read_lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Lines that are not blank, as the gate counts them."""
    return spark.read.text([*map(_literally, paths)], lineSep="\n").where(F.trim("value", F.lit(" \r")) != "")


def _read_tsv(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """IMDb's format: tab separated, no quoting, so that a stray quote merges nothing."""
    return _read_separated(spark, table, paths, header, "\t", has_header=True)


def _read_double_colon(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """MovieTweetings' format: ``id::title::genres`` without a header."""
    return _read_separated(spark, table, paths, header, "::", has_header=False)


def _read_jsonl(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:  # noqa: ARG001
    """One JSON object per line; nested values stay JSON text.

    A line is parsed once, with the table's columns as its schema; only one that holds more is parsed again for the rest.
    """
    names = [name for name in table.column_names if name not in _OWN]
    schema = ", ".join(f"`{name}` STRING" for name in (*names, _BROKEN))
    line = F.col("value")
    parsed = _read_lines(spark, paths).select(
        "*", F.from_json("value", schema, {"columnNameOfCorruptRecord": _BROKEN}).alias("_object")
    )
    known = {name: F.col("_object")[name] for name in names}
    # Spark takes the first object of a list for the object that was asked for.
    is_broken = ~F.ltrim("value").startswith("{") | F.col("_object")[_BROKEN].isNotNull()
    # Spark reads to the end of an object, and not what follows it: with another in brackets that is no list of two.
    listed = F.from_json(F.concat(F.lit("["), line, F.lit(",{}]")), "array<map<string,string>>")
    is_listed = ~is_broken & (_holds_more(line, known) | ~F.rtrim(line).endswith("}"))
    looked_at = parsed.select("*", F.when(is_listed, listed).alias("_listed"), is_listed.alias("_is_listed"))
    is_broken |= F.col("_is_listed") & (F.coalesce(F.size("_listed"), F.lit(0)) != 2)
    is_broken |= line.contains("\\u") & line.rlike(_LONE_SURROGATE)
    rows = looked_at.select("*", line.alias(RECORD), _fault(is_broken, "line:not_json").alias(FAULTS))
    others = F.map_filter(F.get("_listed", F.lit(0)), lambda key, _: ~key.isin(names))
    return _finish(rows, table, known, F.when((F.size(F.col(FAULTS)) == 0) & (F.size(others) > 0), others))


def _holds_more(line: Column, known: dict[str, Column]) -> Column:
    """Whether a JSON object may hold more than these fields: false only if it certainly does not.

    Every key has its colon. Colons that belong neither to a known key nor to a known value are those of other keys. A
    backslash may hide one, and an object within a known value has keys of its own: such a line may hold more.
    """
    values = F.concat_ws("", *known.values())
    stated = [F.when(value.isNotNull(), 1).otherwise(0) for value in known.values()]
    nulls = [
        F.when(value.isNull() & (line.contains(f'"{name}":null') | line.contains(f'"{name}": null')), 1).otherwise(0)
        for name, value in known.items()
    ]
    own = reduce(Column.__add__, (*stated, *nulls)) + _colons(values)
    return (_colons(line) != own) | line.contains("\\") | values.contains("{")


def _colons(text: Column) -> Column:
    return F.length(text) - F.length(F.replace(text, F.lit(":")))


def _read_csv(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """Quoted CSV, line breaks within quotes, quotes doubled.

    Left to itself Spark takes the first line break that it finds for the only kind, and makes one row of all lines that
    end in another way. So a line ends with LF, and a CR before it, which is the last cell's then, is taken away.
    """
    schema = ", ".join(f"{_quoted(name)} STRING" for name in header) + f", {_BROKEN} STRING"
    rows = spark.read.csv(
        [*map(_literally, paths)],
        schema=schema,
        header=True,
        # The gate has read the names.
        enforceSchema=True,
        lineSep="\n",
        multiLine=True,
        escape='"',
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=_BROKEN,
    )
    columns = {name: F.col(_quoted(name)) for name in header}
    last = columns[header[-1]]
    cells = rows.where(F.col(_BROKEN).isNull() | (F.trim(_BROKEN, F.lit("\r\n")) != "")).withColumn(
        header[-1], F.when(last != "\r", F.regexp_replace(last, "\r$", ""))
    )
    recorded = cells.select(
        "*",
        F.coalesce(_BROKEN, F.to_json(F.struct(*columns.values()))).alias(RECORD),
        _fault(F.col(_BROKEN).isNotNull(), "line:field_count").alias(FAULTS),
    )
    return _finish(recorded, table, columns, _extra({n: c for n, c in columns.items() if n not in table.column_names}))


def _read_parquet(spark: SparkSession, table: Table, paths: list[str], header: tuple[str, ...]) -> DataFrame:
    """Parquet of any types, as strings; each file with its own types."""
    return reduce(DataFrame.unionByName, (_read_one_parquet(spark, table, path, header) for path in paths))


def _read_one_parquet(spark: SparkSession, table: Table, path: str, header: tuple[str, ...]) -> DataFrame:
    # Spark reads nanoseconds, which pandas writes, as plain numbers (spark.sql.legacy.parquet.nanosAsLong).
    nanoseconds = {
        field.name for field in pq.read_schema(path) if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
    }
    rows = spark.read.parquet(_literally(path))
    columns = {name: F.col(_quoted(name)) for name in header}
    times = {name: F.timestamp_micros(F.floor(columns[name] / 1000)) for name in nanoseconds}
    times |= {name: columns[name] for name, kind in rows.dtypes if kind.startswith("timestamp")}
    strings = {name: column.cast("string") for name, column in columns.items()}
    strings |= {name: F.date_format(time, "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX") for name, time in times.items()}
    recorded = rows.select(
        "*", F.to_json(F.struct(*columns.values())).alias(RECORD), F.array().cast(_NO_FAULTS).alias(FAULTS)
    )
    extra = _extra({n: c for n, c in strings.items() if n not in table.column_names})
    return _finish(recorded, table, strings, extra, F.col("_metadata.row_index") + 1)


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
