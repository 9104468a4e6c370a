"""Imports that take seconds and that two jobs of a night may ask for at once."""

from importlib import import_module
from threading import RLock
from types import ModuleType

_ONE_AT_A_TIME = RLock()
"""Two threads that import PySpark or pandas at once find it half made."""


def load(module: str) -> ModuleType:
    """A module, imported by one thread at a time."""
    with _ONE_AT_A_TIME:
        return import_module(module)
