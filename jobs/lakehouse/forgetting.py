"""Take people's rows out of tables: one commit a table, which names nobody, without Spark.

Files that hold a person are written anew without the rows; the others of the same partitions are linked under new names, as
a commit replaces partitions. Delta's own DELETE would write into the log whom it deletes.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import OvertakenError, commit_files, move_files
from jobs.lakehouse.forgotten import KeptOut
from jobs.lakehouse.ledger import Account, Entry, Part
from jobs.lakehouse.person import USER_ID, EverybodyForgotten, Mask, Matcher
from jobs.lakehouse.staging import NO_VALUE, StagedFile
from jobs.lakehouse.storage import STAGING, open_storage, remove
from jobs.tables import TABLES, Table
from jobs.tables.ops import QUARANTINE

PERSONAL = tuple(table for table in TABLES if any(column.personal for column in table.columns))
"""Tables that may hold a viewer."""
_ATTEMPTS = 20
_RUN = "reelhouse forget"


@dataclass(frozen=True)
class SetAside:
    """Rows of ops.quarantine that go, of one table and part: the account of the table counts them."""

    broken: int = 0
    parked: int = 0
    by_reason: Mapping[str, int] = field(default_factory=dict)


def paths_of(delta: DeltaTable) -> list[str]:
    """Paths of a version's files, below the table's folder, in order."""
    return sorted(delta.get_add_actions(flatten=True).column("path").to_pylist())


def part_of(path: str) -> str:
    """The partition that a file is of."""
    return path.rpartition("/")[0].partition("=")[2]


def held_in(filesystem: pa.fs.FileSystem, path: str, table: Table, matcher: Matcher) -> Iterator[Mask]:
    """For each row group of a file, which rows are to go; from its personal columns alone, and bounds where they tell."""
    personal = [column.name for column in table.columns if column.personal]
    with filesystem.open_input_file(path) as file:
        parquet = pq.ParquetFile(file)
        for number in range(parquet.num_row_groups):
            group = parquet.metadata.row_group(number)
            if personal == [USER_ID] and not _may_hold(group, matcher):
                yield np.zeros(group.num_rows, dtype=np.bool_)
                continue
            rows = _plain(parquet.read_row_group(number, columns=personal))
            if table.partitioned_by and table.partitioned_by not in rows.column_names:
                of = pa.array([part_of(path)] * rows.num_rows, pa.string())
                rows = rows.append_column(table.partitioned_by, of)
            yield matcher.rows(rows, table)


def _plain(rows: pa.Table) -> pa.Table:
    """Rows with texts as Arrow computes with them: delta-rs notes in files that it wrote that they are views of texts."""
    return rows.cast(pa.schema([pa.field(one.name, _plain_type(one.type), one.nullable) for one in rows.schema]))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.list_(_plain_type(kind.value_type)) if pa.types.is_list(kind) else kind


def _may_hold(group: pq.RowGroupMetaData, matcher: Matcher) -> bool:
    for column in range(group.num_columns):
        chunk = group.column(column)
        if chunk.path_in_schema == USER_ID and (told := chunk.statistics) is not None and told.has_min_max:
            return matcher.may_lie(str(told.min), str(told.max))
    return True


def rows_held(root: str, table: Table, matcher: Matcher) -> dict[str, int]:
    """Rows of a table as it is served that are to go, by partition; only partitions with any."""
    delta = ledger.open_table(root, table)
    return _rows_held(root, table, delta, matcher) if delta else {}


def _rows_held(root: str, table: Table, delta: DeltaTable, matcher: Matcher) -> dict[str, int]:
    filesystem, home = open_storage(f"{root}/{table.path}")
    counted: Counter[str] = Counter()
    for path in paths_of(delta):
        try:
            held = sum(int(mask.sum()) for mask in held_in(filesystem, f"{home}/{path}", table, matcher))
        except (OSError, pa.ArrowException) as error:
            raise JobError(
                f"{table.name} was not searched: {path} cannot be read; `reelhouse restore {table.name} --deep` shows which "
                "versions can be: put one back, then run it again"
            ) from error
        counted.update({part_of(path): held} if held else {})
    return dict(counted)


def set_aside(root: str, matcher: Matcher) -> dict[str, dict[str, SetAside]]:
    """Rows of ops.quarantine that are to go and that accounts count, by table and part."""
    delta = ledger.open_table(root, QUARANTINE)
    found: dict[str, dict[str, SetAside]] = {}
    filesystem, home = open_storage(f"{root}/{QUARANTINE.path}")
    for path in paths_of(delta) if delta else ():
        masks = list(held_in(filesystem, f"{home}/{path}", QUARANTINE, matcher))
        if not any(mask.any() for mask in masks):
            continue
        with filesystem.open_input_file(f"{home}/{path}") as file:
            rows = _plain(pq.ParquetFile(file).read(columns=["part", "state", "reasons"]))
        for row in rows.filter(pa.array(np.concatenate(masks))).to_pylist():
            if row["state"] != "refused":
                parts = found.setdefault(part_of(path), {})
                before = parts.get(row["part"], SetAside())
                is_parked = row["state"] == "parked"
                parts[row["part"]] = SetAside(
                    before.broken + (not is_parked),
                    before.parked + is_parked,
                    Counter(before.by_reason) + Counter(row["reasons"]),
                )
    return found


def take_out(
    root: str,
    table: Table,
    matcher: Matcher,
    aside: Mapping[str, SetAside],
    contents: Mapping[str, str],
) -> int:
    """Take rows out of a table as it is served.

    Args:
        root: The lake's root.
        table: Which table.
        matcher: Whose rows.
        aside: Rows of it in ops.quarantine that go, too, by part as quarantine names it.
        contents: For bronze: hash of each delivery as it will be, by day, where that differs from what the lake says.

    Returns:
        Rows taken out; 0 if nothing had to be done.

    Raises:
        JobError: Others kept publishing the table meanwhile.
    """
    for _ in range(_ATTEMPTS):
        base = ledger.open_table(root, table)
        if base is None:
            return 0
        rows = _rows_held(root, table, base, matcher)
        entry = ledger.in_force(table, base) if table.layer != "ops" else None
        known = {_as_part(part, table): told for part, told in aside.items()} if entry else {}
        parts = sorted({*rows, *known, *(contents if entry else ())})
        if not parts:
            return 0
        replaced = None if not table.partitioned_by or NO_VALUE in parts else parts
        metadata = {ledger.FORGETS: "true", "run": _RUN}
        if entry:
            past = ledger.history(root, table) if table.is_dated else [entry]
            account = _account(entry, past, table, replaced, (rows, known, contents))
            metadata["userMetadata"] = ledger.encode(account)
            metadata |= {"rollback": ledger.rollback_metadata(entry.rollback)} if entry.rollback else {}
        try:
            _rewrite(root, table, base, base, replaced, matcher, metadata)
        except OvertakenError:
            continue
        return sum(rows.values())
    raise JobError(f"{table.name} holds the person still: others kept publishing it meanwhile; run it again")


def go_back(
    root: str,
    table: Table,
    base: DeltaTable,
    entry: Entry | None,
    version: int,
    out: KeptOut,
    metadata: Mapping[str, str],
) -> int | None:
    """Let a table hold what it held at an earlier version, without those who were forgotten since, in one commit.

    Args:
        root: The lake's root.
        table: Which table.
        base: It, as it is now.
        entry: The publication in force at that version; None for a table that keeps no account.
        version: The version.
        out: Who was forgotten.
        metadata: What the commit says of itself beside the account.

    Returns:
        The new version; None if nobody who was forgotten is in the earlier one: then nothing was done.

    Raises:
        OvertakenError: Somebody else committed meanwhile. Nothing has become visible.
        GoneError: The version is not kept any more.
    """
    matcher, source = EverybodyForgotten(out), ledger.open_version(root, table, version)
    rows = _rows_held(root, table, source, matcher)
    if not rows:
        return None
    if entry is None:
        return _rewrite(root, table, base, source, None, matcher, metadata)
    parts = {part: _without(counts, rows.get(part, 0), SetAside()) for part, counts in entry.parts.items()}
    # Of a dated table the account is of the partitions that were replaced then, the rows are of the whole table.
    taken = 0 if table.is_dated else sum(rows.values())
    spine = Counter(entry.spine)
    if spine and taken:
        spine.update({"published": -taken, "forgotten": taken})
    account = replace(
        _account_of(entry, parts),
        offered=entry.offered - taken,
        published=entry.published - taken,
        spine=dict(spine),
        forgotten=entry.forgotten + sum(rows.values()),
    )
    return _rewrite(root, table, base, source, None, matcher, {**metadata, "userMetadata": ledger.encode(account)})


def _rewrite(
    root: str,
    table: Table,
    base: DeltaTable,
    source: DeltaTable,
    parts: Collection[str] | None,
    matcher: Matcher,
    metadata: Mapping[str, str],
) -> int:
    """Let a table hold what it held at a version, without the rows that are to go, in one commit.

    Raises:
        OvertakenError: Somebody else committed meanwhile. Nothing has become visible.
    """
    filesystem, home = open_storage(f"{root}/{table.path}")
    name = f"forget-{uuid4().hex[:12]}"
    folder = f"{home}/{STAGING}/{name}"
    filesystem.create_dir(folder, recursive=True)
    try:
        staged = []
        for number, path in enumerate(paths_of(source)):
            if parts is None or part_of(path) in parts:
                target = f"{folder}/{number:05d}.parquet"
                if _write_without(filesystem, f"{home}/{path}", target, table, matcher):
                    staged.append(StagedFile(filesystem, target, part_of(path), is_kept=True))
        return commit_files(base, table, move_files(root, table, staged, name), parts, metadata)
    finally:
        remove(filesystem, folder)


def _write_without(filesystem: pa.fs.FileSystem, path: str, target: str, table: Table, matcher: Matcher) -> bool:
    """Write a file again without the rows that are to go; whether any are left."""
    masks = list(held_in(filesystem, path, table, matcher))
    if not any(mask.any() for mask in masks):
        if isinstance(filesystem, pa.fs.LocalFileSystem):
            os.link(path, target)
        else:
            filesystem.copy_file(path, target)
        return True
    if all(mask.all() for mask in masks):
        return False
    with filesystem.open_input_file(path) as file, filesystem.open_output_stream(target) as output:
        parquet = pq.ParquetFile(file)
        packed = parquet.metadata.row_group(0).column(0).compression
        schema = _plain(parquet.schema_arrow.empty_table()).schema
        with pq.ParquetWriter(output, schema, compression=packed, store_schema=False) as writer:
            for number, mask in enumerate(masks):
                left = _plain(parquet.read_row_group(number)).filter(pa.array(~mask))
                if left.num_rows:
                    writer.write_table(left)
    return True


def _as_part(part: str, table: Table) -> str:
    """A part of quarantine as the table names it."""
    return part if part or not table.partitioned_by else NO_VALUE


def _account(
    entry: Entry,
    past: list[Entry],
    table: Table,
    replaced: list[str] | None,
    gone: tuple[Mapping[str, int], Mapping[str, SetAside], Mapping[str, str]],
) -> Account:
    """The account of the publication in force, without what is taken out: it stays that publication."""
    rows, aside, contents = gone
    parts = dict(entry.parts)
    if table.is_dated:
        told = {part: counts for one in reversed(past) for part, counts in one.parts.items()}
        parts = {part: told.get(part, Part(published=0)) for part in replaced or ()}
    parts = {part: _without(counts, rows.get(part, 0), aside.get(part, SetAside())) for part, counts in parts.items()}
    taken, broken = sum(rows.values()), sum(one.broken for one in aside.values())
    parked = sum(one.parked for one in aside.values())
    spine = Counter(entry.spine)
    if entry.spine and not table.is_dated:
        spine.update({"published": -taken, "set_aside": -broken, "parked": -parked})
        spine["forgotten"] += taken + broken + parked
    quarantined = Counter(entry.quarantined)
    for one in aside.values():
        quarantined.subtract({reason: count for reason, count in one.by_reason.items() if reason in quarantined})
    return replace(
        _account_of(entry, parts),
        offered=sum(part.offered for part in parts.values()) if parts else entry.offered - taken - broken - parked,
        published=sum(part.published for part in parts.values()) if parts else entry.published - taken,
        parked=sum(part.parked for part in parts.values()) if parts else entry.parked - parked,
        quarantined={reason: count for reason, count in quarantined.items() if count > 0},
        spine=_records(parts) if table.is_dated and "records" in entry.spine else {} if table.is_dated else dict(spine),
        replaced=replaced,
        deliveries={day: contents.get(day, content) for day, content in entry.deliveries.items()},
        forgotten=entry.forgotten + taken + broken + parked,
        run=_RUN,
    )


def _account_of(entry: Entry, parts: Mapping[str, Part]) -> Account:
    """What a publication says of itself, with other counts of its parts."""
    known = {item.name for item in fields(Account)}
    return Account(**{name: value for name, value in asdict(entry).items() if name in known} | {"parts": dict(parts)})


def _records(parts: Mapping[str, Part]) -> dict[str, int]:
    """What became of every record of some deliveries: their files hold the person no more."""
    told = {
        "published": sum(part.published for part in parts.values()),
        "set_aside": sum(part.broken for part in parts.values()),
        "parked": sum(part.parked for part in parts.values()),
    }
    return {"records": sum(told.values()), **told}


def _without(part: Part, rows: int, aside: SetAside) -> Part:
    """Counts of a part without some of its rows."""
    left = Counter(part.by_reason)
    left.subtract(aside.by_reason)
    return replace(
        part,
        published=max(part.published - rows, 0),
        broken=max(part.broken - aside.broken, 0),
        parked=max(part.parked - aside.parked, 0),
        by_reason={reason: count for reason, count in left.items() if count > 0},
    )
