"""Planted rows: for every promise of every suite, values that break it and nothing else, and values that just keep it."""

from tests.expectations.planted.bronze import BRONZE
from tests.expectations.planted.changes import CHANGES
from tests.expectations.planted.gold import GOLD
from tests.expectations.planted.planted import Planted
from tests.expectations.planted.silver import SILVER

PLANTED: dict[str, Planted] = {**BRONZE, **SILVER, **GOLD, **CHANGES}
"""By the name of the table."""

__all__ = ["PLANTED", "Planted"]
