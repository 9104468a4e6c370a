"""Import MovieTweetings: ratings from Twitter, keyed by IMDb number."""

from datetime import date
from pathlib import Path

from jobs.landing.imports.rating_set import ImportReport, RatingSet, land
from jobs.landing.imports.ratings import LARGEST_ID, RatingsLayout, read_ratings
from jobs.landing.imports.set_files import SetFile, bad_lines, folder_file, refused

NAME = "movietweetings"
# A rating of 0 is delivered as it is: the set says 0-10, and what a 0 means is not ours to guess.
LAYOUT = RatingsLayout(
    columns=("user_id", "movie_id", "rating", "rating_timestamp"),
    separator="::",
    has_header=False,
    lowest=0.0,
    highest=10.0,
)
# IMDb writes title numbers with at least seven digits.
TCONST_DIGITS = 7


def import_movietweetings(path: Path, landing: Path, night: date | None = None) -> ImportReport:
    """Turn MovieTweetings into one delivery: its ratings as an event log, movies.dat as it is (unpacked).

    Args:
        path: Folder with ratings.dat and movies.dat, each plain or gzipped; or one of these files.
        landing: Folder of the files as delivered.
        night: Delivery day; the UTC day of the last rating unless given.

    Raises:
        JobError: The set is damaged or is not one; nothing was delivered.
    """
    if not path.exists():
        raise refused(NAME, f"{path} is not there", "give the folder with ratings.dat and movies.dat")
    folder = path if path.is_dir() else path.parent
    movies, ratings = folder_file(NAME, folder, "movies.dat"), folder_file(NAME, folder, "ratings.dat")
    catalogue, text = movies.read_text()
    return land(
        RatingSet(
            name=NAME,
            titles=_read_title_numbers(movies, text),
            ratings=read_ratings(ratings, LAYOUT),
            stars_to_value=1.0,
            title_prefix="tt",
            title_digits=TCONST_DIGITS,
            catalogue={"movies.dat": catalogue},
        ),
        landing,
        night,
    )


def _read_title_numbers(file: SetFile, text: str) -> set[int]:
    """Check every line of movies.dat (``imdb_number::title (year)::genres``) and return its IMDb numbers.

    Raises:
        JobError: Lines do not parse: how many, and the first few.
    """
    numbers, problems = set[int](), list[str]()
    for line_number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        number, *others = line.split("::")
        if len(others) < 2:
            problems.append(f"line {line_number} has {1 + len(others)} fields, expected 3 ({line[:60]!r})")
        elif not (number.isascii() and number.isdecimal() and 0 < int(number) <= LARGEST_ID):
            problems.append(f"line {line_number} has the IMDb number {number!r}")
        else:
            numbers.add(int(number))
    if problems:
        raise bad_lines(file, len(problems), problems)
    if not numbers:
        raise refused(NAME, f"{file.label} holds no movies")
    return numbers
