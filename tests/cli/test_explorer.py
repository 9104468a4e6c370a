"""``reelhouse explore``: where others can ask for it, it asks for a token."""

import pytest

from tests.cli.small_lake import Run, home, refused, run

__all__ = ["home", "run"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "lake.example"])  # noqa: S104 - is refused
def test_where_others_can_ask_it_is_not_served_without_a_token(
    run: Run, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("REELHOUSE_EXPLORER_HOST", host)

    said = refused(run("explore"))

    assert f"the page was not served: REELHOUSE_EXPLORER_HOST is {host}" in said
    assert "REELHOUSE_EXPLORER_TOKEN" in said


@pytest.mark.parametrize(
    "address",
    [
        *("image.tmdb.org/t/p/w342", "http://image.tmdb.org/t/p/w342", "https://", "https:///t/p", "//image.tmdb.org"),
        *("https://image.tmdb.org/t?size=w342", "https://image.tmdb.org/t#w342", "https://me:hidden@image.tmdb.org/t"),
        *(
            "https://image.tmdb.org; script-src *",
            "https://a.example,b.example",
            "https://a.example b",
            "javascript:alert(1)",
        ),
        *(
            "https://*.example",
            "https://a.example/'self'",
            "https://a.example:port/",
            "http://127.0.0.1.example/",
            "data:",
        ),
    ],
)
def test_what_is_no_address_of_posters_is_refused_before_anything_is_served(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("REELHOUSE_EXPLORER_POSTERS", address)

    said = refused(run("explore"))

    assert "the page was not served: REELHOUSE_EXPLORER_POSTERS is no address of posters" in said
    assert "https://image.tmdb.org/t/p/w342" in said
    assert "hidden" not in said


def test_a_token_that_is_easily_guessed_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_EXPLORER_TOKEN", "short")

    said = refused(run("explore"))

    assert "REELHOUSE_EXPLORER_TOKEN is a secret" in said
    assert "short" not in said.replace("shorter", "")
