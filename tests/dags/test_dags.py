"""The DAGs against the data model: no Spark, no Airflow service."""

import ast
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.tables import SOURCES, job_inputs

ROOT = Path(__file__).parents[2]
FILES = sorted(file for file in (ROOT / "dags").glob("*.py") if file.name != "nightly.py")


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
def all_dags(load_dags: Any) -> Any:
    return load_dags()


@pytest.fixture(scope="module")
def dags(all_dags: Any) -> Any:
    """Those of a night."""
    return {name: dag for name, dag in all_dags.items() if name not in {"tune", "maintain"}}


def _jobs(dag: Any) -> list[Any]:
    """The tasks that are jobs."""
    return [task for task in dag.tasks if task.task_id in job_inputs()]


def _scheduled(dag: Any) -> Any:
    """The timetable as the scheduler sees it."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


def test_each_dag_file_holds_the_dag_of_its_name(all_dags: Any, dags: Any) -> None:
    assert sorted(all_dags) == [file.stem for file in FILES]
    assert set(dags) == {"ingest", "refine", "train", "recommend"}


def test_every_job_is_a_task_of_one_dag(dags: Any) -> None:
    tasks = Counter(task.task_id for dag in dags.values() for task in dag.tasks)

    assert tasks.pop("announce") == len(dags)
    assert [tasks.pop(name) for name in ("delivered", "waiting", "approve", "promote")] == [1, 1, 1, 1]
    assert tasks == dict.fromkeys(job_inputs(), 1)


def test_inside_a_dag_a_task_waits_for_the_jobs_that_make_its_inputs(dags: Any) -> None:
    for dag in dags.values():
        for task in _jobs(dag):
            assert task.upstream_task_ids - {"delivered"} == set(job_inputs()[task.task_id]) & set(dag.task_ids)


def test_between_dags_a_dag_waits_for_the_assets_that_its_jobs_read(dags: Any) -> None:
    for name in set(dags) - {"ingest"}:
        jobs = {task.task_id for task in _jobs(dags[name])}
        read = {upstream for job in jobs for upstream in job_inputs()[job]} - jobs

        assert {key.name for key, _ in _scheduled(dags[name]).asset_condition.iter_assets()} == read


def test_a_dag_ends_with_the_announcement_of_all_that_it_makes(dags: Any) -> None:
    for dag in dags.values():
        announce = dag.get_task("announce")

        assert [leaf for leaf in dag.leaves if leaf.task_id != "promote"] == [announce]
        assert {asset.name for asset in announce.outlets} == {task.task_id for task in _jobs(dag)}
        assert all(task.outlets == [] for task in _jobs(dag))


def test_the_announcement_is_of_the_night_however_the_run_was_started(dags: Any) -> None:
    announce = dags["ingest"].get_task("announce")
    announced: dict[str, set[str]] = {}

    class Event:
        def __init__(self, asset: str) -> None:
            self.asset = asset

        def add_partitions(self, keys: str) -> None:
            announced.setdefault(keys, set()).add(self.asset)

    announce.render_template_fields({"params": {"night": "2026-11-18"}, "dag_run": {"partition_key": None}})
    announce.execute({"outlet_events": {asset: Event(asset.name) for asset in announce.outlets}})

    assert announced == {"2026-11-18": {source.name for source in SOURCES}}


def test_a_task_is_the_command_that_an_operator_would_type(dags: Any) -> None:
    for dag in dags.values():
        for task in _jobs(dag):
            assert task.command[:4] == ["reelhouse", "run", task.task_id, "--night"]
            assert task.command[5:] == ["--by", "{{ run_id }}", "--skip-status"]
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

    assert task.render_template(task.command, context)[4] == night


def test_a_run_at_two_is_the_night_before(dags: Any) -> None:
    _, key = _scheduled(dags["ingest"])._get_partition_info(datetime(2026, 11, 21, 2, tzinfo=UTC))

    assert key == "2026-11-20"


def test_no_missed_night_runs_by_itself_and_a_dag_works_on_one_night_at_a_time(dags: Any) -> None:
    for dag in dags.values():
        assert not dag.catchup
        assert dag.max_active_runs == 1 or all(task.max_active_tis_per_dag == 1 for task in _jobs(dag))


def test_a_version_that_waits_is_promoted_once_a_person_approves_and_holds_up_nothing(dags: Any) -> None:
    train = dags["train"]
    approve, promote = train.get_task("approve"), train.get_task("promote")
    said: dict[str, Any] = {
        "waiting": "7 ease: nDCG@10 0.121; too few viewers",
        "approve": {"params_input": {"reason": "wide"}},
    }
    said["approve"]["responded_by_user"] = {"id": "1", "name": "ada"}

    class Instance:
        def xcom_pull(self, task_ids: str) -> Any:
            return said[task_ids]

    context = {"ti": Instance(), "params": {"night": None}, "dag_run": {"partition_key": "2026-11-20"}}
    typed = promote.render_template(promote.command, context)

    assert typed == ["reelhouse", "promote", "7", "--reason", "wide", "--by", "ada"]
    assert approve.render_template(approve.subject, context) == "Version 7 of the model waits: may it serve?"
    asked = approve.render_template(approve.body, context)
    assert "\n> ease: nDCG@10 0.121; too few viewers\n" in asked
    assert "version 7, which was trained for the night 2026-11-20" in asked
    assert "reelhouse promote 7" in asked
    waiting = train.get_task("waiting")
    assert waiting.render_template(waiting.command, context)[-1] == "2026-11-20"
    assert waiting.upstream_task_ids == {"model.champion"}
    assert not train.get_task("announce").upstream_task_ids & {"waiting", "approve", "promote"}
    # Unanswered, it is left as it is: no night is held up by it for ever.
    assert (approve.defaults, approve.execution_timeout) == (["Reject"], None)


def test_every_dag_says_what_green_means_and_what_to_do_when_red(dags: Any) -> None:
    for dag in dags.values():
        assert dag.doc_md
        assert "**Green**" in dag.doc_md
        assert "**Red**" in dag.doc_md


def test_every_task_tells_people_when_it_has_failed_for_good(all_dags: Any) -> None:
    from dags.nightly import tell

    for dag in all_dags.values():
        assert [task.task_id for task in dag.tasks if list(task.on_failure_callback) != [tell]] == []
        assert not any(task.on_retry_callback for task in dag.tasks), "what is tried again is not told of yet"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"exception": ValueError("silver.titles was not published: $(x) 'y'")},
            "silver.titles was not published: $(x) 'y'",
        ),
        ({}, "it was killed, or ran out of time: its log says more"),
    ],
)
def test_people_are_told_by_the_command_of_the_night_and_the_line_of_the_task(
    load_dags: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], says: str
) -> None:
    from dags.nightly import tell

    class Instance:
        task_id = "silver.titles"

    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    context: Any = {
        "ti": Instance(),
        "params": {"night": None},
        "partition_key": "2026-11-20",
        "run_id": "manual",
    } | given
    tell(context)
    assert list(tmp_path.iterdir()) == [], "nobody is to be told"
    monkeypatch.setenv("REELHOUSE_NOTIFY_FILE", "failures.jsonl")

    tell(context)

    (line,) = (tmp_path / "failures.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["task"], told["night"], told["run"], told["error"]) == ("silver.titles", "2026-11-20", "manual", says)


def test_a_search_runs_weekly_within_its_time_and_holds_up_no_night(all_dags: Any) -> None:
    tune = all_dags["tune"]
    (search,) = tune.tasks

    assert search.render_template(search.command, {"params": {"minutes": 5}})[:4] == [
        *("reelhouse", "tune", "--minutes", "5")
    ]
    assert tune.params["minutes"] == 60
    assert (search.pool, search.outlets, tune.catchup, tune.max_active_runs) == ("spark", [], False, 1)
    assert "**Green**" in tune.doc_md
    assert "**Red**" in tune.doc_md


def test_maintenance_runs_daily_whether_or_not_the_nights_do(all_dags: Any) -> None:
    dag = all_dags["maintain"]
    (task,) = dag.tasks

    assert task.command == ["reelhouse", "maintain"]
    assert (_scheduled(dag).summary, task.outlets, dag.catchup) == ("0 10 * * *", [], False)
    assert task.pool == "default_pool", "it holds up no job"
    assert "**Green**" in dag.doc_md
    assert "**Red**" in dag.doc_md


def test_files_are_fetched_first_where_the_operator_asks_for_it(
    load_dags: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_FETCH", "imdb,tmdb")

    ingest = load_dags()["ingest"]

    assert ingest.get_task("delivered").upstream_task_ids == {"fetch.imdb", "fetch.tmdb"}
    # A source that cannot be fetched does not stop the night: its last good delivery serves.
    assert ingest.get_task("delivered").trigger_rule == "all_done"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_knows_nothing_of_ours_but_the_tables(file: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}

    assert modules <= {"airflow.sdk", "dags.nightly", "datetime", "jobs.tables"}


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ("echo published", None, ""),
        ("echo 'superseded  x'; exit 99", "AirflowSkipException", "superseded  x"),
        ("echo log; echo 'error: x was not published' >&2; exit 1", "AirflowFailException", "x was not published"),
        ("echo 'error: the server is gone' >&2; exit 75", "AirflowException", "the server is gone"),
        ("echo 'KeyError: x' >&2; exit 1", "AirflowException", "KeyError: x"),
        ("kill -9 $$", "AirflowException", ""),
    ],
    ids=["published", "nothing to do", "a person must act", "the server was lost", "a bug", "killed"],
)
def test_what_a_command_ends_with_is_what_its_task_ends_with(
    load_dags: Any, script: str, error: str | None, says: str
) -> None:
    from airflow.sdk import exceptions

    from dags.nightly import Command

    task = Command(task_id="silver.titles", command=["bash", "-c", script])

    if error is None:
        task.execute({})
        return
    with pytest.raises(exceptions.AirflowException) as raised:
        task.execute({})
    # Airflow tries again what fails with the plain exception only.
    assert (type(raised.value).__name__, str(raised.value)) == (error, says)
