"""Take a table, a source or the model back to a night, and what was made from it too if asked to; or serve a kept night.

Without Spark.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from jobs.errors import JobError
from jobs.lakehouse import forgotten, ledger
from jobs.landing.deliveries import delivered_days
from jobs.runs.imports import load
from jobs.settings import Settings
from jobs.tables import NODES, Model, Node, Table, job_inputs, job_of, nodes_of

if TYPE_CHECKING:
    from jobs.lakehouse.undoing import Undoing


@dataclass(frozen=True)
class Step:
    """One table or model that goes back."""

    name: str
    newest: date
    """The newest night that is undone."""
    does: str
    """What goes, in words."""
    leaves: str
    """What is in force then, in words."""
    undoing: "Undoing | None" = None
    """Of a table."""
    version: int | None = None
    """Of the model: the registered version that serves then."""


@dataclass(frozen=True)
class Reset:
    """What going back to a night means."""

    steps: tuple[Step, ...]
    """Empty if there is nothing to undo."""
    behind: tuple[str, ...]
    """What was made from it and is of later nights, and stays as it is."""
    again: date | None
    """The night to run once the cause is mended: the newest one undone that was delivered."""


def plan(settings: Settings, job: str, night: date, *, downstream: bool) -> Reset:
    """Find out what going back to a night means; nothing is changed.

    Args:
        settings: Where everything is.
        job: Name of a table, a source or the model.
        night: The night to go back to.
        downstream: Whether what was made from it goes back too.

    Raises:
        JobError: Something has no state of a night so early, or the lake was made by a newer version.
    """
    named = nodes_of(job)
    made = made_from(named)
    steps = [step for node in named if (step := _step(settings, node, night))]
    _require_something_left(settings, job, named, steps, night)
    behind: list[str] = []
    if downstream:
        steps += [step for node in made if (step := _step(settings, node, night))]
    elif any(isinstance(node, Model) or ledger.latest(settings.lake, node) for node in named):
        behind = [node.name for node in made if _carries_later(settings, node, night)]
    undone = max((step.newest for step in steps), default=None)
    days = [day for day in delivered_days(settings.landing) if undone and day <= undone]
    return Reset(tuple(steps), tuple(behind), max(days, default=None))


def apply(settings: Settings, steps: Collection[Step], run: str) -> Iterator[str]:
    """Do it, inputs first.

    Returns:
        What is in force of each then, in words, as it is done.

    Raises:
        JobError: Somebody published meanwhile, or files are gone; what came before it is done, and a further call goes on.
    """
    tables = [step.undoing.table for step in steps if step.undoing]
    out = forgotten.kept_out_of(settings, tables, "nothing was reset")
    for step in steps:
        if step.undoing is not None:
            version = load("jobs.lakehouse.undoing").undo(settings.lake, step.undoing, run, out=out)
            yield f"{step.name}  version {version}  {step.leaves}"
        elif step.version is not None:
            load("jobs.tracking.registry").go_back(settings, step.version)
            yield f"{step.name}  {step.leaves}"


def rollback(settings: Settings, table: Table, night: date, by: str, reason: str, run: str) -> "Undoing":
    """Serve a kept night again, which holds until a later night is published.

    Args:
        settings: Where everything is.
        table: A table that is served: a current table of gold.
        night: The night to serve.
        by: Who wants it.
        reason: Why.
        run: What does it: a command.

    Returns:
        What was done.

    Raises:
        JobError: Nothing of the night is kept, it serves already, somebody published meanwhile, or there is no reason.
    """
    if table.layer == "ops":
        raise JobError(
            f"{table.name} was not rolled back: it tells what happened, which nothing takes back; name a table of gold"
        )
    if table.layer != "gold" or table.is_dated:
        raise JobError(
            f"{table.name} was not rolled back: it is not served but read by jobs; "
            f"`reelhouse reset {job_of(table)} --to {night}` takes it back, and what is made from it follows"
        )
    if not reason.strip():
        raise JobError(f"{table.name} was not rolled back: those who ask later want a reason; give one with --reason")
    undoings = load("jobs.lakehouse.undoing")
    undoing: Undoing = undoings.plan_rollback(settings.lake, table, night)
    out = forgotten.kept_out_of(settings, [table], f"{table.name} was not rolled back")
    undoings.undo(settings.lake, undoing, run, undoings.rolled_back(undoing, by, reason), out)
    return undoing


def made_from(nodes: Collection[Node]) -> list[Node]:
    """Everything that is made from some nodes, inputs first."""
    found: set[Node] = set()
    while new := {n for n in NODES if n not in found and any(i in found or i in nodes for i in n.inputs)}:
        found |= new
    order = list(job_inputs())
    return sorted(found - set(nodes), key=lambda node: order.index(node.name))


def _step(settings: Settings, node: Node, night: date) -> Step | None:
    """What a table or the model does; None if there is nothing to undo.

    Raises:
        JobError: It has no state of a night so early.
    """
    if isinstance(node, Model):
        return _step_of_model(settings, node, night)
    undoing: Undoing | None = load("jobs.lakehouse.undoing").plan(settings.lake, node, night)
    if undoing is None:
        return None
    if undoing.then is None or undoing.drops:
        last = undoing.keeps[-1] if undoing.keeps else ""
        nights = f"{len(undoing.keeps)} night{'' if len(undoing.keeps) == 1 else 's'}"
        leaves = f"holds {nights}, the last {last}" if last else "holds nothing"
        return Step(node.name, undoing.newest, f"drops {', '.join(undoing.drops)}", leaves, undoing)
    then = undoing.then
    if then.version == undoing.in_force.version:
        ends = "ends its rollback: nights after it can be made again"
        return Step(node.name, undoing.newest, ends, f"carries night {then.night}", undoing)
    does = (
        f"goes back from night {undoing.in_force.night} (version {undoing.in_force.version}) to version {then.version}"
    )
    forgets = "; which rows were set aside then is not known any more" if undoing.forgets else ""
    leaves = f"carries night {then.night}, {then.published:,} rows"
    return Step(node.name, undoing.newest, f"{does}: {leaves}{forgets}", leaves, undoing)


def _step_of_model(settings: Settings, model: Model, night: date) -> Step | None:
    registry = load("jobs.tracking.registry")
    champion = registry.champion(settings)
    if champion is None or champion.night <= night:
        return None
    version = registry.trained_by(settings, night)
    if version is None:
        raise JobError(
            f"{model.name} was not reset: none was trained for {night} or before; nothing was changed; name a later night"
        )
    leaves = f"serves registered version {version}"
    does = f"goes back from registered version {champion.version}, trained for {champion.night}: {leaves}"
    return Step(model.name, champion.night, does, leaves, version=version)


def _require_something_left(
    settings: Settings, job: str, named: Collection[Node], steps: Collection[Step], night: date
) -> None:
    """Refuse to empty all that was named: a night before the first one is a mistake."""
    emptied = {step.name for step in steps if step.undoing and step.undoing.drops and not step.undoing.keeps}
    held = {node.name for node in named if isinstance(node, Table) and ledger.latest(settings.lake, node)}
    if emptied and emptied == held:
        first = min(step.undoing.drops[0] for step in steps if step.undoing and step.undoing.drops)
        raise JobError(
            f"{job} was not reset: it holds nothing of {night} or before, its first night is {first}; nothing was "
            "changed; name that night or a later one"
        )


def _carries_later(settings: Settings, node: Node, night: date) -> bool:
    if isinstance(node, Model):
        champion = load("jobs.tracking.registry").champion(settings)
        return champion is not None and champion.night > night
    entry = ledger.latest(settings.lake, node)
    return entry is not None and entry.night > night
