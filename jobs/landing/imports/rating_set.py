"""Land a public rating set as one delivery: an event log, and the set's own catalogue."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from jobs.errors import JobError
from jobs.landing.durable import sync_folder
from jobs.landing.imports.movies import Movie
from jobs.landing.imports.ratings import Ratings

# A set whose events do not find their titles in its own catalogue is a broken copy.
LEAST_JOINED_SHARE = 0.95
# Events turned into text and written at a time; one row group of the log.
CHUNK_EVENTS = 1_000_000

EVENT_SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("title_id", pa.string()),
        ("event_type", pa.string()),
        ("value", pa.float64()),
        ("occurred_at", pa.string()),
        ("source", pa.string()),
    ]
)


@dataclass(frozen=True)
class ImportReport:
    """What an import delivered.

    Attributes:
        day: Delivery day of the log and the catalogue.
        events: Events in the log.
        viewers: Viewers with at least one event.
        titles: Titles in the catalogue.
        joined_share: Share of the events whose title is in the catalogue, from 0 to 1.
        files: The files delivered: the event log, then the catalogue.
    """

    day: date
    events: int
    viewers: int
    titles: int
    joined_share: float
    files: tuple[Path, ...]


@dataclass(frozen=True)
class RatingSet:
    """A set that has been read and checked.

    Attributes:
        name: Name of the set: source of the events, and folder of the catalogue.
        ratings: Its ratings.
        highest: Largest rating of its scale.
        title_prefix: What stands before a title's number in a title id.
        title_digits: Least number of digits of a title's number, padded with zeros.
        movies: What its catalogue says of titles, by their number; empty if it has none.
        catalogue: Files of its catalogue, by name, as bronze reads them.
    """

    name: str
    ratings: Ratings
    highest: float
    title_prefix: str
    title_digits: int
    movies: Mapping[int, Movie]
    catalogue: dict[str, bytes]

    @property
    def to_ten(self) -> float:
        """What one step of its scale is on the scale from 0 to 10: a star of five counts two."""
        return 10.0 / self.highest

    def title_names(self, numbers: npt.NDArray[np.int32]) -> pa.Array:
        """The ids of titles."""
        padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), self.title_digits, "0")
        return pc.binary_join_element_wise(self.title_prefix, padded, "")

    def user_names(self, numbers: npt.NDArray[np.int32]) -> pa.Array:
        """The ids of viewers."""
        return pc.binary_join_element_wise(self.name, pa.array(numbers).cast(pa.string()), ":")


def land(rating_set: RatingSet, landing: Path, night: date | None) -> ImportReport:
    """Write a set's event log and catalogue into ``landing``.

    Both are written before either appears; the catalogue appears first, so no event is there without its title.
    Landing the same set again writes the same bytes. Events are ordered by time, viewer and title. A line that a set
    holds twice is delivered twice, under the same event id.

    Args:
        rating_set: The set.
        landing: Folder of the files as delivered.
        night: Delivery day; the UTC day of the last rating unless given.

    Raises:
        JobError: Too few events have a title in the catalogue, the night is before the last rating, or the disk is
            full.
    """
    ratings = rating_set.ratings
    last_day = datetime.fromtimestamp(int(ratings.seconds[-1]), UTC).date()
    day = night or last_day
    if day < last_day:
        advice = f"import it as of {last_day} or later"
        raise _not_imported(rating_set.name, f"its last rating is of {last_day}, after the night {day}", advice)
    joined_share = _joined_share(rating_set)
    staging = landing / f".{rating_set.name}-{day}"
    shutil.rmtree(staging, ignore_errors=True)  # of an import that was killed
    try:
        log = staging / "interactions" / f"{rating_set.name}.parquet"
        log.parent.mkdir(parents=True)
        _write_events(rating_set, log)
        (staging / rating_set.name).mkdir()
        for name, content in rating_set.catalogue.items():
            (staging / rating_set.name / name).write_bytes(content)
        catalogue_files = _move(staging / rating_set.name, landing / rating_set.name / day.isoformat())
        log_files = _move(staging / "interactions", landing / "interactions" / day.isoformat())
    except OSError as error:
        raise _not_imported(
            rating_set.name, f"{landing} cannot be written ({error})", "mend that and run it again"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    viewers = len(np.unique(ratings.viewers))
    return ImportReport(
        day, len(ratings.seconds), viewers, len(rating_set.movies), joined_share, log_files + catalogue_files
    )


def _not_imported(name: str, problem: str, advice: str = "download the set again") -> JobError:
    return JobError(f"{name} was not imported: {problem}; {advice}")


def _joined_share(rating_set: RatingSet) -> float:
    """Return the share of events whose title is in the set's catalogue.

    Raises:
        JobError: It is too small.
    """
    known = np.fromiter(rating_set.movies, dtype=np.int32, count=len(rating_set.movies))
    is_joined = np.isin(rating_set.ratings.titles, known)
    share = float(is_joined.mean())
    if share < LEAST_JOINED_SHARE:
        examples = np.unique(rating_set.ratings.titles[~is_joined])[:3].tolist()
        raise _not_imported(
            rating_set.name,
            f"only {share:.1%} of its ratings have their title in its catalogue; at least {LEAST_JOINED_SHARE:.0%} must"
            f" (not in it: {', '.join(map(str, examples))})",
        )
    return share


def _write_events(rating_set: RatingSet, path: Path) -> None:
    """Write the event log, one row per rating."""
    # An event id is different in every row: a dictionary of them would only cost.
    repeated = [name for name in EVENT_SCHEMA.names if name != "event_id"]
    with pyarrow.parquet.ParquetWriter(path, EVENT_SCHEMA, compression="zstd", use_dictionary=repeated) as writer:
        for start in range(0, len(rating_set.ratings.seconds), CHUNK_EVENTS):
            writer.write_table(_events(rating_set, slice(start, start + CHUNK_EVENTS)), row_group_size=CHUNK_EVENTS)


def _events(rating_set: RatingSet, rows: slice) -> pa.Table:
    """Return the events of some of the ratings, in the columns of an event log."""
    ratings, name = rating_set.ratings, rating_set.name
    users, titles = rating_set.user_names(ratings.viewers[rows]), rating_set.title_names(ratings.titles[rows])
    numbers = pc.utf8_lpad(pa.array(ratings.titles[rows]).cast(pa.string()), rating_set.title_digits, "0")
    seconds = pa.array(ratings.seconds[rows])
    times = seconds.cast(pa.int64()).cast(pa.timestamp("s")).cast(pa.string())  # 2026-03-01 20:15:00
    return pa.table(
        [
            pc.binary_join_element_wise(users, numbers, seconds.cast(pa.string()), ":"),
            users,
            titles,
            pa.repeat("rating", len(users)),
            pa.array(ratings.values[rows].astype(np.float64) * rating_set.to_ten),
            pc.binary_join_element_wise(pc.replace_substring(times, " ", "T"), "Z", ""),
            pa.repeat(name, len(users)),
        ],
        schema=EVENT_SCHEMA,
    )


def _move(staged: Path, delivery: Path) -> tuple[Path, ...]:
    """Move staged files into a day's folder: as a whole if it is new, else file by file beside what is there."""
    names = sorted(path.name for path in staged.iterdir())
    for name in names:
        with (staged / name).open("rb") as file:
            os.fsync(file.fileno())
    delivery.parent.mkdir(parents=True, exist_ok=True)
    if delivery.exists():
        for name in names:
            (staged / name).replace(delivery / name)
        sync_folder(delivery)
    else:
        staged.rename(delivery)
    sync_folder(delivery.parent)
    return tuple(delivery / name for name in names)
