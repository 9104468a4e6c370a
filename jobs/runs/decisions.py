"""What a job has to do, decided from the ledger and the landing folder before anything heavy is imported or started.

A table or model is made again if the night it is built as of, the versions of its inputs (or their absence), the settings
that shape it, or our code are not those that it was last made with; the model also if a search proposes what no night has
tried yet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from jobs.lakehouse import ledger
from jobs.lakehouse.outcome import Outcome
from jobs.landing import deliveries
from jobs.runs.imports import load
from jobs.settings import Settings
from jobs.tables import SOURCES, TABLES, Node, Table, nodes_of
from jobs.version import code_hash


@dataclass(frozen=True)
class Basis:
    """What decides what a table or model holds: it was made with these, or would be made with these now."""

    night: date
    """The night it is built as of."""
    inputs: Mapping[str, int | None]
    """Version of each input; None if it was not there."""
    settings: Mapping[str, object]
    """Values of the settings that shape it."""
    code: str
    """Hash of our sources."""
    proposal: str | None = None
    """Of the model: the search whose proposal is to be tried. A night closes what it has tried: it was made with none."""


@dataclass(frozen=True)
class Made:
    """How a table or model was last made."""

    version: int
    basis: Basis


@dataclass(frozen=True)
class Decision:
    """What a job has to do for a night."""

    night: date
    """The night to build as of."""
    idle: tuple[Outcome, ...] = ()
    """How the job ends without work; empty if there is some."""


def decide(settings: Settings, job: str, night: date, again: Mapping[str, Collection[date]] | None = None) -> Decision:
    """Whether a job has anything to do for a night, and as of which night.

    A current table is always built as of the latest night that it, or anything it is made from, carries already: a
    backfill of an older night brings late deliveries in without taking newer ones out, so the order of nights does not
    matter.

    Args:
        settings: Where everything is.
        job: Name of a table, a source (``bronze.imdb``) or the model.
        night: The night asked for.
        again: Tables to be made again although nothing says so; of bronze, with the deliveries to be read again.

    Raises:
        JobError: Something was delivered that cannot be read, or the lake was made by a newer version.
    """
    source = next((source for source in SOURCES if source.name == job), None)
    if source is not None:
        pending = deliveries.survey(settings, source, night, again)
        has_news = any(found.files for found in pending)
        return Decision(night, () if has_news else tuple(map(deliveries.without_news, pending)))
    (node,) = nodes_of(job)
    if night not in deliveries.delivered_days(settings.landing):
        return Decision(night, (Outcome(job, "stale", note=f"nothing was delivered for {night}"),))
    made, now = _made(settings, node), _now(settings, node, night)
    differs = made is None or job in (again or {}) or _differs(settings, made.basis, now)
    if made and differs and (held := _held(settings, node, now.night)):
        return Decision(now.night, (Outcome(job, "kept", made.version, note=held),))
    if made is None or differs:
        return Decision(now.night)
    if now.night > night:
        return Decision(now.night, (Outcome(job, "superseded", made.version, note=f"carries {now.night}"),))
    return Decision(now.night, (Outcome(job, "unchanged", made.version),))


def _now(settings: Settings, node: Node, night: date) -> Basis:
    """What a table or model would be made with now.

    It is built as of the latest of the night asked for and those that it and its inputs carry.
    """
    before = [_made(settings, one) for one in (node, *node.inputs) if one.layer != "bronze"]
    return Basis(
        night=max([night, *(made.basis.night for made in before if made)]),
        inputs={upstream.name: _version(settings, upstream) for upstream in node.inputs},
        settings=settings.shaping(node.settings),
        code=code_hash(),
        proposal=None if isinstance(node, Table) else _proposed(settings),
    )


def _differs(settings: Settings, then: Basis, now: Basis) -> bool:
    """Whether something would be made otherwise now than it was; another version of an input may hold the same rows."""
    if replace(then, inputs=now.inputs) != now or then.inputs.keys() != now.inputs.keys():
        return True
    return any(
        version != now.inputs[name] and not _holds_the_same(settings, name, version)
        for name, version in then.inputs.items()
    )


def _holds_the_same(settings: Settings, name: str, version: int | None) -> bool:
    """Whether a table holds the rows of an earlier version: files were only put together since, or a rollback undone."""
    table = next((table for table in TABLES if table.name == name), None)
    served = ledger.served(settings.lake, table) if table and version is not None else None
    return bool(table and served and version is not None and ledger.is_served(settings.lake, table, served, version))


def _held(settings: Settings, node: Node, night: date) -> str:
    """Why a table stays as it is although it would be made otherwise now: it, or its spine, was rolled back."""
    tables = [one for one in (node, *node.inputs[:1]) if isinstance(one, Table) and not one.is_dated]
    entries = [ledger.latest(settings.lake, table) for table in tables]
    return next((held for entry in entries if entry and (held := entry.held_against(night))), "")


def _proposed(settings: Settings) -> str | None:
    """The search whose proposal no night has tried yet; None if there is none."""
    newest = load("jobs.tracking.proposals").newest(settings)
    return newest.run_id if newest else None


def _made(settings: Settings, node: Node) -> Made | None:
    """How a table or model was last made; None if it never was."""
    # Only what depends on the model waits for MLflow's import.
    last = (
        ledger.latest(settings.lake, node)
        if isinstance(node, Table)
        else load("jobs.tracking.registry").decided(settings)
    )
    if last is None:
        return None
    return Made(last.version, Basis(last.night, last.inputs, last.settings, last.code))


def _version(settings: Settings, node: Node) -> int | None:
    """The newest version of a table or model, as a publication would read it."""
    if isinstance(node, Table):
        return ledger.version(settings.lake, node)
    made = _made(settings, node)
    return made.version if made else None
