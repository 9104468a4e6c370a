"""Which lists were served when, and what they were made of."""

from datetime import date
from pathlib import Path

from deltalake import DeltaTable

from jobs.scoring.served import kept_nights, made_of, night_before
from jobs.tables import gold
from tests.cli.small_lake import listed, publish

ONE, TWO, THREE, FOUR = (date(2026, 3, day) for day in (1, 2, 3, 4))


def serve(home: Path, night: date, *, is_kept: bool = True) -> None:
    """Lists of a night, and unless the night failed there, their place in the history."""
    row = listed("u", 1, "a") | {"night": night}
    publish(home, gold.RECOMMENDATIONS, row, night=night, settings={"list_length": night.day})
    if is_kept:
        version = DeltaTable(home / "lake" / gold.RECOMMENDATIONS.path).version()
        kept = [{**row, "night": one} for one in {*kept_nights(str(home / "lake")), night}]
        account = {"inputs": {"gold.recommendations": version}, "replaced": [str(night)]}
        publish(home, gold.RECOMMENDATION_HISTORY, *kept, night=night, **account)


def test_the_night_before_is_the_newest_that_was_served(tmp_path: Path) -> None:
    root = str(tmp_path / "lake")
    for night in (ONE, THREE, FOUR):
        serve(tmp_path, night)

    assert kept_nights(root) == [FOUR, THREE, ONE]
    assert [night_before(root, night) for night in (ONE, THREE, FOUR)] == [None, ONE, THREE]
    assert night_before(root, TWO) is None, "it has no lists that could be compared"


def test_lists_that_were_made_again_do_not_take_the_place_of_themselves(tmp_path: Path) -> None:
    for night in (ONE, TWO, TWO):
        serve(tmp_path, night)

    assert night_before(str(tmp_path / "lake"), TWO) == ONE


def test_after_a_rollback_the_lists_before_are_those_that_it_served_again(tmp_path: Path) -> None:
    for night in (ONE, TWO):
        serve(tmp_path, night)
    DeltaTable(tmp_path / "lake" / gold.RECOMMENDATIONS.path).restore(1)
    serve(tmp_path, THREE)

    assert kept_nights(str(tmp_path / "lake")) == [THREE, TWO, ONE]
    assert night_before(str(tmp_path / "lake"), THREE) == ONE
    assert night_before(str(tmp_path / "lake"), TWO) == ONE


def test_a_rollback_does_not_change_what_a_night_took_the_place_of(tmp_path: Path) -> None:
    for night in (ONE, TWO, THREE):
        serve(tmp_path, night)
    DeltaTable(tmp_path / "lake" / gold.RECOMMENDATIONS.path).restore(1)

    assert night_before(str(tmp_path / "lake"), THREE) == TWO


def test_a_night_whose_lists_were_not_kept_is_passed_over(tmp_path: Path) -> None:
    serve(tmp_path, ONE)
    serve(tmp_path, TWO, is_kept=False)
    serve(tmp_path, THREE)

    assert night_before(str(tmp_path / "lake"), THREE) == ONE


def test_names_the_publication_that_the_kept_lists_are_of(tmp_path: Path) -> None:
    root = str(tmp_path / "lake")
    for night in (ONE, TWO, THREE):
        serve(tmp_path, night)
    serve(tmp_path, TWO, is_kept=False)

    found = [made_of(root, night) for night in (ONE, TWO, THREE, FOUR)]

    assert [entry and (entry.version, entry.settings["list_length"]) for entry in found] == [
        (1, 1),
        (2, 2),
        (3, 3),
        None,
    ]


def test_a_night_that_was_taken_out_of_the_history_was_made_of_nothing(tmp_path: Path) -> None:
    serve(tmp_path, ONE)
    row = listed("u", 1, "a") | {"night": ONE}
    # A reset says of what is left what that was made from.
    inputs = {gold.RECOMMENDATIONS.name: 1}
    publish(tmp_path, gold.RECOMMENDATION_HISTORY, night=ONE, replaced=[str(TWO)], inputs=inputs)
    publish(tmp_path, gold.RECOMMENDATION_HISTORY, row, night=ONE, replaced=[str(THREE)])

    assert made_of(str(tmp_path / "lake"), TWO) is None
