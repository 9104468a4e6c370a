"""Which model is better, and how sure are we: what the gate saw, what became of served lists, where versions differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jobs.answers.measured import Measured, compared, measured
from jobs.errors import JobError
from jobs.lakehouse.views import Views
from jobs.settings import Settings
from jobs.tables.gold import LIST_OUTCOMES, RECOMMENDATION_HISTORY
from jobs.tables.silver import TITLES
from jobs.tracking import nightly, registry, versions
from jobs.tracking.nightly import Trained
from jobs.tracking.registry import Champion
from jobs.tracking.server import require_up
from jobs.tracking.versions import Version

READS = (LIST_OUTCOMES, RECOMMENDATION_HISTORY, TITLES)
_MAIN, _COVERAGE, _AT = "ndcg_at_10", "coverage_at_10", 10
_SEGMENTS = ("cold", "light", "heavy")
_LOOKED_BACK = timedelta(days=60)
_DIFFERING = 12
_OUTCOMES = f"""
SELECT model_version, count(DISTINCT night), min(night), max(night), sum(listed_count)::BIGINT, sum(watched_count)::BIGINT,
    sum(liked_count)::BIGINT, sum(disliked_count)::BIGINT, sum(dismissed_count)::BIGINT
FROM gold.list_outcomes WHERE is_complete AND rank <= {_AT} GROUP BY model_version ORDER BY model_version DESC
"""  # noqa: S608
_LAST_NIGHTS = """
SELECT model_version, max(night) FROM gold.recommendation_history GROUP BY model_version ORDER BY model_version DESC LIMIT 2
"""
_DIFFER = """
WITH listed AS (
    SELECT title_id, count(*) FILTER (night = $newer) / max(lists.newer) AS newer,
        count(*) FILTER (night = $older) / max(lists.older) AS older
    FROM gold.recommendation_history, (
        SELECT count(DISTINCT user_id) FILTER (night = $newer) AS newer, count(DISTINCT user_id) FILTER (night = $older) AS older
        FROM gold.recommendation_history WHERE night IN ($newer, $older)
    ) AS lists
    WHERE night IN ($newer, $older) GROUP BY title_id
)
SELECT title_id, coalesce(title, title_id), release_year, older, newer
FROM listed LEFT JOIN silver.titles USING (title_id)
ORDER BY abs(newer - older) DESC, title_id LIMIT $most
"""


@dataclass(frozen=True)
class JudgedModel:
    """A model as it was judged for a night, on held-out events."""

    name: str
    recommender: str
    role: str
    verdict: str
    reason: str
    ndcg: Measured | None
    coverage: float | None
    """Share of the titles that may be listed which stand on any list's first ten."""
    segments: Mapping[str, Measured]
    """nDCG@10 of viewers by how much they are known to like: cold, light, heavy."""
    judged_viewers: int | None
    run_id: str


@dataclass(frozen=True)
class Outcomes:
    """What became of the first ten titles of lists of a version, within seven days."""

    model_version: int
    night_count: int
    first_night: date
    last_night: date
    listed_count: int
    watched_count: int
    liked_count: int
    disliked_count: int
    dismissed_count: int

    def share(self, count: int) -> float | None:
        """Of the titles listed; None where there were none."""
        return count / self.listed_count if self.listed_count else None


@dataclass(frozen=True)
class Differing:
    """A title that one version lists more than another."""

    title_id: str
    title: str
    release_year: int | None
    older_share: float
    """Of the older version's lists."""
    newer_share: float


@dataclass(frozen=True)
class TwoVersions:
    """The lists of two versions, each of its last night."""

    older: int
    newer: int
    older_night: date
    newer_night: date
    titles: Sequence[Differing]


@dataclass(frozen=True)
class Models:
    """The champion and its challengers."""

    champion: Champion | None
    night: date | None
    """The newest night that models were judged for."""
    judged: Sequence[JudgedModel]
    """Of that night: who serves or would have first."""
    in_words: str
    versions: Sequence[Version]
    missing: str
    """Why nothing is known from MLflow; empty where it is."""

    @property
    def segments(self) -> Sequence[str]:
        """Kinds of viewers by which any of the models was judged."""
        return [name for name in _SEGMENTS if any(name in one.segments for one in self.judged)]


def models(settings: Settings) -> Models:
    """What MLflow knows of the models that served, or wanted to."""
    try:
        require_up(settings, "models are not known")
        champion, registered = registry.champion(settings), versions.versions(settings)
        trained = nightly.trained_since(settings, champion.night - _LOOKED_BACK) if champion else []
    except JobError as gone:
        return Models(None, None, (), "", (), str(gone))
    night = max((one.night for one in trained), default=None)
    judged = sorted((_judged(one) for one in trained if one.night == night), key=_best_first)
    missing = "" if champion else "No model serves yet: `reelhouse night` trains one."
    return Models(champion, night, judged, _in_words(judged), registered, missing)


def _judged(one: Trained) -> JudgedModel:
    by_segment = {name: measured(one.metrics, f"{_MAIN}_{name}") for name in _SEGMENTS}
    viewers = one.metrics.get("judged_viewers")
    return JudgedModel(
        name=one.name.removesuffix(f" {one.night}"),
        recommender=one.recommender,
        role=one.role.replace("_", " "),
        verdict=one.verdict,
        reason=one.reason,
        ndcg=measured(one.metrics, _MAIN),
        coverage=one.metrics.get(_COVERAGE),
        segments={name: found for name, found in by_segment.items() if found},
        judged_viewers=None if viewers is None else int(viewers),
        run_id=one.run_id,
    )


def _best_first(one: JudgedModel) -> tuple[float, str]:
    return (-one.ndcg.value if one.ndcg else 1.0, one.name)


def _in_words(judged: Sequence[JudgedModel]) -> str:
    """Which is better, and how sure that is."""
    if len(judged) < 2:
        return ""
    first, second = judged[:2]
    said = compared(first.ndcg, second.ndcg, second.name)
    return f"Best on the same held-out events is {first.name}. {said}"


def outcomes(views: Views) -> Sequence[Outcomes]:
    """What became of lists that were served, the newest version first."""
    return [Outcomes(*row) for row in views.rows(_OUTCOMES)] if LIST_OUTCOMES.name in views.published else []


def two_versions(views: Views) -> TwoVersions | None:
    """Where the lists of the newest two versions differ most; None where fewer than two served kept nights."""
    if not {RECOMMENDATION_HISTORY.name, TITLES.name} <= views.published:
        return None
    found = views.rows(_LAST_NIGHTS)
    if len(found) < 2:
        return None
    (newer, newer_night), (older, older_night) = found
    named = {"newer": newer_night, "older": older_night, "most": _DIFFERING}
    return TwoVersions(older, newer, older_night, newer_night, [Differing(*row) for row in views.rows(_DIFFER, named)])
