"""One, four and ten million events over two million titles: seconds of the tables, and memory of all processes."""

import gzip
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb

from jobs.tables import bronze
from tests.benchmarks.measure import REELHOUSE, Ended, run_program

_TITLES, _VIEWERS, _DAYS = 2_000_000, 100_000, 20
_SIZES = (1, 4, 10)
_MILLION = 1_000_000
_FIRST_DAY = date(2026, 1, 1)
_NIGHT = str(_FIRST_DAY + timedelta(days=_DAYS - 1))
_GOAL_GIB = 6
_TYPES = ["view", "complete", "rating", "like", "dislike", "watchlist", "dismiss"]
_CATALOGUE, _EVENTS = (
    ("bronze.imdb", "silver.title_links", "silver.titles"),
    ("bronze.interactions", "silver.interactions"),
)
_CARRIED = ("extra", "file", "night")  # what every bronze table has beside the columns delivered
_SECONDS = re.compile(r"\b(\d+\.\d) s\b")


def run(say: Callable[[str], object]) -> None:
    """2,000,000 titles, then 1, 4 and 10 million events in 20 daily logs: landed, typed, deduplicated, audited."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        base = Path(folder) / "titles"
        _write_titles(base / "landing" / "imdb" / _NIGHT)
        for table in _CATALOGUE:
            _tell(say, "", table, _run(base, table))
        seconds: dict[int, float] = {}
        peaks: list[float] = []
        for size in _SIZES:
            home = Path(folder) / f"events-{size}"
            shutil.copytree(base, home)
            _write_events(home / "landing" / "interactions", size * _MILLION)
            ended = {table: _run(home, table) for table in _EVENTS}
            for table, one in ended.items():
                _tell(say, f"{size} M ", table, one)
            seconds[size] = sum(_seconds(one) for one in ended.values())
            peaks.append(max(one.peak_gib for one in ended.values()))
            shutil.rmtree(home)
    _, middle, large = _SIZES
    say(f"from {middle} to {large} million  {seconds[large] / seconds[middle]:4.1f} x (goal {large / middle}: linear)")
    say(f"peak memory           {max(peaks):5.1f} GiB (goal {_GOAL_GIB})")


def _run(home: Path, table: str) -> Ended:
    return run_program([REELHOUSE, "run", table, "--night", _NIGHT], {"REELHOUSE_HOME": str(home), "COLUMNS": "200"})


def _seconds(ended: Ended) -> float:
    """Seconds that a job says it took, the start of Spark not included."""
    return sum(float(found) for _, line in ended.said for found in _SECONDS.findall(line))


def _tell(say: Callable[[str], object], size: str, table: str, ended: Ended) -> None:
    said = _seconds(ended)
    say(f"{size + table:27s} {said:6.1f} s, {ended.seconds:4.0f} s with its start   peak {ended.peak_gib:.1f} GiB")


def _write_titles(folder: Path) -> None:
    """Write IMDb's titles and their ratings; of the other files of a delivery, the header."""
    folder.mkdir(parents=True)
    rows = {bronze.IMDB_TITLE_BASICS: _basics(), bronze.IMDB_TITLE_RATINGS: _ratings()}
    for table in bronze.IMDB.tables:
        header = "\t".join(column.name for column in table.columns[: -len(_CARRIED)]) + "\n"
        with gzip.open(folder / table.files[0], "wt", compresslevel=1, encoding="utf-8") as packed:
            packed.write(header)
            packed.writelines(rows.get(table, ()))


def _basics() -> Iterator[str]:
    for n in range(_TITLES):
        year, minutes = 1930 + n % 95, 60 + n % 120
        yield f"tt{n:07d}\tmovie\tThe film number {n}\tThe film number {n}\t0\t{year}\t\\N\t{minutes}\tDrama,Comedy\n"


def _ratings() -> Iterator[str]:
    for n in range(0, _TITLES, 3):
        yield f"tt{n:07d}\t{1 + n % 90 / 10:.1f}\t{5 + n % 1000}\n"


def _write_events(folder: Path, events: int) -> None:
    """Write daily logs, in which one event of a hundred came before."""
    with duckdb.connect() as made:
        for day in range(_DAYS):
            at = _FIRST_DAY + timedelta(days=day)
            (folder / str(at)).mkdir(parents=True)
            first, last = day * events // _DAYS, (day + 1) * events // _DAYS
            made.sql(
                "SELECT format('e{:09d}', CASE WHEN n % 100 = 7 AND n > 100 THEN n - 100 ELSE n END) AS event_id,"
                " format('u{:06d}', hash(k) % $viewers) AS user_id, format('tt{:07d}', hash(k + 1) % $titles) AS title_id,"
                " $types[1 + (k % 7)::INT] AS event_type,"
                " CASE WHEN k % 7 = 2 THEN (1 + k % 10)::VARCHAR END AS value,"
                " strftime($day::TIMESTAMP + to_seconds(k % 86400), '%Y-%m-%dT%H:%M:%SZ') AS occurred_at,"
                " 'player' AS source"
                " FROM (SELECT n, CASE WHEN n % 100 = 7 AND n > 100 THEN n - 100 ELSE n END AS k"
                " FROM range($first, $last) AS rows(n))",
                params={
                    "viewers": _VIEWERS,
                    "titles": _TITLES,
                    "types": _TYPES,
                    "day": str(at),
                    "first": first,
                    "last": last,
                },
            ).write_csv(str(folder / str(at) / "events.csv"))
