"""Interactions in memory: what protocols divide, of a public set or of the lake, with dense numbers for ids."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.lakehouse.views import Views
from jobs.landing.imports.public_sets import read_set
from jobs.landing.imports.rating_set import RatingSet
from jobs.scoring.rules import Allowed, listable_titles
from jobs.scoring.units import SECONDS_PER_DAY
from jobs.settings import Settings, Weighing
from jobs.tables import silver

Floats = NDArray[np.float32]
_PUBLIC_SETS = {
    (100_000, 943): "MovieLens 100k",
    (1_000_209, 6_040): "MovieLens 1m",
    (10_000_054, 69_878): "MovieLens 10m",
    (20_000_263, 138_493): "MovieLens 20m",
}
"""Ratings and viewers → a set that figures were published of."""


@dataclass(frozen=True)
class Preferences:
    """One row per viewer and title, in order of viewer and title: parallel arrays."""

    viewer: NDArray[np.int32]
    title: NDArray[np.int32]
    weight: Floats
    rating: Floats
    """0 to 10; not a number where the viewer never rated the title."""
    seconds: NDArray[np.int64]
    """When the viewer last had to do with the title."""

    def where(self, rows: NDArray[Any]) -> Self:
        """Some of the rows, by a mask or by their positions."""
        parts = (self.viewer, self.title, self.weight, self.rating, self.seconds)
        return type(self)(*(part[rows] for part in parts))

    def numbers(self, titles: int) -> NDArray[np.int64]:
        """One number per viewer and title, of so many titles."""
        return self.viewer.astype(np.int64) * titles + self.title

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.viewer)


@dataclass(frozen=True)
class Interactions:
    """Events as parallel arrays, in order of time, viewer and title."""

    name: str
    """What people call the data."""
    user_ids: pa.Array
    title_ids: pa.Array
    """Every title with an event, in order of title_id."""
    viewer: NDArray[np.int32]
    title: NDArray[np.int32]
    rating: Floats
    """0 to 10; not a number for an event that is no rating."""
    worth: Floats
    """Weight of the event at age 0, by the weighing."""
    seconds: NDArray[np.int64]
    highest: float
    """Largest rating of the data's own scale."""
    lowest: float
    settings: Settings
    cores: int
    spark: Callable[[], SparkSession]
    """The session, started only if a model learns on it."""
    catalogue: pa.Table | None = None
    """silver.title_profiles' columns, one row per title, those without an event included."""
    titles: pa.Table | None = None
    """silver.titles: what decides which titles may be listed; None if all may."""

    def only(self, events: NDArray[np.bool_]) -> Self:
        """Some of the events; viewers and titles keep their numbers."""
        return replace(
            self,
            viewer=self.viewer[events],
            title=self.title[events],
            rating=self.rating[events],
            worth=self.worth[events],
            seconds=self.seconds[events],
        )

    def of_pairs(self, pairs: Preferences) -> Self:
        """One event for each of some viewers' titles: the same data, if it held no more."""
        known = pairs.where(np.lexsort((pairs.title, pairs.viewer, pairs.seconds)))
        return replace(
            self,
            viewer=known.viewer,
            title=known.title,
            rating=known.rating,
            worth=np.where(np.isnan(known.rating), 1, _liking(known.rating, self.settings.weighing)).astype(np.float32),
            seconds=known.seconds,
        )

    def __len__(self) -> int:
        """Number of events."""
        return len(self.viewer)

    @property
    def digest(self) -> str:
        """One short word for the events and for the settings that weigh and divide them."""
        said = self.settings.model_dump_json(include={"weighing", "holdout_share"})
        found = hashlib.sha256(said.encode())
        for part in (self.viewer, self.title, self.rating, self.worth, self.seconds):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()[:8]

    def stars(self, least: float) -> NDArray[np.bool_]:
        """Events that speak for the title: a rating of so many of five stars, or another event with a positive weight."""
        is_rating = ~np.isnan(self.rating)
        # Ratings are compared in steps of the scale: 3 stars of 5 are 6 of 10.
        return np.where(is_rating, self.rating >= least * 2.0, self.worth > 0)

    def pairs(self) -> Preferences:
        """Each viewer's titles, all of weight 1: of several ratings of a title the last counts."""
        last = _last_of_pairs(self)
        rating = _last_rating(self, last, _last_rating_events(self))
        return Preferences(
            self.viewer[last], self.title[last], np.ones(len(last), dtype=np.float32), rating, self.seconds[last]
        )

    def weighed(self, as_of: int) -> Preferences:
        """Each viewer's titles with their weights as of a second, as :func:`jobs.scoring.weighing.weigh` weighs.

        weight = max(0, Σ w(event) · 2^(-age / half-life)), of a title's ratings the last alone.
        """
        last = _last_of_pairs(self)
        pair = _pair_numbers(self)
        at = np.searchsorted(pair[last], pair)
        age = np.maximum(0, as_of - self.seconds) / SECONDS_PER_DAY
        worth = self.worth.astype(np.float64) * np.exp2(-age / self.settings.weighing.half_life_days)
        counts = np.isnan(self.rating)
        rated = _last_rating_events(self)
        counts[rated] = True
        weight = np.bincount(at[counts], worth[counts], len(last))
        return Preferences(
            self.viewer[last],
            self.title[last],
            np.maximum(0.0, weight).astype(np.float32),
            _last_rating(self, last, rated),
            self.seconds[last],
        )

    def listable(self, known: NDArray[np.int32], as_of: datetime) -> pa.Array:
        """Titles that may be listed as of a moment: of a lake as served lists are ruled; of a set those known then.

        A set's catalogue adds the titles that nobody rated yet, unless it says that they are of a later year.
        """
        if self.titles is not None:
            allowed = Allowed(self.settings.listed_title_types, adult=self.settings.lists_adult)
            return listable_titles(self.titles, as_of.date(), allowed)
        seen = self.title_ids.take(pa.array(np.unique(known)))
        if self.catalogue is None:
            return seen
        is_out = pc.less_equal(pc.fill_null(self.catalogue["decade"], 0), as_of.year)
        others = self.catalogue["title_id"].filter(
            pc.and_(is_out, pc.invert(pc.is_in(self.catalogue["title_id"], seen)))
        )
        return pa.concat_arrays([seen, others.combine_chunks().cast(pa.string())])


def of_set(path: Path, settings: Settings, spark: Callable[[], SparkSession], cores: int) -> Interactions:
    """A public set's ratings and catalogue, straight from its files.

    Raises:
        JobError: It is damaged, or in no layout that is known.
    """
    held = read_set(path)
    ratings, weighing = held.ratings, settings.weighing
    users, by_user = np.unique(ratings.viewers, return_inverse=True)
    titles, by_title = np.unique(ratings.titles, return_inverse=True)
    rating = (ratings.values * held.to_ten).astype(np.float32)
    user_ids, viewer = _in_order(held.user_names(users), by_user)
    title_ids, title = _in_order(held.title_names(titles), by_title)
    name = _PUBLIC_SETS.get((len(rating), len(users)), f"{path.name}, {len(rating):,} ratings")
    return Interactions(
        name=name if held.name == "movielens" else f"MovieTweetings, {len(rating):,} ratings",
        user_ids=user_ids,
        title_ids=title_ids,
        viewer=viewer,
        title=title,
        rating=rating,
        worth=_liking(rating, weighing),
        seconds=ratings.seconds.astype(np.int64),
        highest=held.highest,
        lowest=float(ratings.values.min()),
        settings=settings,
        cores=cores,
        spark=spark,
        catalogue=_profiles(held) if held.movies else None,
    )


def of_lake(settings: Settings, spark: Callable[[], SparkSession], cores: int) -> Interactions:
    """silver.interactions as they are now, with silver.titles and silver.title_profiles.

    Raises:
        JobError: A table was never published, or there are no interactions.
    """
    views = Views(settings.lake, [silver.INTERACTIONS, silver.TITLES, silver.TITLE_PROFILES])
    views.require(silver.INTERACTIONS, silver.TITLES)
    events = views.arrow(
        "SELECT user_id, title_id, event_type, value, epoch_us(occurred_at) // 1000000 AS seconds "
        "FROM silver.interactions ORDER BY occurred_at, user_id, title_id, event_id"
    )
    if not events.num_rows:
        raise JobError(
            "nothing was evaluated: silver.interactions is empty; deliver event logs and run `reelhouse night`"
        )
    user_ids, viewer = _numbered(events["user_id"])
    title_ids, title = _numbered(events["title_id"])
    kind, value = events["event_type"], events["value"].to_numpy()
    is_rating = np.asarray(pc.equal(kind, "rating"))
    rating = np.where(is_rating, value, np.nan).astype(np.float32)
    weights = settings.weighing.by_event_type()
    base = np.zeros(len(value), dtype=np.float32)
    for name, weight in weights.items():
        base[np.asarray(pc.equal(kind, name))] = weight
    watched = np.asarray(pc.equal(kind, "view")) & ~np.isnan(value)
    base[watched] *= np.minimum(1.0, value[watched])
    has_profiles = silver.TITLE_PROFILES.name in views.published
    return Interactions(
        name="the lake",
        user_ids=user_ids,
        title_ids=title_ids,
        viewer=viewer,
        title=title,
        rating=rating,
        worth=np.where(is_rating, _liking(rating, settings.weighing), base).astype(np.float32),
        seconds=events["seconds"].to_numpy(),
        highest=10.0,
        lowest=0.0,
        settings=settings,
        cores=cores,
        spark=spark,
        catalogue=views.arrow("FROM silver.title_profiles ORDER BY title_id") if has_profiles else None,
        titles=views.arrow(
            "SELECT title_id, title_type, is_adult, release_date, release_year, release_status FROM silver.titles "
            "ORDER BY title_id"
        ),
    )


def moment(seconds: int) -> datetime:
    """A Unix second as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _liking(rating: Floats, weighing: Weighing) -> Floats:
    """Weight of ratings from 0 to 10 at age 0: the distance from the neutral one, the best counts whole."""
    distance = (rating - weighing.neutral_rating) / (10.0 - weighing.neutral_rating)
    return np.asarray(weighing.rating * np.maximum(-1.0, np.nan_to_num(distance)), dtype=np.float32)


def _pair_numbers(data: Interactions) -> NDArray[np.int64]:
    """One number per viewer and title, rising with viewer, then title."""
    return data.viewer.astype(np.int64) * len(data.title_ids) + data.title


def _last_of_pairs(data: Interactions) -> NDArray[np.int64]:
    """Positions of the last event of each viewer and title, in order of viewer and title."""
    pair = _pair_numbers(data)
    # Of equal numbers np.unique finds the first: in reverse the last.
    _, first = np.unique(pair[::-1], return_index=True)
    return np.asarray(len(pair) - 1 - first)


def _last_rating_events(data: Interactions) -> NDArray[np.int64]:
    """Positions of the last rating of each viewer and title; of two in one second the better."""
    (rated,) = np.nonzero(~np.isnan(data.rating))
    pair = _pair_numbers(data)[rated]
    order = np.lexsort((data.rating[rated], data.seconds[rated], pair))
    is_last = np.append(np.diff(pair[order]) != 0, True)[: len(order)]
    return np.asarray(rated[order[is_last]])


def _last_rating(data: Interactions, last: NDArray[np.int64], events: NDArray[np.int64]) -> Floats:
    """The last rating of each pair, of those events; not a number where there is none."""
    pair = _pair_numbers(data)
    rating = np.full(len(last), np.nan, dtype=np.float32)
    rating[np.searchsorted(pair[last], pair[events])] = data.rating[events]
    return rating


def _in_order(ids: pa.Array, codes: NDArray[Any]) -> tuple[pa.Array, NDArray[np.int32]]:
    """Ids in their own order, and their new numbers."""
    order = pc.sort_indices(ids)
    place = np.empty(len(ids), dtype=np.int32)
    place[order.to_numpy()] = np.arange(len(ids), dtype=np.int32)
    return ids.take(order), place[codes]


def _numbered(ids: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int32]]:
    """The ids that occur, in order, and the number of each row's."""
    encoded = ids.combine_chunks().dictionary_encode()
    return _in_order(encoded.dictionary, encoded.indices.to_numpy())


def _profiles(held: RatingSet) -> pa.Table:
    """What a set says of its titles, in silver.title_profiles' columns: genres, and the decade of the year it gives."""
    numbers = np.array(sorted(held.movies), dtype=np.int32)
    movies = [held.movies[int(number)] for number in numbers]
    nothing = pa.array([[]] * len(movies), pa.list_(pa.string()))
    decades = [None if movie.year is None else movie.year // 10 * 10 for movie in movies]
    profiles = pa.table(
        {
            "title_id": held.title_names(numbers),
            "genres": pa.array([list(movie.genres) for movie in movies], pa.list_(pa.string())),
            **dict.fromkeys(("directors", "writers", "leading_cast", "keywords"), nothing),
            "overview": pa.nulls(len(movies), pa.string()),
            "decade": pa.array(decades, pa.int32()),
        }
    )
    return profiles.sort_by("title_id")
