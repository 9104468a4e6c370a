"""What a definition consists of: columns, tables, the sources that deliver them, and the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["snapshot", "log", "current"]
"""``snapshot``: dated, a delivery replaces what the last one said; readers see the newest delivery.
``log``: dated, every partition counts; readers see all up to their night.
``current``: not dated, a run replaces the whole table."""


@dataclass(frozen=True)
class Column:
    """One column: its type as Spark SQL writes it, and what it means."""

    name: str
    type: str
    comment: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One Delta table: what a row is, what it is made from, and what it holds.

    ``inputs`` are the edges of the night's graph; the first is the spine, whose every row is accounted for.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    inputs: tuple[Table | Model, ...] = ()
    kind: Kind = "current"
    partitioned_by: str | None = None
    keeps: int | None = None
    """How many of the newest partitions of a dated table are kept; all, if None."""
    files: tuple[str, ...] = ()
    """For bronze: patterns of the delivered files."""

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
        """Whether a run replaces partitions instead of the whole."""
        return self.kind != "current"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Source:
    """A folder of ``landing/`` and the bronze tables that one job makes of it.

    The job of the source ``imdb`` is named ``bronze.imdb``.
    """

    folder: str
    tables: tuple[Table, ...]
    is_complete: bool
    """Whether a delivery holds a file for every table: one that lacks a file is refused."""

    @property
    def name(self) -> str:
        """Name of the job that ingests the source."""
        return f"bronze.{self.folder}"


@dataclass(frozen=True)
class Model:
    """A registered model: a node of the graph like a table, kept by MLflow instead of the lake."""

    name: str
    grain: str
    inputs: tuple[Table | Model, ...]
