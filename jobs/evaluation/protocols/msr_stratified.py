"""``msr-stratified``: as Microsoft Recommenders compares models. A random 75 % of each title's ratings is known.

Microsoft Recommenders, ``python_stratified_split(ratio=0.75, filter_by="item")`` and its benchmark notebooks, k = 10:
per *title* a random 75 % (rounded) of its ratings is training, the rest test. Every test rating counts as relevant,
whatever its value; titles that a viewer rated in training are not recommended; means over viewers with test ratings.
Their MAP divides by the number of relevant titles. All weights are 1; ages are counted from the newest rating of the
training part, as a random split knows no moment.
"""

import numpy as np

from jobs.evaluation.interactions import Interactions, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split

RULES = Rules(averages_over_all=True)
_TRAINING_SHARE = 0.75


def split(data: Interactions, seed: int, fold: int = 0) -> Split:  # noqa: ARG001
    """Divide each title's ratings at random."""
    pairs = data.pairs()
    order = np.lexsort((np.random.default_rng(seed).random(len(pairs)), pairs.title))
    counts = np.bincount(pairs.title, minlength=len(data.title_ids))
    within = np.empty(len(pairs), dtype=np.int64)
    within[order] = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
    # Half a rating is rounded to the even number, as Python's round does.
    is_known = within < np.rint(_TRAINING_SHARE * counts)[pairs.title]
    known, wanted = pairs.where(is_known), pairs.where(~is_known)
    as_of = moment(int(known.seconds.max(initial=0)))
    return Split(
        training_set(data, known, as_of, lambda: split(data.of_pairs(known), seed), by_chance=True),
        viewers_to_judge(data, known, wanted, as_of),
        data.title_ids.take(np.unique(known.title)),
    )
