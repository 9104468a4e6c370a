"""Every list of any small world is what a plain program makes of the rules, one viewer and one title after another."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from jobs.recommenders import ease, popularity
from jobs.scoring.histories import Histories
from jobs.scoring.lists import lists_of
from jobs.scoring.top_n import Scorer
from tests.scoring.plans import plan_for

SEVERAL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = [f"t{n}" for n in range(9)]
UNKNOWN = "withdrawn"
Listed = tuple[str, str, float | None, float | None, float]
"""Source, title, what the model said, what rules added, what it is ordered by."""


@dataclass(frozen=True)
class World:
    """Titles, a model of some of them, rules and viewers."""

    titles: dict[str, dict[str, Any]]
    model: Scorer
    rules: dict[str, float | None]
    viewers: list[dict[str, float]]
    length: int


@st.composite
def worlds(draw: st.DrawFn) -> World:
    titles: dict[str, dict[str, Any]] = {}
    viewers: list[dict[str, float]] = draw(
        st.lists(
            st.dictionaries(st.sampled_from([*NAMES, UNKNOWN]), st.sampled_from([0.0, 1.0, 3.0])),
            min_size=1,
            max_size=5,
        )
    )
    for name in NAMES:
        seen = sum(name in history for history in viewers)
        titles[name] = {
            "genres": draw(st.lists(st.sampled_from(["Crime", "Drama", "War"]), unique=True, max_size=2)),
            "vote_count": draw(st.sampled_from([None, 0, 7])),
            "is_listable": draw(st.integers(0, 5)) > 0,
            "viewers": seen or None,
            "recent_viewers": draw(st.integers(0, seen)) if seen else None,
        }
    known = [*draw(st.permutations(NAMES))[: draw(st.integers(1, 9))], UNKNOWN]
    rules = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, -1.0, -0.5, 0.25, 1.0]), max_size=3))
    numbers = np.random.default_rng(draw(st.integers(0, 2**16)))
    model: Scorer
    if draw(st.integers(0, 3)):
        weights = numbers.integers(-3, 4, (len(known),) * 2).astype(np.float32)
        model = ease.Model(pa.array(known), weights, np.zeros(len(known), np.float32), ease.Parameters())
    else:
        counts = numbers.integers(0, 4, (len(known), 1)).astype(np.float32)
        model = popularity.Model(pa.array(known), counts, popularity.Parameters())
    return World(titles, model, rules, [*viewers, {}], draw(st.integers(1, 12)))


def plain_list(world: World, history: dict[str, float]) -> list[Listed]:
    """A viewer's list, by the book."""
    allowed = [
        name
        for name in NAMES
        if world.titles[name]["is_listable"] and not (name in world.rules and world.rules[name] is None)
    ]
    strengths = {name: world.rules.get(name) or 0.0 for name in NAMES}
    known: list[str] = world.model.title_ids.to_pylist()
    taste = csr_matrix([[history.get(name, 0.0) for name in known]], dtype=np.float32)
    scores = dict(zip(known, world.model.scores(Histories.of(taste))[0].tolist(), strict=True))
    made: list[Listed] = []

    def go_on(source: str, titles: list[str], values: dict[str, float], best: float, *, is_model: bool) -> None:
        boosts = {name: strengths[name] * abs(best) for name in titles}
        for name in sorted(titles, key=lambda name: -(values[name] + boosts[name])):
            if name not in history and name not in {row[1] for row in made} and len(made) < world.length:
                boost = boosts[name] if strengths[name] and (boosts[name] or source != "personal") else None
                said = values[name] if is_model and name in known else None
                made.append((source, name, said, boost, values[name] + boosts[name]))

    recent = {name: float(world.titles[name]["recent_viewers"] or 0) for name in NAMES}
    popular = sorted(allowed, key=lambda name: (
        -recent[name], -(world.titles[name]["viewers"] or 0), -(-1 if world.titles[name]["vote_count"] is None else
        world.titles[name]["vote_count"]), name))  # fmt: skip
    if isinstance(world.model, popularity.Model):
        values = {name: scores.get(name, 0.0) for name in allowed}
        ordered = [name for name in known if name in allowed] + [name for name in popular if name not in known]
        go_on("popular", ordered, values, max(values.values(), default=0.0), is_model=True)
        return made
    if any(history.get(name, 0.0) > 0 for name in known):
        own = [name for name in known if name in allowed and name not in history]
        go_on("personal", own, scores, max((scores[name] for name in own), default=0.0), is_model=True)
    genres = Counter(g for name in history if history[name] > 0 and name in NAMES for g in world.titles[name]["genres"])
    if genres:
        likes = min(genres, key=lambda genre: (-genres[genre], genre))
        tier = [name for name in popular if likes in world.titles[name]["genres"] and world.titles[name]["viewers"]]
        go_on("segment", tier, recent, max((recent[name] for name in tier), default=0.0), is_model=False)
    go_on("popular", popular, recent, max((recent[name] for name in popular), default=0.0), is_model=False)
    return made


def made_lists(world: World, folder: Path) -> list[list[dict[str, Any]]]:
    """The lists of all viewers at once."""
    kind = "popularity" if isinstance(world.model, popularity.Model) else "ease"
    plan = plan_for(folder, world.model, world.titles, world.length, kind, **world.rules)
    rows = [
        {"user_id": f"u{n}", "title_ids": list(history), "weights": list(history.values())}
        for n, history in enumerate(world.viewers)
    ]
    schema = {"user_id": pa.string(), "title_ids": pa.list_(pa.string()), "weights": pa.list_(pa.float64())}
    made = pa.Table.from_batches(lists_of(plan, [pa.RecordBatch.from_pylist(rows, pa.schema(schema))])).to_pylist()
    return [[row for row in made if row["user_id"] == f"u{n}"] for n in range(len(world.viewers))]


@SEVERAL
@given(worlds())
def test_every_list_is_what_a_plain_program_makes(world: World) -> None:
    with TemporaryDirectory() as folder:
        made = made_lists(world, Path(folder))

    for history, rows in zip(world.viewers, made, strict=True):
        told = [tuple(row[name] for name in ("source", "title_id", "model_score", "boost", "score")) for row in rows]
        assert told == plain_list(world, history)
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


@SEVERAL
@given(worlds())
def test_every_list_has_as_many_titles_as_are_left_to_its_viewer_each_once_and_none_seen_or_blocked(
    world: World,
) -> None:
    with TemporaryDirectory() as folder:
        made = made_lists(world, Path(folder))

    blocked = {name for name, boost in world.rules.items() if boost is None}
    allowed = {name for name, facts in world.titles.items() if facts["is_listable"]} - blocked
    for history, rows in zip(world.viewers, made, strict=True):
        listed = [row["title_id"] for row in rows]
        assert len(listed) == len(set(listed)) == min(world.length, len(allowed - history.keys()))
        assert set(listed) <= allowed - history.keys()
