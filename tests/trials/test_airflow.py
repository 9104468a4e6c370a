"""The real Airflow: one trigger takes a night from landing to recommendations, on one Spark Connect server."""

import gzip
import html
import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deltalake import DeltaTable
from mlflow.tracking import MlflowClient

from jobs import recommenders
from jobs.lakehouse import ledger
from jobs.lakehouse.storage import STAGING
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings
from jobs.tables import TABLES, bronze, job_inputs, ops, tables_of
from jobs.tracking import registry
from tests.trials.processes import Processes, environment_of, free_port
from tests.trials.rest import Airflow

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DAGS = {"ingest", "refine", "train", "recommend"}
"""Those of a night."""
ALL_DAGS = {*DAGS, "tune", "maintain"}
APPROVAL = {"waiting", "approve", "promote"}
"""Tasks of `train` that are skipped where no version waits for a person."""
# A week before the newest 02:00, so that what a schedule starts by itself has nothing to do.
NIGHT = (datetime.now(UTC) - timedelta(hours=2)).date() - timedelta(days=7)
MISSED = NIGHT - timedelta(days=1)
EMPTY = NIGHT + timedelta(days=1)
WORLD = WorldParameters(viewers=200, titles=300, events_per_day=500, days=30, first_day=NIGHT - timedelta(days=29))
EMPTY_AT_FIRST = {"silver.title_rules", "gold.recommendation_changes", "gold.recommendation_change_causes"}
"""Nobody has written rules, and no night was before."""
NIGHT_WITHIN = 1500
"""Seconds. Four minutes on two idle cores, several times that on busy ones."""


class System:
    """Airflow, MLflow and Spark as ``make up`` starts them."""

    def __init__(self, home: Path, processes: Processes) -> None:
        self.settings = Settings(home=home)
        self.airflow_port, self.mlflow_port, self.spark_port = free_port(), free_port(), free_port()
        self.explorer_port = free_port()
        self.environment = environment_of(ROOT, BIN) | {
            "REELHOUSE_HOME": str(home),
            "REELHOUSE_AIRFLOW_PORT": str(self.airflow_port),
            "REELHOUSE_MLFLOW_PORT": str(self.mlflow_port),
            "REELHOUSE_SPARK_PORT": str(self.spark_port),
            "REELHOUSE_EXPLORER_PORT": str(self.explorer_port),
            "REELHOUSE_DRIVER_MEMORY": "1g",
            "REELHOUSE_RECOMMENDER_PARAMETERS__RANK": "8",
            "REELHOUSE_RECOMMENDER_PARAMETERS__ITERATIONS": "3",
            "REELHOUSE_NOTIFY_FILE": "failures.jsonl",
        }
        self._processes = processes

    def services(self, command: str) -> str:
        return self._processes.run(command, [sys.executable, "-m", "infra.services", command], self.environment)

    def airflow(self, *command: str) -> str:
        """Run the command that the documentation gives, in a shell that knows the home."""
        return self._processes.run(command[1], ["airflow", *command], self.told)

    @property
    def told(self) -> dict[str, str]:
        home = self.settings.root / "airflow"
        database = f"sqlite:///{home / 'airflow.db'}"
        return self.environment | {"AIRFLOW_HOME": str(home), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database}

    @property
    def running(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.settings.root / "services" / "running.json").read_text())
        return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("home"), processes)
    try:
        system.services("up")
        yield system
    finally:
        system.services("down")


@pytest.fixture(scope="module")
def airflow(system: System, processes: Processes) -> Iterator[Airflow]:
    client = Airflow(system.airflow_port, system.settings.root / "airflow" / "passwords.json")
    processes.wait_until("all DAGs are known", lambda: set(client.dags()) == ALL_DAGS, seconds=120)
    yield client
    client.close()


@pytest.fixture(scope="module")
def night_runs(system: System, airflow: Airflow, processes: Processes) -> dict[str, dict[str, Any]]:
    """DAG → its run for the night, once all have ended."""
    write_world(system.settings.landing, WORLD, NIGHT)
    began = time.monotonic()
    system.airflow("dags", "trigger", "ingest", "--conf", json.dumps({"night": str(NIGHT)}))
    runs = run_to_the_end(airflow, processes, NIGHT)
    logger.info("one night by Airflow, all stages: %.0f s", time.monotonic() - began)
    return runs


def run_to_the_end(airflow: Airflow, processes: Processes, night: date) -> dict[str, dict[str, Any]]:
    """Wait until every DAG has run for the night; DAG → its newest run for it."""

    def runs_of_night() -> dict[str, dict[str, Any]]:
        runs = sorted(airflow.runs(), key=lambda run: str(run["queued_at"]))
        return {run["dag_id"]: run for run in runs if str(night) in (run["partition_key"], run["conf"].get("night"))}

    def ended() -> dict[str, dict[str, Any]] | None:
        runs = runs_of_night()
        states = [run["state"] for run in runs.values()]
        return runs if "failed" in states or (set(runs) == DAGS and set(states) == {"success"}) else None

    runs = processes.wait_until(f"all stages of night {night} have run", ended, NIGHT_WITHIN, every=2)
    for dag, run in runs.items():
        for task in airflow.tasks(dag, run["dag_run_id"]):
            logger.info("%s %s %s", task["task_id"], task["state"], task["duration"])
            if task["state"] == "failed":
                for event in airflow.log(dag, run["dag_run_id"], task["task_id"])[-30:]:
                    logger.info("   %s %s", event.get("event"), event.get("error_detail", ""))
    return runs


def states(airflow: Airflow, runs: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Task → state, over all DAGs."""
    return {
        task["task_id"]: task["state"]
        for dag, run in runs.items()
        for task in airflow.tasks(dag, run["dag_run_id"])
        if task["task_id"] != "announce"
    }


def test_the_dags_are_there_and_not_paused(airflow: Airflow) -> None:
    assert airflow.dags() == dict.fromkeys(ALL_DAGS, False)
    assert airflow.import_errors() == []
    assert airflow.pool_slots("spark") == 2


def unless_ended(ask: Callable[[], list[Any]]) -> list[Any]:
    """What a process says of itself; nothing if it has ended since it was listed, as those of finished tasks do."""
    try:
        return ask()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def test_services_listen_on_loopback_only_and_keep_their_secrets(system: System) -> None:
    ours = [psutil.Process(service["pid"]) for service in system.running]
    family = [*ours, *(child for process in ours for child in process.children(recursive=True))]
    connections = [c for process in family for c in unless_ended(partial(process.net_connections, "tcp"))]
    listening = {connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN}

    assert {address.port for address in listening} >= {system.airflow_port, system.mlflow_port, system.spark_port}
    # Java listens on the loopback address as IPv6 writes it.
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    passwords = system.settings.root / "airflow" / "passwords.json"
    password = json.loads(passwords.read_text())["admin"]
    logs = "".join(log.read_text(errors="replace") for log in (system.settings.root / "services").glob("*.log"))
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert password not in logs
    token_file = system.settings.spark_token_file
    token = token_file.read_text().strip()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert token not in logs
    assert not [process.pid for process in family if token in " ".join(unless_ended(process.cmdline))]
    assert httpx.get(f"http://127.0.0.1:{system.airflow_port}/api/v2/dags", trust_env=False).status_code == 401


def test_a_second_up_says_that_it_is_up(system: System) -> None:
    before = system.running

    assert "was up already" in system.services("up")
    assert system.running == before


def test_a_port_in_use_is_one_line(system: System, tmp_path: Path) -> None:
    environment = system.environment | {"REELHOUSE_HOME": str(tmp_path)}

    second = subprocess.run(
        [sys.executable, "-m", "infra.services", "up"], env=environment, capture_output=True, text=True, check=False
    )

    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"port {system.airflow_port} is in use (set REELHOUSE_AIRFLOW_PORT" in second.stderr
    assert f"port {system.mlflow_port} is in use (set REELHOUSE_MLFLOW_PORT" in second.stderr
    assert f"port {system.spark_port} is in use (set REELHOUSE_SPARK_PORT" in second.stderr
    assert f"port {system.explorer_port} is in use (set REELHOUSE_EXPLORER_PORT" in second.stderr


def test_airflow_s_page_links_to_the_page_over_the_lake(system: System, airflow: Airflow) -> None:
    (link,) = [view for plugin in airflow.plugins() for view in plugin["external_views"]]

    assert (link["name"], link["href"]) == ("Reelhouse", f"http://127.0.0.1:{system.explorer_port}/")
    assert httpx.get(link["href"], trust_env=False, timeout=60).status_code == 200


def test_the_page_over_the_lake_tells_of_the_night_and_links_to_its_runs(
    system: System, night_runs: dict[str, dict[str, Any]]
) -> None:
    page = httpx.get(f"http://127.0.0.1:{system.explorer_port}/", trust_env=False, timeout=60).text

    assert f"night {NIGHT} is complete" in page
    run = night_runs["recommend"]["dag_run_id"]
    assert f'http://127.0.0.1:{system.airflow_port}/dags/recommend/runs/{run}"' in html.unescape(page)


def test_one_trigger_runs_the_whole_night(airflow: Airflow, night_runs: dict[str, dict[str, Any]]) -> None:
    assert {dag: run["state"] for dag, run in night_runs.items()} == dict.fromkeys(DAGS, "success")
    by_state = states(airflow, night_runs)

    assert {task for task, state in by_state.items() if state == "skipped"} == {
        "bronze.movielens",
        "bronze.movietweetings",
        "bronze.rules",
        *APPROVAL,
    }
    assert {task for task in by_state if task != "delivered"} == set(job_inputs()) | APPROVAL


def test_every_publication_names_the_run_that_made_it(
    system: System, airflow: Airflow, night_runs: dict[str, dict[str, Any]]
) -> None:
    run_of = {
        task["task_id"]: run["dag_run_id"]
        for dag, run in night_runs.items()
        for task in airflow.tasks(dag, run["dag_run_id"])
    }
    published = {}
    for job in job_inputs():
        for table in tables_of(job):
            if entry := ledger.latest(system.settings.lake, table):
                published[table.name] = (entry.run, entry.night)
                assert (entry.run, entry.night) == (run_of[job], NIGHT), table.name

    assert {"bronze.imdb_title_basics", "silver.titles", "gold.recommendations"} <= set(published)
    champion = registry.champion(system.settings)
    assert champion
    assert champion.night == NIGHT
    tags = MlflowClient(system.settings.tracking_uri).get_run(champion.run_id).data.tags
    assert tags["run"] == run_of["model.champion"]


def test_a_night_in_one_process_makes_the_same_tables(
    system: System, night_runs: dict[str, dict[str, Any]], processes: Processes, tmp_path: Path
) -> None:
    shutil.copytree(system.settings.landing, tmp_path / "landing")
    environment = system.environment | {"REELHOUSE_HOME": str(tmp_path)}
    processes.run("night in one process", ["reelhouse", "night", "--night", str(NIGHT)], environment)

    homes = (system.settings, Settings(home=tmp_path))
    for table in TABLES:
        entry = ledger.latest(system.settings.lake, table)
        if entry and table.name != ops.QUARANTINE.name:
            served, alone = (rows_of(Path(home.lake) / table.path) for home in homes)
            assert len(served) == entry.published, table.name
            assert served or table.name in EMPTY_AT_FIRST, table.name
            assert served == alone, table.name
    models = [recommenders.load(registry.model_folder(home, registry.require_champion(home).version)) for home in homes]
    assert models[0].title_ids == models[1].title_ids


def rows_of(folder: Path) -> list[str]:
    """A table's rows in an order of their own; scores as close as two sums of the same numbers come."""
    rows = DeltaTable(folder).to_pyarrow_table().to_pylist()
    return sorted(str({name: f"{v:.4f}" if isinstance(v, float) else v for name, v in row.items()}) for row in rows)


def test_mlflow_shows_the_champion(system: System, night_runs: dict[str, dict[str, Any]]) -> None:
    answer = httpx.get(
        f"http://127.0.0.1:{system.mlflow_port}/api/2.0/mlflow/registered-models/alias",
        params={"name": registry.MODEL_NAME, "alias": "champion"},
        trust_env=False,
    )

    assert answer.raise_for_status().json()["model_version"]["version"] == "1"


def test_a_failed_task_ends_with_the_job_s_own_line(system: System, airflow: Airflow, processes: Processes) -> None:
    file = f"movie_ids_{MISSED:%m_%d_%Y}.json.gz"
    truncated = system.settings.landing / "tmdb" / str(MISSED) / file
    truncated.parent.mkdir(parents=True)
    truncated.write_bytes(gzip.compress(b'{"id": 603}\n' * 1000)[:-10])

    run = airflow.trigger("ingest", str(MISSED))

    def failed() -> dict[str, Any] | None:
        (task,) = [task for task in airflow.tasks("ingest", run) if task["task_id"] == "bronze.tmdb"]
        return task if task["state"] in {"failed", "success"} else None

    task = processes.wait_until("the task has failed", failed, 300)
    errors = [event for event in airflow.log("ingest", run, "bronze.tmdb") if event.get("level") == "error"]
    (detail,) = errors[-1]["error_detail"]
    assert (task["state"], task["try_number"]) == ("failed", 1)
    assert detail["exc_value"].startswith(f"bronze.tmdb was not ingested for {MISSED}: ")
    assert f"{file} is truncated or damaged" in detail["exc_value"]
    failures = system.settings.root / "failures.jsonl"
    told = processes.wait_until("people were told", lambda: failures.read_text() if failures.exists() else "", 60)
    (line,) = map(json.loads, told.splitlines())
    assert (line["task"], line["night"], line["run"]) == ("bronze.tmdb", str(MISSED), run)
    assert line["error"] == detail["exc_value"]


def test_a_night_without_a_delivery_builds_nothing(
    system: System, airflow: Airflow, processes: Processes, night_runs: dict[str, dict[str, Any]]
) -> None:
    run = airflow.trigger("ingest", str(EMPTY))

    def ended() -> bool:
        return all(task["state"] in {"skipped", "success", "failed"} for task in airflow.tasks("ingest", run))

    processes.wait_until("the empty night has ended", ended, 300)
    assert {task["state"] for task in airflow.tasks("ingest", run)} == {"skipped"}
    assert str(EMPTY) not in {run["partition_key"] for run in airflow.runs() if run["dag_id"] != "ingest"}


def test_a_server_that_is_killed_costs_its_task_a_line_and_a_retry(
    system: System, airflow: Airflow, processes: Processes, night_runs: dict[str, dict[str, Any]]
) -> None:
    write_world(system.settings.landing, WORLD, EMPTY)
    # The sample world's episodes are the same every day.
    tables = [table for table in tables_of("bronze.imdb") if table is not bronze.IMDB_TITLE_EPISODE]
    before = [ledger.version(system.settings.lake, table) for table in tables]
    run = airflow.trigger("ingest", str(EMPTY))

    def task(name: str) -> dict[str, Any]:
        (found,) = [task for task in airflow.tasks("ingest", run) if task["task_id"] == name]
        return found

    def is_writing() -> bool:
        """Whether some tables were written, to be committed when all of them are."""
        folders = [system.settings.root / "lake" / table.path / STAGING for table in tables]
        return sum(any(folder.glob("*")) for folder in folders) >= 2

    processes.wait_until("bronze.imdb writes", is_writing, 240, every=0.05)
    server = psutil.Process(next(service["pid"] for service in system.running if service["name"] == "spark"))
    (java,) = [child for child in server.children(recursive=True) if "java" in child.name()]
    java.kill()
    java.wait()
    assert [ledger.version(system.settings.lake, table) for table in tables] == before
    processes.wait_until(
        "the task was tried again", lambda: task("announce")["state"] in {"success", "upstream_failed"}, 400
    )

    again = task("bronze.imdb")
    assert (again["state"], again["try_number"]) == ("success", 2)
    said = [str(event.get("event")) for event in airflow.log("ingest", run, "bronze.imdb")]
    lines = [line for line in said if line.startswith("error: ")]
    assert len(lines) == 1, said[-20:]
    assert f"the Spark Connect server at sc://127.0.0.1:{system.spark_port} did not answer" in lines[0]
    for table in tables:
        entry = ledger.latest(system.settings.lake, table)
        assert entry
        assert entry.night == EMPTY, table.name
        rows = (
            DeltaTable(f"{system.settings.lake}/{table.path}").to_pyarrow_table(columns=["night"])["night"].to_pylist()
        )
        assert rows.count(EMPTY) == entry.published == entry.offered > 0, table.name


def test_down_stops_all_of_it_and_nothing_else(system: System) -> None:
    ours = [psutil.Process(service["pid"]) for service in system.running]
    family = [*ours, *(child for process in ours for child in process.children(recursive=True))]
    other = psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    try:
        system.services("down")

        assert [process for process in family if process.is_running()] == []
        assert other.is_running()
        assert "Nothing was up" in system.services("down")
    finally:
        other.kill()
        other.wait()
