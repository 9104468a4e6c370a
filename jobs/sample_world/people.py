"""The people of the planted catalogue: who they are, when they worked, and who works on which title."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from jobs.sample_world.genres import GENRES, TROUPES
from jobs.sample_world.parameters import WorldParameters

IntArray = npt.NDArray[np.int64]

# Languages of films and people, with the Faker locale that names them and the share of titles.
LANGUAGES = ("en", "fr", "es", "de", "it", "ja", "sv", "pt")
LANGUAGE_SHARES = (0.70, 0.08, 0.06, 0.05, 0.05, 0.03, 0.015, 0.015)
LOCALES = ("en_US", "fr_FR", "es_ES", "de_DE", "it_IT", "ja_JP", "sv_SE", "pt_BR")
COUNTRIES = ("US", "FR", "ES", "DE", "IT", "JP", "SE", "BR")

FIRST_DECADE = 1900
DECADES = 15
# English-speaking people belong to a troupe of genres; those of another language work in all genres.
GROUPS = TROUPES + len(LANGUAGES) - 1
# People of each role for each title; small groups have at least three.
ROLE_RATIOS = {"players": 1.2, "filmmakers": 0.35, "crew": 0.3}
FIRST_NCONST = 90_000_001  # beyond IMDb's own numbers, so that a real catalogue can be delivered beside this one
FIRST_TMDB_PERSON = 9_000_001
CAST_SIZE = 6


@dataclass(frozen=True)
class People:
    """Everybody who may be credited; one entry per person, in the order of their identifiers."""

    starts: dict[str, IntArray]  # position of the first person of each role's bucket (group and decade)
    sizes: dict[str, IntArray]  # people in that bucket
    role: npt.NDArray[np.int8]  # position in ROLE_RATIOS
    language: npt.NDArray[np.int8]
    is_woman: npt.NDArray[np.bool_]
    birth_year: IntArray
    death_year: IntArray  # 0: alive
    chances: npt.NDArray[np.float64]  # which of the first and last names, shape (n, 2)

    def __len__(self) -> int:
        return len(self.role)

    def names(self, positions: IntArray) -> list[str]:
        """Full names, first name first."""
        named = np.empty(len(positions), dtype=object)
        for language in range(len(LANGUAGES)):
            for is_woman in (False, True):
                rows = np.flatnonzero((self.language[positions] == language) & (self.is_woman[positions] == is_woman))
                first, last = name_pool(language, is_woman)
                picks = self.chances[positions[rows]]
                given = (picks[:, 0] * len(first)).astype(np.int64).tolist()
                family = (picks[:, 1] * len(last)).astype(np.int64).tolist()
                named[rows] = [f"{first[one]} {last[two]}" for one, two in zip(given, family, strict=True)]
        return [str(name) for name in named]

    def identifiers(self) -> list[str]:
        """IMDb's nconst of everybody."""
        return [f"nm{FIRST_NCONST + position}" for position in range(len(self))]


@cache
def name_pool(language: int, is_woman: bool) -> tuple[Sequence[str], Sequence[str]]:
    """First and last names of one language, from Faker's lists."""
    names = importlib.import_module(f"faker.providers.person.{LOCALES[language]}").Provider
    gender = "female" if is_woman else "male"
    if LANGUAGES[language] == "ja":
        return tuple(getattr(names, f"first_romanized_names_{gender}")), tuple(names.last_romanized_names)
    return tuple(getattr(names, f"first_names_{gender}")), tuple(names.last_names)


def group_of(genre: npt.NDArray[np.int8], language: npt.NDArray[np.int8]) -> IntArray:
    """The group of people who make titles of this first genre and language."""
    troupes = np.array([genre.troupe for genre in GENRES])
    return np.where(language == 0, troupes[genre], TROUPES + language.astype(np.int64) - 1)


def decade_of(years: IntArray) -> IntArray:
    """Decades since ``FIRST_DECADE``."""
    return np.clip((years - FIRST_DECADE) // 10, 0, DECADES - 1)


def found_people(parameters: WorldParameters, groups: IntArray, decades: IntArray) -> People:
    """Everybody, in numbers that fit the titles of each group and decade.

    Args:
        parameters: The world's parameters.
        groups: Group of each title released before the first day.
        decades: Decade of each of them.
    """
    titles = np.bincount(groups * DECADES + decades, minlength=GROUPS * DECADES)
    sizes = {role: np.maximum(3, np.ceil(ratio * titles).astype(np.int64)) for role, ratio in ROLE_RATIOS.items()}
    ends = np.cumsum(np.concatenate(list(sizes.values())))
    firsts = np.concatenate([[0], ends[:-1]]).reshape(len(sizes), -1)
    bucket = np.concatenate([np.repeat(np.arange(GROUPS * DECADES), sizes[role]) for role in ROLE_RATIOS])
    role = np.repeat(np.arange(len(sizes)), [int(sizes[name].sum()) for name in ROLE_RATIOS]).astype(np.int8)
    group, debut = bucket // DECADES, FIRST_DECADE + 10 * (bucket % DECADES)
    stream = parameters.stream("people")
    # A career of three decades begins in the debut's: everybody is grown up in the first and alive in the last.
    birth = debut - stream.integers(20, 36, len(bucket))
    death = np.maximum(debut + 30, birth + stream.normal(79, 10, len(bucket)).astype(np.int64))
    return People(
        starts={name: firsts[position] for position, name in enumerate(ROLE_RATIOS)},
        sizes=sizes,
        role=role,
        language=np.maximum(0, group - TROUPES + 1).astype(np.int8),
        is_woman=stream.random(len(bucket)) < np.array([0.45, 0.22, 0.3])[role],
        birth_year=birth,
        death_year=np.where(death < parameters.first_day.year, death, 0),
        chances=stream.random((len(bucket), 2)),
    )


def pick_people(
    people: People,
    role: str,
    groups: IntArray,
    decades: IntArray,
    chances: npt.NDArray[np.float64],
) -> npt.NDArray[np.int32]:
    """People of one role for each title, out of its group and of those who began up to two decades before.

    Args:
        people: Everybody.
        role: A role of ``ROLE_RATIOS``.
        groups: Group of each title, shape (n,).
        decades: Decade of each title, shape (n,).
        chances: Uniform random numbers, shape (n, picks, 2).

    Returns:
        Positions in ``people``, shape (n, picks); -1 where the same person was picked before.
    """
    debuts = np.maximum(0, decades[:, None] - (3 * chances[:, :, 0]).astype(np.int64))
    buckets = groups[:, None] * DECADES + debuts
    # Squared chances give the first of each bucket more work than the last: there are stars.
    positions = (people.sizes[role][buckets] * chances[:, :, 1] ** 2).astype(np.int64)
    picks = (people.starts[role][buckets] + positions).astype(np.int32)
    for column in range(1, picks.shape[1]):
        picks[(picks[:, :column] == picks[:, [column]]).any(axis=1), column] = -1
    return picks
