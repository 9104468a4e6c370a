"""The gate: what a delivered file may not be, in one line each."""

import gzip
from pathlib import Path

import pytest
from pydantic import ByteSize

from jobs.landing.gate import check
from jobs.settings import Gate
from jobs.tables import Table, bronze

RATINGS = bronze.IMDB_TITLE_RATINGS
HEADER = "tconst\taverageRating\tnumVotes"
EVENTS = "event_id,user_id,title_id,event_type,value,occurred_at,source"


def problems(table: Table, file: Path, content: str | bytes, limits: Gate | None = None) -> list[str]:
    """What the gate says of a file, without the file's path."""
    raw = content.encode() if isinstance(content, str) else content
    file.write_bytes(gzip.compress(raw) if file.suffix == ".gz" else raw)
    delivered, found = check(table, file, limits)
    assert (delivered is None) == bool(found)
    assert all(str(file) in problem and "\n" not in problem for problem in found)
    return [problem.replace(f"{file} ", "") for problem in found]


def test_a_whole_file_passes_with_its_header(tmp_path: Path) -> None:
    file = tmp_path / "title.ratings.tsv.gz"
    file.write_bytes(gzip.compress(f"{HEADER}\tmood\ntt1\t7\t1\tgood\n".encode()))

    delivered, found = check(RATINGS, file)

    assert found == []
    assert delivered is not None
    assert delivered.header == ("tconst", "averageRating", "numVotes", "mood")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (f"{HEADER}\t", "has no name for column 4"),
        (f"{HEADER}\tNumVotes", "has more than one column 'numvotes'"),
        (f"{HEADER}\tnight", "has a column 'night', a name that is reserved: rename it"),
        (f"{HEADER}\t_faults\tExtra", "has a column '_faults', 'Extra', a name that is reserved: rename it"),
        ("tconst\tnumVotes", "has no column averageRating"),
        (
            "tconst;averageRating;numVotes",
            "has none of the columns tconst, averageRating, numVotes; its first line reads 'tconst;averageRating;numVotes'",
        ),
        ("tconst\tnumVotes\taverage_rating", "has no column averageRating (it has average_rating)"),
    ],
)
def test_a_header_that_cannot_be_read_by_its_names_is_refused(tmp_path: Path, header: str, says: str) -> None:
    assert problems(RATINGS, tmp_path / "title.ratings.tsv.gz", f"{header}\n") == [says]


def test_the_nearest_name_is_one_that_nobody_else_has(tmp_path: Path) -> None:
    names = ("title_id", "ordering", "title", "region", "language", "types", "attributes", "isOriginalTitle")

    found = problems(bronze.IMDB_TITLE_AKAS, tmp_path / "title.akas.tsv", "\t".join(names) + "\n")

    assert found == ["has no column titleId (it has title_id)"], "title is a column of its own"


def test_quotes_in_the_header_of_a_csv_are_read(tmp_path: Path) -> None:
    quoted = ",".join(f'"{name}"' for name in EVENTS.split(","))

    assert problems(bronze.INTERACTIONS, tmp_path / "log.csv", f'\ufeff{quoted},"a, b"\r\n') == []
    assert problems(bronze.INTERACTIONS, tmp_path / "log.csv.gz", f'{quoted},"file"\r\n') == [
        "has a column 'file', a name that is reserved: rename it"
    ]


def test_limits_hold_to_the_byte_wherever_the_chunks_of_reading_end(tmp_path: Path) -> None:
    chunk = 1 << 20
    limits, file = (
        Gate(header=ByteSize(100), line=ByteSize(2 * chunk), unpacked=ByteSize(5 * chunk)),
        tmp_path / "log.jsonl",
    )

    assert problems(bronze.INTERACTIONS, file, b"x" * 2 * chunk + b"\ny\n", limits) == []
    for before in (b"", b"y\n", b"y" * (chunk - 1) + b"\n"):
        long = before + b"x" * (2 * chunk + 1) + b"\nz\n"
        assert problems(bronze.INTERACTIONS, file, long, limits) == [
            f"has in line {1 + len(before.splitlines())} more than 2 MiB (REELHOUSE_GATE__LINE)"
        ]
    assert problems(bronze.INTERACTIONS, file, b"x" * 99 + (b"\n" + b"x" * 99) * (5 * chunk // 100 - 1), limits) == []
    assert problems(bronze.INTERACTIONS, tmp_path / "log.jsonl.gz", b"x\n" * 3 * chunk, limits) == [
        "unpacks to more than 5 MiB (REELHOUSE_GATE__UNPACKED)"
    ]


def test_a_first_line_that_is_no_header_is_refused(tmp_path: Path) -> None:
    file, limits = tmp_path / "log.csv", Gate(header=ByteSize(len(EVENTS)))

    assert problems(bronze.INTERACTIONS, file, f"{EVENTS}\n1\n", limits) == []
    assert problems(bronze.INTERACTIONS, file, f"{EVENTS},more\n", limits) == [
        f"has a first line of more than {len(EVENTS)} bytes (REELHOUSE_GATE__HEADER)"
    ]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(bronze.INTERACTIONS, tmp_path / "log.parquet", b"PAR1 cut short")

    assert problem.startswith("is empty, truncated or no Parquet file")
