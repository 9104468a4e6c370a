"""Text that spreadsheets would run: catalogues' titles may begin with anything."""

import re

STARTS_A_FORMULA = "^[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
"""How a cell begins that spreadsheets run as a formula, as Python and DuckDB read it. The last four are the wide forms
of the first."""
_STARTS = re.compile(STARTS_A_FORMULA)


def defused(text: str) -> str:
    """The text as a cell of CSV that no spreadsheet runs: with a ``'`` in front, if it would."""
    return f"'{text}" if _STARTS.match(text) else text
