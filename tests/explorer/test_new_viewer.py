"""Somebody new picks titles, sees the list that the champion makes of them, and becomes a viewer."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from jobs.explorer.helper import Helper
from jobs.landing.feedback import Feedback, file_of, record
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.at_once import AtOnce, answer
from jobs.settings import Settings
from jobs.tables import gold, silver
from tests.cli.small_lake import preferred, publish
from tests.explorer.pages import NOW, client_of, text_of
from tests.rows import filled
from tests.tracking.registered import register

DAY = NOW.date()
NAMES = {"tt1": "Heat", "tt2": "Casino", "tt3": "Ronin", "tt4": "Amélie", "tt5": "<script>", "tt6": "Her"}
MODEL = Model(pa.array(list(NAMES)), np.repeat(np.eye(2, dtype=np.float32), 3, axis=0), Parameters(rank=2))
"""Three crime films that go together, and three romances."""
SETTINGS: dict[str, Any] = {"list_length": 4}


def rules(home: Path, *blocked: str) -> None:
    rows = [filled(silver.TITLE_RULES, {"rule": "block", "title_id": one, "until_date": None}) for one in blocked]
    publish(home, silver.TITLE_RULES, *rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("new viewer")
    titles: list[dict[str, Any]] = [
        {"title_id": one, "title": name, "title_type": "movie", "is_adult": False, "genres": []}
        for one, name in NAMES.items()
    ]
    publish(home, silver.TITLES, *(dict(one, release_year=2000) for one in titles))
    facts = [filled(gold.TITLE_FACTS, {**one, "release_year": 2000, "is_adult": False}) for one in titles]
    publish(home, gold.TITLE_FACTS, *facts)
    publish(home, silver.TITLE_PROFILES)
    publish(home, silver.PREFERENCES, *(preferred("u1", one, 1.0) for one in NAMES))
    rules(home, "tt3")
    places = [("overall", "all", "tt1", 1), ("overall", "all", "tt4", 2), ("genre", "Romance", "tt4", 1)]
    popular = [
        {
            "category": category,
            "value": value,
            "title_id": one,
            "rank": rank,
            "title": NAMES[one],
            "window_days": 0,
            "release_year": 2000,
        }
        for category, value, one, rank in places
    ]
    publish(home, gold.POPULAR_TITLES, *(filled(gold.POPULAR_TITLES, one) for one in popular))
    register(Settings(home=home), tmp_path_factory.mktemp("model") / "model", model=MODEL)
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    client = client_of(home, **SETTINGS)
    yield client
    client.app.state.helper.close()  # type: ignore[attr-defined]


def send(client: TestClient, picks: list[str], **told: str) -> httpx.Response:
    fields = {"user_id": "zoe", "form": uuid4().hex, "day": str(DAY)} | told
    answered: httpx.Response = client.post(
        "/new-viewer", data={**fields, "pick": picks}, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False
    )
    return answered


def recorded(home: Path) -> list[tuple[str, str, str]]:
    lines = file_of(home / "landing", DAY).read_text().splitlines()
    events = [json.loads(line) for line in lines if line.strip()]
    return [(event["user_id"], event["title_id"], event["event_type"]) for event in events]


def test_titles_are_picked_from_shelves_and_by_words(client: TestClient) -> None:
    page = client.get("/new-viewer", params={"q": "amelie", "pick": "tt1"})
    told = text_of(page)

    assert "Called amelie Pick Amélie (2000)" in told
    assert "Watched by most All Romance Heat (2000) picked Pick Amélie (2000)" in told
    assert "Picked: 1 of 10 Heat (2000) drop Heat" in told
    assert "/new-viewer?pick=tt1&amp;pick=tt4&amp;q=amelie#picked" in page.text
    assert "Watched by most: Romance All Romance Pick Amélie" in text_of(client.get("/new-viewer?genre=Romance"))
    assert "Nothing is called so" in text_of(client.get("/new-viewer?q=zzz"))


def test_the_list_is_what_the_champion_makes_of_the_picks_and_nothing_else(client: TestClient) -> None:
    told = text_of(client.get("/new-viewer?pick=tt1"))
    (listed,) = re.findall(r"What you would be recommended By als version 1.*", told)

    # Casino is like Heat; Ronin, too, but a rule blocks it.
    assert re.search(r"1 Casino \(2000\) because you liked Heat \(2000\)", listed)
    assert "Heat (2000) 100 %" in listed
    assert "Ronin" not in listed


def test_what_people_set_about_titles_since_counts_at_once(client: TestClient, home: Path) -> None:
    rules(home, "tt2", "tt3")
    try:
        assert "Casino" not in text_of(client.get("/new-viewer?pick=tt1")).partition("By als version")[2]
    finally:
        rules(home, "tt3")
    assert "Casino" in text_of(client.get("/new-viewer?pick=tt1")).partition("By als version")[2]


def test_the_same_list_is_made_in_any_order_of_picks_and_of_none_what_is_popular(home: Path) -> None:
    at_once = AtOnce(Settings(home=home, **SETTINGS))

    assert at_once.list_of(["tt1", "tt5"]) == at_once.list_of(["tt5", "tt1", "tt1"])
    assert {row["source"] for row in at_once.list_of([])["rows"]} == {"popular"}
    assert {row["source"] for row in at_once.list_of(["gone"])["rows"]} == {"popular"}


def test_without_a_champion_or_tables_it_says_so_in_a_line(tmp_path: Path) -> None:
    told = answer(AtOnce(Settings(home=tmp_path)), {"titles": ["tt1"]})

    assert "run `reelhouse run model.champion`" in told["error"]


def test_a_process_that_was_killed_is_started_again(home: Path) -> None:
    helper = Helper(Settings(home=home, **SETTINGS))
    helper.start()
    process = helper._process
    assert process is not None
    try:
        first = helper.list_of(["tt1"])
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert helper.list_of(["tt1"]) == first
    finally:
        helper.close()


def test_a_viewer_is_kept_once_and_waits_for_tonight(client: TestClient, home: Path) -> None:
    form = uuid4().hex
    # A process was killed after the first pick was recorded.
    record(home / "landing", Feedback("zoe", "tt1", "like"), f"{form}-0", DAY, NOW)

    first, second = (send(client, ["tt1", "tt4"], form=form) for _ in range(2))

    assert recorded(home) == [("zoe", "tt1", "like"), ("zoe", "tt4", "like")]
    assert "Recorded for the night of 2026-03-02" in (told := text_of(client.get(first.headers["location"])))
    assert "This viewer is new" in told
    assert 'href="/new-viewer?pick=tt1&amp;pick=tt4#list"' in client.get("/viewers/zoe").text
    assert "likes Amélie (2000) likes Heat (2000)" in told
    assert "counts once" in text_of(client.get(second.headers["location"]))
    taken = send(client, ["tt5"])
    assert (taken.status_code, "there is a viewer zoe already" in taken.text) == (409, True)


@pytest.mark.parametrize(
    ("picks", "told", "status", "said"),
    [
        ([], {}, 422, "pick a title first"),
        (["tt1", "tt9"], {}, 404, "silver.titles has no title tt9"),
        (["tt1"], {"user_id": "u1"}, 409, "there is a viewer u1 already"),
        (["tt1"], {"user_id": "*"}, 422, "stands for everybody"),
        (["tt1"], {"user_id": "<b>\u2028x"}, 422, "printable characters"),
        (["tt1"], {"form": "x"}, 422, "no form of this site"),
        (["tt1"], {"day": "2026-01-01"}, 409, "open the page anew"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    client: TestClient, home: Path, picks: list[str], told: dict[str, str], status: int, said: str
) -> None:
    refused = send(client, picks, **({"user_id": f"new {uuid4()}"} | told))

    assert (refused.status_code, said in refused.text) == (status, True), refused.text
    assert "<b>" not in refused.text
    assert not any(viewer.startswith(("new ", "u1")) for viewer, *_ in recorded(home))


def test_hostile_questions_are_text_and_bounded(client: TestClient) -> None:
    picks = "&".join(f"pick=tt{number}" for number in range(300))
    for query in ("pick=%3Cscript%3E&q=%3Cscript%3E", picks, "pick=tt5&genre=%27%3B--", "q=" + "a+" * 900):
        page = client.get(f"/new-viewer?{query}")
        assert page.status_code == 200
        assert "<script" not in page.text
