"""The nearest of some names to one that is none of them."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name nearest to ``name``, whether or not that gives the layer."""
    by_short = {full.rpartition(".")[2]: full for full in names}
    by_name = {**by_short, **{full: full for full in by_short.values()}}
    near = get_close_matches(name.lower(), by_name, n=1)
    return by_name[near[0]] if near else None
