"""MLflow's own database, read without MLflow, whose import takes two to three seconds."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from jobs.settings import Settings

_SQLITE = "sqlite:///"


def database_of(settings: Settings) -> Path | None:
    """The database's file; None if the store is behind a server."""
    uri = settings.tracking_uri
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def select(database: Path, table: str, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of a query; none where the database, or a table that it reads, was not made yet."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as store:
        made = store.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return store.execute(query, values).fetchall() if made else []
