"""``temporal``: everybody's newest events are held out from one moment on, so that no model sees the future.

A global time split, the default, and what each night judges by, k = 10. Weights and ages of preferences are counted to the
moment. Judged are the viewers who have a history and afterwards liked something new to them: a held-out event with a
positive weight, of a title that was not in their history. The newest tenth of all events is held out
(``REELHOUSE_HOLDOUT_SHARE``); the validation window is the newest tenth of what is left. On Spark by
:func:`find_cutoff` and :func:`hold_out`, in memory by :func:`split`: one definition.
"""

from datetime import UTC, datetime

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.interactions import Interactions, moment
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.splitting import training_set, viewers_to_judge
from jobs.scoring.training_set import Split
from jobs.scoring.units import SECONDS_PER_DAY

RULES = Rules(is_seeded=False)


def find_cutoff(interactions: DataFrame, holdout_share: float) -> datetime:
    """The moment from which events are held out.

    The latest whole second that holds out at least ``holdout_share`` of all events: counted by day, then by second
    within the one day where the share is reached. No events are sorted, and at most 86,400 counts are looked at.

    Args:
        interactions: silver.interactions, one row per event.
        holdout_share: Share of all events that are held out.

    Raises:
        JobError: There are no events, or all older ones happened at once: there is no past to learn from.
    """
    second = F.unix_seconds("occurred_at")
    day = F.floor(second / SECONDS_PER_DAY).cast("bigint")
    days = _newest_first(interactions, day)
    if not days:
        raise JobError(
            "no model was trained: silver.interactions is empty; deliver event logs and run `reelhouse night`"
        )
    held_out = max(1, round(holdout_share * sum(count for _, count in days)))
    cutoff_day, later = _reach(days, held_out)
    within = _newest_first(interactions.where(day == cutoff_day), second)
    cutoff, _ = _reach(within, held_out - later)
    if cutoff_day == days[-1][0] and cutoff == within[-1][0]:
        raise JobError(
            "no model was trained: silver.interactions spans no time to hold out; deliver more than one event log"
        )
    return datetime.fromtimestamp(cutoff, tz=UTC)


def _newest_first(interactions: DataFrame, when: Column) -> list[tuple[int, int]]:
    """Times and the number of events at each, newest first."""
    counts = interactions.groupBy(when.alias("at")).agg(F.count("*").alias("events")).collect()
    return sorted(((row["at"], row["events"]) for row in counts), reverse=True)


def _reach(counts: list[tuple[int, int]], wanted: int) -> tuple[int, int]:
    """Where, going back in time, ``wanted`` events are reached, and how many are later than that."""
    later = 0
    for at, events in counts:
        if later + events >= wanted:
            return at, later
        later += events
    return 0, later


def hold_out(histories: DataFrame, interactions: DataFrame, cutoff: datetime, likes: Column) -> DataFrame:
    """The viewers to judge on: those with a history and, after it, a liking for titles that are new to them.

    Args:
        histories: One row per viewer, as put_together makes them of the events before ``cutoff``.
        interactions: silver.interactions.
        cutoff: From when events are held out.
        likes: Condition of an event that says the viewer likes the title.

    Returns:
        The rows of ``histories`` with ``held_out`` array<string>, the titles to find.
    """
    later = interactions.where((F.col("occurred_at") >= F.lit(cutoff)) & likes)
    liked = later.groupBy("user_id").agg(F.array_sort(F.collect_set("title_id")).alias("liked"))
    return (
        histories.join(liked, on="user_id", how="inner")
        .withColumn("held_out", F.array_except("liked", "title_ids"))
        .where(F.size("held_out") > 0)
        .drop("liked")
    )


def split(data: Interactions, seed: int, fold: int = 0) -> Split:
    """Divide events in memory; the same for every seed.

    Raises:
        JobError: All older events happened at once: there is no past to learn from.
    """
    held_out = max(1, round(data.settings.holdout_share * len(data)))
    seconds = np.sort(data.seconds)
    if not len(seconds) or seconds[-held_out] == seconds[0]:
        raise JobError(f"nothing was evaluated: {data.name} spans no time to hold out; give more ratings or events")
    cutoff = int(seconds[-held_out])
    before = data.seconds < cutoff
    past = data.only(before)
    known, later = past.weighed(cutoff), data.only(~before & (data.worth > 0)).pairs()
    is_new = ~np.isin(later.numbers(len(data.title_ids)), known.numbers(len(data.title_ids)))
    wanted = later.where(is_new & np.isin(later.viewer, known.viewer))
    as_of = moment(cutoff)
    return Split(
        training_set(data, known, as_of, lambda: split(past, seed, fold)),
        viewers_to_judge(data, known, wanted, as_of),
        data.listable(known.title, as_of),
    )
