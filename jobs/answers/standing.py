"""How a table, or the model, stands, and how all of them do in one line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from jobs.answers.text import listing
from jobs.lakehouse.ledger import Entry, Served
from jobs.tables import NODES, Table

State = Literal[
    "fresh",
    "damaged",
    "stale",
    "behind",
    "late",
    "outdated",
    "old",
    "rolled back",
    "never published",
    "none yet",
    "unknown",
]
"""``damaged``: its log cannot be read. ``stale``: a later night was refused. ``behind``: a later night was delivered, or is
carried by others. ``late``: nothing later is there, and it is older than its definition promises. ``outdated``: of its inputs
others are served now than it was made from. Of the model: ``old``: lists would be refused for its age; ``none yet``;
``unknown``: MLflow does not say."""
WORST_FIRST: tuple[State, ...] = (
    *(
        "damaged",
        "stale",
        "unknown",
        "behind",
        "never published",
        "none yet",
        "late",
        "old",
        "outdated",
        "rolled back",
        "fresh",
    ),
)
_MENDED_FIRST = {"damaged", "stale", "behind", "never published", "none yet"}
"""What is made from such a table is not made before it is mended."""
_WAITING = {"behind", "never published", "none yet"}
_TOLD = 120
"""Characters of a reason in the line about all tables; below it stands whole."""


@dataclass(frozen=True)
class Status:
    """How a table, or the model, stands; counts, seconds and warnings are of its last publication."""

    table: str
    state: State
    why: str = ""
    """What stands behind a state other than fresh, or what a person decided."""
    night: date | None = None
    """The night that it carries; of bronze, the last delivery that it holds."""
    instead_of: date | None = None
    """The night that is not served: it was refused, or somebody rolled it back."""
    rows: int | None = None
    set_aside: int | None = None
    """Broken rows."""
    parked: int | None = None
    """Rows that wait for another table."""
    age_days: int | None = None
    """Days from that night to today; of a sample world, to the day after its last one."""
    promised_days: int | None = None
    """The most of these days that its definition promises; None if it promises nothing."""
    seconds: float | None = None
    bytes: int | None = None
    """Size of the files that a reader of it reads."""
    serves: str = ""
    """Of the lists: what made them. Of the model: version, recommender, and days beside how many it may be old."""
    volume: str = ""
    """Its number of rows beside what is usual, in words; without enough nights before, that there is no baseline."""
    run: str = ""
    """What published it: an Airflow run, or a command."""
    warnings: Sequence[str] = ()
    """What was unusual of its last publication, and did not stop it."""
    waits_for: Sequence[str] = ()
    """What has to be mended first, of the tables that it is made from."""

    @property
    def is_fresh(self) -> bool:
        """Whether it is as it should be."""
        return self.state == "fresh"

    @property
    def is_overdue(self) -> bool:
        """Whether it is older than is promised, whatever the state."""
        return self.age_days is not None and self.promised_days is not None and self.age_days > self.promised_days


def carrying(status: Status, held: Served | None, today: date) -> Status:
    """A status with the figures of what a table holds.

    Args:
        status: Its state; its night, where that is not the one of the publication.
        held: What it holds now.
        today: The day that ages are counted to.
    """
    if held is None:
        return status
    entry = held.entry
    night = status.night or entry.night
    return replace(
        status,
        night=night,
        rows=held.rows,
        set_aside=set_aside_of(entry),
        parked=entry.parked,
        age_days=(today - night).days,
        seconds=round(entry.seconds, 1),
        bytes=held.bytes,
        volume=_volume(entry),
        run=entry.run,
        warnings=[str(seen["said"]) for seen in entry.limits.values() if seen["state"] == "unusual" and "said" in seen],
    )


def set_aside_of(entry: Entry) -> int:
    """Broken rows of a publication."""
    if entry.parts:
        return sum(part.broken for part in entry.parts.values())
    return max(entry.offered - entry.published - entry.parked, 0)


def with_causes(found: Iterable[Status]) -> list[Status]:
    """The same, those that wait with what has to be mended first."""
    by_name = {one.table: one for one in found}
    causes: dict[str, tuple[str, ...]] = {}
    for node in NODES:  # inputs come first
        one = by_name.get(node.name)
        if one is None or one.is_fresh:
            continue
        above = [name for upstream in node.inputs for name in causes.get(upstream.name, ())]
        if one.state in _WAITING and above:
            causes[node.name] = tuple(dict.fromkeys(above))
            by_name[node.name] = replace(one, waits_for=causes[node.name])
        elif one.state in _MENDED_FIRST:
            causes[node.name] = (node.name,)
    return list(by_name.values())


@dataclass(frozen=True)
class Reason:
    """Why some tables are not as they should be."""

    state: State
    why: str
    tables: Sequence[str]


def reasons_of(found: Iterable[Status]) -> list[Reason]:
    """Why what is not fresh is not, the worst first; of many tables with one reason, once."""
    ordered = sorted(found, key=lambda one: (WORST_FIRST.index(one.state), bool(one.waits_for)))
    reasons: dict[tuple[State, str], list[str]] = {}
    for one in ordered:
        if not one.is_fresh:
            why = f"waits for {listing(one.waits_for)}" if one.waits_for else one.why
            reasons.setdefault((one.state, why), []).append(one.table)
    return [Reason(state, why, tables) for (state, why), tables in reasons.items()]


def in_one_line(night: date | None, found: Sequence[Status]) -> str:
    """Whether a night is complete, and if not, the worst reason.

    Args:
        night: The newest night that there is.
        found: How everything stands.
    """
    tables = [one for one in found if not one.table.startswith("model.")]
    fresh = sum(one.is_fresh for one in tables)
    if night is None and all(one.state != "damaged" for one in found):
        return "no night yet: nothing was delivered and nothing is published"
    causes = sorted(
        (one for one in found if not one.is_fresh and not one.waits_for), key=lambda one: WORST_FIRST.index(one.state)
    )
    if not causes:
        return f"night {night} is complete: all {len(tables)} tables fresh"
    worst = causes[0]
    waiting = sum(worst.table in one.waits_for for one in found)
    counted = f"all {fresh}" if fresh == len(tables) else f"{fresh} of {len(tables)}"
    parts = [f"{f'night {night}' if night else 'no night can be told'}: {counted} tables fresh", _in_words(worst)]
    parts += [f"{waiting} more wait for it"] if waiting else []
    parts += [f"{len(causes) - 1} other reasons below"] if len(causes) > 2 else []
    parts += [f"{causes[1].table} is {causes[1].state}"] if len(causes) == 2 else []
    return "; ".join(parts)


def _volume(entry: Entry) -> str:
    """A publication's number of rows beside what is usual."""
    judged = entry.limits.get("rows")
    if judged is None or "said" not in judged:
        return ""
    said = str(judged["said"]).removeprefix("rows ")
    return f"{said}, no baseline yet" if judged["state"] == "no baseline" else said


def _in_words(one: Status) -> str:
    """What is not as it should be of one table, in a clause."""
    why = one.why if len(one.why) <= _TOLD else f"{one.why[:_TOLD].rstrip()}…"
    if one.state in {"stale", "rolled back", "behind"} and one.night:
        verb = "holds the delivery of" if one.table.startswith("bronze.") else "serves"
        return f"{one.table} {verb} {one.night} because {why}"
    verb = "was" if one.state in {"never published", "rolled back"} else "is"
    state = "not there yet" if one.state == "none yet" else one.state
    return f"{one.table} {verb} {state}{why and f': {why}'}"


def is_promised(table: Table, status: Status) -> Status:
    """A status with the age that the table's definition promises; ``late`` where nothing else is wrong, and it is older."""
    promised = replace(status, promised_days=table.fresh_within_days)
    if not promised.is_overdue or promised.state not in {"fresh", "outdated"}:
        return promised
    days = f"{table.fresh_within_days} day{'' if table.fresh_within_days == 1 else 's'}"
    if table.layer == "bronze":
        why = f"last delivered for {status.night}, {status.age_days} days ago; promised within {days}"
    else:
        why = f"carries {status.night}, {status.age_days} days ago, and no later night is there; promised within {days}"
    return replace(promised, state="late", why=why)


def next_command(found: Sequence[Status]) -> str:
    """What is worth typing next: the worst is looked at first."""
    states = {one.state for one in found}
    if "damaged" in states:
        return f"reelhouse restore {next(one.table for one in found if one.state == 'damaged')}"
    if "stale" in states:
        return 'reelhouse sql "SELECT table_name, night, problems, page FROM ops.refusals ORDER BY refused_at DESC LIMIT 5"'
    if states & {"behind", "outdated", "none yet", "never published"}:
        return "reelhouse night"
    if states & {"old", "unknown"}:
        return "reelhouse models"
    if "late" in states:
        return "reelhouse delivered"
    if "rolled back" in states:
        return "reelhouse history gold.recommendations"
    has_changes = any(one.rows for one in found if one.table == "gold.recommendation_changes")
    return "reelhouse diff" if has_changes else "reelhouse show"
