"""``reelhouse sql``: every table a view, and nothing else within reach. No Spark."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.small_lake import HOSTILE, Run, home, refused, run

__all__ = ["home", "run"]


def test_sql_writes_csv_and_json_that_can_be_read_back(run: Run) -> None:
    query = "SELECT title_id, genres, title, title FROM silver.titles WHERE title_id IN ('tt0000001', 'tt0000003') ORDER BY 1"

    as_csv = list(csv.reader(io.StringIO(run("sql", query, "--format", "csv").stdout)))
    as_json = json.loads(run("sql", query, "--format", "json").stdout)

    assert as_csv[1] == ["tt0000001", '["Crime", "Drama"]', "Heat", "Heat"]
    assert as_json[1] == {"title_id": "tt0000003", "genres": [], "title": HOSTILE, "title_2": HOSTILE}


def test_cells_of_csv_are_never_formulas(run: Run) -> None:
    query = "SELECT '=HYPERLINK(1)', '\t=1', '\uff1d1', 'a=1', -1, -1.5::DECIMAL(3, 1), ['=1'], '-1'"

    _, cells = csv.reader(io.StringIO(run("sql", query, "--format", "csv").stdout))
    (as_json,) = json.loads(run("sql", query, "--format", "json").stdout)

    assert cells == ["'=HYPERLINK(1)", "'\t=1", "'\uff1d1", "a=1", "-1", "-1.5", '["=1"]', "'-1"]
    assert "=HYPERLINK(1)" in as_json.values(), "JSON is for programs"


def test_sql_gives_partitions_times_nulls_and_empty_tables(run: Run) -> None:
    nights = "SELECT night, typeof(night) AS kind FROM gold.recommendation_history ORDER BY 1"
    times = "SELECT DISTINCT last_at FROM silver.preferences"

    assert json.loads(run("sql", nights, "--format", "json").stdout) == [
        {"night": "2026-02-27", "kind": "DATE"},
        {"night": "2026-03-01", "kind": "DATE"},
    ]
    assert json.loads(run("sql", times, "--format", "json").stdout) == [{"last_at": "2026-02-01 20:15:00+00:00"}]
    assert "null" in run("sql", "SELECT release_year FROM silver.titles").stdout
    assert json.loads(run("sql", "FROM bronze.movielens_movies", "--format", "json").stdout) == []
    assert run("sql", "FROM bronze.movielens_movies", "--format", "csv").stdout.startswith("movieId,title,genres")


def test_sql_says_when_there_are_more_rows(run: Run) -> None:
    assert "the first 2 rows; see --limit" in run("sql", 'FROM "silver" . "titles"', "--limit", "2").stdout
    assert "4 rows" in run("sql", "FROM Silver.Titles", "--limit", "4").stdout


def test_sql_prunes_by_partition(run: Run) -> None:
    plan = run("sql", "EXPLAIN ANALYZE SELECT rank FROM gold.recommendation_history WHERE night = '2026-03-01'")

    assert "Scanning Files: 1/2" in plan.stdout


@pytest.mark.parametrize(
    "query", ["DESCRIBE silver.titles", "SUMMARIZE silver.titles", "WITH t AS (FROM silver.titles) FROM t"]
)
def test_sql_takes_everything_that_reads(run: Run, query: str) -> None:
    assert run("sql", query).exit_code == 0


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://127.0.0.1/x.parquet')",
        "COPY (SELECT 1) TO '{file}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
        "ATTACH '{file}'",
        "EXPORT DATABASE '{file}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "CREATE TABLE t (a INT)",
        "DROP VIEW silver.titles",
        "DELETE FROM silver.titles",
        "SELECT 1; SELECT 2",
        "",
        "SELEC 1",
        "SELECT no_such_column FROM silver.titles",
    ],
)
def test_sql_refuses_whatever_does_not_just_read_the_tables(run: Run, tmp_path: Path, query: str) -> None:
    file = tmp_path / "written"

    assert "the query was not" in refused(run("sql", query.format(file=file)))
    assert not file.exists()


def test_that_nothing_was_refused_or_set_aside_is_an_answer_not_an_error(run: Run) -> None:
    refusals = run("sql", "SELECT refused_at, table_name, night, problems FROM ops.refusals ORDER BY refused_at DESC")

    assert (refusals.exit_code, "0 rows" in refusals.stdout, "problems" in refusals.stdout) == (0, True, True)


def test_sql_names_the_nearest_table_and_the_one_that_was_never_published(run: Run) -> None:
    assert "there is no table silver.titels; did you mean silver.titles?" in refused(run("sql", "FROM silver.titels"))
    assert "there is no table titles; did you mean silver.titles?" in refused(run("sql", "FROM titles"))
    assert "silver.people was never published; run `reelhouse run silver.people`" in refused(
        run("sql", "FROM silver.titles, silver.people")
    )
