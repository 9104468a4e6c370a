"""Set-up: what is missing is said in one line, before anything is made; the lock is what is installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from infra.spark import record_classes
from jobs.errors import JobError
from jobs.lakehouse import spark
from jobs.settings import Settings

PROJECT = Path(__file__).parents[2]


def set_up(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up of an empty checkout, which must end before it makes anything."""
    shutil.copytree(PROJECT / "infra", tmp_path / "checkout" / "infra")
    done = subprocess.run(
        ["bash", "infra/setup.sh"],
        cwd=tmp_path / "checkout",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert {file.name for file in (tmp_path / "checkout").iterdir()} == {"infra"}
    return done


def fake_java(tmp_path: Path, version: str) -> str:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return str(tmp_path / "jdk")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PYTHON": ""}, "there is no python3; install Python 3.11 or 3.12"),
        ({"PYTHON": "/bin/false"}, "/bin/false is no Python 3.11 or 3.12"),
        ({"PYTHON": sys.executable, "JAVA_HOME": "/nonexistent"}, "there is no Java; install a JDK 17 or 21"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    done = set_up(tmp_path, **environment)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_java_that_spark_does_not_run_on_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path, "25.0.1")
    done = set_up(tmp_path, PYTHON=sys.executable, JAVA_HOME=home)
    assert "is Java 25; set JAVA_HOME to a JDK 17 or 21" in done.stderr

    monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(JobError, match="is Java 25; set JAVA_HOME to a JDK 17 or 21"):
        spark._require_java()


def test_every_locked_requirement_has_a_hash_and_no_address() -> None:
    for name in ("requirements.txt", "installer.txt"):
        lock = (PROJECT / "infra" / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][^\n]*==", lock, flags=re.MULTILINE)

        assert len(re.findall(r"==[^\n]*\\\n    --hash=sha256:", lock)) == len(pins) > 0
        assert "://" not in lock


def test_nothing_locked_writes_over_pyspark_s_own_files() -> None:
    lock = (PROJECT / "infra" / "requirements.txt").read_text(encoding="utf-8")

    assert set(re.findall(r"^pyspark[a-z-]*", lock, flags=re.MULTILINE)) == {"pyspark"}


def test_the_jobs_of_set_up_never_reach_the_lake_of_this_installation(tmp_path: Path) -> None:
    told = {"REELHOUSE_LAKE_URI": "/srv/lake", "REELHOUSE_SPARK_REMOTE": "sc://h:1", "REELHOUSE_MLFLOW_URI": "http://h"}
    with patch.dict(os.environ, told):
        settings = record_classes.own_settings(tmp_path)

    assert (settings.lake, settings.spark_remote) == (str(tmp_path / "lake"), None)
    assert str(tmp_path) in settings.tracking_uri


def test_recorded_classes_are_left_out_where_their_path_has_a_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def options_with(record: Path) -> str:
        record.parent.mkdir()
        record.touch()
        monkeypatch.setattr(spark, "CLASSES", record)
        return spark.options(Settings(home=tmp_path))["spark.driver.extraJavaOptions"]

    assert "SharedArchiveFile" in options_with(tmp_path / "projects" / "classes.jsa")
    assert "SharedArchiveFile" not in options_with(tmp_path / "my projects" / "classes.jsa")
