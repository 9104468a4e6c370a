"""Lists made by a Spark standalone master with two workers are those that one machine makes."""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.recommenders.als import Model, Parameters
from jobs.settings import Settings
from jobs.tables import gold, silver
from tests.cli.small_lake import NIGHT, publish
from tests.rows import filled
from tests.tracking.registered import register
from tests.trials.processes import Processes, environment_of, free_port

ROOT, BIN = Path(__file__).parents[2], Path(sys.executable).parent
TITLES, VIEWERS, SEEN = 400, 600, 12
_JOB = """
import sys
from datetime import date
from jobs.gold.recommendations import run
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import session
from jobs.settings import Settings

settings = Settings()
run(Lake(session(settings), settings, "trial"), date.fromisoformat(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of viewers, titles and a champion."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    rng = np.random.default_rng(1)
    title_ids = [f"tt{n:07d}" for n in range(TITLES)]
    known = [
        {"user_id": f"u{viewer:03d}", "title_id": title_ids[title], "weight": float(rng.random())}
        for viewer in range(VIEWERS)
        for title in rng.choice(TITLES, SEEN, replace=False)
    ]
    titles = [{"title_id": title_id, "title_type": "movie", "genres": ["Drama"]} for title_id in title_ids]
    publish(settings.root, silver.PREFERENCES, *(filled(silver.PREFERENCES, row) for row in known))
    publish(settings.root, silver.TITLES, *(filled(silver.TITLES, row) for row in titles))
    publish(settings.root, silver.TITLE_PROFILES, *(filled(silver.TITLE_PROFILES, {"title_id": t}) for t in title_ids))
    publish(settings.root, silver.TITLE_RULES)
    factors = rng.normal(size=(TITLES, 16)).astype(np.float32)
    register(settings, settings.root / "model", NIGHT, Model(pa.array(title_ids), factors, Parameters(rank=16)))
    return settings.root


@pytest.fixture(scope="module")
def cluster(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Path]]:
    """The address of a master with two workers of one core, and the folders that they work in."""
    environment = environment_of(ROOT, BIN) | {"SPARK_LOCAL_IP": "127.0.0.1"}
    port, page = free_port(), free_port()
    spark = [str(BIN / "spark-class"), "org.apache.spark.deploy"]
    master = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)]
    processes.start("master", [spark[0], f"{spark[1]}.master.Master", *master], environment)
    folders = [tmp_path_factory.mktemp("worker") for _ in range(2)]
    for number, folder in enumerate(folders):
        own = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder), "--webui-port", str(free_port())]
        worker = [spark[0], f"{spark[1]}.worker.Worker", *own, f"spark://127.0.0.1:{port}"]
        processes.start(f"worker-{number}", worker, environment)

    def are_registered() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                return bool(json.load(answer)["aliveworkers"] == len(folders))
        except OSError:
            return False

    processes.wait_until("both workers are registered", are_registered, 120)
    return f"spark://127.0.0.1:{port}", folders


def run_on(master: str, home: Path, processes: Processes) -> list[dict[str, object]]:
    """The rows of the lists that a master's workers make."""
    environment = environment_of(ROOT, BIN) | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "REELHOUSE_HOME": str(home),
        "REELHOUSE_SPARK_MASTER": master,
        "REELHOUSE_SPARK_PARTITIONS": "4",
        "REELHOUSE_DRIVER_MEMORY": "1g",
        "REELHOUSE_EXECUTOR_MEMORY": "512m",
    }
    processes.run(f"on-{master.partition(':')[0]}", [sys.executable, "-c", _JOB, str(NIGHT)], environment, cwd=ROOT)
    lists = DeltaTable(str(home / "lake" / gold.RECOMMENDATIONS.path)).to_pyarrow_table()
    rows: list[dict[str, object]] = lists.sort_by([("user_id", "ascending"), ("rank", "ascending")]).to_pylist()
    return rows


def test_two_workers_make_the_lists_that_one_machine_makes(
    home: Path, cluster: tuple[str, list[Path]], processes: Processes
) -> None:
    master, folders = cluster

    here = run_on("local[1]", home, processes)
    there = run_on(master, home, processes)

    assert len(here) == (VIEWERS + 1) * Settings().list_length
    assert there == here
    assert all(list(folder.glob("app-*/*")) for folder in folders), "a worker ran nothing"
