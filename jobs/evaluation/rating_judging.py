"""A model that predicts ratings, held against those that were held out."""

from typing import Protocol, get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.metrics import Floats, rating_errors
from jobs.evaluation.protocols.rules import Rules
from jobs.scoring.histories import Block, Histories, blocks
from jobs.scoring.top_n import Scorer


class RatingScorer(Scorer, Protocol):
    """A scorer that also says which rating a viewer would give."""

    def predict(
        self, histories: Histories, viewers: NDArray[np.int64], titles: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Ratings from 0 to 10, one per pair of a row of the histories and a position among the titles.

        A title that the model does not know has the position -1: it is predicted from what is known of the viewer.
        """
        ...


def require_predictions(name: str, rules: Rules) -> None:
    """Refuse a recommender whose models predict no ratings where nothing else is judged: before anything is fitted.

    Raises:
        JobError: What its ``fit`` makes is no :class:`RatingScorer`.
    """
    made = get_type_hints(recommenders.find(name).fit)["return"]
    if rules.asks_for == "ratings" and not hasattr(made, RatingScorer.predict.__name__):
        raise JobError(
            f"nothing was fitted: {name} predicts no ratings, and kfold-rating judges nothing else; take a rating model, "
            "or another protocol"
        )


def judge_ratings(model: RatingScorer, viewers: pa.Table, lowest: float, highest: float) -> dict[str, Floats]:
    """Errors of predicted ratings, on a set's own scale, predictions cut to its ends.

    Args:
        model: The model.
        viewers: Histories with ``held_out`` and ``held_out_ratings``, 0 to 10.
        lowest: Lowest rating of the set's scale.
        highest: Its highest rating.

    Returns:
        :func:`jobs.evaluation.metrics.rating_errors`.
    """
    step = highest / 10.0
    found = []
    for block in blocks(viewers.combine_chunks().to_batches(), model.title_ids):
        predicted, given, viewer = _predict(model, block)
        cut = np.clip(predicted * step, lowest, highest)
        found.append(rating_errors(cut, given * step, viewer, block.rows.num_rows))
    return {part: np.concatenate([one[part] for one in found]) for part in found[0]}


def _predict(model: RatingScorer, block: Block) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Predicted and given ratings of a block's held-out titles, and whose they are."""
    titles = block.rows.column("held_out")
    given = np.asarray(block.rows.column("held_out_ratings").flatten(), dtype=np.float64)
    viewer = np.repeat(np.arange(len(titles)), np.asarray(pc.list_value_length(titles)))
    position = np.asarray(pc.fill_null(pc.index_in(titles.flatten(), value_set=model.title_ids), -1)).astype(np.int64)
    return np.asarray(model.predict(block.histories, viewer, position), dtype=np.float64), given, viewer
