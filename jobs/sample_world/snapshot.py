"""One day's snapshot of the planted catalogue: what all its dumps are written from."""

from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property

import numpy as np

from jobs.sample_world.genres import GENRE_NAMES
from jobs.sample_world.parameters import WorldParameters
from jobs.sample_world.people import People
from jobs.sample_world.prose import Names, name_titles
from jobs.sample_world.titles import FloatArray, IntArray, Titles, new_titles_per_day, title_ids

VOTES_OF_OBSCURE = 40.0  # votes of a title at the very end of the long tail
VOTES_EXPONENT = 1.5  # votes grow faster than popularity: everybody has an opinion of the famous
VOTES_RIPEN_DAYS = 60.0  # a new title's votes come in over this time
VOTES_GROWTH = 1 / 1_500  # a day
UNRATED_BELOW = 8  # IMDb lists no rating of a title with fewer votes
TMDB_VOTES_SHARE = 1 / 40  # TMDb has so many of IMDb's votes


@dataclass(frozen=True)
class Snapshot:
    """Titles known on a day with everything the dumps say of them."""

    parameters: WorldParameters
    day: date
    titles: Titles
    people: People

    @cached_property
    def ids(self) -> list[str]:
        """IMDb's tconst of each title."""
        return title_ids(self.titles)

    @cached_property
    def years(self) -> IntArray:
        """Year of release of each title."""
        return self.titles.years(self.parameters.first_day)

    @cached_property
    def names(self) -> Names:
        """What the titles are called."""
        return name_titles(self.titles, self.parameters.titles)

    @cached_property
    def genre_lists(self) -> list[list[str]]:
        """IMDb's genres of each title, sorted."""
        return [sorted(GENRE_NAMES[genre] for genre in row if genre >= 0) for row in self.titles.genres.tolist()]

    @cached_property
    def log_popularity(self) -> FloatArray:
        """Log of each title's popularity on the day."""
        return self.titles.log_popularity(self.parameters.day_number(self.day))

    @cached_property
    def age_days(self) -> IntArray:
        """Days since each title's release."""
        return self.parameters.day_number(self.day) - self.titles.released

    @cached_property
    def votes(self) -> IntArray:
        """IMDb votes of each title: they only ever grow."""
        ripe = 1 - np.exp(-(self.age_days + 1) / VOTES_RIPEN_DAYS)
        luck = np.exp(self.titles.dice[:, 0] / 2**31 * 2 - 1)
        grown = 1 + VOTES_GROWTH * (self.parameters.day_number(self.day) + 1)
        votes = VOTES_OF_OBSCURE * np.exp(VOTES_EXPONENT * self.titles.renown) * luck * ripe * grown
        return np.asarray(votes, dtype=np.int64)

    @cached_property
    def average_ratings(self) -> FloatArray:
        """IMDb rating of each title, 1 to 10; a new title's is a little too kind."""
        kind = 0.6 * np.exp(-self.age_days / 30)
        return np.asarray(np.round(np.clip(6.3 + 0.9 * self.titles.quality + kind, 1.1, 9.7), 1), dtype=np.float64)

    @cached_property
    def person_names(self) -> list[str]:
        """Name of everybody."""
        return self.people.names(np.arange(len(self.people)))


def take_snapshot(parameters: WorldParameters, day: date, titles: Titles, people: People) -> Snapshot:
    """The catalogue as it is listed on ``day``: a title is listed from its release on."""
    count = parameters.titles + (parameters.day_number(day) + 1) * new_titles_per_day(parameters)
    listed = Titles(**{field.name: getattr(titles, field.name)[:count] for field in fields(Titles)})
    return Snapshot(parameters, day, listed, people)
