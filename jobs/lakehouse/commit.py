"""One Delta commit of files that are written already: atomic, refused if anybody committed meanwhile, a few milliseconds."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Account
from jobs.lakehouse.opening import opened
from jobs.lakehouse.schema import delta_schema, delta_type
from jobs.lakehouse.staging import NO_VALUE, StagedFile
from jobs.lakehouse.storage import STAGING, files_below, move_into, open_storage, remove
from jobs.tables import Table

CONFIGURATION = {
    # The log is the ledger: a bit more than a year of nights can be looked back at.
    "delta.logRetentionDuration": "interval 400 days",
    # Time travel and rollback reach back this far once files are vacuumed.
    "delta.deletedFileRetentionDuration": "interval 35 days",
    # By age alone the commit of a publication in force could go: maintenance knows which are needed.
    "delta.enableExpiredLogCleanup": "false",
}
_BOUNDED = {"string", "integer", "long", "double", "date", "timestamp"}
"""Types of columns whose smallest and largest values are worth knowing."""
BOUND_LENGTH = 32
"""Characters of a text bound; readers need bounds, not values."""
_LARGEST = "\U0010ffff"


class OvertakenError(Exception):
    """Somebody committed to the table since the version that this commit was decided on."""


def open_or_create(root: str, table: Table) -> DeltaTable:
    """The table, made empty if it is not there yet."""
    address = f"{root}/{table.path}"
    try:
        with opened(root, table):
            return DeltaTable(address)
    except TableNotFoundError:
        return make(address, table)


def make(address: str, table: Table) -> DeltaTable:
    """Make a table, empty; of two runs that do it at once the second opens what the first has made."""
    return DeltaTable.create(
        address,
        delta_schema(table),
        mode="ignore",
        partition_by=[table.partitioned_by] if table.partitioned_by else None,
        configuration=CONFIGURATION,
    )


def abandon(root: str, table: Table, publication: str) -> None:
    """Delete what was written of a publication that never became visible, wherever it is by now.

    Args:
        root: The lake's root.
        table: Its table.
        publication: Its name; of one that is visible, in any version that the log tells of, nothing is deleted.
    """
    if any(one.publication == publication for one in ledger.history(root, table)):
        return
    filesystem, address = open_storage(f"{root}/{table.path}")
    for path in files_below(filesystem, address, ".parquet"):
        if PurePosixPath(path).name.startswith(f"{publication}-") and f"/{STAGING}/" not in path:
            filesystem.delete_file(path)
    remove(filesystem, f"{address}/{STAGING}/{publication}")


def move_files(root: str, table: Table, files: Collection[StagedFile], publication: str) -> list[AddAction]:
    """Move staged files to where the table's files are; no reader knows them until a commit names them.

    Args:
        root: The lake's root.
        table: Its definition.
        files: Kept files of the publication.
        publication: Its name.

    Returns:
        What a commit says of each.
    """
    return [_move_file(f"{root}/{table.path}", table, file, publication, number) for number, file in enumerate(files)]


def commit(
    base: DeltaTable, table: Table, actions: Sequence[AddAction], replaced: Collection[str] | None, account: Account
) -> int:
    """Make moved files visible, with their account, instead of what was there.

    Args:
        base: The table at the version that the commit was decided on.
        table: Its definition.
        actions: What :func:`move_files` returned.
        replaced: Partitions whose rows are replaced; None for the whole table.
        account: What the publication says of itself.

    Returns:
        The new version.

    Raises:
        OvertakenError: Somebody else committed meanwhile. Nothing has become visible.
        JobError: The table is partitioned in another way than its definition says.
    """
    return commit_files(base, table, actions, replaced, {"userMetadata": ledger.encode(account)})


def commit_files(
    base: DeltaTable,
    table: Table,
    actions: Sequence[AddAction],
    replaced: Collection[str] | None,
    metadata: Mapping[str, str],
) -> int:
    """As :func:`commit`, with whatever the commit is to say of itself."""
    partitions = [table.partitioned_by] if table.partitioned_by else []
    if base.metadata().partition_columns != partitions:
        raise JobError(
            f"{table.name} was not published: it is partitioned by {base.metadata().partition_columns or 'nothing'}, "
            f"its definition says {partitions or 'nothing'}; move its folder away to have it made anew"
        )
    filters = None if replaced is None else [(partitions[0], "in", sorted({*replaced} - {NO_VALUE}))]
    try:
        base.create_write_transaction(
            list(actions),
            "overwrite",
            delta_schema(table),
            partitions,
            filters,
            commit_properties=CommitProperties(
                custom_metadata=dict(metadata),
                # The version after the one it was decided on, or none: a retry of delta-rs could keep both sides' rows.
                max_commit_retries=0,
            ),
        )
    except CommitFailedError as overtaken:
        raise OvertakenError(table.name) from overtaken
    return base.version() + 1


def _move_file(address: str, table: Table, file: StagedFile, publication: str, number: int) -> AddAction:
    values: dict[str, str | None] = {table.partitioned_by: file.part} if table.partitioned_by else {}
    folder = "".join(f"{name}={value}/" for name, value in values.items())
    path = f"{folder}{publication}-{number:05d}.parquet"
    statistics, size = _statistics(file.footer, table), file.size
    move_into(file.filesystem, file.path, f"{open_storage(address)[1]}/{path}")
    return AddAction(path, size, values, int(datetime.now(UTC).timestamp() * 1000), True, statistics)  # noqa: FBT003


def _statistics(footer: pq.FileMetaData, table: Table) -> str:
    """Delta's statistics of a file, from its Parquet footer: row count, and bounds and nulls of plain columns."""
    types = {c.name: kind.type for c in table.columns if isinstance(kind := delta_type(c.type), PrimitiveType)}
    nulls, lows, highs = {}, {}, {}
    for column in range(footer.num_columns if footer.num_row_groups else 0):
        chunks = [footer.row_group(group).column(column) for group in range(footer.num_row_groups)]
        name, told = chunks[0].path_in_schema, [chunk.statistics for chunk in chunks]
        # Of a column with very long values a file says nothing.
        if name in types and all(one is not None and one.null_count is not None for one in told):
            nulls[name] = sum(one.null_count for one in told)
        if types.get(name) in _BOUNDED and (bounds := _bounds(chunks)):
            lows[name], highs[name] = bounds
    return json.dumps({"numRecords": footer.num_rows, "minValues": lows, "maxValues": highs, "nullCount": nulls})


def _bounds(chunks: Sequence[pq.ColumnChunkMetaData]) -> tuple[Any, Any] | None:
    """Bounds of a column's values in a file; None if some of them are not known, as where there is a NaN."""
    pairs = []
    for chunk in chunks:
        told = chunk.statistics
        if told is not None and told.has_min_max:
            pairs.append((told.min, told.max))
        elif told is None or told.null_count is None or told.null_count < chunk.num_values:
            return None
    low, high = (_low(min(p[0] for p in pairs)), _high(max(p[1] for p in pairs))) if pairs else (None, None)
    return None if low is None or high is None else (low, high)


def _low(value: Any) -> Any:
    """A lower bound as the log writes it; None for a value that cannot be written."""
    if isinstance(value, str):
        return value[:BOUND_LENGTH]
    if isinstance(value, datetime):
        return _milliseconds(value)
    return _plain(value)


def _high(value: Any) -> Any:
    """An upper bound as the log writes it; None for a value that cannot be written."""
    if isinstance(value, str):
        bound = value if len(value) <= BOUND_LENGTH else value[:BOUND_LENGTH] + _LARGEST
        return bound if bound >= value else None
    if isinstance(value, datetime):
        # Written in milliseconds: rounded up, so that nothing lies above.
        return _milliseconds(value + timedelta(microseconds=999))
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else None


def _milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def rows_by_part(delta: DeltaTable) -> dict[str, int | None]:
    """Rows of each partition by the log, of a table without partitions under no name; None where it does not say."""
    actions, found = delta.get_add_actions(flatten=True), dict[str, int | None]()
    counted = zip(actions.column("path").to_pylist(), actions.column("num_records").to_pylist(), strict=True)
    for path, rows in counted:
        part = path.rpartition("/")[0].partition("=")[2]
        before = found.get(part, 0)
        found[part] = None if before is None or rows is None else before + rows
    return found


def outlived(base: DeltaTable, table: Table, replaced: Collection[str]) -> list[str]:
    """Partitions of a dated table that are older than those it keeps."""
    if table.keeps is None:
        return []
    nights = {part["night"] for part in base.partitions()} | set(replaced)
    return sorted(nights, reverse=True)[table.keeps :]
