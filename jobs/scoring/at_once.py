"""The list that the champion would make of some titles that somebody likes: at once, without Spark and without anybody's history.

It runs as a process of its own, so that the site, which asks it, stays small: a line of JSON asks, and a line answers. The
plan of the newest tables and of the champion is kept until either is another. Nobody asks for a while, and it ends.
"""

import json
import os
import resource
import select
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import IO, Any

import pyarrow as pa

from jobs import recommenders
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.views import Views
from jobs.scoring.histories import put_together
from jobs.scoring.lists import lists_of
from jobs.scoring.plan import Plan, plan_of
from jobs.scoring.rules import Allowed
from jobs.scoring.sources import profiles_for_lists, rules_in_force, titles_for_lists, viewers_by_title
from jobs.scoring.weighing import end_of
from jobs.settings import Settings
from jobs.tables.silver import PREFERENCES, TITLE_PROFILES, TITLE_RULES, TITLES
from jobs.tracking import registry
from jobs.tracking.registry import Champion

READS = (PREFERENCES, TITLES, TITLE_PROFILES, TITLE_RULES)
_IDLE_SECONDS = 600.0
_MOST_MEMORY = 4 << 30
"""Bytes beside what is mapped from files, as weights of titles by titles are."""
_QUERY_MEMORY = "1GB"
_NOBODY = "nobody yet"
_HISTORY = pa.schema(
    [
        ("user_id", pa.string()),
        ("title_id", pa.string()),
        ("weight", pa.float64()),
        ("rating", pa.float64()),
        ("last_at", pa.timestamp("us", "UTC")),
    ]
)


class AtOnce:
    """Lists by the champion of the moment, as the night would make them of the newest tables.

    Args:
        settings: Where everything is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made_of: tuple[object, ...] = ()
        self._plan: Plan | None = None

    def list_of(self, title_ids: Sequence[str]) -> dict[str, Any]:
        """The list of somebody who likes some titles, and knows no other.

        Returns:
            version, recommender and night, and rows: what gold.recommendations says of each title.

        Raises:
            JobError: There is no champion yet, or a table was never published.
        """
        champion = registry.require_champion(self._settings)
        night = self._night()
        plan = self._plan_of(champion, night)
        history = [
            {"user_id": _NOBODY, "title_id": one, "weight": self._settings.weighing.like, "last_at": end_of(night)}
            for one in sorted(set(title_ids))
        ]
        known = pa.RecordBatch.from_pylist(history or [{"user_id": _NOBODY}], _HISTORY)
        rows = [row for batch in lists_of(plan, put_together([known], end_of(night))) for row in batch.to_pylist()]
        return {
            "version": champion.version,
            "recommender": champion.recommender,
            "night": str(night),
            "rows": [{name: value for name, value in row.items() if name != "user_id"} for row in rows],
        }

    def _night(self) -> date:
        """The night of the newest preferences, as of which the list is made."""
        newest = ledger.latest(self._settings.lake, PREFERENCES)
        return newest.night if newest else date.min

    def _plan_of(self, champion: Champion, night: date) -> Plan:
        """The plan of the champion and of the newest tables; made once."""
        lake, length = self._settings.lake, self._settings.list_length
        made_of = (champion.version, night, *(ledger.version(lake, table) for table in READS))
        if self._plan is None or made_of != self._made_of:
            views = Views(lake, READS, memory=_QUERY_MEMORY)
            views.require(*READS)
            recommenders.held.cache_clear()
            folder = registry.model_folder(self._settings, champion.version)
            model, rules = recommenders.load(folder), rules_in_force(views, night)
            named = pa.chunked_array([model.title_ids, *rules["title_id"].chunks], pa.string())
            allowed = Allowed(self._settings.listed_title_types, adult=self._settings.lists_adult)
            titles = titles_for_lists(views, viewers_by_title(views, night), named, night, length, allowed)
            profiles = profiles_for_lists(views, model.title_ids)
            self._plan, self._made_of = plan_of(folder, model, titles, profiles, rules, length), made_of
        return self._plan


def answer(at_once: AtOnce, asked: Mapping[str, Any]) -> dict[str, Any]:
    """An answer, or in one line why there is none."""
    try:
        return at_once.list_of(asked["titles"])
    except JobError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"no list was made: the champion needs more than {_MOST_MEMORY >> 30} GiB beside its files"}


def serve(asking: IO[bytes], answering: IO[str]) -> None:
    """Answer line by line: the first says the settings. It ends with whoever asks, or when nobody asks any more."""
    at_once = AtOnce(Settings(**json.loads(asking.readline())))
    while select.select([asking], [], [], _IDLE_SECONDS)[0] and (line := asking.readline()):
        print(json.dumps(answer(at_once, json.loads(line))), file=answering, flush=True)


def _alone() -> IO[str]:
    """Where answers go: nothing else that is printed goes there."""
    answering = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answering


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    # Unbuffered: what was read ahead nobody would be waited for.
    # Whoever asked may be gone before the answer.
    with suppress(BrokenPipeError):
        serve(os.fdopen(sys.stdin.fileno(), "rb", buffering=0), _alone())
