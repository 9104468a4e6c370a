"""One Spark session for all tests, and a lake of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import session
from jobs.settings import Settings


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    spark = session(Settings(spark_master="local[1]", driver_memory="1g"), "tests")
    yield spark
    spark.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def lake(spark: SparkSession, settings: Settings) -> Lake:
    return Lake(spark, settings, run="test")
