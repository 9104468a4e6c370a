"""Events of forgotten people are left out while bronze is written, in the same Spark job."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.lakehouse import forgotten
from jobs.lakehouse.forgotten import Key
from jobs.lakehouse.lake import Lake
from jobs.tables import Table

REASON = "forgotten"
"""Under which the account counts the records that were left out."""
_USER_ID = "user_id"
_PADS_IN_PLANS = "(0x|X')[0-9A-Fa-f]{128}"
"""How a plan shows the pads of the key, which are the key: Spark shows something else instead."""


def leave_out(lake: Lake, table: Table, rows: DataFrame) -> DataFrame:
    """Drop the records of people who were forgotten, and count them.

    A record that could not be parsed names nobody as far as can be known: it is set aside as before.

    Args:
        lake: The lake.
        table: The bronze table they are for.
        rows: What was read of its files.

    Raises:
        JobError: People are to be kept out, and the key by which they are known is not there.
    """
    if _USER_ID not in table.column_names:
        return rows
    out = forgotten.kept_out(lake.settings, f"{table.name} was not ingested")
    if out is None:
        return rows
    lake.spark.conf.set("spark.sql.redaction.string.regex", _PADS_IN_PLANS)
    return lake.leave_out(rows, **{REASON: hmac_of(F.trim(_USER_ID), out.key).isin(*sorted(out.people))})


def hmac_of(text: Column, key: Key) -> Column:
    """HMAC-SHA256 of a text in UTF-8, in hexadecimal (RFC 2104); null of a null."""
    inner, outer = map(F.lit, key.pads)
    return F.sha2(F.concat(outer, F.unhex(F.sha2(F.concat(inner, F.encode(text, "utf-8")), 256))), 256)
