"""``replay-time``: as RePlay compares models, the closest to production. One moment for everybody.

RePlay (Sber AI Lab), ``TimeSplitter(time_threshold=0.2)``, k = 10: ratings of at least 3 of 5 are positive, others are not
there at all; the last 20 % of positives, from one *global* moment on, are test; viewers and titles that training does not
know are dropped from test. All weights are 1; ages are counted to the moment.
"""

import numpy as np

from jobs.evaluation.interactions import Interactions, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split

RULES = Rules(is_seeded=False)
_LEAST_STARS = 3.0
_TRAINING_FIFTHS = 4


def split(data: Interactions, seed: int, fold: int = 0) -> Split:
    """Divide positives at the moment before which four fifths of them lie; the same for every seed."""
    positive = data.only(data.stars(_LEAST_STARS))
    seconds = np.sort(positive.seconds)
    cutoff = int(seconds[len(seconds) * _TRAINING_FIFTHS // 5]) if len(seconds) else 0
    before = positive.seconds < cutoff
    past = positive.only(before)
    known, later = past.pairs(), positive.only(~before).pairs()
    is_new = ~np.isin(later.numbers(len(data.title_ids)), known.numbers(len(data.title_ids)))
    wanted = later.where(is_new & np.isin(later.viewer, known.viewer) & np.isin(later.title, known.title))
    as_of = moment(cutoff)
    return Split(
        training_set(data, known, as_of, lambda: split(past, seed, fold)),
        viewers_to_judge(data, known, wanted, as_of),
        data.title_ids.take(np.unique(known.title)),
    )
