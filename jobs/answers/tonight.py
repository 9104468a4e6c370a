"""Whether the night is complete, fresh and trustworthy: every stage and table, what was set aside, the champion, what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jobs.answers import changes, quarantined
from jobs.answers.changes import NightChanges
from jobs.answers.changes_words import headline
from jobs.answers.measured import Measured, compared, measured
from jobs.answers.quarantined import Aside, Quarantined
from jobs.answers.standing import WORST_FIRST, Reason, Status, next_command, reasons_of
from jobs.answers.status import Standing, standing
from jobs.errors import JobError
from jobs.lakehouse.views import Views
from jobs.settings import Settings
from jobs.tracking import registry
from jobs.tracking.server import require_up

STAGES = {
    "bronze": ("Delivered", "as the sources say it"),
    "silver": ("Refined", "what it means"),
    "model": ("Trained", "what makes lists"),
    "gold": ("Recommended", "what is asked"),
}
"""Layer → what a night does with it, and what it holds."""
_EXAMPLES, _MOST = 1, 12
_JUDGED_BY = "ndcg_at_10"


@dataclass(frozen=True)
class Stage:
    """The tables of a layer, those first that are not as they should be."""

    layer: str
    name: str
    meaning: str
    tables: Sequence[Status]

    @property
    def fresh_count(self) -> int:
        """How many are as they should be."""
        return sum(one.is_fresh for one in self.tables)

    @property
    def seconds(self) -> float:
        """What their last publications took, one after the other."""
        return sum(one.seconds or 0.0 for one in self.tables)

    @property
    def set_aside_count(self) -> int:
        """Broken rows of their last publications."""
        return sum(one.set_aside or 0 for one in self.tables)


@dataclass(frozen=True)
class Serving:
    """The champion, and the popularity that did best beside it on the same held-out events."""

    version: int
    recommender: str
    night: date
    ndcg: Measured | None
    popularity: str
    popularity_ndcg: Measured | None
    run_id: str

    @property
    def in_words(self) -> str:
        """How they compare, in one sentence."""
        return compared(self.ndcg, self.popularity_ndcg, "popularity")


@dataclass(frozen=True)
class Tonight:
    """How the newest night stands."""

    night: date | None
    is_complete: bool
    in_one_line: str
    reasons: Sequence[Reason]
    """Why what is not fresh is not, the worst first."""
    next_command: str
    """What is worth typing next."""
    stages: Sequence[Stage]
    set_aside: Quarantined | None
    """What is in quarantine of the night; None where nothing is known of any."""
    serving: Serving | None
    no_model: str
    """Why nothing is known of the champion; empty where it is."""
    changes: NightChanges | None
    said: Sequence[str]
    """What changed since the night before, in sentences; or why that is not known."""

    @property
    def most_aside(self) -> Sequence[Aside]:
        """The reasons with most rows: broken ones first, as what waits is no fault."""
        found = self.set_aside.found if self.set_aside else ()
        return sorted(found, key=lambda one: (one.state == "parked", -one.rows, one.table, one.reason))[:_MOST]


def tonight(settings: Settings, views: Views, today: date) -> Tonight:
    """Everything that is asked at seven in the morning.

    Args:
        settings: Where everything is.
        views: Of the reads of :mod:`jobs.answers.changes` and :mod:`jobs.answers.quarantined`.
        today: Today's date.

    Raises:
        JobError: The lake was made by a newer version.
    """
    now = standing(settings, today)
    serving, no_model = _serving(settings)
    found, said = _changes(views)
    aside = quarantined.quarantined(views, night=now.night, examples=_EXAMPLES) if now.night else None
    return Tonight(
        night=now.night,
        is_complete=bool(now.found) and now.night is not None and all(one.is_fresh for one in now.found),
        in_one_line=now.in_one_line,
        reasons=reasons_of(now.found),
        next_command=next_command(now.found),
        stages=_stages(now),
        set_aside=aside,
        serving=serving,
        no_model=no_model,
        changes=found,
        said=said,
    )


def _stages(now: Standing) -> Sequence[Stage]:
    found = []
    for layer, (name, meaning) in STAGES.items():
        tables = [one for one in now.found if one.table.startswith(f"{layer}.")]
        found.append(Stage(layer, name, meaning, sorted(tables, key=lambda one: WORST_FIRST.index(one.state))))
    return found


def _serving(settings: Settings) -> tuple[Serving | None, str]:
    """The champion; else why there is none to tell of."""
    try:
        require_up(settings, "what serves is not known")
        champion = registry.champion(settings)
    except JobError as gone:
        return None, str(gone)
    if champion is None:
        return None, "No model serves yet: `reelhouse night` trains one."
    return Serving(
        champion.version,
        champion.recommender,
        champion.night,
        measured(champion.metrics, _JUDGED_BY),
        champion.popularity,
        measured(champion.metrics, f"popularity_{_JUDGED_BY}"),
        champion.run_id,
    ), ""


def _changes(views: Views) -> tuple[NightChanges | None, Sequence[str]]:
    try:
        found = changes.night_changes(views)
    except JobError as unknown:
        return None, [str(unknown)]
    return found, headline(found)
