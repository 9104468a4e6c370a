"""The rules that a definition keeps: names, types, keys, partitions, inputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.tables.table import Column, Model, Source, Table

_SCALARS = frozenset({"string", "int", "bigint", "double", "boolean", "date", "timestamp"})
TYPES = _SCALARS | {f"array<{scalar}>" for scalar in _SCALARS} | {"map<string,string>"}
"""Types that every reader of the lake knows: Spark, delta-rs, DuckDB and Great Expectations."""

_READS_FROM = {
    "bronze": (),
    "silver": ("bronze", "silver"),
    "model": ("silver",),
    "gold": ("silver", "model", "gold"),
    "ops": (),
}
"""Layer → the layers that its tables may be made from."""

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_AS_A_SOURCE_NAMES_IT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NIGHT = "night"
_COLLECTIVES = frozenset({"people", "history", "quarantine", "forgotten", "profile"})
"""Nouns that name many rows without an s."""
_ENDINGS = (".", "…")
_BY_SUFFIX = {
    "_at": {"timestamp"},
    "_date": {"date"},
    "_id": {"string"},
    "_ids": {"array<string>"},
    "_count": {"int", "bigint"},
    "_year": {"int"},
    "_days": {"int"},
    "_minutes": {"int", "double"},
    "_usd": {"int", "bigint", "double"},
}
"""Suffix → the types of a column whose name ends with it."""
_BY_PREFIX = {"is_": {"boolean"}, "has_": {"boolean"}}
_TOLD_BY_NAME = {
    "timestamp": ("_at",),
    "date": ("_date", _NIGHT, "month"),
    "boolean": ("is_", "has_"),
}
"""Type → what the name of such a column says: a suffix, a prefix or the whole."""
_PERSONAL = "user_id"
_DELIVERED = ("string", True)
_EVERY_BRONZE_ROW = {"extra": "map<string,string>", "file": "string", _NIGHT: "date"}


def require(name: str, broken: Iterable[str]) -> None:
    """Refuse a definition that breaks rules.

    Raises:
        ValueError: Names the definition and every rule that it breaks.
    """
    problems = list(broken)
    if problems:
        raise ValueError(f"{name} is not well defined: {'; '.join(problems)}")


def broken_by_table(table: Table) -> Iterator[str]:
    """Every rule that a table breaks, in words."""
    yield from _of_name(table)
    yield from _of_words(table.grain, "the grain")
    yield from _of_columns(table)
    yield from _of_named_columns(table)
    yield from _of_time(table)
    yield from _of_inputs(table)
    yield from _twice(table.settings, "setting")
    if bool(table.files) != (table.layer == "bronze"):
        yield "files are what bronze is read from, and nothing else is"


def broken_by_model(model: Model) -> Iterator[str]:
    """Every rule that a model breaks, in words."""
    layer, _, noun = model.name.partition(".")
    if layer != "model" or not _SNAKE_CASE.fullmatch(noun):
        yield "a model is named model.noun, in snake case"
    yield from _of_words(model.grain, "the grain")
    yield from _of_inputs(model)
    yield from _twice(model.settings, "setting")


def broken_by_source(source: Source) -> Iterator[str]:
    """Every rule that a source breaks, in words."""
    if not _SNAKE_CASE.fullmatch(source.folder):
        yield "its folder is named in snake case"
    if not source.tables:
        yield "it delivers at least one table"
    yield from _twice([table.name for table in source.tables], "table")
    yield from (f"{table.name} is not bronze" for table in source.tables if table.layer != "bronze")


def _of_name(table: Table) -> Iterator[str]:
    """layer.plural_noun; bronze keeps the name that its source uses."""
    layer, _, noun = table.name.partition(".")
    if layer not in _READS_FROM or layer == "model":
        yield f"there is no layer {layer}"
    if not _SNAKE_CASE.fullmatch(noun):
        yield "its name is layer.plural_noun, in snake case"
    elif layer != "bronze" and not noun.endswith("s") and noun.split("_")[-1] not in _COLLECTIVES:
        yield f"{noun} is not a plural"


def _of_words(text: str, what: str) -> Iterator[str]:
    if not text.strip().endswith(_ENDINGS):
        yield f"{what} does not end in a full stop"


def _of_columns(table: Table) -> Iterator[str]:
    if not table.columns:
        yield "it has no columns"
    # Spark does not tell upper from lower case in names.
    yield from _twice([column.name.lower() for column in table.columns], "column")
    for column in table.columns:
        yield from _of_words(column.comment, f"the comment of {column.name}")
        if column.type not in TYPES:
            yield f"{column.name} has the type {column.type}, which is none of {', '.join(sorted(TYPES))}"
        if column.name == _PERSONAL and not column.personal:
            yield f"{column.name} is a person and is not marked personal"
        if table.layer != "bronze":
            yield from _of_column_name(column)
    if table.layer == "bronze":
        yield from _of_bronze(table)


def _of_column_name(column: Column) -> Iterator[str]:
    """A name says its type, and a type shows in the name; a name with an underscore in front is the door's own."""
    name, kind = column.name, column.type
    if not _SNAKE_CASE.fullmatch(name):
        yield f"{name} is not in snake case (names that begin with an underscore are reserved)"
    told = [types for suffix, types in _BY_SUFFIX.items() if name.endswith(suffix)]
    told += [types for prefix, types in _BY_PREFIX.items() if name.startswith(prefix)]
    told += [{"date"}] * (name == _NIGHT)
    yield from (
        f"{name} is of the type {kind}, not {' or '.join(sorted(types))}" for types in told if kind not in types
    )
    words = _TOLD_BY_NAME.get(kind, ())
    if words and not any(name == word or name.endswith(word) or name.startswith(word) for word in words):
        yield f"{name} is a {kind} and its name does not say so ({', '.join(words)})"


def _of_bronze(table: Table) -> Iterator[str]:
    """As delivered: strings, then what every bronze row carries."""
    own = [column for column in table.columns if column.name not in _EVERY_BRONZE_ROW]
    yield from (f"{c.name} is not a name" for c in own if not _AS_A_SOURCE_NAMES_IT.fullmatch(c.name))
    yield from (
        f"{c.name} is as delivered: a string that may be null" for c in own if (c.type, c.nullable) != _DELIVERED
    )
    if not table.is_dated:
        yield "bronze is dated: a partition per delivery"
    carried = {column.name: column.type for column in table.columns[len(own) :]}
    if carried != _EVERY_BRONZE_ROW or table.key:
        yield f"bronze has no key, and its last columns are {', '.join(_EVERY_BRONZE_ROW)}"


def _of_named_columns(table: Table) -> Iterator[str]:
    """Key, partition and clustering name columns of the table."""
    by_name = {column.name: column for column in table.columns}
    partitioned_by = (table.partitioned_by,) if table.partitioned_by else ()
    named = {
        "key": table.key,
        "partition": partitioned_by,
        "clustering": table.clustered_by,
        "unrepeated": table.unrepeated,
    }
    for use, names in named.items():
        yield from _twice(names, f"column of the {use}")
        yield from (f"the {use} names {name}, which is no column" for name in names if name not in by_name)
    for name in (*table.key, *partitioned_by):
        if name in by_name and by_name[name].nullable:
            yield f"{name} may be null, and rows are found by it"
    if table.arrives_sorted and not table.clustered_by:
        yield "it arrives sorted, but does not say by what"
    if set(partitioned_by) & set(table.clustered_by):
        yield f"{table.partitioned_by} is the same in all of a file's rows: they cannot be sorted by it"


def _of_time(table: Table) -> Iterator[str]:
    """A dated table has a partition per night; the layer ops is written by the door, which divides it as it needs."""
    if table.is_dated and table.partitioned_by != _NIGHT and table.layer != "ops":
        yield f"it is dated and not partitioned by {_NIGHT}"
    if not table.is_dated and table.partitioned_by == _NIGHT:
        yield f"it is current and partitioned by {_NIGHT}"
    if table.keeps is not None and (not table.is_dated or table.keeps < 1):
        yield "keeps counts the partitions of a dated table, at least one"
    if table.fresh_within_days is not None and table.fresh_within_days < 1:
        yield "it is fresh within one day at least: the newest night is the one before"
    if table.fresh_within_days is None and table.layer != "bronze":
        yield "no age is promised, and only what is delivered may come when it likes"


def _of_inputs(node: Table | Model) -> Iterator[str]:
    """From the layers below or its own; the first is the spine."""
    layer = node.name.partition(".")[0]
    allowed = _READS_FROM.get(layer, ())
    yield from _twice([upstream.name for upstream in node.inputs], "input")
    yield from (
        f"{upstream.name} is no input for {layer}"
        for upstream in node.inputs
        if upstream.name.partition(".")[0] not in allowed
    )
    if allowed and not node.inputs:
        yield "it has no inputs: the first is the spine, whose every row is accounted for"
    elif node.inputs and node.inputs[0].name.startswith("model."):
        yield f"{node.inputs[0].name} has no rows: it cannot be the spine"


def _twice(names: Iterable[str], what: str) -> Iterator[str]:
    yield from (f"the {what} {name} is named twice" for name, times in Counter(names).items() if times > 1)
