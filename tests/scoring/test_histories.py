"""Viewers' histories: one row per viewer, in order, of rows in any order."""

from collections import defaultdict
from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.scoring.histories import collect_histories, put_together
from jobs.tables import silver
from tests.rows import rows_of

ROWS = pa.schema(
    [
        ("user_id", pa.string()),
        ("title_id", pa.string()),
        ("weight", pa.float64()),
        ("rating", pa.float64()),
        ("age", pa.float64()),
    ]
)
NAMES = st.text("abé", min_size=1, max_size=2)
NUMBERS = st.integers(0, 5).map(float)


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.dictionaries(st.tuples(NAMES, NAMES), st.tuples(NUMBERS, st.none() | NUMBERS, NUMBERS), max_size=30),
    unknown=st.sets(st.text("*", min_size=1, max_size=2)),
    size=st.integers(1, 9),
)
def test_puts_the_rows_of_a_viewer_together_whatever_their_order(
    pairs: dict[tuple[str, str], tuple[float, float | None, float]], unknown: set[str], size: int
) -> None:
    rows = [(*pair, *values) for pair, values in pairs.items()] + [(user, None, None, None, None) for user in unknown]
    table = pa.Table.from_pylist([dict(zip(ROWS.names, row, strict=True)) for row in rows], ROWS)

    found = pa.Table.from_batches(
        put_together(table.to_batches(size)),
        pa.schema(
            [
                ("user_id", pa.string()),
                ("title_ids", pa.list_(pa.string())),
                *((name, pa.list_(pa.float64())) for name in ("weights", "ratings", "ages")),
            ]
        ),
    ).to_pylist()

    expected: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for user, *values in sorted(rows, key=lambda row: (row[0], row[1] or "")):
        expected[user] += [tuple(values)] if values[0] is not None else []
    assert [row["user_id"] for row in found] == list(expected)
    assert [
        list(zip(row["title_ids"], row["weights"], row["ratings"], row["ages"], strict=True)) for row in found
    ] == list(expected.values())


def test_partitions_are_ranges_of_viewers_in_order(spark: SparkSession) -> None:
    known = [{"user_id": f"u{n % 7}", "title_id": f"t{n}"} for n in range(40)]
    tasks = spark.conf.get("spark.sql.shuffle.partitions") or "1"
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    try:
        collected = collect_histories(
            rows_of(spark, silver.PREFERENCES, known), datetime(2026, 3, 2, 12, tzinfo=UTC), also=["*"]
        )
        parts = collected.mapInArrow(
            lambda batches: (
                pa.RecordBatch.from_pylist([{"users": " ".join(batch.column("user_id").to_pylist())}])
                for batch in batches
            ),
            "users string",
        ).collect()
        rows = collected.collect()
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", tasks)

    assert " ".join(part["users"] for part in parts) == "* u0 u1 u2 u3 u4 u5 u6"
    assert len(parts) > 1
    assert [len(row["title_ids"]) for row in rows] == [0, 6, 6, 6, 6, 6, 5, 5]
    assert rows[1]["title_ids"] == ["t0", "t14", "t21", "t28", "t35", "t7"]
    assert rows[1]["ages"] == [1.0] * 6
