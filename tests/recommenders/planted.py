"""Planted truth: even viewers like even titles, odd viewers odd ones. The diagonal is held out, so the right answer is known."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession

from jobs.scoring.training_set import TrainingSet

SIZE = 12
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE = datetime(2026, 3, 1)
Preference = tuple[int, int, float]
"""Viewer, title, weight."""


def likes(viewer: int, title: int) -> bool:
    """Whether the viewer is known to like the title."""
    return viewer % 2 == title % 2 and viewer != title


def training_set(
    spark: SparkSession, rows: Sequence[Preference], title_ids: Sequence[str], cores: int = 2
) -> TrainingSet:
    """A training set of some preferences, with the ratings that go with them."""
    schema = "viewer int, title int, weight float, rating float, last_at timestamp"
    stamped = [(*row, 8.0 if row[2] > 0 else 2.0, BEFORE) for row in rows]
    preferences = spark.createDataFrame(stamped, schema).coalesce(1)
    known = {title: {"genres": [genre_of(title)]} for title in title_ids if title != "unknown"}
    return TrainingSet(
        pa.array(title_ids), AS_OF, cores, preferences, lambda: spark, catalogue=partial(catalogue, known)
    )


def genre_of(title: str) -> str:
    """Even titles are of one genre, odd ones of another; a title without a number has a genre of its own."""
    return ("Even", "Odd")[int(title[1:]) % 2] if title[1:].isdigit() else title.upper()


def catalogue(known: Mapping[str, Mapping[str, object]]) -> pa.Table:
    """Some titles as silver.title_profiles has them; what is not given of them is not known."""
    nothing: dict[str, object] = {
        "genres": [], "directors": [], "writers": [], "leading_cast": [], "keywords": [], "overview": None, "decade": None
    }  # fmt: skip
    names = pa.list_(pa.string())
    kinds = {"overview": pa.string(), "decade": pa.int32()}
    rows = [{"title_id": title, **nothing, **said} for title, said in known.items()]
    schema = pa.schema([("title_id", pa.string()), *((field, kinds.get(field, names)) for field in nothing)])
    return pa.Table.from_pylist(rows, schema)


def planted(spark: SparkSession, titles: Sequence[int] = tuple(range(SIZE))) -> TrainingSet:
    """What viewers are known to like, and one title that viewer 0 knows and does not like.

    Args:
        spark: The session.
        titles: The title that stands at each position: another order is another world of the same people.
    """
    rows = [(u, position, 1.0) for u in range(SIZE) for position, t in enumerate(titles) if likes(u, t)]
    return training_set(spark, [*rows, (0, list(titles).index(1), 0.0)], [f"t{t:02d}" for t in titles])


def in_memory(rows: Sequence[Preference], title_ids: Sequence[str], ages: Sequence[float] | None = None) -> TrainingSet:
    """A training set of some preferences in memory, for which no session may be started.

    Args:
        rows: The preferences.
        title_ids: The titles.
        ages: Days since each; all of now, unless given.
    """
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "viewer": pa.array(columns[0], pa.int32()),
            "title": pa.array(columns[1], pa.int32()),
            "weight": pa.array(columns[2], pa.float32()),
            "rating": pa.nulls(len(rows), pa.float32()),
            "last_at": pa.array(
                [AS_OF - timedelta(days=age) for age in ages or [0] * len(rows)], pa.timestamp("us", "UTC")
            ),
        }
    )
    return TrainingSet(pa.array(title_ids), AS_OF, 1, table, no_session)


def no_session() -> SparkSession:
    """What a model that learns in memory never asks for."""
    raise AssertionError("a set in memory starts no session")
