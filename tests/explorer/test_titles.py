"""The pages of titles: search, shelves, and all that is known of one, whatever it is called."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from starlette.testclient import TestClient

from jobs.answers.title_search import READS
from jobs.explorer.indexing import Indexing
from jobs.lakehouse.views import Views
from jobs.tables import gold, silver
from tests.cli.small_lake import listed, publish
from tests.explorer.pages import client_of, text_of
from tests.rows import filled

HOSTILE = "<script>alert('x')</script>\u202e \x1b[31m"
AT = datetime(2026, 2, 3, 20, tzinfo=UTC)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    plain = {
        "is_adult": False,
        "directors": [],
        "writers": [],
        "leading_cast": [],
        "genres": ["Crime"],
        "viewer_count": 2,
    }
    names = {"tt1": "Heat", "tt2": HOSTILE, "tt3": "x" * 10_240}
    for table in (silver.TITLES, gold.TITLE_FACTS):
        own = {name: value for name, value in plain.items() if name in table.column_names}
        publish(
            tmp_path, table, *(filled(table, own | {"title_id": one, "title": name}) for one, name in names.items())
        )
    rated = [
        filled(silver.RATINGS, {"user_id": f"u{n}", "title_id": "tt1", "rating": r})
        for n, r in enumerate((10.0, 9.5, 3.0))
    ]
    publish(tmp_path, silver.RATINGS, *rated)
    seen = {"title_id": "tt1", "event_type": "view", "occurred_at": AT, "month": date(2026, 2, 1)}
    publish(
        tmp_path,
        silver.INTERACTIONS,
        *(filled(silver.INTERACTIONS, seen | {"event_id": u, "user_id": u}) for u in "ab"),
    )
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt1"), listed("u2", 2, "tt1"), listed("u2", 1, "tt2"))
    like = {
        "title_id": "tt1",
        "title": "Heat",
        "rank": 1,
        "similar_title_id": "tt2",
        "similar_title": HOSTILE,
        "shared": "Crime",
    }
    publish(
        tmp_path,
        gold.SIMILAR_TITLES,
        *(filled(gold.SIMILAR_TITLES, like | {"kind": kind}) for kind in ("taste", "content")),
    )
    return client_of(tmp_path)


def test_a_title_s_page_says_all_that_is_known(client: TestClient) -> None:
    told = text_of(client.get("/titles/tt1"))

    assert "3 of our viewers rated it." in told
    assert "2 in the last, 2026-02" in told
    assert "best rank 1" in told
    assert "By taste" in told
    assert told.count("Crime") >= 3


@pytest.mark.parametrize("picture", ["ratings", "months", "ranks"])
def test_its_pictures_are_drawn(client: TestClient, picture: str) -> None:
    assert client.get(f"/titles/tt1/{picture}.svg").headers["content-type"] == "image/svg+xml"
    assert client.get("/titles/tt1/other.svg").status_code == 404


@pytest.mark.parametrize(
    "path", ["/titles/tt1", "/titles/tt2", "/titles/tt2/poster.svg", "/titles?q=script", "/titles?genre=Crime"]
)
def test_a_name_is_text_wherever_it_stands(client: TestClient, path: str) -> None:
    page = client.get(path).text

    assert "<script>" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_a_very_long_name_is_cut(client: TestClient) -> None:
    assert len(client.get("/titles/tt3").text) < 12_000
    assert len(client.get("/titles/tt3/poster.svg").text) < 2_000


def test_search_forgives_slips_and_keeps_what_was_asked_in_its_form(client: TestClient, tmp_path: Path) -> None:
    page = client.get("/titles", params={"q": "haet", "genre": "Crime", "rating": "none"})

    assert "Heat" in text_of(page)
    assert 'value="haet"' in page.text
    assert [path.name for path in (tmp_path / "explorer").iterdir()] == [index_of(tmp_path)]
    assert "No title has all of that" in text_of(client.get("/titles", params={"q": "nowhere"}))


def test_an_index_of_titles_that_were_replaced_is_made_anew_and_the_old_one_removed(
    client: TestClient, tmp_path: Path
) -> None:
    client.get("/titles", params={"q": "heat"})
    publish(
        tmp_path, gold.TITLE_FACTS, filled(gold.TITLE_FACTS, {"title_id": "tt9", "title": "Ran", "is_adult": False})
    )
    later = client_of(tmp_path)

    assert "Ran" in text_of(later.get("/titles", params={"q": "ran"}))
    assert [path.name for path in (tmp_path / "explorer").iterdir()] == [index_of(tmp_path)]


def index_of(home: Path) -> str:
    """The folder of the index of the titles that are there now."""
    table = DeltaTable(home / "lake" / gold.TITLE_FACTS.path)
    return f"titles-{str(table.metadata().id)[:8]}-{table.version()}"


def test_an_index_that_is_damaged_is_made_again(tmp_path: Path, client: TestClient) -> None:
    assert "Heat" in text_of(client.get("/titles", params={"q": "haet"}))
    (tmp_path / "explorer" / index_of(tmp_path) / "meta.json").write_text("")
    later = client_of(tmp_path)

    assert "Heat" in text_of(later.get("/titles", params={"q": "heat"}))
    assert "Heat" in text_of(later.get("/titles", params={"q": "haet"}))


def test_an_index_that_cannot_be_made_is_not_begun_again_at_once(tmp_path: Path, client: TestClient) -> None:
    (tmp_path / "explorer").write_bytes(b"no folder can be made here")
    views, indexing = Views(str(tmp_path / "lake"), READS), Indexing(tmp_path / "explorer", waits=60.0)

    assert [indexing.of(views) for _ in range(3)] == [None] * 3
    (tmp_path / "explorer").unlink()
    assert indexing.of(views) is None
    assert Indexing(tmp_path / "explorer", waits=60.0).of(views) is not None


def test_what_a_process_left_of_an_index_goes_and_what_another_is_at_work_on_stays(
    client: TestClient, tmp_path: Path
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (ended.pid, os.getpid()):
        (tmp_path / "explorer" / f".titles-1-{process}").mkdir(parents=True)

    assert "Heat" in text_of(client.get("/titles", params={"q": "haet"}))

    assert {path.name for path in (tmp_path / "explorer").iterdir()} == {index_of(tmp_path), f".titles-1-{os.getpid()}"}


def test_an_index_that_could_not_be_made_is_begun_again_and_words_are_found_meanwhile(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "explorer").write_bytes(b"no folder can be made here")
    without = client.get("/titles", params={"q": "heat"})
    (tmp_path / "explorer").unlink()

    assert "The index of words is being made" in text_of(without)
    assert "Heat" in text_of(without)
    assert "Heat" in text_of(client.get("/titles", params={"q": "haet"}))


def test_a_title_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/titles/tt7/ratings.svg").status_code == 404
    assert client.get("/titles/tt7").status_code == 404
    assert client.get("/titles/heat").status_code == 404
    assert client.get("/titles", params={"q": "x" * 300}).status_code == 404


def test_on_a_lake_with_titles_alone_a_page_shows_what_there_is(tmp_path: Path) -> None:
    publish(tmp_path, silver.TITLES, filled(silver.TITLES, {"title_id": "tt1", "title": "Heat", "is_adult": False}))
    client = client_of(tmp_path)

    assert "Heat" in text_of(client.get("/titles/tt1"))
    assert "gold.popular_titles was never published" in text_of(client.get("/titles"))
    assert "gold.title_facts was never published" in text_of(client.get("/titles?q=heat"))
