"""What a definition consists of: columns, tables, the sources that deliver them, and the model.

A definition checks itself when it is made: one that breaks rules of :mod:`jobs.tables.rules` raises a ValueError that
names every one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from jobs.tables import rules

Kind = Literal["snapshot", "log", "current"]
"""``snapshot``: dated, a delivery replaces what the last one said; readers see the newest delivery.
``log``: dated, every partition counts; readers see all up to their night.
``current``: not dated, a run replaces the whole table, or the partitions that may have changed."""

Owner = Literal["catalogue", "viewing", "recommendations", "platform"]
"""Who answers for what a table says. ``catalogue``: titles and people. ``viewing``: what viewers do.
``recommendations``: the model and its lists. ``platform``: what happened to the rows."""


@dataclass(frozen=True)
class Column:
    """One column: its type as Spark SQL writes it, and what it means.

    A column is ``personal`` if it holds a viewer: the identifier of a person who watches, or text as delivered in which
    it may stand. The people in catalogues are not meant: who made a film or plays in it is public.
    """

    name: str
    type: str
    comment: str
    nullable: bool = True
    personal: bool = False
    literal: bool = False
    """Whether it is delivered as a Python literal, such as ``[{'id': 18, 'name': 'Drama'}]``."""


@dataclass(frozen=True)
class Table:
    """One Delta table: what a row is, what it is made from, and what it holds.

    ``inputs`` are the edges of the night's graph; the first is the spine, whose every row is accounted for.
    """

    name: str
    grain: str
    owner: Owner
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    inputs: tuple[Node, ...] = ()
    kind: Kind = "current"
    partitioned_by: str | None = None
    clustered_by: tuple[str, ...] = ()
    """What the rows of a file are sorted by: the columns that readers filter on."""
    arrives_sorted: bool = False
    """Whether its job hands rows over in that order already, so that the door need not sort them."""
    unrepeated: tuple[str, ...] = ()
    """Columns of a large table whose values hardly repeat, as scores and sentences: no dictionary of them is written."""
    keeps: int | None = None
    """How many of the newest partitions of a dated table are kept; all, if None."""
    fresh_within_days: int | None = 1
    """The age that is promised: the most days from the night it carries to today, of bronze from its last delivery. One: in
    the morning it carries the night before. None: nothing is promised, as of a set that is delivered once."""
    files: tuple[str, ...] = ()
    """For bronze: patterns of the delivered files."""
    settings: tuple[str, ...] = ()
    """Fields of the settings that shape the rows: another value makes another table."""

    def __post_init__(self) -> None:
        rules.require(self.name, rules.broken_by_table(self))

    def __hash__(self) -> int:
        """By its name: what it is made of is all there is upstream."""
        return hash(self.name)

    @property
    def layer(self) -> str:
        """``bronze``, ``silver``, ``gold`` or ``ops``."""
        return self.name.partition(".")[0]

    @property
    def path(self) -> str:
        """Address below the lake's root: ``silver/titles``."""
        return self.name.replace(".", "/")

    @property
    def is_dated(self) -> bool:
        """Whether it is divided by night, and keeps what earlier nights said."""
        return self.kind != "current"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(column.name for column in self.columns)

    def optional_beside(self, held: Collection[str]) -> tuple[Column, ...]:
        """Columns that may be null, and that a version of the table before they were defined does not hold."""
        return tuple(column for column in self.columns if column.nullable and column.name not in held)


@dataclass(frozen=True)
class Source:
    """A folder of ``landing/`` and the bronze tables that one job makes of it.

    The job of the source ``imdb`` is named ``bronze.imdb``.
    """

    folder: str
    tables: tuple[Table, ...]
    is_complete: bool
    """Whether a delivery holds a file for every table: one that lacks a file is refused."""

    def __post_init__(self) -> None:
        rules.require(self.name, rules.broken_by_source(self))

    @property
    def name(self) -> str:
        """Name of the job that ingests the source."""
        return f"bronze.{self.folder}"


@dataclass(frozen=True)
class Model:
    """A registered model: a node of the graph like a table, kept by MLflow instead of the lake."""

    name: str
    grain: str
    owner: Owner
    inputs: tuple[Node, ...]
    settings: tuple[str, ...] = ()
    """Fields of the settings that shape it: another value makes another model."""

    def __post_init__(self) -> None:
        rules.require(self.name, rules.broken_by_model(self))

    def __hash__(self) -> int:
        """By its name: what it is made of is all there is upstream."""
        return hash(self.name)

    @property
    def layer(self) -> str:
        """``model``."""
        return self.name.partition(".")[0]


Node = Table | Model
"""What the graph of a night consists of."""
