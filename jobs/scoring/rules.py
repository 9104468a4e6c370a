"""Which titles may stand on a list: one answer for the lists that are served and for those that models are judged on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.settings import LISTED_TITLE_TYPES

RULES = pa.schema([("rule", pa.string()), ("title_id", pa.string()), ("boost", pa.float64())])
"""Rules in force on one night: a row per rule (block, boost) and title, in order of both."""


@dataclass(frozen=True)
class Allowed:
    """What kinds of titles may be listed: as the settings say, and by default as they do where nobody sets them."""

    title_types: Sequence[str] = LISTED_TITLE_TYPES
    adult: bool = False


def is_listable(as_of: date, allowed: Allowed) -> Column:
    """Condition of a row of silver.titles: of a kind that is allowed, and released by ``as_of``."""
    kind = F.col("title_type").isin(*allowed.title_types) & is_released(as_of)
    return kind if allowed.adult else kind & ~F.col("is_adult")


def is_released(as_of: date) -> Column:
    """Condition of a row of silver.titles: it was released by ``as_of``.

    A day or year of release that nobody states does not keep a title from counting as released; a status that is not
    TMDb's *Released* does.
    """
    released = F.coalesce(
        F.col("release_date") <= F.lit(as_of),
        F.col("release_year") <= as_of.year,
        F.lit(True),  # noqa: FBT003
    )
    status = F.coalesce(F.col("release_status") == "Released", F.lit(True))  # noqa: FBT003
    return released & status


def listable_titles(titles: pa.Table, as_of: date, allowed: Allowed) -> pa.Array:
    """The same of rows in memory: ids of the titles that may be listed.

    Args:
        titles: silver.titles, in order of title_id.
        as_of: The day that the lists are for.
        allowed: Kinds of titles that may be listed.
    """
    released = pc.coalesce(
        pc.less_equal(titles["release_date"], pa.scalar(as_of)),
        pc.less_equal(titles["release_year"], as_of.year),
        pa.scalar(True),  # noqa: FBT003
    )
    status = pc.coalesce(pc.equal(titles["release_status"], "Released"), pa.scalar(True))  # noqa: FBT003
    kind = pc.is_in(titles["title_type"], pa.array(allowed.title_types, pa.string()))
    listable = pc.and_(kind, pc.and_(released, status))
    if not allowed.adult:
        listable = pc.and_(listable, pc.invert(titles["is_adult"]))
    return titles["title_id"].filter(listable).combine_chunks().cast(pa.string())


def find_listable(titles: DataFrame, title_ids: pa.Array, as_of: date, allowed: Allowed) -> pa.Array:
    """Those of ``title_ids`` that may be listed; a title that silver.titles does not know may not.

    Args:
        titles: silver.titles.
        title_ids: Titles of a model, or of several.
        as_of: The day that the lists are for.
        allowed: Kinds of titles that may be listed.
    """
    asked = titles.sparkSession.createDataFrame(pa.table({"title_id": title_ids}))
    listable = titles.where(is_listable(as_of, allowed)).join(F.broadcast(asked), on="title_id", how="left_semi")
    return listable.select("title_id").toArrow()["title_id"].combine_chunks()


def excluded_positions(title_ids: pa.Array, listable: pa.Array) -> NDArray[np.int32]:
    """Positions of a model's titles that may not be listed."""
    allowed = np.asarray(pc.is_in(title_ids, value_set=listable))
    return np.flatnonzero(~allowed).astype(np.int32)
