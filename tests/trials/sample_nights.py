"""A small sample world and two of its nights, and a tiny one and one night, by the command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings

REELHOUSE = str(Path(sys.executable).parent / "reelhouse")
SMALL = WorldParameters(viewers=300, titles=400, events_per_day=600, days=20)
TINY = WorldParameters(viewers=40, titles=100, events_per_day=120, days=6, first_day=date(2026, 3, 1))
BROKEN = "interactions/{}/broken.jsonl"
"""A file of the tiny world's night: its only record is set aside."""
SPOKEN, FANS = "u000001", {"fan of fear": "Horror", "fan of love": "Romance"}
"""A viewer who is known, and new ones with what they like."""


def reelhouse(home: Path, *arguments: str, **environment: str) -> str:
    """Run a command to its end; its output."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [REELHOUSE, *arguments],
        env=os.environ | environment | {"REELHOUSE_HOME": str(home), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    print(done.stdout)  # noqa: T201 - figures and lists for whoever reads the trial's output
    if done.returncode:
        raise AssertionError(f"reelhouse {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-3000:]}")
    return done.stdout


def run_two_nights(home: Path) -> tuple[Settings, list[str]]:
    """A small sample world and two of its nights, between which viewers say something; what the nights said."""
    write_world(home / "landing", SMALL, SMALL.last_day)
    first = reelhouse(home, "night", "--sample")
    for user, title, said in feedback_of(Settings(home=home)):
        reelhouse(home, "feedback", user, title, *said, *(["--new-viewer"] if user in FANS else []))
    return Settings(home=home), [first, reelhouse(home, "night", "--sample")]


@dataclass(frozen=True)
class TinyNight:
    """A night that nobody disturbed."""

    home: Path
    before: Path
    """The home before the night ran."""
    night: date = TINY.last_day


def run_tiny_night(folder: Path, environment: Mapping[str, str]) -> TinyNight:
    """A tiny world, a broken record in it, and its night, run with some environment."""
    ran = TinyNight(folder / "calm", folder / "before")
    write_world(ran.before / "landing", TINY, ran.night)
    (ran.before / "landing" / BROKEN.format(ran.night)).write_text(
        '{"event_id": "broken", "user_id": "u1", "title_id": "no title", "event_type": "view"}\n'
    )
    shutil.copytree(ran.before, ran.home)
    reelhouse(ran.home, "night", "--night", str(ran.night), **environment)
    return ran


def feedback_of(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """A viewer answers to the first five of a list; two new ones like six known titles of a genre each."""
    listed = lists_of_night(settings, SMALL.last_day, SPOKEN)
    kinds = (("--dismiss",), ("--dislike",), ("--rate", "2"), ("--like",), ("--watchlist",))
    yield from ((SPOKEN, title, said) for title, said in zip(listed, kinds, strict=False))
    for fan, genre in FANS.items():
        yield from ((fan, title, ("--like",)) for title in titles_of(settings, genre)[:6])


def titles_of(settings: Settings, genre: str) -> list[str]:
    """Films of a genre that the fans' other genres do not touch, those with the most votes first."""
    others = [other for other in FANS.values() if other != genre]
    known = pl.read_delta(f"{settings.lake}/silver/titles").sort(
        "vote_count", "title_id", descending=True, nulls_last=True
    )
    of_genre = pl.col("genres").list.contains(genre)
    for other in others:
        of_genre &= ~pl.col("genres").list.contains(other)
    return known.filter(of_genre & (pl.col("title_type") == "movie"))["title_id"].to_list()


def lists_of_night(settings: Settings, night: date, user: str) -> list[str]:
    """Titles of a viewer's list of a night, in order."""
    history = pl.read_delta(f"{settings.lake}/gold/recommendation_history")
    mine = history.filter((pl.col("night") == night) & (pl.col("user_id") == user)).sort("rank")
    return mine["title_id"].to_list()
