"""What silver reads as a number, date or flag has a promise: text that does not parse any more is set aside, not lost."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import jobs
from expectations.suites import suite_of
from jobs.tables import SOURCES, Table

_READ_BY = {"whole_number", "runtime", "rating"}
"""Functions that read numbers from the columns whose names they are given."""
_NAME_A_COLUMN = {"col", "stated", "left"}
"""Functions whose first argument is the column whose text is parsed."""
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
