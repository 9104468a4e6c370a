"""Promises about the catalogue of the MovieTweetings set."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import bronze

SUITES = {
    bronze.MOVIETWEETINGS_MOVIES.name: suite(
        bronze.MOVIETWEETINGS_MOVIES,
        rows=(
            gxe.ExpectColumnValuesToNotBeNull(column="movie_id"),
            gxe.ExpectColumnValuesToMatchRegex(column="movie_id", regex=r"^\d{7,10}$"),
            gxe.ExpectColumnValuesToNotBeNull(column="title"),
        ),
        tolerates=0.01,
        usual=Usual(least=0.5),  # the set only grows
    )
}
