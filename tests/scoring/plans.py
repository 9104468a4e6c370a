"""Plans of a night for a model and a few titles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs import recommenders
from jobs.scoring.plan import Plan, plan_of
from jobs.scoring.rules import RULES
from jobs.scoring.top_n import Scorer

TITLES = pa.schema(
    [
        ("title_id", pa.string()),
        ("title", pa.string()),
        ("release_year", pa.int32()),
        ("genres", pa.list_(pa.string())),
        ("vote_count", pa.int32()),
        ("is_listable", pa.bool_()),
        ("viewers", pa.int64()),
        ("recent_viewers", pa.int64()),
    ]
)
"""What titles_for_lists returns."""
LISTS = ("directors", "leading_cast", "keywords", "genres")
PROFILES = pa.schema([("title_id", pa.string()), *((name, pa.list_(pa.string())) for name in LISTS)])
"""What profiles_for_lists returns."""


def plan_for(
    folder: Path,
    model: Scorer,
    titles: Mapping[str, Mapping[str, Any]],
    length: int,
    name: str = "als",
    **rules: float | None,
) -> Plan:
    """The plan of a model, which is saved into ``folder``, and of titles that may be listed unless they say otherwise.

    A title says how many viewers it has; all of them were there lately. A rule names a title and how much it is boosted,
    or None: the title is blocked.
    """
    recommenders.save(name, model, folder)
    rows: list[dict[str, Any]] = [
        {"title_id": title, "genres": [], "is_listable": True, "recent_viewers": facts.get("viewers")} | dict(facts)
        for title, facts in titles.items()
    ]
    known = pa.Table.from_pylist(rows, TITLES)
    said = [{"title_id": row["title_id"], "genres": row["genres"]} for row in rows]
    ruled = [
        {"rule": "block" if boost is None else "boost", "title_id": title, "boost": boost}
        for title, boost in rules.items()
    ]
    profiles = pa.Table.from_pylist(said, PROFILES)
    return plan_of(folder, model, known, profiles, pa.Table.from_pylist(ruled, RULES), length)
