"""Publish in processes that die where they are told to, each a fork of this one, which has everything imported.

``python -m tests.trials.forker`` takes a line of JSON for each process, ``{"home", "kind", "night", "last"}``, and answers with
how it ended. A fork cannot share a Java machine: what Spark would write, the door is given as files. Its steps are counted by
functions that wrap those of the door, in this program only. Without a kind a process runs the whole night, on the Spark Connect
server that its environment names; then its steps are commits, as are those of a ``replay`` of what is delivered of events.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, cast

import great_expectations.expectations as gxe
import pyarrow as pa
import pyarrow.parquet as pq
from great_expectations.execution_engine import SparkDFExecutionEngine

from expectations.suite import Suite, suite
from jobs.errors import JobError
from jobs.lakehouse import commit, lake, quarantine, refusals, staging
from jobs.lakehouse.audit import counts, judge, mark, pages
from jobs.lakehouse.schema import arrow_schema
from jobs.lakehouse.staging import WHOLE
from jobs.runs import replays
from jobs.runs.imports import load
from jobs.runs.job import Sessions
from jobs.runs.night import run_night
from jobs.settings import Settings
from jobs.tables import Table, bronze, job_inputs, silver
from jobs.tracking import registry
from tests.rows import filled
from tests.runs.any_order import Silent

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
REPLAY = "replay"
STEPS: tuple[tuple[Any, str], ...] = (
    (quarantine, "settle"),
    (pq, "write_table"),
    (staging, "staged_files"),
    (counts, "count"),
    (lake, "judge_rows"),
    (lake, "judge_whole"),
    (pages, "write_page"),
    (commit, "make"),
    (commit, "move_into"),
    (lake, "move_files"),
    (lake, "commit"),
    (quarantine, "_overwrite"),
    (quarantine, "replace"),
    (refusals, "add"),
    (quarantine, "keep_refused"),
    (lake, "remove"),
)
COMMITS: tuple[tuple[Any, str], ...] = ((lake, "commit"), (registry, "register"), (registry, "decide"))


class Kind(NamedTuple):
    """A table of a kind, and what its two nights publish."""

    table: Table
    column: str
    """A string: what begins with "bad" is broken."""
    parts: dict[date, list[str]]
    """Of each night, the parts that it replaces."""
    broken: int = 1
    """Rows of each part of the second night that are broken; two more are not."""


KINDS = {
    "snapshot": Kind(bronze.IMDB_TITLE_BASICS, "tconst", {FIRST: ["2026-03-01"], SECOND: ["2026-03-02"]}),
    "log": Kind(bronze.INTERACTIONS, "user_id", {FIRST: ["2026-03-01"], SECOND: ["2026-03-01", "2026-03-02"]}),
    "whole": Kind(silver.PREFERENCES, "user_id", {FIRST: [WHOLE], SECOND: [WHOLE]}),
    "by month": Kind(
        silver.INTERACTIONS, "user_id", {FIRST: ["2026-01-01", "2026-02-01"], SECOND: ["2026-02-01", "2026-03-01"]}
    ),
    "refused": Kind(silver.PREFERENCES, "user_id", {FIRST: [WHOLE], SECOND: [WHOLE]}, broken=9),
}


class Rows(NamedTuple):
    """What a job would offer, part by part."""

    kind: Kind
    night: date

    @property
    def columns(self) -> list[str]:
        return list(self.kind.table.column_names)


def write_files(rows: Rows, table: Table, folder: str, _: int) -> None:
    """Write what Spark would: kept rows and broken ones, in folders of their own."""
    schema = arrow_schema(table)
    for part in rows.kind.parts[rows.night]:
        many = rows.kind.broken if rows.night == SECOND else 1
        for is_kept, count in ((True, 2), (False, many)):
            ids = [f"{'good' if is_kept else 'bad'} {rows.night} {part} {n}" for n in range(count)]
            values = [filled(table, {rows.kind.column: one} | ids_of(table, one)) for one in ids]
            held = pa.Table.from_pylist(values, schema)
            reason = None if is_kept else [reason_of(rows.kind)]
            records = [None if is_kept else json.dumps({rows.kind.column: one}) for one in ids]
            held = held.append_column(mark.REASONS, pa.array([reason] * count, pa.list_(pa.string())))
            held = held.append_column(mark.RECORD, pa.array(records, pa.string()))
            place = Path(folder) / f"_kept={str(is_kept).lower()}"
            if table.partitioned_by:
                held = held.drop_columns([table.partitioned_by])
                place /= f"{table.partitioned_by}={part}"
            place.mkdir(parents=True, exist_ok=True)
            pq.write_table(held, place / "part-0.parquet")


def ids_of(table: Table, one: str) -> dict[str, str]:
    """The table's key, which must be unique."""
    return dict.fromkeys(table.key[:1], one)


def suite_of(kind: Kind) -> Suite:
    good = gxe.ExpectColumnValuesToMatchRegex(column=kind.column, regex="^good")
    return suite(kind.table, rows=(good,), tolerates=0.5)


def reason_of(kind: Kind) -> str:
    return f"{kind.column}:match_regex"


def publish(home: Path, kind: Kind, night: date) -> None:
    """Publish what the kind of table has of a night, by the door itself."""
    # Great Expectations pronounces on numbers that were counted; its engine would start a Java machine for it.
    engine = SparkDFExecutionEngine(persist=False, spark=cast("Any", object()))
    for module, name, instead in (
        (judge, "_engine", lambda: engine),
        (mark, "mark", lambda rows, *_: rows),
        (lake, "differences", lambda *_: []),
        (staging, "write", write_files),
    ):
        setattr(module, name, instead)
    door = lake.Lake(cast("Any", None), Settings(home=home), run="trial")
    days = {date.fromisoformat(part): f"{night}" for part in kind.parts[night]} if kind.table.partitioned_by else {}
    if kind.table.is_dated:
        told: dict[str, Any] = {"deliveries": days}
    else:
        told = {"partitions": list(days)} if days and night == SECOND else {}
    door.publish(cast("Any", Rows(kind, night)), suite_of(kind), night, **told)


def run_whole_night(home: Path, night: date) -> None:
    """Run the jobs of a night that are not done.

    Raises:
        JobError: One of them was not done.
    """
    settings = Settings(home=home)
    for ended in run_night(settings, night, "trial", Sessions(settings), Silent()):
        if ended.error:
            raise ended.error


def replay_events(home: Path) -> None:
    """Make events again, and what is made from them.

    Raises:
        JobError: Something was not done.
    """
    settings = Settings(home=home)
    planned = replays.plan(settings, "bronze.interactions")
    for ended in replays.run(settings, planned, "trial", Sessions(settings), Silent()):
        if ended.error:
            raise ended.error


def die_after(last: int, home: Path, steps: tuple[tuple[Any, str], ...]) -> Callable[[], int]:
    """Let this process kill itself when so many steps are done; how many were done so far."""
    done = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            result = step(*arguments, **named)
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run

    for module, name in steps:
        setattr(module, name, counted(getattr(module, name)))
    return lambda: done


def child(asked: dict[str, Any]) -> int:
    home, night = Path(asked["home"]), date.fromisoformat(asked["night"])
    try:
        kind = asked["kind"]
        done = die_after(asked["last"], home, STEPS if kind in KINDS else COMMITS)
        try:
            if kind in KINDS:
                publish(home, KINDS[kind], night)
            else:
                replay_events(home) if kind == REPLAY else run_whole_night(home, night)
        finally:
            (home / "steps").write_text(str(done()))
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def main() -> None:
    """Answer until nobody asks."""
    for job in ("lakehouse.spark", *job_inputs()):
        load(f"jobs.{job}")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 2
            try:
                status = child(json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, ended = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
