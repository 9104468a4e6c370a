"""What silver reads as a number, date or flag has a promise: text that does not parse any more is set aside, not lost."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import jobs
from expectations.suites import suite_of
from jobs.tables import SOURCES, Table, bronze

_READ_BY = {"whole_number", "runtime", "rating"}
"""Functions that read numbers from the columns whose names they are given."""
_NAME_A_COLUMN = {"col", "stated", "left"}
"""Functions whose first argument is the column whose text is parsed."""
_LISTS = {"genres", "keywords", "credits", "cast", "crew", "characters"}
"""Columns that silver reads lists from, where they are JSON."""
_FLAGS = {"adult", "isAdult", "occurred_at"}
"""What is read otherwise than by a function that is looked for here."""
TABLES = [table for source in SOURCES for table in source.tables]


def called(node: ast.AST) -> str:
    """The last part of the name of what is called; empty of what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def texts(nodes: list[ast.expr]) -> Iterator[str]:
    yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


@cache
def parsed() -> set[str]:
    """Names of the columns that silver reads otherwise than as text."""
    found = set(_FLAGS)
    home = Path(jobs.__path__[0])
    for file in [*home.glob("catalogues/*.py"), *home.glob("silver/*.py"), *home.glob("events/*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and called(node) in _READ_BY:
                found |= set(texts(node.args))
            if called(node) == "try_cast" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                read = node.func.value
                if isinstance(read, ast.Call) and called(read) in _NAME_A_COLUMN:
                    found |= set(texts(read.args[:1]))
    return found


def test_finds_what_is_parsed() -> None:
    assert {
        "startYear",
        "runtimeMinutes",
        "numVotes",
        "vote_count",
        "release_date",
        "value",
        "boost",
        "until",
    } <= parsed()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_column_that_silver_parses_has_a_promise_of_how_it_is_written(table: Table) -> None:
    suite = suite_of(table)
    assert suite is not None
    missing = [name for name in table.column_names if name in parsed() and f"{name}:match_regex" not in suite.rows]

    assert missing == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_column_of_json_that_silver_reads_has_a_promise_that_it_is_whole(table: Table) -> None:
    suite = suite_of(table)
    assert suite is not None
    written = [column.name for column in table.columns if column.comment.startswith("JSON") and column.name in _LISTS]

    assert [name for name in written if f"{name}:match_regex" not in suite.rows] == []
    assert table is not bronze.TMDB_MOVIE_DETAILS or written == ["genres", "keywords", "credits"]
