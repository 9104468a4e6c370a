"""Evaluation of 100,000 viewers x 20,000 titles in memory: dividing, judging, intervals."""

import time
from collections.abc import Callable
from typing import NoReturn

import numpy as np
import pyarrow as pa

from jobs.evaluation.evaluating import Plan, evaluate
from jobs.evaluation.interactions import Interactions
from jobs.evaluation.judging import Question, judge_by
from jobs.evaluation.protocols import temporal
from jobs.recommenders import ease
from jobs.settings import Settings, cores_here

_VIEWERS, _TITLES, _EVENTS = 120_000, 20_000, 6_000_000
_SECONDS = 365 * 24 * 60 * 60
_GOAL_SECONDS = 120


def run(say: Callable[[str], object]) -> None:
    """6 million ratings of 120,000 viewers and 20,000 titles; the goal is 2 minutes, fitting left out."""
    data = _ratings()
    steps = [("", time.monotonic())]
    found = evaluate(
        Plan("ials", "temporal", {"rank": "64", "iterations": "1"}),
        data,
        lambda step: steps.append((step, time.monotonic())),
    )
    ended = [*(at for _, at in steps[1:]), time.monotonic()]
    seconds = {step: end - at for (step, at), end in zip(steps, ended, strict=True) if step}
    for step, taken in seconds.items():
        say(f"{step:40} {taken:6.1f} s")
    own = sum(taken for step, taken in seconds.items() if "fitting" not in step)
    say(
        f"all but fitting, products of factors     {own:6.1f} s   goal {_GOAL_SECONDS} s; {found.viewers:,.0f} viewers judged"
    )
    split = temporal.split(data, 1)
    weights = np.random.default_rng(1).normal(size=(_TITLES, _TITLES)).astype(np.float32)
    model = ease.Model(data.title_ids, weights, np.zeros(_TITLES, dtype=np.float32), ease.Parameters())
    began = time.monotonic()
    judge_by(model, split.viewers, split.listable, Question())
    say(f"judging alone, scores that are written   {time.monotonic() - began:6.1f} s   goal {_GOAL_SECONDS} s")


def _no_session() -> NoReturn:
    raise SystemExit("a Spark session was asked for")


def _ratings() -> Interactions:
    """Ratings with a long tail of titles and of viewers, spread over a year."""
    random = np.random.default_rng(1)
    viewer = (random.beta(1, 2, _EVENTS) * _VIEWERS).astype(np.int32)
    title = (random.beta(0.5, 3, _EVENTS) * _TITLES).astype(np.int32)
    _, once = np.unique(viewer.astype(np.int64) * _TITLES + title, return_index=True)
    viewer, title = viewer[once], title[once]
    seconds = np.sort(random.integers(_SECONDS, size=len(once)))
    mixed = random.permutation(len(once))
    rating = random.integers(5, 11, size=len(once)).astype(np.float32)
    return Interactions(
        name="an invented set",
        user_ids=pa.array([f"u{n:06d}" for n in range(_VIEWERS)]),
        title_ids=pa.array([f"t{n:05d}" for n in range(_TITLES)]),
        viewer=viewer[mixed],
        title=title[mixed],
        rating=rating,
        worth=(rating - 5) / 2.5,
        seconds=1_700_000_000 + seconds,
        highest=10.0,
        lowest=0.0,
        settings=Settings(),
        cores=cores_here(),
        spark=_no_session,
    )
