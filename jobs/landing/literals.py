"""Cells that hold a Python literal, as some public dumps write lists: turned into JSON, and never evaluated.

A literal is read token by token, in one pass over a text of bounded length and depth. What is not made of lists,
dictionaries, strings, numbers, ``True``, ``False`` and ``None`` alone is no literal.
"""

import ast
import json
import re
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import StringType

LONGEST = 4 << 20
"""Characters of a cell; the longest list of a cast that was ever made has some hundred thousand."""
_DEEPEST = 16
"""Brackets within one another; a list of people has two."""
_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<text>'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+")
        |(?P<number>-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,3})?(?![0-9A-Za-z_.]))
        |(?P<word>None|True|False)(?![0-9A-Za-z_])
        |(?P<open>[\[{])|(?P<close>[\]}])|(?P<mark>[,:])
    )[ \t\r\n]*+""",
    re.VERBOSE,
)
_WORDS = {"None": "null", "True": "true", "False": "false"}


def to_json(text: str) -> str | None:
    """A Python literal as JSON; None if the text is none, or is longer or deeper than any of ours."""
    if len(text) > LONGEST:
        return None
    said: list[str] = []
    position = depth = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        position, kind, found = token.end(), token.lastgroup, token[token.lastgroup or 0]
        depth += (kind == "open") - (kind == "close")
        if depth > _DEEPEST:
            return None
        if kind == "text":
            written = _text(found)
            if written is None:
                return None
            said.append(written)
        else:
            said.append(_WORDS.get(found, found) if kind == "word" else found)
    written = "".join(said)
    try:
        json.loads(written)
    except ValueError:
        return None
    return written


def _text(quoted: str) -> str | None:
    """A quoted string as JSON; None of one with half a character in it."""
    try:
        # One string, nothing else: the pattern has seen to that.
        plain = ast.literal_eval(quoted) if "\\" in quoted else quoted[1:-1]
        plain.encode()
    except (ValueError, SyntaxError):
        return None
    return json.dumps(plain, ensure_ascii=False)


def as_json(column: str) -> Column:
    """A column of Python literals as JSON; null where it holds none."""
    convert: Any = arrow_udf(_to_json, StringType())  # type: ignore[call-overload]  # it knows no functions of arrays
    converted: Column = convert(F.col(column))
    return converted


def _to_json(texts: pa.Array) -> pa.Array:
    return pa.array([None if text is None else to_json(text) for text in texts.to_pylist()], pa.string())
