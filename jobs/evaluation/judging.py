"""A model judged on viewers: the lists that it would serve to each of them, held against what they wanted."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from jobs.evaluation.metrics import METRICS, ranking_metrics
from jobs.scoring.histories import Block, blocks, positions_of
from jobs.scoring.rules import excluded_positions
from jobs.scoring.top_n import Scorer, ranks_within, top_titles
from jobs.settings import cores_here


@dataclass(frozen=True)
class Question:
    """What is asked of lists beside the metrics at their whole length."""

    k: int = 10
    """Titles per list."""
    cutoffs: Sequence[int] = ()
    """Shorter lists: their metrics are named ``ndcg_at_20``."""
    averages_over_all: bool = False
    """As :func:`jobs.evaluation.metrics.ranking_metrics` says."""

    @property
    def columns(self) -> list[str]:
        """Names of the metrics."""
        return [*METRICS, *(f"{metric}_at_{cutoff}" for cutoff in self.cutoffs for metric in METRICS)]

    def answer(self, hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> list[pa.Array]:
        """The metrics of some viewers, in the order of their names."""
        lengths = (self.k, *self.cutoffs)
        found = [ranking_metrics(hits[:, :n], relevant, averages_over_all=self.averages_over_all) for n in lengths]
        return [pa.array(metrics[metric]) for metrics in found for metric in METRICS]


def judge(model: Scorer, viewers: pa.Table, listable: pa.Array, k: int) -> pa.Table:
    """Judge a model in memory.

    Held-out titles that the model does not know or may not list count as missed.

    Args:
        model: The model.
        viewers: Histories with ``held_out``, the titles to find, at least one per viewer; and, where each viewer's titles
            are ranked among a few only, with ``candidates``, which the held-out ones are among.
        listable: The titles that may be listed.
        k: Titles per list.

    Returns:
        user_id, one column per metric, and listed array<string>, best first: one row per viewer, as they came.
    """
    return judge_by(model, viewers, listable, Question(k))


def judge_by(model: Scorer, viewers: pa.Table, listable: pa.Array, question: Question) -> pa.Table:
    """The same with more questions; as many blocks of viewers at once as there are cores."""
    excluded = excluded_positions(model.title_ids, listable)

    def answer(block: Block) -> pa.RecordBatch:
        return _judge_block(model, block, excluded, question)

    batches = viewers.combine_chunks().to_batches()
    # Each worker multiplies with one thread: together they fill the cores.
    with threadpool_limits(1), ThreadPoolExecutor(cores_here()) as workers:
        return pa.Table.from_batches(list(workers.map(answer, blocks(batches, model.title_ids))))


def judge_blocks(model: Scorer, some: Iterable[Block], excluded: NDArray[np.int32], k: int) -> Iterator[pa.RecordBatch]:
    """The same of blocks of viewers over the model's titles; ``excluded`` are positions of them."""
    for block in some:
        yield _judge_block(model, block, excluded, Question(k))


def _judge_block(model: Scorer, block: Block, excluded: NDArray[np.int32], question: Question) -> pa.RecordBatch:
    """Metrics of the viewers of a block."""
    viewers = block.rows.num_rows
    if "candidates" in block.rows.schema.names:
        row, position = _best_candidates(model, block, question.k)
    else:
        row, position, *_ = top_titles(model, block.histories, question.k, excluded)
    owner, wanted, counts = positions_of(block.rows.column("held_out"), model.title_ids)
    hits = np.zeros((viewers, question.k), dtype=bool)
    titles = len(model.title_ids)
    # One number for each viewer and title.
    hits[row, ranks_within(row)] = np.isin(row.astype(np.int64) * titles + position, owner * titles + wanted)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=viewers))]).astype(np.int32)
    listed = pa.ListArray.from_arrays(pa.array(ends), model.title_ids.take(pa.array(position)))
    return pa.RecordBatch.from_arrays(
        [block.user_ids, *question.answer(hits, counts), listed], names=["user_id", *question.columns, "listed"]
    )


def _best_candidates(model: Scorer, block: Block, k: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows and positions of each viewer's best candidates, best first; equal ones in the order of the model's titles.

    Raises:
        ValueError: A score is not finite.
    """
    owner, position, _ = positions_of(block.rows.column("candidates"), model.title_ids)
    score = model.scores(block.histories)[owner, position]
    if not np.isfinite(score).all():
        raise ValueError("a score is not finite")
    order = np.lexsort((position, -score, owner))
    rows = owner[order].astype(np.int32)
    is_listed = ranks_within(rows) < k
    return rows[is_listed], position[order][is_listed].astype(np.int32)
