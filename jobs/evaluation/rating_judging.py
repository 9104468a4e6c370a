"""A model that predicts ratings, held against those that were held out."""

from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.errors import JobError
from jobs.evaluation.judging import positions_of
from jobs.evaluation.metrics import Floats, rating_errors
from jobs.scoring.histories import Block, Histories, blocks
from jobs.scoring.top_n import Scorer


@runtime_checkable
class RatingScorer(Scorer, Protocol):
    """A scorer that also says which rating a viewer would give."""

    def predict(
        self, histories: Histories, viewers: NDArray[np.int64], titles: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Ratings from 0 to 10, one per pair of a row of the histories and a position among the titles."""
        ...


def judge_ratings(name: str, model: Scorer, viewers: pa.Table, lowest: float, highest: float) -> dict[str, Floats]:
    """Errors of predicted ratings, on a set's own scale, predictions cut to its ends.

    A title that the model does not know is predicted as the viewer's mean rating.

    Args:
        name: What the model is called.
        model: The model.
        viewers: Histories with ``held_out`` and ``held_out_ratings``, 0 to 10.
        lowest: Lowest rating of the set's scale.
        highest: Its highest rating.

    Returns:
        :func:`jobs.evaluation.metrics.rating_errors`.

    Raises:
        JobError: The model does not predict ratings.
    """
    if not isinstance(model, RatingScorer):
        raise JobError(
            f"nothing was evaluated: {name} predicts no ratings, and kfold-rating judges nothing else; take a rating model, "
            "or another protocol"
        )
    step = highest / 10.0
    found = []
    for block in blocks(viewers.combine_chunks().to_batches(), model.title_ids):
        predicted, given, viewer = _predict(model, block)
        cut = np.clip(predicted * step, lowest, highest)
        found.append(rating_errors(cut, given * step, viewer, block.rows.num_rows))
    return {part: np.concatenate([one[part] for one in found]) for part in found[0]}


def _predict(model: RatingScorer, block: Block) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Predicted and given ratings of a block's held-out titles, and whose they are."""
    lists = block.rows.column("held_out")
    given = np.asarray(block.rows.column("held_out_ratings").flatten(), dtype=np.float64)
    everything = lists.flatten()
    _, _, counts = positions_of(lists, model.title_ids)
    viewer = np.repeat(np.arange(len(lists)), counts)
    known, position, _ = positions_of(
        pa.ListArray.from_arrays(list(range(len(everything) + 1)), everything), model.title_ids
    )
    ratings = block.histories.ratings
    rated = np.diff(ratings.indptr)
    sums = np.asarray(ratings.sum(axis=1)).ravel().astype(np.float64)
    mean = np.where(rated > 0, sums / np.maximum(1, rated), ratings.data.mean() if len(ratings.data) else 5.0)
    predicted = mean[viewer]
    predicted[known] = model.predict(block.histories, viewer[known], position)
    return predicted, given, viewer
