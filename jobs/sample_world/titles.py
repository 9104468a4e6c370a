"""The planted titles: what they are, how good and how famous they are, and how their popularity moves."""

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import numpy.typing as npt

from jobs.sample_world.genres import GENRE_NAMES, draw_genres
from jobs.sample_world.parameters import WorldParameters
from jobs.sample_world.people import (
    CAST_SIZE,
    LANGUAGE_SHARES,
    LANGUAGES,
    People,
    decade_of,
    found_people,
    group_of,
    pick_people,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# IMDb's types with their usual minutes (mean, spread).
KINDS = ("movie", "tvSeries", "tvMiniSeries", "short", "tvMovie")
KIND_SHARES = (0.84, 0.07, 0.03, 0.03, 0.03)
RUNTIMES = ((104, 16), (46, 10), (55, 8), (16, 7), (92, 10))
MOVIE, SERIES, MINI_SERIES, SHORT, TV_MOVIE = range(len(KINDS))
FIRST_SERIES_YEAR = 1952

FIRST_TCONST = 90_000_001  # beyond IMDb's own numbers, so that a real catalogue can be delivered beside this one
FIRST_TMDB_MOVIE = 9_000_001
TMDB_SHARE = 0.93  # of films and shorts that TMDb knows
CATALOGUE_YEARS = 106  # the oldest title is this many years old on the first day
MEAN_AGE_YEARS = 20.0
BATCH_DAYS = 30  # titles that appear after the first day are drawn by the month
TITLES_PER_NEW_ONE = 1_500  # one title a day is new for so many old ones

ZIPF_EXPONENT = 1.15
ZIPF_SHIFT = 0.002  # share of the catalogue that is about equally famous, at the head
WAVE_HEIGHT = 0.30  # of log popularity: interest in a title comes and goes slowly
WAVE_DAYS = (97.0, 41.0)
PREMIERE_BOOST = 7.0  # how many times its later popularity a new title may have
PREMIERE_RISE_DAYS = 4.0
PREMIERE_DECAY_DAYS = 25.0
DICE = 16  # random numbers of each title that its wording is chosen by


@dataclass(frozen=True)
class Titles:
    """Titles, one entry each, in the order of their identifiers."""

    released: IntArray  # day number of the release, negative before the first day
    kind: npt.NDArray[np.int8]  # position in KINDS
    genres: npt.NDArray[np.int8]  # positions in GENRES, shape (n, 3), first genre first, -1: fewer
    language: npt.NDArray[np.int8]  # position in LANGUAGES
    runtime_minutes: IntArray
    quality: FloatArray  # standard normal
    renown: FloatArray  # lasting part of log popularity
    phases: FloatArray  # of the slow waves of popularity, shape (n, 2)
    appeal: FloatArray  # log of how much more lovers of the genre and era take to it than others, shape (n, 4)
    cast: npt.NDArray[np.int32]  # positions in People, shape (n, CAST_SIZE), -1: fewer
    directors: npt.NDArray[np.int32]  # shape (n, 2)
    writers: npt.NDArray[np.int32]  # shape (n, 2)
    crew: npt.NDArray[np.int32]  # producer, composer, cinematographer
    is_on_tmdb: npt.NDArray[np.bool_]
    dice: npt.NDArray[np.int32]  # shape (n, DICE)

    def __len__(self) -> int:
        return len(self.released)

    def years(self, first_day: date) -> IntArray:
        """Year of release of each title."""
        days = np.datetime64(first_day) + self.released.astype("timedelta64[D]")
        return days.astype("datetime64[Y]").astype(np.int64) + 1970

    def log_popularity(self, day_number: int) -> FloatArray:
        """Log of the relative popularity on a day; -inf before the release."""
        angle = 2 * np.pi * (day_number / np.array(WAVE_DAYS) + self.phases)
        age = np.maximum(0, day_number - self.released)
        rise = 1 - np.exp(-(age + 1) / PREMIERE_RISE_DAYS)
        premiere = np.log1p(PREMIERE_BOOST * rise * np.exp(-age / PREMIERE_DECAY_DAYS))
        moved = self.renown + WAVE_HEIGHT * np.sin(angle).sum(axis=1) + premiere
        return np.where(self.released <= day_number, moved, -np.inf)


def title_ids(titles: Titles) -> list[str]:
    """IMDb's tconst of each title."""
    return [f"tt{FIRST_TCONST + position}" for position in range(len(titles))]


def new_titles_per_day(parameters: WorldParameters) -> int:
    """Titles that are released on each day from the first on."""
    return max(1, round(parameters.titles / TITLES_PER_NEW_ONE))


def found_titles(parameters: WorldParameters, last_day_number: int) -> tuple[Titles, People]:
    """All titles released up to a day (and a few after it), and everybody who may have made them."""
    chance = parameters.stream("releases").random(parameters.titles)
    longest = CATALOGUE_YEARS / MEAN_AGE_YEARS
    years_old = -MEAN_AGE_YEARS * np.log1p(-chance * -np.expm1(-longest))
    first = _Frame(parameters, 0, -1 - (years_old * 365.24).astype(np.int64))
    people = found_people(parameters, first.groups, first.decades)
    per_day = new_titles_per_day(parameters)
    batches = [first.fill(people)]
    for batch in range(1, 2 + (last_day_number + 1) // BATCH_DAYS):
        released = np.repeat(np.arange((batch - 1) * BATCH_DAYS, batch * BATCH_DAYS), per_day)
        batches.append(_Frame(parameters, batch, released).fill(people))
    return (
        Titles(
            **{field.name: np.concatenate([getattr(part, field.name) for part in batches]) for field in fields(Titles)}
        ),
        people,
    )


class _Frame:
    """What must be known of a batch of titles before its people can be: year, genres, language."""

    def __init__(self, parameters: WorldParameters, batch: int, released: IntArray) -> None:
        self.stream = parameters.stream("titles", batch)
        self.released = released
        days = np.datetime64(parameters.first_day) + released.astype("timedelta64[D]")
        self.years = days.astype("datetime64[Y]").astype(np.int64) + 1970
        self.genres = draw_genres(self.years, self.stream)
        spoken = self.stream.choice(len(LANGUAGES), len(released), p=LANGUAGE_SHARES).astype(np.int8)
        is_american = np.isin(self.genres[:, 0], [GENRE_NAMES.index("Western"), GENRE_NAMES.index("Film-Noir")])
        self.language = np.where(is_american, 0, spoken).astype(np.int8)
        self.groups = group_of(self.genres[:, 0], self.language)
        self.decades = decade_of(self.years)

    def fill(self, people: People) -> Titles:
        """The titles, with their people, quality and renown."""
        stream, count = self.stream, len(self.released)
        kind = stream.choice(len(KINDS), count, p=KIND_SHARES).astype(np.int8)
        is_series = (kind == SERIES) | (kind == MINI_SERIES) | (kind == TV_MOVIE)
        kind[is_series & (self.years < FIRST_SERIES_YEAR)] = MOVIE
        mean, spread = np.array(RUNTIMES, dtype=np.float64)[kind].T
        quality = stream.standard_normal(count)
        cast = self._pick(people, "players", CAST_SIZE)
        cast[np.arange(CAST_SIZE) >= stream.integers(3, CAST_SIZE + 1, count)[:, None]] = -1
        directors = self._pick(people, "filmmakers", 2)
        directors[stream.random(count) < 0.9, 1] = -1
        writers = self._pick(people, "filmmakers", 2)
        is_author = stream.random(count) < 0.4
        writers[is_author, 0] = directors[is_author, 0]
        writers[(stream.random(count) < 0.5) | (writers[:, 0] == writers[:, 1]), 1] = -1
        return Titles(
            released=self.released,
            kind=kind,
            genres=self.genres,
            language=self.language,
            runtime_minutes=np.maximum(4, stream.normal(mean, spread)).astype(np.int64),
            quality=quality,
            renown=self._renown(quality, kind),
            phases=stream.random((count, 2)),
            appeal=stream.normal(0.0, 1.0, (count, 4)),
            cast=cast,
            directors=directors,
            writers=writers,
            crew=self._pick(people, "crew", 3),
            is_on_tmdb=np.isin(kind, [MOVIE, TV_MOVIE, SHORT]) & (stream.random(count) < TMDB_SHARE),
            dice=stream.integers(0, 2**31 - 1, (count, DICE)).astype(np.int32),
        )

    def _pick(self, people: People, role: str, picks: int) -> npt.NDArray[np.int32]:
        chances = self.stream.random((len(self.released), picks, 2))
        return pick_people(people, role, self.groups, self.decades, chances)

    def _renown(self, quality: FloatArray, kind: npt.NDArray[np.int8]) -> FloatArray:
        """Zipf's law over a rank that owes something to quality, language, type and chance."""
        fame = 0.6 * quality + self.stream.standard_normal(len(quality))
        fame -= 0.7 * (self.language > 0) + 1.5 * (kind == SHORT)
        rank = np.empty(len(fame))
        rank[np.argsort(-fame, kind="stable")] = (np.arange(len(fame)) + 0.5) / len(fame)
        return -ZIPF_EXPONENT * np.log(rank + ZIPF_SHIFT)
