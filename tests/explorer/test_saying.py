"""What is said by the site's forms: recorded once, for the night that comes, or refused in a sentence."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from starlette.testclient import TestClient

from jobs.landing.feedback import file_of
from tests.cli.small_lake import home
from tests.explorer.pages import NOW, client, client_of, text_of

__all__ = ["client", "home"]
DAY = NOW.date()
SAME = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def nothing_said_yet(home: Path) -> None:
    shutil.rmtree(home / "landing", ignore_errors=True)


def form(**told: str) -> dict[str, str]:
    return {
        "user_id": "u000001",
        "title_id": "tt0000001",
        "event_type": "like",
        "value": "",
        "form": uuid4().hex,
        "day": str(DAY),
    } | told


def send(client: TestClient, fields: dict[str, str]) -> httpx.Response:
    answer: httpx.Response = client.post("/feedback", data=fields, headers=SAME, follow_redirects=False)
    return answer


def recorded(home: Path) -> list[dict[str, Any]]:
    file = file_of(home / "landing", DAY)
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip()] if file.exists() else []


def test_a_button_of_the_page_records_an_event_and_shows_the_page_anew(client: TestClient, home: Path) -> None:
    page = client.get("/viewers/u000001").text
    (first, *others) = re.findall(r'<form class="says".*?</form>', page, re.DOTALL)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', first))

    answer = send(client, hidden | {"event_type": "like"})

    assert answer.status_code == 303
    assert len({hidden["form"], *(re.search(r'name="form" value="(\w+)"', one)[1] for one in others)}) == 2  # type: ignore[index]
    (event,) = recorded(home)
    assert event["event_id"] == f"feedback:{hidden['form']}"
    assert (event["user_id"], event["title_id"], event["event_type"], event["value"]) == (
        *("u000001", "tt0000001"),
        *("like", None),
    )
    told = text_of(client.get(answer.headers["location"]))
    assert "Recorded for the night of 2026-03-02 (today) : likes Heat (1995)" in re.sub(r"\) ?:", ") :", told)
    assert "Waiting for tonight" in told
    assert "u000001 likes it: the next night answers" in told


def test_a_form_that_is_sent_twice_counts_once_and_says_so(client: TestClient, home: Path) -> None:
    fields = form(event_type="rating", value="8.5")

    first, second = send(client, fields), send(client, fields)

    assert [event["value"] for event in recorded(home)] == [8.5]
    assert "This was recorded before" not in text_of(client.get(first.headers["location"]))
    assert "This was recorded before, and counts once" in text_of(client.get(second.headers["location"]))


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        ({"user_id": "u00001"}, 404, "there is no viewer u00001; the nearest are u000001, u000002"),
        ({"user_id": "*"}, 422, "* stands for everybody who is not known"),
        ({"user_id": ""}, 422, "a viewer has 1 to 128 printable characters"),
        ({"user_id": "x" * 10_000}, 422, "a viewer has 1 to 128 printable characters"),
        ({"title_id": "tt9999999"}, 404, "silver.titles has no title tt9999999"),
        ({"title_id": "<script>"}, 404, "silver.titles has no title <script>"),
        ({"event_type": "adore"}, 422, "'adore' is none of view, rating"),
        ({"event_type": "rating", "value": "11"}, 422, "a rating is from 0 to 10, not 11"),
        ({"event_type": "rating", "value": "nan"}, 422, "a rating is from 0 to 10, not nan"),
        ({"event_type": "rating", "value": "good"}, 422, "a rating is a number from 0 to 10, not 'good'"),
        ({"event_type": "rating", "value": ""}, 422, "a rating has a value"),
        ({"form": "made up"}, 422, "this is no form of this site"),
        ({"day": "yesterday"}, 422, "this is no form of this site"),
        (
            {"day": str(DAY - timedelta(days=2))},
            409,
            "the page with this form is of 2026-02-28, and what is said now is",
        ),
        ({"day": str(DAY + timedelta(days=1))}, 409, "open the page anew"),
    ],
)
def test_what_is_not_clear_is_refused_with_a_sentence_and_a_way_back(
    client: TestClient, home: Path, told: dict[str, str], status: int, said: str
) -> None:
    answer = send(client, form(**told))

    assert answer.status_code == status
    answer.status_code = 200
    assert said in text_of(answer)
    assert "<script" not in answer.text
    assert 'href="/viewers' in answer.text
    assert recorded(home) == []


def test_a_form_of_yesterday_is_for_today(client: TestClient, home: Path) -> None:
    assert send(client, form(day=str(DAY - timedelta(days=1)))).status_code == 303
    assert len(recorded(home)) == 1


def test_a_form_that_the_back_button_brings_again_says_nothing_else(client: TestClient, home: Path) -> None:
    fields = form()
    send(client, fields)

    again = send(client, fields | {"event_type": "dislike"})

    assert again.status_code == 409
    assert "this form has said something else already" in again.text
    assert [event["event_type"] for event in recorded(home)] == ["like"]


def test_landing_that_cannot_be_written_is_said(client: TestClient, home: Path) -> None:
    (home / "landing").mkdir()
    (home / "landing" / "interactions").touch()

    answer = send(client, form())

    assert (answer.status_code, "cannot be written" in answer.text) == (503, True)


@pytest.mark.parametrize("body", [b"\xff\xfe=%ff", b"a&" * 8_000, b"", b"{}"])
def test_a_body_that_is_no_form_is_refused(client: TestClient, home: Path, body: bytes) -> None:
    headers = {**SAME, "content-type": "application/x-www-form-urlencoded"}

    assert client.post("/feedback", content=body, headers=headers).status_code == 422
    assert recorded(home) == []


def test_a_title_is_found_by_its_words_to_say_something_of_it(client: TestClient) -> None:
    page = client.get("/viewers/u000001", params={"about": "amelie"})

    assert "Amélie (2001)" in text_of(page)
    assert '<input type="hidden" name="title_id" value="tt0000002">' in page.text
    assert "may be several titles" in text_of(client.get("/viewers/u000001", params={"about": "he"}))
    assert "silver.titles has no" in text_of(client.get("/viewers/u000001", params={"about": "zzz"}))


def test_events_of_many_at_once_are_each_answered_and_recorded_once(home: Path) -> None:
    client = client_of(home)
    forms = [form(user_id=("u000001", "u000002", "nobody")[number % 3]) for number in range(120)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda fields: send(client, fields).status_code, [*forms, *forms]))

    assert answers == [404 if fields["user_id"] == "nobody" else 303 for fields in forms] * 2
    sent = {f"feedback:{fields['form']}" for fields in forms if fields["user_id"] != "nobody"}
    assert sorted(event["event_id"] for event in recorded(home)) == sorted(sent)


def test_a_viewer_with_a_slash_is_led_back_to(home: Path) -> None:
    client = client_of(home)
    odd = "a/../b?c#d"
    # Somebody told of this viewer by command.
    fields = form()
    send(client, fields)
    file = file_of(home / "landing", DAY)
    file.write_text(file.read_text().replace("u000001", odd))

    answer = send(client, form(user_id=odd))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/viewers/{quote(odd, safe='')}?said=")
    assert "likes Heat (1995)" in text_of(client.get(answer.headers["location"]))


def test_enter_in_the_field_of_a_rating_rates_and_does_not_like(client: TestClient) -> None:
    buttons = re.findall(
        r'<button name="event_type" value="(\w+)"( formnovalidate)?>', client.get("/viewers/u000001").text
    )

    assert buttons[0] == ("rating", "")
    assert ("like", " formnovalidate") in buttons
