"""Which titles may stand on a list: one answer for the lists that are served and for those that models are judged on."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def is_listable(as_of: date) -> Column:
    """Condition of a row of silver.titles: not an adult title, and released by ``as_of``."""
    return ~F.col("is_adult") & is_released(as_of)


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


def listable_titles(titles: pa.Table, as_of: date) -> pa.Array:
    """The same of rows in memory: ids of the titles that may be listed.

    Args:
        titles: silver.titles, in order of title_id.
        as_of: The day that the lists are for.
    """
    released = pc.coalesce(
        pc.less_equal(titles["release_date"], pa.scalar(as_of)),
        pc.less_equal(titles["release_year"], as_of.year),
        pa.scalar(True),  # noqa: FBT003
    )
    status = pc.coalesce(pc.equal(titles["release_status"], "Released"), pa.scalar(True))  # noqa: FBT003
    allowed = pc.and_(pc.invert(titles["is_adult"]), pc.and_(released, status))
    return titles["title_id"].filter(allowed).combine_chunks().cast(pa.string())


def find_listable(titles: DataFrame, title_ids: pa.Array, as_of: date) -> pa.Array:
    """Those of ``title_ids`` that may be listed; a title that silver.titles does not know may not.

    Args:
        titles: silver.titles.
        title_ids: Titles of a model, or of several.
        as_of: The day that the lists are for.
    """
    asked = titles.sparkSession.createDataFrame(pa.table({"title_id": title_ids}))
    listable = titles.where(is_listable(as_of)).join(F.broadcast(asked), on="title_id", how="left_semi")
    return listable.select("title_id").toArrow()["title_id"].combine_chunks()


def excluded_positions(title_ids: pa.Array, listable: pa.Array) -> NDArray[np.int32]:
    """Positions of a model's titles that may not be listed."""
    allowed = np.asarray(pc.is_in(title_ids, value_set=listable))
    return np.flatnonzero(~allowed).astype(np.int32)
