"""docker-compose.yaml: as a document, and each of its services started natively with its own command and environment."""

import gzip
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psycopg2  # type: ignore[import-untyped]
import pytest
import yaml
from cryptography.fernet import Fernet

from jobs.lakehouse import ledger
from jobs.tables import bronze
from tests.trials.processes import Processes, environment_of, free_port
from tests.trials.rest import Airflow

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"
BIN = Path(sys.executable).parent
NIGHT = date(2026, 11, 20)
SECRETS = {
    "REELHOUSE_FERNET_KEY": Fernet.generate_key().decode(),
    "REELHOUSE_API_SECRET": secrets.token_hex(16),
    "REELHOUSE_JWT_SECRET": secrets.token_hex(32),
    "REELHOUSE_POSTGRES_PASSWORD": secrets.token_hex(16),
    "REELHOUSE_EXPLORER_TOKEN": secrets.token_hex(16),
}


def _postgres_folder() -> Path | None:
    """Folder of PostgreSQL's programs, None where it is not installed."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(on_path).parent if on_path else installed[-1].parent if installed else None


POSTGRES = _postgres_folder()


class Compose:
    """The services of docker-compose.yaml on this machine: their names become ports of 127.0.0.1, their paths ours."""

    def __init__(self, home: Path) -> None:
        self.home = home
        names = (
            *("airflow-api-server:8080", "postgres:5432", "mlflow:5000", "spark-master:7077", "spark-connect:15002"),
            "explorer:8600",
        )
        self.port = {name.partition(":")[0]: free_port() for name in names}
        self.page = {"spark-master": free_port(), "spark-worker": free_port()}
        self._moves = {name: f"127.0.0.1:{self.port[name.partition(':')[0]]}" for name in names}
        self._moves |= {"/opt/reelhouse": str(ROOT), "/reelhouse": str(home), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        self._moves |= {
            name.partition(":")[2]: str(self.port[name.partition(":")[0]]) for name in names
        }  # a command's own --port
        self._moves |= {"8081": str(self.page["spark-master"]), "8082": str(self.page["spark-worker"])}
        self._moves |= {"spark-master": "127.0.0.1"}
        self._services: dict[str, Any] = yaml.safe_load(_interpolated(FILE.read_text()))["services"]

    def command(self, service: str) -> list[str]:
        return [self._moved(word) for word in self._services[service]["command"]]

    def environment(self, service: str) -> dict[str, str]:
        """What the image, the env files and the service say, over this machine's environment."""
        image = {"SPARK_CONF_DIR": str(ROOT / "infra" / "spark"), "PYSPARK_PYTHON": sys.executable}
        # The names of the containers stand for this machine.
        here = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "127.0.0.1"}
        given = self._services[service].get("environment", {}).items()
        # YAML takes what is left of an empty default for null; compose fills it in later, and it is empty.
        told = {name: self._moved("" if value is None else str(value)) for name, value in given}
        for file in self._services[service].get("env_file", []):
            lines = [line for line in (ROOT / file).read_text().splitlines() if line and not line.startswith("#")]
            told = dict(line.split("=", 1) for line in lines) | told
        return environment_of(ROOT, BIN) | image | here | told

    def _moved(self, text: str) -> str:
        # A secret may hold the digits of a port.
        pattern = "|".join(rf"\b{name}\b" if name.isdigit() else re.escape(name) for name in self._moves)
        return re.sub(pattern, lambda found: self._moves[found[0]], text)


def _interpolated(text: str) -> str:
    """Variables as compose fills them in: required ones from the environment, others with their defaults."""

    def value(found: re.Match[str]) -> str:
        name, operator, rest = found.groups()
        return SECRETS[name] if operator == ":?" else rest

    return re.sub(r"\$\{(\w+)(:\?|:-)([^}]*)\}", value, text)


def test_it_is_valid_by_the_compose_specification() -> None:
    pytest.importorskip("check_jsonschema", reason="the compose specification's schema comes with check-jsonschema")

    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_it_holds_no_secret_and_requires_each() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    told = [pair for service in services.values() for pair in service.get("environment", {}).items()]
    secret = [value for name, value in told if re.search("PASSWORD$|SECRET|_KEY$|SQL_ALCHEMY_CONN", name)]

    assert secret
    assert [value for value in secret if not re.search(r"\$\{\w+:(\?|-\})", value)] == []
    assert set(re.findall(r"\$\{(\w+):\?", FILE.read_text())) == set(SECRETS)


def test_ports_are_published_on_loopback_only() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    home = tmp_path_factory.mktemp("compose")
    (home / "mlflow").mkdir()
    return Compose(home)


@pytest.fixture(scope="module")
def postgres(compose: Compose, processes: Processes) -> Iterator[None]:
    """PostgreSQL refuses to run as root, and its user must reach its folder: both are the image's business there."""
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed: its initdb is neither on the PATH nor under /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="reelhouse-postgres-"))
    options: dict[str, Any] = {"cwd": folder}
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(folder, user.pw_uid, user.pw_gid)
    environment = compose.environment("postgres") | {"HOME": str(folder)}
    password_file = folder / "password"
    password_file.write_text(environment["POSTGRES_PASSWORD"])
    login = ["--username", environment["POSTGRES_USER"], "--pwfile", str(password_file), "--auth", "scram-sha-256"]
    try:
        processes.run("initdb", [str(POSTGRES / "initdb"), "-D", str(folder / "data"), *login], environment, **options)
        program, *words = compose.command("postgres")
        here = ["-D", str(folder / "data"), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        processes.start("postgres", [str(POSTGRES / program), *words, *here], environment, **options)
        processes.wait_until("PostgreSQL answers", lambda: _created_database(compose, environment), 60)
        yield
        processes.end()
    finally:
        shutil.rmtree(folder)


def _created_database(compose: Compose, environment: dict[str, str]) -> bool:
    """Make the database that the image makes at first start; False while PostgreSQL does not answer."""
    try:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=compose.port["postgres"],
            user=environment["POSTGRES_USER"],
            password=environment["POSTGRES_PASSWORD"],
            dbname="postgres",
        )
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {environment['POSTGRES_DB']}")
    connection.close()
    return True


@pytest.fixture(scope="module")
def airflow(compose: Compose, postgres: None, processes: Processes) -> Iterator[Airflow]:
    """Every other service, in the order of their conditions."""
    processes.run("airflow-init", compose.command("airflow-init"), compose.environment("airflow-init"))
    services = [name for name in compose._services if name not in {"postgres", "airflow-init"}]
    for service in services:
        processes.start(service, compose.command(service), compose.environment(service), cwd=compose.home)
    processes.wait_until("Airflow is healthy", lambda: _are_healthy(compose), 240)
    client = Airflow(compose.port["airflow-api-server"], compose.home / "airflow" / "passwords.json")
    yield client
    client.close()


def _page(port: int, path: str) -> Any:
    """A page of a service as JSON or text, None while it does not answer well."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60, trust_env=False)
    except httpx.TransportError:
        return None
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return (answer.json() if is_json else answer.text) if answer.is_success else None


def _are_healthy(compose: Compose) -> bool:
    health = _page(compose.port["airflow-api-server"], "/api/v2/monitor/health") or {}
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    return all(health.get(part, {}).get("status") == "healthy" for part in parts)


def test_airflow_runs_on_postgresql(compose: Compose, airflow: Airflow, processes: Processes) -> None:
    assert "postgresql" in compose.environment("airflow-scheduler")["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert not list((compose.home / "airflow").glob("*.db"))
    every = {"ingest", "refine", "train", "recommend", "tune", "maintain"}
    processes.wait_until("all DAGs are known", lambda: set(airflow.dags()) == every, 120)
    assert airflow.import_errors() == []
    assert airflow.pool_slots("spark") == 2


def test_mlflow_answers(compose: Compose, airflow: Airflow, processes: Processes) -> None:
    assert processes.wait_until("MLflow answers", lambda: _page(compose.port["mlflow"], "/health"), 120)


def test_the_page_over_the_lake_asks_for_its_token(compose: Compose, airflow: Airflow, processes: Processes) -> None:
    port, token = compose.port["explorer"], SECRETS["REELHOUSE_EXPLORER_TOKEN"]
    assert processes.wait_until("the page answers", lambda: _page(port, "/health"), 120)

    assert _page(port, "/") is None
    assert httpx.get(f"http://127.0.0.1:{port}/?token={token}", trust_env=False).status_code == 303


def test_the_worker_is_registered(compose: Compose, airflow: Airflow, processes: Processes) -> None:
    def workers() -> int:
        master = _page(compose.page["spark-master"], "/json/") or {}
        alive: int = (master if isinstance(master, dict) else json.loads(master)).get("aliveworkers", 0)
        return alive

    assert processes.wait_until("the worker is registered", workers, 60) == 1


def test_driver_and_executors_get_the_memory_that_the_settings_name() -> None:
    services = yaml.safe_load(re.sub(r"\$\{(\w+)[^}]*\}", r"<\1>", FILE.read_text()))["services"]
    server, worker = services["spark-connect"]["environment"], services["spark-worker"]["command"]

    assert server["REELHOUSE_DRIVER_MEMORY"] == "<REELHOUSE_DRIVER_MEMORY>"
    assert server["REELHOUSE_EXECUTOR_MEMORY"] == "<REELHOUSE_EXECUTOR_MEMORY>"
    assert worker[worker.index("--memory") + 1] == "<REELHOUSE_EXECUTOR_MEMORY>"


def test_a_job_runs_on_the_cluster(compose: Compose, airflow: Airflow, processes: Processes) -> None:
    delivery = compose.home / "landing" / "tmdb" / str(NIGHT)
    delivery.mkdir(parents=True)
    movie = {"id": 603, "original_title": "The Matrix", "popularity": 8.5, "adult": False, "video": False}
    with gzip.open(delivery / f"movie_ids_{NIGHT:%m_%d_%Y}.json.gz", "wt") as export:
        export.write(json.dumps(movie) + "\n")

    run = airflow.trigger("ingest", str(NIGHT))

    def ended() -> str | None:
        tasks = {task["task_id"]: task["state"] for task in airflow.tasks("ingest", run)}
        return tasks["bronze.tmdb"] if tasks["bronze.tmdb"] in {"success", "failed"} else None

    state = processes.wait_until("the task has ended", ended, 400)
    events = [str(event.get("event")) for event in airflow.log("ingest", run, "bronze.tmdb")]
    assert state == "success", "\n".join(events[-40:])
    entry = ledger.latest(str(compose.home / "lake"), bronze.TMDB_MOVIE_IDS)
    assert entry
    assert (entry.run, entry.night, entry.published) == (run, NIGHT, 1)
    master = _page(compose.page["spark-master"], "/json/")
    (server,) = (master if isinstance(master, dict) else json.loads(master))["activeapps"]
    assert (server["name"], server["memoryperexecutor"]) == ("reelhouse", 4096)
