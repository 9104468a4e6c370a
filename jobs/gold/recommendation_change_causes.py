"""Find out what changed viewers' lists: gold.recommendation_change_causes, and a page to read."""

from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gold.recommendation_change_causes import SUITE
from jobs.answers.changes import READS, night_changes
from jobs.answers.changes_page import write_page
from jobs.errors import GoneError
from jobs.evaluation.causes import find_causes
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.schema import spark_schema
from jobs.lakehouse.views import Views
from jobs.scoring.remaking import PARTS, Past, Recipe
from jobs.scoring.served import made_of
from jobs.tables import gold
from jobs.tracking import registry
from jobs.version import code_hash, code_version

SAMPLED = 1000
"""Viewers whose lists are made again, at most."""


def run(lake: Lake, night: date) -> None:
    """Publish why the lists of ``night`` differ from those that they replaced; of the first night nothing."""
    changes = lake.read(gold.RECOMMENDATION_CHANGES, night)
    history = lake.read(gold.RECOMMENDATION_HISTORY, night)
    root = lake.settings.lake

    served = served_before(history, sample(changes, night))
    rows, note = [], ""
    if len(served):
        before = served["night"][0].as_py()
        user_ids = served["user_id"].unique().to_pylist()
        past = Past(root, lambda version: registry.kept_folder(lake.settings, version), user_ids)
        try:
            rows = _rows(served, past, made_of(root, before), made_of(root, night))
        except GoneError as gone:
            note = f"what made the difference to {before} is not known: {gone}"
    outcome = lake.publish(lake.spark.createDataFrame(rows, spark_schema(SUITE.of)), SUITE, night)
    if outcome.state == "published" and len(served):
        lake.remark(note)
        lake.remark(f"page: {write_page(lake.settings.root, night_changes(Views(root, READS), night))}")


def sample(changes: DataFrame, night: date) -> DataFrame:
    """Some of the viewers with a list in both nights: the same ones whenever it is asked, however they are stored.

    Args:
        changes: gold.recommendation_changes.
        night: The night.

    Returns:
        user_id, night_before.
    """
    both = changes.where(
        (F.col("night") == F.lit(night)) & (F.col("state") == "both") & (F.col("user_id") != gold.EVERYBODY_ELSE)
    )
    return both.select("user_id", "night_before").orderBy(F.md5("user_id"), "user_id").limit(SAMPLED)


def served_before(history: DataFrame, viewers: DataFrame) -> pa.Table:
    """The lists of the night before of some viewers: night, user_id, rank, title_id, in order of user_id."""
    chosen = F.broadcast(viewers.withColumnRenamed("night_before", "night"))
    return (
        history.join(chosen, on=["night", "user_id"])
        .select("night", "user_id", "rank", "title_id")
        .orderBy("user_id")
        .toArrow()
    )


def _rows(served: pa.Table, past: Past, then: Entry | None, now: Entry | None) -> list[tuple[Any, ...]]:
    """Rows of the table: a cause each.

    Raises:
        GoneError: Something that one of the nights was made of is not kept any more.
    """
    if then is None or now is None:
        raise GoneError("the ledger of gold.recommendations does not go so far back")
    was, became = Recipe.of(past.root, then), Recipe.of(past.root, now)
    past.require(was)
    found = find_causes(served, past.user_ids, was, became, past.lists)
    told = {part: (was.in_words(part), became.in_words(part)) for part in PARTS}
    changed = {part: was.mixed(became, (part,)) != was for part in PARTS} | {"code": then.code != code_hash()}
    told["code"] = (then.code_version, code_version())
    return [
        (
            *(now.night, then.night, cause, changed[cause], *told[cause], found.share[cause], found.total),
            *(found.rbo_share[cause], found.rbo_total, len(past.user_ids)),
        )
        for cause in told
    ]
