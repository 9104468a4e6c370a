"""Put block and boost lists under conformed names: silver.title_rules."""

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.title_rules import SUITE
from jobs.lakehouse.audit.mark import FAULTS, OF_SPINE
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze, silver

_EVER_SINCE, _EVER_AFTER = date(1970, 1, 1), date(9999, 12, 31)
_TWICE = "title_id:twice"


def run(lake: Lake, night: date) -> None:
    """Publish silver.title_rules from the newest lists up to ``night``."""
    blocked = lake.read(bronze.BLOCKED_TITLES, night)
    boosted = lake.read(bronze.BOOSTED_TITLES, night)
    links = lake.read(silver.TITLE_LINKS, night)

    lake.publish(conform_rules(blocked, boosted, links), SUITE, night)


def conform_rules(blocked: DataFrame, boosted: DataFrame, links: DataFrame) -> DataFrame:
    """Type the lists and name titles by their conformed identifier.

    Of boosts that name one title by two names for the same nights the one that begins first counts; the other is at fault.
    Blocks may overlap: a title is blocked on every night that any of them says. Of those that begin on the same night the
    one that ends last says it all.

    Args:
        blocked: bronze.blocked_titles, one row per title and span of nights.
        boosted: bronze.boosted_titles, one row per title and span of nights.
        links: silver.title_links, one row per name of a title.

    Returns:
        silver.title_rules, one row per row of the lists, with ``_faults`` and ``_of_spine``.
    """
    is_block = F.col("rule") == "block"
    lists = blocked.withColumn("rule", F.lit("block")).unionByName(
        boosted.withColumn("rule", F.lit("boost")), allowMissingColumns=True
    )
    until = F.coalesce("until_date", F.lit(_EVER_AFTER))
    earlier = Window.partitionBy("rule", "title_id").orderBy("from_date", "until_date", "named")
    ends = F.max(until).over(earlier.rowsBetween(Window.unboundedPreceding, -1))
    place = F.row_number().over(Window.partitionBy("rule", "title_id", "from_date").orderBy(F.desc(until), "named"))
    is_twice = F.when(F.col("rule") == "block", place > 1).otherwise(F.col("from_date") <= ends)
    return (
        lists.withColumnRenamed("title_id", "named")
        .join(
            links.select(F.col("source_title_id").alias("named"), F.col("title_id").alias("linked")),
            on="named",
            how="left",
        )
        .select(
            "rule",
            "named",
            F.coalesce("linked", "named").alias("title_id"),
            F.col("boost").try_cast("double").alias("boost"),
            F.coalesce(F.col("from").try_cast("date"), F.lit(_EVER_SINCE)).alias("from_date"),
            F.col("until").try_cast("date").alias("until_date"),
            "reason",
        )
        .select(
            "rule",
            "title_id",
            "boost",
            "from_date",
            "until_date",
            "reason",
            F.when(is_twice, F.array(F.lit(_TWICE))).otherwise(F.array().cast("array<string>")).alias(FAULTS),
            is_block.alias(OF_SPINE),
        )
    )
