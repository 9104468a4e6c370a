"""The page of the data, its pictures, and the same as one file."""

import re
from base64 import b64decode
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from jobs.answers.lake_profile import READS, profile
from jobs.answers.profile_words import TITLES
from jobs.cli.app import app
from jobs.lakehouse.views import Views
from jobs.scoring.lake_shape import shape
from jobs.tables import gold, ops
from tests.cli.small_lake import HOSTILE, NIGHT, publish
from tests.explorer.pages import client_of, text_of
from tests.rows import filled

BEFORE = date(2026, 2, 28)
PRICED = "$a^{b$ <script>alert(1)</script>"
COUNTED = [
    *(("ratings", f"2026-0{month}", rating, month) for month in (1, 2) for rating in ("8.0", "3.0")),
    *(("events", "2026-01", kind, 5) for kind in ("view", "like")),
    *(("week", "6", "21", 5), ("of_viewer", "2", "", 3), ("of_title", "1", "", 2), ("of_title", "4", "", 1)),
    *(("titles", "1995", "", 30), ("genres", "1990", HOSTILE, 30), ("runtime", "1990", "95", 3)),
    *(("languages", "en", "", 3), ("people", "nm1", PRICED, 4), ("people", "nm2", "x" * 10_000, 3)),
    *(("rows", "silver.titles.language", "", 4), ("missing", "silver.titles.language", "", 1)),
    *(("value:silver.titles.runtime_minutes", str(minutes), "", 4) for minutes in (80, 90, 100, 900)),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights; what they hold has names that no picture may obey."""
    home = tmp_path_factory.mktemp("data")
    fewer = [one for one in COUNTED if one[0] != "people"]
    publish(home, gold.LAKE_PROFILE, *shape(BEFORE, fewer), *shape(NIGHT, COUNTED))
    aside = {
        "table_name": "silver.titles",
        "night": NIGHT,
        "reasons": ["title:match_regex", "x:y"],
        "state": "set_aside",
    }
    publish(home, ops.QUARANTINE, *[filled(ops.QUARANTINE, aside)] * 2)
    return home


@pytest.fixture
def client(home: Path) -> TestClient:
    return client_of(home)


def test_each_picture_has_a_sentence_words_for_who_cannot_see_it_and_its_sql(client: TestClient) -> None:
    page = client.get("/data")

    told = text_of(page)
    assert [title for title in TITLES.values() if title not in told] == []
    assert "6 ratings have a mean of 5.50 of 10; 3.0 is given most often (50.0 %), and 50.0 % are below 5." in told
    assert "Rows by reason: 4 set aside; the most frequent is silver.titles title:match_regex (2)." in told
    assert "night 2026-03-01 (yesterday)" in told
    assert page.text.count('alt="') == len(re.findall(r'alt="[^"]+: [^"]+"', page.text)) == len(TITLES)
    assert page.text.count("reelhouse sql") == len(TITLES)
    assert "<script" not in page.text


def test_its_sql_finds_the_numbers_of_each_picture(home: Path) -> None:
    views = Views(str(home / "lake"), READS)

    found = {one.name: (len(views.rows(one.sql)), len(one.points.rows)) for one in profile(views).pictures}

    assert {name: counts for name, counts in found.items() if counts[0] != counts[1]} == {}
    assert found.keys() == TITLES.keys()


@pytest.mark.parametrize("name", TITLES)
def test_pictures_are_whole_for_both_grounds_and_not_sent_again(client: TestClient, name: str) -> None:
    light, dark = (client.get(f"/data/{name}.svg?scheme={scheme}") for scheme in ("light", "dark"))

    assert (light.status_code, light.headers["content-type"]) == (200, "image/svg+xml")
    ElementTree.fromstring(light.content)  # noqa: S314 - our own
    assert light.content != dark.content
    again = client.get(f"/data/{name}.svg", headers={"if-none-match": light.headers["etag"]})
    assert again.status_code == 304


def test_names_are_text_in_a_picture_whatever_they_hold(client: TestClient) -> None:
    picture = client.get("/data/people.svg").text

    assert "$a^{b$ &lt;script&gt;" in picture
    assert "x" * 100 not in picture
    assert "\x1b" not in client.get("/data/genres.svg").text


def test_of_many_reasons_the_first_twenty_are_named_and_no_row_is_left_out(tmp_path: Path) -> None:
    publish(tmp_path, gold.LAKE_PROFILE, *shape(NIGHT, COUNTED))
    aside = {"table_name": "silver.titles", "night": NIGHT, "reasons": [f"x:{n:02d}" for n in range(24)]}
    states = [{**aside, "state": state} for state in ("set_aside", "parked")]
    publish(tmp_path, ops.QUARANTINE, *(filled(ops.QUARANTINE, one) for one in states))

    shown = next(one for one in profile(Views(str(tmp_path / "lake"), READS)).pictures if one.name == "set_aside")

    assert shown.says == "Rows by reason: 24 waiting, 24 set aside; the most frequent is silver.titles x:00 (2)."
    assert len(shown.points.by_x()) == 11
    assert shown.points.by_x()["all others"] == 28


def test_an_earlier_night_shows_what_was_then(client: TestClient) -> None:
    then = text_of(client.get("/data?night=2026-02-28"))

    assert TITLES["people"] not in then
    assert "Nothing was set aside." in then
    assert client.get("/data/people.svg?night=2026-02-28").status_code == 404
    assert client.get("/data/set_aside.svg?night=2026-02-28").status_code == 404


@pytest.mark.parametrize("path", ["?night=2020-01-01", "?night=soon", "/prices.svg", "/people.svg?night=2020-01-01"])
def test_what_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    assert client.get(f"/data{path}").status_code == 404


def test_without_a_profile_the_page_says_what_to_run(tmp_path: Path) -> None:
    assert "reelhouse run gold.lake_profile" in text_of(client_of(tmp_path).get("/data"))


def test_the_file_holds_all_of_it_and_needs_nothing_else(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))
    file = tmp_path / "data.html"

    done = CliRunner().invoke(app, ["profile", "--to", str(file)])

    assert done.exit_code == 0, done.output
    text = file.read_text(encoding="utf-8")
    assert [title for title in TITLES.values() if title not in text] == []
    inline = re.findall(r'(?:src|srcset)="([^"]*)"', text)
    assert len(inline) == 2 * len(TITLES)
    assert all(b64decode(one.removeprefix("data:image/svg+xml;base64,")).endswith(b"</svg>\n") for one in inline)
    assert re.findall(r"(?:href|url)[=(]", text) == []
    assert "<script" not in text
    earlier = CliRunner().invoke(app, ["profile", "2026-02-28"])
    assert earlier.exit_code == 0, earlier.output
    assert (home / "docs" / "profile" / "2026-02-28.html").exists()


def test_of_a_night_without_a_profile_no_file_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))

    done = CliRunner().invoke(app, ["profile", "2020-01-01"])

    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "2026-02-28 to 2026-03-01" in done.stderr
