"""Models side by side: the lists that each would serve to the same viewers, judged by what they wanted."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from jobs.evaluation.judging import judge_blocks
from jobs.evaluation.metrics import METRICS
from jobs.evaluation.segments import liked_titles
from jobs.recommenders import held
from jobs.scoring.histories import Block, blocks
from jobs.scoring.rules import excluded_positions

K = 10
_JUDGED = ", ".join(
    [
        *("model int", "user_id string", *(f"{metric} double" for metric in METRICS), "listed array<int>"),
        *("liked int", "found array<string>"),
    ]
)
"""Rows of all models and viewers come to one process at once: a model is its number there, a title its position."""


def judge_each(models: Mapping[str, Path], viewers: DataFrame, listable: pa.Array) -> dict[str, pa.Table]:
    """Judge each model on the same viewers, by lists that leave out what served lists leave out.

    Held-out titles that a model does not know or may not list count as missed.

    Args:
        models: Folders of saved models by name, at paths that workers see too.
        viewers: Histories with ``held_out``, the titles to find, as a protocol makes them; at least one.
        listable: The titles that may be listed.

    Returns:
        Model → user_id, each of METRICS at 10, listed array<string> (the first ten, best first), liked (how many titles
        the viewer was known to like) and found array<string> (those listed that were wanted): one row per viewer, in
        order of user_id.
    """
    paths = {name: str(folder) for name, folder in models.items()}
    excluded = {name: excluded_positions(held(path).title_ids, listable) for name, path in paths.items()}

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            cut: list[tuple[pa.Array, list[Block]]] = []
            for number, (name, path) in enumerate(paths.items()):
                model, start = held(path), 0
                # Models of the same titles, as popularities are, share the blocks.
                own = next((some for titles, some in cut if titles.equals(model.title_ids)), None)
                if own is None:
                    own = list(blocks([batch], model.title_ids))
                    cut.append((model.title_ids, own))
                for judged in judge_blocks(model, own, excluded[name], K):
                    rows = batch.slice(start, judged.num_rows)
                    start += judged.num_rows
                    models = pa.array(np.full(judged.num_rows, number, dtype=np.int32))
                    yield _beside(rows, judged.add_column(0, "model", models), listable)

    judged = viewers.mapInArrow(judge, _JUDGED).toArrow()
    return {name: _of_model(judged, number, listable) for number, name in enumerate(paths)}


def _of_model(judged: pa.Table, number: int, listable: pa.Array) -> pa.Table:
    """One model's rows in order of user_id, its lists in titles."""
    rows = judged.filter(pc.equal(judged["model"], number)).drop(["model"]).sort_by("user_id")
    listed = rows["listed"].combine_chunks()
    at = rows.schema.get_field_index("listed")
    return rows.set_column(at, "listed", _of_values(listed, listable.take(listed.flatten())))


def _of_values(lists: pa.ListArray, values: pa.Array) -> pa.ListArray:
    """Lists as long as these, of other values."""
    ends = np.concatenate([[0], np.cumsum(pc.list_value_length(lists))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values)


def _beside(rows: pa.RecordBatch, judged: pa.RecordBatch, listable: pa.Array) -> pa.RecordBatch:
    """What was judged, lists as positions, with how many titles each viewer liked and which of those listed were wanted."""
    listed, at = judged.column("listed"), judged.schema.get_field_index("listed")
    pairs = zip(listed.to_pylist(), map(set, rows.column("held_out").to_pylist()), strict=True)
    found = [[title for title in titles if title in wanted] for titles, wanted in pairs]
    return (
        judged.set_column(at, "listed", _of_values(listed, pc.index_in(listed.flatten(), value_set=listable)))
        .append_column("liked", pa.array(liked_titles(rows.column("weights")), pa.int32()))
        .append_column("found", pa.array(found, pa.list_(pa.string())))
    )


def means(judged: pa.Table, listable: pa.Array) -> dict[str, float]:
    """Means of what :func:`judge_each` says of one model.

    Returns:
        Metric → mean over viewers: each of METRICS at 10; and coverage, the share of the listable titles that are on at
        least one viewer's first ten; viewers, how many were judged.
    """
    listed = pc.count_distinct(judged["listed"].combine_chunks().flatten()).as_py()
    return {metric: float(np.mean(judged[metric].to_numpy())) for metric in METRICS} | {
        "coverage": listed / max(1, len(listable)),
        "viewers": float(judged.num_rows),
    }
