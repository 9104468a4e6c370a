"""Windows that hybrids learn from: parts of a training set, each foretold by what was known without it.

Where a protocol divides in time, they are the later parts, each foretold by what was before. Where it divides by chance, they
are tenths of the rows, each foretold by the other nine (Wolpert, 1992, "Stacked generalization"): parts of a hybrid that
learned from nearly everything say what they will say when they learn from everything. Dividing what is left again and again
by such a protocol would teach how to weigh parts that learned from half of the rows.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.scoring.training_set import Split, TrainingSet

_SHARE = 0.1
_TENTHS = 10
_SEED = 7
"""Of the tenths."""


def windows(training: TrainingSet, most: int) -> Iterator[Split]:
    """The training set divided by its own protocol, then what is left of it, and so on; or by chance, into tenths.

    A training set that cannot say how is divided in time: its newest tenth is to be foretold.

    Args:
        training: What was known.
        most: At most so many windows; fewer where one has nobody left to foretell.
    """
    if training.by_chance:
        for number in range(min(most, _TENTHS)):
            split = divided_by_chance(training, number)
            if split.viewers.num_rows:
                yield split
        return
    at = training
    for _ in range(most):
        if not at.table.num_rows:
            return
        split = at.split() if at.split is not None else divided_in_time(at)
        if not split.viewers.num_rows:
            return
        yield split
        at = split.training


def divided_in_time(training: TrainingSet) -> Split:
    """Pairs of viewer and title whose last event is before a moment, and the viewers who liked something new after it.

    Of a pair with events on both sides of the moment, those before it are not told apart any more and count as after. The
    weights stay those of the training set: a moment earlier all would be larger by one factor.
    """
    table = training.table
    last_at = table["last_at"].cast(pa.timestamp("us", "UTC"))
    micros = np.sort(last_at.cast(pa.int64()).to_numpy())
    cutoff = micros[-max(1, round(_SHARE * len(micros)))]
    moment = datetime.fromtimestamp(cutoff // 1_000_000, tz=UTC)
    is_before = pc.less(last_at, pa.scalar(moment, pa.timestamp("us", "UTC")))
    before = table.filter(is_before)
    wanted = table.filter(pc.and_(pc.invert(is_before), pc.greater(table["weight"], 0)))
    earlier = replace(training, as_of=moment, rows=before, split=None)
    return Split(earlier, _viewers(earlier, wanted), training.title_ids)


def divided_by_chance(training: TrainingSet, number: int) -> Split:
    """One tenth of the pairs of viewer and title, and the viewers who liked something among them.

    Args:
        training: What was known.
        number: Which of the tenths, from 0.
    """
    table = training.table
    is_held_out = np.random.default_rng(_SEED).permutation(table.num_rows) % _TENTHS == number
    wanted = table.filter(pa.array(is_held_out & (table["weight"].to_numpy() > 0)))
    others = replace(training, rows=table.filter(pa.array(~is_held_out)), split=None)
    return Split(others, _viewers(others, wanted), training.title_ids)


def _viewers(training: TrainingSet, wanted: pa.Table) -> pa.Table:
    """Histories of those who are in both, with what they wanted."""
    before = training.table
    known = pa.table(
        {
            "viewer": before["viewer"],
            "title_ids": training.title_ids.take(before["title"].combine_chunks()),
            "weights": before["weight"].cast(pa.float64()),
            "ratings": before["rating"].cast(pa.float64()),
            "ages": training.ages,
        }
    )
    later = pa.table(
        {"viewer": wanted["viewer"], "held_out": training.title_ids.take(wanted["title"].combine_chunks())}
    )
    known, later = _lists(known), _lists(later)
    at = pc.index_in(known["viewer"], value_set=later["viewer"].combine_chunks())
    both = known.append_column("held_out", later["held_out"].take(at)).filter(pc.is_valid(at))
    return both.set_column(0, "user_id", both["viewer"].cast(pa.string())).combine_chunks()


def _lists(rows: pa.Table) -> pa.Table:
    """One row per viewer, lists in order of the rows, which are in order of viewer."""
    viewer = rows["viewer"].to_numpy()
    starts = np.flatnonzero(np.diff(viewer, prepend=-1))
    ends = pa.array(np.append(starts, len(viewer)), pa.int32())
    columns = {
        name: pa.ListArray.from_arrays(ends, rows[name].combine_chunks())
        for name in rows.column_names
        if name != "viewer"
    }
    return pa.table({"viewer": viewer[starts], **columns})
