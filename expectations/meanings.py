"""What a reason code in ops.quarantine promises, in words, without Great Expectations, whose import takes seconds.

The words are the suites' own, kept in a file that ``make docs`` writes.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
FAULTS = {
    "line:field_count": "a line has as many fields as there are columns",
    "line:not_json": "a line is one JSON object",
}
"""What readers find wrong with a record of any table."""


def meaning(table: str, reason: str) -> str:
    """What a row of a table with this reason breaks, or waits for; empty for a code that today's code does not know any more."""
    return _kept().get(table, {}).get(reason) or FAULTS.get(reason, "")


@cache
def _kept() -> Mapping[str, Mapping[str, str]]:
    """Table → reason code → words."""
    found: Mapping[str, Mapping[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
