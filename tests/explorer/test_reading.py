"""One edition of each table for a whole request, whatever becomes of the lake."""

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from jobs.explorer import reading
from jobs.tables import gold, silver
from tests.cli.small_lake import listed, preferred, publish
from tests.explorer.pages import client_of

PAGES = ("/", "/viewers/u1", "/titles/tt1", "/api/viewers/u1/list", "/api/titles/tt1")


def fill(home: Path, title: str) -> None:
    """A viewer with a list of one title; titles and what is like them are published twice."""
    for _ in range(2):
        told = {"title_id": "tt1", "title": title, "title_type": "movie", "is_adult": False, "genres": []}
        publish(home, silver.TITLES, told)
        publish(home, gold.SIMILAR_TITLES)
    publish(home, silver.PREFERENCES, preferred("u1", "tt1", 1.0))
    publish(home, gold.RECOMMENDATIONS, listed("u1", 1, "tt1"))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(reading, "_LOOKS_EVERY", 0.0)
    fill(tmp_path, "Heat")
    return client_of(tmp_path)


def test_a_log_that_is_damaged_takes_its_own_table_away_and_no_other(client: TestClient, tmp_path: Path) -> None:
    asked = [path for path in PAGES if path != "/viewers/u1"]  # which night answers to feedback is not known then
    assert [client.get(path).status_code for path in asked] == [200] * 4
    log = tmp_path / "lake" / gold.SIMILAR_TITLES.path / "_delta_log"
    with (log / f"{1:020}.json").open("r+b") as entry:
        entry.write(bytes(60))
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt1"))

    assert [client.get(path).status_code for path in asked] == [200] * 4
    assert "of version 1 is damaged" in client.get("/").text


def test_a_table_that_was_made_again_is_shown_and_is_not_what_was_known_before(
    client: TestClient, tmp_path: Path
) -> None:
    before = client.get("/api/titles/tt1")
    shutil.rmtree(tmp_path / "lake")
    fill(tmp_path, "Ran")

    after = client.get("/api/titles/tt1", headers={"if-none-match": before.headers["etag"]})

    assert (before.json()["title"], after.status_code, after.json()["title"]) == ("Heat", 200, "Ran")


def test_files_that_are_gone_are_told_of_in_one_line(client: TestClient, tmp_path: Path) -> None:
    client.get("/")
    for file in (tmp_path / "lake" / silver.TITLES.path).glob("*.parquet"):
        file.unlink()

    answer = client.get("/api/titles/tt1")

    assert answer.status_code == 503
    assert "`reelhouse restore TABLE --deep` shows what is whole" in answer.json()["error"]
