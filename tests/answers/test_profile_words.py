"""What pictures of the data say: given numbers, the sentence they make."""

from collections.abc import Sequence

import pytest

from jobs.answers.profile_words import TITLES, Points, describe, say

Row = tuple[str, str, float | None, float, str]


def bars(series: str, unit: str, *counts: tuple[str, float]) -> list[Row]:
    """Places in order, with a number each."""
    return [(series, x, float(rank), y, unit) for rank, (x, y) in enumerate(counts, start=1)]


def figures(unit: str, **numbers: float) -> list[Row]:
    return [("figure", name.replace("_", " "), None, number, unit) for name, number in numbers.items()]


SAID: dict[str, tuple[Sequence[Row], str]] = {
    "ratings": (
        bars("ratings", "ratings", ("3.0", 1), ("4.5", 1), ("8.0", 6)) + figures("rating", mean=7.0),
        "8 ratings have a mean of 7.00 of 10; 8.0 is given most often (75.0 %), and 25.0 % are below 5.",
    ),
    "ratings_over_time": (
        bars("mean", "rating", ("2026-01", 7.5), ("2026-02", 7.25))
        + bars("ratings", "ratings", ("2026-01", 40), ("2026-02", 1_500)),
        "The mean rating of 2026-02 is 7.25, 0.25 less than in 2026-01; most ratings are of 2026-02 (1,500).",
    ),
    "events": (
        bars("view", "events", ("2026-01", 4), ("2026-02", 2)) + bars("like", "events", ("2026-02", 4)),
        "10 events from 2026-01 to 2026-02, most of them in 2026-02; 60.0 % are of type view.",
    ),
    "week": (
        bars("Sunday", "events", ("20", 1), ("21", 5)) + bars("Monday", "events", ("20", 2)),
        "Sunday is the busiest day and 21:00 UTC the busiest hour (62.5 % of events); 75.0 % fall on a weekend, where 28.6 % "
        "would if days were alike.",
    ),
    "activity": (
        bars("viewers", "viewers", ("1", 1), ("2 to 3", 3)) + figures("titles", median=2, most=3),
        "Half of 4 viewers know at most 2 titles, the busiest 3; 100.0 % know fewer than four.",
    ),
    "long_tail": (
        figures("share", gini_of_titles=0.74, gini_of_viewers=0.4, top_tenth_of_titles=0.669),
        "The most watched tenth of the titles holds 66.9 % of what viewers know (Gini 0.74); among viewers it is more evenly "
        "spread (Gini 0.40).",
    ),
    "sparsity": (
        [
            ("titles", "1", 1.0, 0.75, "share"),
            ("titles", "10", 10.0, 0.25, "share"),
            *figures("share", viewers=30, titles=4, known_share=0.5),
        ],
        "Of 30 viewers times 4 titles 50.00 % of pairs are known; 25.0 % of the titles nobody watched, and 25.0 % have at "
        "least ten viewers.",
    ),
    "titles": (
        bars("titles", "titles", ("1995", 3), ("1999", 2), ("2001", 4)),
        "9 titles are from 1995 to 2001, half of them from 1999 or before; most are of 2001 (4).",
    ),
    "genres": (
        bars("Drama", "titles", ("1990s", 20), ("2000s", 20)) + bars("War", "titles", ("1990s", 20), ("2000s", 5)),
        "Drama is the most frequent genre (40 titles); from the 1990s to the 2000s the share of Drama among genres changed "
        "most, from 50.0 % to 80.0 %.",
    ),
    "runtime": (
        bars("half", "minutes", ("1990s", 95), ("2000s", 101), ("2010s", 9))
        + bars("titles", "titles", ("1990s", 20), ("2000s", 20), ("2010s", 1)),
        "Half of the titles of the 2000s run for 101 minutes or less; of the 1990s it was 95 minutes.",
    ),
    "languages": (
        bars("titles", "titles", ("unknown", 6), ("en", 3), ("fr", 1)),
        "en is the language of 30.0 % of 10 titles; of 60.0 % it is unknown.",
    ),
    "people": (
        bars("credits", "credits", ("Jo\x1b", 9), ("Al", 4)),
        "Jo␛ has most credits, 9; number 2 has 4.",
    ),
    "missing": (
        bars("missing", "share", ("silver.titles.language", 0.5), ("silver.titles.genres", 0.0)),
        "silver.titles.language is missing most often (50.0 %); of 2 columns that may lack a value 1 lack none.",
    ),
    "outliers": (
        bars("outliers", "share", ("silver.titles.vote_count", 0.0325))
        + bars("usual from", "value", ("silver.titles.vote_count", 0.0))
        + bars("usual to", "value", ("silver.titles.vote_count", 176_920.0)),
        "silver.titles.vote_count has most outliers: 3.25 % of its values lie outside of 0 to 1.769e+05, three interquartile "
        "ranges beyond the quartiles.",
    ),
    "set_aside": (
        bars("set_aside", "rows", ("silver.titles title:match_regex", 7)) + bars("parked", "rows", ("x parked:title_id", 2)),
        "Rows by reason: 7 set aside, 2 waiting; the most frequent is silver.titles title:match_regex (7).",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TITLES)
def test_a_picture_says_in_one_sentence_what_its_numbers_show(name: str) -> None:
    rows, sentence = SAID[name]

    assert say(name, Points(tuple(rows))) == sentence


@pytest.mark.parametrize(
    ("name", "rows", "sentence"),
    [
        ("ratings_over_time", bars("mean", "rating", ("2026-01", 7.5)), "All ratings are of 2026-01, with a mean of 7.50."),
        (
            "ratings_over_time",
            bars("mean", "rating", ("2026-01", 7.5), ("2026-02", 7.52)) + bars("ratings", "ratings", ("2026-01", 4)),
            "The mean rating of 2026-02 is 7.52, as in 2026-01; most ratings are of 2026-01 (4).",
        ),
        ("languages", bars("titles", "titles", ("unknown", 6)), "The language of none of 6 titles is known."),
        ("missing", bars("missing", "share", ("a", 0.0)), "None of 1 columns that may lack a value lacks any."),
        (
            "outliers",
            bars("outliers", "share", ("a", 0.0)),
            "No value of 1 columns lies further out than three interquartile ranges.",
        ),
        ("genres", bars("Drama", "titles", ("1990s", 3)), "Drama is the most frequent genre (3 titles)."),
        ("people", bars("credits", "credits", ("Jo", 9)), "Jo has most credits, 9."),
        ("set_aside", [], "Nothing was set aside."),
        ("events", [], "There is nothing to count yet."),
    ],
)  # fmt: skip
def test_where_there_is_less_to_say_less_is_said(name: str, rows: list[Row], sentence: str) -> None:
    assert say(name, Points(tuple(rows))) == sentence


def test_who_cannot_see_a_picture_is_told_its_ends_and_its_height_of_what_is_drawn() -> None:
    means, counts = (
        bars("mean", "rating", ("2026-01", 7.5), ("2026-02", 7.25)),
        bars("ratings", "ratings", ("2026-01", 40)),
    )

    told = describe("ratings_over_time", Points((*means, *counts)))

    assert told == "Ratings over time: one series from 2026-01 to 2026-02; highest 2026-01, 7.50 of 10."
