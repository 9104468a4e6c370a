"""Nights: what fails stops what is made from it and nothing else, and nothing is done twice."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.runs.calendar import require_past
from jobs.runs.ended import Ended
from jobs.runs.job import Sessions, run_job
from jobs.runs.night import run_night
from jobs.settings import Settings
from jobs.tables import TABLES, bronze, job_inputs, silver
from tests.cli.small_lake import publish
from tests.rows import filled

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)


def deliver_events(settings: Settings, day: date, *titles: str) -> None:
    folder = settings.landing / "interactions" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "event_id": f"{day}-{title}",
                "user_id": "u",
                "title_id": title,
                "event_type": "view",
                "occurred_at": f"{day}T20:00:00Z",
            }
        )
        for title in titles
    ]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare(lake: Lake, *known: str) -> None:
    """A catalogue of some titles."""
    links = [{"source_title_id": t, "source": "imdb", "title_id": t, "matched_by": "same"} for t in known]
    for table, rows in ((silver.TITLE_LINKS, links), (silver.TITLES, [{"title_id": t} for t in known])):
        publish(lake.settings.root, table, *(filled(table, row) for row in rows))


class Told:
    """Remembers what a night says; and does something at the first end, as a person's Ctrl-C would."""

    def __init__(self, at_first_end: Callable[[], None] = lambda: None) -> None:
        self.started: list[str] = []
        self.steps: list[tuple[str, str]] = []
        self.ended: list[Ended] = []
        self._at_first_end = at_first_end

    def start(self, job: str) -> None:
        self.started.append(job)

    def tell(self, job: str, step: str) -> None:
        self.steps.append((job, step))

    def end(self, ended: Ended) -> None:
        self.ended.append(ended)
        if len(self.ended) == 1:
            self._at_first_end()


def test_a_failed_job_stops_what_is_made_from_it_and_nothing_else(lake: Lake) -> None:
    deliver_events(lake.settings, ONE, "tt0000001")
    imdb = lake.settings.landing / "imdb" / ONE.isoformat()
    imdb.mkdir(parents=True)
    (imdb / "title.basics.tsv.gz").write_bytes(b"not a dump")
    told = Told()

    ended = run_night(lake.settings, ONE, "test", Sessions(lake.settings, spark=lake.spark), told)

    by_job = {one.job: one for one in ended}
    assert by_job.keys() == job_inputs().keys()
    assert sorted(told.ended, key=lambda one: one.job) == sorted(ended, key=lambda one: one.job)
    assert "title.ratings.tsv.gz is missing" in str(by_job["bronze.imdb"].error)
    assert [outcome.state for outcome in by_job["bronze.interactions"].outcomes] == ["published"]
    assert {outcome.state for outcome in by_job["bronze.tmdb"].outcomes} == {"stale"}
    behind = {one.job for one in ended if one.waits_for}
    assert {"silver.titles", "silver.preferences", "model.champion", "gold.recommendations"} <= behind
    assert {one.waits_for for one in ended if one.waits_for} == {("bronze.imdb",)}
    assert not behind & set(told.started)
    assert ledger.latest(lake.settings.lake, bronze.INTERACTIONS) is not None


def test_a_night_that_is_interrupted_begins_nothing_more_and_goes_on_when_run_again(lake: Lake) -> None:
    deliver_events(lake.settings, ONE, "tt0000001")

    def interrupt() -> None:
        raise KeyboardInterrupt

    told = Told(at_first_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_night(lake.settings, ONE, "test", Sessions(lake.settings, spark=lake.spark), told)

    assert len(told.started) == 2, "two run at once; no other was begun"
    run_job(lake.settings, "bronze.interactions", ONE, "test", Sessions(lake.settings, spark=lake.spark))
    assert ledger.version(lake.settings.lake, bronze.INTERACTIONS) == 1, "published once, before or after"


def test_a_late_night_without_news_does_nothing_and_needs_no_session(lake: Lake) -> None:
    prepare(lake, "tt0000001")
    jobs = ("bronze.interactions", "silver.interactions", "silver.preferences")

    def run(night: date, sessions: Sessions) -> list[str]:
        return [outcome.state for job in jobs for outcome in run_job(lake.settings, job, night, "test", sessions)]

    with_spark, without = Sessions(lake.settings, spark=lake.spark), Sessions(Settings(spark_master="no such master"))
    for day in (ONE, TWO):
        deliver_events(lake.settings, day, "tt0000001")
        run(day, with_spark)
    versions = {table.name: ledger.version(lake.settings.lake, table) for table in TABLES}

    assert run(TWO, without) == ["unchanged", "unchanged", "unchanged"]
    assert run(ONE, without) == ["unchanged", "superseded", "superseded"]
    assert {table.name: ledger.version(lake.settings.lake, table) for table in TABLES} == versions


def test_an_event_of_an_unknown_title_waits_until_the_title_is_known(lake: Lake) -> None:
    prepare(lake, "tt0000001")
    sessions = Sessions(lake.settings, spark=lake.spark)
    deliver_events(lake.settings, ONE, "tt0000001", "tt0000009")
    for job in ("bronze.interactions", "silver.interactions"):
        run_job(lake.settings, job, ONE, "test", sessions)
    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert (entry.published, entry.parked) == (1, 1)

    prepare(lake, "tt0000001", "tt0000009")
    run_job(lake.settings, "silver.interactions", ONE, "test", sessions)

    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert (entry.published, entry.parked) == (2, 0)


def test_a_night_after_today_is_refused() -> None:
    require_past(ONE, today=ONE)

    with pytest.raises(JobError, match="night 2026-03-02 did not run: today is 2026-03-01"):
        require_past(TWO, today=ONE)


def test_a_table_that_shrinks_is_published_once_a_person_accepts_it_and_its_run_says_so(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(lake, "tt0000001", "tt0000002", "tt0000003")
    sessions = Sessions(lake.settings, spark=lake.spark)
    deliver_events(lake.settings, ONE, "tt0000001", "tt0000002", "tt0000003")
    for job in ("bronze.interactions", "silver.interactions"):
        run_job(lake.settings, job, ONE, "test", sessions)
    deliver_events(lake.settings, ONE, "tt0000001")
    run_job(lake.settings, "bronze.interactions", ONE, "test", sessions)
    with pytest.raises(JobError, match="`reelhouse accept silver.interactions --night 2026-03-01 --reason TEXT`"):
        run_job(lake.settings, "silver.interactions", ONE, "test", sessions)

    monkeypatch.setenv("REELHOUSE_HOME", str(lake.settings.root))
    monkeypatch.setattr(Sessions, "_start", lambda _: lake.spark)
    command = ["accept", "silver.interactions", "--night", str(ONE)]
    first, second = (CliRunner().invoke(app, [*command, "--reason", "a test", "--by", "ada"]) for _ in range(2))

    assert "published  silver.interactions" in first.output
    assert "accepted by ada (a test): rows found 1" in first.output
    assert "silver.interactions was published for 2026-03-01 since it was refused" in second.stderr
    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert (entry.published, entry.run) == (1, "reelhouse " + " ".join(command))
    assert entry.accepted == {"by": "ada", "reason": "a test", "limits": {"rows": "found 1"}}
