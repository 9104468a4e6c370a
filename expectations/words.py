"""Promises in words: what pages about tables and about nights say of them."""

import math
from typing import Any

from great_expectations.expectations.expectation import Expectation

from expectations.suite import Reference

_NOT_TOLD = {"column", "mostly"}


def reference_in_words(reference: Reference) -> str:
    """A promise about another table in words."""
    columns = ", ".join(f"`{column}`" for column in reference.columns)
    found = "is found in" if reference.exists else "is not in"
    waits = "; a row that is not waits and is offered again every night" if reference.parks else ""
    return f"{columns} {found} {reference.to.name} (`{reference.reason}`){waits}"


def in_words(expectation: Expectation) -> str:
    """An expectation in words: its own description, else what its kind says of its column and its arguments."""
    if expectation.description:
        return str(expectation.description)
    kind, given = expectation.expectation_type.removeprefix("expect_"), expectation.configuration.kwargs
    subject = f"`{given['column']}`" if "column" in given else ""
    if kind == "table_columns_to_match_ordered_list":
        return "exactly these columns, in this order"
    if kind == "table_row_count_to_be_between":
        return f"the number of rows is {_between(given)}"
    if kind == "column_values_to_not_be_null":
        return f"{subject} is never null"
    if kind == "column_values_to_be_between":
        return f"{subject} is {_between(given)}"
    if kind == "column_value_lengths_to_be_between":
        return f"the length of {subject} is {_between(given)}"
    if kind == "column_values_to_match_regex":
        return f"{subject} matches `{given['regex']}`"
    if kind == "column_values_to_be_in_set":
        return f"{subject} is one of {', '.join(f'`{value}`' for value in given['value_set'])}"
    if kind == "column_values_to_not_be_in_set":
        return f"{subject} is not {', '.join(f'`{value}`' for value in given['value_set'])}"
    others = [f"{name} `{value}`" for name, value in given.items() if name not in _NOT_TOLD and value is not None]
    said = kind.removeprefix("column_values_to_").removeprefix("column_").replace("_", " ")
    return " ".join(part for part in (subject, said, ", ".join(others)) if part)


def _between(given: dict[str, Any]) -> str:
    """Bounds in words: ``from 1874 to 2035``, ``at least 1``, ``a finite number``."""
    low, high = given.get("min_value"), given.get("max_value")
    if (low, high) == (-math.inf, math.inf):
        return "a finite number"
    above = "more than" if given.get("strict_min") else "at least"
    below = "less than" if given.get("strict_max") else "at most"
    if low is not None and high is not None and above == "at least" and below == "at most":
        return f"from {_value(low)} to {_value(high)}"
    bounds = [f"{word} {_value(bound)}" for word, bound in ((above, low), (below, high)) if bound is not None]
    return " and ".join(bounds)


def _value(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
