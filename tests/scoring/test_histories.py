"""Viewers' histories: one row per viewer, in order, of rows in any order."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.scoring.histories import put_together

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
ROWS = pa.schema(
    [
        ("user_id", pa.string()),
        ("title_id", pa.string()),
        ("weight", pa.float64()),
        ("rating", pa.float64()),
        ("last_at", pa.timestamp("us", "UTC")),
    ]
)
HISTORIES = pa.schema(
    [
        ("user_id", pa.string()),
        ("title_ids", pa.list_(pa.dictionary(pa.int32(), pa.string()))),
        *((name, pa.list_(pa.float64())) for name in ("weights", "ratings", "ages")),
    ]
)
NAMES = st.text("abé", min_size=1, max_size=2)
NUMBERS = st.integers(0, 5).map(float)


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.dictionaries(
        st.tuples(NAMES, NAMES), st.tuples(NUMBERS, st.none() | NUMBERS, st.integers(-1, 5)), max_size=30
    ),
    unknown=st.sets(st.text("*", min_size=1, max_size=2)),
    size=st.integers(1, 9),
)
def test_puts_the_rows_of_a_viewer_together_whatever_their_order(
    pairs: dict[tuple[str, str], tuple[float, float | None, int]], unknown: set[str], size: int
) -> None:
    rows = [(*pair, weight, rating, AS_OF - timedelta(days=days)) for pair, (weight, rating, days) in pairs.items()]
    others = [(user, None, None, None, None) for user in unknown]
    table = pa.Table.from_pylist([dict(zip(ROWS.names, row, strict=True)) for row in (*rows, *others)], ROWS)

    found = pa.Table.from_batches(put_together(table.to_batches(size), AS_OF), HISTORIES).to_pylist()

    expected: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for user, title in sorted([*pairs, *((user, "") for user in unknown)]):
        if title:
            weight, rating, days = pairs[user, title]
            expected[user].append((title, weight, rating, max(0.0, float(days))))
        else:
            assert not expected[user]
    assert [row["user_id"] for row in found] == list(expected)
    assert [
        list(zip(row["title_ids"], row["weights"], row["ratings"], row["ages"], strict=True)) for row in found
    ] == list(expected.values())
