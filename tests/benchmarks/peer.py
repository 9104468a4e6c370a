"""The peer of a night: the same event logs to the same lists, as one would write it by hand without a lakehouse.

DuckDB reads, deduplicates and weighs the logs, implicit fits ALS, and every viewer's 50 best unseen titles are written as
Parquet. One process, two threads. No audits, no quarantine, no versions, no judging of the model on held-out views.

    python -m tests.benchmarks.peer LANDING NIGHT OUTPUT
"""

import json
import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # implicit has its own threads; must be set before NumPy is imported

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from jobs.settings import Weighing

THREADS = 2
LENGTH = 50
RANK, ALPHA, REGULARISATION, ITERATIONS, SEED = 32, 2.0, 0.3, 10, 7
_BLOCK = 4_096
_EVENT = dict.fromkeys(("event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source"), "VARCHAR")


def main(landing: Path, night: date, output: Path) -> None:
    """Write lists.parquet to ``output``, and print the seconds of each stage and what was counted, as JSON."""
    seconds: dict[str, float] = {}
    began = time.monotonic()

    def lap(stage: str) -> None:
        nonlocal began
        seconds[stage] = time.monotonic() - began
        began = time.monotonic()

    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute("SET TimeZone = 'UTC'")
    _read_events(connection, landing, night)
    lap("read")
    _conform(connection, landing, night)
    lap("deduplicate")
    weights = _weigh(connection, night)
    lap("weigh")
    user_ids, viewer = _dense(weights["user_id"])
    title_ids, title = _dense(weights["title_id"])
    weight, shape = weights["weight"].to_numpy().astype(np.float32), (len(user_ids), len(title_ids))
    liked = weight > 0
    preferences = csr_matrix((weight[liked], (viewer[liked], title[liked])), shape=shape)
    seen = csr_matrix((np.ones(len(weight), dtype=np.float32), (viewer, title)), shape=shape)
    model = AlternatingLeastSquares(
        factors=RANK,
        regularization=REGULARISATION,
        alpha=ALPHA,
        iterations=ITERATIONS,
        num_threads=THREADS,
        random_state=SEED,
    )
    model.fit(preferences, show_progress=False)
    lap("fit")
    listed = _write_lists(model, user_ids, title_ids, seen, output / "lists.parquet")
    lap("lists")
    (events,) = connection.execute("SELECT count(*) FROM interactions").fetchone() or (0,)
    counted = {"events": events, "preferences": len(weight), "viewers": len(user_ids), "listed": listed}
    sys.stdout.write(json.dumps({"seconds": seconds, "rows": counted}) + "\n")


def _read_events(connection: duckdb.DuckDBPyConnection, landing: Path, night: date) -> None:
    """Every delivered event up to the night, as text, with the delivery and the file it came from."""
    logs = [
        str(log) for log in sorted((landing / "interactions").glob("*/*.jsonl.gz")) if log.parent.name <= str(night)
    ]
    connection.execute(
        "CREATE TABLE delivered AS SELECT * FROM read_json($logs, format = 'newline_delimited', filename = 'file',"
        f" ignore_errors = true, columns = {_EVENT})",
        {"logs": logs},
    )


def _conform(connection: duckdb.DuckDBPyConnection, landing: Path, night: date) -> None:
    """Types; one row per event id, the first delivered; titles by their tconst, unknown ones left out."""
    connection.execute(
        "CREATE TABLE titles AS SELECT tconst AS named, tconst AS title_id FROM read_csv($basics, delim = '\t',"
        " quote = '', escape = '', nullstr = '\\N', all_varchar = true)",
        {"basics": str(landing / "imdb" / str(night) / "title.basics.tsv.gz")},
    )
    connection.execute(
        "INSERT INTO titles SELECT 'tmdb:' || id, coalesce(nullif(imdb_id, ''), 'tmdb:' || id) FROM"
        " read_json($details, format = 'newline_delimited', columns = {id: 'VARCHAR', imdb_id: 'VARCHAR'})",
        {"details": str(landing / "tmdb" / str(night) / "movie_details.jsonl.gz")},
    )
    connection.execute(
        """
        CREATE TABLE interactions AS
        WITH first AS (
            SELECT * FROM delivered WHERE event_id IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY file) = 1
        )
        SELECT event_id, user_id, t.title_id, event_type, try_cast(value AS DOUBLE) AS value,
            try_cast(occurred_at AS TIMESTAMPTZ) AS occurred_at, source
        FROM first JOIN titles AS t ON t.named = first.title_id
        WHERE user_id IS NOT NULL AND try_cast(occurred_at AS TIMESTAMPTZ) IS NOT NULL
        """
    )


def _dense(identifiers: pa.ChunkedArray) -> tuple[Any, Any]:
    """The distinct identifiers, and for each element the position of its own among them."""
    encoded = identifiers.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_numpy(zero_copy_only=False), encoded.indices.to_numpy()


def _weigh(connection: duckdb.DuckDBPyConnection, night: date) -> pa.Table:
    """silver.preferences: decayed weights by viewer and title, 0 where nothing is liked."""
    weighing = Weighing()
    end = datetime.combine(night + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    kinds = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in weighing.by_event_type().items())
    neutral = weighing.neutral_rating
    return connection.sql(
        f"""
        SELECT user_id, title_id, greatest(0.0, sum(weight)) AS weight, count(*) AS events, max(occurred_at) AS last_at
        FROM (
            SELECT user_id, title_id, occurred_at, (CASE event_type {kinds} ELSE 0.0 END)
                * CASE event_type
                    WHEN 'rating' THEN greatest(-1.0, coalesce((value - {neutral}) / {10.0 - neutral}, 0.0))
                    WHEN 'view' THEN least(1.0, coalesce(value, 1.0)) ELSE 1.0 END
                * pow(0.5, greatest(0.0, ({end.timestamp()} - epoch(occurred_at)) / 86400)
                    / {weighing.half_life_days}) AS weight
            FROM interactions)
        GROUP BY user_id, title_id
        """
    ).to_arrow_table()


def _write_lists(model: Any, user_ids: Any, title_ids: Any, seen: csr_matrix, file: Path) -> int:
    """Every viewer's best titles without those in the history; how many rows that are."""
    listed = 0
    schema = pa.schema({"user_id": pa.string(), "rank": pa.int32(), "title_id": pa.string(), "score": pa.float64()})
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(user_ids), _BLOCK):
            viewers = np.arange(start, min(start + _BLOCK, len(user_ids)))
            positions, scores = model.recommend(viewers, seen[viewers], N=LENGTH, filter_already_liked_items=True)
            ranks = np.broadcast_to(np.arange(1, positions.shape[1] + 1), positions.shape)
            is_listed = (positions >= 0) & (scores > np.finfo(np.float32).min)
            columns = [
                pa.array(np.repeat(user_ids[viewers], is_listed.sum(axis=1)), pa.string()),
                pa.array(ranks[is_listed], pa.int32()),
                pa.array(title_ids[positions[is_listed]], pa.string()),
                pa.array(scores[is_listed], pa.float64()),
            ]
            writer.write_table(pa.table(columns, schema=schema))
            listed += int(is_listed.sum())
    return listed


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), Path(sys.argv[3]))
