"""Record the classes that a night loads, for Java to map them instead of reading, checking and linking 20,000 anew.

Run once at set-up: some jobs of a very small night in a folder that is thrown away. A driver then starts in half the
time. Java takes the record only while it and the jars are those it was made with; else it loads classes as ever.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pyspark

from jobs.errors import JobError
from jobs.lakehouse import spark
from jobs.runs.job import Sessions, run_job
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings

_WORLD = WorldParameters(viewers=60, titles=120, events_per_day=150, days=8, first_day=date(2026, 1, 1))
_JOBS = (
    "bronze.tmdb",
    "bronze.interactions",
    "bronze.imdb",
    "silver.title_links",
    "silver.titles",
    "silver.interactions",
)
"""Few jobs that use most of what all use: files of every kind, joins, windows, months, accounts."""
_SECONDS_TO_WRITE = 300


def own_settings(folder: Path) -> Settings:
    """Settings of a lake in ``folder``, whatever this installation's say: nothing invented may reach its tables."""
    for name in [name for name in os.environ if name.startswith("REELHOUSE_")]:
        del os.environ[name]
    return Settings(home=folder, driver_memory="1g")


def record(folder: Path) -> Path:
    """Run the jobs, and end Java, which writes the record then.

    Returns:
        The record; it is not there if this Java makes none.
    """
    settings, made = own_settings(folder), folder / spark.CLASSES.name
    options = spark.options(settings)["spark.driver.extraJavaOptions"]
    write_world(settings.landing, _WORLD, _WORLD.last_day)
    session = spark.session(
        settings, "set-up", {"spark.driver.extraJavaOptions": f"{options} -XX:ArchiveClassesAtExit={made}"}
    )
    for job in _JOBS:
        run_job(settings, job, _WORLD.last_day, "set-up", Sessions(settings, spark=session))
    gateway: Any = session.sparkContext._gateway
    java = gateway.proc
    session.stop()
    java.stdin.close()
    java.wait(_SECONDS_TO_WRITE)
    return made


def main() -> None:
    """Make the record if there is none of today's jars, and if Java can; a set-up without it is whole."""
    jars = Path(pyspark.__file__).parent / "jars"
    # Java refuses the whole record if one of the jars is newer.
    newest = max(file.stat().st_mtime for file in (jars, *jars.iterdir()))
    is_made = spark.CLASSES.exists() and spark.CLASSES.stat().st_mtime > newest
    if is_made or " " in str(spark.CLASSES):
        return
    spark.CLASSES.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = record(Path(folder))
        except (JobError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"Spark's classes were not recorded ({error}): drivers start some seconds slower\n")
            return
        if not made.exists():
            sys.stderr.write(
                "Spark's classes were not recorded, as this Java cannot: drivers start some seconds slower\n"
            )
            return
        unfinished = spark.CLASSES.with_suffix(".new")
        shutil.copyfile(made, unfinished)
        unfinished.replace(spark.CLASSES)


if __name__ == "__main__":
    main()
