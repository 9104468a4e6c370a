"""The planted films as TMDb delivers them: the daily id export, API details, and Kaggle's two files of old."""

import base64
import csv
import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from jobs.sample_world.files import write_gzip
from jobs.sample_world.genres import GENRES
from jobs.sample_world.people import COUNTRIES, FIRST_TMDB_PERSON, LANGUAGES
from jobs.sample_world.prose import list_keywords, name_character, write_overview, write_tagline
from jobs.sample_world.snapshot import TMDB_VOTES_SHARE, Snapshot
from jobs.sample_world.titles import FIRST_TMDB_MOVIE
from jobs.sample_world.vocabulary import STUDIO_KINDS, STUDIOS

LANGUAGE_NAMES = ("English", "Français", "Español", "Deutsch", "Italiano", "日本語", "svenska", "Português")
COUNTRY_NAMES = ("United States of America", "France", "Spain", "Germany", "Italy", "Japan", "Sweden", "Brazil")
KAGGLE_LAST_YEAR = 2016  # of the films in tmdb_5000_movies.csv
KAGGLE_SHARE = 0.6  # of the older films that it holds
KAGGLE_MOVIE_COLUMNS = (
    *("budget", "genres", "homepage", "id", "keywords", "original_language", "original_title", "overview"),
    *("popularity", "production_companies", "production_countries", "release_date", "revenue", "runtime"),
    *("spoken_languages", "status", "tagline", "title", "vote_average", "vote_count"),
)
KAGGLE_CREDIT_COLUMNS = ("movie_id", "title", "cast", "crew")
POPULARITY_SCALE = 0.35  # TMDb's popularity of a title at the end of the long tail


def write_tmdb(folder: Path, snapshot: Snapshot) -> None:
    """Write one delivery into ``folder``: id export, details, and Kaggle's files."""
    films = _Films(snapshot)
    ids, details = f"movie_ids_{snapshot.day:%m_%d_%Y}.json.gz", "movie_details.jsonl.gz"
    write_gzip(folder / ids, (_json_line(films.export(row)) for row in films.rows))
    write_gzip(folder / details, (_json_line(films.detail(row)) for row in films.rows))
    kaggle = [row for row in films.rows if films.is_in_kaggle(row)]
    _write_csv(folder / "tmdb_5000_movies.csv", KAGGLE_MOVIE_COLUMNS, map(films.kaggle_movie, kaggle))
    _write_csv(folder / "tmdb_5000_credits.csv", KAGGLE_CREDIT_COLUMNS, map(films.kaggle_credits, kaggle))


def _json_line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _write_csv(file: Path, columns: tuple[str, ...], records: Iterator[dict[str, Any]]) -> None:
    """Write records as Kaggle's files have them: lists as JSON in the cells."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(columns)
        for record in records:
            cells = (record[column] for column in columns)
            writer.writerow([json.dumps(cell) if isinstance(cell, list) else cell for cell in cells])


def keyword_id(keyword: str) -> int:
    """A keyword's identifier, the same in every world."""
    return 9_000_000 + crc32(keyword.encode()) % 900_000


class _Films:
    """The films of a snapshot that TMDb knows, record by record."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._titles = snapshot.titles
        self.rows: list[int] = np.flatnonzero(snapshot.titles.is_on_tmdb).tolist()
        self._released = np.datetime64(snapshot.parameters.first_day) + snapshot.titles.released
        self._popularity = np.round(POPULARITY_SCALE * np.exp(snapshot.log_popularity), 3)
        self._votes = (snapshot.votes * TMDB_VOTES_SHARE).astype(np.int64)

    @cached_property
    def _dice(self) -> list[list[int]]:
        return [[int(die) for die in row] for row in self._titles.dice.tolist()]

    def is_in_kaggle(self, row: int) -> bool:
        """Whether Kaggle's files hold the film."""
        is_chosen = self._titles.dice[row, 15] % 100 < 100 * KAGGLE_SHARE
        return bool(is_chosen and self._snapshot.years[row] <= KAGGLE_LAST_YEAR)

    def export(self, row: int) -> dict[str, Any]:
        """A line of the daily id export."""
        return {
            "adult": False,
            "id": FIRST_TMDB_MOVIE + row,
            "original_title": self._snapshot.names.original[row],
            "popularity": float(self._popularity[row]),
            "video": False,
        }

    def detail(self, row: int) -> dict[str, Any]:
        """What the API answers to ``/movie/{id}?append_to_response=keywords``."""
        film = self._facts(row)
        keywords = film.pop("keywords")
        companies = [
            {"id": one["id"], "logo_path": None, "name": one["name"], "origin_country": COUNTRIES[self._language(row)]}
            for one in film["production_companies"]
        ]
        return {
            "adult": False,
            "backdrop_path": None,
            "belongs_to_collection": self._collection(row),
            **film,
            "production_companies": companies,
            "imdb_id": self._snapshot.ids[row],
            "poster_path": _poster_path(row) if self._dice[row][1] % 4 else None,
            "video": False,
            "keywords": {"keywords": keywords},
        }

    def kaggle_movie(self, row: int) -> dict[str, Any]:
        """A row of ``tmdb_5000_movies.csv``."""
        return self._facts(row)

    def kaggle_credits(self, row: int) -> dict[str, Any]:
        """A row of ``tmdb_5000_credits.csv``."""
        titles = self._titles
        cast = [
            {
                "cast_id": order + 1,
                "character": name_character(self._language(row), self._is_woman(person), self._dice[row], order),
                "credit_id": _credit_id(row, order),
                **self._person(person),
                "order": order,
            }
            for order, person in enumerate(one for one in titles.cast[row].tolist() if one >= 0)
        ]
        jobs = [("Directing", "Director", person) for person in titles.directors[row].tolist()]
        jobs += [("Writing", "Screenplay", person) for person in titles.writers[row].tolist()]
        departments = (
            ("Production", "Producer"),
            ("Sound", "Original Music Composer"),
            ("Camera", "Director of Photography"),
        )
        jobs += [(*what, person) for what, person in zip(departments, titles.crew[row].tolist(), strict=True)]
        crew = [
            {"credit_id": _credit_id(row, 100 + order), "department": department, "job": job, **self._person(person)}
            for order, (department, job, person) in enumerate(jobs)
            if person >= 0
        ]
        return {
            "movie_id": FIRST_TMDB_MOVIE + row,
            "title": self._snapshot.names.primary[row],
            "cast": cast,
            "crew": crew,
        }

    def _facts(self, row: int) -> dict[str, Any]:
        """What both the API and Kaggle's file say of a film."""
        dice, genres, language = self._dice[row], self._titles.genres[row].tolist(), self._language(row)
        votes = int(self._votes[row])
        # Half of all budgets are unknown; TMDb writes 0.
        budget = 50_000 * (10 + dice[5] % 40) * (1 + votes // 1_000) if dice[6] % 2 else 0
        tmdb_genres = dict(GENRES[genre].tmdb for genre in genres if genre >= 0)
        overview = write_overview(genres, dice) if dice[7] % 60 else ""
        studio = f"{STUDIOS[dice[3] % len(STUDIOS)]} {STUDIO_KINDS[dice[4] % len(STUDIO_KINDS)]}"
        return {
            "budget": budget,
            "genres": [{"id": number, "name": name} for number, name in tmdb_genres.items()],
            "homepage": "",
            "id": FIRST_TMDB_MOVIE + row,
            "keywords": [{"id": keyword_id(word), "name": word} for word in list_keywords(genres, dice)],
            "original_language": LANGUAGES[language],
            "original_title": self._snapshot.names.original[row],
            "overview": overview,
            "popularity": float(self._popularity[row]),
            "production_companies": [{"name": studio, "id": keyword_id(studio)}],
            "production_countries": [{"iso_3166_1": COUNTRIES[language], "name": COUNTRY_NAMES[language]}],
            "release_date": str(self._released[row]),
            "revenue": budget * (dice[8] % 500) // 100,
            "runtime": int(self._titles.runtime_minutes[row]),
            "spoken_languages": [{"iso_639_1": LANGUAGES[language], "name": LANGUAGE_NAMES[language]}],
            "status": "Released",
            "tagline": write_tagline(dice),
            "title": self._snapshot.names.primary[row],
            "vote_average": float(self._snapshot.average_ratings[row]) if votes else 0.0,
            "vote_count": votes,
        }

    def _collection(self, row: int) -> dict[str, Any] | None:
        """The series of films that a sequel belongs to."""
        first = int(self._snapshot.names.predecessor[row])
        if first < 0:
            return None
        name = f"{self._snapshot.names.primary[first]} Collection"
        return {"id": keyword_id(name), "name": name, "poster_path": None, "backdrop_path": None}

    def _language(self, row: int) -> int:
        return int(self._titles.language[row])

    def _is_woman(self, person: int) -> bool:
        return bool(self._snapshot.people.is_woman[person])

    def _person(self, person: int) -> dict[str, Any]:
        """Somebody as TMDb names them; 1 is its code for women, 2 for men."""
        gender = 1 if self._is_woman(person) else 2
        return {"gender": gender, "id": FIRST_TMDB_PERSON + person, "name": self._snapshot.person_names[person]}


def _poster_path(row: int) -> str:
    """A name such as TMDb's, of an image that nobody has."""
    digest = hashlib.blake2b(f"poster of {row}".encode(), digest_size=20).digest()
    return f"/{base64.urlsafe_b64encode(digest).decode().replace('-', 'a').replace('_', 'z').rstrip('=')}.jpg"


def _credit_id(row: int, order: int) -> str:
    """Twenty-four hexadecimal digits."""
    return hashlib.blake2b(f"{row}:{order}".encode(), digest_size=12).hexdigest()
