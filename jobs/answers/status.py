"""How tables stand: which night each carries, and if that is not the newest, why. Without Spark."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from jobs.answers.sources import statuses_of_bronze
from jobs.answers.standing import State, Status, carrying, in_one_line, is_promised, with_causes
from jobs.errors import DamagedError, JobError
from jobs.lakehouse import ledger, refusals, remembered
from jobs.lakehouse.ledger import Served
from jobs.lakehouse.refusals import Refusal
from jobs.landing.deliveries import delivered_days
from jobs.sample_world import last_day
from jobs.settings import Settings
from jobs.tables import NODES, TABLES, Model, Node, Table
from jobs.tables.gold import RECOMMENDATIONS
from jobs.tables.model import CHAMPION
from jobs.tables.ops import REFUSALS
from jobs.tracking import registry
from jobs.tracking.server import require_up

_LEDGERS_AT_ONCE = 8
"""Reading one mostly waits for files."""


@dataclass(frozen=True)
class Standing:
    """How everything stands."""

    night: date | None
    """The newest night that there is: that was delivered, or that anything carries."""
    found: Sequence[Status]

    @property
    def in_one_line(self) -> str:
        """Whether the night is complete, and if not, the worst reason."""
        return in_one_line(self.night, self.found)


def standing(settings: Settings, today: date) -> Standing:
    """How tables and the model stand; of bronze those of which anything was ever delivered.

    Args:
        settings: Where everything is.
        today: Today's date; what was delivered before it should be there.

    Raises:
        JobError: The lake was made by a newer version.
    """
    # A table whose log is damaged is told of among the others: it hides none of them.
    root = settings.lake
    served, damaged = _ledgers(root)
    try:
        refused = _open_refusals(root, [name for name in served if name not in damaged])
    except DamagedError as error:
        damaged[REFUSALS.name], refused = str(error), {}
    nights = [held.entry.night for held in served.values() if held]
    counted = _counted(settings, today)
    newest = max([*nights, *(day for day in delivered_days(settings.landing) if day < counted)], default=None)
    found = list(statuses_of_bronze(settings, served, refused, counted))
    for node in NODES:
        if isinstance(node, Model):
            found.append(_status_of_model(settings, node, served, newest, counted))
        elif node.name in served and node.layer != "bronze":
            found.append(_status(root, node, served, refused.get(node.name), newest, counted))
    whole = [one for one in found if one.table not in damaged]
    told = [Status(name, "damaged", why.removeprefix(f"{name} ")) for name, why in damaged.items()]
    return Standing(newest, with_causes([*told, *whole]))


def _ledgers(root: str) -> tuple[dict[str, Served | None], dict[str, str]]:
    """What each table holds; and of those whose log is damaged, which hold nothing, what is wrong."""
    tables = [table for table in TABLES if table.layer != "ops"]
    with ThreadPoolExecutor(_LEDGERS_AT_ONCE) as threads:
        read = list(threads.map(partial(_ledger, root), tables))
    served = {table.name: None if isinstance(one, str) else one for table, one in zip(tables, read, strict=True)}
    return served, {table.name: one for table, one in zip(tables, read, strict=True) if isinstance(one, str)}


def _ledger(root: str, table: Table) -> Served | str | None:
    """What a table holds; if its log is damaged, what is wrong."""
    try:
        return remembered.served(root, table)
    except DamagedError as error:
        return str(error)


def _counted(settings: Settings, today: date) -> date:
    """The day that ages are counted to, for which nothing is awaited yet; of a sample world the one after its last.

    Its days go on one by one: what people say meanwhile is of the next.
    """
    last = last_day(settings.landing)
    return min(last + timedelta(days=1), today) if last else today


def _status_of_model(
    settings: Settings, model: Model, served: Mapping[str, Served | None], newest: date | None, today: date
) -> Status:
    """The champion, beside the newest night that there is; by the registry, for the lake does not hold it."""
    try:
        require_up(settings, "what serves is not known")
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
        state, why = "behind", f"night {newest} is not decided"
    elif changed := _changed(settings.lake, model, decided.inputs, served):
        state, why = "outdated", changed
    told = (
        f"version {champion.version}, {champion.recommender}, of {_days(days)} before the newest night (at most {most})"
    )
    return Status(
        model.name,
        state,
        why,
        champion.night,
        age_days=(today - champion.night).days,
        promised_days=most,
        serves=told,
    )


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _open_refusals(root: str, whole: Sequence[str]) -> Mapping[str, Refusal]:
    """The last refusal of each whole table that was not published since."""
    tables = {table.name: table for table in TABLES if table.name in whole}
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
    instead_of = None
    if refusal:
        state, instead_of = "stale", refusal.night
        why = f"night {refusal.night} was refused: {'; '.join(refusal.problems)}"
    elif rolled_back:
        state, instead_of = "rolled back", rolled_back.since
        why = f"night {rolled_back.since} was rolled back by {rolled_back.by}: {rolled_back.reason}"
    elif entry is None:
        state = "never published"
    elif newest and entry.night < newest:
        state, why = "behind", f"night {newest} is not done"
    elif changed := _outdated(root, table, served):
        state, why = "outdated", changed
    version = entry.inputs.get(CHAMPION.name) if entry and table == RECOMMENDATIONS else None
    made_by = f"model version {version}" if version is not None else ""
    status = Status(table.name, state, why, instead_of=instead_of, serves=made_by)
    return is_promised(table, carrying(status, held, today))
