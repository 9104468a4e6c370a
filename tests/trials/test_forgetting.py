"""Forgetting a person in a real home, with all that nights leave; and killed at any step, finished by being run again."""

import signal
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pydantic import SecretStr
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.landing.deliveries import survey
from jobs.runs import forgetting, maintaining, replays
from jobs.runs.job import Sessions, run_job
from jobs.runs.night import run_night
from jobs.runs.notifying import Failure, notify
from jobs.settings import Settings
from jobs.tables import bronze, gold, ops, silver
from tests.programs import run_python
from tests.runs.any_order import IN_ORDER, LATENESS_DAYS, ONE, TWO, Delivery, Silent
from tests.runs.forgettable import BROKEN, NOTIFIED, WHO, deliver, event, everything, find, hashes, lines
from tests.trials.sample_nights import reelhouse

AT = datetime(2026, 3, 3, tzinfo=UTC)
TITLE = "tt0000001"
KEY = {"REELHOUSE_FORGET_KEY": "k" * 32, "REELHOUSE_NOTIFY_FILE": NOTIFIED}


def test_a_viewer_of_a_real_night_is_found_everywhere_and_then_nowhere(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    settings = a_home(tmp_path)
    a_night(settings, spark, ONE)
    what_else_is_left(settings, spark)
    before = find(tmp_path)

    killed(tmp_path, "commit", 3, "after")
    killed(tmp_path, "put", 1, "after")
    done = reelhouse(tmp_path, "forget", WHO, "--now", "--yes", **KEY)

    assert before.keys() >= {
        *("bronze.interactions", "silver.interactions", "silver.preferences", "silver.ratings", "ops.quarantine"),
        *("gold.recommendations", "gold.recommendation_history", "gold.viewer_profiles", "ops.refusals"),
        *("bronze.interactions log", "silver.interactions log", "ops.quarantine log", NOTIFIED),
        *("landing/interactions", "docs/data-docs", "spark/driver.log", "exports/gold.recommendations-jsonl"),
    }
    assert find(tmp_path) == {}
    assert f"trained when the person was there (a model names no viewers)  night {ONE}, version 1, run " in done
    assert [found.files for found in survey(settings, bronze.EVENTS, ONE)] == [{}]
    assert "nothing was left to do" in reelhouse(tmp_path, "forget", WHO, "--now", "--yes", **KEY)

    kept = DeltaTable(f"{settings.lake}/{ops.QUARANTINE.path}").to_pyarrow_table().to_pylist()
    (aside,) = (row for row in kept if row["table_name"] == bronze.INTERACTIONS.name)
    planted = settings.landing / "interactions" / str(ONE) / "planted.jsonl"
    assert (aside["record"], aside["file"]) == (BROKEN, "planted.jsonl")
    assert planted.read_text().split("\n")[aside["line"] - 1] == BROKEN

    # Another night, to which the person's events are delivered again; then every delivery is read again.
    a_night(settings, spark, TWO)
    again = replays.plan(settings, "bronze.interactions")
    run_job(
        settings, bronze.INTERACTIONS.name, again.night, "trial", Sessions(settings, spark=spark), again=again.again
    )
    maintaining.maintain(settings, datetime.now(UTC))

    assert ONE in again.again["bronze.interactions"]
    assert find(tmp_path).keys() == {"landing/interactions"}
    entries = [one for one in ledger.history(settings.lake, bronze.INTERACTIONS) if str(TWO) in (one.replaced or ())]
    assert entries[-1].spine["forgotten"] == SOUND
    assert entries[-1].published > 0
    lists = DeltaTable(f"{settings.lake}/{gold.RECOMMENDATIONS.path}").to_pyarrow_table()
    assert {"u0", "u7"} <= set(lists["user_id"].to_pylist())
    assert str(lists["night"][0]) == str(TWO)
    reelhouse(tmp_path, "forget", WHO, "--now", "--yes", **KEY)
    assert find(tmp_path) == {}


SOUND = 9
"""Records of the person in a delivery that can be parsed."""


def a_home(root: Path) -> Settings:
    """Settings of a small home in which nights are short."""
    return Settings(
        home=root,
        lateness_days=LATENESS_DAYS,
        list_length=5,
        recommender_parameters={"rank": "2", "iterations": "2"},
        forget_key=SecretStr("k" * 32),
        notify_file=Path(NOTIFIED),
    )


def a_night(settings: Settings, spark: SparkSession, night: date) -> None:
    """Deliver a night, the person's events among it, and run it."""
    for delivery in IN_ORDER:
        if isinstance(delivery, Delivery) and delivery.day == night:
            delivery.arrive(settings.landing)
    kinds = ("like", "watchlist", "view", "view")
    sound = [event(n, WHO, night, title_id=f"tt{2 * n + 1:07}", event_type=kind) for n, kind in enumerate(kinds)]
    rated = event(5, WHO, night, title_id=TITLE, event_type="rating", value="9")
    broken, parked = event(6, WHO, night, event_type="wink"), event(7, WHO, night, title_id="tt99999999")
    # Nobody can parse it: delivered later it is set aside as it is.
    cut = f'{{"{WHO}", cut\n' if night == ONE else ""
    deliver(settings.root, night, "planted.jsonl", lines(*sound, rated, broken, parked) + f"{cut}{BROKEN}\n".encode())
    header = "event_id,user_id,title_id,event_type,value,occurred_at,source,note\n"
    plain = f"c-{night},{WHO},{TITLE},view,,{night}T09:00:00Z,app,\n"
    quoted = f'd-{night}," {WHO}",{TITLE},view,,{night}T10:00:00Z,app,"two\nlines"\n'
    deliver(settings.root, night, "planted.csv", (header + plain + quoted).encode())
    ended = run_night(settings, night, "trial", Sessions(settings, spark=spark), Silent())
    assert [(one.job, one.error) for one in ended if not one.is_done] == []


def what_else_is_left(settings: Settings, spark: SparkSession) -> None:
    """What the viewer says, an export, a delivery that is refused, of which people are told, and a line in a log."""
    home = settings.root
    reelhouse(home, "feedback", WHO, TITLE, "--like", **KEY)
    reelhouse(home, "export", "gold.recommendations", "--format", "jsonl", **KEY)
    deliver(home, TWO, "bad.jsonl", lines({"user_id": WHO, "title_id": TITLE, "event_type": "wink"}))
    with pytest.raises(JobError, match="was not published") as refused:
        run_job(settings, "bronze.interactions", TWO, "trial", Sessions(settings, spark=spark))
    assert notify(settings, [Failure("bronze.interactions", str(refused.value), str(TWO))], AT) == []
    (home / "spark").mkdir(exist_ok=True)
    (home / "spark" / "driver.log").write_text(f"WARN a record of {WHO}\n")
    for name in (silver.INTERACTIONS, ops.QUARANTINE):
        DeltaTable(f"{settings.lake}/{name.path}").create_checkpoint()


def killed(home: Path, at: str, times: int, when: str) -> None:
    """Forget the person, and die meanwhile, of a signal that nobody can catch."""
    ended = run_python(KILLED, home, WHO, at, str(times), when)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert find(home)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    everything(tmp_path)
    return Settings(home=tmp_path, forget_key=SecretStr("k" * 32), notify_file=Path(NOTIFIED))


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from jobs.lakehouse import forgetting as tables, erasing
from jobs.landing.forgetting import Rewritten
from jobs.runs import forgetting
from jobs.settings import from_environment

of, name, times, is_before = {"commit": (tables, "commit_files"), "put": (Rewritten, "put"), "erase": (erasing, "erase")}[
    sys.argv[2]
], None, int(sys.argv[3]), sys.argv[4] == "before"
(of, name), left = of, [times]
real = getattr(of, name)

def deadly(*args, **named):
    left[0] -= 1
    if is_before and left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    made = real(*args, **named)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return made

setattr(of, name, deadly)
home = from_environment()
list(forgetting.apply(home, forgetting.plan(home, sys.argv[1], now=True), "test", datetime.now(UTC), now=True))
"""


@pytest.mark.parametrize(
    ("at", "times", "when"),
    [
        ("commit", 1, "before"),
        ("commit", 1, "after"),
        ("put", 2, "after"),
        ("commit", 3, "after"),
        ("erase", 2, "after"),
    ],
)
def test_what_was_killed_is_finished_by_running_it_again(
    home: Settings, monkeypatch: pytest.MonkeyPatch, at: str, times: int, when: str
) -> None:
    monkeypatch.setenv("REELHOUSE_FORGET_KEY", "k" * 32)
    killed(home.root, at, times, when)

    list(forgetting.apply(home, forgetting.plan(home, WHO, now=True), "test", AT, now=True))

    assert find(home.root) == {}
    entry = ledger.latest(home.lake, bronze.INTERACTIONS)
    assert entry is not None
    assert entry.deliveries == hashes(home.root)
    assert len(DeltaTable(f"{home.lake}/{ops.FORGOTTEN.path}").to_pyarrow_table()) == 1
