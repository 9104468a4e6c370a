"""Some rows of a published table as Arrow, without Spark: what a task reads by itself.

Python workers import this module: it imports neither Great Expectations nor DuckDB.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.fs
from pyarrow.dataset import field

from jobs.lakehouse import ledger
from jobs.lakehouse.storage import open_storage
from jobs.tables import Table


def rows_between(
    root: str,
    table: Table,
    version: int,
    bounds: tuple[str, str | None],
    *,
    by: str,
    columns: Sequence[str],
) -> pa.Table:
    """The rows whose text in one column lies in a range; files and parts of files that hold none are left unread.

    Args:
        root: The lake's root, which this machine sees.
        table: The table.
        version: Its version.
        bounds: The first text, and the first behind the range; None: all that follow.
        by: The column.
        columns: Those to read.

    Raises:
        GoneError: The version is not kept any more.
    """
    delta = ledger.open_version(root, table, version)
    filesystem, path = open_storage(delta.table_uri)
    rows = delta.to_pyarrow_dataset(filesystem=pa.fs.SubTreeFileSystem(path, filesystem))
    low, high = bounds
    is_within = field(by) >= low
    # A task has one core.
    return rows.to_table(
        list(columns), is_within if high is None else is_within & (field(by) < high), use_threads=False
    )
