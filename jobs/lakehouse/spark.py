"""The Spark session: on a Spark Connect server that the settings name, else in this process.

Jobs use only what both kinds of session have, and nothing outside this module asks which kind it is.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import urlsplit

import psutil
import pyspark
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from jobs.errors import JobError, LostServerError
from jobs.settings import Settings

_ROOT = Path(__file__).parents[2]
CLASSES = Path(sys.prefix) / "spark-classes.jsa"
"""Spark's classes as Java loads them fastest, recorded at set-up; without the file they are loaded from the jars."""
# A fit of ten iterations has a lineage that overflows the default stack when tasks are deserialised.
_JAVA = "-Xss16m -XX:+UseParallelGC"
_DRIVERS_JAVA = " ".join(
    [
        _JAVA,
        # Best code only for what runs ten times longer than Java's default asks: a small night is over before the code of
        # its many plans has paid for its compilation, and a long one does not notice.
        "-XX:Tier4InvocationThreshold=50000",
        "-XX:Tier4MinInvocationThreshold=6000",
        "-XX:Tier4CompileThreshold=150000",
        "-XX:Tier4BackEdgeThreshold=400000",
    ]
)
_ALWAYS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # A Delta snapshot is computed in this many tasks; the default of 50 costs seconds per write on few cores.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.log.cacheSize": "3",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Without it a Parquet file with nanoseconds, as pandas writes them, cannot be read at all.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # Bytes that a disk has changed are an error, not another value: what writes Parquet puts a checksum with every page.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    "spark.ui.showConsoleProgress": "false",
    # One BLAS thread per task: tasks already fill the cores.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.PYTHONPATH": str(_ROOT),
    "spark.executor.extraJavaOptions": _JAVA,
}
_ONE_MACHINE: dict[str, str] = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.adaptive.enabled": "false",
}
_PYTHON = {"PYSPARK_PYTHON": sys.executable, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""What the Python workers of a driver on this machine are told: python3 of the PATH need not be ours."""
_GIB = 1 << 30


def session(
    settings: Settings, name: str = "reelhouse", more: Mapping[str, str] = MappingProxyType({})
) -> SparkSession:
    """The process's session.

    Args:
        settings: Which server, or which master; where everything is.
        name: What Spark's own pages call it.
        more: Options of a session in this process, over ours.

    Raises:
        JobError: There is no Java, or the Delta jars were not installed, or the server refused the token.
        LostServerError: The server does not answer.
    """
    return _connect(settings) if settings.spark_remote else _start(settings, name, more)


def options(settings: Settings) -> dict[str, str]:
    """Spark's options of a driver: of a session in a process, and of a Spark Connect server."""
    master = settings.spark_master
    chosen = _ALWAYS | {
        "spark.master": master,
        "spark.driver.extraJavaOptions": " ".join(
            [
                _DRIVERS_JAVA,
                f"-Dlog4j2.configurationFile={(_ROOT / 'infra' / 'spark' / 'log4j2.properties').as_uri()}",
                # Spark splits the options at blanks.
                *([f"-XX:SharedArchiveFile={CLASSES}"] if CLASSES.exists() and " " not in str(CLASSES) else []),
            ]
        ),
        "spark.driver.memory": settings.driver_memory or _heap(_memory_limit()),
        "spark.sql.shuffle.partitions": str(settings.cores),
        # Spark makes the folder of its default database at the first query, in the working directory unless told where.
        "spark.sql.warehouse.dir": f"file:{settings.root / 'spark' / 'warehouse'}",
    }
    if settings.executor_memory:
        chosen["spark.executor.memory"] = settings.executor_memory
    return chosen | _ONE_MACHINE if master.startswith("local") else chosen


def environment(settings: Settings) -> dict[str, str]:
    """What the process of a driver needs in its environment beside what is there already."""
    # A folder that is not there: recorded classes are used only where every folder on the class path is empty.
    told = _PYTHON | {"SPARK_CONF_DIR": str(Path(sys.prefix) / "no-spark-conf")}
    if settings.spark_master.startswith("local"):
        # Spark warns about every host whose name is not an address of its own.
        told["SPARK_LOCAL_IP"] = "127.0.0.1"
    return {name: value for name, value in told.items() if name not in os.environ}


def require_installed() -> None:
    """Say in a line that Java or the Delta jars are missing.

    Raises:
        JobError: They are.
    """
    _require_java()
    if not list((Path(pyspark.__file__).parent / "jars").glob("delta-spark_*.jar")):
        # Without its jars the first read or write fails with a class that is not found.
        raise JobError("Spark was not started: the Delta jars are not installed; run `make setup`")


class Watch:
    """Says in a line that a job was stopped by the loss of the Spark Connect server; a context manager.

    Args:
        spark: The session that the job uses.
        settings: Which server it is.
        job: The job.
    """

    def __init__(self, spark: SparkSession, settings: Settings, job: str) -> None:
        self._spark, self._settings, self._job = spark, settings, job

    def __enter__(self) -> Self:
        if self._settings.spark_remote:
            # Models of Spark MLlib ask for the session of their thread, and a night's jobs run in several.
            type(self._spark)._set_default_and_active_session(self._spark)  # type: ignore[attr-defined]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace whatever failed if the server does not know the session any more.

        Raises:
            LostServerError: It does not.
        """
        is_failure = isinstance(error, Exception) and not isinstance(error, LostServerError)
        if self._settings.spark_remote and is_failure and not _is_known(self._spark):
            raise _lost(self._settings, f"{self._job} was not done") from error


def _start(settings: Settings, name: str, more: Mapping[str, str]) -> SparkSession:
    """A session in this process. What its Java says goes to a log: what matters of it is in Python's exceptions too."""
    require_installed()
    os.environ |= environment(settings)
    chosen = options(settings) | dict(more)
    if SparkContext._gateway is None:
        folder = settings.root / "spark"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "driver.log").open("wb") as log:
            conf = SparkConf(loadDefaults=False).setAll(list(chosen.items()))
            SparkContext._ensure_initialized(gateway=launch_gateway(conf, {"stdout": log, "stderr": log}))  # type: ignore[no-untyped-call]
    builder = SparkSession.builder.appName(name)
    for option, value in chosen.items():
        builder = builder.config(option, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _connect(settings: Settings) -> SparkSession:
    """A session of the server; it ends with this process."""
    remote = settings.spark_remote or ""
    address = urlsplit(remote)
    try:
        socket.create_connection((address.hostname or "", address.port or 15002), timeout=10).close()
    except OSError:
        raise _lost(settings, "no job was begun") from None

    # The client and gRPC are imported only where there is a server.
    from pyspark.errors.exceptions.connect import SparkConnectException
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession as Connected

    from jobs.lakehouse.channel import Channel

    # PySpark's functions ask these two which kind of session there is.
    os.environ |= {"SPARK_CONNECT_MODE_ENABLED": "1", "SPARK_REMOTE": remote}
    warnings.filterwarnings("ignore", message=r"\[RETRIES_EXCEEDED\]")  # the line that is raised says so
    try:
        spark = Connected.builder.channelBuilder(Channel(remote, settings.spark_token_value)).create()
        spark.client.set_retry_policies([DefaultPolicy(max_retries=_TRIES)])
        has_delta = "Delta" in (spark.conf.get("spark.sql.extensions", "") or "")
    except SparkConnectException as error:
        said = " ".join(str(error).split())
        if "UNAUTHENTICATED" in said:
            raise JobError(
                f"no job was begun: the Spark Connect server at {remote} refused the token; set REELHOUSE_SPARK_TOKEN "
                f"to the server's, or let {settings.spark_token_file} hold it"
            ) from None
        raise _lost(settings, "no job was begun") from error
    if not has_delta:
        raise JobError(
            f"no job was begun: the Spark Connect server at {remote} was started without Delta; see docs/operators.md"
        )
    atexit.register(spark.stop)
    return spark  # type: ignore[return-value] # both kinds have what jobs use


_TRIES = 5
"""Waits of .05, .2, .8, 3.2 and 12.8 s: longer than a network stumbles, shorter than a server starts."""


def _is_known(spark: SparkSession) -> bool:
    """Whether the server answers and still has the session: one that was started again has not."""
    from pyspark.errors.exceptions.connect import SparkConnectException

    try:
        spark.conf.get("spark.sql.session.timeZone")
    except SparkConnectException:
        return False
    return True


def _lost(settings: Settings, what: str) -> LostServerError:
    return LostServerError(
        f"{what}: the Spark Connect server at {settings.spark_remote} did not answer, or was started again meanwhile; "
        "nothing half done is visible; `make up` starts the server, then run the job again (Airflow does)"
    )


def _memory_limit() -> int:
    """Bytes that this process may use: of the machine, or of the container."""
    limits = [psutil.virtual_memory().total]
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        path = Path(file)
        text = path.read_text(encoding="ascii").strip() if path.exists() else "max"
        limits += [int(text)] if text.isdigit() else []
    return min(limits)


def _heap(memory: int) -> str:
    """Heap of a driver on a machine of so many bytes.

    An eighth of it, as Python workers, the job's own process and Airflow need theirs; but 2 GiB, which a sample night
    needs, where that is not more than a third.
    """
    return f"{max(memory // 8, min(2 * _GIB, memory // 3)) >> 20}m"


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
