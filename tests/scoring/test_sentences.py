"""Reasons in words."""

import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.scoring.sentences import LIKED, TOGETHER, Words, popular_in, popular_with
from jobs.scoring.shared import LONGEST_NAME, NONE
from tests.scoring.test_shared import COLLATERAL, HEAT, RONIN, SPACE, profiles

FILMS = ("Heat", "Ronin", "Collateral", "Dark\nStar <b>[red]")
YEARS = (1995, 1998, 2004, None)


def titles(names: tuple[str | None, ...] = FILMS, years: tuple[int | None, ...] = YEARS) -> pa.Table:
    ids = [str(at) for at in range(len(names))]
    return pa.table(
        {
            "title_id": pa.array(ids),
            "title": pa.array(names, pa.string()),
            "release_year": pa.array(years, pa.int32()),
        }
    )


@pytest.fixture(scope="module")
def words() -> Words:
    known = profiles(HEAT, RONIN, COLLATERAL, SPACE)
    return Words.of(pa.array([*map(str, range(4)), "tt0000009"]), titles(), known)


def because(words: Words, listed: int, *own: int) -> str:
    places = [*own, *[NONE] * (3 - len(own))]
    (told,) = words.because(LIKED, np.array([listed]), np.array([places], dtype=np.int32)).to_pylist()
    return str(told)


def test_names_the_viewers_titles_and_what_they_share(words: Words) -> None:
    assert because(words, 2, 0) == "because you liked Heat (1995): Crime, Michael Mann"
    assert because(words, 2, 0, 1) == "because you liked Heat (1995) and Ronin (1998): Crime"
    assert because(words, 0, 1, 2, 3) == (
        "because you liked Ronin (1998), Collateral (2004) and Dark Star <b>[red]: Crime"
    )


def test_says_no_more_where_nothing_is_shared_or_nothing_adds(words: Words) -> None:
    assert because(words, 3, 0) == "because you liked Heat (1995)"
    assert because(words, 3) == TOGETHER


def test_a_title_that_nobody_can_name_is_called_by_its_identifier(words: Words) -> None:
    assert because(words, 0, 4) == "because you liked tt0000009"


def test_says_it_in_the_words_of_the_model(words: Words) -> None:
    told = words.because("liked by those who liked ", np.array([3]), np.array([[0, NONE, NONE]], dtype=np.int32))
    assert told.to_pylist() == ["liked by those who liked Heat (1995)"]


def test_comes_back_from_a_folder_as_it_was(words: Words, tmp_path: Path) -> None:
    words.save(tmp_path)
    assert because(Words.load(tmp_path), 2, 0, 1) == because(words, 2, 0, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), min_size=3, max_size=3))
def test_whatever_titles_are_called_a_reason_is_one_readable_line(names: list[str | None]) -> None:
    found = Words.of(pa.array(list("012")), titles(tuple(names), (1990, None, 2000)), profiles())
    for told in found.because(LIKED, np.array([0]), np.array([[0, 1, 2]], dtype=np.int32)).to_pylist():
        assert told == " ".join(told.split())
        assert not {unicodedata.category(character) for character in told} & {"Cc", "Zl", "Zp"}
        assert len(told) <= len(LIKED) + 3 * (LONGEST_NAME + len(" (1990)")) + len(", ") + len(" and ")


def test_of_no_rows_there_are_no_words(words: Words) -> None:
    nothing = np.empty(0, dtype=np.int32)
    assert words.because(LIKED, nothing, nothing.reshape(0, 3)).to_pylist() == []
    assert popular_with(nothing.astype(float), "viewers").to_pylist() == []


def test_says_with_how_many_a_title_is_popular() -> None:
    assert popular_with(np.array([1200.0, 1.0, 0.0]), "viewers in 30 days").to_pylist() == [
        "popular: 1,200 viewers in 30 days",
        "popular: 1 viewer in 30 days",
        "next in popularity: no viewers in 30 days",
    ]


def test_says_in_which_genre_a_title_is_popular() -> None:
    assert popular_in("Crime") == "popular in Crime, which you like most"
