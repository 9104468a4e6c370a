"""The answers for programs: the same as those of the command line, and unanswered while nothing is new."""

import re
from pathlib import Path

from starlette.testclient import TestClient

from jobs.answers import titles, viewers
from jobs.lakehouse.views import Views
from jobs.tables import gold, silver
from tests.cli.small_lake import HOSTILE, listed, publish
from tests.explorer.pages import client, client_of, home, text_of
from tests.rows import filled

__all__ = ["client", "home"]


def test_a_viewer_s_list_is_the_one_that_the_command_line_shows(client: TestClient, home: Path) -> None:
    answer = client.get("/api/viewers/u000001/list").json()

    shown = viewers.viewer_list(Views(str(home / "lake"), viewers.READS), "u000001", 50)
    assert [(one["rank"], one["title_id"], one["reasons"]) for one in answer["titles"]] == [
        (one.rank, one.title_id, one.reasons) for one in shown.titles
    ]
    assert (answer["night"], answer["model_version"]) == (shown.night.isoformat(), 3)
    assert answer["titles"][1]["title"] == HOSTILE, "programs get what is there"
    assert len(client.get("/api/viewers/u000001/list?limit=1").json()["titles"]) == 1


def test_a_viewer_nobody_knows_is_404_unless_the_list_for_everybody_is_asked_for(tmp_path: Path) -> None:
    for table in (silver.TITLES, silver.PREFERENCES):
        publish(tmp_path, table, filled(table, {}))
    publish(tmp_path, gold.RECOMMENDATIONS, listed("*", 1, "tt1"), listed("u1", 1, "tt2"))
    client = client_of(tmp_path)

    unknown = client.get("/api/viewers/nobody/list")

    assert unknown.status_code == 404
    assert "there is no viewer nobody" in unknown.json()["error"]
    assert client.get("/api/viewers/nobody/list?fallback=true").json()["user_id"] == "*"


def test_an_answer_is_not_sent_again_until_something_is_published(tmp_path: Path) -> None:
    for table in (silver.TITLES, silver.PREFERENCES):
        publish(tmp_path, table, filled(table, {}))
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt1"))
    client, address = client_of(tmp_path), "/api/viewers/u1/list"
    tag = client.get(address).headers["etag"]

    known = client.get(address, headers={"if-none-match": f'"another", {tag}'})
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt2"))
    later = client_of(tmp_path).get(address, headers={"if-none-match": tag})

    assert (known.status_code, known.content) == (304, b"")
    assert (later.status_code, later.json()["titles"][0]["title_id"]) == (200, "tt2")
    assert later.headers["etag"] != tag
    assert client.get(f"{address}?limit=7", headers={"if-none-match": tag}).status_code == 200


def test_a_title_is_asked_for_by_its_identifier_only(client: TestClient, home: Path) -> None:
    found = client.get("/api/titles/tt0000002").json()

    assert found["title"] == titles.title_facts(Views(str(home / "lake"), titles.READS), "tt0000002").title == "Amélie"
    assert client.get("/api/titles/amelie").status_code == 404
    assert client.get("/api/titles/tt9999999").status_code == 404


def test_tonight_is_told_to_programs_too(client: TestClient) -> None:
    found = client.get("/api/tonight").json()

    assert found["night"] == "2026-03-01"
    assert {one["table"] for stage in found["stages"] for one in stage["tables"]} >= {"silver.titles", "model.champion"}


def test_without_tables_programs_are_told_what_to_run(tmp_path: Path) -> None:
    answer = client_of(tmp_path).get("/api/titles/tt1")

    assert answer.status_code == 503
    assert "run `reelhouse run silver.titles`" in answer.json()["error"]


def test_the_page_for_programs_names_every_question(client: TestClient) -> None:
    told = text_of(client.get("/api"))

    for path in client.get("/api/openapi.json").json()["paths"]:
        assert f"GET {path}" in told


def test_the_page_for_programs_asks_for_what_there_is(client: TestClient) -> None:
    asked = re.findall(r"curl http://127.0.0.1:8600(\S+)</code>", client.get("/api").text)

    assert "/api/tonight" in asked
    assert [client.get(path).status_code for path in asked] == [200] * len(asked)
