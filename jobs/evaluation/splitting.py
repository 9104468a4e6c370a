"""How a protocol's choice of rows becomes what recommenders learn from and what they are judged on."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import JobError
from jobs.evaluation.interactions import Floats, Interactions, Preferences
from jobs.scoring.training_set import Split, TrainingSet
from jobs.scoring.units import MICROS_PER_SECOND, SECONDS_PER_DAY


def training_set(
    data: Interactions,
    known: Preferences,
    as_of: datetime,
    inner: Callable[[], Split] | None,
    *,
    by_chance: bool = False,
) -> TrainingSet:
    """What recommenders learn from.

    Args:
        data: Where the rows are from.
        known: The rows.
        as_of: From when ages are counted.
        inner: Divides the same rows by the same protocol.
        by_chance: Whether that protocol divides by chance, and not in time.

    Raises:
        JobError: There are fewer than two viewers or two titles: nothing can be learned from one.
    """
    for what, numbers in (("viewer", known.viewer), ("title", known.title)):
        count = len(np.unique(numbers))
        if count < 2:
            there = f"{'no' if count == 0 else 'one'} {what}"
            raise JobError(f"nothing was evaluated: {there} to learn from in {data.name}; give more ratings or events")
    rows = pa.table(
        {
            "viewer": pa.array(known.viewer, pa.int32()),
            "title": pa.array(known.title, pa.int32()),
            "weight": pa.array(known.weight, pa.float32()),
            "rating": pa.array(known.rating, pa.float32(), from_pandas=True),
            "last_at": pa.array(known.seconds * MICROS_PER_SECOND, pa.timestamp("us", "UTC")),
        }
    )
    catalogue = None if data.catalogue is None else lambda: data.catalogue
    return TrainingSet(data.title_ids, as_of, data.cores, rows, data.spark, inner, catalogue, by_chance)


def viewers_to_judge(
    data: Interactions,
    history: Preferences,
    wanted: Preferences,
    as_of: datetime,
    candidates: dict[int, NDArray[np.int32]] | None = None,
) -> pa.Table:
    """Histories of everybody who wants something, with what they want.

    Args:
        data: Where the rows are from.
        history: What is known of viewers.
        wanted: The titles to find; in order of viewer.
        as_of: From when ages are counted.
        candidates: Viewer → the titles among which those wanted are to be found; all, if None.

    Returns:
        user_id, title_ids, weights, ratings, ages, held_out array<string>, held_out_ratings array<double> (0 to 10) and,
        where there are some, candidates array<string>: one row per viewer, in order of user_id.

    Raises:
        JobError: Nobody wants anything.
    """
    if not len(wanted):
        raise JobError(
            f"nothing was evaluated: nobody to judge on in {data.name}: no viewer of the held-out part has a new title "
            "there; give more ratings or events"
        )
    viewers = np.unique(wanted.viewer)
    kept = history.where(np.isin(history.viewer, viewers))
    starts = _starts(kept.viewer, viewers)
    age = np.maximum(0.0, (as_of.timestamp() - kept.seconds) / SECONDS_PER_DAY)
    wanted_starts = _starts(wanted.viewer, viewers)
    columns = {
        "user_id": data.user_ids.take(pa.array(viewers)),
        "title_ids": _lists(starts, data.title_ids.take(pa.array(kept.title))),
        "weights": _lists(starts, pa.array(kept.weight.astype(np.float64))),
        "ratings": _lists(starts, _nullable(kept.rating)),
        "ages": _lists(starts, pa.array(age)),
        "held_out": _lists(wanted_starts, data.title_ids.take(pa.array(wanted.title))),
        "held_out_ratings": _lists(wanted_starts, _nullable(wanted.rating)),
    }
    if candidates is not None:
        chosen = [candidates[int(viewer)] for viewer in viewers]
        ends = np.concatenate([[0], np.cumsum([len(titles) for titles in chosen])])
        columns["candidates"] = _lists(ends, data.title_ids.take(pa.array(np.concatenate(chosen))))
    return pa.table(columns)


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values.astype(np.float64), from_pandas=True)


def _starts(rows: NDArray[np.int32], viewers: NDArray[np.int32]) -> NDArray[np.int64]:
    """Where each viewer's rows begin, and where the last ends."""
    return np.append(np.searchsorted(rows, viewers), len(rows))


def _lists(starts: NDArray[np.int64], values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)
