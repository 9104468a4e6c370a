"""The DAGs against the data model: no Spark, no Airflow service."""

import ast
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.tables import job_inputs

ROOT = Path(__file__).parents[2]
FILES = sorted(file for file in (ROOT / "dags").glob("*.py") if file.name != "nightly.py")
INGEST = {"ingest_imdb", "ingest_tmdb", "ingest_interactions"}


@pytest.fixture(scope="module")
def load_dags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Parse the DAG files as the dag-processor does; Airflow reads its environment when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "REELHOUSE"))]:
            patch.delenv(name)
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.syspath_prepend(ROOT)
        from airflow.dag_processing.dagbag import DagBag

        def load() -> Any:
            bag = DagBag(ROOT / "dags")
            assert not bag.import_errors
            return bag.dags

        yield load


@pytest.fixture(scope="module")
def dags(load_dags: Any) -> Any:
    return load_dags()


def _scheduled(dag: Any) -> Any:
    """The timetable as the scheduler sees it."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


def test_each_dag_file_holds_the_dag_of_its_name(dags: Any) -> None:
    assert sorted(dags) == [file.stem for file in FILES]
    assert set(dags) == {*INGEST, "refine", "train", "recommend"}


def test_every_job_is_a_task_of_one_dag(dags: Any) -> None:
    tasks = Counter(task.task_id for dag in dags.values() for task in dag.tasks)

    assert tasks == dict.fromkeys(job_inputs(), 1)


def test_inside_a_dag_a_task_waits_for_the_jobs_that_make_its_inputs(dags: Any) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert task.upstream_task_ids == set(job_inputs()[task.task_id]) & set(dag.task_ids)


def test_between_dags_a_dag_waits_for_the_assets_that_its_jobs_read(dags: Any) -> None:
    for name in set(dags) - INGEST:
        dag = dags[name]
        read = {upstream for task in dag.task_ids for upstream in job_inputs()[task]} - set(dag.task_ids)

        assert {key.name for key, _ in _scheduled(dag).asset_condition.iter_assets()} == read


def test_a_task_updates_the_asset_of_its_name(dags: Any) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert [asset.name for asset in task.outlets] == [task.task_id]


def test_a_task_runs_its_job_for_the_night_with_one_driver_at_a_time(dags: Any) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert Path(task.application) == ROOT / "jobs" / "runs" / "submit.py"
            assert task.application_args[:2] == [task.task_id, "--night"]
            assert task.application_args[3:] == ["--run", "{{ run_id }}"]
            assert task.pool == "spark"
            assert task.retries == 1


@pytest.mark.parametrize(
    ("given", "partition", "night"),
    [
        (None, "2026-11-20", "2026-11-20"),
        ("2026-11-18", "2026-11-20", "2026-11-18"),
        ("2026-11-18", None, "2026-11-18"),
    ],
)
def test_the_night_is_the_parameter_else_the_partition(
    dags: Any, given: str | None, partition: str | None, night: str
) -> None:
    task = dags["refine"].get_task("silver.titles")
    context = {"params": {"night": given}, "dag_run": {"partition_key": partition}, "run_id": "manual"}

    assert task.render_template(task.application_args, context)[2] == night


@pytest.mark.parametrize("name", sorted(INGEST))
def test_a_run_at_two_is_the_night_before(dags: Any, name: str) -> None:
    _, key = _scheduled(dags[name])._get_partition_info(datetime(2026, 11, 21, 2, tzinfo=UTC))

    assert key == "2026-11-20"


def test_no_missed_night_runs_by_itself_and_a_dag_runs_one_night_at_a_time(dags: Any) -> None:
    for dag in dags.values():
        assert not dag.catchup
        assert dag.max_active_runs == 1


def test_every_dag_says_what_green_means_and_what_to_do_when_red(dags: Any) -> None:
    for dag in dags.values():
        assert dag.doc_md
        assert "**Green**" in dag.doc_md
        assert "**Red**" in dag.doc_md


def test_files_are_fetched_first_where_the_operator_asks_for_it(
    load_dags: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_FETCH", "imdb")

    dags = load_dags()

    assert dags["ingest_imdb"].get_task("bronze.imdb").upstream_task_ids == {"fetch.imdb"}
    assert dags["ingest_tmdb"].task_ids == ["bronze.tmdb"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_knows_nothing_of_ours_but_the_tables(file: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}

    assert modules <= {"airflow.sdk", "dags.nightly", "jobs.tables"}


def test_a_job_error_becomes_the_task_s_error(dags: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    def fail(*_: object) -> None:
        raise AirflowException(
            "Cannot execute: spark-submit …\nLast output:\nINFO x\nJobError: y was not published\nbye"
        )

    monkeypatch.setattr(SparkSubmitOperator, "execute", fail)

    with pytest.raises(AirflowFailException, match=r"^y was not published$"):
        dags["refine"].get_task("silver.titles").execute({})
