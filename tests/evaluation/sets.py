"""Small sets of ratings in memory, as a protocol divides them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa

from jobs.evaluation.interactions import Interactions, of_set
from jobs.scoring.training_set import Split
from jobs.settings import Settings

START = 1_000_000_000
Rating = tuple[int, int, float, int]
"""Viewer, title, stars, seconds after the start."""


def no_session() -> NoReturn:
    raise AssertionError("a Spark session was asked for")


def of(folder: Path, ratings: Sequence[Rating]) -> Interactions:
    """Ratings of five stars by way of a file, as a person gives them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (f"{viewer}\t{title}\t{stars:g}\t{START + after}\n" for viewer, title, stars, after in ratings)
    (folder / "u.data").write_text("".join(lines))
    return of_set(folder / "u.data", Settings(), no_session, 1)


def random_ratings(viewers: int, titles: int, each: int, seed: int = 0) -> list[Rating]:
    """Ratings of random titles, more of those with a low number, at times that all differ."""
    random = np.random.default_rng(seed)
    chances = 1.0 / np.arange(1, titles + 1)
    rows = []
    for viewer in range(1, viewers + 1):
        chosen = random.choice(titles, size=each, replace=False, p=chances / chances.sum())
        rows += [(viewer, int(title) + 1, float(random.integers(1, 6)), 0) for title in chosen]
    order = random.permutation(len(rows))
    return [(*rows[at][:3], 60 * int(after)) for after, at in enumerate(order)]


def pairs_of(table: pa.Table, column: str = "held_out") -> set[tuple[str, str]]:
    """Viewer and title of every title in a column of lists."""
    return {(row["user_id"], title) for row in table.to_pylist() for title in row[column]}


def learned(split: Split) -> set[tuple[int, str]]:
    """Viewer's number and title of every row that is learned from."""
    rows = split.training.table.to_pylist()
    names = split.training.title_ids.to_pylist()
    return {(row["viewer"], names[row["title"]]) for row in rows}
