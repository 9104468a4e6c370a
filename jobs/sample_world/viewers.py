"""The planted viewers: their tastes over genres, eras and people, and how much they watch.

The truth is a mixture of low rank: a viewer picks one facet of the catalogue (a genre, an era, a person, or plain
popularity) by the weights of his own taste, then a title within the facet by its popularity there::

    P(title | viewer, day) = sum over facets of  w(viewer, facet, day) * P(title | facet, day)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.sample_world.genres import ERA_STARTS, GENRES
from jobs.sample_world.parameters import WorldParameters
from jobs.sample_world.titles import FloatArray, IntArray, Titles

POPULARITY = 0  # the facet that holds every title
FIRST_ERA = 1 + len(GENRES)
FIRST_PERSON = FIRST_ERA + len(ERA_STARTS)
GENRE_SHARES = (1.0, 0.45, 0.25)  # how much a title belongs to its first, second, third genre
LEAD_SHARES = (1.0, 1.0, 0.7)  # of the director and the first two of the cast, in a person's facet
TITLES_PER_LEADING_PERSON = 25  # one person has followers for so many titles
APPEAL_SPREAD = 1.2  # lovers of a genre differ by so much (log) from the crowd in what they like in it

# Mean weight of each slot of a viewer's taste: plain popularity, three genres, two eras, two people.
SLOT_WEIGHTS = (0.10, 0.44, 0.19, 0.08, 0.10, 0.03, 0.04, 0.02)
SLOT_GENRES, SLOT_ERAS, SLOT_PEOPLE = slice(1, 4), slice(4, 6), slice(6, 8)
WEIGHT_SHAPE = 3.0  # of the gamma distribution around the mean: small is more various
DRIFT_HEIGHT = 0.5  # of log weight: a taste waxes and wanes
DRIFT_DAYS = (120.0, 360.0)  # shortest and longest time of one turn

ACTIVITY_SPREAD = 0.8  # of log activity: few watch much, many a little
ASSURED_DAYS = 12  # even the idlest viewer watches something once in so many days


@dataclass(frozen=True)
class Facets:
    """Which titles belong to which facet, by how much; entries ordered by facet, then title."""

    starts: IntArray  # first entry of each facet, and the end, shape (facets + 1,)
    titles: IntArray  # title of each entry
    log_affinity: FloatArray  # of each entry
    of_title: npt.NDArray[np.int32]  # taste facets of each title, shape (titles, 7), -1: fewer


@dataclass(frozen=True)
class Viewers:
    """Viewers, one entry each, in the order of their identifiers."""

    facets: IntArray  # facet of each slot of the taste, shape (n, slots)
    weights: FloatArray  # mean weight of each slot
    periods: FloatArray  # days of one turn of the drift of each slot
    phases: FloatArray
    activity: FloatArray  # share of all views

    def taste(self, rows: IntArray, day_number: int) -> FloatArray:
        """Weights of the viewers' slots on a day, shape (rows, slots), each row summing to one."""
        drift = np.sin(2 * np.pi * (day_number / self.periods[rows] + self.phases[rows]))
        weights = self.weights[rows] * np.exp(DRIFT_HEIGHT * drift)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def found_facets(parameters: WorldParameters, titles: Titles) -> Facets:
    """The facets of the catalogue: popularity, every genre, every era, every leading person."""
    count = len(titles)
    every = np.arange(count)
    eras = np.searchsorted(ERA_STARTS, titles.years(parameters.first_day), side="right") - 1
    leads = np.column_stack([titles.directors[:, 0], titles.cast[:, :2]])
    columns = [FIRST_ERA + eras]
    affinities = [APPEAL_SPREAD * titles.appeal[:, 3]]
    for column, share in enumerate(GENRE_SHARES):
        genre = titles.genres[:, column].astype(np.int64)
        columns.append(np.where(genre >= 0, 1 + genre, -1))
        affinities.append(np.log(share) + APPEAL_SPREAD * titles.appeal[:, column])
    leading = _leading_people(leads[: parameters.titles], parameters.titles)
    for column, share in enumerate(LEAD_SHARES):
        columns.append(leading_facet(leading, leads[:, column]))
        affinities.append(np.full(count, np.log(share)))
    facet = np.concatenate([np.full(count, POPULARITY), *columns])
    title = np.tile(every, 1 + len(columns))
    log_affinity = np.concatenate([np.zeros(count), *affinities])
    kept = np.flatnonzero(facet >= 0)
    order = kept[np.lexsort((title[kept], facet[kept]))]
    starts = np.searchsorted(facet[order], np.arange(FIRST_PERSON + len(leading) + 1))
    return Facets(starts, title[order], log_affinity[order], np.column_stack(columns).astype(np.int32))


def _leading_people(leads: npt.NDArray[np.int32], titles: int) -> IntArray:
    """People with the most leading credits before the first day, the best known first."""
    leading = np.bincount(leads[leads >= 0])
    order = np.argsort(-leading, kind="stable")[: max(2, titles // TITLES_PER_LEADING_PERSON)]
    return order[leading[order] > 0]


def leading_facet(leading: IntArray, people: npt.NDArray[np.int32]) -> IntArray:
    """The facet of each person, -1 for those who are not leading."""
    facets = np.full(max(int(leading.max()), int(people.max())) + 1, -1, dtype=np.int64)
    facets[leading] = FIRST_PERSON + np.arange(len(leading))
    return np.where(people >= 0, facets[people], -1)


def found_viewers(parameters: WorldParameters, facets: Facets) -> Viewers:
    """Every viewer's taste and activity."""
    stream, count = parameters.stream("viewers"), parameters.viewers
    # Titles that appear later must not change who the viewers are.
    is_old = np.concatenate([[0], np.cumsum(facets.titles < parameters.titles)])
    sizes = np.diff(is_old[facets.starts]).astype(np.float64)
    slots = np.full((count, len(SLOT_WEIGHTS)), POPULARITY, dtype=np.int64)
    slots[:, SLOT_GENRES] = 1 + _draw_distinct(sizes[1:FIRST_ERA] ** 0.6, (count, 3), stream)
    slots[:, SLOT_ERAS] = FIRST_ERA + _draw_distinct(sizes[FIRST_ERA:FIRST_PERSON] ** 0.6, (count, 2), stream)
    people = len(sizes) - FIRST_PERSON
    slots[:, SLOT_PEOPLE] = FIRST_PERSON + (people * stream.random((count, 2)) ** 1.3).astype(np.int64)
    weights = np.array(SLOT_WEIGHTS) * stream.gamma(WEIGHT_SHAPE, 1 / WEIGHT_SHAPE, slots.shape)
    if not parameters.tastes:
        weights = np.where(np.arange(len(SLOT_WEIGHTS)) == 0, 1.0, 0.0) * np.ones_like(weights)
    activity = stream.lognormal(0.0, ACTIVITY_SPREAD, count)
    return Viewers(
        facets=slots,
        weights=weights,
        periods=stream.uniform(*DRIFT_DAYS, slots.shape),
        phases=stream.random(slots.shape),
        activity=activity / activity.sum(),
    )


def _draw_distinct(weights: FloatArray, shape: tuple[int, int], stream: np.random.Generator) -> IntArray:
    """Distinct positions in ``weights`` for each row, more often where the weight is large (Gumbel's trick)."""
    keys = np.log(np.maximum(weights, 1e-12)) + stream.gumbel(size=(shape[0], len(weights)))
    return np.argsort(-keys, axis=1)[:, : shape[1]]
