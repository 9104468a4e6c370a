"""Take people out of a table's past: out of what the log says, and at once out of files that nobody reads but time travel.

The log is the ledger, so its entries stay: only the bounds of files, and words, that name the person go out of them. Bounds are
hints, without which readers find the same rows.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.lakehouse import ledger
from jobs.lakehouse.commit import BOUND_LENGTH
from jobs.lakehouse.forgetting import held_in, paths_of
from jobs.lakehouse.mending import ASIDE
from jobs.lakehouse.person import Person
from jobs.lakehouse.storage import STAGING, files_below, open_storage
from jobs.tables import Table

_LOG = "_delta_log"
_SAYS = frozenset({"commitInfo", "stats", "stats_parsed"})
"""What of an entry, or of a file in it, may name a viewer; all else is what Delta goes by."""
_BOUNDS = ("minValues", "maxValues")
_RECORD = "record"
"""Its bounds are the beginnings of records: they may end within an identifier."""


def files_with(root: str, table: Table, person: Person, *, served: bool) -> list[str]:
    """Files of a table that hold a person, below its folder, in order.

    Args:
        root: The lake's root.
        table: Which table.
        person: Who.
        served: Whether those that the newest version names count, too.
    """
    delta = ledger.open_table(root, table)
    if delta is None:
        return []
    filesystem, home = open_storage(f"{root}/{table.path}")
    named = set(paths_of(delta))
    beside = (f"{_LOG}/", f"{STAGING}/", f"{ASIDE}/")
    below = (path.removeprefix(f"{home}/") for path in files_below(filesystem, home, ".parquet"))
    return [
        path
        for path in below
        if (served or path not in named)
        and not path.startswith(beside)
        and _may_be_in(filesystem, f"{home}/{path}", table, person, is_served=path in named)
    ]


def _may_be_in(filesystem: pa.fs.FileSystem, path: str, table: Table, person: Person, *, is_served: bool) -> bool:
    """Whether a file holds a person; of the past, also one that nobody can read."""
    try:
        return any(mask.any() for mask in held_in(filesystem, path, table, person))
    except FileNotFoundError:
        return False  # maintenance was there before
    except (OSError, pa.ArrowException):
        return not is_served


def versions_with(root: str, table: Table, files: list[str]) -> list[int]:
    """Versions of a table that cannot be read without some files, in order."""
    gone, found = set(files), []
    for version, held in _versions(root, table) if files else ():
        if held & gone:
            found.append(version)
    return found


def _versions(root: str, table: Table) -> Iterator[tuple[int, set[str]]]:
    """The files of every version that the log tells of."""
    filesystem, home = open_storage(f"{root}/{table.path}")
    held: set[str] | None = None
    for path in files_below(filesystem, f"{home}/{_LOG}", ".json"):
        name = path.rpartition("/")[2].removesuffix(".json")
        if not name.isdigit():
            continue
        if held is None and int(name):
            # What came before was trimmed: a checkpoint knows.
            held = set(paths_of(DeltaTable(f"{root}/{table.path}", version=int(name))))
        else:
            held = held or set()
            for action in _actions(filesystem, path):
                if "remove" in action:
                    held.discard(action["remove"]["path"])
                if "add" in action:
                    held.add(action["add"]["path"])
        yield int(name), set(held)


def erase(root: str, table: Table, person: Person) -> int:
    """Delete the files of a table's past that hold a person; how many."""
    filesystem, home = open_storage(f"{root}/{table.path}")
    return _delete(filesystem, [f"{home}/{path}" for path in files_with(root, table, person, served=False)])


def _delete(filesystem: pa.fs.FileSystem, paths: list[str]) -> int:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            filesystem.delete_file(path)
    return len(paths)


def clean_log(root: str, table: Table, person: Person) -> int:
    """Take a person out of a table's log; how many entries and checkpoints named the person.

    Damaged pieces of it that a restore kept aside go whole: nobody can tell whom they name.
    """
    if ledger.open_table(root, table) is None:
        return 0
    filesystem, home = open_storage(f"{root}/{table.path}")
    entries = [path for path in files_below(filesystem, f"{home}/{_LOG}", ".json") if _clean(filesystem, path, person)]
    may_name = any(column.personal for column in table.columns)
    aside = _delete(filesystem, files_below(filesystem, f"{home}/{ASIDE}")) if may_name else 0
    return aside + len(entries) + _clean_checkpoints(root, table, person)


def _actions(filesystem: pa.fs.FileSystem, path: str) -> list[dict[str, Any]]:
    with filesystem.open_input_file(path) as file:
        return [json.loads(line) for line in file.read().splitlines() if line.strip()]


def _clean(filesystem: pa.fs.FileSystem, path: str, person: Person) -> bool:
    """Take a person out of an entry of the log; whether it named the person."""
    try:
        actions = _actions(filesystem, path)
    except FileNotFoundError:
        return False  # maintenance was there before
    cleaned = [_cleaned_action(action, person) for action in actions]
    if cleaned == actions:
        return False
    text = "".join(f"{json.dumps(action, ensure_ascii=False, separators=(',', ':'))}\n" for action in cleaned)
    _put(filesystem, path, lambda file: file.write(text.encode()))
    return True


def _put(filesystem: pa.fs.FileSystem, path: str, write: Any) -> None:
    """Let a file have another content: readers see the one or the other."""
    folder, _, name = path.rpartition("/")
    unfinished = f"{folder}/.{name}.{uuid4().hex}.tmp"
    with filesystem.open_output_stream(unfinished) as file:
        write(file)
    filesystem.move(unfinished, path)


def _cleaned_action(action: dict[str, Any], person: Person) -> dict[str, Any]:
    """An action without a person: in what it says, not in what Delta goes by, such as paths and names of columns."""
    return {
        kind: _cleaned(told, person)
        if kind in _SAYS
        else {name: _cleaned(held, person) if name in _SAYS else held for name, held in told.items()}
        if isinstance(told, dict)
        else told
        for kind, told in action.items()
    }


def _cleaned(value: Any, person: Person) -> Any:
    """A value without a person: bounds that name the person are left out, in words something else stands."""
    if isinstance(value, dict):
        return {
            name: _cleaned_bounds(held, person)
            if name in _BOUNDS and isinstance(held, dict)
            else _cleaned(held, person)
            for name, held in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(held, person) for held in value]
    if isinstance(value, tuple):
        return tuple(_cleaned(held, person) for held in value)
    if not isinstance(value, str):
        return value
    if value.startswith("{"):
        # JSON within JSON: statistics, and accounts.
        try:
            inner = json.loads(value)
        except ValueError:
            return person.masked(value)
        cleaned = _cleaned(inner, person)
        return value if cleaned == inner else json.dumps(cleaned, ensure_ascii=False)
    return person.masked(value)


def _cleaned_bounds(bounds: dict[str, Any], person: Person) -> dict[str, Any]:
    told = person.user_id[:BOUND_LENGTH]
    return {
        name: bound
        for name, bound in bounds.items()
        if name != _RECORD and not (isinstance(bound, str) and (told == bound or (person.is_telling and told in bound)))
    }


def _clean_checkpoints(root: str, table: Table, person: Person) -> int:
    """Take a person out of the checkpoints of a log whose entries are clean; how many named the person."""
    named = 0
    filesystem, home = open_storage(f"{root}/{table.path}")
    for path in files_below(filesystem, f"{home}/{_LOG}", ".parquet"):
        with filesystem.open_input_file(path) as file:
            rows = pq.read_table(file)
        held = rows.to_pylist()
        cleaned = [_cleaned_action(action, person) for action in held]
        if cleaned != held:
            without = pa.Table.from_pylist(cleaned, rows.schema)
            _put(filesystem, path, lambda file, rows=without: pq.write_table(rows, file, compression="snappy"))
            named += 1
    delta = ledger.open_table(root, table) if named else None
    if delta is not None:
        # Of the newest one readers are told the size.
        delta.create_checkpoint()
    return named


def remove_staged(root: str, table: Table, person: Person) -> int:
    """Remove what is staged with a person in it: the run that staged it died, or will be refused; how many folders."""
    filesystem, home = open_storage(f"{root}/{table.path}/{STAGING}")
    holding = {
        path.removeprefix(f"{home}/").partition("/")[0]
        for path in files_below(filesystem, home, ".parquet")
        if _is_staged_with(filesystem, path, table, person)
    }
    for name in holding:
        filesystem.delete_dir(f"{home}/{name}")
    return len(holding)


def _is_staged_with(filesystem: pa.fs.FileSystem, path: str, table: Table, person: Person) -> bool:
    """Whether a staged file holds a person: broken rows have their records beside their columns."""
    with filesystem.open_input_file(path) as file:
        parquet = pq.ParquetFile(file)
        held = set(parquet.schema_arrow.names)
        columns = [c.name for c in table.columns if c.personal and c.name in held] + ["_record"] * ("_record" in held)
        for batch in parquet.iter_batches(columns=columns):
            rows = pa.Table.from_batches([batch])
            records = rows["_record"].to_pylist() if "_record" in held else []
            if person.rows(rows, table).any() or any(person.has_record(one) for one in records if one):
                return True
    return False
