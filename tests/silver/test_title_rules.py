"""silver.title_rules: block and boost lists, from the file to conformed names."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jobs.bronze import rules
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.views import Views
from jobs.scoring.sources import rules_in_force
from jobs.silver.title_rules import run
from jobs.tables import bronze, silver
from tests.cli.small_lake import publish
from tests.rows import filled

NIGHT, LATER = date(2026, 3, 1), date(2026, 3, 2)
HEIST, WALTZ, ORPHAN = "tt0000001", "tt0000002", "tt0000009"


def deliver(lake: Lake, name: str, *lines: str, night: date = NIGHT) -> None:
    header = "title_id,from,until,reason" if name.startswith("block") else "title_id,boost,from,until,reason"
    file = lake.settings.landing / "rules" / night.isoformat() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def prepare(lake: Lake) -> None:
    """Two titles, of which one has two names."""
    links = [(HEIST, HEIST), ("tmdb:7", HEIST), (WALTZ, WALTZ)]
    named = [
        {"source_title_id": name, "title_id": title, "source": "imdb", "matched_by": "same"} for name, title in links
    ]
    publish(lake.settings.root, silver.TITLE_LINKS, *named)
    publish(
        lake.settings.root, silver.TITLES, *(filled(silver.TITLES, {"title_id": title}) for title in (HEIST, WALTZ))
    )


def ruled(lake: Lake, night: date = NIGHT) -> list[tuple[Any, ...]]:
    """The rules after a night's jobs."""
    rules.run(lake, night)
    run(lake, night)
    found = lake.read(silver.TITLE_RULES, night).orderBy("rule", "title_id", "from_date").collect()
    return [
        (row["rule"], row["title_id"], row["boost"], row["from_date"], row["until_date"], row["reason"])
        for row in found
    ]


def test_both_lists_are_typed_and_named_as_titles_are(lake: Lake) -> None:
    prepare(lake)
    deliver(lake, "block.csv", f'{WALTZ},2026-03-01,2026-03-31,"a complaint, upheld"')
    deliver(lake, "boosts.csv", "tmdb:7,-0.25,,,", f"{WALTZ},1,2026-02-01,,again in cinemas")

    assert ruled(lake) == [
        ("block", WALTZ, None, date(2026, 3, 1), date(2026, 3, 31), "a complaint, upheld"),
        ("boost", HEIST, -0.25, date(1970, 1, 1), None, None),
        ("boost", WALTZ, 1.0, date(2026, 2, 1), None, "again in cinemas"),
    ]


def test_a_rule_for_a_title_that_nobody_knows_yet_waits_and_two_names_of_one_title_are_one_rule_too_many(
    lake: Lake,
) -> None:
    prepare(lake)
    deliver(lake, "block.csv", f"{ORPHAN},,,", f"{HEIST},,,", "tmdb:7,,2026-03-01,", f"{WALTZ},,2026-02-28,")

    assert [rule[1] for rule in ruled(lake)] == [HEIST, WALTZ]
    entry = ledger.latest(lake.settings.lake, silver.TITLE_RULES)
    assert entry is not None
    assert entry.spine == {"rows": 4, "published": 2, "set_aside": 1, "parked": 1} | {
        term: 0 for term in entry.spine if term not in {"rows", "published", "set_aside", "parked"}
    }


def test_of_boosts_by_two_names_one_is_in_force_on_any_night_also_behind_a_short_one(lake: Lake) -> None:
    prepare(lake)
    deliver(lake, "boost.csv", f"{HEIST},1,,,", "tmdb:7,0.5,2026-02-01,2026-02-02,", "tmdb:7,0.25,2026-02-28,,")

    assert [rule[1:3] for rule in ruled(lake)] == [(HEIST, 1.0)]


def test_a_title_is_blocked_on_every_night_that_a_list_says_by_whatever_name(lake: Lake) -> None:
    prepare(lake)
    deliver(
        lake,
        "block.csv",
        f"{HEIST},,2026-01-31,",
        "tmdb:7,,2026-01-05,",
        "tmdb:7,2026-01-15,,",
        f"{WALTZ},2026-03-02,,",
    )

    assert [rule[3:5] for rule in ruled(lake) if rule[1] == HEIST] == [
        (date(1970, 1, 1), date(2026, 1, 31)),
        (date(2026, 1, 15), None),
    ]


def test_the_newest_file_is_the_whole_list_each_for_itself_and_an_empty_one_lifts_every_rule(lake: Lake) -> None:
    prepare(lake)
    deliver(lake, "block.csv", f"{HEIST},,,")
    deliver(lake, "boost.csv", f"{WALTZ},0.5,,,", night=LATER)

    assert [rule[:2] for rule in ruled(lake, LATER)] == [("block", HEIST), ("boost", WALTZ)]

    deliver(lake, "block.csv", night=date(2026, 3, 3))

    assert [rule[:2] for rule in ruled(lake, date(2026, 3, 3))] == [("boost", WALTZ)]


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("boost.csv", [f"{HEIST},3,,,"], "break boost:match_regex, a boost is a number from -1 to 1 (e.g. '3')"),
        ("block.csv", [f"{HEIST},soon,,"], "break from:match_regex (e.g. 'soon')"),
        ("block.csv", [f"{HEIST},0000-01-01,,"], "break from:match_regex (e.g. '0000-01-01')"),
        ("block.csv", [f"{HEIST},,2026-02-30,"], "each from and until is a day of the calendar: does not hold"),
        ("block.csv", [f"{HEIST},2026-03-02,2026-03-01,"], "no rule ends before it begins: does not hold"),
        ("block.csv", [f"{HEIST},,,", f"{HEIST},2026-03-05,,"], "no title is named twice for one night: does not hold"),
        # The second ends before the third begins; the first does not.
        (
            "boost.csv",
            [f"{HEIST},1,,,", f"{HEIST},0.5,2026-02-01,2026-02-02,", f"{HEIST},0.25,2026-02-28,,"],
            "no title is named twice for one night: does not hold, 2 rows break it",
        ),
    ],
)
def test_a_list_with_a_row_that_cannot_be_followed_is_refused_and_the_last_one_stays(
    lake: Lake, name: str, lines: list[str], says: str
) -> None:
    deliver(lake, name, *lines)

    with pytest.raises(JobError) as refused:
        rules.run(lake, NIGHT)

    assert says in str(refused.value)
    assert lake.deliveries(bronze.BLOCKED_TITLES) == {} == lake.deliveries(bronze.BOOSTED_TITLES)


def test_a_rule_holds_from_its_first_night_to_its_last(tmp_path: Path) -> None:
    spans = {
        "ever": (date(1970, 1, 1), None),
        "today": (NIGHT, NIGHT),
        "over": (date(2026, 2, 1), date(2026, 2, 28)),
        "to come": (LATER, None),
    }
    rows = [
        {"rule": "block", "title_id": title, "from_date": first, "until_date": last}
        for title, (first, last) in spans.items()
    ]

    publish(tmp_path, silver.TITLE_RULES, *(filled(silver.TITLE_RULES, row) for row in rows))
    found = rules_in_force(Views(str(tmp_path / "lake"), (silver.TITLE_RULES,)), NIGHT)

    assert found["title_id"].to_pylist() == ["ever", "today"]
