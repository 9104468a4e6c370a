"""Search among a million titles: seconds to make the index, its size, milliseconds a search, beside a scan of the table."""

import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from jobs.answers.title_search import READS, Asked, Index, build, find
from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Account
from jobs.lakehouse.schema import arrow_schema
from jobs.lakehouse.views import Views
from jobs.tables.gold import TITLE_FACTS

_TITLES, _NAMES, _WORDS = 1_000_000, 200_000, 30_000
_FOUND, _SCANS = 50, 10
_GENRES = ("Comedy", "Crime", "Drama", "Horror")


def run(say: Callable[[str], object]) -> None:
    """A million invented titles with five people each: words, names, beginnings and slips of them."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        # In a process of its own: what makes up a million titles is none of the figures.
        subprocess.run([sys.executable, "-m", "tests.benchmarks.title_search", folder], check=True)
        lake, index = Path(folder) / "lake", Path(folder) / "index"
        views = Views(str(lake), READS)
        began = time.monotonic()
        titles = build(str(lake), views.versions[TITLE_FACTS], index)
        size = sum(file.stat().st_size for file in index.rglob("*")) / 1e6
        say(f"index of {titles:,} titles  {time.monotonic() - began:.0f} s, {size:.0f} MB on disk")
        asked = _asked(views)
        held = Index(index)
        for name, by, queries in (("index", held, asked), ("scan", None, asked[:: len(asked) // _SCANS])):
            took = sorted(_milliseconds(views, words, by) for words in queries)
            say(
                f"{name:6} {len(took):4} searches  median {statistics.median(took):5.0f} ms  slowest {took[-1]:5.0f} ms"
            )
        say(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _asked(views: Views) -> list[str]:
    rows = views.rows("SELECT title, leading_cast[1] FROM gold.title_facts ORDER BY vote_count DESC, title_id LIMIT 40")
    whole = [text for row in rows for text in row]
    return [*whole, *(text[:-1] for text in whole), *(text.replace("a", "e", 1) for text in whole)]


def _milliseconds(views: Views, words: str, index: Index | None) -> float:
    began = time.perf_counter()
    find(views, Asked(words), _FOUND, index)
    return 1000 * (time.perf_counter() - began)


def _write(lake: Path) -> None:
    """Write gold.title_facts with a million made-up titles."""
    chance = random.Random(1)
    syllables = [consonant + vowel for consonant in "bcdfgklmnprstv" for vowel in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(_WORDS)]
    names = [" ".join(chance.choices(words, k=2)).title() for _ in range(_NAMES)]
    empty: dict[str, object] = {"boolean": False, "date": date(2026, 3, 1), "array<string>": [], "int": 0}
    made: dict[str, Callable[[int], object]] = {
        "title_id": lambda number: f"tt{number:07}",
        "title": lambda _: " ".join(chance.choices(words, k=chance.randint(1, 4))).title(),
        "leading_cast": lambda _: chance.choices(names, k=4),
        "directors": lambda _: chance.choices(names, k=1),
        "genres": lambda _: [chance.choice(_GENRES)],
        "vote_count": lambda _: int(10 ** chance.uniform(0, 6)),
        "decade": lambda _: chance.randrange(1920, 2030, 10),
    }
    schema = arrow_schema(TITLE_FACTS)
    columns = [
        pa.array([made[column.name](number) for number in range(_TITLES)], schema.field(column.name).type)
        if column.name in made
        else pa.array(
            [None if column.nullable else empty.get(column.type, "")] * _TITLES, schema.field(column.name).type
        )
        for column in TITLE_FACTS.columns
    ]
    account = Account(night=date(2026, 3, 1), offered=_TITLES, published=_TITLES, code_version="", run="bench")
    said = CommitProperties(custom_metadata={"userMetadata": ledger.encode(account)})
    for rows in (schema.empty_table(), pa.Table.from_arrays(columns, schema=schema)):
        write_deltalake(lake / TITLE_FACTS.path, rows, mode="overwrite", commit_properties=said)


if __name__ == "__main__":
    _write(Path(sys.argv[1]) / "lake")
