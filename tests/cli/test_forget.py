"""``reelhouse forget``: says what would go, asks, and does it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from tests.cli.small_lake import refused
from tests.runs.forgettable import NOTIFIED, WHO, everything, find


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    everything(tmp_path)
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("REELHOUSE_FORGET_KEY", "k" * 32)
    monkeypatch.setenv("REELHOUSE_NOTIFY_FILE", NOTIFIED)
    return tmp_path


def forget(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["forget", *arguments])


def test_says_what_goes_and_which_versions_are_lost_then_does_it(home: Path) -> None:
    done = forget(WHO, "--now", "--yes")

    assert done.exit_code == 0, done.output
    assert "to delete  silver.preferences  1 rows" in done.stdout
    assert "no longer readable  silver.preferences  versions 1, 2" in done.stdout
    assert done.stdout.index("no longer readable") < done.stdout.index("done  ")
    assert find(home) == {}
    assert "nothing was left to do" in forget(WHO, "--now", "--yes").stdout


def test_nothing_is_done_where_nobody_can_be_asked(home: Path) -> None:
    before = find(home)

    asked = forget(WHO)

    assert asked.exit_code == 1
    assert "nobody was forgotten: there is no terminal to ask on; add --yes" in asked.stderr
    assert find(home) == before


def test_refuses_everybody_and_a_missing_key_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "stands for everybody who is not known" in refused(forget("*", "--yes"))
    monkeypatch.delenv("REELHOUSE_FORGET_KEY")
    assert "make one with `openssl rand -hex 32`" in refused(forget(WHO, "--yes"))


def test_names_what_is_not_its_to_change(home: Path) -> None:
    foreign = home / "mlflow" / "artifacts" / "notes.bin"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"\0" + WHO.encode())

    done = forget(WHO, "--yes")

    assert f"names the person still, and is not ours to change  {foreign}" in done.stdout
    assert "earlier versions of the tables can be read until" in done.stdout


def test_a_viewer_nobody_knows_is_kept_out_all_the_same(home: Path) -> None:
    done = forget("nobody-knows-me", "--yes")

    assert done.exit_code == 0
    assert "no table holds anything of this person, who is kept out all the same" in done.stdout
    assert (home / "lake" / "ops" / "forgotten").is_dir()
