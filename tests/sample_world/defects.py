"""Files with every defect that rows are set aside for, beside what a sample world delivers, for tests of whole nights.

What each catalogue's table promises has its broken rows in :mod:`tests.expectations.planted`: here they are written as
their source delivers them, each in as many good rows as the table's tolerance asks for.
"""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from pathlib import Path

from expectations.bronze import imdb, movielens, movietweetings, tmdb
from expectations.suite import Suite
from jobs.tables import SOURCES, bronze
from tests.expectations.planted.bronze import BRONZE

Fields = Mapping[str, str]
"""Field → how JSON writes it."""

_KEYS = (
    *("tconst", "titleId", "parentTconst", "nconst", "directors", "writers"),
    *("id", "imdb_id", "movie_id", "movieId", "imdbId", "tmdbId"),
)
"""Columns that name titles and people, of all sources."""
MOST_A_DAY = 150
"""Events of a viewer on a day that a night over these files is told to take for a person's."""
DUPLICATES = 3
"""Events that say the same: twice on a day, on two days, and two without a name."""
_FIRST = 8_000_000
"""Number of the first title or person that is planted: no world has so many."""


@dataclass(frozen=True)
class Case:
    """An event as it was delivered, and what becomes of it."""

    name: str
    """Its ``event_id``, unless it says another."""
    says: Fields
    """What differs from a good event."""
    reasons: tuple[str, ...] = ()
    """Why it is set aside; none for one that counts."""
    layer: str = "bronze"
    """Where."""


def _aside(field: str, reason: str, *values: str, layer: str = "bronze") -> list[Case]:
    name = field.partition(" ")[0]
    return [Case(f"{reason} {number}", {name: value}, (reason,), layer) for number, value in enumerate(values)]


def cases(day: date, title_id: str) -> list[Case]:
    """Every way in which events have come.

    Args:
        day: Day of their delivery, not the oldest.
        title_id: A title that a catalogue knows.
    """
    return [*_good(day), *_broken_fields(day, title_id), *_wrong_times(day), *_broken_in_silver()]


def _good(day: date) -> list[Case]:
    """Events that count, however odd they look."""
    at, oldest = f"{day}T10:00:00", day - timedelta(days=30)
    said = {
        "user_id": ['"u 1"', '"\\ud83d\\ude00\u200d"', '"Zo\u00eb"', '"Zoe\u0308"', '"U1"', "17", "true"],
        "value": ['"8"', "8.0", "8e0", "0", "10"],
        "occurred_at": [f'"{at}+02:00"', f'"{at}-0330"', f'"{day} 10:00"', f'"{at}.123456789Z"', f'"{oldest}T00:00Z"'],
        "event_id": ['" blanks around "', "5", "null", '""'],
        "source": ["null", '""', '"\U0001f600"'],
    }
    return [
        *(
            Case(f"good {field} {n}", {field: value})
            for field, values in said.items()
            for n, value in enumerate(values)
        ),
        Case("of a public set", {"occurred_at": '"2001-01-01T00:00:00Z"', "source": '"movielens"'}),
    ]


def _broken_fields(day: date, title_id: str) -> list[Case]:
    """Events that bronze sets aside."""
    users = ("", " ", " u", "u ", "u\n", "u\x00", "\u00a0u", "u" * 10_240)
    titles = ("", f" {title_id}", f"{title_id}\n", title_id.upper())
    numbers = ('"8,5"', '" 8"', "1e400", "NaN", "Infinity", '"NaN"', "true", "[8]", '"8f"', '""')
    times = ("", "0000-01-01T00:00Z", "9999-12-31T23:59Z", f"{day}", f"{day}T10:00:00 Europe/Paris", "noon")
    return [
        *_aside("user_id", "user_id:match_regex", *map(json.dumps, users)),
        *_aside("user_id null", "user_id:not_be_null", "null"),
        *_aside("title_id", "title_id:match_regex", *map(json.dumps, titles)),
        *_aside("event_id", "event_id:match_regex", json.dumps("e\x00"), json.dumps("e" * 10_240)),
        *_aside("source", "source:match_regex", json.dumps("s\x00"), json.dumps("s" * 10_240)),
        *_aside("value", "value:match_regex", *numbers),
        *_aside("occurred_at", "occurred_at:match_regex", "1772359200", "1772359200000", *map(json.dumps, times)),
    ]


def _wrong_times(day: date) -> list[Case]:
    """Events of times that there are, but not for them."""
    year = timedelta(days=365)
    times: dict[str, tuple[str, ...]] = {}
    for said in (f"{day:%Y}-02-30T10:00Z", f"{day}T10:00+99:00", f"{day}T24:00Z", f"{day}T23:59:60Z"):
        times[said] = ("occurred_at:not_be_null", "month:not_be_null")
    for said in (f"{day - timedelta(days=31)}T23:59Z", f"{day - year}T10:00Z"):
        times[said] = ("occurred_at:too_late",)
    for said in (f"{day + timedelta(days=1)}T01:00:01Z", f"{day + year}T10:00Z"):
        times[said] = ("occurred_at:after_delivery",)
    return [Case(f"at {said}", {"occurred_at": f'"{said}"'}, why, "silver") for said, why in times.items()]


def _broken_in_silver() -> list[Case]:
    """Events whose fields can be read and mean nothing."""
    numbers = ('"1e400"', "-1", "11", "123456789012345678901234567890")
    return [
        *_aside("event_type", "event_type:be_in_set", '"Rating"', '" rating"', '"purchase"', layer="silver"),
        *_aside("value", "value:be_between", *numbers, layer="silver"),
        *_aside("value", "value:missing", "null", layer="silver"),
        *_aside("title_id", "parked:title_id", '"tt7777777"', layer="silver"),
    ]


def event(name: str, says: Fields, day: date, title_id: str) -> str:
    """One line of an event log."""
    good = {
        "event_id": json.dumps(name),
        "user_id": '"defects"',
        "title_id": json.dumps(title_id),
        "event_type": '"rating"',
        "value": "8",
        "occurred_at": f'"{day}T10:00:00Z"',
        "source": '"app"',
    }
    return "{" + ",".join(f'"{field}":{value}' for field, value in (good | dict(says)).items()) + "}\n"


def plant(landing: Path, day: date, title_id: str) -> dict[str, Counter[str]]:
    """Write files with every defect into a landing folder, beside or at the end of those that are there.

    Args:
        landing: The landing folder; it holds an earlier delivery of event logs.
        day: Day of the delivery.
        title_id: A title that the catalogues of that day know.

    Returns:
        Table → reason → records that are to be set aside (or parked) for it; tables of bronze, and silver.interactions.
    """
    suites = (*imdb.SUITES.values(), *tmdb.SUITES.values(), *movielens.SUITES.values(), *movietweetings.SUITES.values())
    aside = {
        promised.of.name: _plant_rows(landing / source.folder / str(day), promised)
        for promised in suites
        for source in SOURCES
        if promised.of in source.tables
    }
    return aside | _plant_events(landing / bronze.EVENTS.folder / str(day), day, title_id)


def _plant_events(folder: Path, day: date, title_id: str) -> dict[str, Counter[str]]:
    """Event logs of two formats: every case, an event twice, on two days, one that says two things, a bot, and good ones."""
    told = cases(day, title_id)
    lines = [event(case.name, case.says, day, title_id) for case in told]
    lines += ["no JSON\n", "[]\n", "\n", event("twice", {}, day, title_id), event("twice", {}, day, title_id)]
    lines += [event("conflict", {"value": value}, day, title_id) for value in ("8", "9")]
    lines += [event(f"bot {n}", {"user_id": '"bot"'}, day, title_id) for n in range(MOST_A_DAY + 1)]
    said_before = event("on two days", {"occurred_at": f'"{day - timedelta(days=1)}T10:00:00Z"'}, day, title_id)
    lines.append(said_before)
    (folder.parent / str(day - timedelta(days=1)) / "again.jsonl").write_text(said_before, encoding="utf-8")
    for number in range(40 * len(told)):
        viewed = {"event_type": '"view"', "value": "0.5", "user_id": f'"filler {number % 50}"'}
        lines.append(event(f"filler {number}", viewed, day, title_id))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "defects.jsonl").write_text("".join(lines), encoding="utf-8")
    header = "event_id,user_id,title_id,event_type,value,occurred_at,source"
    row = f"in a file of fields,a viewer,{title_id},view,,{day}T10:00:00Z,"
    (folder / "defects.csv.gz").write_bytes(gzip.compress(f"{header}\n{row}\nshort,row\n".encode(), mtime=0))
    aside = {name: Counter[str]() for name in ("bronze.interactions", "silver.interactions")}
    for case in told:
        aside[f"{case.layer}.interactions"].update(case.reasons)
    aside["bronze.interactions"] += Counter({"line:not_json": 2, "line:field_count": 1})
    aside["silver.interactions"]["event_id:conflict"] += 1
    aside["silver.interactions"]["parked:user_id:too_many"] += MOST_A_DAY + 1
    return aside


def _plant_rows(folder: Path, suite: Suite) -> Counter[str]:
    """Broken rows of a catalogue's table, one for each reason that its format can deliver, and good ones beside them."""
    table, planted = suite.of, BRONZE[suite.of.name]
    name = table.files[0].replace("*", f"{date.fromisoformat(folder.name):%m_%d_%Y}")
    kind = name.removesuffix(".gz").rpartition(".")[2]
    broken = {
        reason: dict(planted.row) | {reason.partition(":")[0]: values[0]}
        for reason, values in planted.breaks.items()
        # A null cannot be told from an empty text in a file of fields.
        if kind in {"json", "jsonl"} or values[0] not in {None, ""}
    }
    broken |= {reason: dict(planted.row) | {reason.partition(":")[0]: "open('x')"} for reason in suite.faults}
    names = [name for name in table.column_names if name not in {"extra", "file", "night"}]
    good = [_numbered(planted.row, number) for number in range(ceil((len(broken) + 1) / suite.tolerates) + 1)]
    path = folder / name
    before = _read(path)
    text = _WRITERS[kind](names, [*good, *broken.values()], before)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode())
    unreadable = "line:not_json" if kind in {"json", "jsonl"} else "line:field_count"
    return Counter({**dict.fromkeys(broken, 1), unreadable: 1})


def _numbered(row: Mapping[str, object], number: int) -> dict[str, object]:
    """A good row about a title and a person of its own."""
    ids = {name: str(value)[:2] for name, value in row.items() if name in _KEYS and str(value)[:2] in {"tt", "nm"}}
    return dict(row) | {name: f"{ids.get(name, '')}{_FIRST + number}" for name in _KEYS if name in row}


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode()


def _as_tsv(names: list[str], rows: Iterable[Mapping[str, object]], before: str) -> str:
    lines = ["\t".join(str(row.get(name, r"\N")) for name in names) + "\n" for row in rows]
    return (before or "\t".join(names) + "\n") + "".join(lines) + "too\tshort\n"


def _as_double_colons(names: list[str], rows: Iterable[Mapping[str, object]], before: str) -> str:
    return before + "".join("::".join(str(row.get(name, "")) for name in names) + "\n" for row in rows) + "too short\n"


def _as_csv(names: list[str], rows: Iterable[Mapping[str, object]], before: str) -> str:
    header = next(csv.reader(io.StringIO(before)), names)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([[row.get(name) for name in header] for row in rows])
    return (before or ",".join(names) + "\n") + lines.getvalue() + "short\n"


def _as_json(names: list[str], rows: Iterable[Mapping[str, object]], before: str) -> str:
    return before + "".join(json.dumps({name: row.get(name) for name in names}) + "\n" for row in rows) + "no JSON\n"


_WRITERS = {"tsv": _as_tsv, "csv": _as_csv, "dat": _as_double_colons, "json": _as_json, "jsonl": _as_json}
