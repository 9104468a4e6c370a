"""Online figures of registered versions: each night once, and without MLflow where there is nothing to log."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.settings import Settings
from jobs.tracking import online, registry, runs
from jobs.tracking.online import Online
from tests.programs import run_python
from tests.tracking.registered import NIGHT, register

LATER = NIGHT + timedelta(days=1)


def became(night: date, version: int, watched: int) -> Online:
    counts = {"lists": 10, "listed": 100, "watched": watched, "liked": 2, "disliked": 1, "dismissed": 0}
    return Online(night, version, counts)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with two registered versions."""
    settings = Settings(home=tmp_path_factory.mktemp("online"))
    for name in ("one", "two"):
        register(settings, settings.root / name)
    return settings


def told(settings: Settings, version: int) -> tuple[list[tuple[int, float]], Mapping[str, str]]:
    """Night and share watched of each figure that was logged, and the tags of the version."""
    store = runs.client(settings)
    found = store.get_model_version(registry.MODEL_NAME, str(version))
    logged = store.get_metric_history(found.run_id or "", "online.watched_at_10")
    return [(one.step, one.value) for one in logged], found.tags


def test_a_night_is_logged_once_and_the_tag_is_of_all_nights_as_they_are_now(settings: Settings) -> None:
    first = online.log(settings, [became(NIGHT, 1, 10)])
    # A night more; and late events told more of the night before.
    second = online.log(settings, [became(NIGHT, 1, 20), became(LATER, 1, 40)])
    third = online.log(settings, [became(NIGHT, 1, 20), became(LATER, 1, 40)])

    logged, tags = told(settings, 1)
    assert logged == [(20260301, 0.1), (20260302, 0.4)]
    assert tags["online"] == (
        '{"disliked_at_10": 0.01, "dismissed_at_10": 0.0, "liked_at_10": 0.02, "lists": 20, "nights": 2, '
        '"until": "2026-03-02", "watched_at_10": 0.3}'
    )
    assert first == "of the first ten watched within seven days, now in MLflow: 2026-03-01 10.00% (version 1)"
    assert second.endswith(": 2026-03-02 40.00% (version 1)")
    assert third == ""


def test_what_was_logged_before_a_crash_is_not_doubled(settings: Settings) -> None:
    night = [became(NIGHT, 2, 10)]
    online.log(settings, night)
    # As if it had ended before the tag was set.
    runs.client(settings).delete_model_version_tag(registry.MODEL_NAME, "2", "online")

    online.log(settings, night)

    logged, tags = told(settings, 2)
    assert logged == [(20260301, 0.1)]
    assert "online" in tags


def test_lists_of_a_version_that_is_gone_stop_nothing(settings: Settings) -> None:
    assert online.log(settings, [became(NIGHT, 9, 10)]) == ""
    assert online.log(settings, []) == ""


def test_many_nights_at_once_are_told_in_a_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    register(settings, tmp_path / "model")

    said = online.log(settings, [became(NIGHT + timedelta(days=n), 1, n) for n in range(5)])

    assert said.endswith("now in MLflow: 5 nights, the last 2026-03-05 4.00% (version 1)")


def test_mlflow_is_not_imported_where_there_is_nothing_to_log(settings: Settings) -> None:
    night = became(LATER, 2, 10)
    online.log(settings, [night])
    program = (
        "import sys\nfrom datetime import date\nfrom jobs.settings import Settings\nfrom jobs.tracking import online\n"
        f"nights = [online.Online(date({LATER:%Y, %-m, %-d}), 2, {dict(night.counts)!r})]\n"
        "online.log(Settings(), nights)\nprint('mlflow' in sys.modules)"
    )

    ended = run_python(program, settings.root)

    assert (ended.returncode, ended.stdout) == (0, "False\n"), ended.stderr
