"""Read ratings from Parquet: user, movie, rating and timestamp, by these names or by MovieLens'."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from jobs.landing.imports.ratings import FIRST_SECOND, LARGEST_ID, LAST_SECOND, Ratings
from jobs.landing.imports.set_files import EXAMPLES, RATINGS_LIMIT_BYTES, SetFile, refused

_NAMES = {
    "user": ("user", "userId", "user_id"),
    "movie": ("movie", "movieId", "movie_id", "item", "itemId", "item_id"),
    "rating": ("rating",),
    "timestamp": ("timestamp",),
}
_HIGHEST = 10.0


def read_parquet(file: SetFile) -> Ratings:
    """Read all ratings of a Parquet file. Ids are whole numbers from 0 on, times whole seconds or timestamps in UTC.

    Raises:
        JobError: The file is damaged or empty, lacks a column, or a column has another type or values out of range.
    """
    with file.reading() as stream:
        held = stream if stream.seekable() else io.BytesIO(file.read_bytes(RATINGS_LIMIT_BYTES))
        try:
            parquet = pyarrow.parquet.ParquetFile(held)
            columns = _columns(file, parquet.schema_arrow)
            rows = parquet.read(columns=list(columns.values()))
        except pa.ArrowException as error:
            raise refused(file.set_name, f"{file.label} is not a whole Parquet file ({error})") from None
    if not rows.num_rows:
        raise refused(file.set_name, f"{file.label} holds no ratings")
    ids = {role: _whole(file, rows, columns[role], 0, LARGEST_ID) for role in ("user", "movie")}
    values = _ratings(file, rows, columns["rating"])
    seconds = _whole(file, rows, columns["timestamp"], FIRST_SECOND, LAST_SECOND)
    order = np.lexsort((ids["movie"], ids["user"], seconds))
    return Ratings(
        ids["user"].astype(np.int32)[order],
        ids["movie"].astype(np.int32)[order],
        values[order],
        seconds.astype(np.uint32)[order],
    )


def _columns(file: SetFile, schema: pa.Schema) -> dict[str, str]:
    """What the file calls each column."""
    found = {role: next((n for n in names if n in schema.names), None) for role, names in _NAMES.items()}
    missing = [f"{role} ({' or '.join(_NAMES[role])})" for role, name in found.items() if name is None]
    if missing:
        raise refused(
            file.set_name, f"{file.label} has no column {', '.join(missing)}; it has {', '.join(schema.names)}"
        )
    return {role: name for role, name in found.items() if name is not None}


def _whole(file: SetFile, rows: pa.Table, name: str, low: int, high: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A column of whole numbers; times become Unix seconds."""
    column = rows[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        column = pc.floor(pc.divide(column.cast(pa.int64()).cast(pa.float64()), 1e6)).cast(pa.int64())
    if not pa.types.is_integer(column.type):
        raise refused(
            file.set_name, f"{file.label} has the column {name} of type {column.type}, expected whole numbers"
        )
    _require(file, name, column, pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high)))
    return np.asarray(column.cast(pa.int64()).to_numpy())


def _ratings(file: SetFile, rows: pa.Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The column of ratings."""
    column = rows[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise refused(file.set_name, f"{file.label} has the column {name} of type {column.type}, expected numbers")
    column = column.cast(pa.float32())
    # Not a number is neither above nor below.
    _require(file, name, column, pc.and_(pc.greater_equal(column, 0.0), pc.less_equal(column, _HIGHEST)))
    return np.asarray(column.to_numpy())


def _require(file: SetFile, name: str, column: pa.ChunkedArray, is_sound: pa.ChunkedArray) -> None:
    bad = column.filter(pc.invert(pc.fill_null(is_sound, False)))  # noqa: FBT003
    if len(bad):
        shown = ", ".join(map(str, bad.slice(0, EXAMPLES).to_pylist()))
        raise refused(file.set_name, f"{file.label} has {len(bad):,} rows whose {name} is out of range: {shown}")
