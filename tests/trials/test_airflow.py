"""The real Airflow: a night from landing to recommendations, every run started by the scheduler."""

import gzip
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from mlflow.tracking import MlflowClient

from jobs.lakehouse import ledger
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings
from jobs.tables import job_inputs, tables_of
from jobs.tracking import registry
from tests.trials.processes import Processes, environment_of, free_port
from tests.trials.rest import Airflow

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
INGEST = ("ingest_imdb", "ingest_tmdb", "ingest_interactions")
DAGS = {*INGEST, "refine", "train", "recommend"}
# The newest 02:00 lies in this night: no schedule adds a night of its own to the backfilled one.
NIGHT = (datetime.now(UTC) - timedelta(hours=2)).date()
MISSED = NIGHT - timedelta(days=1)
NIGHT_WITHIN = 2400
"""Seconds. 17 drivers, one after the other; 20 s each on two idle cores, three times that on busy ones."""


class System:
    """Airflow and MLflow as ``make up`` starts them."""

    def __init__(self, home: Path, processes: Processes) -> None:
        self.settings = Settings(home=home)
        self.airflow_port, self.mlflow_port = free_port(), free_port()
        self.environment = environment_of(ROOT, BIN) | {
            "REELHOUSE_HOME": str(home),
            "REELHOUSE_AIRFLOW_PORT": str(self.airflow_port),
            "REELHOUSE_MLFLOW_PORT": str(self.mlflow_port),
            "REELHOUSE_DRIVER_MEMORY": "1g",
            "REELHOUSE_ALS__RANK": "8",
            "REELHOUSE_ALS__ITERATIONS": "3",
        }
        self._processes = processes

    def services(self, command: str) -> str:
        return self._processes.run(command, [sys.executable, "-m", "infra.services", command], self.environment)

    def backfill(self, dag: str, night: date) -> None:
        home = self.settings.root / "airflow"
        told = self.environment | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        }
        # The end is a moment, and a night runs after its midnight.
        nights = ["--from-date", str(night), "--to-date", str(night + timedelta(days=1))]
        self._processes.run(f"backfill {dag}", ["airflow", "backfill", "create", "--dag-id", dag, *nights], told)

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
    processes.wait_until("all DAGs are known", lambda: set(client.dags()) == DAGS, seconds=120)
    yield client
    client.close()


@pytest.fixture(scope="module")
def night_runs(system: System, airflow: Airflow, processes: Processes) -> dict[str, dict[str, Any]]:
    """DAG → its run for the night, once all have ended."""
    world = WorldParameters(viewers=200, titles=300, events_per_day=500, days=30, first_day=NIGHT - timedelta(days=29))
    write_world(system.settings.landing, world, NIGHT)
    for dag in INGEST:
        system.backfill(dag, NIGHT)

    def ended() -> list[dict[str, Any]] | None:
        runs = airflow.runs()
        failed = [task["task_id"] for task in airflow.tasks() if task["state"] in {"failed", "upstream_failed"}]
        has_ended = {run["dag_id"] for run in runs} == DAGS and {run["state"] for run in runs} == {"success"}
        return runs if failed or has_ended else None

    runs = processes.wait_until("the night's six DAGs have run", ended, NIGHT_WITHIN, every=5)
    for task in airflow.tasks():
        logger.info("%s %s %s", task["task_id"], task["state"], task["duration"])
        if task["state"] == "failed":
            for event in airflow.log(task["dag_id"], task["dag_run_id"], task["task_id"])[-30:]:
                logger.info("   %s %s", event.get("event"), event.get("error_detail", ""))
    assert sorted(run["dag_id"] for run in runs) == sorted(DAGS)
    return {run["dag_id"]: run for run in runs}


def test_the_dags_are_there_and_not_paused_and_one_driver_runs_at_a_time(airflow: Airflow) -> None:
    assert airflow.dags() == dict.fromkeys(DAGS, False)
    assert airflow.import_errors() == []
    assert airflow.pool_slots("spark") == 1


def test_services_listen_on_loopback_only_and_keep_their_secrets(system: System) -> None:
    ours = [psutil.Process(service["pid"]) for service in system.running]
    family = [*ours, *(child for process in ours for child in process.children(recursive=True))]
    listening = {c.laddr for p in family for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN}

    assert {address.port for address in listening} >= {system.airflow_port, system.mlflow_port}
    assert {address.ip for address in listening} == {"127.0.0.1"}
    passwords = system.settings.root / "airflow" / "passwords.json"
    password = json.loads(passwords.read_text())["admin"]
    logs = "".join(log.read_text(errors="replace") for log in (system.settings.root / "services").glob("*.log"))
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert password not in logs
    assert httpx.get(f"http://127.0.0.1:{system.airflow_port}/api/v2/dags", trust_env=False).status_code == 401


def test_a_second_up_says_that_it_is_up(system: System) -> None:
    before = system.running

    assert "were up already" in system.services("up")
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


def test_backfilling_the_ingest_dags_runs_the_whole_night(night_runs: dict[str, dict[str, Any]]) -> None:
    assert {dag: (run["state"], run["partition_key"]) for dag, run in night_runs.items()} == dict.fromkeys(
        DAGS, ("success", str(NIGHT))
    )


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

    run = airflow.trigger("ingest_tmdb", str(MISSED))

    def failed() -> dict[str, Any] | None:
        (task,) = airflow.tasks("ingest_tmdb", run)
        return task if task["state"] in {"failed", "success"} else None

    task = processes.wait_until("the task has failed", failed, 300)
    errors = [event for event in airflow.log("ingest_tmdb", run, "bronze.tmdb") if event.get("level") == "error"]
    (detail,) = errors[-1]["error_detail"]
    assert (task["state"], task["try_number"]) == ("failed", 1)
    assert detail["exc_value"].startswith("bronze.tmdb_movie_ids was not ingested: ")
    assert f"{file} is truncated or damaged" in detail["exc_value"]


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
