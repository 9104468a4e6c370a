"""Promises about the catalogue of a MovieLens set."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import bronze

_MOVIE_ID = gxe.ExpectColumnValuesToMatchRegex(column="movieId", regex=r"^\d{1,9}$")
_HAS_ID = gxe.ExpectColumnValuesToNotBeNull(column="movieId")
# A smaller set in place of a larger one would take titles away: a person says so.
_USUAL = Usual(least=0.5)

SUITES = {
    promised.of.name: promised
    for promised in (
        suite(
            bronze.MOVIELENS_MOVIES,
            rows=(_HAS_ID, _MOVIE_ID, gxe.ExpectColumnValuesToNotBeNull(column="title")),
            tolerates=0.01,
            usual=_USUAL,
        ),
        suite(
            bronze.MOVIELENS_LINKS,
            rows=(
                _HAS_ID,
                _MOVIE_ID,
                gxe.ExpectColumnValuesToMatchRegex(column="imdbId", regex=r"^\d{1,10}$"),
                gxe.ExpectColumnValuesToMatchRegex(column="tmdbId", regex=r"^\d{1,9}$"),
            ),
            tolerates=0.01,
            usual=_USUAL,
        ),
    )
}
