"""A tiny world of three nights, and histories of it: deliveries that come, and nights that are run, in any order.

Between nights an operator maintains the lake, replays a table, and takes one back.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import DeltaTable
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.runs import replays, resets
from jobs.runs.ended import Ended
from jobs.runs.job import Sessions
from jobs.runs.maintaining import maintain
from jobs.settings import Settings
from jobs.tables import TABLES, Node, Table, gold
from jobs.tracking import registry

NIGHTS = ONE, TWO, THREE = tuple(date(2026, 3, day) for day in (1, 2, 3))
LATENESS_DAYS = 70
"""What the homes of these histories are to be set to: each log tells of the ten weeks before it."""
TITLES, LINKED = 36, 29
"""Titles of the third night's catalogue, and those that the first night's links to IMDb."""


FEW = settings(
    # A history takes seconds: the same ones every time, and none tried again to be made shorter.
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How the property is tried; each test says with how many histories."""


@dataclass(frozen=True)
class Delivery:
    """Files that come together."""

    source: str
    day: date
    files: Mapping[str, str]

    def arrive(self, landing: Path) -> None:
        """Put the files where they belong, beside what came before."""
        folder = landing / self.source / str(self.day)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            packed = gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode()
            (folder / name).write_bytes(packed)

    def __repr__(self) -> str:
        return f"{self.source}/{self.day}/{'+'.join(self.files)}"


class Silent:
    """Is told how a night goes, and keeps it to itself."""

    def start(self, job: str) -> None:
        pass

    def tell(self, job: str, step: str) -> None:
        pass

    def end(self, ended: Ended) -> None:
        pass


@dataclass(frozen=True)
class Chore:
    """What an operator does once a night has run: ``maintain``, ``replay`` a job, or ``reset`` it by as many nights as can be."""

    what: str
    job: str = ""


Step = Delivery | date | Chore
"""A delivery comes, a night is run, or something is done between nights."""


def _movielens(day: date, movies: Sequence[int], linked: Sequence[int]) -> Delivery:
    titles = [f"{n},Title {n} ({1990 + n}),{'Drama' if n % 2 else 'Comedy'}\n" for n in movies]
    links = [f"{n},{f'{n:07}' if n in linked else ''},\n" for n in movies]
    return Delivery(
        "movielens",
        day,
        {
            "movies.csv": "".join(["movieId,title,genres\n", *titles]),
            "links.csv": "".join(["movieId,imdbId,tmdbId\n", *links]),
        },
    )


def _log(day: date, name: str, events: Sequence[Mapping[str, Any]]) -> Delivery:
    return Delivery("interactions", day, {name: "".join(json.dumps(event) + "\n" for event in events)})


def _events(day: date) -> Iterator[dict[str, Any]]:
    """Even viewers view even titles, each another one every few days of the ten weeks before a night, and rate some."""
    for viewer in range(8):
        for number in range(6):
            turn = 3 * number + THREE.day - day.day
            title = 2 * ((viewer + 7 * turn) % 18) + viewer % 2 + 1
            seen = {
                "event_id": f"{viewer}-{turn}",
                "user_id": f"u{viewer}",
                # What MovieLens alone has a name for may get another later, or be unknown for some nights.
                "title_id": f"movielens:{title}" if title > LINKED else f"tt{title:07}",
                "event_type": "view",
                "occurred_at": f"{day - timedelta(days=13 * number)}T{8 + viewer:02}:00:00Z",
            }
            yield seen
            if (viewer + turn) % 3 == 0:
                at = seen["occurred_at"].replace(":00:", ":30:")
                yield seen | {"event_id": f"{viewer}-{turn}-r", "event_type": "rating", "value": "8", "occurred_at": at}


def _deliveries() -> list[Delivery]:
    one, two, three = (list(_events(night)) for night in NIGHTS)
    of_tmdb = [{**event, "event_id": f"t{n}", "title_id": f"tmdb:{911 + n % 2}"} for n, event in enumerate(one[:4])]
    contradiction = {**one[0], "title_id": "tt0000002"}
    export = [{"id": n, "original_title": f"Film {n}", "popularity": 1.5, "adult": False} for n in (911, 912)]
    details = {**export[0], "title": "Film", "release_date": "1999-03-31", "status": "Released"}
    return [
        _movielens(ONE, range(1, LINKED + 2), linked=range(1, LINKED + 1)),
        _log(ONE, "log.jsonl", one),
        # A second file of a day that may have been read already.
        _log(ONE, "late.jsonl", of_tmdb),
        Delivery("tmdb", TWO, {f"movie_ids_{TWO:%m_%d_%Y}.json.gz": "".join(json.dumps(m) + "\n" for m in export)}),
        # A log again, what was delivered before among it.
        _log(TWO, "log.jsonl", [*two, *one[5:9]]),
        # A title has another name by now, some are new.
        _movielens(THREE, range(1, TITLES + 1), linked=range(1, TITLES + 1)),
        _log(THREE, "log.jsonl", [*three, contradiction]),
        Delivery("tmdb", THREE, {"movie_details.jsonl": json.dumps(details) + "\n"}),
    ]


DELIVERIES = _deliveries()
IN_ORDER: list[Step] = [*DELIVERIES, *NIGHTS]
CHORES = [
    Chore("replay", "silver.interactions"),
    Chore("maintain"),
    Chore("reset", "silver.titles"),
    Chore("reset", "bronze.interactions"),
]


def histories() -> st.SearchStrategy[list[Step]]:
    """The deliveries, every night, and one of the nights again, in any order, and what is done after the nights that run.

    The first to be tried is backwards.
    """
    orders = st.sampled_from(NIGHTS).flatmap(lambda again: st.permutations([again, *DELIVERIES[::-1], *NIGHTS[::-1]]))
    return st.builds(lambda chores, order: [*chores, *order], st.permutations(CHORES), orders)


def replay(
    history: Sequence[Step],
    landing: Path,
    run: Callable[[date], bool],
    do: Callable[[Chore], date | None],
) -> None:
    """Let a history happen; then run once more, newest first, what an operator would: every night that failed or was undone,
    or for which something has come since.

    Args:
        history: The steps. Chores wait until a night has run, one for each night.
        landing: Where deliveries come to.
        run: Runs a night; whether every job was done.
        do: Does something between nights; the night that is to be run because of it.
    """
    to_do: dict[date, None] = {}
    chores = [step for step in history if isinstance(step, Chore)]
    for step in history:
        if isinstance(step, Delivery):
            step.arrive(landing)
            to_do[step.day] = None
        elif isinstance(step, date) and _is_delivered(landing, step):
            if run(step):
                to_do.pop(step, None)
            if chores and (undone := do(chores.pop(0))):
                to_do[undone] = None
    for night in sorted(to_do, reverse=True):
        assert run(night), f"night {night}, all of its deliveries there"


def do(settings: Settings, chore: Chore, sessions: Sessions) -> date | None:
    """Do something between nights, unless it is refused.

    Returns:
        The night that the command says is to be run then; None if nothing was undone.
    """
    if chore.what == "maintain":
        # So late that only what is needed stays.
        assert maintain(settings, datetime.now(UTC) + timedelta(days=400)).problems == ()
        return None
    if chore.what == "replay":
        try:
            planned = replays.plan(settings, chore.job)
        except JobError:
            return None
        ended = replays.run(settings, planned, "replay", sessions, Silent())
        return None if all(one.is_done for one in ended) else planned.night
    undone = list[date]()
    for night, downstream in product(NIGHTS, (True, False)):
        try:
            planned_reset = resets.plan(settings, chore.job, night, downstream=downstream)
            undone += filter(None, [planned_reset.again])
            list(resets.apply(settings, planned_reset.steps, "reset"))
        except JobError:
            continue
        break
    return max(undone, default=None)


def _is_delivered(landing: Path, night: date) -> bool:
    return any(landing.glob(f"*/{night}"))


def content(settings: Settings) -> dict[str, Any]:
    """What all tables hold, and the champion: everything that may not depend on the order.

    Lists that were served are what they were, and so is all that is told of them, of what tables held then, and what went
    wrong; how often a model was trained numbers its versions.
    """
    held: dict[str, Any] = {
        table.name: _rows(settings, table) for table in TABLES if table.layer != "ops" and not _tells_of_the_past(table)
    }
    champion = registry.champion(settings)
    if champion is not None:
        folder = registry.model_folder(settings, champion.version)
        arrays = {file.name: np.load(file).tolist() for file in sorted(folder.glob("*.npy"))}
        texts = {file.name: file.read_text() for file in sorted(folder.glob("*.json"))}
        held["model.champion"] = (champion.night, arrays, texts, champion.metrics.get("ndcg_at_10"))
    return held


def _tells_of_the_past(node: Node) -> bool:
    """Whether it is about what was served, or what tables held when a night ran."""
    return node in (gold.RECOMMENDATION_HISTORY, gold.LAKE_PROFILE) or any(map(_tells_of_the_past, node.inputs))


def _rows(settings: Settings, table: Table) -> list[str]:
    if ledger.latest(settings.lake, table) is None:
        return []
    rows = DeltaTable(f"{settings.lake}/{table.path}").to_pyarrow_table().to_pylist()
    return sorted(str({name: value for name, value in row.items() if name != "model_version"}) for row in rows)
