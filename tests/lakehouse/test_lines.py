"""Broken records are found in their files again."""

import gzip
import json
from collections.abc import Collection
from pathlib import Path

import pytest

from jobs.lakehouse import lines


def found(path: Path, content: str, records: Collection[str]) -> dict[str, list[int]]:
    raw = content.encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return {record: list(numbers) for record, numbers in lines.find(path, records).items()}


@pytest.mark.parametrize("name", ["names.tsv", "names.tsv.gz"])
def test_a_line_is_found_whatever_ends_it_and_as_often_as_it_was_asked_for(tmp_path: Path, name: str) -> None:
    content = "\ufeffid\tname\r\n\nbad\r\ngood\t1\nbad\nbad\nlast"

    assert found(tmp_path / name, content, ["bad", "bad", "last"]) == {"bad": [3, 5], "last": [7]}


def test_lines_are_counted_over_chunks_of_a_long_file(tmp_path: Path) -> None:
    content = "".join(f'{{"event_id": "{number}", "pad": "{"x" * 200}"}}\n' for number in range(20_000)) + "{\r\n"

    assert found(tmp_path / "log.jsonl", content, ["{\r"]) == {"{\r": [20_001]}


def test_a_record_of_csv_is_found_by_its_cells_or_by_its_text(tmp_path: Path) -> None:
    content = 'id,title,note\r\n1,"two\nlines",\r\n\r\n2,"says ""so""",x\r\n3,short\r\n2,"says ""so""",x\r\n'
    quoted, broken = json.dumps({"id": "2", "title": 'says "so"', "note": "x"}), "3,short"

    assert found(tmp_path / "list.csv", content, [quoted, quoted, broken]) == {quoted: [5, 7], broken: [6]}


def test_what_is_not_in_the_file_any_more_is_not_found(tmp_path: Path) -> None:
    assert found(tmp_path / "log.jsonl", "{}\n", ["{"]) == {}
