"""``reelhouse export``: whole files with a manifest, or nothing. No Spark."""

import csv
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.answers import exports
from jobs.errors import JobError
from jobs.lakehouse import files
from jobs.lakehouse.files import File, Format
from jobs.tables import gold, silver
from tests.cli.small_lake import EARLIER, NIGHT, Run, home, listed, publish, refused, run

__all__ = ["home", "run"]


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "some where" / "lists"


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest, once its files are found to be what it says."""
    told: dict[str, Any] = json.loads((folder / "_manifest.json").read_text(encoding="utf-8"))
    listed_sums = [line.split("  ") for line in (folder / "_SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in listed_sums}
    for file in told["files"]:
        content = (folder / file["name"]).read_bytes()
        assert file["sha256"] == sums[file["name"]] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
    assert {path.name for path in folder.iterdir()} == {"_manifest.json", "_SHA256SUMS", *sums}
    return told


def lines(folder: Path) -> list[dict[str, Any]]:
    """Rows of all JSON files."""
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]


def test_one_line_a_viewer_with_the_list_in_order(run: Run, to: Path) -> None:
    said = run("export", "gold.recommendations", "--format", "jsonl", "--by", "viewer", "--to", str(to))

    assert said.exit_code == 0, said.output
    assert "exported  gold.recommendations  version 1  night 2026-03-01  2 rows  1 file" in said.stdout
    first, second = lines(to)
    assert first["user_id"] == "u000001"
    assert (first["title_ids"], first["scores"]) == (["tt0000001", "tt0000003"], [1.0, 0.5])
    assert (first["sources"], first["model_night"]) == (["personal"] * 2, second["model_night"])
    assert (second["title_ids"], second["model_version"], second["night"]) == (["tt0000002"], 3, "2026-03-01")
    told = manifest(to)
    versions = told["delta_version"], told["publication_version"]
    assert (told["table"], versions, told["night"], told["by"], told["rows"]) == (
        "gold.recommendations", (1, 1), "2026-03-01", "viewer", 2,
    )  # fmt: skip
    assert [column["name"] for column in told["columns"]] == list(first)


def test_one_row_a_title_with_its_viewers_without_the_list_of_nobody(tmp_path: Path, to: Path) -> None:
    lists = [listed("v", 2, "a"), listed("u", 2, "a"), listed("w", 1, "a"), listed("*", 1, "a"), listed("*", 2, "b")]
    publish(tmp_path, gold.RECOMMENDATIONS, *lists)

    exports.export(str(tmp_path / "lake"), gold.RECOMMENDATIONS, "parquet", "title", to)

    # The folder is read as a whole, by readers that pass by what is no data.
    assert pq.read_table(to).to_pylist() == [
        {"title_id": "a", "night": NIGHT, "user_ids": ["w", "u", "v"], "ranks": [1, 2, 2]}
    ]


def test_files_hold_some_viewers_each_and_no_list_is_divided(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_PER_FILE", 4)
    publish(
        tmp_path,
        gold.RECOMMENDATIONS,
        *(listed(f"u{n}", rank, f"t{rank}") for n in range(5) for rank in (3, 1, 2)),
        *(listed("u9", rank, f"t{rank}") for rank in range(1, 10)),
    )

    exports.export(str(tmp_path / "lake"), gold.RECOMMENDATIONS, "jsonl", "viewer", to)

    found = {row["user_id"]: row["title_ids"] for row in lines(to)}
    assert found == {f"u{n}": ["t1", "t2", "t3"] for n in range(5)} | {"u9": [f"t{rank}" for rank in range(1, 10)]}
    assert list(found) == sorted(found)
    assert len(list(to.glob("*.jsonl"))) == 5
    manifest(to)


def test_rows_of_any_table_with_times_in_utc(run: Run, to: Path) -> None:
    assert run("export", "silver.preferences", "--format", "jsonl", "--to", str(to)).exit_code == 0

    rows = lines(to)
    assert (len(rows), rows[0]["last_at"], rows[0]["weight"]) == (3, "2026-02-01T20:15:00.000000Z", 2.5)


def test_rows_of_several_files_of_a_table_fill_one(run: Run, to: Path) -> None:
    assert run("export", "gold.recommendation_history", "--format", "csv", "--to", str(to)).exit_code == 0

    told = manifest(to)
    assert ([file["rows"] for file in told["files"]], told["rows"]) == ([2], 2)


def test_cells_of_csv_are_never_formulas(tmp_path: Path, to: Path) -> None:
    named = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", "\uff1d1", "a=1", 'say "=1"', "two\nlines"]
    titles = [
        {"title_id": f"tt{n:07d}", "title": title, "genres": ["=1"], "title_type": "movie", "is_adult": False}
        for n, title in enumerate(named)
    ]
    publish(tmp_path, silver.TITLES, *titles)

    exports.export(str(tmp_path / "lake"), silver.TITLES, "csv", None, to)

    with (to / "part-00000.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["title"] for row in rows] == [f"'{title}" for title in named[:7]] + named[7:]
    assert (rows[0]["genres"], rows[0]["release_year"], rows[0]["is_adult"]) == ('["=1"]', "", "false")


def test_what_is_there_is_replaced_only_if_told_and_only_if_it_is_an_export(run: Run, tmp_path: Path, to: Path) -> None:
    asked = ("export", "gold.recommendations", "--format", "csv", "--to", str(to))
    assert run(*asked).exit_code == 0
    (to / "part-00000.csv").write_text("changed", encoding="utf-8")

    assert "is there; give --replace" in refused(run(*asked))
    assert (to / "part-00000.csv").read_text() == "changed"
    assert run(*asked, "--replace").exit_code == 0
    manifest(to)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "will.txt").write_text("mine", encoding="utf-8")
    assert "is no export" in refused(run(*asked[:-1], str(tmp_path / "papers"), "--replace"))
    assert (tmp_path / "papers" / "will.txt").read_text() == "mine"
    assert {path.name for path in to.parent.iterdir()} == {"lists"}


def test_a_folder_that_has_some_other_manifest_or_more_than_an_export_is_never_replaced(run: Run, to: Path) -> None:
    asked = ("export", "gold.recommendations", "--format", "csv", "--replace", "--to", str(to))
    assert run(*asked).exit_code == 0
    (to / "will.txt").write_text("mine", encoding="utf-8")

    assert "is no export" in refused(run(*asked))
    for theirs in ("{}", "[]", "not JSON", '{"files": [1]}'):
        (to / "_manifest.json").write_text(theirs, encoding="utf-8")
        assert "is no export" in refused(run(*asked))
    assert (to / "will.txt").read_text() == "mine"


def test_an_export_that_a_link_leads_to_is_replaced_and_the_link_stays(run: Run, to: Path) -> None:
    link = to.with_name("newest")
    asked = ("export", "gold.recommendations", "--format", "csv", "--replace", "--to")
    assert run(*asked, str(to)).exit_code == 0
    link.symlink_to(to)

    assert run(*asked, str(link)).exit_code == 0

    manifest(to)
    assert link.readlink() == to
    assert {path.name for path in to.parent.iterdir()} == {"lists", "newest"}


@pytest.mark.parametrize("place", ["landing/interactions/lists", "lake", "lake/gold/recommendations/lists"])
def test_nothing_is_exported_to_where_jobs_would_read_it(run: Run, home: Path, place: str) -> None:
    to = home / place

    assert f"{to} lies in" in refused(run("export", "gold.recommendations", "--format", "csv", "--to", str(to)))
    assert not list(home.rglob("_manifest.json"))


def test_after_a_rollback_an_export_names_what_was_read_and_what_published_it(
    run: Run, tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    for night in (EARLIER, NIGHT):
        publish(tmp_path, gold.RECOMMENDATIONS, listed("u", 1, "a"), night=night)
    assert run("rollback", "gold.recommendations", "--to", str(EARLIER), "--reason", "so").exit_code == 0

    said = run("export", "gold.recommendations", "--format", "csv", "--to", str(to))

    assert f"version 3 (as published by version 1)  night {EARLIER}" in said.stdout
    told = manifest(to)
    assert (told["delta_version"], told["publication_version"], told["night"]) == (3, 1, str(EARLIER))


def test_what_killed_exports_left_goes_with_the_next_to_the_same_place_and_nothing_else(run: Run, to: Path) -> None:
    left = [to.with_name(f".{to.name}.abcd_{end}") for end in ("123.partial", "124.replaced")]
    alive, *others = (
        to.with_name(name)
        for name in (f".{to.name}.abcd_125.partial", f".{to.name}.mine.partial", ".else.abcd_123.partial", ".notes")
    )
    for folder in (*left, alive, *others):
        folder.mkdir(parents=True)
        (folder / "part-00000.csv").touch()

    held = os.open(alive, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)  # as another export does that has not ended
    said = run("export", "gold.recommendations", "--format", "csv", "--to", str(to))
    os.close(held)

    assert said.exit_code == 0, said.output
    assert {path.name for path in to.parent.iterdir()} == {to.name, alive.name, *(folder.name for folder in others)}


def test_an_export_that_fails_half_way_leaves_nothing(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_PER_FILE", 1)
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u", 1, "a"), listed("v", 1, "a"))
    write = files.write_file

    def fill_the_disk(rows: pa.Table, kind: Format, path: Path) -> File:
        if path.name.startswith("part-00001"):
            raise OSError(28, "No space left on device")
        return write(rows, kind, path)

    monkeypatch.setattr(exports, "write_file", fill_the_disk)

    with pytest.raises(JobError, match=r"gold\.recommendations was not exported: .*No space left"):
        exports.export(str(tmp_path / "lake"), gold.RECOMMENDATIONS, "jsonl", "viewer", to)

    assert not to.exists()
    assert list(to.parent.iterdir()) == []


def test_says_what_cannot_be_exported(run: Run, to: Path) -> None:
    asked = ("--format", "csv", "--to", str(to))

    assert "only gold.recommendations has lists" in refused(run("export", "silver.titles", "--by", "viewer", *asked))
    assert "gold.title_facts was never published" in refused(run("export", "gold.title_facts", *asked))
    assert "only silver and gold tables are" in refused(run("export", "bronze.movielens_movies", *asked))
    assert not to.exists()
