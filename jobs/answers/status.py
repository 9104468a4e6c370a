"""How tables stand: which night each carries, and if that is not the newest, why. Without Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from jobs.errors import JobError
from jobs.lakehouse import ledger, refusals
from jobs.lakehouse.ledger import Served
from jobs.lakehouse.refusals import Refusal
from jobs.landing.deliveries import delivered_days
from jobs.settings import Settings
from jobs.tables import NODES, TABLES, Model, Node, Table
from jobs.tables.gold import RECOMMENDATIONS
from jobs.tables.model import CHAMPION
from jobs.tracking import registry

State = Literal["fresh", "stale", "behind", "outdated", "old", "rolled back", "never published", "none yet", "unknown"]
"""``stale``: a later night was refused. ``behind``: a later night was delivered, or is carried by others. ``outdated``: of
its inputs others are served now than it was made from. Of the model: ``old``: lists would be refused for its age; ``none
yet``; ``unknown``: MLflow does not say."""


@dataclass(frozen=True)
class Status:
    """How a table, or the model, stands."""

    table: str
    state: State
    why: str = ""
    """What stands behind a state other than fresh, or what a person decided."""
    night: date | None = None
    """The night that it carries."""
    rows: int | None = None
    age_days: int | None = None
    """Days from that night to today."""
    serves: str = ""
    """Of the lists: what made them. Of the model: version, recommender, and days beside how many it may be old."""

    @property
    def is_fresh(self) -> bool:
        """Whether it is as it should be."""
        return self.state == "fresh"


def statuses(settings: Settings, today: date) -> list[Status]:
    """How the tables of silver and gold and the model stand, and tables of bronze of which a delivery is refused.

    Args:
        settings: Where everything is.
        today: Today's date; what was delivered before it should be there.

    Raises:
        JobError: The lake was made by a newer version.
    """
    root = settings.lake
    served = {table.name: ledger.served(root, table) for table in TABLES if table.layer != "ops"}
    refused = _open_refusals(root)
    nights = [held.entry.night for held in served.values() if held]
    newest = max([*nights, *(day for day in delivered_days(settings.landing) if day < today)], default=None)
    found = []
    for node in NODES:
        if isinstance(node, Model):
            found.append(_status_of_model(settings, node, served, newest, today))
        elif node.name in served and (node.layer != "bronze" or node.name in refused):
            found.append(_status(root, node, served, refused.get(node.name), newest, today))
    return found


def _status_of_model(
    settings: Settings, model: Model, served: Mapping[str, Served | None], newest: date | None, today: date
) -> Status:
    """The champion, beside the newest night that there is; by the registry, for the lake does not hold it."""
    try:
        champion, decided = registry.champion(settings), registry.decided(settings)
    except JobError as gone:
        return Status(model.name, "unknown", str(gone))
    if champion is None or decided is None:
        return Status(model.name, "none yet", "no registered version serves")
    most, days = settings.limits.model_age_days, ((newest or today) - champion.night).days
    state: State = "fresh"
    why = ""
    if days > most:
        state, why = "old", f"trained for a night {_days(days)} before the newest, lists take at most {most}"
    elif newest and decided.night < newest:
        state, why = "behind", f"night {newest} is there"
    elif changed := _changed(settings.lake, model, decided.inputs, served):
        state, why = "outdated", changed
    told = (
        f"version {champion.version}, {champion.recommender}, of {_days(days)} before the newest night (at most {most})"
    )
    return Status(model.name, state, why, champion.night, None, (today - champion.night).days, told)


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _open_refusals(root: str) -> Mapping[str, Refusal]:
    """The last refusal of each table that was not published since."""
    tables = {table.name: table for table in TABLES}
    by_time = sorted(refusals.newest(root).values(), key=lambda refusal: (refusal.refused_at, refusal.night))
    last = {refusal.table_name: refusal for refusal in by_time if refusal.table_name in tables}
    return {name: one for name, one in last.items() if not refusals.is_settled(root, tables[name], one)}


def _outdated(root: str, table: Table, served: Mapping[str, Served | None]) -> str:
    """Which inputs of a table are not served as they were when it was made; empty if all are, or it waits for a person."""
    held = served[table.name]
    spine = served.get(table.inputs[0].name) if table.inputs else None
    if held is None or (spine and spine.entry.held_against(held.entry.night)):
        return ""
    return _changed(root, table, held.entry.inputs, served)


def _changed(root: str, node: Node, inputs: Mapping[str, int | None], served: Mapping[str, Served | None]) -> str:
    """Which tables are not served at the versions that a table or the model was made from; empty if all are."""
    said = []
    for one in node.inputs:
        now, version = served.get(one.name), inputs.get(one.name)
        if now is None or not isinstance(one, Table) or one.name not in inputs:
            continue
        if version is None:
            said.append(f"without {one.name}, which is there now")
        elif not ledger.is_served(root, one, now, version):
            said.append(f"from version {version} of {one.name}, {now.version} is served")
    return f"made {', and '.join(said)}" if said else ""


def _status(
    root: str,
    table: Table,
    served: Mapping[str, Served | None],
    refusal: Refusal | None,
    newest: date | None,
    today: date,
) -> Status:
    """One table, beside the newest night that there is."""
    state: State = "fresh"
    held = served[table.name]
    entry = held.entry if held else None
    why = f"accepted by {entry.accepted['by']}: {entry.accepted['reason']}" if entry and entry.accepted else ""
    rolled_back = entry.rollback if entry and entry.rollback and entry.rollback.holds else None
    if refusal:
        state, why = "stale", f"refused for night {refusal.night} because {'; '.join(refusal.problems)}"
    elif rolled_back:
        why = f"from night {rolled_back.since} by {rolled_back.by}: {rolled_back.reason}"
        state = "rolled back"
    elif entry is None:
        state = "never published"
    elif newest and entry.night < newest:
        state, why = "behind", f"night {newest} is there"
    elif changed := _outdated(root, table, served):
        state, why = "outdated", changed
    if held is None or entry is None:
        return Status(table.name, state, why)
    version = entry.inputs.get(CHAMPION.name) if table == RECOMMENDATIONS else None
    return Status(
        table.name,
        state,
        why,
        entry.night,
        held.rows,
        (today - entry.night).days,
        f"model version {version}" if version is not None else "",
    )
