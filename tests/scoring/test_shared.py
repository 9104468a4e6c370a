"""What titles share, in words."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.scoring.shared import NONE, Features, one_line

LISTS = ("directors", "leading_cast", "keywords", "genres")
Profile = Mapping[str, Sequence[str]]
HEAT: Profile = {
    "directors": ["Michael Mann"],
    "leading_cast": ["Al Pacino", "Robert De Niro"],
    "keywords": ["bank", "heist"],
    "genres": ["Action", "Crime"],
}
RONIN: Profile = {
    "directors": ["John Frankenheimer"],
    "leading_cast": ["Robert De Niro", "Jean Reno"],
    "keywords": ["heist", "paris"],
    "genres": ["Action", "Crime"],
}
COLLATERAL: Profile = {"directors": ["Michael Mann"], "leading_cast": ["Tom Cruise"], "genres": ["Crime"]}
SPACE: Profile = {"genres": ["Sci-Fi"]}


def profiles(*known: Profile) -> pa.Table:
    rows = [{"title_id": str(at)} | {name: list(one.get(name, [])) for name in LISTS} for at, one in enumerate(known)]
    lists = [(name, pa.list_(pa.string())) for name in LISTS]
    return pa.Table.from_pylist(rows, schema=pa.schema([("title_id", pa.string()), *lists]))


def features(*known: Profile) -> Features:
    return Features.of(pa.array([str(at) for at in range(len(known))]), profiles(*known))


def shared(found: Features, left: int, right: int | list[int], most: int = 3) -> list[str]:
    names: list[str] = found.lists(found.shared(np.array([left]), np.array([right]), most)).to_pylist()[0]
    return names


def test_names_directors_before_cast_before_keywords_before_genres() -> None:
    assert shared(features(HEAT, RONIN), 0, 1, most=9) == ["Robert De Niro", "heist", "Action", "Crime"]
    assert shared(features(HEAT, COLLATERAL), 0, 1) == ["Michael Mann", "Crime"]


def test_reads_from_the_general_to_the_particular() -> None:
    found = features(HEAT, COLLATERAL, SPACE)
    words = found.words(found.shared(np.array([0, 0]), np.array([1, 2]), 3))
    assert words.to_pylist() == ["Crime, Michael Mann", ""]


def test_names_no_more_than_asked_for_and_the_most_telling() -> None:
    assert shared(features(HEAT, RONIN), 0, 1, most=2) == ["Robert De Niro", "heist"]


def test_of_several_titles_more_than_half_must_have_it() -> None:
    found = features(HEAT, RONIN, COLLATERAL, SPACE)
    assert shared(found, 0, [1, 2, NONE]) == ["Crime"]
    assert shared(found, 0, [1, 2, 3]) == ["Crime"]
    assert shared(found, 0, [1, 1, 3]) == ["Robert De Niro", "heist", "Action"]
    assert shared(found, 0, [NONE, NONE, NONE]) == []


def test_who_directs_one_and_plays_in_the_other_is_named_once() -> None:
    unforgiven = {"directors": ["Clint Eastwood"], "leading_cast": ["Clint Eastwood"]}
    assert shared(features(unforgiven, unforgiven), 0, 1) == ["Clint Eastwood"]
    assert shared(features(unforgiven, {"leading_cast": ["Clint Eastwood"]}), 1, 0) == ["Clint Eastwood"]


def test_knows_nothing_of_a_title_without_a_profile() -> None:
    found = Features.of(pa.array(["unknown", "0"]), profiles(HEAT))
    assert shared(found, 0, 1) == []
    assert shared(found, 1, 0) == []


def test_a_long_list_of_keywords_is_compared_by_its_rarest() -> None:
    common = [{"keywords": [f"common {number:02}" for number in range(12)]}] * 3
    rare = {"keywords": ["rare", *common[0]["keywords"]]}
    assert shared(features(rare, rare, *common), 0, 1)[0] == "rare"


def test_comes_back_from_a_folder_as_it_was(tmp_path: Path) -> None:
    features(HEAT, RONIN).save(tmp_path)
    assert shared(Features.load(tmp_path), 0, 1, most=1) == ["Robert De Niro"]


def test_puts_names_on_one_line_and_cuts_long_ones() -> None:
    given = pa.array(["  two\r\n lines\t", "\u202eright to left", "x" * 50, "\n", None, "[red]<b>"])
    assert one_line(given, 10).to_pylist() == ["two lines", "right to…", "xxxxxxxxx…", None, None, "[red]<b>"]


names = st.lists(st.sampled_from("abcdef"), max_size=4)
known = st.lists(st.fixed_dictionaries(dict.fromkeys(LISTS, names)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(known)
def test_finds_what_comparing_one_by_one_finds(catalogue: list[Profile]) -> None:
    found = features(*catalogue)
    left, right = (axis.ravel() for axis in np.indices((len(catalogue), len(catalogue))))
    lists = found.lists(found.shared(left, right, 20)).to_pylist()
    for one, other, names in zip(left, right, lists, strict=True):
        mine, theirs = catalogue[one], catalogue[other]
        own = dict.fromkeys([*_first(mine["directors"], 3), *mine["leading_cast"]])
        of_others = {*_first(theirs["directors"], 3), *theirs["leading_cast"]}
        people = [name for name in own if name in of_others]
        genres = [name for name in dict.fromkeys(mine["genres"]) if name in theirs["genres"]]
        expected = set(mine["keywords"]) & set(theirs["keywords"])
        if one == other:  # a keyword of a single title tells nothing of others
            expected = {name for name in expected if sum(name in some["keywords"] for some in catalogue) > 1}
        assert names[: len(people)] == people
        assert set(names[len(people) : len(names) - len(genres)]) == expected
        assert names[len(names) - len(genres) :] == genres


def _first(names: Sequence[str], most: int) -> list[str]:
    return list(dict.fromkeys(names))[:most]
