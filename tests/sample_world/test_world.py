"""The sample world: reproducible files in the documented formats, and planted tastes that can be found again."""

import csv
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import JobError
from jobs.sample_world import World, WorldParameters, last_day, load_parameters, write_world
from jobs.sample_world.genres import GENRE_NAMES, draw_genres

SMALL = WorldParameters(seed=3, viewers=300, titles=600, events_per_day=900, days=40)
TINY = WorldParameters(seed=5, viewers=60, titles=200, events_per_day=150, days=6)
HELD_OUT_DAYS = 7

HEADERS = {
    "title.basics": "tconst titleType primaryTitle originalTitle isAdult startYear endYear runtimeMinutes genres",
    "title.ratings": "tconst averageRating numVotes",
    "title.principals": "tconst ordering nconst category job characters",
    "title.crew": "tconst directors writers",
    "title.akas": "titleId ordering title region language types attributes isOriginalTitle",
    "title.episode": "tconst parentTconst seasonNumber episodeNumber",
    "name.basics": "nconst primaryName birthYear deathYear primaryProfession knownForTitles",
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world's first delivery and the day after it."""
    folder = tmp_path_factory.mktemp("landing")
    write_world(folder, SMALL, SMALL.last_day)
    write_world(folder, SMALL, SMALL.last_day + timedelta(days=1))
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def read_tsv(landing: Path, day: date, name: str) -> list[dict[str, str]]:
    with gzip.open(landing / "imdb" / str(day) / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="\n") as lines:
        header, *rows = [line.rstrip("\n").split("\t") for line in lines]
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_jsonl(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_events(landing: Path) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    for log in sorted((landing / "interactions").glob("*/events.jsonl.gz")):
        yield date.fromisoformat(log.parent.name), read_jsonl(log)


def known_titles(landing: Path, day: date) -> set[str]:
    """Every name that the catalogue of a day has for a title."""
    details = read_jsonl(landing / "tmdb" / str(day) / "movie_details.jsonl.gz")
    by_tmdb = {f"tmdb:{detail['id']}" for detail in details}
    return by_tmdb | {row["tconst"] for row in read_tsv(landing, day, "title.basics")}


def test_the_same_parameters_make_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        write_world(tmp_path / folder, TINY, TINY.last_day)
    assert digests(tmp_path / "one") == digests(tmp_path / "other")

    write_world(tmp_path / "third", TINY.model_copy(update={"seed": 6}), TINY.last_day)
    log = f"interactions/{TINY.first_day}/events.jsonl.gz"
    assert digests(tmp_path / "one")[log] != digests(tmp_path / "third")[log]


@settings(max_examples=8, deadline=None)
@given(calls=st.lists(st.integers(0, 45), min_size=1, max_size=3))
def test_a_day_is_the_same_whichever_days_were_written_before(
    calls: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole, parts = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("parts")
    for call in calls:
        write_world(parts, TINY, TINY.first_day + timedelta(days=call))
    newest = TINY.first_day + timedelta(days=max(calls))
    write_world(whole, TINY, newest)

    written = digests(parts)
    assert digests(whole).items() <= written.items()
    assert last_day(parts) == newest


def test_a_later_call_writes_the_next_day_and_a_fresh_catalogue(tmp_path: Path) -> None:
    first = write_world(tmp_path, TINY, TINY.last_day)
    tomorrow = TINY.last_day + timedelta(days=1)
    before = digests(tmp_path)
    told: list[tuple[int, int]] = []

    assert len(first) == TINY.days
    assert write_world(tmp_path, TINY, tomorrow, lambda *progress: told.append(progress)) == [tomorrow]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert before.items() <= digests(tmp_path).items()
    assert write_world(tmp_path, TINY, tomorrow) == []
    assert load_parameters(tmp_path) == TINY
    assert sorted(day.name for day in (tmp_path / "imdb").iterdir()) == [str(TINY.last_day), str(tomorrow)]


def test_a_world_ends_a_week_before_it_is_made_unless_its_first_day_is_given() -> None:
    today = date(2026, 11, 24)

    assert WorldParameters.made_on(today).last_day == date(2026, 11, 17)
    assert WorldParameters.made_on(today, days=3, seed=5) == WorldParameters(
        days=3, seed=5, first_day=date(2026, 11, 15)
    )
    assert WorldParameters.made_on(today, first_day=date(2026, 1, 1)).first_day == date(2026, 1, 1)


def test_an_unfinished_delivery_is_replaced_and_leaves_nothing_behind(tmp_path: Path) -> None:
    unfinished = tmp_path / "interactions" / f".{TINY.first_day}.world"
    unfinished.mkdir(parents=True)
    (unfinished / "half.jsonl").write_text("{")

    assert last_day(tmp_path) is None
    assert load_parameters(tmp_path) is None
    write_world(tmp_path, TINY, TINY.first_day)
    assert not list(tmp_path.rglob(".*"))
    assert [file.name for file in (tmp_path / "interactions" / str(TINY.first_day)).iterdir()] == ["events.jsonl.gz"]


def test_another_log_of_the_same_day_stays(tmp_path: Path) -> None:
    feedback = tmp_path / "interactions" / str(TINY.first_day) / "feedback.jsonl"
    feedback.parent.mkdir(parents=True)
    feedback.write_text("{}\n")

    write_world(tmp_path, TINY, TINY.first_day)
    assert sorted(file.name for file in feedback.parent.iterdir()) == ["events.jsonl.gz", "feedback.jsonl"]


def test_refuses_to_mix_two_worlds(tmp_path: Path) -> None:
    write_world(tmp_path, TINY, TINY.first_day)
    with pytest.raises(JobError, match=r"viewers 60 \(asked: 61\)"):
        write_world(tmp_path, TINY.model_copy(update={"viewers": 61}), TINY.last_day)
    with pytest.raises(JobError, match="begins on 2026-01-01"):
        write_world(tmp_path, TINY, date(2025, 12, 31))
    (tmp_path / "world.json").write_text("no parameters")
    with pytest.raises(JobError, match=r"world\.json does not hold its parameters"):
        load_parameters(tmp_path)


def test_imdb_dumps_have_the_headers_and_shapes_of_the_real_ones(landing: Path) -> None:
    day = SMALL.last_day
    for name, header in HEADERS.items():
        with gzip.open(landing / "imdb" / str(day) / f"{name}.tsv.gz", "rt", encoding="utf-8") as lines:
            assert next(lines) == "\t".join(header.split()) + "\n"
            assert all(line.count("\t") == len(header.split()) - 1 for line in lines)
    titles = read_tsv(landing, day, "title.basics")
    assert {"movie", "tvSeries", "tvMiniSeries", "short", "tvEpisode"} <= {title["titleType"] for title in titles}
    assert all(1919 <= int(title["startYear"]) <= 2026 for title in titles)
    assert sum(int(title["startYear"]) >= 2000 for title in titles) > len(titles) / 2
    assert 0 < sum(title["isAdult"] == "1" for title in titles) < 10
    assert all(title["genres"].split(",") == sorted(set(title["genres"].split(","))) for title in titles)
    characters = [row["characters"] for row in read_tsv(landing, day, "title.principals") if row["characters"] != r"\N"]
    assert all(isinstance(json.loads(character)[0], str) for character in characters)
    assert any(title["primaryTitle"] != title["originalTitle"] for title in titles)


@pytest.mark.parametrize(("year", "expected"), [(1947, 0.1), (1965, 0.0), (2015, 0.0)])
def test_film_noir_was_shot_in_its_time_only(year: int, expected: float) -> None:
    genres = draw_genres(np.full(1_000, year), np.random.default_rng(1))
    share = (genres[:, 0] == GENRE_NAMES.index("Film-Noir")).mean()
    assert share >= expected
    assert bool(share) == bool(expected)


def test_every_identifier_that_imdb_files_mention_is_in_the_catalogue(landing: Path) -> None:
    day = SMALL.last_day
    tables = {name: read_tsv(landing, day, name) for name in HEADERS}
    titles = {row["tconst"]: row for row in tables["title.basics"]}
    people = {row["nconst"]: row for row in tables["name.basics"]}

    assert len(titles) == len(tables["title.basics"])
    assert len(people) == len(tables["name.basics"])
    for name in ("title.ratings", "title.principals", "title.crew", "title.episode"):
        assert {row["tconst"] for row in tables[name]} <= titles.keys()
    assert {row["titleId"] for row in tables["title.akas"]} <= titles.keys()
    assert {titles[row["parentTconst"]]["titleType"] for row in tables["title.episode"]} <= {"tvSeries", "tvMiniSeries"}
    named = {
        one for row in tables["title.crew"] for column in ("directors", "writers") for one in row[column].split(",")
    }
    assert named - {r"\N"} <= people.keys()
    assert {row["nconst"] for row in tables["title.principals"]} == people.keys()
    assert {one for row in people.values() for one in row["knownForTitles"].split(",")} <= titles.keys()
    for row in tables["title.principals"]:
        born = people[row["nconst"]]["birthYear"]
        assert born == r"\N" or 15 <= int(titles[row["tconst"]]["startYear"]) - int(born) <= 80


def test_tmdb_files_link_to_imdb_and_speak_of_their_keywords(landing: Path) -> None:
    day = SMALL.last_day
    folder = landing / "tmdb" / str(day)
    details = read_jsonl(folder / "movie_details.jsonl.gz")
    tconsts = {row["tconst"] for row in read_tsv(landing, day, "title.basics")}
    exported = {line["id"] for line in read_jsonl(folder / f"movie_ids_{day:%m_%d_%Y}.json.gz")}
    with (folder / "tmdb_5000_movies.csv").open(encoding="utf-8", newline="") as lines:
        movies = list(csv.DictReader(lines))
    with (folder / "tmdb_5000_credits.csv").open(encoding="utf-8", newline="") as lines:
        credited = list(csv.DictReader(lines))

    assert exported == {detail["id"] for detail in details}
    assert {detail["imdb_id"] for detail in details} <= tconsts
    posters = [detail["poster_path"] for detail in details if detail["poster_path"]]
    assert 0.5 < len(posters) / len(details) < 0.9
    assert len(set(posters)) == len(posters)
    assert all(re.fullmatch(r"/[A-Za-z0-9]{27}\.jpg", path) for path in posters)
    assert 0.1 < len(movies) / len(details) < 0.9
    assert [row["movie_id"] for row in credited] == [row["id"] for row in movies]
    assert {int(row["id"]) for row in movies} <= exported
    assert all(json.loads(row["genres"])[0].keys() == {"id", "name"} for row in movies)
    assert all(json.loads(row["crew"])[0]["job"] == "Director" for row in credited)
    haunted = [one["overview"] for one in details if "ghost" in {word["name"] for word in one["keywords"]["keywords"]}]
    assert haunted
    assert all("cellar" in overview for overview in haunted if overview)


def test_event_logs_hold_what_is_documented(landing: Path) -> None:
    seen: set[str] = set()
    for day, events in read_events(landing):
        assert [event["occurred_at"] for event in events] == sorted(event["occurred_at"] for event in events)
        for event in events:
            assert list(event) == ["event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source"]
            assert event["occurred_at"].startswith(f"{day}T")
            assert event["source"] in {"app", "tv", "web"}
            value = event["value"]
            if event["event_type"] == "view":
                assert 0 < value <= 1
            elif event["event_type"] == "rating":
                assert 0 <= value <= 10
                assert (2 * value).is_integer()
            else:
                assert value is None
        identifiers = {event["event_id"] for event in events}
        assert len(identifiers) == len(events)
        assert not identifiers & seen
        seen |= identifiers
    assert len(seen) == pytest.approx(SMALL.events_per_day * (SMALL.days + 1), rel=0.12)


def test_viewers_complete_only_what_they_viewed_and_view_nothing_twice(landing: Path) -> None:
    viewed: set[tuple[str, str]] = set()
    per_viewer: dict[str, int] = {}
    for _, events in read_events(landing):
        today: set[tuple[str, str]] = set()
        for event in events:
            pair = (event["user_id"], event["title_id"])
            if event["event_type"] == "view":
                assert pair not in viewed
                viewed.add(pair)
                today.add(pair)
                per_viewer[event["user_id"]] = per_viewer.get(event["user_id"], 0) + 1
            elif event["event_type"] in {"complete", "rating", "like", "dislike"}:
                assert pair in today
            else:
                assert pair not in today
    assert len(per_viewer) == SMALL.viewers
    assert min(per_viewer.values()) >= 3
    assert max(per_viewer.values()) > 3 * np.median(list(per_viewer.values()))


def test_a_few_events_name_titles_that_only_tomorrows_catalogue_lists(landing: Path) -> None:
    tomorrow = SMALL.last_day + timedelta(days=1)
    log = read_jsonl(landing / "interactions" / str(SMALL.last_day) / "events.jsonl.gz")
    named = {event["title_id"] for event in log}
    unknown = named - known_titles(landing, SMALL.last_day)

    assert 0 < len(unknown) < 0.01 * len(named)
    assert unknown <= known_titles(landing, tomorrow)
    every = [event["title_id"] for _, events in read_events(landing) for event in events]
    assert 0.02 < sum(title.startswith("tmdb:") for title in every) / len(every) < 0.04


def test_the_next_days_catalogue_moved_a_little(landing: Path) -> None:
    today, tomorrow = (
        {row["tconst"]: int(row["numVotes"]) for row in read_tsv(landing, day, "title.ratings")}
        for day in (SMALL.last_day, SMALL.last_day + timedelta(days=1))
    )
    assert today.keys() <= tomorrow.keys()
    assert all(tomorrow[title] >= votes for title, votes in today.items())
    assert sum(tomorrow.values()) == pytest.approx(sum(today.values()), rel=0.01)
    assert sum(tomorrow.values()) > sum(today.values())


def test_ratings_follow_the_taste(landing: Path) -> None:
    completed: dict[str, list[float]] = {"like": [], "dislike": []}
    for _, events in read_events(landing):
        ratings = {(one["user_id"], one["title_id"]): one["value"] for one in events if one["event_type"] == "rating"}
        for one in events:
            if one["event_type"] in completed and (one["user_id"], one["title_id"]) in ratings:
                completed[one["event_type"]].append(ratings[one["user_id"], one["title_id"]])
    assert min(completed["like"]) > max(completed["dislike"])


def view_counts(landing: Path, world: World, days: range) -> npt.NDArray[np.int64]:
    """Views of each viewer and title in some days of a world."""
    titles = {name: position for position, name in enumerate(world.title_ids.tolist())}
    viewers = {name: position for position, name in enumerate(world.viewer_ids.tolist())}
    day = world.parameters.last_day
    for detail in read_jsonl(landing / "tmdb" / str(day) / "movie_details.jsonl.gz"):
        titles[f"tmdb:{detail['id']}"] = titles[detail["imdb_id"]]
    counts = np.zeros((len(viewers), len(world.title_ids)), dtype=np.int64)
    for number in days:
        log = landing / "interactions" / str(world.parameters.first_day + timedelta(days=number)) / "events.jsonl.gz"
        for event in read_jsonl(log):
            if event["event_type"] == "view" and event["title_id"] in titles:
                counts[viewers[event["user_id"]], titles[event["title_id"]]] += 1
    return counts


def ndcg_at_10(scores: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_], held_out: npt.NDArray[np.bool_]) -> float:
    """Mean nDCG@10 (Järvelin and Kekäläinen, 2002) over viewers with held-out titles; seen titles are not ranked."""
    ranked = np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :10]
    discounts = 1 / np.log2(np.arange(2, 12))
    gains = (np.take_along_axis(held_out & ~seen, ranked, axis=1) * discounts).sum(axis=1)
    counts = np.minimum((held_out & ~seen).sum(axis=1), 10)
    return float((gains[counts > 0] / np.cumsum(discounts)[counts[counts > 0] - 1]).mean())


def judge(landing: Path, parameters: WorldParameters) -> tuple[float, float, World]:
    """nDCG@10 of the oracle and of popularity on the last week."""
    world = World(parameters)
    train = view_counts(landing, world, range(parameters.days - HELD_OUT_DAYS))
    test = view_counts(landing, world, range(parameters.days - HELD_OUT_DAYS, parameters.days))
    middle = parameters.last_day - timedelta(days=HELD_OUT_DAYS // 2)
    planted = world.oracle(np.arange(parameters.viewers), middle)
    popularity = np.broadcast_to(train.sum(axis=0).astype(np.float64), train.shape)
    return ndcg_at_10(planted, train > 0, test > 0), ndcg_at_10(popularity, train > 0, test > 0), world


def test_views_have_a_long_tail(landing: Path) -> None:
    views = np.sort(view_counts(landing, World(SMALL), range(SMALL.days)).sum(axis=0))[::-1]
    assert 0.25 < views[: len(views) // 10].sum() / views.sum() < 0.7
    assert (views[len(views) // 2 :] > 0).mean() > 0.5


def test_the_planted_tastes_predict_the_last_week_far_better_than_popularity(landing: Path) -> None:
    oracle, popularity, _ = judge(landing, SMALL)
    assert oracle >= 2 * popularity


def test_without_tastes_the_oracle_is_the_days_popularity_for_everybody(tmp_path: Path) -> None:
    parameters = SMALL.model_copy(update={"tastes": False, "days": 21})
    write_world(tmp_path, parameters, parameters.last_day)
    oracle, popularity, world = judge(tmp_path, parameters)
    planted = world.oracle(np.array([0, 7, 299]), parameters.last_day)
    expected = np.exp(world.titles.log_popularity(parameters.days - 1))

    np.testing.assert_allclose(planted, np.tile(expected / expected.sum(), (3, 1)), rtol=1e-9)
    # Popularity is counted from few views and a little late: the truth of the day is better, but not by much.
    assert popularity <= oracle < 2 * popularity


def test_oracle_is_a_distribution_over_titles_that_are_out() -> None:
    world = World(TINY)
    planted = world.oracle(np.arange(TINY.viewers), TINY.first_day)
    assert planted.shape == (TINY.viewers, len(world.title_ids))
    np.testing.assert_allclose(planted.sum(axis=1), 1.0)
    assert (planted >= 0).all()
    assert (planted[:, world.titles.released > 0] == 0).all()
    with pytest.raises(ValueError, match="was made for"):
        world.oracle(np.arange(3), TINY.last_day + timedelta(days=1))


def test_tastes_and_popularity_drift_slowly() -> None:
    world = World(SMALL, SMALL.first_day + timedelta(days=90))
    everyone = np.arange(SMALL.viewers)
    first, next_day, later = (world.oracle(everyone, SMALL.first_day + timedelta(days=days)) for days in (0, 1, 90))
    assert 0 < np.abs(first - next_day).sum(axis=1).mean() < 0.1
    assert 0.2 < np.abs(first - later).sum(axis=1).mean() < 1.2


def test_a_longer_world_has_the_same_viewers_and_earlier_titles() -> None:
    short, longer = World(TINY), World(TINY, TINY.first_day + timedelta(days=100))
    known = len(short.title_ids)
    assert len(longer.title_ids) > known
    assert (longer.title_ids[:known] == short.title_ids).all()
    expected = short.oracle(np.arange(TINY.viewers), TINY.last_day)
    planted = longer.oracle(np.arange(TINY.viewers), TINY.last_day)
    np.testing.assert_allclose(planted[:, :known], expected, rtol=1e-12)
