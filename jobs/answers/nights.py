"""How each night went, and how two of them differ: read from the ledger and the tables of changes, without Spark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from jobs.answers.measured import Measured, measured
from jobs.answers.standing import set_aside_of
from jobs.errors import DamagedError, JobError, UnknownError
from jobs.lakehouse import remembered
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.views import Views
from jobs.settings import Settings
from jobs.tables import TABLES
from jobs.tables.gold import RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY, RECOMMENDATIONS
from jobs.tables.model import CHAMPION
from jobs.tracking import nightly
from jobs.tracking.nightly import Trained
from jobs.tracking.server import require_up

READS = (RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY)
_COMMITS, _NIGHTS = 90, 60
"""So many of a table's commits are looked at, and so many nights told of."""
_MAIN = "ndcg_at_10"
_FITTED = ("fit_seconds", "refit_seconds")
"""Metrics of a model that was fitted to be judged, and on everything to serve."""
_OVERLAPS = """
SELECT night, avg(overlap), avg(rbo), count(*) FROM gold.recommendation_changes
WHERE user_id <> '*' AND state = 'both' GROUP BY night
"""
_KEPT = "SELECT DISTINCT night FROM gold.recommendation_history ORDER BY night"
_ONE_IN = 16
"""Lists of two nights are held against each other for every sixteenth viewer: of 40,000 viewers that is still 2,500."""
_LISTS_ALIKE = f"""
WITH listed AS (
    SELECT user_id, title_id, count(*) AS nights FROM gold.recommendation_history
    WHERE night IN (?, ?) AND user_id <> '*' AND hash(user_id) % {_ONE_IN} = 0 GROUP BY user_id, title_id
), viewers AS (
    SELECT user_id, count(*) FILTER (nights = 2) AS shared, count(*) AS either FROM listed GROUP BY user_id
)
SELECT avg(shared / either), count(*) FROM viewers
"""  # noqa: S608


@dataclass(frozen=True)
class NightDone:
    """What a night did; a table that it published several times counts by its newest publication."""

    night: date
    seconds: Mapping[str, float]
    """By layer: what the publications took, and what fitting the models, one after the other."""
    table_count: int
    rows: int
    """Rows published."""
    set_aside: int
    parked: int
    overlap: float | None
    """Mean share of a list's titles that stood on the one before; None where there was none before."""
    rbo: float | None
    model_version: int | None
    """Version that made its lists."""
    ndcg: Measured | None
    """nDCG@10 of the best model judged for it."""

    @property
    def all_seconds(self) -> float:
        """Of all layers."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class TableOfTwo:
    """A table's publications of two nights; None where a night has none."""

    table: str
    a: Entry | None
    b: Entry | None

    @property
    def set_aside(self) -> Sequence[int | None]:
        """Broken rows of the one, and of the other."""
        return [set_aside_of(one) if one else None for one in (self.a, self.b)]


@dataclass(frozen=True)
class TwoNights:
    """Two nights side by side."""

    known: Sequence[date]
    """The newest nights that there are, newest first."""
    a: NightDone
    b: NightDone
    tables: Sequence[TableOfTwo]
    settings: Sequence[tuple[str, str, str]]
    """Settings of which the two had different values: table and name, the one, the other."""
    codes: tuple[str, str]
    """Versions of the code that made the lists."""
    alike: float | None
    """Mean Jaccard index of a viewer's titles of the two nights, of every sixteenth viewer; None where lists are not kept."""
    viewer_count: int


_Ledgers = Mapping[date, Mapping[str, Entry]]
"""Publications by night and table."""


def nights(settings: Settings, views: Views) -> Sequence[NightDone]:
    """The newest nights, newest first.

    Args:
        settings: Where everything is.
        views: Of ``READS``.
    """
    ledgers = _read(settings.lake)
    newest = _newest(ledgers)
    overlaps, trained = _overlaps(views), _trained(settings, newest[-1]) if newest else {}
    return [_done(night, ledgers[night], overlaps, trained.get(night, ())) for night in newest]


def two_nights(settings: Settings, views: Views, a: date | None = None, b: date | None = None) -> TwoNights:
    """Two nights side by side.

    Args:
        settings: Where everything is.
        views: Of ``READS``.
        a: One of them; the newest but one, if None.
        b: The other; the newest, if None.

    Raises:
        UnknownError: Nothing is known of one of them, or there are fewer than two.
    """
    ledgers = _read(settings.lake)
    known = _newest(ledgers)
    if len(known) < 2:
        raise UnknownError("nothing was compared: there are fewer than two nights")
    a, b = a or known[1], b or known[0]
    for night in (a, b):
        if night not in ledgers:
            raise UnknownError(f"nothing was compared: nothing that is kept was published for {night}")
    overlaps, trained = _overlaps(views), _trained(settings, min(a, b))
    one, other = ledgers[a], ledgers[b]
    names = [table.name for table in TABLES if table.name in one or table.name in other]
    lists = [entries.get(RECOMMENDATIONS.name) for entries in (one, other)]
    alike, count = _lists_alike(views, a, b)
    return TwoNights(
        known,
        _done(a, one, overlaps, trained.get(a, ())),
        _done(b, other, overlaps, trained.get(b, ())),
        [TableOfTwo(name, one.get(name), other.get(name)) for name in names],
        _settings_of(one, other),
        (lists[0].code_version if lists[0] else "", lists[1].code_version if lists[1] else ""),
        alike,
        count,
    )


def _read(root: str) -> _Ledgers:
    found: dict[date, dict[str, Entry]] = {}
    for table in TABLES:
        if table.layer == "ops":
            continue
        try:
            entries = remembered.history(root, table, _COMMITS)
        except DamagedError:
            continue  # how tonight stands says so
        for entry in entries:  # newest first
            found.setdefault(entry.night, {}).setdefault(table.name, entry)
    return found


def _newest(ledgers: _Ledgers) -> Sequence[date]:
    """The nights that are told of, newest first."""
    return sorted(ledgers, reverse=True)[:_NIGHTS]


def _done(
    night: date,
    entries: Mapping[str, Entry],
    overlaps: Mapping[date, tuple[float, float]],
    trained: Sequence[Trained],
) -> NightDone:
    fitted = [one.metrics[name] for one in trained for name in _FITTED if name in one.metrics]
    seconds = {CHAMPION.layer: sum(fitted)} if fitted else {}
    for name, entry in entries.items():
        layer = name.partition(".")[0]
        seconds[layer] = seconds.get(layer, 0.0) + entry.seconds
    lists = entries.get(RECOMMENDATIONS.name)
    overlap, rbo = overlaps.get(night, (None, None))
    return NightDone(
        night,
        seconds,
        table_count=len(entries),
        rows=sum(entry.published for entry in entries.values()),
        set_aside=sum(map(set_aside_of, entries.values())),
        parked=sum(entry.parked for entry in entries.values()),
        overlap=overlap,
        rbo=rbo,
        model_version=lists.inputs.get(CHAMPION.name) if lists else None,
        ndcg=_best(trained),
    )


def _overlaps(views: Views) -> Mapping[date, tuple[float, float]]:
    if RECOMMENDATION_CHANGES.name not in views.published:
        return {}
    return {night: (overlap, rbo) for night, overlap, rbo, _ in views.rows(_OVERLAPS)}


def _trained(settings: Settings, since: date) -> Mapping[date, Sequence[Trained]]:
    """The models of each night; nothing while MLflow is gone, which the page of models says."""
    try:
        require_up(settings, "models are not known")
        trained = nightly.trained_since(settings, since)
    except JobError:
        return {}
    found: dict[date, list[Trained]] = {}
    for one in trained:
        found.setdefault(one.night, []).append(one)
    return found


def _best(trained: Sequence[Trained]) -> Measured | None:
    """nDCG@10 of the best model of a night."""
    judged = [found for one in trained if (found := measured(one.metrics, _MAIN))]
    return max(judged, key=lambda one: one.value, default=None)


def _settings_of(a: Mapping[str, Entry], b: Mapping[str, Entry]) -> Sequence[tuple[str, str, str]]:
    found = []
    for name in sorted(a.keys() & b.keys()):
        one, other = a[name].settings, b[name].settings
        found += [
            (f"{name} {key}", str(one.get(key)), str(other.get(key)))
            for key in sorted({*one, *other})
            if one.get(key) != other.get(key)
        ]
    return found


def _lists_alike(views: Views, a: date, b: date) -> tuple[float | None, int]:
    if RECOMMENDATION_HISTORY.name not in views.published:
        return None, 0
    kept = {night for (night,) in views.rows(_KEPT)}
    if not {a, b} <= kept:
        return None, 0
    ((alike, count),) = views.rows(_LISTS_ALIKE, (a, b))
    return alike, count
