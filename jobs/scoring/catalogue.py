"""What catalogues say of titles, as much of it as one process holds: models that know titles by description learn from it."""

from collections.abc import Callable
from datetime import date
from functools import cache

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.scoring.content import LISTS
from jobs.scoring.rules import Allowed, is_listable

MOST_UNWATCHED = 100_000
"""Titles that nobody had to do with, of which a model may list those of which the catalogue says most: five times what
content models take unless told otherwise."""
MOST_TITLES = 500_000
"""All titles: at about 700 bytes each, 350 MB of the driver's memory and of the 1 GiB that Spark sends it at once."""


def catalogue_of(
    profiles: DataFrame, titles: DataFrame, watched: pa.Array, night: date, allowed: Allowed, most: int = MOST_TITLES
) -> Callable[[], pa.Table]:
    """What catalogues say of titles that matter, in order of title_id: read when it is first asked for, and once.

    Those that somebody had to do with are there whether or not they may be listed: they say what a viewer likes. Of the
    others those that may be listed and of which more is known than genres.

    Args:
        profiles: silver.title_profiles, one row per title.
        titles: silver.titles, one row per title.
        watched: The titles that somebody had to do with.
        night: Titles released later are not listed.
        allowed: Kinds of titles that may be listed.
        most: At most so many titles.

    Returns:
        What reads silver.title_profiles' columns, one row per title. It raises a JobError if there are more than ``most``.
    """

    @cache
    def read() -> pa.Table:
        known = F.broadcast(profiles.sparkSession.createDataFrame(pa.table({"title_id": watched})))
        others = profiles.join(known, on="title_id", how="left_anti")
        best = _best_known(others, titles.where(is_listable(night, allowed)))
        found = profiles.join(known, on="title_id", how="left_semi").unionByName(best)
        rows = found.limit(most + 1).toArrow()
        if rows.num_rows > most:
            raise JobError(
                f"the catalogue was not read: viewers had to do with {len(watched):,} titles, and with those that may be "
                f"listed beside them it holds more than the {most:,} that one process takes; set REELHOUSE_RECOMMENDER to "
                "one that reads no catalogue, such as ials"
            )
        return rows.sort_by("title_id")

    return read


def _best_known(profiles: DataFrame, listable: DataFrame) -> DataFrame:
    """Of titles that may be listed and have more than genres, those of which most is said; ties in order of title_id."""
    sizes = {name: F.coalesce(F.size(name), F.lit(0)) for name in LISTS}
    has_overview = F.col("overview").isNotNull()
    says_more = has_overview | (sum((size for name, size in sizes.items() if name != "genres"), F.lit(0)) > 0)
    said = sum(sizes.values(), has_overview.cast("int"))
    return (
        profiles.where(says_more)
        .join(listable, on="title_id", how="left_semi")
        .orderBy(said.desc(), "title_id")
        .limit(MOST_UNWATCHED)
    )
