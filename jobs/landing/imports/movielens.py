"""Import a MovieLens set in the CSV layout (ml-latest-small, ml-20m, ml-25m, ml-32m, ml-latest)."""

import csv
import io
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

from jobs.landing.imports.rating_set import ImportReport, RatingSet, land
from jobs.landing.imports.ratings import LARGEST_ID, RatingsLayout, read_ratings
from jobs.landing.imports.set_files import (
    CATALOGUE_LIMIT_BYTES,
    RATINGS_LIMIT_BYTES,
    SetFile,
    bad_lines,
    folder_file,
    refused,
    zip_files,
)

NAME = "movielens"
CATALOGUE_COLUMNS = {"movies.csv": ("movieId", "title", "genres"), "links.csv": ("movieId", "imdbId", "tmdbId")}
LAYOUT = RatingsLayout(
    columns=("userId", "movieId", "rating", "timestamp"), separator=",", has_header=True, lowest=0.5, highest=5.0
)
# Half a star to five stars, on a scale to ten.
STARS_TO_VALUE = 2.0


def import_movielens(path: Path, landing: Path, night: date | None = None) -> ImportReport:
    """Turn a MovieLens set into one delivery: its ratings as an event log, movies.csv and links.csv as they are.

    Args:
        path: The set's zip, or the folder with its files.
        landing: Folder of the files as delivered.
        night: Delivery day; the UTC day of the last rating unless given.

    Raises:
        JobError: The set is damaged or is not one; nothing was delivered.
    """
    limits = {"ratings.csv": RATINGS_LIMIT_BYTES} | dict.fromkeys(CATALOGUE_COLUMNS, CATALOGUE_LIMIT_BYTES)
    if not path.exists():
        raise refused(NAME, f"{path} is not there", "give the set's zip or folder")
    with _open_files(path, limits) as files:
        catalogue, titles = {}, dict[str, set[int]]()
        for name, columns in CATALOGUE_COLUMNS.items():
            catalogue[name], text = files[name].read_text()
            titles[name] = _read_movie_ids(files[name], text, columns)
        ratings = read_ratings(files["ratings.csv"], LAYOUT)
    return land(
        RatingSet(
            name=NAME,
            ratings=ratings,
            stars_to_value=STARS_TO_VALUE,
            title_prefix="movielens:",
            title_digits=1,
            titles=titles["movies.csv"],
            catalogue=catalogue,
        ),
        landing,
        night,
    )


def _open_files(path: Path, limits: dict[str, int]) -> AbstractContextManager[dict[str, SetFile]]:
    """Open the set's files, by name, from its folder or its zip."""
    if path.is_dir():
        return nullcontext({name: folder_file(NAME, path, name) for name in limits})
    return zip_files(NAME, path, limits)


def _read_movie_ids(file: SetFile, text: str, columns: tuple[str, ...]) -> set[int]:
    """Check every row of a catalogue file and return its movie ids.

    Raises:
        JobError: The header is another, or rows do not parse: how many, and the first few.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    movie_ids, problems = set[int](), list[str]()
    try:
        header = next(rows, [])
        if tuple(header) != columns:
            raise refused(NAME, f"{file.label} has the columns {','.join(header)!r}, expected {','.join(columns)!r}")
        for row in rows:
            if len(row) != len(columns):
                problems.append(f"line {rows.line_num} has {len(row)} fields, expected {len(columns)}")
            elif not (row[0].isascii() and row[0].isdecimal() and 0 < int(row[0]) <= LARGEST_ID):
                problems.append(f"line {rows.line_num} has the movieId {row[0]!r}")
            else:
                movie_ids.add(int(row[0]))
    except csv.Error as error:
        problems.append(f"line {rows.line_num}: {error}")
    if problems:
        raise bad_lines(file, len(problems), problems)
    if not movie_ids:
        raise refused(NAME, f"{file.label} holds no movies")
    return movie_ids
