"""``kfold-rating``: five-fold cross-validation of predicted ratings, as Surprise's tables are made.

Hug (2020), "Surprise: a Python library for recommender systems": all ratings are dealt at random into five parts; each
part is predicted by a model that learned from the other four. RMSE and MAE on the set's own scale, predictions cut to it;
the mean of the five. It asks for a model that predicts ratings. All weights are 1; ages are counted from the newest rating
of training.
"""

import numpy as np

from jobs.evaluation.interactions import Interactions, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split

RULES = Rules(asks_for="ratings", folds=5)


def split(data: Interactions, seed: int, fold: int = 0) -> Split:
    """Hold out one part of five."""
    ratings = data.only(~np.isnan(data.rating)).pairs()
    part = np.random.default_rng(seed).permutation(len(ratings)) % RULES.folds
    known, wanted = ratings.where(part != fold), ratings.where(part == fold)
    as_of = moment(int(known.seconds.max(initial=0)))
    return Split(
        training_set(data, known, as_of, lambda: split(data.of_pairs(known), seed)),
        viewers_to_judge(data, known, wanted, as_of),
        data.title_ids.take(np.unique(known.title)),
    )
