"""Titles are found by words of titles and people, whatever their accents, case and slips; and by what they are."""

import os
from pathlib import Path
from typing import Any

import pytest

from jobs.answers.title_search import READS, Asked, Index, build, choices, find, shelves
from jobs.errors import JobError
from jobs.lakehouse.views import Views
from jobs.tables.gold import POPULAR_TITLES, TITLE_FACTS
from tests.cli.small_lake import publish
from tests.rows import filled

KNOWN: list[dict[str, Any]] = [
    {"title_id": "tt1", "title": "Amélie", "original_title": "Le Fabuleux Destin d'Amélie Poulain", "decade": 2000,
     "genres": ["Comedy", "Romance"], "language": "fr", "leading_cast": ["Audrey Tautou"], "average_rating": 8.3},
    {"title_id": "tt2", "title": "Heat", "decade": 1990, "genres": ["Crime"], "language": "en", "vote_count": 700_000,
     "leading_cast": ["Robert De Niro", "Al Pacino"], "average_rating": 8.3},
    {"title_id": "tt3", "title": "Heat and Dust", "decade": 1980, "genres": ["Drama"], "language": "en", "average_rating": 6.5},
    {"title_id": "tt4", "title": "The Heat", "decade": 2010, "genres": ["Comedy"], "language": "en", "vote_count": 900_000},
    {"title_id": "tt5", "title": "Das Boot", "decade": 1980, "genres": ["Drama"], "language": "de",
     "directors": ["Wolfgang Petersen"], "average_rating": 8.4},
    {"title_id": "tt6", "title": "<script>alert('x')</script>", "genres": []},
    {"title_id": "tt7", "title": "\u202eevil\u202c " + "x" * 10_240, "genres": []},
    {"title_id": "tt8", "title": "Heat Adult", "genres": [], "is_adult": True},
    {"title_id": "tt9", "title": "千と千尋の神隠し", "original_title": "千と千尋の神隠し", "genres": []},
]  # fmt: skip


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    home = tmp_path_factory.mktemp("titles")
    plain = {"is_adult": False, "directors": [], "writers": [], "leading_cast": [], "viewer_count": 0}
    publish(home, TITLE_FACTS, *(filled(TITLE_FACTS, plain | one) for one in KNOWN))
    ranks = [("overall", "all", "tt2", 1), ("overall", "all", "tt1", 2), ("genre", "Crime", "tt2", 1)]
    popular = [
        filled(
            POPULAR_TITLES,
            {"category": c, "value": v, "title_id": t, "rank": r, "window_days": 30, "viewer_count": 10 - r},
        )
        for c, v, t, r in ranks
    ]
    publish(home, POPULAR_TITLES, *popular)
    return Views(str(home / "lake"), READS)


@pytest.fixture(scope="module")
def index(views: Views, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index") / "titles-1"
    assert build(views.root, views.versions[TITLE_FACTS], folder) == len(KNOWN) - 1
    return Index(folder)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("amelie", "tt1"),
        ("AMÉLIE", "tt1"),
        ("amelei", "tt1"),  # two letters swapped
        ("fabuleux destin", "tt1"),
        ("amel", "tt1"),  # not typed to its end
        ("tautou", "tt1"),
        ("audry tautuo", "tt1"),
        ("heat", "tt2"),  # the whole title before one that has more votes
        ("the heat", "tt4"),
        ("heat dust", "tt3"),
        ("de niro heat", "tt2"),
        ("petersen", "tt5"),
        ("wolfgang peterson", "tt5"),
        ("<script>", "tt6"),
        ("千と千尋の神隠し", "tt9"),
    ],
)
def test_words_find_a_title_first(views: Views, index: Index, words: str, first: str) -> None:
    assert find(views, Asked(words), 5, index)[0].title_id == first


@pytest.mark.parametrize("words", ["zzzz", "heat zzzz", "ht", "!!!", "\x00", "x" * 5_000, "title:heat AND", '"'])
def test_what_is_nowhere_is_not_found_and_harms_nothing(views: Views, index: Index, words: str) -> None:
    assert find(views, Asked(words), 5, index) == []


def test_adult_titles_are_not_found(views: Views, index: Index) -> None:
    assert "tt8" not in {one.title_id for one in find(views, Asked("heat"), 50, index)}
    assert "tt8" not in {one.title_id for one in find(views, Asked("heat"), 50)}


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (Asked("heat", genre="Drama"), {"tt3"}),
        (Asked("heat", decade=1990), {"tt2"}),
        (Asked("heat", language="en", rating=8.0), {"tt2"}),
        (Asked(genre="Drama"), {"tt3", "tt5"}),
        (Asked(decade=1980, rating=8.0), {"tt5"}),
        (Asked(language="fr"), {"tt1"}),
        (Asked(genre="Drama' OR 1=1 --"), set()),
    ],
)
def test_filters_leave_what_has_all_of_them_with_an_index_and_without(
    views: Views, index: Index, asked: Asked, ids: set[str]
) -> None:
    assert {one.title_id for one in find(views, asked, 50, index)} == ids
    assert {one.title_id for one in find(views, asked, 50)} == ids


def test_without_an_index_words_are_found_as_they_are_spelled(views: Views) -> None:
    assert [one.title_id for one in find(views, Asked("AMELIE tautou"), 5)] == ["tt1"]
    assert find(views, Asked("amelei"), 5) == []


def test_choices_and_shelves_are_what_there_is(views: Views) -> None:
    found, (rows, windows) = choices(views), shelves(views, 30, 10)

    assert found.genres == ["Comedy", "Crime", "Drama", "Romance"]
    assert (found.decades, found.languages) == ([2010, 2000, 1990, 1980], ["de", "en", "fr"])
    assert [(shelf.name, [one.title_id for one in shelf.titles]) for shelf in rows] == [
        ("all", ["tt2", "tt1"]),
        ("Crime", ["tt2"]),
    ]
    assert windows == [30]


def test_an_index_is_there_whole_or_not_at_all(views: Views, tmp_path: Path) -> None:
    folder = tmp_path / "titles-1"
    arriving = tmp_path / f".titles-1-{os.getpid()}"
    arriving.mkdir()  # of a process of this number that was killed
    (arriving / "rest").write_bytes(b"half")

    for _ in range(2):  # the second time another process was first
        build(views.root, views.versions[TITLE_FACTS], folder)

    assert [path.name for path in tmp_path.iterdir()] == ["titles-1"]
    assert find(views, Asked("boot"), 5, Index(folder))[0].title_id == "tt5"


def test_without_the_table_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"gold\.title_facts was never published; run `reelhouse run gold\.title_facts`"):
        find(Views(str(tmp_path / "lake"), READS), Asked("heat"), 5)
