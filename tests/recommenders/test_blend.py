"""The blend: weights go to the parts that foretell, and units do not matter."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.recommenders import blend, popularity
from jobs.recommenders.blend import Parameters, _Lists, _weigh
from jobs.scoring.histories import Histories
from tests.recommenders.test_two_stage import fashions

PARTS = Parameters(parts="ease(reg_param=5), popularity(window_days=3), popularity", candidates=20)


def test_weight_goes_to_the_part_that_foretells() -> None:
    rng = np.random.default_rng(3)
    row, wanted = np.repeat(np.arange(200), 30), rng.random(6000) < 0.1
    scores = np.column_stack([rng.normal(size=6000), wanted + 0.3 * rng.normal(size=6000)]).astype(np.float32)

    weights = _weigh([_Lists(row, scores, wanted, np.ones(200))], 2)

    assert weights[1] > 3 * weights[0]


def test_the_gain_is_ndcg_at_10_by_hand() -> None:
    row, scores = np.zeros(3, dtype=np.int64), np.array([[1.0], [3.0], [2.0]], dtype=np.float32)
    two_wanted = 1 + 1 / np.log2(3)

    lists = _Lists(row, scores, np.array([True, True, False]), np.array([two_wanted]))

    assert lists.gain(np.ones(1)) == pytest.approx((1 + 1 / np.log2(4)) / two_wanted)


def test_where_fashions_change_recent_popularity_weighs_more_than_that_of_all_time() -> None:
    model = blend.fit(fashions(), PARTS)

    assert model.weights[1] > model.weights[2]


def test_a_viewer_who_liked_nothing_yet_gets_what_is_popular() -> None:
    model = blend.fit(fashions(), replace(PARTS, parts="ease(reg_param=5), popularity(window_days=3)"))
    cold = Histories.of(csr_matrix((1, len(model.title_ids)), dtype=np.float32))

    recent = popularity.fit(fashions(), popularity.Parameters(window_days=3))

    assert model.title_ids[int(model.scores(cold)[0].argmax())] == recent.title_ids[int(recent.factors.argmax())]


def test_a_hybrid_of_hybrids_is_refused() -> None:
    with pytest.raises(JobError, match="parts=blend holds a hybrid"):
        blend.fit(fashions(), replace(PARTS, parts="blend"))
