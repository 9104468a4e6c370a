"""Every viewer's list, made in Spark tasks.

Python workers import this module for each task's function: it imports neither Great Expectations nor MLflow, which would
cost each worker more than the scoring.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from jobs.recommenders import held
from jobs.scoring.histories import Block, blocks, places_of
from jobs.scoring.plan import Plan, held_plan
from jobs.scoring.reasons import NONE, contributions, no_contributions
from jobs.scoring.sentences import lead_of, popular_in, popular_with
from jobs.scoring.tiers import PERSONAL, POPULAR, SEGMENT, Tier, fill
from jobs.scoring.top_n import FactorScorer, Scorer, ranks_within, top_titles
from jobs.scoring.viewer_ranges import ViewerRanges
from jobs.tables.gold import RECOMMENDATIONS, SOURCES

LIST_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("rank", pa.int32()),
        ("title_id", pa.string()),
        ("source", pa.string()),
        ("model_score", pa.float64()),
        ("boost", pa.float64()),
        ("score", pa.float64()),
        ("reason_title_ids", pa.list_(pa.string())),
        ("reason_contributions", pa.list_(pa.float64())),
        ("reasons", pa.string()),
    ]
)
_LISTED = ", ".join(f"{c.name} {c.type}" for c in RECOMMENDATIONS.columns if c.name in LIST_SCHEMA.names)


def recommend(ranges: DataFrame, known: ViewerRanges, folder: Path) -> DataFrame:
    """The list of every viewer.

    Tasks read histories, the plan's folder and the model's themselves, arrays mapped into memory: a path is all that travels
    to them, however many viewers and titles there are, and all workers of a machine share one copy.

    Args:
        ranges: What ``known`` says of its ranges, a row each; lists come out in their order.
        known: What viewers know.
        folder: A saved plan, at a path that workers see too.

    Returns:
        The columns of :data:`LIST_SCHEMA`: one row per viewer and rank.
    """
    path = str(folder)

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("number").to_pylist():
                yield from lists_of(held_plan(path), known.histories(number))

    return ranges.mapInArrow(score, _LISTED)


def lists_of(plan: Plan, batches: Iterable[pa.RecordBatch], *, explains: bool = True) -> Iterator[pa.RecordBatch]:
    """The same of histories in memory, without Spark.

    Args:
        plan: The night's.
        batches: Rows of histories, one per viewer.
        explains: Whether personal rows say why they are there: that costs more than finding them.
    """
    model = held(str(plan.model))
    for block in blocks(batches, model.title_ids, are_scores_held=not isinstance(model, FactorScorer)):
        yield _lists_of_block(plan, model, block, explains=explains)


class _Rows(NamedTuple):
    """Rows of lists, in no order of viewers."""

    viewer: NDArray[np.int64]
    """Row of the block."""
    position: NDArray[np.int64]
    """Of the title among the plan's."""
    source: NDArray[np.int8]
    model_score: NDArray[np.float64]
    boost: NDArray[np.float64]
    score: NDArray[np.float64]
    own: NDArray[np.int32]
    """Of the model's titles, up to three of the viewer's that added most to the score."""
    added: NDArray[np.float64]
    """What each of them added."""
    reasons: pa.Array

    @classmethod
    def none(cls) -> "_Rows":
        """No rows."""
        whole, some = np.empty(0, dtype=np.int64), np.empty(0)
        reasons = pa.array([], pa.string())
        return cls(whole, whole, whole.astype(np.int8), some, some, some, *no_contributions(0), reasons)

    @classmethod
    def of_tier(
        cls, tier: Tier, viewer: NDArray[np.int64], place: NDArray[np.int64], source: int, reasons: pa.Array
    ) -> "_Rows":
        """Rows that a tier gives, and no model scored."""
        codes = np.full(len(place), source, dtype=np.int8)
        position, unscored = tier.positions[place].astype(np.int64), np.full(len(place), np.nan)
        boost, score = tier.boosts[place], tier.scores[place]
        return cls(viewer, position, codes, unscored, boost, score, *no_contributions(len(place)), reasons)

    def and_then(self, others: "_Rows") -> "_Rows":
        """These and those."""
        return _Rows(
            np.concatenate([self.viewer, others.viewer]),
            np.concatenate([self.position, others.position]),
            np.concatenate([self.source, others.source]),
            np.concatenate([self.model_score, others.model_score]),
            np.concatenate([self.boost, others.boost]),
            np.concatenate([self.score, others.score]),
            np.concatenate([self.own, others.own]),
            np.concatenate([self.added, others.added]),
            pa.concat_arrays([self.reasons, others.reasons]),
        )


def _lists_of_block(plan: Plan, model: Scorer, block: Block, *, explains: bool) -> pa.RecordBatch:
    """The lists of a block of viewers, as rows."""
    rows = _personal(plan, model, block, explains=explains)
    wanted = plan.length - np.bincount(rows.viewer, minlength=len(block.histories))
    (short,) = np.nonzero(wanted > 0)
    if len(short):
        rows = rows.and_then(_below(plan, block, rows, short, wanted[short]))
    # A stable sort keeps the tiers in order, and titles within them.
    order = np.argsort(rows.viewer, kind="stable")
    return _as_batch(plan, model.title_ids, block, order, rows)


def _personal(plan: Plan, model: Scorer, block: Block, *, explains: bool) -> _Rows:
    """What the model says of those who liked any of its titles."""
    likes = np.flatnonzero(np.diff(block.histories.preferences.indptr))
    if plan.has_popularity or not len(likes):
        return _Rows.none()
    histories = block.histories if len(likes) == len(block.histories) else block.histories[likes]
    listed = top_titles(model, histories, plan.length, plan.excluded, plan.boosts)
    values, boosts = listed.scores.astype(np.float64), listed.boosts.astype(np.float64)
    own, added = no_contributions(len(values))
    reasons = pa.nulls(len(values), pa.string())
    if explains:
        own, added = contributions(model, histories, listed.rows, listed.positions)
        reasons = plan.words.because(lead_of(model), listed.positions, own)
    return _Rows(
        likes[listed.rows],
        plan.of_model[listed.positions].astype(np.int64),
        np.full(len(values), PERSONAL, dtype=np.int8),
        values,
        np.where(boosts == 0, np.nan, boosts),
        values + boosts,
        own,
        added,
        reasons,
    )


def _below(plan: Plan, block: Block, rows: _Rows, short: NDArray[np.int64], wanted: NDArray[np.int64]) -> _Rows:
    """What fills the lists of some viewers: popular titles of a viewer's genre, then popular titles.

    Args:
        plan: The night's.
        block: The viewers.
        rows: What they have on their lists already.
        short: Those whose lists are short.
        wanted: How many titles each of them still wants.
    """
    lists = block.rows.take(pa.array(short))
    owner, position, is_liked = _known(plan, lists)
    at = np.full(len(block.histories), -1)
    at[short] = np.arange(len(short))
    is_theirs = at[rows.viewer] >= 0
    taken = _marks(
        plan,
        np.concatenate([owner, at[rows.viewer[is_theirs]]]),
        np.concatenate([position, rows.position[is_theirs]]),
        len(short),
    )
    found = _Rows.none()
    if plan.by_genre:
        genre = _genre_of(_marks(plan, owner[is_liked], position[is_liked], len(short)) @ plan.genres)
        for one in np.unique(genre[genre >= 0]):
            (whose,) = np.nonzero(genre == one)
            row, place = fill(plan.by_genre[one], taken[whose], wanted[whose])
            reasons = pa.repeat(popular_in(plan.genre_names[one]), len(place))
            found = found.and_then(_Rows.of_tier(plan.by_genre[one], whose[row], place, SEGMENT, reasons))
        taken = taken + _marks(plan, found.viewer, found.position, len(short))
        wanted = wanted - np.bincount(found.viewer, minlength=len(short))
    (still,) = np.nonzero(wanted)
    row, place = fill(plan.popular, taken[still], wanted[still])
    values = plan.popular.values[place]
    popular = _Rows.of_tier(plan.popular, still[row], place, POPULAR, popular_with(values, plan.counted))
    if plan.has_popularity:
        # Of titles that it does not know it says nothing.
        is_known = np.isin(popular.position, plan.of_model)
        popular = popular._replace(model_score=np.where(is_known, values, np.nan))
    found = found.and_then(popular)
    return found._replace(viewer=short[found.viewer])


def _known(plan: Plan, lists: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and position of the titles of histories that the plan knows, and whether they were liked."""
    counts = np.asarray(pc.fill_null(pc.list_value_length(lists.column("title_ids")), 0)).astype(np.int64)
    position = places_of(lists.column("title_ids").flatten(), plan.title_ids)
    owner, there = np.repeat(np.arange(lists.num_rows), counts), position >= 0
    is_liked = lists.column("weights").flatten().to_numpy(zero_copy_only=False) > 0
    return owner[there], position[there], is_liked[there]


def _marks(plan: Plan, viewer: NDArray[np.int64], position: NDArray[np.int64], viewers: int) -> csr_matrix:
    """Viewers by titles of the plan: ones."""
    cells = (np.ones(len(viewer), dtype=np.float32), (viewer, position))
    return csr_matrix(cells, shape=(viewers, len(plan.title_ids)))


def _genre_of(counts: csr_matrix) -> NDArray[np.int64]:
    """The genre that is most frequent among what each viewer liked, the first by name of equals; -1 without any."""
    dense = counts.toarray()
    return np.where(dense.any(axis=1), dense.argmax(axis=1), -1) if dense.shape[1] else np.full(len(dense), -1)


def _as_batch(
    plan: Plan, model_titles: pa.Array, block: Block, order: NDArray[np.int64], rows: _Rows
) -> pa.RecordBatch:
    """Rows in the columns of a list; not a number becomes null."""
    viewer = rows.viewer[order]
    own, added = rows.own[order], rows.added[order]
    named = own != NONE
    ends = pa.array(np.concatenate([[0], np.cumsum(np.count_nonzero(named, axis=1))]).astype(np.int32))
    columns = [
        block.user_ids.take(pa.array(viewer)),
        pa.array(ranks_within(viewer) + 1),
        plan.title_ids.take(pa.array(rows.position[order])),
        pa.array(SOURCES).take(pa.array(rows.source[order])),
        pa.array(rows.model_score[order], from_pandas=True),
        pa.array(rows.boost[order], from_pandas=True),
        pa.array(rows.score[order]),
        pa.ListArray.from_arrays(ends, model_titles.take(pa.array(own[named]))),
        pa.ListArray.from_arrays(ends, pa.array(added[named])),
        rows.reasons.take(pa.array(order)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LIST_SCHEMA)
