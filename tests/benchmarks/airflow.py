"""A whole sample night by Airflow: services as ``make up`` starts them, one trigger, seconds of every task."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jobs.sample_world import WorldParameters, write_world
from tests.benchmarks.measure import ROOT, family_bytes, run_program
from tests.trials.processes import free_port
from tests.trials.rest import Airflow

_GOAL_SECONDS, _WITHIN_SECONDS = 240, 3600
_WORLD = WorldParameters(first_day=date(2026, 1, 1))
_FIRST_DAG = "ingest"
_ENDED = {"success", "failed", "upstream_failed", "skipped"}


def run(say: Callable[[str], object]) -> None:
    """The first night of the sample world, from the trigger of `ingest` to the end of the last DAG."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        home = Path(folder) / "home"
        write_world(home / "landing", _WORLD, _WORLD.last_day)
        given = {
            "REELHOUSE_HOME": str(home),
            # Ports of their own: an operator's services may be up beside them.
            "REELHOUSE_AIRFLOW_PORT": str(free_port()),
            "REELHOUSE_MLFLOW_PORT": str(free_port()),
            "REELHOUSE_SPARK_PORT": str(free_port()),
        }
        services = [sys.executable, "-m", "infra.services"]
        try:
            up = run_program([*services, "up"], given)
            say(f"services up  {up.seconds:.0f} s")
            airflow = Airflow(int(given["REELHOUSE_AIRFLOW_PORT"]), home / "airflow" / "passwords.json")
            try:
                _run_night(airflow, home, say)
            finally:
                airflow.close()
        finally:
            run_program([*services, "down"], given)


def _run_night(airflow: Airflow, home: Path, say: Callable[[str], object]) -> None:
    """Trigger the night and wait for the last of its DAGs."""
    expected = {file.stem for file in (ROOT / "dags").glob("*.py")} - {"nightly"}
    while set(airflow.dags()) != expected:
        time.sleep(1)
    pids = [service["pid"] for service in json.loads((home / "services" / "running.json").read_text())]
    began, peak = time.monotonic(), 0
    airflow.trigger(_FIRST_DAG, str(_WORLD.last_day))
    while True:
        time.sleep(2)
        peak = max(peak, sum(map(family_bytes, pids)))
        tasks = airflow.tasks()
        failed = [task["task_id"] for task in tasks if task["state"] in {"failed", "upstream_failed"}]
        if failed:
            raise SystemExit(f"the night failed at {', '.join(failed)}")
        ended = {run["dag_id"] for run in airflow.runs() if run["state"] == "success"}
        if ended == expected:
            break
        if time.monotonic() - began > _WITHIN_SECONDS:
            raise SystemExit(f"the night had not ended after {_WITHIN_SECONDS} s; ended: {', '.join(sorted(ended))}")
    seconds = time.monotonic() - began
    say(f"whole night  {seconds:.0f} s (goal {_GOAL_SECONDS})   peak of all services {peak / 2**30:.1f} GiB")
    say(f"  {'task':32s} {'state':9s} {'began at':>8s} {'seconds':>8s}")
    started = [task for task in tasks if task["start_date"] and task["state"] in _ENDED]
    started.sort(key=_moment)
    for task in started:
        at = (_moment(task) - _moment(started[0])).total_seconds()
        say(f"  {task['task_id']:32s} {task['state']:9s} {at:8.0f} {task['duration'] or 0.0:8.1f}")


def _moment(task: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(task["start_date"])
