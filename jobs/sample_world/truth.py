"""The planted truth of one day: what each facet offers, who would view what, and how much they would like it."""

import numpy as np

from jobs.sample_world.titles import FloatArray, IntArray, Titles
from jobs.sample_world.viewers import Facets, Viewers


class DayTruth:
    """The mixture of facets on one day.

    Args:
        titles: All titles.
        facets: All facets.
        viewers: All viewers.
        day_number: Days since the first day.
    """

    def __init__(self, titles: Titles, facets: Facets, viewers: Viewers, day_number: int) -> None:
        self._facets = facets
        self._viewers = viewers
        self._title_count = len(titles)
        self._day_number = day_number
        popularity = titles.log_popularity(day_number)
        self._weights = np.exp(popularity[facets.titles] + facets.log_affinity)
        self._bounds = np.concatenate([[0.0], np.cumsum(self._weights)])

    def draw(self, viewers: IntArray, chances: FloatArray) -> IntArray:
        """One title for each viewer of a list.

        Args:
            viewers: Positions of viewers, shape (n,).
            chances: Uniform random numbers: one picks the facet, one the title; shape (n, 2).
        """
        slot_bounds = np.cumsum(self._viewers.taste(viewers, self._day_number), axis=1)
        slot = (chances[:, [0]] >= slot_bounds[:, :-1]).sum(axis=1)
        return self.draw_from(self._viewers.facets[viewers, slot], chances[:, 1])

    def draw_from(self, facets: IntArray, chances: FloatArray) -> IntArray:
        """One title from each facet of a list, by its popularity there."""
        low = self._bounds[self._facets.starts[facets]]
        high = self._bounds[self._facets.starts[facets + 1]]
        entry = np.searchsorted(self._bounds, low + chances * (high - low), side="right") - 1
        # Rounding may end one entry beyond the facet, or on a title that is not out yet.
        entry = np.minimum(entry, self._facets.starts[facets + 1] - 1)
        return self._facets.titles[np.where(self._weights[entry] > 0, entry, self._facets.starts[facets])]

    def match(self, viewers: IntArray, titles: IntArray) -> FloatArray:
        """Share of each viewer's taste that the title of the same row speaks to, 0 to 1; popularity aside."""
        weights = self._viewers.taste(viewers, self._day_number)[:, 1:]
        total = weights.sum(axis=1)
        liked = self._viewers.facets[viewers, 1:]
        offered = self._facets.of_title[titles]
        matched = np.zeros(len(viewers))
        for slot in range(liked.shape[1]):
            matched += weights[:, slot] * (offered == liked[:, [slot]]).any(axis=1)
        return np.where(total > 0, matched / np.where(total > 0, total, 1.0), 0.0)

    def probabilities(self, viewers: IntArray) -> FloatArray:
        """Probability that each viewer's next view of the day is each title, shape (viewers, titles)."""
        taste = self._viewers.taste(viewers, self._day_number)
        liked = self._viewers.facets[viewers]
        planted = np.zeros((len(viewers), self._title_count))
        for facet in np.unique(liked):
            entries = slice(int(self._facets.starts[facet]), int(self._facets.starts[facet + 1]))
            total = self._weights[entries].sum()
            if total <= 0:
                continue
            share = (taste * (liked == facet)).sum(axis=1)
            rows = np.flatnonzero(share)
            inside = self._weights[entries] / total
            # Somebody who directs and plays has two entries of the same title in his facet.
            row = np.bincount(self._facets.titles[entries], weights=inside, minlength=self._title_count)
            planted[rows] += share[rows, None] * row
        return planted
