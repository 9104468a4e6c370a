"""The command line: what it shows, what it refuses, and what it does not import. No Spark."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.cli.deliveries import write_sample
from jobs.cli.progress import Progress, Step
from jobs.cli.summary import show_metrics, show_published, show_time
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.outcome import Outcome
from jobs.runs.ended import Ended
from jobs.sample_world import WorldParameters, last_day, write_world
from jobs.settings import Settings
from jobs.tables import SOURCES, TABLES, gold, job_inputs, silver
from tests.cli.small_lake import Run, home, listed, publish, refused, run
from tests.programs import run_python

__all__ = ["home", "run"]

COMMANDS = (
    "night",
    "run",
    "accept",
    "status",
    "rollback",
    "world",
    "fetch",
    "import",
    "evaluate",
    "show",
    "title",
    "feedback",
    "tables",
    "history",
    "models",
    "promote",
    "diff",
    "reproduce",
    "reset",
    "sql",
    "export",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples(run: Run, command: str) -> None:
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"$ reelhouse {command}" in result.stdout


def test_help_breaks_lines_where_the_screen_ends_not_where_the_source_does(run: Run) -> None:
    told = [line.strip() for line in run("rollback", "--help").stdout.splitlines()]

    at = next(number for number, line in enumerate(told) if line.startswith("The nights that it takes back"))
    assert all(len(line) > 60 for line in told[at : told.index("", at) - 1]), (
        "only the last line of a paragraph is short"
    )


def test_shows_a_list_in_words_with_what_the_viewer_liked(run: Run) -> None:
    result = run("show", "u000001")

    assert result.exit_code == 0, result.output
    assert "u000001: night 2026-03-01, reelhouse version 3" in result.stdout
    assert "2 titles in history; liked most: Amélie (2001) and Heat and Dust (1983)" in result.stdout
    assert "1 Heat (1995) 1 you liked what tt0000001 is like" in [
        " ".join(line.split()) for line in result.stdout.splitlines()
    ]
    assert "next: reelhouse title tt0000001" in result.stdout


def test_shows_an_example_viewer_and_only_as_much_as_asked_for(run: Run) -> None:
    result = run("show", "--limit", "1")

    assert "u000001: night" in result.stdout
    assert "[red]" not in result.stdout


def test_an_unknown_viewer_is_refused_with_the_nearest(run: Run) -> None:
    assert "there is no viewer u00001; the nearest are u000001, u000002" in refused(run("show", "u00001"))


def test_the_list_for_everybody_else_is_no_viewers_and_not_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    publish(tmp_path, gold.RECOMMENDATIONS, listed("*", 1, "a"), listed("u1", 1, "a"))
    publish(tmp_path, silver.TITLES)
    publish(tmp_path, silver.PREFERENCES)

    said = refused(CliRunner().invoke(app, ["show", "**"]))

    assert said == "error: no list was shown: there is no viewer **; the nearest are u1\n"


def test_finds_a_title_by_words_without_case_or_accents_and_names_others(run: Run) -> None:
    assert "tt0000002" in run("title", "AMELIE").stdout

    result = run("title", "heat")

    assert "Heat (1995)" in result.stdout.splitlines()[0]
    assert "in the history of 1, liked by 0" in result.stdout
    assert "1, at best at rank 1" in result.stdout
    assert "also found: Heat and Dust (1983), tt0000004" in result.stdout


def test_an_unknown_title_is_refused_with_the_nearest(run: Run) -> None:
    assert "silver.titles has no 'Haet'; the nearest are Heat" in refused(run("title", "Haet"))


@pytest.mark.parametrize(
    "command",
    [
        ("show", "u000001"),
        ("title", "tt0000003"),
        ("sql", "SELECT title FROM silver.titles WHERE title_id = 'tt0000003'"),
    ],
)
def test_text_from_the_data_is_never_obeyed_by_the_terminal(run: Run, command: tuple[str, ...]) -> None:
    shown = run(*command).stdout

    assert "[red]x[/red]␛[31m" in shown
    assert "\x1b" not in shown


def test_text_in_an_error_is_never_obeyed_by_the_terminal(run: Run) -> None:
    assert "[red]␛[31m\\x9b\\u202e" in refused(run("show", "[red]\x1b[31m\x9b\u202e"))


def test_lists_every_table_published_or_not_with_its_grain(run: Run) -> None:
    lines = {line.split()[0]: line for line in run("tables").stdout.splitlines() if line.strip()}

    assert {table.name for table in TABLES} <= lines.keys()
    assert lines["silver.titles"].split()[1:4] == ["1", "4", "One"]
    assert lines["silver.people"].split()[1:4] == ["-", "-", "One"]
    assert "next: reelhouse history" in lines["next:"]


def test_tables_of_an_empty_home_lead_to_a_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))

    assert "next: reelhouse night" in CliRunner().invoke(app, ["tables"]).stdout


def test_history_tells_counts_reasons_and_inputs_newest_first(run: Run) -> None:
    assert "score:be_between 2, parked 7" in run("history", "gold.recommendations").stdout
    assert "silver.title_links v4" in run("history", "silver.titles").stdout

    result = run("history", "gold.recommendation_history", "--limit", "1")

    assert "2026-02-27" not in result.stdout
    assert "1 older publications are not shown" in result.stdout


def test_history_of_what_was_never_published_is_refused(run: Run) -> None:
    assert "silver.people was never published; run `reelhouse run silver.people`" in refused(
        run("history", "silver.people")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("night", "--night", "22.11.2026"), "not an ISO date"),
        (("night", "--night", "2026-02-30"), "day is out of range"),
        (("run", "silver.titels"), "did you mean silver.titles"),
        (("history", "titels"), "did you mean silver.titles"),
        (("fetch", "netflix"), "netflix"),
        (("show", "--limit", "0"), "--limit"),
        (("world", "--titles", "3"), "titles"),
        (("sql", "SELECT 1", "--format", "xml"), "xml"),
        (("nights",), "nights"),
    ],
)
def test_wrong_usage_ends_with_status_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_a_night_without_any_delivery_is_refused(run: Run) -> None:
    assert "nothing was delivered yet" in refused(run("night"))


def test_a_night_after_today_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-02")

    for command in (("night",), ("run", "silver.titles")):
        assert "night 2026-03-03 did not run: today is 2026-03-02" in refused(run(*command, "--night", "2026-03-03"))


def test_a_night_that_fails_reports_how_every_job_ended_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    for source in SOURCES:
        folder = tmp_path / "landing" / source.folder / "2026-03-01"
        folder.mkdir(parents=True)
        (folder / "notes.txt").touch()

    result = CliRunner().invoke(app, ["night"])

    assert result.exit_code == 1
    *reasons, last = result.stderr.splitlines()
    assert sorted(line.split(": ")[1] for line in reasons) == sorted(source.name for source in SOURCES)
    assert all("notes.txt would not be read" in line for line in reasons)
    assert last.startswith("error: night 2026-03-01 was not done: ")
    assert "could not run because of that; mend the cause and run the night again" in last
    told = [line.split("  ")[:2] for line in result.stdout.splitlines()]
    for job, waits in job_inputs().items():
        assert ["not run" if waits else "failed", job] in told


def test_a_job_of_a_night_for_which_nothing_was_delivered_builds_nothing(run: Run, home: Path) -> None:
    before = [ledger.version(f"{home}/lake", table) for table in TABLES]

    result = run("run", "silver.titles", "--night", "2026-03-02", "--skip-status")

    assert result.exit_code == 99
    assert result.stdout == "stale  silver.titles  0.0 s  nothing was delivered for 2026-03-02\n"
    assert [ledger.version(f"{home}/lake", table) for table in TABLES] == before


def test_a_home_that_is_a_file_costs_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.touch()
    for place in (file, file / "below"):
        monkeypatch.setenv("REELHOUSE_HOME", str(place))

        assert f"{file} is a file; name a folder" in refused(run("tables"))


def test_an_import_of_what_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    assert "is not there" in refused(run("import", "movielens", str(tmp_path / "none.zip")))


def test_a_world_is_written_then_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("REELHOUSE_TODAY", "2026-01-09")
    small = ["world", "--viewers", "5", "--titles", "100", "--events-per-day", "20", "--days", "2"]

    first = CliRunner().invoke(app, small)
    second = CliRunner().invoke(app, ["world"])
    other = CliRunner().invoke(app, ["world", "--seed", "8"])
    ahead = CliRunner().invoke(app, ["world", "--days", "7"])

    assert "next: reelhouse night --night 2026-01-02" in first.stdout
    assert "next: reelhouse night --night 2026-01-03" in second.stdout
    assert "seed" in refused(other)
    assert last_day(tmp_path / "landing") == date(2026, 1, 10)
    assert (
        "days after today, 2026-01-09, have no night yet; REELHOUSE_TODAY=2026-01-10 makes it their day" in ahead.stdout
    )
    assert "next: reelhouse night --night 2026-01-09" in ahead.stdout
    assert first.stdout.splitlines()[0].startswith("sample world: 2026-01-01 to 2026-01-02, 2 days in ")
    assert len(first.stdout.splitlines()) == 2


def test_help_of_world_tells_the_defaults_of_its_parameters(run: Run) -> None:
    told = " ".join(run("world", "--help").stdout.split())
    defaults = WorldParameters()

    for value in (defaults.viewers, defaults.titles, defaults.events_per_day, defaults.seed):
        assert f"[default: ({value})]" in told or f"[default: {value}]" in told
    assert f"{defaults.days} at first" in told


def test_the_sample_goes_on_only_when_its_last_night_is_done(tmp_path: Path) -> None:
    home, parameters = tmp_path, WorldParameters(viewers=5, titles=100, events_per_day=20, days=2)
    settings = Settings(home=home)
    write_world(settings.landing, parameters, parameters.last_day)

    write_sample(settings, date(2026, 1, 3))
    assert last_day(settings.landing) == date(2026, 1, 2)

    for table in (table for table in TABLES if table.layer == "gold"):
        publish(home, table, night=date(2026, 1, 2))
    write_sample(settings, date(2026, 1, 2))
    assert last_day(settings.landing) == date(2026, 1, 2), "a world does not go on beyond today"

    write_sample(settings, date(2026, 1, 3))
    assert last_day(settings.landing) == date(2026, 1, 3)


def test_the_sample_leaves_other_deliveries_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    folder = settings.landing / "imdb" / "2026-03-01"
    folder.mkdir(parents=True)
    (folder / "title.ratings.tsv.gz").touch()

    write_sample(settings, date(2026, 3, 2))

    assert last_day(settings.landing) is None


def test_progress_is_a_line_an_outcome_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(("bronze.imdb", "silver.titles", "silver.people", "silver.title_profiles")) as progress:
        progress.start("bronze.imdb")
        basics = Outcome("bronze.imdb_title_basics", "published", 3, 1234, set_aside=2, parked=1, seconds=4.5)
        progress.end(Ended("bronze.imdb", (basics,)))
        progress.start("silver.titles")
        progress.end(Ended("silver.titles", (Outcome("silver.titles", "superseded", note="carries 2026-03-02"),)))
        progress.start("silver.people")
        progress.tell("silver.people", "asking everybody")
        progress.end(Ended("silver.people", error=JobError("silver.people was not published: why")))
        progress.end(Ended("silver.title_profiles", waits_for=("silver.people",)))

    assert (told := capsys.readouterr()).err == "running  silver.people  asking everybody\n"
    assert told.out.splitlines() == [
        "published  bronze.imdb_title_basics  version 3  1,234 rows  2 set aside  1 parked  4.5 s",
        "superseded  silver.titles  0.0 s  carries 2026-03-02",
        "failed  silver.people  0.0 s",
        "not run  silver.title_profiles  waits for silver.people",
    ]
    assert [step.state for step in progress.steps] == ["", "published", "superseded", "failed", "not run"]


def test_the_summary_tells_what_was_published_and_where_the_time_went(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        Step("start", "done", seconds=5.0),
        Step("silver.titles", "published", [Outcome("silver.titles", "published", 3, 1234, 2)], seconds=15.0),
        Step("bronze.tmdb", "stale", [Outcome("bronze.tmdb_movie_ids", "stale")]),
    ]
    show_published(steps)
    show_time(steps, 7.0)

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["silver.titles", "3", "1,234", "2", "0.0"] in lines
    assert ["stale:", "bronze.tmdb_movie_ids"] in lines
    assert ["time:", "7", "s", "for", "20", "s", "of", "jobs,", "two", "at", "once"] in lines
    assert ["start", "5.0", "25%", "█" * 10] in lines
    assert ["silver.titles", "15.0", "75%", "█" * 30] in lines


def test_metrics_stand_beside_those_of_popularity(capsys: pytest.CaptureFixture[str]) -> None:
    show_metrics({"ndcg_at_10": 0.3, "popularity_ndcg_at_10": 0.15, "recall_at_10": 0.2}, "last 7 days")

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["nDCG@10", "0.3000", "0.1500", "2.00"] in lines
    assert ["recall@10", "0.2000"] in lines


def test_commands_without_spark_import_nothing_heavy(home: Path) -> None:
    commands = [
        ["--help"],
        ["tables"],
        ["show"],
        ["title", "heat"],
        ["history", "silver.titles"],
        ["sql", "FROM silver.titles"],
    ]
    program = (
        "import sys\nfrom jobs.cli.app import app\n"
        f"for arguments in {commands}:\n"
        "    try:\n        app(arguments)\n"
        "    except SystemExit as ended:\n        assert not ended.code, arguments\n"
        "heavy = {'pyspark', 'great_expectations', 'mlflow', 'pandas', 'scipy', 'airflow'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy), file=sys.stderr)\n"
    )

    ended = run_python(program, home)

    assert ended.stderr == "heavy: []\n"


def test_status_and_streams_of_a_refusal_are_those_of_the_process(home: Path) -> None:
    ended = run_python("from jobs.cli.app import app; app()", home, "show", "nobody")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: no list was shown: there is no viewer nobody")
    assert ended.stderr.count("\n") == 1


def test_a_bug_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ledger, "latest", fail)

    assert isinstance(run("tables").exception, ZeroDivisionError)
