"""ops.quarantine: the rows that were offered and not published, as offered, with their reasons.

A publication becomes visible first, then its broken rows: they stay staged in between, so that whoever comes next can
finish what a kill interrupted (:func:`settle`). Table and quarantine cannot disagree for longer than that.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from pyarrow.dataset import Dataset
from pyarrow.dataset import dataset as arrow_dataset

from expectations.suite import PARKED
from jobs.lakehouse import forgotten, ledger, staging
from jobs.lakehouse.audit.mark import LINE, REASONS, RECORD
from jobs.lakehouse.commit import abandon, open_or_create
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.staging import NO_VALUE, WHOLE, StagedFile
from jobs.lakehouse.storage import STAGING, folders_in, open_storage, remove
from jobs.tables import TABLES, Table
from jobs.tables.ops import QUARANTINE

_SCHEMA = pa.schema(
    [
        ("table_name", pa.string()),
        ("night", pa.date32()),
        ("reasons", pa.list_(pa.string())),
        ("record", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("state", pa.string()),
        ("part", pa.string()),
        ("publication", pa.string()),
    ]
)
_LOOKED_BACK_AT = 50
"""Commits of a table: more are not made between a publication and its rows in quarantine."""
_ATTEMPTS = 20
_RESTORED = "restored"
"""File in a staged publication's folder that says: it is older, and its table is taken back to it."""
_ABANDONED_AFTER = timedelta(days=1)
"""No publication takes that long: what is staged for longer was left by a run that died."""


def replace(
    root: str, table: Table, files: Collection[StagedFile], parts: Collection[str] | None, publication: str, night: date
) -> None:
    """Replace what quarantine holds of a table, or of some of its parts, by the broken rows of a publication.

    Args:
        root: The lake's root.
        table: The table they were offered to.
        files: Staged files of the broken rows.
        parts: Parts that the publication replaced; None for all of the table.
        publication: Its name.
        night: The night that published.
    """
    if not files and not _holds(root, table):
        return
    owned = _is_of(table)
    if parts is not None:
        named = [f"part IN ({', '.join(repr(shown(part)) for part in sorted(parts))})"] if parts else []
        conditions = [*named, *_outlived(root, table)]
        if not conditions:
            return  # a publication that replaces no part: what is set aside of the others stays
        owned += f" AND ({' OR '.join(conditions)})"
    _write(root, files, table, publication, night, owned, refused=False, parts=parts)


def _outlived(root: str, table: Table) -> list[str]:
    """The condition of rows of partitions that a table no longer keeps, if it keeps but some."""
    delta = ledger.open_table(root, table) if table.keeps else None
    kept = [part["night"] for part in delta.partitions()] if delta else []
    return [f"(part < '{min(kept)}' AND state <> 'refused')"] if kept else []


def _is_overtaken(root: str, table: Table, publication: str, parts: Collection[str] | None) -> bool:
    """Whether a later publication has replaced any part of this one."""
    for entry in ledger.history(root, table, _LOOKED_BACK_AT):
        if entry.publication == publication:
            return False
        if parts is None or entry.replaced is None or set(parts) & set(entry.replaced):
            return True
    return False


def keep_refused(root: str, table: Table, files: Collection[StagedFile], publication: str, night: date) -> None:
    """Keep the broken rows of a publication that was refused, beside what is set aside of the one in force.

    Args:
        root: The lake's root.
        table: The table they were offered to.
        files: Staged files of the broken rows of the refused parts.
        publication: Its name.
        night: The night that would have published.
    """
    parts = sorted({shown(file.part) for file in files})
    if parts:
        owned = f"{_is_of(table)} AND state = 'refused' AND part IN ({', '.join(map(repr, parts))})"
        _write(root, files, table, publication, night, owned, refused=True)


def rows_of(root: str, table: Table, parts: Collection[str] | None) -> Dataset:
    """What quarantine holds of a table, or of some of its parts: part, record, and all reasons in one text."""
    delta = ledger.open_table(root, QUARANTINE)
    columns = {"part": pa.string(), "record": pa.string(), "reasons": pa.string()}
    if delta is None:
        return arrow_dataset(pa.table({name: pa.array([], kind) for name, kind in columns.items()}))
    of = pc.field("table_name") == table.name
    if parts is not None:
        of &= pc.field("part").isin([shown(part) for part in parts])
    held = delta.to_pyarrow_dataset(file_pruning_predicate=[("table_name", "=", table.name)]).to_table(
        list(columns), filter=of
    )
    return arrow_dataset(held.set_column(2, "reasons", reasons_in_one(held.column("reasons"))))


def reasons_in_one(reasons: pa.ListArray | pa.ChunkedArray) -> pa.StringArray | pa.ChunkedArray:
    """All reasons of each row as one text."""
    return pc.binary_join(reasons.cast(pa.list_(pa.string())), " ")


def counts_by_part(root: str, table: Table) -> dict[str, dict[str, int]]:
    """Part of a table that has rows in quarantine → how many, by their state."""
    delta = ledger.open_table(root, QUARANTINE)
    found = dict[str, dict[str, int]]()
    if delta is not None:
        held = delta.to_pyarrow_dataset(file_pruning_predicate=[("table_name", "=", table.name)]).to_table(
            ["part", "state"]
        )
        for row in held.group_by(["part", "state"]).aggregate([([], "count_all")]).sort_by("part").to_pylist():
            found.setdefault(row["part"], {})[row["state"]] = row["count_all"]
    return found


def settle(root: str, tables: Iterable[Table] = TABLES) -> None:
    """Finish what a killed run left: quarantine the rows of a publication in force, sweep up what never became one.

    Args:
        root: The lake's root.
        tables: Which tables to look at.
    """
    filesystem, path = open_storage(root)
    for table in tables:
        for folder in folders_in(filesystem, f"{path}/{table.path}/{STAGING}"):
            entry = ledger.latest(root, table)
            is_restored = _exists(filesystem, f"{folder.path}/{_RESTORED}")
            if entry is None or entry.publication != folder.base_name:
                # Of a dated table a later publication of other partitions may have come since.
                past = ledger.history(root, table, _LOOKED_BACK_AT) if table.is_dated and not is_restored else []
                entry = next((one for one in past if one.publication == folder.base_name), None)
            if entry is not None:
                if is_restored:
                    bring_back(root, table, entry)
                    remove(filesystem, folder.path)
                    continue
                broken = [file for file in staging.staged_files(filesystem, folder.path) if not file.is_kept]
                replace(root, table, broken, entry.replaced, entry.publication, entry.night)
                remove(filesystem, folder.path)
            elif _age(folder) > _ABANDONED_AFTER:
                abandon(root, table, folder.base_name)
                remove(filesystem, folder.path)


def announce(root: str, table: Table, publication: str, *, is_restored: bool) -> tuple[pa.fs.FileSystem, str]:
    """Note that a commit without staged rows is being made, so that :func:`settle` can finish what follows from it.

    Args:
        root: The lake's root.
        table: Which table.
        publication: Its name.
        is_restored: Whether it is an older publication that the table is taken back to.

    Returns:
        The folder of the note, to be removed when all is done.
    """
    filesystem, path = open_storage(f"{root}/{table.path}/{STAGING}/{publication}")
    filesystem.create_dir(path, recursive=True)
    if is_restored:
        with filesystem.open_output_stream(f"{path}/{_RESTORED}"):
            pass
    return filesystem, path


def remembers(root: str, table: Table, entry: Entry) -> bool:
    """Whether what was set aside when a publication became visible can be looked up."""
    if not _had_any(entry):
        return True
    return not _tells_of_forgotten(root, table, entry) and _files_then(root, table, entry) is not None


def _tells_of_forgotten(root: str, table: Table, entry: Entry) -> bool:
    """Whether what was set aside of a publication may be of people who were forgotten since: nobody reads it again."""
    return any(column.personal for column in table.columns) and forgotten.any_since(root, entry.at)


def bring_back(root: str, table: Table, entry: Entry) -> None:
    """Make quarantine hold of a table what it held when a publication had become visible.

    Args:
        root: The lake's root.
        table: Which table.
        entry: The publication, in force again.
    """
    # A publication of a dated table tells of the parts that it replaced, and quarantine holds those of all.
    is_known = (table.is_dated or _had_any(entry)) and not _tells_of_forgotten(root, table, entry)
    files = _files_then(root, table, entry) if is_known else None
    if files is None and not _holds(root, table):
        return

    def batches() -> Iterator[pa.RecordBatch]:
        for file in files or ():
            filesystem, path = open_storage(file)
            with filesystem.open_input_file(path) as opened:
                for batch in pq.ParquetFile(opened).iter_batches():
                    rows = pa.Table.from_batches([batch])
                    named = rows.append_column("table_name", pa.array([table.name] * batch.num_rows))
                    for added in (field for field in _SCHEMA if field.name not in named.column_names):
                        named = named.append_column(added, pa.nulls(batch.num_rows, added.type))
                    yield from named.select(_SCHEMA.names).cast(_SCHEMA).to_batches()

    _patiently(lambda: _overwrite(root, batches(), table, entry.publication, _is_of(table)))


def _is_of(table: Table) -> str:
    """The condition of the rows of a table."""
    return f"table_name = '{table.name}'"


def _had_any(entry: Entry) -> bool:
    """Whether any row of what the table held was set aside or parked."""
    return any(part.broken or part.parked for part in entry.parts.values()) or bool(entry.quarantined or entry.parked)


def _files_then(root: str, table: Table, entry: Entry) -> list[str] | None:
    """Files of quarantine with the rows of a table's publication; None where its log does not tell, or they are gone."""
    delta = ledger.open_table(root, QUARANTINE)
    told = {"table": table.name, "publication": entry.publication}
    commits = delta.history() if delta and entry.publication else []
    version = next((commit["version"] for commit in commits if told.items() <= commit.items()), None)
    if version is None:
        return None
    files = DeltaTable(f"{root}/{QUARANTINE.path}", version=version).file_uris(file_pruning_predicate=_is_of(table))
    # They may have been vacuumed since.
    return files if all(_exists(*open_storage(file)) for file in files) else None


def _exists(filesystem: pa.fs.FileSystem, path: str) -> bool:
    return bool(filesystem.get_file_info(path).type == pa.fs.FileType.File)


def _age(folder: pa.fs.FileInfo) -> timedelta:
    return datetime.now(UTC) - (folder.mtime or datetime.now(UTC))


def _holds(root: str, table: Table) -> bool:
    """Whether quarantine has any row of the table."""
    delta = ledger.open_table(root, QUARANTINE)
    return delta is not None and any(part["table_name"] == table.name for part in delta.partitions())


def _write(
    root: str,
    files: Collection[StagedFile],
    table: Table,
    publication: str,
    night: date,
    owned: str,
    *,
    refused: bool,
    parts: Collection[str] | None = None,
) -> None:
    """Replace the rows that a condition names; others write their tables' rows meanwhile, so again if need be.

    What was overtaken meanwhile is not written: quarantine is of the publication in force.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        for file in files:
            for batch in file.batches([REASONS, RECORD, "file", LINE]):
                yield _rows(batch, file.part, table, publication, night, refused=refused)

    def write() -> None:
        if refused or not _is_overtaken(root, table, publication, parts):
            _overwrite(root, batches(), table, publication, owned)

    _patiently(write)


def _overwrite(root: str, batches: Iterator[pa.RecordBatch], table: Table, publication: str, owned: str) -> None:
    """Replace the rows that a condition names; the commit says whose they are, so that they can be found again."""
    write_deltalake(
        open_or_create(root, QUARANTINE),
        pa.RecordBatchReader.from_batches(_SCHEMA, batches),
        mode="overwrite",
        predicate=owned,
        schema_mode="merge",
        commit_properties=CommitProperties(custom_metadata={"table": table.name, "publication": publication}),
    )


def _patiently(work: Callable[[], None]) -> None:
    """Do it again while somebody else's commit comes first."""
    for attempt in range(_ATTEMPTS):
        try:
            work()
        except (CommitFailedError, DeltaError):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.05 * (attempt + 1))
        else:
            return


def _rows(
    batch: pa.RecordBatch, part: str, table: Table, publication: str, night: date, *, refused: bool
) -> pa.RecordBatch:
    """Broken rows as rows of ops.quarantine."""
    count, held = batch.num_rows, batch.schema.names
    reasons = batch.column(REASONS).cast(pa.list_(pa.string()))
    parking = np.asarray(pc.starts_with(reasons.flatten(), PARKED))
    is_broken = np.bincount(np.asarray(pc.list_parent_indices(reasons)), weights=~parking, minlength=count) > 0
    states = pa.array(np.where(is_broken, "refused" if refused else "set_aside", "refused" if refused else "parked"))
    own_night = date.fromisoformat(part) if table.is_dated and part not in {WHOLE, NO_VALUE} else night
    return pa.RecordBatch.from_arrays(
        [
            pa.array([table.name] * count),
            pa.array([own_night] * count, pa.date32()),
            reasons,
            batch.column(RECORD),
            batch.column("file") if "file" in held else pa.nulls(count, pa.string()),
            batch.column(LINE) if LINE in held else pa.nulls(count, pa.int64()),
            states.cast(pa.string()),
            pa.array([shown(part)] * count),
            pa.array([publication] * count),
        ],
        schema=_SCHEMA,
    )


def shown(part: str) -> str:
    """A part as quarantine names it; empty where rows have no value."""
    return "" if part == NO_VALUE else part


def unnumber(root: str, table: Table, files: Collection[tuple[str, str]]) -> None:
    """Let nothing be said of where rows of some files stand: the files will be others.

    Args:
        root: The lake's root.
        table: The table they were offered to.
        files: Day of the delivery and name of each file.
    """
    delta = ledger.open_table(root, QUARANTINE)
    if delta is None or not files:
        return
    of = pc.field("table_name") == table.name
    held = delta.to_pyarrow_dataset().to_table(["part", "file", "line"], filter=of & pc.field("line").is_valid())
    told = {(row["part"], row["file"]) for row in held.select(["part", "file"]).to_pylist()}
    for part, name in sorted(told & set(files)):
        quoted = name.replace("'", "''")
        delta.update(
            predicate=f"{_is_of(table)} AND part = '{part}' AND file = '{quoted}'",
            updates={"line": "CAST(NULL AS BIGINT)"},
        )
