"""How much what a viewer did with a title speaks for it, and how that fades."""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.settings import Weighing

_SECONDS_PER_DAY = 24 * 60 * 60
# Sums of decimals do not depend on the order of rows, as sums of doubles do: same events, same table.
_EXACT = "decimal(28,12)"


def end_of(night: date) -> datetime:
    """The moment as of which a night sees the world: 24:00 UTC of its day."""
    return datetime.combine(night + timedelta(days=1), time(), tzinfo=UTC)


def weigh(interactions: DataFrame, as_of: datetime, weighing: Weighing) -> DataFrame:
    """Sum the weights of a viewer's events with a title, each decayed with its age.

    weight = max(0, Σ w(event) · 2^(-age / half-life)), where a dislike, a dismissal or a rating below the neutral one
    count negative. A weight of 0 means: knows the title, and is not known to like it.

    Args:
        interactions: silver.interactions, one row per event.
        as_of: From when ages are counted; later events (a clock that runs ahead) count as of age 0.
        weighing: Weights by event type, and the half-life in days.

    Returns:
        silver.preferences, one row per viewer and title.
    """
    age_days = F.greatest(
        F.lit(0.0), (F.lit(as_of.timestamp()) - F.col("occurred_at").cast("double")) / _SECONDS_PER_DAY
    )
    decayed = event_weight(weighing) * F.pow(F.lit(0.5), age_days / weighing.half_life_days)
    return (
        interactions.groupBy("user_id", "title_id")
        .agg(
            F.sum(decayed.cast(_EXACT)).alias("weight"),
            F.count("*").cast("int").alias("event_count"),
            F.max("occurred_at").alias("last_at"),
        )
        .select(
            "user_id",
            "title_id",
            F.greatest(F.lit(0.0), F.col("weight").cast("double")).alias("weight"),
            "event_count",
            "last_at",
        )
    )


def event_weight(weighing: Weighing) -> Column:
    """Weight of one event of silver.interactions at age 0; 0 for a type without a weight."""
    weights = F.create_map(*(F.lit(part) for pair in weighing.by_event_type().items() for part in pair))
    # A rating counts by its distance from the neutral one: the best counts whole, a bad one against the title.
    liking = (F.col("value") - weighing.neutral_rating) / (10.0 - weighing.neutral_rating)
    share = (
        F.when(F.col("event_type") == "rating", F.greatest(F.lit(-1.0), F.coalesce(liking, F.lit(0.0))))
        .when(F.col("event_type") == "view", F.least(F.lit(1.0), F.coalesce("value", F.lit(1.0))))
        .otherwise(1.0)
    )
    return F.coalesce(F.try_element_at(weights, F.col("event_type")), F.lit(0.0)) * share
