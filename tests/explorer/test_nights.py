"""The pages of nights: a row each, what changed, two side by side, and commands to copy."""

from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry, Part
from jobs.tables import Table, gold, silver
from tests.cli.small_lake import HOSTILE, NIGHT, listed, publish
from tests.explorer.pages import client_of, text_of
from tests.rows import filled

BEFORE = date(2026, 2, 28)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """Two nights: of the second, titles have a broken row and lists changed; a title has a hostile name."""
    for night, offered in ((BEFORE, 2), (NIGHT, 3)):
        rows = [filled(silver.TITLES, {"title_id": f"tt{n}", "title": HOSTILE}) for n in (1, 2)]
        account = {"seconds": 7.5, "settings": {"x": str(night)}}
        publish(tmp_path, silver.TITLES, *rows, night=night, **account)
        kept = [BEFORE, NIGHT][: 1 + (night == NIGHT)]
        lists = [{**listed("u1", 1, "tt1"), "night": one} for one in kept] + [
            {**listed("u1", 2, "tt2" if one == BEFORE else "tt3"), "night": one} for one in kept
        ]
        publish(tmp_path, gold.RECOMMENDATION_HISTORY, *lists, night=night)
        publish(tmp_path, gold.RECOMMENDATIONS, *lists[: offered - 1], night=night, inputs={"model.champion": offered})
    told = {
        "night": NIGHT, "night_before": BEFORE, "user_id": "u1", "state": "both", "segment": "light", "overlap": 0.5,
        "rbo": 0.4, "entering_title_ids": ["tt1"], "leaving_title_ids": ["tt2"], "listed_count": 2,
        "listed_before_count": 2, "personal_count": 2, "segment_count": 0, "popular_count": 0,
    }  # fmt: skip
    publish(tmp_path, gold.RECOMMENDATION_CHANGES, told)
    return client_of(tmp_path)


def test_there_is_a_row_for_each_night_the_newest_first(client: TestClient) -> None:
    told = text_of(client.get("/nights"))

    assert "2 nights, the newest 2026-03-01 (yesterday)" in told
    assert told.index("2026-03-01 4 ") < told.index("2026-02-28 3 ")
    assert "50.0 %" in told
    assert "7.5 s" in told


def test_a_night_says_what_changed_as_the_command_line_does_and_which_commands_there_are(client: TestClient) -> None:
    page = client.get("/nights/2026-03-01")

    told = text_of(page)
    assert "1 viewer had a list in both nights: 50.0 % of its titles stood on the one before" in told
    assert "[red]x[/red]␛[31m" in told
    assert "\x1b" not in page.text
    assert 'reelhouse rollback gold.recommendations --to 2026-03-01 --reason "…"' in told


@pytest.mark.parametrize("path", ["/nights/2020-01-01", "/nights/yesterday", "/nights/compare?a=2020-01-01"])
def test_a_night_that_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "Not found" in answer.text


def test_two_nights_stand_side_by_side(client: TestClient) -> None:
    told = text_of(client.get("/nights/compare"))

    assert "silver.titles x 2026-02-28 2026-03-01" in told
    assert "model version 2 3" in told
    assert told == text_of(client.get("/nights/compare?a=2026-02-28&b=2026-03-01"))


def test_rows_of_a_person_who_was_forgotten_are_not_told_as_set_aside_of_a_table_by_month(
    client: TestClient, tmp_path: Path
) -> None:
    # Five were offered, two of them broken; a reset brought the rest back without the rows of somebody forgotten.
    months = {"2026-01-01": Part(published=0, broken=1), "2026-02-01": Part(published=1, broken=1)}
    row = filled(silver.INTERACTIONS, {"event_id": "e", "month": date(2026, 2, 1)})
    publish(tmp_path, silver.INTERACTIONS, row, offered=5, parts=months, forgotten=2)

    assert "set aside 0 2 waiting 0 0" in (told := text_of(client.get("/nights/compare")))
    assert "silver.interactions - 1 - 2 - 0.0 s" in told
    assert "set aside 2 waiting 0" in text_of(client.get("/nights/2026-03-01"))


def test_each_ledger_is_read_once_to_compare_two_nights(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    history = ledger.history

    def count(root: str, table: Table, limit: int | None = None) -> list[Entry]:
        opened.append(table.name)
        return history(root, table, limit)

    monkeypatch.setattr(ledger, "history", count)

    assert client.get("/nights/compare").status_code == 200
    assert opened
    assert len(opened) == len(set(opened))


def test_one_night_is_compared_with_nothing(tmp_path: Path) -> None:
    publish(tmp_path, silver.TITLES)

    answer = client_of(tmp_path).get(f"/nights/compare?a={NIGHT}&b={NIGHT}")

    assert (answer.status_code, "fewer than two nights" in answer.text) == (404, True)


def test_pictures_are_drawn_for_both_grounds_and_not_sent_again(client: TestClient) -> None:
    light, dark = (client.get(f"/nights/seconds.svg?scheme={one}") for one in ("light", "dark"))

    assert light.headers["content-type"] == "image/svg+xml"
    assert light.content != dark.content
    assert client.get("/nights/seconds.svg", headers={"if-none-match": light.headers["etag"]}).status_code == 304
    assert client.get("/nights/seconds.svg?scheme=pink").status_code == 404


def test_without_a_night_it_says_what_to_run(tmp_path: Path) -> None:
    assert "make night" in text_of(client_of(tmp_path).get("/nights"))
