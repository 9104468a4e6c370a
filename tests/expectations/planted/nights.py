"""What suites promise of nights, limits, waiting and faults, planted: a number that breaks each, and what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.tables import bronze, gold, silver

SAYS, STOPS, PASSES = "unusual", "broken", "holds"


@dataclass(frozen=True)
class Nights:
    """What is said of a table after fourteen nights that were all alike."""

    few: str
    """Of a tenth of the usual rows."""
    many: str
    """Of ten times the usual rows."""
    loses_half: bool = False
    """Whether fewer than half of the rows of the night before stop it while nothing is known of earlier nights."""
    others: Mapping[str, tuple[float, float, str]] = field(default_factory=dict)
    """Of what else is measured: name → what it usually is, what it is tonight, and what is said of that."""


_DUMP = Nights(STOPS, STOPS, loses_half=True)
_CURRENT = Nights(STOPS, SAYS, loses_half=True)
_OF_LISTS = Nights(STOPS, SAYS)
_AS_IT_COMES = Nights(SAYS, SAYS)

NIGHTS: Mapping[str, Nights] = {
    **{
        table.name: _DUMP
        for table in (
            *(
                bronze.IMDB_TITLE_BASICS,
                bronze.IMDB_TITLE_RATINGS,
                bronze.IMDB_TITLE_PRINCIPALS,
                bronze.IMDB_TITLE_CREW,
            ),
            *(bronze.IMDB_TITLE_AKAS, bronze.IMDB_TITLE_EPISODE, bronze.IMDB_NAME_BASICS, bronze.TMDB_MOVIE_IDS),
            *(bronze.TMDB_5000_MOVIES, bronze.TMDB_5000_CREDITS, bronze.TMDB_MOVIES_METADATA, bronze.TMDB_KEYWORDS),
            *(bronze.TMDB_CREDITS, bronze.TMDB_MOVIE_DATASET, bronze.MOVIELENS_MOVIES, bronze.MOVIELENS_LINKS),
            bronze.MOVIETWEETINGS_MOVIES,
        )
    },
    bronze.TMDB_MOVIE_DETAILS.name: Nights(SAYS, SAYS, others={"nulls_overview": (0.1, 0.9, SAYS)}),
    bronze.INTERACTIONS.name: Nights(
        # A day may have half of the events of another; hardly any is a log that was cut.
        *("broken", "broken"),
        others={"nulls_value": (0.1, 0.9, STOPS), "distinct_user_id": (10_000, 500, STOPS)},
    ),
    **{
        table.name: _AS_IT_COMES
        for table in (
            *(bronze.BLOCKED_TITLES, bronze.BOOSTED_TITLES, silver.TITLE_RULES, gold.LIST_OUTCOMES),
            *(gold.RECOMMENDATION_CHANGES, gold.RECOMMENDATION_CHANGE_CAUSES, gold.LAKE_PROFILE),
        )
    },
    **{
        table.name: _CURRENT
        for table in (silver.TITLE_LINKS, silver.PEOPLE, silver.CREDITS, silver.TITLE_PROFILES, silver.PREFERENCES)
    },
    silver.TITLES.name: Nights(
        *(STOPS, SAYS),
        loses_half=True,
        others={
            "new_keys": (0.01, 0.5, SAYS),
            "nulls_release_year": (0.1, 0.9, STOPS),
            "nulls_genres": (0.1, 0.9, STOPS),
        },
    ),
    silver.INTERACTIONS.name: Nights(
        *(STOPS, SAYS),
        loses_half=True,
        others={"distinct_user_id": (10_000, 1_000, STOPS), "distinct_title_id": (10_000, 1_000, STOPS)},
    ),
    silver.RATINGS.name: Nights(STOPS, SAYS, loses_half=True, others={"distinct_user_id": (10_000, 1_000, STOPS)}),
    **{
        table.name: _OF_LISTS
        for table in (
            *(gold.RECOMMENDATIONS, gold.RECOMMENDATION_HISTORY, gold.POPULAR_TITLES, gold.TITLE_FACTS),
            *(gold.VIEWER_PROFILES, gold.SIMILAR_TITLES),
        )
    },
}
FAULTS: Mapping[str, frozenset[str]] = {
    bronze.TMDB_MOVIES_METADATA.name: frozenset({"genres:not_literal"}),
    bronze.TMDB_KEYWORDS.name: frozenset({"keywords:not_literal"}),
    bronze.TMDB_CREDITS.name: frozenset({"cast:not_literal", "crew:not_literal"}),
    silver.TITLE_RULES.name: frozenset({"title_id:twice"}),
    silver.INTERACTIONS.name: frozenset(
        {
            *("event_id:conflict", "occurred_at:after_delivery", "occurred_at:too_late", "value:missing"),
            "parked:user_id:too_many",
        }
    ),
}
"""Reason codes that jobs and readers give, with which no promise about a column goes."""
LIMITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    gold.RECOMMENDATIONS.name: {
        "coverage": (0.02, 0.019),
        "gini": (0.995, 0.996),
        "title_share": (0.9, 0.91),
        "overlap": (0.1, 0.09),
        "model_age_days": (30, 31),
    }
}
"""Limit → a number that still passes by the settings as they come, and one that does not."""
WAITING: Mapping[str, tuple[int, int]] = {silver.INTERACTIONS.name: (50, 51)}
"""Of a hundred rows offered, how many may wait for another table, and how many stop the publication."""
