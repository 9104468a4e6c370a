"""Replays after a rule was changed: stricter or looser, of bronze and of gold, and as the command that operators type."""

from datetime import UTC, datetime

import great_expectations.expectations as gxe
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from expectations.bronze.interactions import SUITES
from expectations.suite import suite
from jobs.cli.app import app
from jobs.gold import popular_titles
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.runs import replays
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from jobs.tables import Table, gold
from tests.cli.small_lake import publish
from tests.rows import filled
from tests.runs.test_night import ONE, TWO, deliver_events, prepare
from tests.runs.test_replays import EVENTS, KNOWN, REFINED, STRICT, aside, published, replay, run_both, sessions

__all__ = ["sessions"]
POPULAR = gold.POPULAR_TITLES
UNPOPULAR = suite(
    POPULAR,
    rows=(gxe.ExpectColumnValuesToNotMatchRegex(column="title_id", regex=f"^{KNOWN[0]}$"),),
    tolerates=0.05,
)
"""A rule of gold that nobody keeps to for long: one title is not to be popular."""


def rows_of(settings: Settings, table: Table) -> list[str]:
    return sorted(map(str, DeltaTable(f"{settings.lake}/{table.path}").to_pyarrow_table().to_pylist()))


def titles_of(settings: Settings, table: Table) -> set[str]:
    return set(DeltaTable(f"{settings.lake}/{table.path}").to_pyarrow_table().column("title_id").to_pylist())


def typed(lake: Lake, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """What a command says, in the session of all tests."""
    monkeypatch.setenv("REELHOUSE_HOME", str(lake.settings.home))
    monkeypatch.setattr(Sessions, "_start", lambda _: lake.spark)
    said = CliRunner().invoke(app, [*words])
    assert said.exit_code == 0, said.output
    return said.stdout.splitlines()


def test_a_stricter_rule_sets_aside_what_was_published_and_what_depends_on_it_follows_and_once(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, both = lake.settings, (EVENTS, REFINED)
    prepare(lake, *KNOWN)
    deliver_events(settings, ONE, *KNOWN)
    deliver_events(settings, TWO, *KNOWN[1:])
    run_both(settings, TWO, sessions)
    assert (published(settings, EVENTS), published(settings, REFINED), aside(settings, EVENTS)) == (59, 59, [])
    monkeypatch.setitem(SUITES, EVENTS.name, STRICT)

    # Nothing of it is in quarantine: without being told to, no delivery is read again.
    assert replays.plan(settings, EVENTS.name).again == {}
    once = typed(lake, monkeypatch, "replay", EVENTS.name, "--all")
    held = [(ledger.version(settings.lake, table), rows_of(settings, table)) for table in both]
    twice = typed(lake, monkeypatch, "replay", EVENTS.name, "--all")

    assert (published(settings, EVENTS), published(settings, REFINED), aside(settings, EVENTS)) == (58, 58, KNOWN[:1])
    assert titles_of(settings, REFINED) == set(KNOWN[1:])
    next_step = f"next: reelhouse quarantine {EVENTS.name}"
    assert once[-2:] == [f"published anew: {EVENTS.name}, {REFINED.name}", next_step]
    assert twice[-2:] == ["nothing changed", next_step]
    assert [(ledger.version(settings.lake, table), rows_of(settings, table)) for table in both] == held


def test_a_table_of_gold_is_replayed_under_a_rule_that_is_stricter_and_under_one_that_is_not(
    lake: Lake, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lake.settings
    prepare(lake, *KNOWN)
    deliver_events(settings, ONE, *KNOWN)
    at = datetime(ONE.year, ONE.month, ONE.day, 20, tzinfo=UTC)
    events = [{"event_id": title, "user_id": "u", "title_id": title, "occurred_at": at} for title in KNOWN]
    publish(settings.root, REFINED, *(filled(REFINED, event) for event in events), night=ONE)
    run_job(settings, POPULAR.name, ONE, "test", sessions)
    before = rows_of(settings, POPULAR)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(popular_titles, "SUITE", UNPOPULAR)
        stricter = replay(settings, POPULAR.name, sessions)
        kept, broken = titles_of(settings, POPULAR), aside(settings, POPULAR)
    looser = replay(settings, POPULAR.name, sessions)

    # A title has a row in the list of each window of days.
    assert (len(before), kept, broken) == (90, set(KNOWN[1:]), KNOWN[:1] * 3)
    came = "0 rows left quarantine, 0 stay, 3 came in; 87 rows published, 90 before"
    left = "3 rows left quarantine, 0 stay; 90 rows published, 87 before"
    assert (stricter, looser) == ({POPULAR.name: ("published", came)}, {POPULAR.name: ("published", left)})
    assert (rows_of(settings, POPULAR), aside(settings, POPULAR)) == (before, [])


def test_a_delivery_that_is_gone_is_named_when_every_one_is_to_be_read_again(lake: Lake) -> None:
    settings, gone = lake.settings, lake.settings.landing / "interactions" / str(ONE)
    publish(settings.root, EVENTS, night=TWO, deliveries={str(ONE): "a", str(TWO): "b"})
    deliver_events(settings, TWO, *KNOWN)

    planned = replays.plan(settings, EVENTS.name, of_all=True)

    assert planned.again == {EVENTS.name: [TWO]}
    assert planned.stays == (
        f"{EVENTS.name}  {ONE}  stays as it was published: the delivery is not in {gone} any more",
    )
