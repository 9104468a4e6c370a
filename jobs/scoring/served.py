"""Which lists were served when, and what they were made of: read from the ledger, without Spark."""

from datetime import date

from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry
from jobs.tables.gold import RECOMMENDATION_HISTORY, RECOMMENDATIONS


def kept_nights(root: str) -> list[date]:
    """The nights whose lists are kept, newest first."""
    history = ledger.open_table(root, RECOMMENDATION_HISTORY)
    partitions = history.partitions() if history else []
    return sorted((date.fromisoformat(part["night"]) for part in partitions), reverse=True)


def night_before(root: str, night: date) -> date | None:
    """The night whose lists were served until those of a night took their place.

    It is the night before that, unless the lists were rolled back to an older one in between.

    Returns:
        None if the lists of either night are not kept.
    """
    kept, lists = kept_nights(root), ledger.open_table(root, RECOMMENDATIONS)
    if night not in kept:
        return None
    earlier, version = [one for one in kept if one < night], _version_of(root, night)
    in_turn = (entry.night for entry in ledger.in_turn(RECOMMENDATIONS, lists, version)) if lists else ()
    return next((one for one in in_turn if one in earlier), max(earlier, default=None))


def made_of(root: str, night: date) -> Entry | None:
    """The publication of gold.recommendations whose lists are kept as those of a night.

    Returns:
        None if the night's lists are not kept, or the log of that time is gone.
    """
    version = _version_of(root, night)
    return None if version is None else ledger.as_of(root, RECOMMENDATIONS, version)


def _version_of(root: str, night: date) -> int | None:
    """The version of gold.recommendations whose lists are kept as those of a night."""
    for kept in ledger.history(root, RECOMMENDATION_HISTORY):
        if str(night) in (kept.replaced or ()):
            # A publication that offered nothing took the night out.
            return kept.inputs.get(RECOMMENDATIONS.name) if kept.offered else None
    return None
