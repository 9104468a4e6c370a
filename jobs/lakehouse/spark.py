"""The Spark session, with what Delta and small machines need."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyspark
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.settings import Settings

_ALWAYS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # A Delta snapshot is computed in this many tasks; the default of 50 costs seconds a write on few cores.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.log.cacheSize": "3",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Without it a Parquet file with nanoseconds, as pandas writes them, cannot be read at all.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.ui.showConsoleProgress": "false",
    # One BLAS thread a task: tasks already fill the cores.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.OMP_NUM_THREADS": "1",
}
_ONE_MACHINE: dict[str, str] = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.adaptive.enabled": "false",
}


def session(settings: Settings, name: str = "reelhouse") -> SparkSession:
    """The process's session; under spark-submit, on the master it was submitted to.

    Raises:
        JobError: There is no Java, or the Delta jars were not installed.
    """
    _require_java()
    os.environ.setdefault("SPARK_CONF_DIR", str(Path(__file__).parents[2] / "infra" / "spark"))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # python3 of the PATH need not be ours
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    builder = SparkSession.builder.appName(name)
    for key, value in _ALWAYS.items():
        builder = builder.config(key, value)
    if _is_submitted():
        SparkContext._ensure_initialized()
        master = SparkConf().get("spark.master") or ""
    else:
        _require_delta()
        master = settings.spark_master
        builder = builder.master(master).config("spark.driver.memory", settings.driver_memory)
    if master.startswith("local"):
        cores = str(len(os.sched_getaffinity(0)))
        for key, value in (_ONE_MACHINE | {"spark.sql.shuffle.partitions": cores}).items():
            builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _is_submitted() -> bool:
    """Whether spark-submit started this process: it then owns master and memory."""
    return "SPARK_ENV_LOADED" in os.environ and "PYSPARK_GATEWAY_PORT" in os.environ


def _require_delta() -> None:
    """Without its jars the first read or write fails with a class that is not found."""
    if not list((Path(pyspark.__file__).parent / "jars").glob("delta-spark_*.jar")):
        raise JobError("Spark was not started: the Delta jars are not installed; run `make setup`")


def _require_java() -> None:
    """Spark's own message for a missing Java is forty lines long."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise JobError("Spark was not started: there is no Java; install a JDK 17 or 21 and set JAVA_HOME to it")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('"')[2].partition(".")[0]
    if version not in {"17", "21"}:
        raise JobError(f"Spark was not started: {java} is Java {version or 'unknown'}; set JAVA_HOME to a JDK 17 or 21")
