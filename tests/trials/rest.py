"""Airflow as its REST API shows it."""

import json
from pathlib import Path
from typing import Any

import httpx


class Airflow:
    """A logged-in client.

    Args:
        port: Where the api-server listens on 127.0.0.1.
        password_file: The generated passwords.
    """

    def __init__(self, port: int, password_file: Path) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        password = json.loads(password_file.read_text())["admin"]
        login = self._client.post("/auth/token", json={"username": "admin", "password": password})
        self._client.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['access_token']}"

    def dags(self) -> dict[str, bool]:
        """DAG → whether it is paused."""
        return {dag["dag_id"]: dag["is_paused"] for dag in self._get("/dags")["dags"]}

    def import_errors(self) -> list[str]:
        return [error["stack_trace"] for error in self._get("/importErrors")["import_errors"]]

    def plugins(self) -> list[dict[str, Any]]:
        plugins: list[dict[str, Any]] = self._get("/plugins")["plugins"]
        return plugins

    def pool_slots(self, pool: str) -> int:
        slots: int = self._get(f"/pools/{pool}")["slots"]
        return slots

    def runs(self, dag: str = "~") -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = self._get(f"/dags/{dag}/dagRuns", limit=100)["dag_runs"]
        return runs

    def tasks(self, dag: str = "~", run: str = "~") -> list[dict[str, Any]]:
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances"
        tasks: list[dict[str, Any]] = self._get(path, limit=100)["task_instances"]
        return tasks

    def log(self, dag: str, run: str, task: str) -> list[dict[str, Any]]:
        """The events of a task's first attempt."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/1"
        events: list[dict[str, Any]] = self._get(path, full_content=True)["content"]
        return events

    def trigger(self, dag: str, night: str) -> str:
        """Start a run by hand; its id."""
        body = {"conf": {"night": night}, "logical_date": None}
        answer = self._client.post(f"/api/v2/dags/{dag}/dagRuns", json=body)
        run: str = answer.raise_for_status().json()["dag_run_id"]
        return run

    def close(self) -> None:
        self._client.close()

    def _get(self, path: str, **query: Any) -> Any:
        answer = self._client.get(f"/api/v2{path}", params=query, headers={"Accept": "application/json"})
        return answer.raise_for_status().json()
