"""Airflow, MLflow, Spark and the page over the lake on one machine: what ``make up`` starts and ``make down`` stops.

Everything they write is under the home folder, and they listen on 127.0.0.1 only.
"""

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import psutil

from infra import spark_server
from jobs.errors import JobError
from jobs.settings import Settings, from_environment
from jobs.tracking.addresses import newest_night

Say = Callable[[str], None]

_ROOT = Path(__file__).parents[1]
_BIN = Path(sys.executable).parent
_HOST = "127.0.0.1"
_AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
_PORT_SETTINGS = {
    "api-server": "REELHOUSE_AIRFLOW_PORT",
    "mlflow": "REELHOUSE_MLFLOW_PORT",
    "spark": "REELHOUSE_SPARK_PORT",
    "explorer": "REELHOUSE_EXPLORER_PORT",
}
_HEALTHY_WITHIN = 240
"""Seconds. About 40 on two idle cores; several times that while they are busy."""
_STOPPED_WITHIN = 30
"""Seconds that a service gets to end by itself; a task that still runs then is ended with it, and retried later."""


@dataclass(frozen=True)
class Service:
    """A process that was started here: its number may be another's by now, the number and the time may not."""

    name: str
    pid: int
    started: float
    """Seconds since 1970, as the system says."""
    port: int | None = None

    def process(self) -> psutil.Process | None:
        """The process, None if it has ended."""
        try:
            process = psutil.Process(self.pid)
            is_ours = abs(process.create_time() - self.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_ours else None


def up(settings: Settings, say: Say) -> None:
    """Start what does not run yet, and wait until all of it is healthy.

    Args:
        settings: Where everything is.
        say: Gets each line of progress.

    Raises:
        JobError: A port is in use, or a service ended or was not healthy in time; what was started is stopped again.
    """
    with _alone(settings):
        running = {service.name: service for service in _running(settings)}
        ports = _ports(settings, running)
        missing = [name for name in ports if name not in running]
        environment = _environment(settings, ports)
        if missing:
            _require_free({name: port for name in missing if (port := ports[name])})
            spark_server.token(settings)
            prepare(environment, say)
            try:
                for name in missing:
                    running[name] = _start(name, ports[name], settings, environment)
                    _keep(settings, list(running.values()))
                _wait_until_healthy(settings, running, say)
            except JobError:
                _stop([running[name] for name in missing if name in running])
                _keep(settings, _running(settings))
                raise
        say("Everything is up." if missing else "Everything was up already.")
        say(f"Reelhouse  http://{_HOST}:{ports['explorer']}  tonight, viewers, titles, nights, data, models")
        say(f"Airflow    http://{_HOST}:{ports['api-server']}  user admin, password in {_password_file(settings)}")
        page = settings.mlflow_uri or f"http://{_HOST}:{ports['mlflow']}"
        say(f"MLflow     {page}")
        if newest := newest_night(settings, page):
            say(f"           the newest night's models: {newest}")
        say(f"Spark      {environment['REELHOUSE_SPARK_REMOTE']}  token in {settings.spark_token_file}")


def down(settings: Settings, say: Say) -> None:
    """Stop what ``up`` started, and nothing else.

    Args:
        settings: Where everything is.
        say: Gets each line of progress.
    """
    with _alone(settings):
        running = _running(settings)
        if not running:
            say("Nothing was up.")
            return
        say(f"Stopping {', '.join(service.name for service in running)}.")
        _stop(running)
        _keep(settings, [])
        say("Everything is down.")


def prepare(environment: Mapping[str, str], say: Say) -> None:
    """Bring Airflow's database up to date; make the admin's password and the pool where there are none.

    Args:
        environment: What Airflow is told.
        say: Gets each line of progress.

    Raises:
        JobError: Airflow refused; with its last line.
    """
    password_file = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    # Airflow's files hold its keys: nobody else reads them.
    password_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not password_file.exists():
        # Airflow would generate one too, and print it to its log.
        password_file.touch(mode=0o600)
        password_file.write_text(json.dumps({"admin": secrets.token_urlsafe(18)}) + "\n")
    say("Preparing Airflow's database.")
    _airflow(environment, "db", "migrate")
    if _airflow(environment, "pools", "get", "spark", is_question=True):
        return
    # The slots of a pool that is there already are the operator's business.
    _airflow(environment, "pools", "set", "spark", "2", "Jobs at once on the Spark server.")


def _airflow(environment: Mapping[str, str], *command: str, is_question: bool = False) -> bool:
    """Run one Airflow command to its end; whether it succeeded."""
    run = subprocess.run(
        [str(_BIN / "airflow"), *command], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if run.returncode and not is_question:
        last = (run.stderr.strip() or run.stdout.strip() or "it said nothing").splitlines()[-1]
        raise JobError(f"Airflow was not started: `airflow {' '.join(command)}` failed: {last}")
    return run.returncode == 0


def _environment(settings: Settings, ports: Mapping[str, int | None]) -> dict[str, str]:
    """What the services are told: our defaults, over them the operator's environment, over it the addresses."""
    home, address = settings.root / "airflow", f"http://{_HOST}:{ports['api-server']}"
    defaults = _env_file("airflow") | _env_file("mlflow")
    defaults["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home / 'airflow.db'}"
    # Another server's address is the operator's to set.
    defaults["REELHOUSE_SPARK_REMOTE"] = f"sc://{_HOST}:{ports.get('spark')}"
    addresses = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(_ROOT / "infra" / "airflow" / "plugins"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home / "logs" / "dag_processor"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file(settings)),
        "AIRFLOW__API__HOST": _HOST,
        "AIRFLOW__API__PORT": str(ports["api-server"]),
        "AIRFLOW__API__BASE_URL": address,
        # Without it tasks call port 8080, and fail while queued with an empty log.
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "REELHOUSE_HOME": str(settings.root),
        "PATH": os.pathsep.join([str(_BIN), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    return defaults | os.environ | addresses


def _env_file(service: str) -> dict[str, str]:
    """The variables of ``infra/<service>/<service>.env``."""
    lines = (_ROOT / "infra" / service / f"{service}.env").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def _ports(settings: Settings, running: Mapping[str, Service]) -> dict[str, int | None]:
    """The services with the port of each; one that runs keeps its port, as others know its address."""
    ports: dict[str, int | None] = dict.fromkeys(_AIRFLOW)
    # A store elsewhere has its own server.
    asked = {"api-server": settings.airflow_port} | ({} if settings.mlflow_uri else {"mlflow": settings.mlflow_port})
    asked |= {} if settings.spark_remote else {"spark": settings.spark_port}
    asked["explorer"] = settings.explorer_port
    return ports | {name: running[name].port if name in running else port for name, port in asked.items()}


def _require_free(ports: Mapping[str, int]) -> None:
    """Refuse ports that something listens on, all in one line."""
    problems = []
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                variable = _PORT_SETTINGS[name]
                problems.append(f"port {port} is in use (set {variable} to a free one)")
    if problems:
        raise JobError(f"the services were not started: {'; '.join(problems)}")


def _command(name: str, settings: Settings) -> list[str]:
    """What starts a service."""
    if name == "mlflow":
        store = settings.root / "mlflow"
        where = ["--backend-store-uri", settings.tracking_uri, "--artifacts-destination", str(store / "artifacts")]
        address = ["--host", _HOST, "--port", str(settings.mlflow_port), "--workers", "1"]
        return [str(_BIN / "mlflow"), "server", "--serve-artifacts", *where, *address]
    if name == "explorer":
        return [str(_BIN / "reelhouse"), "explore"]
    if name == "spark":
        return [sys.executable, "-m", "infra.spark_server"]
    # The api-server reads task logs from the disk they share: no log server of their own is needed.
    extra = ["--skip-serve-logs"] if name in {"scheduler", "triggerer"} else []
    return [str(_BIN / "airflow"), name, *extra]


def _start(name: str, port: int | None, settings: Settings, environment: Mapping[str, str]) -> Service:
    """Start one service, detached from this terminal; its output goes to its log."""
    folder = settings.root / {"mlflow": name, "spark": name, "explorer": "services"}.get(name, "airflow")
    folder.mkdir(parents=True, exist_ok=True)
    with _log(settings, name).open("wb") as log:
        started = subprocess.Popen(
            _command(name, settings),
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Service(name, started.pid, psutil.Process(started.pid).create_time(), port)


def _wait_until_healthy(settings: Settings, services: Mapping[str, Service], say: Say) -> None:
    """Wait until every service says that it is healthy, telling every few seconds which are awaited."""
    begun = time.monotonic()
    while waiting := _unhealthy(services):
        ended = [name for name, service in services.items() if service.process() is None]
        seconds = time.monotonic() - begun
        if ended or seconds > _HEALTHY_WITHIN:
            why = "ended" if ended else f"is not healthy after {seconds:.0f} seconds"
            name = (ended or waiting)[0]
            log = _log(settings, name)
            last = (log.read_text(errors="replace").strip() or "nothing").splitlines()[-1]
            raise JobError(f"the services were not started: {name} {why}; its log {log} ends with: {last}")
        say(f"{seconds:4.0f} s  waiting for {', '.join(waiting)}")
        time.sleep(5)


def _unhealthy(services: Mapping[str, Service]) -> list[str]:
    """Names of the services that are not healthy yet."""
    heard = _ask(f"http://{_HOST}:{services['api-server'].port}/api/v2/monitor/health")
    airflow = heard.json() if heard else {}
    healthy = {name for name in _AIRFLOW if airflow.get(name.replace("-", "_"), {}).get("status") == "healthy"}
    if airflow.get("metadatabase", {}).get("status") == "healthy":
        healthy.add("api-server")
    if "mlflow" in services and _ask(f"http://{_HOST}:{services['mlflow'].port}/health"):
        healthy.add("mlflow")
    if "spark" in services and _listens(services["spark"].port or 0):
        healthy.add("spark")
    if "explorer" in services and _ask(f"http://{_HOST}:{services['explorer'].port}/health"):
        healthy.add("explorer")
    return [name for name in services if name not in healthy]


def _listens(port: int) -> bool:
    """Whether something accepts connections: the Spark Connect server does once its driver is ready."""
    try:
        socket.create_connection((_HOST, port), timeout=10).close()
    except OSError:
        return False
    return True


def _ask(url: str) -> httpx.Response | None:
    """A page of a service, None if it does not answer well."""
    try:
        answer = httpx.get(url, timeout=10, trust_env=False)
    except httpx.TransportError:
        return None
    return answer if answer.is_success else None


def _stop(services: list[Service]) -> None:
    """End services with everything they started: asked first, killed after a while."""
    asked = [process for service in services if (process := service.process())]
    family = [*asked, *(child for process in asked for child in _children(process))]
    for process in asked:
        process.terminate()
    _, left = psutil.wait_procs(family, timeout=_STOPPED_WITHIN)
    left += [child for process in left for child in _children(process)]
    for process in left:
        if process.is_running():
            process.kill()
    psutil.wait_procs(left, timeout=10)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _running(settings: Settings) -> list[Service]:
    """The services that were started here and still run."""
    file = _folder(settings) / "running.json"
    kept = [Service(**service) for service in json.loads(file.read_text())] if file.exists() else []
    return [service for service in kept if service.process()]


def _keep(settings: Settings, services: list[Service]) -> None:
    """Remember what runs."""
    file = _folder(settings) / "running.json"
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps([asdict(service) for service in services], indent=2) + "\n")
    unfinished.replace(file)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Let one command at a time start or stop services."""
    with (_folder(settings) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JobError(f"nothing was started or stopped in {settings.root}: another command does so now") from None
        yield


def _folder(settings: Settings) -> Path:
    """Folder of the services' logs and of the note of what runs."""
    folder = settings.root / "services"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _log(settings: Settings, name: str) -> Path:
    return _folder(settings) / f"{name}.log"


def _password_file(settings: Settings) -> Path:
    return settings.root / "airflow" / "passwords.json"


def main(command: str) -> int:
    """Run ``up``, ``down`` or ``prepare``; 1 after a JobError, told in one line."""

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        if command == "prepare":
            prepare(os.environ, say)
        else:
            {"up": up, "down": down}[command](from_environment(), say)
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in {"up", "down", "prepare"}:
        sys.exit("usage: python -m infra.services up|down|prepare")
    sys.exit(main(sys.argv[1]))
