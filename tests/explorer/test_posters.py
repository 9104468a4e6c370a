"""The poster on a title's page: drawn from its words, or loaded from where the operator lets browsers load it."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from jobs.errors import JobError
from jobs.explorer.posters import NOTICE, posters_at
from jobs.tables import silver
from tests.cli.small_lake import publish, without
from tests.explorer.pages import client_of, text_of
from tests.rows import filled

TMDB = "https://image.tmdb.org/t/p/w342"
PATH = "/rhIRbceoE9lR4veEXuwCC2wARtG.jpg"
HOSTILE = (
    *("//evil.example/a.jpg", "/../../a.jpg", "javascript:alert(1)", "https://evil.example/a.jpg", "/a.jpg?b=c", ""),
    *(
        "/a.jpg\n",
        "@evil.example/a.jpg",
        ".evil.example/a.jpg",
        '/a.jpg" onerror="alert(1)',
        "/a/../b.jpg",
        "/%2e%2e/a.jpg",
    ),
)
IMAGE = re.compile(r"<img [^>]*>")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a title that has a poster, one that has none, and some whose poster is anything but that."""
    paths = {"tt1": PATH, "tt2": None, **{f"tt9{number}": path for number, path in enumerate(HOSTILE)}}
    titles = ({"title_id": one, "title": "Heat", "poster_path": path} for one, path in paths.items())
    publish(tmp_path, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    return tmp_path


def images(client: TestClient, title_id: str) -> list[str]:
    """The images of a title's page."""
    return IMAGE.findall(client.get(f"/titles/{title_id}").text)


def test_unless_the_operator_names_an_address_posters_are_drawn_and_nothing_is_loaded(home: Path) -> None:
    client = client_of(home)
    page = client.get("/titles/tt1")

    (drawn,) = IMAGE.findall(page.text)
    assert 'src="/titles/tt1/poster.svg"' in drawn
    assert "https://" not in page.text
    assert "img-src 'self';" in page.headers["content-security-policy"]
    assert NOTICE not in page.text


def test_a_poster_is_loaded_over_the_drawn_one_without_saying_who_reads(home: Path) -> None:
    drawn, loaded = images(client_of(home, explorer_posters=TMDB), "tt1")

    assert 'src="/titles/tt1/poster.svg"' in drawn
    assert f'src="{TMDB}{PATH}"' in loaded
    for told in ('loading="lazy"', 'width="200"', 'height="300"', 'alt=""', 'referrerpolicy="no-referrer"'):
        assert told in loaded


def test_browsers_may_load_images_from_there_where_there_is_one_and_nothing_else(home: Path) -> None:
    client = client_of(home, explorer_posters=TMDB)

    told = client.get("/titles/tt1").headers["content-security-policy"]
    assert "img-src 'self' https://image.tmdb.org;" in told
    assert told.replace(" https://image.tmdb.org", "") == client.get("/").headers["content-security-policy"]
    assert client.get("/titles/tt1").headers["referrer-policy"] == "same-origin"
    for path in ("/", "/titles", "/titles/tt2", "/titles/tt1/poster.svg", "/titles/none"):
        assert "tmdb" not in client.get(path).headers["content-security-policy"]


def test_a_page_with_a_poster_of_tmdb_says_what_tmdb_asks_for(home: Path) -> None:
    client = client_of(home, explorer_posters=TMDB)

    assert NOTICE in text_of(client.get("/titles/tt1"))
    assert NOTICE not in text_of(client.get("/titles/tt2"))


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=HOSTILE)
def test_a_title_without_a_poster_s_path_has_a_drawn_poster_whatever_stands_there(home: Path, number: int) -> None:
    client = client_of(home, explorer_posters=TMDB)

    for title_id in ("tt2", f"tt9{number}"):
        (drawn,) = images(client, title_id)
        assert f'src="/titles/{title_id}/poster.svg"' in drawn
    assert "evil" not in client.get(f"/titles/tt9{number}").text


def test_over_a_lake_that_had_no_posters_yet_they_are_drawn(tmp_path: Path) -> None:
    titles = without(silver.TITLES, "poster_path")
    publish(tmp_path, titles, filled(titles, {"title_id": "tt1", "title": "Heat"}))
    client = client_of(tmp_path, explorer_posters=TMDB)

    assert "Heat" in text_of(client.get("/titles/tt1"))
    assert len(images(client, "tt1")) == 1
    assert client.get("/titles/tt1/poster.svg").status_code == 200
    assert client.get("/api/titles/tt1").json()["facts"]["poster_path"] is None


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://image.tmdb.org/t/p/w342/", "https://image.tmdb.org"),
        ("https://Image.TMDb.org:8443/t", "https://image.tmdb.org:8443"),
        ("https://posters", "https://posters"),
        ("http://localhost:9000/posters", "http://localhost:9000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_an_address_is_of_https_or_of_this_machine(address: str, origin: str) -> None:
    posters = posters_at(address)

    assert posters is not None
    assert (posters.origin, posters.of("/a.jpg")) == (origin, f"{address.rstrip('/')}/a.jpg")


def test_with_any_other_address_there_is_no_site(home: Path) -> None:
    assert posters_at("") is None
    with pytest.raises(JobError, match="REELHOUSE_EXPLORER_POSTERS is no address of posters"):
        client_of(home, explorer_posters="http://image.tmdb.org/t/p/w342")
