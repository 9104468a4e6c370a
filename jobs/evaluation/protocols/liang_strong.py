"""``liang-strong``: strong generalisation. Viewers are held out whole, and known by four fifths of their titles.

Liang, Krishnan, Hoffman and Jebara (2018), "Variational autoencoders for collaborative filtering", section 4.1: ratings of
at least 4 of 5 are positive; viewers with at least 5 of them; 10,000 viewers each for validation and test, or 10 % where
that is fewer; a model learns from the others, and its titles are theirs. Of a held-out viewer a random 80 % of the titles
is folded in and 20 % (rounded down) scored; who has fewer than 5 of training's titles is folded in whole, and not scored.
Recall is divided by min(k, relevant) there (``capped_recall`` here) at 20 and 50; nDCG is at 100. Models are tuned on the
validation viewers: they are what the training set's own division gives. All weights are 1; ages are counted from the
newest rating of training.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.interactions import Interactions, Preferences, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split

RULES = Rules(k=100, cutoffs=(20, 50))
_LEAST_STARS = 4.0
_LEAST_TITLES = 5
_HELD_OUT = 10_000
_HELD_OUT_SHARE = 0.1
_SCORED_SHARE = 0.2


def split(data: Interactions, seed: int, fold: int = 0) -> Split:  # noqa: ARG001
    """Hold out two groups of viewers: judged are those of test, and those of validation on the training set's division."""
    positive = data.only(data.stars(_LEAST_STARS)).pairs()
    counts = np.bincount(positive.viewer, minlength=len(data.user_ids))
    viewers = np.flatnonzero(counts >= _LEAST_TITLES)
    random = np.random.default_rng(seed)
    mixed = random.permutation(viewers)
    size = min(_HELD_OUT, int(len(viewers) * _HELD_OUT_SHARE))
    test, validation, others = mixed[:size], mixed[size : 2 * size], mixed[2 * size :]
    known = positive.where(np.isin(positive.viewer, others))
    as_of = moment(int(known.seconds.max(initial=0)))
    rest = data.of_pairs(known)

    def divided(group: NDArray[np.int64], inner: Callable[[], Split]) -> Split:
        held = positive.where(np.isin(positive.viewer, group) & np.isin(positive.title, known.title))
        is_scored = _draw(held, np.random.default_rng((seed, int(group[0]) if len(group) else 0)))
        return Split(
            training_set(data, known, as_of, inner),
            viewers_to_judge(data, held.where(~is_scored), held.where(is_scored), as_of),
            data.title_ids.take(np.unique(known.title)),
        )

    return divided(test, lambda: divided(validation, lambda: split(rest, seed)))


def _draw(held: Preferences, random: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are scored: of each viewer a fifth, rounded down, of those with five or more."""
    order = np.lexsort((random.random(len(held)), held.viewer))
    _, starts, counts = np.unique(held.viewer, return_index=True, return_counts=True)
    within = np.empty(len(held), dtype=np.int64)
    within[order] = np.arange(len(held)) - np.repeat(starts, counts)
    scored = np.where(counts >= _LEAST_TITLES, np.floor(_SCORED_SHARE * counts + 1e-9), 0)
    return within < np.repeat(scored, counts)
