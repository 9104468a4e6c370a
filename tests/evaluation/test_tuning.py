"""Searching parameters of which the best are known: found, repeatable, pruned, resumed, in time."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pyarrow as pa
import pytest

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation import rungs, tuning
from jobs.evaluation.judging import judge
from jobs.evaluation.measures import ndcg
from jobs.scoring.space import Choice
from jobs.scoring.training_set import Split, TrainingSet
from tests.evaluation import peak

FEWEST = 40
"""Viewers of a rung, where the project asks for more than these tests have."""
SEARCH = """
import sys
from pathlib import Path
from jobs import recommenders
from jobs.evaluation import rungs, tuning
from jobs.evaluation.measures import ndcg
from tests.evaluation import peak
recommenders.__path__.append(str(Path(peak.__file__).parent))
sys.modules["jobs.recommenders.peak"] = peak
rungs._FEWEST = int(sys.argv[2])
said = lambda trial: print(trial.number, flush=True)
given, storage = {"pause_seconds": "0.05"}, Path(sys.argv[1])
tuning.search("peak", peak.training_set(), 12, 5, given, storage=storage, on_trial=said, measure=ndcg(1))
"""


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recommenders, as if peak.py were in their folder, and rungs for few viewers."""
    monkeypatch.setattr(rungs, "_FEWEST", FEWEST)
    monkeypatch.setattr(recommenders, "__path__", [*recommenders.__path__, str(Path(peak.__file__).parent)])
    monkeypatch.setitem(sys.modules, "jobs.recommenders.peak", peak)


def steps(found: tuning.Found) -> list[tuple[object, ...]]:
    return [(one.number, one.state, dict(one.parameters), one.value, dict(one.rungs)) for one in found.trials]


def test_finds_the_best_parameters_whatever_the_seed() -> None:
    for seed in (1, 2, 3):
        found = tuning.search("peak", peak.training_set(), 40, seed, measure=ndcg(1))

        assert found.parameters.kind == "round"
        assert abs(math.log(found.parameters.size / peak.BEST)) < 0.5
        assert found.value == max(one.value or 0.0 for one in found.trials if one.state == "complete")


def test_tries_the_defaults_first() -> None:
    found = tuning.search("peak", peak.training_set(), 1, seed=1, measure=ndcg(1))

    assert found.parameters == peak.Parameters()
    assert [one.parameters for one in found.trials] == [recommenders.values_of(peak.Parameters())]


def test_tries_known_recipes_after_the_defaults_but_for_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "STARTS", ({"size": 50.0, "kind": "square"}, {"kind": "round"}), raising=False)

    found = tuning.search("peak", peak.training_set(), 4, seed=1, measure=ndcg(1))
    given = tuning.search("peak", peak.training_set(), 3, seed=1, given={"kind": "plain"}, measure=ndcg(1))

    tried = [(one.parameters["size"], one.parameters["kind"]) for one in found.trials]
    assert tried[:3] == [(0.02, "plain"), (50.0, "square"), (0.02, "round")]
    assert tried[3] not in tried[:3]
    assert [one.parameters["size"] for one in given.trials[:2]] == [0.02, 50.0]
    assert given.trials[2].parameters["size"] not in (0.02, 50.0), "nothing is left of the other recipe"


def test_the_same_seed_tries_the_same_and_another_something_else() -> None:
    once, again, other = (tuning.search("peak", peak.training_set(), 12, seed, measure=ndcg(1)) for seed in (5, 5, 6))

    assert steps(once) == steps(again)
    assert steps(once)[1:] != steps(other)[1:]


def test_parameters_that_are_given_stay() -> None:
    found = tuning.search("peak", peak.training_set(), 12, seed=1, given={"kind": "square"}, measure=ndcg(1))

    assert {one.parameters["kind"] for one in found.trials} == {"square"}
    assert len({one.parameters["size"] for one in found.trials}) == 12


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was done with how many viewers."""
    done: list[tuple[str, int]] = []
    fit = peak.fit

    def fitted(training: TrainingSet, parameters: peak.Parameters) -> peak.Model:
        model = fit(training, parameters)
        done.append(("fitted", len(training.table["viewer"].unique())))
        return model

    def judged(model: peak.Model, viewers: pa.Table, listable: pa.Array, k: int) -> pa.Table:
        done.append(("judged", viewers.num_rows))
        return judge(model, viewers, listable, k)

    monkeypatch.setattr(peak, "fit", fitted)
    monkeypatch.setattr("jobs.evaluation.measures.judge", judged)
    return done


def test_a_poor_trial_is_neither_fitted_nor_judged_on_more_than_a_sample(worked: list[tuple[str, int]]) -> None:
    found = tuning.search("peak", peak.training_set(), 30, seed=1, measure=ndcg(1))

    trials = [one for one in found.trials if one.state != "failed"]
    complete, pruned = ([one for one in trials if one.state == state] for state in ("complete", "pruned"))
    assert len(pruned) > len(trials) / 3
    for what in ("fitted", "judged"):
        assert worked.count((what, 44)) == len(trials)
        assert worked.count((what, peak.VIEWERS)) == len(complete)
    assert {tuple(one.rungs) for one in complete} == {(11, 100)}
    assert max(one.value or 0.0 for one in pruned) < found.value


def test_a_small_set_has_no_rung_but_all_viewers(
    worked: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rungs, "_FEWEST", 1_000)

    found = tuning.search("peak", peak.training_set(), 10, seed=1, measure=ndcg(1))

    assert {one.state for one in found.trials} <= {"complete", "failed"}
    assert {viewers for _, viewers in worked} == {peak.VIEWERS}


def test_a_rung_holds_the_viewers_of_the_one_below_and_divides_into_a_sample_too() -> None:
    whole = peak.training_set()
    assert whole.split is not None
    divided = whole.split()
    again = replace(divided, training=replace(divided.training, split=whole.split))

    first, last = rungs.rungs(again, seed=3)

    def people(training: TrainingSet) -> set[int]:
        return set(training.table["viewer"].to_pylist())

    assert people(first.training) < people(last.training)
    assert set(first.viewers["user_id"].to_pylist()) < set(last.viewers["user_id"].to_pylist())
    assert (last.training, last.viewers) == (again.training, again.viewers)
    assert first.training.split is not None
    inner = first.training.split()
    assert (len(people(inner.training)), inner.viewers.num_rows) == (44, 44)
    assert people(first.training) == people(rungs.rungs(again, seed=3)[0].training)
    assert people(first.training) != people(rungs.rungs(again, seed=4)[0].training)


def test_a_trial_that_cannot_be_fitted_counts_as_failed_with_its_line() -> None:
    found = tuning.search("peak", peak.training_set(), 40, seed=1, measure=ndcg(1))

    failed = [one for one in found.trials if one.state == "failed"]
    assert failed
    assert all(one.value is None and "is too large" in one.line for one in failed)
    assert all(one.parameters["size"] > peak.BREAKS_ABOVE for one in failed)


def test_a_search_of_which_every_trial_fails_says_why() -> None:
    with pytest.raises(JobError, match="none of 3 trials of recommender peak was judged; the first: .* is too large"):
        tuning.search("peak", peak.training_set(), 3, seed=1, given={"size": "60"}, measure=ndcg(1))


def test_no_trial_begins_after_the_time_but_the_first() -> None:
    given = {"pause_seconds": "0.2"}

    assert len(tuning.search("peak", peak.training_set(), 50, 1, given, seconds=0.0, measure=ndcg(1)).trials) == 1
    # A fit takes .2 seconds, on each of up to two rungs.
    assert 2 <= len(tuning.search("peak", peak.training_set(), 50, 1, given, seconds=2.0, measure=ndcg(1)).trials) <= 10


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    storage = tmp_path / "peak.db"
    killed = subprocess.Popen(
        [sys.executable, "-c", SEARCH, str(storage), str(FEWEST)], stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.strip() == "5":
            break
    killed.kill()
    killed.wait()
    fresh: list[int] = []
    given = {"pause_seconds": "0.05"}

    resumed = tuning.search(
        "peak",
        peak.training_set(),
        12,
        5,
        given,
        storage=storage,
        on_trial=lambda one: fresh.append(one.number),
        measure=ndcg(1),
    )

    assert 6 <= fresh[0] <= 7
    assert fresh == list(range(fresh[0], 13))
    assert steps(resumed) == steps(tuning.search("peak", peak.training_set(), 12, 5, given, measure=ndcg(1)))


def test_another_search_does_not_go_on_in_the_file_of_one(tmp_path: Path) -> None:
    storage = tmp_path / "peak.db"
    tuning.search("peak", peak.training_set(), 2, 1, storage=storage, measure=ndcg(1))

    with pytest.raises(JobError, match=r"peak.db holds a search of peak \{\} seed 1 .*not one of peak \{\} seed 2"):
        tuning.search("peak", peak.training_set(), 2, 2, storage=storage, measure=ndcg(1))


def test_a_search_does_not_go_on_where_another_space_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = tmp_path / "peak.db"
    tuning.search("peak", peak.training_set(), 2, 1, storage=storage, measure=ndcg(1))
    module = recommenders.find("peak")
    monkeypatch.setattr(module, "SPACE", {**peak.SPACE, "kind": Choice(("plain", "round"))})

    with pytest.raises(JobError, match="leave --resume out to begin anew"):
        tuning.search("peak", peak.training_set(), 3, 1, storage=storage, measure=ndcg(1))


def test_a_search_that_is_not_resumed_begins_anew(tmp_path: Path) -> None:
    storage, fresh = tmp_path / "peak.db", list[int]()
    for resumes in (True, True, False):
        tuning.search(
            "peak",
            peak.training_set(),
            2,
            1,
            storage=storage,
            resumes=resumes,
            on_trial=lambda one: fresh.append(one.number),
            measure=ndcg(1),
        )

    assert fresh == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("figures", "ends"),
    [([0.0] * 40, True), ([0.5] * 40, False), ([0.0] + [0.9] * 39, False)],
    ids=["poor", "worse than the best, not than the median", "better than both"],
)
def test_a_trial_ends_on_a_rung_where_it_is_worse_than_the_best_and_than_the_median(
    figures: list[float], ends: bool
) -> None:
    assert (
        tuning._is_poor(11, float(np.mean(figures)), np.array(figures), tried([0.8, 0.4, 0.3, 0.2, 0.1]), ndcg(1))
        == ends
    )


def test_a_trial_that_is_not_clearly_worse_than_the_best_goes_on() -> None:
    unsure = np.array([0.0, 1.0] * 20)

    assert not tuning._is_poor(11, 0.5, unsure, tried([0.6] * 5), ndcg(1))


def tried(values: list[float]) -> optuna.Study:
    """Complete trials, each of whose viewers on the first rung is given the same figure."""
    study = optuna.create_study(direction="maximize")
    for value in values:
        study.add_trial(
            optuna.trial.create_trial(
                value=value, intermediate_values={11: value}, user_attrs={"figures": {"11": [value] * 40}}
            )
        )
    return study


def test_two_searches_in_one_file_are_refused(tmp_path: Path) -> None:
    storage = tmp_path / "peak.db"

    def again(trial: tuning.Trial) -> None:
        with pytest.raises(JobError, match="another process searches in"):
            tuning.search("peak", peak.training_set(), 2, 1, storage=storage, resumes=False, measure=ndcg(1))
        assert storage.exists()

    assert (
        len(tuning.search("peak", peak.training_set(), 2, 1, storage=storage, on_trial=again, measure=ndcg(1)).trials)
        == 2
    )


def test_what_cannot_be_searched_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, split = peak.training_set(), peak.training_set().split
    assert split is not None

    with pytest.raises(JobError, match="all that could be searched is given"):
        tuning.search("peak", whole, 2, 1, {"size": "1", "kind": "round"})
    with pytest.raises(JobError, match="cannot be divided"):
        tuning.search("peak", replace(whole, split=None), 2, 1)
    nobody = Split(split().training, split().viewers.slice(0, 0), split().listable)
    with pytest.raises(JobError, match="no viewer liked a new title in the later part"):
        tuning.search("peak", replace(whole, split=lambda: nobody), 2, 1)
    monkeypatch.delattr(peak, "SPACE")
    with pytest.raises(JobError, match="recommender peak has no search space"):
        tuning.search("peak", whole, 2, 1)
