"""``reelhouse diff`` and the page of a night: what changed in viewers' lists, and why."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.answers.changes import READS, Cause, night_changes
from jobs.answers.changes_page import page_address, write_page
from jobs.answers.changes_words import cause_in_words
from jobs.cli.app import app
from jobs.lakehouse.views import Views
from jobs.tables import gold, silver
from tests.cli.small_lake import HOSTILE, NIGHT, Run, listed, publish, refused, run

__all__ = ["run"]
BEFORE, FIRST = date(2026, 2, 27), date(2026, 2, 20)
HOSTILE_MARKUP = "<script>alert('x')</script>"


def changed(user_id: str, **told: Any) -> dict[str, Any]:
    """A row of gold.recommendation_changes: a list of two titles, one of them new, unless it says otherwise."""
    return {
        "night": NIGHT, "night_before": BEFORE, "user_id": user_id, "state": "both", "segment": "light",
        "overlap": 0.5, "rbo": 0.4, "entering_title_ids": ["tt0000003"], "leaving_title_ids": ["tt0000002"],
        "listed_count": 2, "listed_before_count": 2, "personal_count": 1, "segment_count": 1, "popular_count": 0,
        "model_version": 2, "model_version_before": 1,
    } | told  # fmt: skip


def cause(name: str, share: float, became: str = "version 2") -> dict[str, Any]:
    return {
        "night": NIGHT, "night_before": BEFORE, "cause": name, "is_changed": share != 0, "was": "version 1",
        "became": became, "share": share, "total": 0.25, "rbo_share": share, "rbo_total": 0.25, "viewer_count": 3,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Changes of two nights, lists of three, and a title and a viewer with hostile names."""
    home = tmp_path_factory.mktemp("diff")
    titles = {"tt0000001": "Heat", "tt0000002": HOSTILE, "tt0000003": HOSTILE_MARKUP}
    facts = {"title_type": "movie", "is_adult": False, "genres": []}
    rows = [{"title_id": title_id, "title": title, "release_year": 1995, **facts} for title_id, title in titles.items()]
    publish(home, silver.TITLES, *rows)
    nothing: dict[str, Any] = {"entering_title_ids": [], "leaving_title_ids": []}
    publish(
        home,
        gold.RECOMMENDATION_CHANGES,
        changed("u1"),
        changed("u2", segment="heavy", overlap=1.0, rbo=1.0, **nothing),
        changed(HOSTILE, overlap=0.0, rbo=0.0),
        changed("*", segment="cold", overlap=0.0, rbo=0.0),
        changed("came", state="new", overlap=None, rbo=None, model_version_before=None),
        changed("went", state="gone", overlap=None, rbo=None, model_version=None, listed_count=0, personal_count=0),
        changed("u1", night=BEFORE, night_before=FIRST),
    )
    publish(
        home,
        gold.RECOMMENDATION_CHANGE_CAUSES,
        cause("data", 0.05),
        cause("model", 0.2),
        cause("rules", 0.0),
        cause("code", 0.0),
    )
    before = [listed("u1", 1, "tt0000001"), listed("u1", 2, "tt0000002"), listed("went", 1, "tt0000001")]
    after = [listed("u1", 1, "tt0000003"), listed("u1", 2, "tt0000001")]
    publish(home, gold.RECOMMENDATION_HISTORY, *(row | {"night": BEFORE} for row in before), *after)
    return home


def test_tells_the_newest_night_in_words_and_tables(run: Run) -> None:
    told = run("diff").stdout

    assert "night 2026-03-01 beside 2026-02-27" in told
    assert "3 viewers had a list in both nights: 50.0 % of its titles stood on the one before" in told
    assert (
        "Of 25.00 % new titles among 3 viewers whose lists were made again: the new model 20.00 %, new data 5.00 %."
        in told
    )
    assert "1 viewer is new, 1 is gone." in told
    assert "Model version 1 before, version 2 now." in told
    assert "version 1 → version 2" in told
    assert "next: reelhouse diff --user" in told
    assert "\x1b[31m" not in told, "text of the data moves no terminal"
    lines = [line.split() for line in told.splitlines()]
    assert ["light", "2", "25.0", "%", "0.200"] in lines
    assert ["heavy", "1", "100.0", "%", "1.000"] in lines


def test_a_cause_is_told_without_what_stayed_as_it_was() -> None:
    one = Cause(
        "rules",
        is_changed=True,
        share=0.1,
        rbo_share=0.1,
        was="0 blocks, 0 boosts, list_length 50",
        became="1 block, 0 boosts, list_length 50",
    )

    assert cause_in_words(one) == "0 blocks → 1 block"
    same = replace(one, was=one.became, is_changed=False)
    assert cause_in_words(same) == "as before: 1 block, 0 boosts, list_length 50"


def test_tells_what_is_known_of_an_older_night(run: Run) -> None:
    told = run("diff", "2026-02-27").stdout

    assert "night 2026-02-27 beside 2026-02-20" in told
    assert "Why is not known: what the lists before were made of is not kept any more." in told
    assert "1 viewer had a list in both nights" in told


def test_says_that_the_lists_of_a_night_were_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    publish(tmp_path, silver.TITLES)
    publish(tmp_path, gold.RECOMMENDATION_CHANGES, changed("u1"), changed("u1", night=BEFORE, night_before=FIRST))
    for night in (BEFORE, NIGHT):
        publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt0000001") | {"night": night}, night=night)
    invoke, said = (
        CliRunner().invoke,
        "lists of 2026-03-01 are not served: gold.recommendations was rolled back to 2026-02-27",
    )
    assert said not in invoke(app, ["diff"]).stdout

    invoke(app, ["rollback", "gold.recommendations", "--to", str(BEFORE), "--reason", "all the same"])

    assert said in invoke(app, ["diff"]).stdout
    assert "not served" not in invoke(app, ["diff", str(BEFORE)]).stdout


def test_says_which_nights_there_are(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing of 2026-02-28; it has the 2 nights from 2026-02-27 to 2026-03-01" in refused(
        run("diff", "2026-02-28")
    )
    publish(tmp_path, gold.RECOMMENDATION_CHANGES)
    publish(tmp_path, silver.TITLES)
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    assert "only one night has served lists; they show from the second on" in refused(run("diff"))


def test_a_program_gets_all_of_it_as_json(run: Run) -> None:
    told = json.loads(run("diff", "--json").stdout)

    assert (told["night"], told["viewer_count"], told["new_count"], told["gone_count"], told["same_count"]) == (
        "2026-03-01", 3, 1, 1, 1,
    )  # fmt: skip
    assert told["bins"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert [one["user_id"] for one in told["changed_most"]] == [HOSTILE, "u1", "u2"]
    assert [(one["title_id"], one["list_count"]) for one in told["entered"]] == [("tt0000003", 2)]
    assert told["sources"] == {"personal": 4, "segment": 5, "popular": 0}
    assert sum(one["share"] for one in told["why"]["causes"]) == told["why"]["total"]


def test_shows_one_viewers_lists_side_by_side(run: Run) -> None:
    told = run("diff", "--user", "u1").stdout
    rows = [line.split() for line in told.splitlines()]

    assert "light viewer: 1 of 2 titles are new, overlap 50.0 %, rank-biased overlap 0.400" in told
    assert ["1", "Heat", "(1995)", "2", "<script>alert('x')</script>", "(1995)", "new"] in rows
    assert next(row for row in rows if row[:1] == ["2"])[-3:] == ["Heat", "(1995)", "1"]
    assert "no list any more" in run("diff", "--user", "went").stdout
    assert json.loads(run("diff", "--user", "u1", "--json").stdout)["after"][1]["other_rank"] == 1
    assert "has no lists of nobody of the newest night" in refused(run("diff", "--user", "nobody"))


def test_the_page_of_a_night_shows_names_as_text_and_needs_no_other_file(home: Path, run: Run) -> None:
    address = write_page(home, night_changes(Views(str(home / "lake"), READS)))

    page = address.read_text(encoding="utf-8")
    assert address == page_address(home, NIGHT)
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert not any(f"{name}=" in page for name in ("src", "href"))
    assert "the new model 20.00 %" in page
    assert f"page: {address}" in run("diff").stdout


def test_the_newest_thirty_pages_are_kept(home: Path, tmp_path: Path) -> None:
    folder = page_address(tmp_path, NIGHT).parent
    folder.mkdir(parents=True)
    for day in range(1, 31):
        (folder / f"2026-01-{day:02}.html").touch()

    write_page(tmp_path, night_changes(Views(str(home / "lake"), READS)))

    assert len(list(folder.iterdir())) == 30
    assert not (folder / "2026-01-01.html").exists()
