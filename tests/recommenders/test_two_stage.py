"""Two stages: what time says is learned, the cold are served, and what is learned at one moment is used at another."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from jobs import recommenders
from jobs.errors import JobError
from jobs.recommenders import popularity, two_stage
from jobs.recommenders.two_stage import Model, Parameters
from jobs.scoring import parts as parts_module
from jobs.scoring.candidates import find_candidates, ranks_of
from jobs.scoring.histories import Histories
from jobs.scoring.parts import aligned, all_titles, fit_parts, parse, parts_kept
from jobs.scoring.top_n import top_titles
from jobs.scoring.training_set import TrainingSet
from jobs.scoring.windows import divided_in_time, windows
from tests.recommenders.planted import in_memory

TITLES, VIEWERS, DAYS = 60, 80, 40
SMALL = Parameters(
    parts="ease(reg_param=5), popularity(window_days=3), popularity", min_data_in_leaf=5, rounds=30, candidates=20
)


def fashions() -> TrainingSet:
    """Every few days another handful of titles is in fashion: who watches something watches one of them."""
    rng = np.random.default_rng(4)
    seen: dict[tuple[int, int], int] = {}
    for day in range(DAYS):
        for viewer in rng.permutation(VIEWERS)[: VIEWERS // 2].tolist():
            title = int(day * 5 // 4 + rng.integers(0, 6)) % TITLES
            seen.setdefault((viewer, title), DAYS - day)
    rows = [(viewer, title, 1.0) for viewer, title in seen]
    return in_memory(rows, [f"t{n:02d}" for n in range(TITLES)], [float(age) for age in seen.values()])


@pytest.fixture(scope="module")
def model() -> Model:
    return two_stage.fit(fashions(), SMALL)


def of_one(model: Model, liked: list[int]) -> Histories:
    shape = (1, len(model.title_ids))
    return Histories.of(csr_matrix((np.ones(len(liked)), ([0] * len(liked), liked)), shape, dtype=np.float32))


def test_what_is_in_fashion_comes_before_what_was(model: Model) -> None:
    _, position, *_ = top_titles(model, of_one(model, [0, 1]), 5)

    listed = {int(title[1:]) for title in model.title_ids.take(position).to_pylist()}
    newest = {(DAYS * 5 // 4 + n) % TITLES for n in range(-5, 6)}
    assert len(listed & newest) >= 4


def test_every_score_is_finite_and_candidates_lie_above_the_others(model: Model) -> None:
    scores = model.scores(of_one(model, [3, 4, 5]))[0]

    candidates = find_candidates(model.parts, of_one(model, [3, 4, 5]), SMALL.candidates).title
    others = np.setdiff1d(np.arange(len(model.title_ids)), candidates)
    assert np.isfinite(scores).all()
    assert scores[candidates].min() > scores[others].max()
    assert (np.diff(scores[others]) < 0).all()  # most popular first


def test_a_viewer_who_liked_nothing_yet_gets_what_is_popular(model: Model) -> None:
    cold = Histories.of(csr_matrix((1, len(model.title_ids)), dtype=np.float32))

    recent = popularity.fit(fashions(), popularity.Parameters(window_days=3))

    assert (
        model.scores(cold)[0].argmax() == model.title_ids.index(recent.title_ids[int(recent.factors.argmax())]).as_py()
    )


def test_a_viewer_is_ranked_the_same_alone_and_among_others(model: Model) -> None:
    rng = np.random.default_rng(2)
    many = Histories.of(csr_matrix((rng.random((9, len(model.title_ids))) < 0.2).astype(np.float32)))

    together = model.scores(many)

    for viewer in range(9):
        np.testing.assert_allclose(model.scores(many[viewer : viewer + 1])[0], together[viewer], rtol=1e-5)


@pytest.mark.parametrize("length", [3, 10, 45, 100])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.95])
def test_lists_are_those_of_all_scores_with_the_rules_kept(model: Model, length: int, share: float) -> None:
    rng = np.random.default_rng(length)
    seen = (rng.random((12, len(model.title_ids))) < 0.2).astype(np.float32)
    seen[5:7] = 0.0  # cold, and one of them knows a title that it did not like
    known = Histories.of(csr_matrix(seen * (rng.random(seen.shape) < 0.9)), csr_matrix(seen))
    excluded = np.flatnonzero(rng.random(len(model.title_ids)) < share).astype(np.int32)
    found = find_candidates(model.parts, known, SMALL.candidates, excluded)
    assert not np.isin(found.title, excluded).any()
    scores = model._spread(known, *model._ranked(known, excluded))

    row, position, score, _ = top_titles(model, known, length, excluded)

    allowed = ~seen.astype(bool)
    allowed[:, excluded] = False
    expected = [
        (viewer, int(title))
        for viewer in range(len(known))
        for title in [t for t in np.argsort(-scores[viewer], kind="stable") if allowed[viewer, t]][:length]
    ]
    assert list(zip(row.tolist(), position.tolist(), strict=True)) == expected
    np.testing.assert_array_equal(score, scores[row, position])
    if not share:
        np.testing.assert_array_equal(scores, model.scores(known))


def test_candidates_of_equal_scores_come_most_popular_first(model: Model) -> None:
    known = of_one(model, [1, 2])
    stump = (
        model.trees[: model.trees.index("Tree=0")] + "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=0.5\nis_linear=0\n\n"
    )

    _, position, score, _ = top_titles(replace(model, trees=stump), known, 10)

    candidates = find_candidates(model.parts, known, SMALL.candidates).title
    assert position.tolist() == candidates[:10].tolist()
    assert set(score.tolist()) == {0.5}


def test_trees_begin_from_the_mean_of_the_parts_standardised_scores() -> None:
    """With trees that add next to nothing the order is that of the start, whatever the units of the parts."""
    parts = "ease(reg_param=5), popularity(window_days=3)"
    still = replace(SMALL, parts=parts, rounds=1, learning_rate=1e-6)
    started = two_stage.fit(fashions(), replace(still, start=2.0))
    viewer = of_one(started, [0, 1, 5])

    found = find_candidates(started.parts, viewer, SMALL.candidates)
    linear, popular = found.scores.T.astype(float)
    popular = np.log1p(popular)
    means = ((linear - linear.mean()) / linear.std() + (popular - popular.mean()) / popular.std()) / 2

    np.testing.assert_allclose(started.scores(viewer)[0, found.title], 2.0 * means, atol=1e-4)
    assert np.ptp(two_stage.fit(fashions(), still).scores(viewer)[0, found.title]) < 1e-4


def test_is_the_same_after_it_was_saved(model: Model, tmp_path: Path) -> None:
    recommenders.save("two_stage", model, tmp_path)

    np.testing.assert_array_equal(
        recommenders.load(tmp_path).scores(of_one(model, [7, 8])), model.scores(of_one(model, [7, 8]))
    )


def test_windows_end_before_they_are_foretold_and_each_is_older() -> None:
    found = list(windows(fashions(), 3))

    assert len(found) == 3
    moments = [split.training.as_of for split in found]
    assert moments == sorted(moments, reverse=True)
    for split in found:
        assert max(split.training.table["last_at"].to_pylist()) < split.training.as_of
        for known, wanted in zip(
            split.viewers["title_ids"].to_pylist(), split.viewers["held_out"].to_pylist(), strict=True
        ):
            assert wanted
            assert not set(known) & set(wanted)


def test_dividing_in_time_says_who_knew_what_and_who_wanted_what() -> None:
    rows = [(0, 0, 1.0), (0, 1, 1.0), (1, 1, 1.0), (1, 2, 0.0), *((2, n, 1.0) for n in range(3, 9))]
    training = in_memory(rows, [f"t{n}" for n in range(9)], [9, 0, 8, 0, *[5] * 6])

    split = divided_in_time(training)

    # The newest tenth is one pair, and all that happened at that moment; a pair without weight is not wanted.
    assert split.viewers.select(["user_id", "title_ids", "ages", "held_out"]).to_pylist() == [
        {"user_id": "0", "title_ids": ["t0"], "ages": [9.0], "held_out": ["t1"]}
    ]
    assert split.training.table.num_rows == 8


def test_where_a_protocol_divides_by_chance_each_window_is_another_tenth_foretold_by_all_the_rest() -> None:
    training = replace(fashions(), by_chance=True)

    found = list(windows(training, 12))

    everything = training.table.num_rows
    assert len(found) == 10
    held_out = [
        {(row["user_id"], title) for row in split.viewers.to_pylist() for title in row["held_out"]} for split in found
    ]
    assert sum(len(pairs) for pairs in held_out) == len(set().union(*held_out)) > 0.98 * everything
    for split, pairs in zip(found, held_out, strict=True):
        known = {(str(row["viewer"]), f"t{row['title']:02d}") for row in split.training.table.to_pylist()}
        assert abs(len(known) - 0.9 * everything) < 1
        assert not known & pairs


def test_within_a_search_a_part_is_fitted_once_for_the_same_rows_and_parameters() -> None:
    training, fewer = fashions(), next(windows(fashions(), 1)).training
    again = next(windows(fashions(), 1)).training

    with parts_kept():
        first = fit_parts("ease(reg_param=5)", fewer)
        same, other = fit_parts("ease(reg_param=5)", again), fit_parts("ease(reg_param=6)", fewer)
        everything = fit_parts("ease(reg_param=5)", training)
        later = fit_parts("ease(reg_param=5)", replace(fewer, as_of=fewer.as_of + timedelta(days=1)))

    assert same[0][1] is first[0][1]
    assert other[0][1] is not first[0][1]
    assert everything[0][1] is not first[0][1]
    assert later[0][1] is not first[0][1], "ages are of another moment"
    assert fit_parts("ease(reg_param=5)", fewer)[0][1] is not first[0][1]


def test_of_the_parts_of_a_search_only_so_many_bytes_are_kept_those_asked_for_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = fashions()
    titles = len(fit_parts("ease", training)[0][1].title_ids)
    monkeypatch.setattr(parts_module, "_MOST_KEPT_BYTES", 5 * titles * titles * 4 // 2)

    with parts_kept():
        first, second, third = (fit_parts(f"ease(reg_param={n})", training)[0][1] for n in (1, 2, 3))

        assert fit_parts("ease(reg_param=3)", training)[0][1] is third
        assert fit_parts("ease(reg_param=2)", training)[0][1] is second
        assert fit_parts("ease(reg_param=1)", training)[0][1] is not first


def test_ranks_count_within_a_viewer_equal_ones_as_they_come_and_the_unknown_last() -> None:
    values = np.array([1.0, 3.0, np.nan, 3.0, 5.0], dtype=np.float32)

    assert ranks_of(values, np.array([0, 0, 0, 0, 2]), 3).tolist() == [2.0, 0.0, 3.0, 1.0, 0.0]


def test_candidates_are_the_best_of_every_part_without_what_was_seen(model: Model) -> None:
    training = fashions()
    models = fit_parts("popularity(window_days=3), popularity", training)
    parts = aligned(models, all_titles(models, training))
    known = of_one(model, [0, 2])

    found = find_candidates(parts, known, 5)

    wanted = {int(position) for part in parts for position in part.back[top_titles(part.model, part.own(known), 5)[1]]}
    assert set(found.title.tolist()) == wanted
    assert not {0, 2} & wanted


def test_what_learns_from_a_catalogue_alone_is_not_fitted_again_on_an_earlier_part() -> None:
    training, named = fashions(), "content_tfidf, popularity"
    content, popular = (popularity.fit(training, popularity.Parameters(window_days=days)) for days in (1, 3))

    again = fit_parts(named, training, [("content_tfidf", content), ("popularity", popular)])

    assert [name for name, _ in again] == ["content_tfidf", "popularity"]
    assert again[0][1] is content
    assert again[1][1] is not popular


def test_parts_are_read_with_their_parameters() -> None:
    assert parse("ease, popularity(window_days=7; half_life_days=30)") == [
        ("ease", {}),
        ("popularity", {"window_days": "7", "half_life_days": "30"}),
    ]


@pytest.mark.parametrize("parts", ["", "ease popularity", "ease(400)", "ease(", ","])
def test_parts_that_cannot_be_read_are_one_line(parts: str) -> None:
    with pytest.raises(JobError, match="cannot be read; name recommenders, such as ease"):
        parse(parts)


def test_a_hybrid_of_hybrids_is_refused() -> None:
    with pytest.raises(JobError, match="parts=two_stage holds a hybrid"):
        two_stage.fit(fashions(), replace(SMALL, parts="two_stage"))
