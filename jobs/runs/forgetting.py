"""Forget a person: kept out from now on, and taken out of everything that is there. Without Spark."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from jobs.errors import JobError
from jobs.lakehouse import erasing, forgetting, forgotten, ledger, quarantine, refusals
from jobs.lakehouse.forgotten import Forgotten, Key
from jobs.lakehouse.person import Person
from jobs.landing import forgetting as landed
from jobs.landing.feedback import alone
from jobs.runs import traces
from jobs.runs.imports import load
from jobs.settings import Settings
from jobs.tables import TABLES, Table, bronze
from jobs.tables.gold import EVERYBODY_ELSE
from jobs.tables.ops import QUARANTINE, REFUSALS

_ROUNDS = 5
"""What others publish meanwhile is looked at again; they are refused once the person is on the list."""
_DELETED = tuple(table for table in forgetting.PERSONAL if table != REFUSALS)


@dataclass(frozen=True)
class Plan:
    """What forgetting somebody means."""

    person: Person
    key: Key
    rows: Mapping[str, int]
    """Rows of tables as they are served, by table; only tables with any."""
    lost: Mapping[str, list[int]]
    """Versions that stop being readable if the past goes at once, by table."""
    first_night: date | None
    """Of the person's first events in bronze."""
    is_on_the_list: bool


def plan(settings: Settings, user_id: str, *, now: bool) -> Plan:
    """Find out what forgetting somebody means; nothing is changed.

    Args:
        settings: Where everything is, and the key.
        user_id: The viewer.
        now: Whether the past is to go at once.

    Raises:
        JobError: There is no key, or it is another than the list was made with; or nobody can be named so.
    """
    key, person = forgotten.require_key(settings), Person(user_id.strip(" "))
    if not person.user_id or person.user_id == EVERYBODY_ELSE:
        who = "stands for everybody who is not known" if person.user_id else "is nobody"
        raise JobError(f"nobody was forgotten: {user_id!r} {who}; name a viewer")
    root = settings.lake
    held = {table: forgetting.rows_held(root, table, person) for table in _DELETED}
    before = forgotten.find(root, key.person(person.user_id))
    nights = [date.fromisoformat(part) for part in held[bronze.INTERACTIONS]]
    nights += [before.first_night] if before and before.first_night else []
    lost: dict[str, list[int]] = {}
    for table in forgetting.PERSONAL if now else ():
        files = erasing.files_with(root, table, person, served=True)
        if versions := erasing.versions_with(root, table, files):
            lost[table.name] = versions
    rows = {table.name: sum(parts.values()) for table, parts in held.items() if parts}
    return Plan(person, key, rows, lost, min(nights, default=None), before is not None)


def apply(settings: Settings, planned: Plan, by: str, at: datetime, *, now: bool) -> Iterator[str]:
    """Do it; what is done already is not done again, so that a run that was killed is finished by the next.

    Args:
        settings: Where everything is.
        planned: What :func:`plan` returned.
        by: Who asks for it.
        at: When, UTC.
        now: Whether the past goes at once.

    Returns:
        What was done, in words, as it is done.

    Raises:
        JobError: Others kept publishing meanwhile: what was done stays done, and a further call goes on.
    """
    root, person, key = settings.lake, planned.person, planned.key
    name = key.person(person.user_id)
    if not planned.is_on_the_list:
        forgotten.add(root, Forgotten(name, key.check, planned.first_night, by, at))
        yield "kept out  whatever of the person is delivered from now on"
    quarantine.settle(root, _DELETED)
    for _ in range(_ROUNDS):
        done = list(_take_out(settings, person))
        yield from done
        if not done:
            break
    yield from traces.clean(settings, person)
    for table in forgetting.PERSONAL if now else ():
        if erased := erasing.erase(root, table, person):
            yield f"{table.name}  {erased:,} files of its past deleted"
    # What people say of other tables, too, such as why one was taken back, may name a viewer.
    for table in TABLES:
        if cleaned := erasing.clean_log(root, table, person):
            yield f"{table.name}  {cleaned:,} entries of its log may have named the person, and do not any more"


def trained_with(settings: Settings, planned: Plan) -> list[str]:
    """Registered versions of the model that were trained when the person's events were there, in words.

    Raises:
        JobError: MLflow is gone.
    """
    first = planned.first_night
    has_models = settings.mlflow_uri or (settings.root / "mlflow" / "mlflow.db").exists()
    if first is None or not has_models:
        return []
    versions = load("jobs.tracking.versions").versions(settings)
    return [
        f"night {one.night}, version {one.version}, run {one.run_id}, {one.recommender}"
        for one in versions
        if one.night and date.fromisoformat(one.night) >= first
    ]


def _take_out(settings: Settings, person: Person) -> Iterator[str]:
    """Take a person out of every delivery and table once."""
    root, landing = settings.lake, settings.landing
    for table in _DELETED:
        if gone := erasing.remove_staged(root, table, person):
            yield f"{table.name}  {gone:,} staged publications removed: their runs have to be run again"
    aside = forgetting.set_aside(root, person)
    with alone(landing):
        entry = ledger.latest(root, bronze.INTERACTIONS)
        rewritten = landed.prepare(landed.event_logs(landing), person)
        contents = landed.contents(landing, rewritten, entry.deliveries if entry else {})
        yield from _of_table(root, bronze.INTERACTIONS, person, aside.get(bronze.INTERACTIONS.name, {}), contents)
        # Lines of texts stay where they are; rows of Parquet move up.
        moving = {(one.path.parent.name, one.path.name) for one in rewritten if one.path.suffix == ".parquet"}
        quarantine.unnumber(root, bronze.INTERACTIONS, moving)
        for one in rewritten:
            one.put()
            yield f"{one.path}  {one.records:,} records taken out" + ("" if one.beside else ": nothing was left of it")
        if rewritten:
            landed.remember(landing)
    for table in _DELETED:
        if table not in (bronze.INTERACTIONS, QUARANTINE):
            yield from _of_table(root, table, person, aside.get(table.name, {}), {})
    yield from _of_table(root, QUARANTINE, person, {}, {})
    if problems := refusals.mask(root, person.masked):
        yield f"{REFUSALS.name}  {problems:,} rows name nobody any more"


def _of_table(
    root: str, table: Table, person: Person, aside: Mapping[str, forgetting.SetAside], contents: Mapping[str, str]
) -> Iterator[str]:
    if rows := forgetting.take_out(root, table, person, aside, contents):
        yield f"{table.name}  {rows:,} rows taken out"
