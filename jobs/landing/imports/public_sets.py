"""Read public rating sets in every layout that they come in, known by the files that are there.

MovieLens: ``u.data`` and ``u.item`` (100k), ``ratings.dat`` and ``movies.dat`` (1m, 10m), ``ratings.csv``, ``movies.csv``
and ``links.csv`` (20m and later); ``ratings.parquet`` with the columns user, movie, rating, timestamp; MovieTweetings,
whose files are named as those of 1m, and whose titles are IMDb's numbers of seven digits. Each as a folder, its zip, or
its file of ratings.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from jobs.landing.imports import movies as catalogues
from jobs.landing.imports.movies import Movie
from jobs.landing.imports.parquet_ratings import read_parquet
from jobs.landing.imports.rating_set import ImportReport, RatingSet, land
from jobs.landing.imports.ratings import RatingsLayout, read_ratings
from jobs.landing.imports.set_files import (
    CATALOGUE_LIMIT_BYTES,
    RATINGS_LIMIT_BYTES,
    SetFile,
    present_files,
    refused,
)

MOVIELENS, MOVIETWEETINGS = "movielens", "movietweetings"
_UNNAMED = "the set"
_CATALOGUES = ("u.item", "movies.dat", "movies.csv", "links.csv")
_RATINGS = ("u.data", "ratings.csv", "ratings.dat", "ratings.parquet")
_STARS = {"lowest": 0.5, "highest": 5.0}
_COLUMNS = ("userId", "movieId", "rating", "timestamp")
_LAYOUTS = {
    "u.data": RatingsLayout(_COLUMNS, "\t", has_header=False, lowest=1.0, highest=5.0),
    "ratings.csv": RatingsLayout(_COLUMNS, ",", has_header=True, **_STARS),
    "ratings.dat": RatingsLayout(_COLUMNS, "::", has_header=False, **_STARS),
    # A rating of 0 is delivered as it is: the set says 0-10, and what a 0 means is not ours to guess.
    MOVIETWEETINGS: RatingsLayout(
        ("user_id", "movie_id", "rating", "rating_timestamp"), "::", has_header=False, lowest=0.0, highest=10.0
    ),
}
# IMDb writes title numbers with at least seven digits; no MovieLens set has so many movies.
_TCONST_DIGITS = 7


def import_set(name: str, path: Path, landing: Path, night: date | None = None) -> ImportReport:
    """Turn a set into one delivery: its ratings as an event log, its catalogue in the form that bronze reads.

    The catalogues of 100k, 1m and 10m are delivered as movies.csv and links.csv, the latter without other catalogues'
    numbers. A ``ratings.parquet`` without a movies.csv beside it gets titles named by their number.

    Args:
        name: movielens or movietweetings.
        path: The set's folder, its zip, or its file of ratings.
        landing: Folder of the files as delivered.
        night: Delivery day; the UTC day of the last rating unless given.

    Raises:
        JobError: The set is damaged or is not one; nothing was delivered.
    """
    return land(read_set(path, name, needs_catalogue=True), landing, night)


def read_set(path: Path, name: str | None = None, *, needs_catalogue: bool = False) -> RatingSet:
    """Read a set, of whatever layout it is.

    Args:
        path: The set's folder, its zip, or its file of ratings.
        name: movielens or movietweetings; known by the files unless given.
        needs_catalogue: Whether a set without its catalogue is refused.

    Raises:
        JobError: It is in no layout that is known, or damaged.
    """
    label = name or _UNNAMED
    limits = dict.fromkeys(_RATINGS, RATINGS_LIMIT_BYTES) | dict.fromkeys(_CATALOGUES, CATALOGUE_LIMIT_BYTES)
    if path.is_file() and path.suffix == ".parquet":
        return _of_parquet(SetFile(label, str(path), lambda: path.open("rb")), {})
    with present_files(label, path, limits) as files:
        wanted = [path.name.removesuffix(".gz")] if path.name.removesuffix(".gz") in _RATINGS else _RATINGS
        found = next((file for file in wanted if file in files), None)
        if found is None or (name == MOVIETWEETINGS and found != "ratings.dat"):
            packed = min(path.glob("*.zip"), default=None) if path.is_dir() else None
            raise refused(
                label,
                f"{path} holds no ratings in a layout that is known: looked for u.data (MovieLens 100k), ratings.dat "
                "(1m, 10m, MovieTweetings), ratings.csv (20m and later) and ratings.parquet",
                f"give the zip in it, {packed}" if packed else "give the set's folder or zip",
            )
        if found == "ratings.dat" and (name or _name_of(files)) == MOVIETWEETINGS:
            return _movietweetings(path, files, needs_catalogue=needs_catalogue)
        if found == "ratings.parquet":
            return _of_parquet(files[found], files)
        return _movielens(path, files, found, needs_catalogue=needs_catalogue)


def _movielens(path: Path, files: Mapping[str, SetFile], found: str, *, needs_catalogue: bool) -> RatingSet:
    """A MovieLens set, whose file of ratings is ``found``."""
    needed = {"u.data": ("u.item",), "ratings.dat": ("movies.dat",), "ratings.csv": ("movies.csv", "links.csv")}[found]
    if needs_catalogue:
        _require(path, files, needed)
    movies, catalogue = _catalogue_of(files, needed)
    layout = _LAYOUTS[found]
    return RatingSet(
        name=MOVIELENS,
        ratings=read_ratings(files[found], layout),
        highest=layout.highest,
        title_prefix="movielens:",
        title_digits=1,
        movies=movies,
        catalogue=catalogue,
    )


def _catalogue_of(files: Mapping[str, SetFile], needed: tuple[str, ...]) -> tuple[dict[int, Movie], dict[str, bytes]]:
    """What the catalogue says, and the files of it that bronze reads."""
    if "u.item" in needed and "u.item" in files:
        items = catalogues.read_items(files["u.item"])
        return items, catalogues.write_csv(items)
    if "movies.dat" in needed and "movies.dat" in files:
        listed = catalogues.read_dat(files["movies.dat"], "movie id", is_old=True)
        return listed, catalogues.write_csv(listed)
    if "movies.csv" not in needed or "movies.csv" not in files:
        return {}, {}
    movies_csv, rows = catalogues.read_csv(files["movies.csv"], catalogues.MOVIES_COLUMNS)
    movies = {n: Movie(title, catalogues.stated_genres(genres.split("|"))) for n, (title, genres) in rows.items()}
    if "links.csv" not in files:
        return movies, catalogues.write_csv(movies)
    links_csv, _ = catalogues.read_csv(files["links.csv"], catalogues.LINKS_COLUMNS)
    return movies, {"movies.csv": movies_csv, "links.csv": links_csv}


def _movietweetings(path: Path, files: Mapping[str, SetFile], *, needs_catalogue: bool) -> RatingSet:
    """MovieTweetings: the file of its catalogue is delivered as it is."""
    if needs_catalogue:
        _require(path, files, ("movies.dat",))
    movies, catalogue = dict[int, Movie](), dict[str, bytes]()
    if "movies.dat" in files:
        named = SetFile(MOVIETWEETINGS, files["movies.dat"].label, files["movies.dat"].open_bytes)
        movies = catalogues.read_dat(named, "IMDb number", is_old=False)
        catalogue = {"movies.dat": named.read_bytes()}
    ratings = SetFile(MOVIETWEETINGS, files["ratings.dat"].label, files["ratings.dat"].open_bytes)
    return RatingSet(
        name=MOVIETWEETINGS,
        ratings=read_ratings(ratings, _LAYOUTS[MOVIETWEETINGS]),
        highest=10.0,
        title_prefix="tt",
        title_digits=_TCONST_DIGITS,
        movies=movies,
        catalogue=catalogue,
    )


def _of_parquet(file: SetFile, files: Mapping[str, SetFile]) -> RatingSet:
    """Ratings in Parquet, with MovieLens' movies.csv where it is beside them; of five stars unless one is above 5."""
    ratings = read_parquet(file)
    movies, catalogue = _catalogue_of(files, ("movies.csv",))
    if not movies:
        movies = {int(number): Movie(f"Movie {number}", ()) for number in np.unique(ratings.titles)}
        catalogue = catalogues.write_csv(movies)
    highest = 5.0 if ratings.values.max() <= 5.0 else 10.0
    return RatingSet(MOVIELENS, ratings, highest, "movielens:", 1, movies, catalogue)


def _name_of(files: Mapping[str, SetFile]) -> str:
    """Whose ratings.dat this is: told by how the first title of the catalogue is written, else by the first rating's."""
    file, field = (files["movies.dat"], 0) if "movies.dat" in files else (files["ratings.dat"], 1)
    with file.reading() as stream:
        fields = stream.readline(1000).decode("utf-8", "replace").split("::")
    return MOVIETWEETINGS if len(fields) > field and len(fields[field]) >= _TCONST_DIGITS else MOVIELENS


def _require(path: Path, files: Mapping[str, SetFile], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in files:
            label = next(iter(files.values())).set_name
            raise refused(
                label, f"{path / name} is not there", "give the folder or zip that holds all of the set's files"
            )
