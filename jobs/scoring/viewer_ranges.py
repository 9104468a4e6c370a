"""Ranges of viewers: how the rows of silver.preferences are divided among the tasks that make lists of them."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lakehouse.slices import rows_between
from jobs.scoring.histories import put_together
from jobs.tables.silver import PREFERENCES

if TYPE_CHECKING:
    # Tasks import this module, and have no use for DuckDB.
    from jobs.lakehouse.views import Views

_MOST_PAIRS = 2_000_000
"""Rows of viewers and titles that a task puts together: about 200 MB."""
_CUT = """
SELECT min(user_id), count(*)
FROM (
    SELECT user_id, (sum(pairs) OVER (ORDER BY user_id) - pairs) // ? AS number
    FROM (SELECT user_id, count(*) AS pairs FROM silver.preferences GROUP BY user_id)
)
GROUP BY number ORDER BY number
"""


@dataclass(frozen=True)
class ViewerRanges:
    """A version of silver.preferences, cut into ranges of viewers.

    A task reads its range by itself, and nothing between files and lists is shuffled. Where the files hold ranges of
    viewers, as they are published, it reads few of them; where not, it finds the same rows in more.
    """

    root: str
    """The lake's."""
    version: int
    """Of silver.preferences."""
    as_of: datetime
    """From when ages are counted."""
    bounds: tuple[str, ...]
    """The first viewer of each range; the first range begins with the smallest text."""
    viewers: tuple[int, ...]
    """How many each range has."""
    also: tuple[str, ...] = ()
    """Viewers without a history."""

    @classmethod
    def of(cls, views: "Views", as_of: datetime, tasks: int, also: Sequence[str] = ()) -> Self:
        """Cut the viewers so that each range has as many rows.

        Args:
            views: silver.preferences.
            as_of: From when ages are counted.
            tasks: At least so many ranges, if there are enough viewers.
            also: Viewers without a history.
        """
        ((pairs,),) = views.rows("SELECT count(*) FROM silver.preferences")
        size = max(1, min(_MOST_PAIRS, -(-pairs // tasks)))
        cut = views.rows(_CUT, (size,)) or [("", 0)]
        bounds = ("", *(low for low, _ in cut[1:]))
        viewers = [number for _, number in cut]
        for user in also:
            viewers[_range_of(user, bounds)] += 1
        return cls(views.root, views.versions[PREFERENCES], as_of, bounds, tuple(viewers), tuple(also))

    def rows(self, spark: SparkSession) -> DataFrame:
        """number, viewers: one row per range, each in a partition of its own, in order."""
        numbers = spark.range(0, len(self.bounds), 1, len(self.bounds)).withColumnRenamed("id", "number")
        return numbers.withColumn("viewers", F.lit(list(self.viewers))[F.col("number").cast("int")])

    def histories(self, number: int) -> Iterator[pa.RecordBatch]:
        """What the viewers of a range know, one row each, in order, as :func:`jobs.scoring.histories.put_together` has it."""
        low, high = self.bounds[number], next(iter(self.bounds[number + 1 :]), None)
        rows = rows_between(
            self.root,
            PREFERENCES,
            self.version,
            (low, high),
            by="user_id",
            columns=("user_id", "title_id", "weight", "rating", "last_at"),
        )
        unknown = [user for user in self.also if _range_of(user, self.bounds) == number]
        if unknown:
            rows = pa.concat_tables([rows, _without_history(unknown, rows.schema)])
        return put_together(rows.to_batches(), self.as_of)


def _range_of(user_id: str, bounds: Sequence[str]) -> int:
    """The range that a viewer falls into."""
    return bisect_right(bounds, user_id) - 1


def _without_history(user_ids: list[str], schema: pa.Schema) -> pa.Table:
    """Rows that say nothing but who a viewer is."""
    said = {name: pa.nulls(len(user_ids), schema.field(name).type) for name in schema.names}
    return pa.table(said | {"user_id": user_ids}, schema=schema)
