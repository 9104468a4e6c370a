"""The driver's options, and the Spark Connect server: what it is started with, and what is said when it is not there."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pyspark.sql import SparkSession

from infra import spark_server
from jobs.errors import LostServerError
from jobs.lakehouse import spark as driver
from jobs.lakehouse.channel import Channel
from jobs.settings import Settings
from tests.trials.processes import free_port

GIB = 1 << 30


@pytest.mark.parametrize(("gib", "heap"), [(3, "1024m"), (6, "2048m"), (16, "2048m"), (24, "3072m"), (64, "8192m")])
def test_the_heap_leaves_room_for_python_on_any_machine(gib: int, heap: str) -> None:
    assert driver._heap(gib * GIB) == heap


def test_the_heap_that_is_set_is_taken(tmp_path: Path) -> None:
    assert driver.options(Settings(home=tmp_path, driver_memory="5g"))["spark.driver.memory"] == "5g"


def test_a_cluster_s_driver_listens_where_executors_reach_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, spark_master="spark://master:7077", executor_memory="4g", spark_partitions=16)
    options = driver.options(settings)

    assert options["spark.master"] == "spark://master:7077"
    assert options["spark.executor.memory"] == "4g"
    assert options["spark.sql.shuffle.partitions"] == "16"
    assert "spark.driver.host" not in options


def test_spark_makes_its_own_folder_in_the_home_and_not_where_a_command_was_typed(spark: SparkSession) -> None:
    made = Path(spark.catalog.getDatabase("default").locationUri.removeprefix("file:"))

    assert made.parts[-2:] == ("spark", "warehouse")
    assert made.is_dir()
    assert not made.is_relative_to(Path.cwd())


def test_the_token_is_made_once_for_its_owner_only_and_is_on_no_command_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    token = spark_server.token(settings)

    assert len(token) >= 32
    assert spark_server.token(settings) == token == settings.spark_token_value
    assert settings.spark_token_file.stat().st_mode & 0o777 == 0o600
    assert token not in " ".join(spark_server.command(settings, "127.0.0.1"))


def test_a_token_that_is_set_is_not_written_anywhere(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, spark_token=SecretStr("given"))

    assert spark_server.token(settings) == "given"
    assert not settings.spark_token_file.exists()


def test_a_server_that_does_not_answer_is_one_line_and_can_be_tried_again(tmp_path: Path) -> None:
    remote = f"sc://127.0.0.1:{free_port()}"

    with pytest.raises(
        LostServerError, match=f"^no job was begun: the Spark Connect server at {remote} did not answer"
    ):
        driver.session(Settings(home=tmp_path, spark_remote=remote))


def test_the_token_goes_with_each_call_or_through_tls() -> None:
    plain, tls = Channel("sc://connect:15002", "secret"), Channel("sc://connect:15002/;use_ssl=true", "secret")

    assert (plain.secure, list(plain.metadata())) == (False, [("authorization", "Bearer secret")])
    assert (tls.token, list(tls.metadata())) == ("secret", [])
