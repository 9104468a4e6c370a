"""One Spark session for all tests of a process, and a lake of its own for each."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import CLASSES, session
from jobs.settings import Settings

QUICK = {
    # Every query of a test runs once, on a few rows: code compiled quickly beats code compiled well, and a plan that is
    # interpreted beats one that is compiled first. Commands that trials run have an operator's session.
    "spark.driver.extraJavaOptions": "-Xss16m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
    + (f" -XX:SharedArchiveFile={CLASSES}" if CLASSES.exists() else ""),
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    settings = Settings(
        home=tmp_path_factory.mktemp("driver"), spark_master="local[1]", spark_partitions=1, driver_memory="2g"
    )
    logging.getLogger("py4j").setLevel(logging.WARNING)  # else it reports its end when nobody listens any more
    spark = session(settings, "tests", QUICK)
    yield spark
    spark.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> Lake:
    return Lake(spark, settings, run="test")
