"""JSON lines: parsed once by the table's columns, and nothing of a line is lost."""

import json
from pathlib import Path
from typing import Any

from pyspark.sql import Row, SparkSession

from jobs.landing.gate import Delivered
from jobs.landing.readers import read_files
from jobs.tables import bronze

EVENT: dict[str, Any] = {
    "event_id": "e", "user_id": "u", "title_id": "tmdb:603", "event_type": "view", "value": 0.5,
    "occurred_at": "2026-03-01T10:00:00Z", "source": "app",
}  # fmt: skip


def read(spark: SparkSession, folder: Path, *lines: str | dict[str, Any]) -> list[Row]:
    """Rows in the order of the lines."""
    path = folder / "2026-03-01" / "log.jsonl"
    path.parent.mkdir(parents=True)
    written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(written) + "\n", encoding="utf-8")
    rows = read_files(spark, bronze.INTERACTIONS, [Delivered(path, "", (), 0)]).collect()
    return sorted(rows, key=lambda row: written.index(row["_record"]))


def test_keeps_every_unknown_field_however_its_line_is_written(spark: SparkSession, tmp_path: Path) -> None:
    extras: dict[str, dict[str, str] | None] = {
        json.dumps(EVENT): None,
        json.dumps(EVENT, separators=(",", ":")): None,
        json.dumps(EVENT | {"value": None, "source": None}): None,
        json.dumps(EVENT | {"user_id": 'quo"te:d'}): None,
        json.dumps(EVENT | {"user_id": "co:lon:s"}): None,
        json.dumps(EVENT | {"value": {"share": 0.5}}): None,
        json.dumps(EVENT | {"device": "tv"}): {"device": "tv"},
        json.dumps(EVENT | {"device": None}): {"device": None},  # type: ignore[dict-item]
        json.dumps(EVENT | {"geo": {"country": "DE", "at": [1, 2]}}): {"geo": '{"country":"DE","at":[1,2]}'},
        json.dumps(EVENT | {"a": 1, "b": True}, separators=(" , ", " : ")): {"a": "1", "b": "true"},
        '{"user_id": {"value": null}, "device": "tv"}': {"device": "tv"},
        # A colon that is written as an escape must not stand for that of a key.
        json.dumps(EVENT | {"b": 1}).replace("tmdb:603", r"tmdb\u003a603"): {"b": "1"},
    }

    rows = read(spark, tmp_path, *extras)

    assert [row["extra"] for row in rows] == list(extras.values())


def test_keeps_text_as_delivered_and_nested_values_as_json(spark: SparkSession, tmp_path: Path) -> None:
    numbers, nested, escaped = read(
        spark,
        tmp_path,
        '{"event_id": 12345678901234567890, "user_id": 42, "value": "08.50", "title_id": true}',
        EVENT | {"value": {"share": 0.5}},
        EVENT | {"user_id": "Zoë \u2028 \t", "title_id": ""},
    )

    assert [numbers[name] for name in ("event_id", "user_id", "value", "title_id")] == [
        "12345678901234567890",
        "42",
        "08.50",
        "true",
    ]
    assert nested["value"] == '{"share":0.5}'
    assert (escaped["user_id"], escaped["title_id"]) == ("Zoë \u2028 \t", "")


def test_sets_lines_aside_that_are_no_json_object(spark: SparkSession, tmp_path: Path) -> None:
    broken = ["{broken", "[" + json.dumps(EVENT) + "]", "null", "7", '"text"', '{"event_id": "cut sho']

    rows = read(spark, tmp_path, *broken, {}, EVENT)

    assert [row["_faults"] for row in rows] == [["line:not_json"]] * len(broken) + [[], []]
    assert {row["extra"] for row in rows} == {None}


def test_sets_lines_aside_that_hold_more_than_one_object_or_half_a_character(
    spark: SparkSession, tmp_path: Path
) -> None:
    one = json.dumps(EVENT)
    broken = [
        f"{one} {one}",
        f"{one}{one}",
        f"{one},{one}",
        f"{one} and so on",
        f"{one}]",
        f"{one}\r{one}",
        one.replace('"u"', r'"\ud83d"'),
        one.replace('"u"', r'"x\uDE00y"'),
        one.replace('"u"', r'"\ude00\ud83d"'),
        one.replace('"u"', r'"\\\ud83d"'),
    ]
    whole = [
        one.replace('"u"', r'"\ud83d\ude00"'),
        one.replace('"u"', r'"\\ud83d"'),
        one.replace('"u"', '"}{"'),
        f"{one}  ",
        one.replace("}", ', "a": "} x", "b": "},{"}'),
    ]

    rows = read(spark, tmp_path, *broken, *whole)

    assert [row["_faults"] for row in rows] == [["line:not_json"]] * len(broken) + [[]] * len(whole)
    assert [row["user_id"] for row in rows][len(broken) :] == ["😀", r"\ud83d", "}{", "u", "u"]
    assert rows[-1]["extra"] == {"a": "} x", "b": "},{"}


def test_a_line_that_is_nested_deeper_than_anybody_means_is_set_aside_and_no_other(
    spark: SparkSession, tmp_path: Path
) -> None:
    opened, closed = '{"user_id":' + "[" * 100_000, '{"user_id":' + "[" * 100_000 + "]" * 100_000 + "}"
    unknown = '{"user_id":"u","geo":' + '{"a":' * 100_000 + "1" + "}" * 100_001

    rows = read(spark, tmp_path, EVENT, opened, closed, unknown, EVENT | {"event_id": "f"})

    assert [list(row["_faults"]) for row in rows] == [[], *[["line:not_json"]] * 3, []]
