"""What rating sets say of their titles: three layouts of a number, a title with its year in brackets, and genres."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.landing.imports.ratings import LARGEST_ID
from jobs.landing.imports.set_files import SetFile, bad_lines, refused

MOVIES_COLUMNS = ("movieId", "title", "genres")
LINKS_COLUMNS = ("movieId", "imdbId", "tmdbId")
# Flags of u.item, in the order of the set's README.
_ITEM_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
_ITEM_FIELDS = 5 + len(_ITEM_GENRES)
_UNSTATED = ("", "unknown", "(no genres listed)")
_YEAR_AT_END = re.compile(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*$")


@dataclass(frozen=True)
class Movie:
    """One title, as a set describes it."""

    title: str
    """With the year in brackets."""
    genres: tuple[str, ...]

    @property
    def year(self) -> int | None:
        """Year of release; None if the title does not end with one."""
        found = _YEAR_AT_END.search(self.title)
        return int(found[1]) if found else None


def read_csv(file: SetFile, columns: tuple[str, ...]) -> tuple[bytes, dict[int, tuple[str, ...]]]:
    """Read a catalogue in the CSV layout: the file as it is, and its rows' other fields by movie id.

    Raises:
        JobError: The header is another, or rows do not parse: how many, and the first few.
    """
    content, text = file.read_text()
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    movies, problems = dict[int, tuple[str, ...]](), list[str]()
    try:
        header = next(rows, [])
        if tuple(header) != columns:
            raise refused(
                file.set_name, f"{file.label} has the columns {','.join(header)!r}, expected {','.join(columns)!r}"
            )
        for row in rows:
            if len(row) != len(columns):
                problems.append(f"line {rows.line_num} has {len(row)} fields, expected {len(columns)}")
            elif not _is_number(row[0]):
                problems.append(f"line {rows.line_num} has the movieId {row[0]!r}")
            else:
                movies[int(row[0])] = tuple(row[1:])
    except csv.Error as error:
        problems.append(f"line {rows.line_num}: {error}")
    _refuse(file, problems, movies)
    return content, movies


def read_items(file: SetFile) -> dict[int, Movie]:
    """Read u.item: ``number|title|release date|video release date|address|19 flags of genres``.

    Raises:
        JobError: Lines do not parse: how many, and the first few.
    """
    movies, problems = dict[int, Movie](), list[str]()
    for line_number, line in _lines(file, is_old=True):
        fields = line.split("|")
        if len(fields) != _ITEM_FIELDS:
            problems.append(f"line {line_number} has {len(fields)} fields, expected {_ITEM_FIELDS} ({line[:60]!r})")
        elif not _is_number(fields[0]):
            problems.append(f"line {line_number} has the movie id {fields[0]!r}")
        else:
            flagged = zip(_ITEM_GENRES, fields[5:], strict=True)
            movies[int(fields[0])] = Movie(fields[1], stated_genres(name for name, flag in flagged if flag == "1"))
    _refuse(file, problems, movies)
    return movies


def read_dat(file: SetFile, number: str, *, is_old: bool) -> dict[int, Movie]:
    """Read movies.dat: ``number::title (year)::genres``.

    Args:
        file: The file.
        number: What messages call the number of a title.
        is_old: Whether it may be written in Latin-1.

    Raises:
        JobError: Lines do not parse: how many, and the first few.
    """
    movies, problems = dict[int, Movie](), list[str]()
    for line_number, line in _lines(file, is_old=is_old):
        first, *others = line.split("::")
        if len(others) < 2:
            problems.append(f"line {line_number} has {1 + len(others)} fields, expected 3 ({line[:60]!r})")
        elif not _is_number(first):
            problems.append(f"line {line_number} has the {number} {first!r}")
        else:
            # A title may hold "::" itself.
            movies[int(first)] = Movie("::".join(others[:-1]), stated_genres(others[-1].split("|")))
    _refuse(file, problems, movies)
    return movies


def write_csv(movies: Mapping[int, Movie]) -> dict[str, bytes]:
    """A catalogue in the CSV layout, the one that bronze reads; links.csv names no other catalogue's titles."""
    described = [(number, movies[number].title, _piped(movies[number].genres)) for number in sorted(movies)]
    return {
        "movies.csv": _rows([MOVIES_COLUMNS, *described]),
        "links.csv": _rows([LINKS_COLUMNS, *((number, "", "") for number in sorted(movies))]),
    }


def stated_genres(names: Iterable[str]) -> tuple[str, ...]:
    """Genres, sorted, without the words that say there are none."""
    return tuple(sorted({name.strip() for name in names} - set(_UNSTATED)))


def _piped(genres: tuple[str, ...]) -> str:
    return "|".join(genres) or "(no genres listed)"


def _rows(rows: Iterable[Iterable[object]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _lines(file: SetFile, *, is_old: bool) -> list[tuple[int, str]]:
    """Lines that are not empty, with their numbers."""
    _, text = file.read_text(is_old=is_old)
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _refuse(file: SetFile, problems: list[str], movies: Mapping[int, object]) -> None:
    if problems:
        raise bad_lines(file, len(problems), problems)
    if not movies:
        raise refused(file.set_name, f"{file.label} holds no movies")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= LARGEST_ID
