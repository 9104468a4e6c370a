"""Planted lists of a whole night, for every limit of gold.recommendations: each breaks one, and no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import cycle

from tests.expectations.planted.planted import Row


@dataclass(frozen=True)
class Lists:
    """What a night lists, and what there is beside it."""

    rows: Sequence[Row]
    beside: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Table that limits name → its rows."""


def _listed(*titles: Sequence[str]) -> list[Row]:
    """A personal list for each viewer."""
    return [
        {"user_id": f"u{viewer}", "rank": rank, "title_id": title, "source": "personal"}
        for viewer, own in enumerate(titles)
        for rank, title in enumerate(own, start=1)
    ]


def _known(count: int) -> dict[str, Sequence[Row]]:
    """So many titles that viewers know and that may be listed: t0, t1, …"""
    titles = [f"t{n}" for n in range(count)]
    return {
        "silver.titles": [{"title_id": title} for title in titles],
        "silver.preferences": [{"user_id": "v", "title_id": title} for title in titles],
    }


LISTS = {
    # Two titles of 150 on 200 lists: 1.3 % of them.
    "coverage": Lists(_listed(*[("t0",), ("t1",)] * 100), _known(150)),
    # Three titles of a thousand share all 102 places.
    "gini": Lists(_listed(*[("t0",), ("t1",), ("t2",)] * 34), _known(1_000)),
    # One title is on every list, beside another of thirty.
    "title_share": Lists(
        _listed(*(("t0", other) for other, _ in zip(cycle(f"t{n}" for n in range(1, 30)), range(116), strict=False))),
        _known(30),
    ),
    # Nobody has a title of the night before.
    "overlap": Lists(_listed(*[("t0",)] * 100), {"gold.recommendations": _listed(*[("t1",)] * 100)}),
    # The 31st day after the night that the model was trained for.
    "model_age_days": Lists([{**_listed(("t0",))[0], "model_night": date(2026, 1, 29)}]),
}
"""By limit."""
