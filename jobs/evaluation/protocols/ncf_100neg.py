"""``ncf-100neg``: leave the last one out, and find it among 100 sampled titles.

He et al. (2017), "Neural collaborative filtering", section 4.1, as Rendle et al. (2020, 2022) re-ran it: every interaction
is positive; each viewer's newest is test; it is ranked with 100 titles drawn, without repetition, from those that the
viewer never interacted with. Hit rate and nDCG at 10. Sampled metrics say little of full rankings (Krichene and Rendle,
2020): never compare them with those of other protocols. All weights are 1; ages are counted from the newest interaction
of training.
"""

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.interactions import Interactions, Preferences, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split

RULES = Rules(asks_for="candidates")
_NEGATIVES = 100


def split(data: Interactions, seed: int, fold: int = 0) -> Split:  # noqa: ARG001
    """Leave each viewer's newest interaction out; of two at once the one that comes last by title."""
    pairs = data.pairs()
    order = np.lexsort((pairs.title, pairs.seconds, pairs.viewer))
    is_last = np.append(np.diff(pairs.viewer[order]) != 0, True)[: len(order)]
    is_left_out = np.zeros(len(pairs), dtype=bool)
    is_left_out[order[is_last]] = True
    # Who did one thing only has no history to be known by.
    is_left_out &= np.bincount(pairs.viewer, minlength=len(data.user_ids))[pairs.viewer] > 1
    known, wanted = pairs.where(~is_left_out), pairs.where(is_left_out)
    as_of = moment(int(known.seconds.max(initial=0)))
    return Split(
        training_set(data, known, as_of, lambda: split(data.of_pairs(known), seed)),
        viewers_to_judge(data, known, wanted, as_of, _candidates(pairs, wanted, seed)),
        data.title_ids,
    )


def _candidates(pairs: Preferences, wanted: Preferences, seed: int) -> dict[int, NDArray[np.int32]]:
    """The wanted title of each viewer, and others drawn from the titles that the viewer never met."""
    random = np.random.default_rng(seed)
    titles = np.unique(pairs.title)
    bounds = np.searchsorted(pairs.viewer, [wanted.viewer, wanted.viewer + 1])
    found = {}
    for viewer, title, start, end in zip(wanted.viewer, wanted.title, *bounds, strict=True):
        met = pairs.title[start:end]
        found[int(viewer)] = np.append(_draw(titles, met, random), title).astype(np.int32)
    return found


def _draw(titles: NDArray[np.int32], met: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.int32]:
    """Up to 100 titles that are not among those met, each at most once."""
    if len(titles) < 4 * (len(met) + _NEGATIVES):
        return random.permutation(np.setdiff1d(titles, met))[:_NEGATIVES]
    drawn = titles[random.integers(len(titles), size=2 * _NEGATIVES + len(met))]
    _, first = np.unique(drawn, return_index=True)
    once = drawn[np.sort(first)]
    unmet = once[~np.isin(once, met)][:_NEGATIVES]
    return unmet if len(unmet) == _NEGATIVES else _draw(titles, met, random)
