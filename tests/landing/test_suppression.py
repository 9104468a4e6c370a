"""Events of people who were forgotten never enter bronze, and the list of these people names nobody."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pydantic import SecretStr
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.bronze.interactions import SUITES
from expectations.silver.preferences import SUITE as PREFERENCES
from jobs.errors import JobError
from jobs.lakehouse import forgotten, ledger
from jobs.lakehouse.forgotten import Forgotten, Key
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.landing.suppression import hmac_of
from jobs.settings import Settings, from_environment
from jobs.tables import Table, bronze, ops, silver
from tests.rows import rows_of

NIGHT = date(2026, 3, 1)
SECRET = "k" * 40


def keyed(home: Path, secret: str = SECRET) -> Settings:
    return Settings(home=home, forget_key=SecretStr(secret))


def forget(settings: Settings, user_id: str) -> None:
    key = forgotten.require_key(settings)
    row = Forgotten(key.person(user_id), key.check, None, "test", datetime(2026, 3, 1, tzinfo=UTC))
    forgotten.add(settings.lake, row)


def deliver(settings: Settings, *lines: str, day: date = NIGHT) -> None:
    folder = settings.landing / "interactions" / day.isoformat()
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text("".join(f"{line}\n" for line in lines))


def event(number: int, user_id: object) -> str:
    told = {"event_type": "view", "occurred_at": "2026-03-01T08:00:00Z", "title_id": "tt0000001"}
    return json.dumps({"event_id": f"e{number}", "user_id": user_id, **told})


def held(settings: Settings, table: Table) -> list[dict[str, object]]:
    return list(DeltaTable(f"{settings.lake}/{table.path}").to_pyarrow_table().to_pylist())


def test_spark_makes_the_same_hmac_as_python(spark: SparkSession) -> None:
    secrets = [secret.encode() for secret in ("k" * 32, "k" * 64, "k" * 65, "schlüssel" * 5)]
    users = ["u000001", "", "Zoë 🎬", "x" * 10_000, None]
    rows = spark.createDataFrame([(user,) for user in users], "user_id string")

    made = rows.select(*(hmac_of(F.col("user_id"), Key(secret)) for secret in secrets)).collect()

    assert [tuple(row) for row in made] == [
        tuple(user and hmac.new(secret, user.encode(), hashlib.sha256).hexdigest() for secret in secrets)
        if user != ""
        else tuple(hmac.new(secret, b"", hashlib.sha256).hexdigest() for secret in secrets)
        for user in users
    ]


def test_leaves_out_who_was_forgotten_and_counts_it(spark: SparkSession, tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    forget(settings, "u-gone")
    forget(settings, "77")
    deliver(settings, event(1, "u-gone"), event(2, "u-stays"), event(3, 77), event(4, " u-gone "), "{u-gone")
    lake = Lake(spark, settings)

    tolerant = replace(SUITES[bronze.INTERACTIONS.name], tolerates=0.9)

    ingest(lake, bronze.EVENTS, {bronze.INTERACTIONS.name: tolerant}, NIGHT)

    assert {row["event_id"] for row in lake.read(bronze.INTERACTIONS, NIGHT).collect()} == {"e2"}
    entry = ledger.latest(settings.lake, bronze.INTERACTIONS)
    assert entry is not None
    assert entry.spine["forgotten"] == 3
    # What could not be parsed is set aside as it was: nobody knows whom it names.
    assert [row["record"] for row in held(settings, ops.QUARANTINE)] == ["{u-gone"]
    assert "u-gone" not in str(held(settings, ops.FORGOTTEN))


def test_nothing_is_ingested_without_the_key_or_with_another(spark: SparkSession, tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    forget(settings, "u-gone")
    deliver(settings, event(1, "u-stays"))

    for others, wrong in ((Settings(home=tmp_path), "is not set"), (keyed(tmp_path, "x" * 32), "is another")):
        with pytest.raises(JobError, match=f"bronze.interactions was not ingested: 1 people.*{wrong}"):
            ingest(Lake(spark, others), bronze.EVENTS, SUITES, NIGHT)
    with pytest.raises(JobError, match="not the key that ops.forgotten was made with"):
        forgotten.require_key(keyed(tmp_path, "x" * 32))


def test_plans_do_not_show_the_key(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = keyed(tmp_path)
    forget(settings, "u-gone")
    deliver(settings, event(1, "u-stays"))
    ingest(Lake(spark, settings), bronze.EVENTS, SUITES, NIGHT)  # says what plans may show

    spark.range(1).select(hmac_of(F.col("id").cast("string"), Key(SECRET.encode()))).explain(extended=True)

    shown = capsys.readouterr().out.lower()
    assert "sha2" in shown
    assert not any(pad.hex() in shown for pad in Key(SECRET.encode()).pads)


def test_what_was_read_before_somebody_was_forgotten_is_not_published(spark: SparkSession, tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    deliver(settings, event(1, "u-gone"))
    lake = Lake(spark, settings)
    forget(settings, "u-gone")

    with pytest.raises(JobError, match="bronze.interactions was not published: somebody was forgotten meanwhile"):
        ingest(lake, bronze.EVENTS, SUITES, NIGHT)

    assert ledger.latest(settings.lake, bronze.INTERACTIONS) is None
    assert not list((tmp_path / "lake" / bronze.INTERACTIONS.path).rglob("*.parquet"))
    assert not list(tmp_path.rglob("*.html"))  # a page would quote it


def test_what_is_wrong_with_somebody_who_was_forgotten_meanwhile_is_told_nowhere(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = keyed(tmp_path)
    broken = rows_of(spark, silver.PREFERENCES, [{"user_id": "u-gone", "title_id": "t", "weight": float("nan")}])
    lake = Lake(spark, settings)
    forget(settings, "u-gone")

    with pytest.raises(JobError, match="silver.preferences was not published: somebody was forgotten meanwhile"):
        lake.publish(broken, PREFERENCES, NIGHT)

    assert ledger.open_table(settings.lake, ops.REFUSALS) is None
    assert ledger.open_table(settings.lake, ops.QUARANTINE) is None
    assert not list(tmp_path.rglob("*.html"))


def test_a_short_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_FORGET_KEY", "tooshortasecret")

    with pytest.raises(JobError, match="REELHOUSE_FORGET_KEY is a secret: .*at least 32") as refused:
        from_environment()

    assert "tooshort" not in str(refused.value)
