"""Replays: what is in quarantine is made again under today's rules, with all that depends on it, and once."""

import shutil
from dataclasses import replace
from datetime import date

import great_expectations.expectations as gxe
import pytest
from typer.testing import CliRunner

from expectations.bronze.interactions import SUITES
from expectations.suite import suite
from jobs.cli.app import app
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.runs import replays
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from jobs.tables import Table, bronze, silver
from jobs.tables.ops import QUARANTINE
from tests.runs.test_night import ONE, TWO, Told, deliver_events, prepare

EVENTS, REFINED = bronze.INTERACTIONS, silver.INTERACTIONS
KNOWN = [f"tt00000{number:02}" for number in range(10, 40)]
STRICT = suite(
    EVENTS,
    rows=(gxe.ExpectColumnValuesToNotMatchRegex(column="title_id", regex="^tt0000010$"),),
    tolerates=0.05,
)
"""A rule that nobody keeps to for long: one title is not wanted."""


@pytest.fixture
def sessions(lake: Lake) -> Sessions:
    return Sessions(lake.settings, spark=lake.spark)


class Uninterrupted(Sessions):
    """Of a session that all tests share nothing may be stopped."""

    def interrupt(self) -> None:
        """Nothing."""


def run_both(settings: Settings, night: date, sessions: Sessions) -> None:
    for job in ("bronze.interactions", "silver.interactions"):
        run_job(settings, job, night, "test", sessions)


def replay(settings: Settings, job: str, sessions: Sessions) -> dict[str, tuple[str, str]]:
    """State and note of each table."""
    ended = replays.run(settings, replays.plan(settings, job), "test", sessions, Told())
    assert [one.error for one in ended if one.error] == []
    return {outcome.name: (outcome.state, outcome.note) for one in ended for outcome in one.outcomes}


def published(settings: Settings, table: Table) -> int:
    delta = ledger.open_table(settings.lake, table)
    return delta.count() if delta else 0


def aside(settings: Settings, table: Table) -> list[str]:
    """Titles' names in the records that are in quarantine of a table."""
    quarantine = ledger.open_table(settings.lake, QUARANTINE)
    if quarantine is None:
        return []
    held = quarantine.to_pyarrow_table(filters=[("table_name", "=", table.name)])
    return sorted(record[record.index("tt") :][:9] for record in held.column("record").to_pylist())


def test_a_rule_that_changed_is_held_against_what_was_delivered_before_and_once(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lake.settings
    prepare(lake, *KNOWN)
    deliver_events(settings, ONE, *KNOWN)
    deliver_events(settings, TWO, *KNOWN[1:])
    with monkeypatch.context() as before:
        before.setitem(SUITES, EVENTS.name, STRICT)
        run_both(settings, TWO, sessions)
    assert (published(settings, EVENTS), published(settings, REFINED), aside(settings, EVENTS)) == (58, 58, KNOWN[:1])

    first = replay(settings, "bronze.interactions", sessions)
    versions = [ledger.version(settings.lake, table) for table in (EVENTS, REFINED)]
    again = replay(settings, "bronze.interactions", sessions)

    left = "1 row left quarantine, 0 stay; 30 rows published, 29 before"
    assert first == {EVENTS.name: ("published", left), REFINED.name: ("published", "")}
    assert (published(settings, EVENTS), published(settings, REFINED), aside(settings, EVENTS)) == (59, 59, [])
    assert {name: state for name, (state, _) in again.items()} == {EVENTS.name: "unchanged", REFINED.name: "unchanged"}
    assert [ledger.version(settings.lake, table) for table in (EVENTS, REFINED)] == versions


def test_a_delivery_that_is_read_again_and_comes_out_the_same_is_not_published(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lake.settings
    prepare(lake, *KNOWN)
    deliver_events(settings, ONE, *KNOWN)
    monkeypatch.setitem(SUITES, EVENTS.name, STRICT)
    run_both(settings, ONE, sessions)
    version = ledger.version(settings.lake, EVENTS)

    assert replay(settings, "bronze.interactions", sessions) == {
        EVENTS.name: ("unchanged", "made again, nothing changed: 1 row stays in quarantine"),
        REFINED.name: ("unchanged", ""),
    }
    assert ledger.version(settings.lake, EVENTS) == version


def test_a_mended_file_is_read_and_a_replay_that_was_stopped_goes_on(lake: Lake, sessions: Sessions) -> None:
    settings = lake.settings
    prepare(lake, *KNOWN)
    deliver_events(settings, ONE, *KNOWN[:-1], "unknown")
    run_both(settings, ONE, sessions)
    assert (published(settings, EVENTS), published(settings, REFINED)) == (29, 29)

    def stop() -> None:
        raise KeyboardInterrupt

    deliver_events(settings, ONE, *KNOWN)
    planned = replays.plan(settings, "bronze.interactions")
    with pytest.raises(KeyboardInterrupt):
        replays.run(settings, planned, "test", Uninterrupted(settings, spark=lake.spark), Told(stop))
    assert (published(settings, EVENTS), published(settings, REFINED)) == (30, 29)

    replay(settings, "bronze.interactions", sessions)

    assert (published(settings, EVENTS), published(settings, REFINED)) == (30, 30)


def test_what_waited_is_offered_again_and_what_is_not_in_landing_any_more_stays(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lake.settings
    prepare(lake, *KNOWN[:-1])
    deliver_events(settings, ONE, *KNOWN)
    deliver_events(settings, TWO, *KNOWN)
    with monkeypatch.context() as before:
        before.setitem(SUITES, EVENTS.name, STRICT)
        run_both(settings, TWO, sessions)
    assert aside(settings, REFINED) == [KNOWN[-1]] * 2
    prepare(lake, *KNOWN)
    shutil.rmtree(settings.landing / "interactions" / str(ONE))

    refined = replay(settings, "silver.interactions", sessions)
    planned = replays.plan(settings, "bronze.interactions")
    delivered = replay(settings, "bronze.interactions", sessions)

    assert refined == {REFINED.name: ("published", "2 rows left quarantine, 0 stay; 58 rows published, 56 before")}
    gone = settings.landing / "interactions" / str(ONE)
    assert planned == replace(
        planned,
        night=TWO,
        jobs=("bronze.interactions", "silver.interactions"),
        again={EVENTS.name: [TWO]},
        stays=(f"{EVENTS.name}  {ONE}  1 row in quarantine stay: the delivery is not in {gone} any more",),
    )
    assert delivered[EVENTS.name] == ("published", "1 row left quarantine, 0 stay; 30 rows published, 29 before")
    assert (aside(settings, EVENTS), aside(settings, REFINED)) == (KNOWN[:1], [])


def test_a_dry_run_says_what_would_run_and_starts_nothing(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(lake, *KNOWN)
    deliver_events(lake.settings, ONE, *KNOWN[:-1], "unknown")
    run_both(lake.settings, ONE, sessions)
    monkeypatch.setenv("REELHOUSE_HOME", str(lake.settings.home))

    said = CliRunner().invoke(app, ["replay", "bronze.interactions", "--dry-run"])

    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [
        "to replay  bronze.interactions  reads 2026-03-01 again: rows in quarantine 1",
        "to follow  silver.interactions  where what it is made from has changed",
        "as of night 2026-03-01",
        "next: reelhouse replay bronze.interactions",
    ]


def test_what_was_never_published_and_the_model_are_not_replayed(settings: Settings) -> None:
    with pytest.raises(JobError, match="silver.titles was not replayed: nothing of it was published yet"):
        replays.plan(settings, "silver.titles")
    with pytest.raises(JobError, match="model.champion was not replayed: a model has no rows in quarantine"):
        replays.plan(settings, "model.champion")
