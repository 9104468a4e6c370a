"""The pages of viewers: whom there is, what one watched and is recommended, and what was said since the last night."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from jobs.landing.feedback import Feedback, record
from jobs.tables import gold, silver
from tests.cli.small_lake import EARLIER, NIGHT, Run, listed, preferred, publish, run
from tests.explorer.pages import NOW, client_of, text_of
from tests.rows import filled

__all__ = ["run"]
HOSTILE = '<script>alert("1")</script>\u202e\x1b[31m'
ODD = f"{HOSTILE}/../o'neil é?#"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a viewer who watched three titles over two years, one with an odd identifier, and everybody else."""
    home = tmp_path_factory.mktemp("viewers")
    titles: list[dict[str, Any]] = [
        {"title_id": "tt0000001", "title": "Heat", "release_year": 1995, "genres": ["Crime", "Drama"]},
        {"title_id": "tt0000002", "title": "Amélie", "release_year": 2001, "genres": ["Romance"]},
        {"title_id": "tt0000003", "title": HOSTILE, "genres": []},
        {"title_id": "tt0000004", "title": "Heat and Dust", "release_year": 1983, "genres": ["Drama"]},
        {"title_id": "tt0000005", "title": "x" * 10_000, "release_year": None, "genres": []},
    ]
    publish(home, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    publish(
        home,
        silver.PREFERENCES,
        preferred("u000001", "tt0000001", 2.5) | {"rating": 8.5, "last_at": datetime(2026, 2, 20, tzinfo=UTC)},
        preferred("u000001", "tt0000004", 1.5) | {"last_at": datetime(2026, 1, 9, tzinfo=UTC)},
        preferred("u000001", "tt0000003", 0.0) | {"rating": 2.0, "last_at": datetime(2025, 12, 31, tzinfo=UTC)},
        preferred("u000002", "tt0000001", 1.0),
        preferred(ODD, "tt0000001", 1.0),
    )
    reasons = {"reason_title_ids": ["tt0000001", "tt9"], "reason_contributions": [0.75, 0.125]}
    lists = [
        listed("u000001", 1, "tt0000002") | reasons,
        listed("u000001", 2, "tt0000005") | {"source": "popular", "model_score": None, "score": 1234.0},
        listed(ODD, 1, "tt0000002"),
        listed("*", 1, "tt0000001") | {"reasons": "popular with everybody"},
    ]
    publish(home, gold.RECOMMENDATIONS, *lists)
    before = [listed("u000001", 1, "tt0000004") | {"night": EARLIER}, lists[1] | {"night": EARLIER}]
    publish(home, gold.RECOMMENDATION_HISTORY, *before, *lists[:2])
    change = {
        "night": NIGHT,
        "night_before": EARLIER,
        "user_id": "u000001",
        "state": "both",
        "segment": "light",
        "overlap": 0.5,
        "rbo": 0.25,
        "entering_title_ids": ["tt0000002"],
        "leaving_title_ids": ["tt0000004"],
    }
    counts = {"u000001": 3, "u000002": 1, ODD: 1}
    profiles = [{"user_id": user_id, "title_count": count, "like_count": 1} for user_id, count in counts.items()]
    publish(home, gold.VIEWER_PROFILES, *(filled(gold.VIEWER_PROFILES, one) for one in profiles))
    facts = [filled(gold.TITLE_FACTS, {**title, "is_adult": False}) for title in titles]
    publish(home, gold.TITLE_FACTS, *facts)
    publish(home, gold.RECOMMENDATION_CHANGES, filled(gold.RECOMMENDATION_CHANGES, change))
    return home


@pytest.fixture
def client(home: Path) -> TestClient:
    return client_of(home)


def test_viewers_are_found_by_how_their_identifier_begins_else_by_a_part_of_it_else_by_spelling(
    client: TestClient,
) -> None:
    found = text_of(client.get("/viewers?q=u0"))
    assert "2 whose identifier begins so" in found
    assert re.search(r"u000001 3 1 .*u000002 1 1", found)
    within = text_of(client.get("/viewers?q=0002"))
    assert "Nobody's identifier begins so; 1 that hold it" in within
    near = text_of(client.get("/viewers", params={"q": "u00002x"}))
    assert "Nobody's identifier holds that; the nearest by spelling" in near
    assert near.index("u000002") < near.index("u000001")
    assert "There is no viewer like qqq" in text_of(client.get("/viewers?q=qqq"))
    assert "Some who like many titles" in text_of(client.get("/viewers"))


def test_a_list_is_shown_with_its_reasons_and_what_each_adds(client: TestClient) -> None:
    told = text_of(client.get("/viewers/u000001"))

    assert "1 Amélie (2001) because you liked what tt0000002 is like" in told
    # Of a score of 1.0; a title that is known no more has its identifier.
    assert re.search(r"Heat \(1995\) 75 % .*?tt9 12 % .*?all else of the history 12 %", told)
    assert "popular; score 1,234" in told
    assert "x" * 200 not in told, "a long name is cut"


def test_a_history_is_shown_with_ratings_genres_decades_and_months(client: TestClient) -> None:
    page = client.get("/viewers/u000001")
    told = text_of(page)

    assert "titles in the history 3" in told
    assert "2026-02-20 Heat (1995) 8.5 yes" in told
    assert re.search(r"Drama 2 67 %.* Crime 1 33 %", told)
    assert re.search(r"1980s 1 33 %.* 1990s 1 33 %", told)
    assert "2025-12-31 2026-02-20 Titles by day" in told
    assert page.text.count("<rect x=") == 52


def test_what_entered_and_left_is_told_with_its_ranks(client: TestClient) -> None:
    told = text_of(client.get("/viewers/u000001"))

    assert "50.0 % of the list stayed" in told
    assert "Entered Amélie (2001) rank 1 Left Heat and Dust (1983) rank 1" in told


def test_whoever_is_not_known_gets_the_list_for_everybody_else_labelled_so(client: TestClient) -> None:
    told = text_of(client.get("/viewers/u000009"))

    assert "Nobody has heard of this viewer: the list below is the one of *" in told
    assert "The nearest by spelling: u000001" in told or "The nearest by spelling: u000002" in told
    assert "1 Heat (1995) popular with everybody" in told
    assert "/feedback" not in client.get("/viewers/u000009").text, "there is nobody to say anything"
    assert "Whoever is not known" in text_of(client.get("/viewers/*"))


def test_a_viewer_without_a_list_is_known_and_gets_the_same(client: TestClient) -> None:
    told = text_of(client.get("/viewers/u000002"))

    assert "No list of this viewer's own is served: the next night makes one." in told
    assert "The list of * , whoever is not known" in told
    assert "2026-02-01 Heat (1995)" in told


def test_what_was_said_since_the_last_night_waits_for_tonight(home: Path, tmp_path: Path) -> None:
    client = client_of(home)
    day = NOW.date()
    landing = home / "landing"
    record(landing, Feedback("u000002", "tt0000002", "rating", 8.5), "a", day, NOW)
    record(landing, Feedback("zoe", "tt0000001", "like"), "b", day, NOW)
    record(landing, Feedback("u000002", "tt0000002", "dismiss"), "c", day, NOW)

    told = text_of(client.get("/viewers/u000002"))

    assert re.search(r"Waiting for tonight .* dismisses Amélie \(2001\) gives 8.5 of 10 to Amélie \(2001\)", told)
    assert "This viewer is new: the night of 2026-03-02" in text_of(client.get("/viewers/zoe"))


def test_who_is_new_since_the_last_night_is_found_before_a_list_is_made(home: Path) -> None:
    client, waits = client_of(home), "Waiting for tonight"
    for user_id in ("kept-1", "u000001", 'a "kept" one', "somebody else"):
        record(home / "landing", Feedback(user_id, "tt0000001", "like"), user_id, NOW.date(), NOW)

    told = client.get("/viewers", params={"q": "kept", "about": "tt0000001"}).text

    waiting, found = told[told.index(waits) :].split("</ul>", 1)
    assert re.findall('href="([^"]*)"', waiting) == [
        "/viewers/a%20%22kept%22%20one?about=tt0000001#say",
        "/viewers/kept-1?about=tt0000001#say",
    ]
    assert "/viewers/kept-1" not in found
    assert waits not in client.get("/viewers?q=u0").text, "who is known needs no other line"
    assert waits not in client.get("/viewers").text


def test_who_is_new_is_found_in_a_home_without_tables(tmp_path: Path) -> None:
    record(tmp_path / "landing", Feedback("zoe", "tt0000001", "like"), "z", NOW.date(), NOW)

    assert 'href="/viewers/zoe"' in client_of(tmp_path).get("/viewers?q=zo").text


def test_words_that_may_mean_several_titles_offer_each(client: TestClient) -> None:
    several = client.get("/viewers/u000001", params={"about": "heat"})

    assert "Which of them? Heat (1995) Heat and Dust (1983)" in text_of(several)
    (address, _) = re.findall(r'href="(/viewers/u000001\?about=[^"]+)#say"', several.text.partition("What is rec")[0])
    one = client.get(address)
    assert '<details id="say" open>' in one.text
    assert one.text.count('name="title_id" value="tt0000001"') == 1
    assert "No title is called so" in text_of(client.get("/viewers/u000001", params={"about": "zzz"}))


def test_a_title_s_page_leads_to_who_says_something_of_it(client: TestClient) -> None:
    assert 'href="/viewers?about=tt0000001"' in client.get("/titles/tt0000001").text
    found = client.get("/viewers", params={"about": "tt0000001", "q": "u000002"})
    assert re.search(r"Who says something of Heat \(1995\) ?\?", text_of(found))
    assert '"/viewers/u000002?about=tt0000001#say"' in found.text


def test_hostile_texts_are_text(client: TestClient) -> None:
    found = client.get("/viewers", params={"q": "<scr"})
    (address,) = re.findall(r'<th scope="row"><a href="([^"]+)"', found.text)

    for page in (found, client.get(html.unescape(address)), client.get("/viewers", params={"q": '"><script>x'})):
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "\u202e" not in page.text
    assert "Amélie" in text_of(client.get(html.unescape(address))), "its own list"
    assert client.get(f"/viewers/{'x' * 4_000}").status_code == 200


def test_a_home_without_tables_says_what_to_run(tmp_path: Path) -> None:
    client = client_of(tmp_path)

    assert "was never published; run reelhouse" in text_of(client.get("/viewers"))
    assert "never published" in text_of(client.get("/viewers/u1"))


def test_one_table_is_enough_for_a_list(tmp_path: Path) -> None:
    publish(tmp_path, silver.PREFERENCES, preferred("u1", "tt0000001", 1.0))
    client = client_of(tmp_path)

    assert "u1 1 1" in text_of(client.get("/viewers"))
    assert "gold.recommendations was never published" in text_of(client.get("/viewers/u1"))


def test_show_writes_the_same_as_json(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))

    told = json.loads(run("show", "u000001", "--json").stdout)

    assert (told["user_id"], told["history_count"], told["night"]) == ("u000001", 3, "2026-03-01")
    assert told["titles"][0]["because"][0] == {
        "title_id": "tt0000001",
        "title": "Heat",
        "release_year": 1995,
        "contribution": 0.75,
        "share": 0.75,
    }
