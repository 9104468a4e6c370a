"""Whether a row, a record or a text is of a person: the one rule by which somebody is forgotten everywhere.

A record is a person's if its ``user_id`` says so, or if it names the person, as a whole word, in a field that no event is known
to have. An identifier that might be a number of anything, such as ``42``, is looked for in ``user_id`` alone, and in lines that
nobody can parse.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.lakehouse.forgotten import KeptOut
from jobs.tables import TABLES, Table
from jobs.tables.bronze import INTERACTIONS

USER_ID = "user_id"
GONE = "(forgotten)"
"""What stands in a text where it named the person."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FEWEST_CHARACTERS = 6
"""A shorter identifier, one of digits alone, or a day, may mean something else wherever it does not stand under ``user_id``."""

ABOUT_VIEWERS = frozenset(table.name for table in TABLES if USER_ID in table.column_names)
"""Tables in whose records a number may be a viewer."""

_OTHERS = frozenset(INTERACTIONS.column_names) - {USER_ID, "extra"}
"""Fields of an event that mean something else, whatever stands in them."""

Mask = NDArray[np.bool_]


class Matcher(Protocol):
    """Knows whose rows are to go."""

    def rows(self, rows: pa.Table, table: Table) -> Mask:
        """Which rows of a table are to go."""
        ...

    def may_lie(self, low: str, high: str) -> bool:
        """Whether somebody's ``user_id`` may lie between two others."""
        ...


@dataclass(frozen=True)
class Person:
    """Somebody who is forgotten.

    Args:
        user_id: The identifier, without blanks around it.
    """

    user_id: str

    @property
    def is_telling(self) -> bool:
        """Whether the identifier means this person wherever it stands."""
        return (
            len(self.user_id) >= _FEWEST_CHARACTERS
            and not self.user_id.isdigit()
            # Accounts and pages are full of days.
            and not _DAY.fullmatch(self.user_id)
        )

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The identifier as it is, as CSV, Python, JSON and JSON within JSON spell it, and all this on a page; longest first."""
        spelled = {self.user_id, repr(self.user_id)[1:-1]}
        for _ in range(2):
            spelled |= {json.dumps(one, ensure_ascii=is_plain)[1:-1] for one in spelled for is_plain in (True, False)}
        spelled.add(self.user_id.replace('"', '""'))
        return tuple(sorted(spelled | set(map(html.escape, spelled)), key=lambda one: (-len(one), one)))

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """The spellings in UTF-8."""
        return tuple(one.encode("utf-8", "surrogatepass") for one in self.spellings)

    @cached_property
    def _word(self) -> re.Pattern[str]:
        """The identifier as a whole word; ``u7`` is neither in ``u77`` nor in ``u7-kids``, and is in ``(e.g. u7, u8).``."""
        spelled = "|".join(map(re.escape, self.spellings))
        return re.compile(rf"(?<!\w)(?<!\w[-.:@])(?:{spelled})(?!\w)(?![-.:@]\w)")

    @cached_property
    def _field(self) -> re.Pattern[str]:
        """The identifier under ``user_id`` in a JSON object within a text."""
        return re.compile(rf'("{USER_ID}"\s*:\s*"?){re.escape(self.user_id)}(?=["\s,}}])')

    def is_in(self, text: str) -> bool:
        """Whether a text names the person."""
        return self._is_likely(text) and self._word.search(text) is not None

    def _is_likely(self, text: str) -> bool:
        return any(one in text for one in self.spellings)

    def masked(self, text: str) -> str:
        """A text that does not name the person any more."""
        if not self._is_likely(text):
            return text
        return self._word.sub(GONE, text) if self.is_telling else self._field.sub(rf"\1{GONE}", text)

    def is_named(self, value: object) -> bool:
        """Whether a value of ``user_id`` is the identifier."""
        return value is not None and not isinstance(value, bool) and str(value).strip(" ") == self.user_id

    def has_fields(self, fields: dict[str, Any]) -> bool:
        """Whether a record is the person's, by its fields."""
        if self.is_named(fields.get(USER_ID)):
            return True
        unknown = {name: value for name, value in fields.items() if name not in _OTHERS}
        return self.is_telling and any(self.is_in(text) for text in _texts(unknown))

    def has_record(self, record: str) -> bool:
        """Whether a record as delivered is the person's: a JSON object, or whatever else was in a line."""
        try:
            fields = json.loads(record)
        except (ValueError, RecursionError):
            return self.is_in(record)
        return self.has_fields(fields) if isinstance(fields, dict) else self.is_in(record)

    def may_lie(self, low: str, high: str) -> bool:
        """Whether the identifier may lie between two others, whatever blanks are around it."""
        return low.startswith(" ") or low.rstrip(" ") <= self.user_id <= high

    def rows(self, rows: pa.Table, table: Table) -> Mask:
        """Which rows of a table are the person's, by its personal columns."""
        found = np.zeros(rows.num_rows, dtype=np.bool_)
        for column in (column for column in table.columns if column.personal and column.name in rows.column_names):
            values = rows[column.name]
            if column.name == USER_ID:
                found |= _true(pc.equal(pc.utf8_trim(values, " "), self.user_id))
            elif column.type.startswith("map"):
                for at in np.flatnonzero(_true(pc.is_valid(values))) if self.is_telling else ():
                    found[at] |= any(self.is_in(text) for text in _texts(dict(values[int(at)].as_py())))
            elif column.type.startswith("array"):
                said = values.to_pylist()
                found |= np.array([any(self.masked(text) != text for text in texts or ()) for texts in said], np.bool_)
            else:
                found |= self._records(rows, values)
        return found

    def _records(self, rows: pa.Table, values: pa.ChunkedArray) -> Mask:
        """Which rows of ops.quarantine hold a record of the person."""
        # JSON may spell any letter as an escape.
        likely = pc.or_(pc.match_substring(values, self.user_id), pc.match_substring(values, "\\"))
        found = np.zeros(rows.num_rows, dtype=np.bool_)
        for at in np.flatnonzero(_true(likely)):
            is_about = self.is_telling or rows["table_name"][int(at)].as_py() in ABOUT_VIEWERS
            found[at] = is_about and self.has_record(values[int(at)].as_py())
        return found


@dataclass(frozen=True)
class EverybodyForgotten:
    """Whoever is on the list, by ``user_id`` alone: more is not known of them."""

    out: KeptOut

    def may_lie(self, low: str, high: str) -> bool:  # noqa: ARG002
        """Where they lie is not known."""
        return True

    def rows(self, rows: pa.Table, table: Table) -> Mask:  # noqa: ARG002
        """Which rows of a table are of people on the list."""
        if USER_ID in rows.column_names:
            users = rows[USER_ID]
        elif "record" in rows.column_names:
            users = pa.chunked_array([pa.array(map(_user_of, rows["record"].to_pylist()), pa.string())])
        else:
            return np.zeros(rows.num_rows, dtype=np.bool_)
        gone = self.out.which(users.unique().to_pylist())
        return _true(pc.is_in(users, pa.array(sorted(gone), pa.string())))


def _user_of(record: str) -> str | None:
    try:
        fields = json.loads(record)
    except (ValueError, RecursionError):
        return None
    named = fields.get(USER_ID) if isinstance(fields, dict) else None
    return None if named is None else str(named)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, keys included."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield str(key)
            yield from _texts(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from _texts(held)
    elif value is not None:
        yield str(value)


def _true(found: pa.ChunkedArray) -> Mask:
    """As NumPy; a null is not true."""
    return np.asarray(pc.fill_null(found, False), dtype=np.bool_)  # noqa: FBT003
