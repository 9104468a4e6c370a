"""How much what a viewer did with a title speaks for it, and how that fades."""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.scoring.units import MICROS_PER_SECOND, SECONDS_PER_DAY
from jobs.settings import Weighing

_EXACT = 1e12
"""Weights are summed as whole multiples of 1 / this: a pair's sum may reach nine million."""
_RATING_STEPS = 100_000
"""Ratings are told apart to 1 / this."""
_RATING_SCALE = 10_000_000
"""More than a rating of 10 in such steps."""


def end_of(night: date) -> datetime:
    """The moment as of which a night sees the world: 24:00 UTC of its day."""
    return datetime.combine(night + timedelta(days=1), time(), tzinfo=UTC)


def weigh(interactions: DataFrame, as_of: datetime, weighing: Weighing) -> DataFrame:
    """Sum the weights of a viewer's events with a title, each decayed with its age.

    weight = max(0, Σ w(event) · 2^(-age / half-life)), where a dislike, a dismissal or a rating below the neutral one
    count negative. Of a title's ratings only the last counts: it corrects those before. A weight of 0 means: knows the
    title, and is not known to like it.

    Args:
        interactions: silver.interactions, one row per event.
        as_of: From when ages are counted; later events (a clock that runs ahead) count as of age 0.
        weighing: Weights by event type, and the half-life in days.

    Returns:
        silver.preferences, one row per viewer and title.
    """
    return (
        interactions.groupBy("user_id", "title_id")
        # Only numbers are aggregated, which Spark does without sorting.
        .agg(
            *weight_parts(as_of, weighing),
            F.count("*").cast("int").alias("event_count"),
            F.max("occurred_at").alias("last_at"),
        )
        .select(
            "user_id",
            "title_id",
            weight_of_parts(as_of, weighing).alias("weight"),
            rating_of_parts().alias("rating"),
            "event_count",
            "last_at",
        )
    )


def weight_parts(as_of: datetime, weighing: Weighing, counts: Column | None = None, suffix: str = "") -> list[Column]:
    """Aggregates of a viewer's events with a title that :func:`weight_of_parts` makes a weight of.

    Only numbers are aggregated, which Spark does without sorting.

    Args:
        as_of: From when ages are counted.
        weighing: Weights by event type, and the half-life in days.
        counts: Condition of the events that count; all, if None.
        suffix: What ends the names of the aggregates.
    """
    micros, is_rating = F.unix_micros("occurred_at"), F.col("event_type") == "rating"
    counted = F.lit(True) if counts is None else counts  # noqa: FBT003
    others = F.when(counted & ~is_rating, _decayed(event_weight(weighing), micros, as_of, weighing))
    return [
        # Sums of whole numbers do not depend on the order of rows, as sums of doubles do: same events, same table.
        F.sum(F.round(others * _EXACT).cast("bigint")).alias(f"others{suffix}"),
        F.max(F.when(counted & is_rating, _in_order_of_time("value", micros))).alias(f"last_rating{suffix}"),
    ]


def weight_of_parts(as_of: datetime, weighing: Weighing, suffix: str = "") -> Column:
    """The weight that the aggregates of :func:`weight_parts` add up to."""
    last_rating = F.col(f"last_rating{suffix}")
    last_micros = F.floor(last_rating / _RATING_SCALE).cast("bigint")
    rated = _decayed(weighing.rating * _liking(rating_of_parts(suffix), weighing), last_micros, as_of, weighing)
    weight = F.coalesce(F.col(f"others{suffix}") / _EXACT, F.lit(0.0)) + F.coalesce(rated, F.lit(0.0))
    return F.greatest(F.lit(0.0), weight)


def rating_of_parts(suffix: str = "") -> Column:
    """The last rating among the aggregates of :func:`weight_parts`; null without one."""
    return F.pmod(F.col(f"last_rating{suffix}"), F.lit(_RATING_SCALE)).cast("double") / _RATING_STEPS


def _decayed(weight: Column, micros: Column, as_of: datetime, weighing: Weighing) -> Column:
    """A weight as of an age: halved with each half-life."""
    age_days = F.greatest(F.lit(0.0), (F.lit(as_of.timestamp()) - micros / MICROS_PER_SECOND) / SECONDS_PER_DAY)
    return weight * F.pow(F.lit(0.5), age_days / weighing.half_life_days)


def _in_order_of_time(rating: str, micros: Column) -> Column:
    """Time and rating as one number: the largest is the last rating, of two at the same time the better."""
    return micros.cast("decimal(18,0)") * F.lit(_RATING_SCALE).cast("decimal(8,0)") + F.round(
        F.col(rating) * _RATING_STEPS
    ).cast("decimal(7,0)")


def mean_of(rating: str) -> Column:
    """Aggregate: the mean of ratings, the same in whatever order rows are added up; null without one."""
    steps = F.sum(F.round(F.col(rating) * _RATING_STEPS).cast("bigint"))
    return steps / (F.count(rating) * _RATING_STEPS)


def event_weight(weighing: Weighing) -> Column:
    """Weight of one event of silver.interactions at age 0; 0 for a type without a weight."""
    weights = F.create_map(*(F.lit(part) for pair in weighing.by_event_type().items() for part in pair))
    share = (
        F.when(F.col("event_type") == "rating", F.coalesce(_liking(F.col("value"), weighing), F.lit(0.0)))
        .when(F.col("event_type") == "view", F.least(F.lit(1.0), F.coalesce("value", F.lit(1.0))))
        .otherwise(1.0)
    )
    return F.coalesce(F.try_element_at(weights, F.col("event_type")), F.lit(0.0)) * share


def _liking(rating: Column, weighing: Weighing) -> Column:
    """A rating's distance from the neutral one: the best counts whole, a bad one against the title."""
    distance = (rating - weighing.neutral_rating) / (10.0 - weighing.neutral_rating)
    return F.when(distance.isNotNull(), F.greatest(F.lit(-1.0), distance))
