"""A small lake written without Spark, and the command line run on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import CONFIGURATION
from jobs.lakehouse.ledger import Account
from jobs.tables import Table, gold, silver
from jobs.tables.bronze import MOVIELENS_MOVIES

Run = Callable[..., Result]

NIGHT = date(2026, 3, 1)
EARLIER = date(2026, 2, 27)
HOSTILE = "[red]x[/red]\x1b[31m"
_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
    "array<int>": pa.list_(pa.int32()),
    "array<double>": pa.list_(pa.float64()),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}


def publish(home: Path, table: Table, *rows: dict[str, Any], night: date = NIGHT, **account: Any) -> None:
    """Write rows as a publication of a night; columns that are not given are null."""
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    told: dict[str, Any] = {"offered": len(rows), "published": len(rows)} | account
    entry = Account(night=night, code_version="0.1.0", run="test", **told)
    address, partitions = home / "lake" / table.path, [table.partitioned_by] if table.partitioned_by else None
    if not address.exists():
        # Version 0: the table is made.
        write_deltalake(address, schema.empty_table(), partition_by=partitions, configuration=dict(CONFIGURATION))
    write_deltalake(
        address,
        pa.Table.from_pylist([dict.fromkeys(table.column_names) | row for row in rows], schema),
        mode="overwrite",
        partition_by=partitions,
        commit_properties=CommitProperties(custom_metadata={"userMetadata": ledger.encode(entry)}),
    )


def without(table: Table, *columns: str) -> Table:
    """A table as a version of ours defined it that did not have some columns yet."""
    return replace(table, columns=tuple(column for column in table.columns if column.name not in columns))


def listed(user_id: str, rank: int, title_id: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "rank": rank,
        "title_id": title_id,
        "source": "personal",
        "model_score": 1.0 / rank,
        "score": 1.0 / rank,
        "reason_title_ids": [],
        "reason_contributions": [],
        "reasons": f"because you liked what {title_id} is like",
        "model_name": "reelhouse",
        "model_version": 3,
        "model_night": NIGHT,
        "night": NIGHT,
    }


def preferred(user_id: str, title_id: str, weight: float) -> dict[str, Any]:
    at = datetime(2026, 2, 1, 20, 15, tzinfo=UTC)
    return {"user_id": user_id, "title_id": title_id, "weight": weight, "rating": None, "event_count": 1, "last_at": at}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few titles, two viewers and a hostile title; its path has a space and a quote in it."""
    home = tmp_path_factory.mktemp("home") / "o'neil's home"
    facts = {"title_type": "movie", "is_adult": False}
    publish(
        home,
        silver.TITLES,
        {"title_id": "tt0000001", "title": "Heat", "release_year": 1995, "genres": ["Crime", "Drama"], **facts},
        {
            "title_id": "tt0000002",
            "title": "Amélie",
            "release_year": 2001,
            "genres": ["Romance"],
            "vote_count": 9,
            **facts,
        },
        {"title_id": "tt0000003", "title": HOSTILE, "genres": [], **facts},
        {
            "title_id": "tt0000004",
            "title": "Heat and Dust",
            "release_year": 1983,
            "genres": [],
            "vote_count": 5,
            **facts,
        },
        inputs={"silver.title_links": 4},
    )
    publish(
        home,
        silver.PREFERENCES,
        preferred("u000001", "tt0000002", 2.5),
        preferred("u000001", "tt0000004", 1.5),
        preferred("u000002", "tt0000001", 0.0),
    )
    publish(
        home,
        gold.RECOMMENDATIONS,
        listed("u000001", 1, "tt0000001"),
        listed("u000001", 2, "tt0000003"),
        listed("u000002", 1, "tt0000002"),
        quarantined={"score:be_between": 2},
        parked=7,
    )
    served = [{**listed("u000001", 1, "tt0000001"), "night": night} for night in (EARLIER, NIGHT)]
    publish(home, gold.RECOMMENDATION_HISTORY, served[0], night=EARLIER)
    publish(home, gold.RECOMMENDATION_HISTORY, *served)
    publish(home, MOVIELENS_MOVIES, night=date(2026, 2, 1))
    return home


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the home."""
    monkeypatch.setenv("REELHOUSE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "160")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return invoke


def refused(result: Result) -> str:
    """The one line that says why nothing was done."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr
