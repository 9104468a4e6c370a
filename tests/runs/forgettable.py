"""A small home with a person in every place where one may be, and a search that looks everywhere without our code."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from jobs.lakehouse import files
from jobs.landing.deliveries import content_hash
from jobs.landing.hashes import Hashes
from jobs.tables.bronze import INTERACTIONS
from jobs.tables.gold import POPULAR_TITLES, RECOMMENDATION_HISTORY, RECOMMENDATIONS
from jobs.tables.ops import QUARANTINE, REFUSALS
from jobs.tables.silver import INTERACTIONS as EVENTS
from jobs.tables.silver import PREFERENCES
from tests.cli.small_lake import listed, preferred, publish

WHO = "q7Zk-Vx93hWmPL0aRt55"
"""High entropy: where it stands, it is this person."""
BROKEN = '{"user_id": broken'
"""A line that is nobody's."""
NOTIFIED = "told/failures.jsonl"
"""What people were told of failures."""
ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)


def find(home: Path, who: str = WHO) -> dict[str, list[str]]:
    """Every file that holds somebody, by the place it is in: text is decoded, unpacked and read out of Parquet."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        if any(who in text for text in _texts(path)) or who in path.name:
            below = path.relative_to(home).as_posix()
            found.setdefault(_place(below), []).append(below)
    return found


def _place(path: str) -> str:
    parts = path.split("/")
    if parts[0] == "lake":
        return ".".join(parts[1:3]) + (" log" if "_delta_log" in parts else "")
    return "/".join(parts[:2])


def _texts(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    yield raw.decode("utf-8", "replace")
    yield raw.decode("utf-32-le", "replace")
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        yield str(file.metadata.to_dict())
        yield str(file.read().to_pylist())
        yield str(file.schema_arrow.metadata)
    for line in raw.splitlines():
        # JSON may escape a letter; and an account is JSON within JSON.
        if b"\\u00" in line:
            yield re.sub(r"\\u(00[0-9a-f]{2})", lambda one: chr(int(one[1], 16)), line.decode("utf-8", "replace"))


def event(number: int, user_id: str, day: date, **more: object) -> dict[str, object]:
    return {
        "event_id": f"{day}-{number}",
        "user_id": user_id,
        "title_id": "tt0000001",
        "event_type": "view",
        "occurred_at": f"{day}T08:00:00Z",
        "source": "app",
        **more,
    }


def deliver(home: Path, day: date, name: str, content: bytes) -> Path:
    path = home / "landing" / "interactions" / str(day) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return path


def lines(*events: dict[str, object]) -> bytes:
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in events)


def landing(home: Path) -> None:
    """Two days of deliveries in every format, the person in each file but one."""
    deliver(home, ONE, "log.jsonl", b"\n" + lines(event(1, WHO, ONE), event(2, "u2", ONE)) + BROKEN.encode() + b"\r\n")
    deliver(home, ONE, "packed.jsonl.gz", lines(event(3, "u3", ONE), event(4, WHO, ONE)))
    escaped = lines(event(5, WHO, ONE)).replace(b"q7Zk", b"\\u00717Zk")
    deliver(home, ONE, "escaped.ndjson", escaped + lines(event(6, "u2", ONE)))
    header = "event_id,user_id,title_id,event_type,value,occurred_at,source,note\n"
    rows = f'7,u2,tt1,view,,{ONE},app,"two\nlines"\n8,{WHO},tt1,view,,{ONE},app,"a ""quote""\n"\n9,u3,tt1,view,,{ONE},app,\n'
    deliver(home, TWO, "log.csv", (header + rows).encode())
    deliver(home, TWO, "feedback.jsonl", lines(event(10, WHO, TWO)))
    deliver(home, TWO, "others.jsonl", lines(event(11, "u2", TWO)))
    table = pa.table({"user_id": ["u2", WHO, "u3"], "title_id": ["tt1"] * 3, "value": [1.5, None, 2.0]})
    pq.write_table(table, deliver(home, TWO, "log.parquet", b""))


def hashes(home: Path) -> dict[str, str]:
    """Content hash of each delivery, as the ledger keeps it."""
    source = home / "landing" / "interactions"
    known = Hashes(source)
    found = {
        str(day): content_hash(known.of(file) for file in sorted((source / str(day)).iterdir()) if file.name[0] != ".")
        for day in (ONE, TWO)
    }
    known.save()
    return found


def lake(home: Path) -> None:
    """Two nights of tables, the person's rows among others', broken and parked rows, and a refusal that quotes one."""
    held = hashes(home)
    seen = [
        {**event(n, user, day), "night": day, "file": "log.jsonl", "extra": extra}
        for n, user, day, extra in (
            (1, WHO, ONE, None),
            (2, "u2", ONE, {"mood": "good"}),
            (3, "u3", TWO, {"seen_with": WHO}),
            (4, WHO, TWO, None),
            (5, "u2", TWO, None),
        )
    ]
    publish(home, INTERACTIONS, *seen[:2], night=ONE, deliveries={str(ONE): held[str(ONE)]}, replaced=[str(ONE)])
    publish(home, INTERACTIONS, *seen, night=TWO, deliveries=held, publication="p2", replaced=[str(ONE), str(TWO)])
    for night in (ONE, TWO):
        rows = [
            {"user_id": user, "event_id": f"{user}-{night}", "month": date(2026, 3, 1)} for user in (WHO, "u2", "u3")
        ]
        publish(home, EVENTS, *rows, night=night, publication=f"e{night.day}", inputs={INTERACTIONS.name: night.day})
        publish(home, PREFERENCES, *(preferred(user, "tt0000001", 1.0) for user in ("a", WHO, "u2")), night=night)
        publish(home, RECOMMENDATIONS, *(listed(user, 1, "tt0000002") for user in ("*", WHO, "u2")), night=night)
        history = [{**listed(user, 1, "tt0000002"), "night": night} for user in (WHO, "u2")]
        publish(home, RECOMMENDATION_HISTORY, *history, night=night, replaced=[str(night)])
    aside = [
        ("silver.interactions", json.dumps(event(20, WHO, ONE)), ["parked:title_id"], "parked", "2026-03-01"),
        ("silver.interactions", json.dumps(event(21, "u2", ONE)), ["parked:title_id"], "parked", "2026-03-01"),
        ("bronze.interactions", f'{{"user_id": {WHO}, broken', ["line:not_json"], "set_aside", str(ONE)),
        ("bronze.imdb_title_basics", "tt1\tmovie\t42", ["line:field_count"], "set_aside", str(ONE)),
        ("bronze.interactions", BROKEN, ["line:not_json"], "set_aside", str(ONE), "log.jsonl", 4),
        ("bronze.interactions", '{"user_id": "u3"}', ["source:not_null"], "set_aside", str(TWO), "log.parquet", 3),
    ]
    names = ("table_name", "record", "reasons", "state", "part", "file", "line")
    rows = [{**dict(zip(names, one, strict=False)), "night": ONE, "publication": "p2"} for one in aside]
    publish(home, QUARANTINE, *rows)
    problem = f"1 of 2 rows break value:be_between (e.g. '{json.dumps(event(1, WHO, ONE))}')"
    refusal = {
        "table_name": "bronze.interactions",
        "night": ONE,
        "problems": [problem],
        "limits": [],
        "publication": "r",
    }
    publish(home, REFUSALS, refusal)
    # Of another table a person may be named by who took it back, or is summed up with the statistics of files.
    publish(home, POPULAR_TITLES, {"title_id": "tt1"}, accepted={"by": "ada", "reason": f"asked by {WHO}"})
    for table in (EVENTS, QUARANTINE, REFUSALS):
        DeltaTable(home / "lake" / table.path).create_checkpoint()


def elsewhere(home: Path) -> None:
    """Pages, logs and an export that name the person; and a file that is not ours."""
    texts = {
        "docs/data-docs/bronze.interactions/2026-03-01.html": f"<code>{WHO}</code>",
        "docs/changes/2026-03-02.html": f"<p>{WHO}, u2</p>",
        "spark/driver.log": f"WARN row of {WHO}\n",
        "services/spark.log": f"ERROR {WHO}: no list\n",
        "airflow/logs/dag_id=refine/attempt=1.log": json.dumps({"event": f"e.g. {WHO}"}),
        NOTIFIED: json.dumps({"error": f"e.g. {json.dumps({'user_id': WHO})}"}) + '\n{"error": "other"}\n',
        "work/champion-1/viewers.npy": f"\0{WHO}",
        "work/champion-2/viewers.npy": "u2",
        "exports/.others.a1b2c3d4.partial/part-0.jsonl": json.dumps({"user_id": WHO}),
        "lake/silver/interactions/_damaged/00000000000000000007.json": f'{{"add": "{WHO}',
    }
    for name, text in texts.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    with files.placed(home / "exports" / "lists", "lists", replace=False) as beside:
        rows = [json.dumps({"user_id": user, "titles": ["tt1"]}) for user in (WHO, "u2")]
        written = files.write_file(pa.table({"line": rows}), "jsonl", beside / "part-0.jsonl")
        files.describe(beside, [written], {"table": "gold.recommendations"})


def everything(home: Path) -> None:
    landing(home)
    lake(home)
    elsewhere(home)
