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


def test_a_token_that_is_easily_guessed_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_EXPLORER_TOKEN", "short")

    said = refused(run("explore"))

    assert "REELHOUSE_EXPLORER_TOKEN is a secret" in said
    assert "short" not in said.replace("shorter", "")
