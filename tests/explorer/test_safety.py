"""Who may ask the site, from where forms may come, and what a browser may load."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from tests.explorer.pages import client, client_of, home

__all__ = ["client", "home"]
TOKEN = "known to few people"  # noqa: S105


@pytest.mark.parametrize("path", ["/", "/no such page", "/static/style.css", "/health"])
def test_every_answer_tells_the_browser_what_it_may_load(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_name_that_is_not_this_machine_s_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_pages_outside_the_home_are_not_served(home: Path) -> None:
    (home / "secret").write_text("secret")
    (home / "docs").mkdir(exist_ok=True)

    for path in ("/pages/../secret", "/pages/%2e%2e/secret", "/pages/..%2fsecret", "/static/../site.py"):
        assert client_of(home).get(path).status_code == 404


def test_with_a_token_nobody_gets_in_without_it(home: Path) -> None:
    client = client_of(home, explorer_token=SecretStr(TOKEN))

    assert client.get("/").status_code == 401
    assert client.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/", cookies={"reelhouse": TOKEN}).status_code == 401
    assert client.get("/health").status_code == 200
    assert client.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_browser_shows_the_token_once_and_keeps_no_address_with_it(home: Path) -> None:
    client = client_of(home, explorer_token=SecretStr(TOKEN))

    entered = client.get("/", params={"token": TOKEN, "q": "heat"}, follow_redirects=False)

    assert (entered.status_code, entered.headers["location"]) == (303, "/?q=heat")
    assert TOKEN not in str(entered.headers)
    assert "httponly" in entered.headers["set-cookie"].lower()
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"cookie": "a=b"}, 403),
        ({"sec-fetch-site": "same-origin"}, 405),
        ({"origin": "http://127.0.0.1:8600"}, 405),
    ],
)
def test_a_form_of_another_site_does_nothing(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/", headers=headers).status_code == status


def test_a_form_is_bounded(client: TestClient) -> None:
    origin = {"origin": "http://127.0.0.1:8600"}

    assert client.post("/", headers=origin, content=b"x" * 20_000).status_code == 413
    assert client.post("/", headers=origin, content=iter([b"x"])).status_code == 411
    assert client.get("/" + "x" * 5_000).status_code == 414
