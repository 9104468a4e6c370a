"""Hostile files: one line each, in little memory and time, whatever they claim to be."""

import gzip
import os
import random
import textwrap
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ByteSize

from jobs.errors import JobError
from jobs.landing.deliveries import survey
from jobs.landing.gate import check
from jobs.landing.hashes import Hashes
from jobs.landing.scan import scan
from jobs.landing.unpacking import Packed, TroubleError
from jobs.settings import Gate, Settings, from_environment
from jobs.tables import bronze
from tests.programs import run_python

EVENTS = ("event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source")
CSV = ",".join(EVENTS).encode() + b"\n"
TSV = b"tconst\taverageRating\tnumVotes\n"
MIB = 1 << 20
MEMORY = 250 * MIB
"""More than the interpreter, NumPy and Arrow take by themselves, and a line of 16 MiB that is held a few times."""
SECONDS = 20


def zeros(size: int, byte: bytes = b"\0") -> bytes:
    """Gzip of one byte again and again, as many members of 64 MiB as it takes."""
    member = gzip.compress(byte * (64 * MIB), compresslevel=1)
    return member * (size // (64 * MIB))


def sparse(path: Path, start: bytes, size: int) -> None:
    """A file of so many bytes, nearly all of which are holes: NULs."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


HOSTILE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "10 GB of zeros in a gzip": (
        "log.jsonl.gz",
        lambda path: path.write_bytes(zeros(10 << 30)),
        "has in line 1 more than 16 MiB (REELHOUSE_GATE__LINE)",
    ),
    "10 GB of line breaks in a gzip": (
        "log.jsonl.gz",
        lambda path: path.write_bytes(zeros(10 << 30, b"\n")),
        "unpacks to more than 200 times its size, which files of text do not (REELHOUSE_GATE__RATIO)",
    ),
    "a line of 1 GB": (
        "log.jsonl",
        lambda path: sparse(path, b"{}\n{", 1 << 30),
        "has in line 2 more than 16 MiB (REELHOUSE_GATE__LINE)",
    ),
    "a header of 100 MB": (
        "log.csv",
        lambda path: sparse(path, b"event_id,", 100 * MIB),
        "has a first line of more than 64 KiB (REELHOUSE_GATE__HEADER)",
    ),
    "a billion tabs in a line": (
        "title.ratings.tsv.gz",
        lambda path: path.write_bytes(gzip.compress(TSV) + zeros(1 << 30, b"\t")),
        "has in line 2 more than 16 MiB (REELHOUSE_GATE__LINE)",
    ),
    "many tabs in a line": (
        "title.ratings.tsv",
        lambda path: path.write_bytes(TSV + b"1\t2\t3\n" + b"\t" * 15 * MIB + b"\n"),
        "has in line 3 more than 10,000 fields (REELHOUSE_GATE__FIELDS)",
    ),
    "many cells in a record": (
        "log.csv",
        lambda path: path.write_bytes(CSV + b'1,"2\n3"\n4' + b"," * 20_481 + b"\n"),
        "has in line 4 more than 10,000 fields (REELHOUSE_GATE__FIELDS)",
    ),
    "many names": (
        "log.csv",
        lambda path: path.write_bytes(b",".join(b"c%d" % n for n in range(5000)) + b"\n"),
        "names more than 1,000 columns (REELHOUSE_GATE__COLUMNS)",
    ),
    "a quote that is never closed": (
        "log.csv",
        lambda path: path.write_bytes(CSV + b'1,2,3\n"' + b"a,b,c,d,e,f,g\n" * (2 * MIB)),
        "has a record that begins in line 3 and has more than 16 MiB (REELHOUSE_GATE__LINE)",
    ),
    "a million empty members": (
        "log.jsonl.gz",
        lambda path: path.write_bytes(gzip.compress(b"") * 1_000_000),
        "is empty",
    ),
    "UTF-16": ("log.csv", lambda path: path.write_bytes(CSV.decode().encode("utf-16")), "is not UTF-8 but UTF-16"),
    "UTF-16 without a mark": (
        "log.csv",
        lambda path: path.write_bytes(CSV.decode().encode("utf-16-le")),
        "is no text: there is a NUL in its first line, as in UTF-16",
    ),
    "Latin-1 in the middle": (
        "log.jsonl",
        lambda path: path.write_bytes("€\n".encode() * MIB + b"{}\n{}\xe9\n"),
        "is not UTF-8 (byte 0xe9 in line 1,048,578)",
    ),
    "CR alone": (
        "log.csv",
        lambda path: path.write_bytes((CSV * 3).replace(b"\n", b"\r")),
        "has lines that end with CR alone: let them end with LF or CR LF",
    ),
    "a header over two lines": (
        "log.csv",
        lambda path: path.write_bytes(b'event_id,user_id,title_id,"event_\ntype",value,occurred_at,source\n'),
        "has a line break within its header, or a quote that is not closed",
    ),
}
PROGRAM = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from jobs.landing.gate import check
    from jobs.tables import bronze
    tables = {"title.ratings": bronze.IMDB_TITLE_RATINGS}
    # The most that this process ever held, in kB; what a parent held before it became this does not count.
    def most(): return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1])
    before, begun = most(), time.process_time()
    for path in map(Path, sys.argv[1:]):
        print(*check(tables.get(path.name.partition(".tsv")[0], bronze.INTERACTIONS), path)[1])
    print(most() - before, time.process_time() - begun)
""")


def test_hostile_files_cost_one_line_and_little_memory_and_time(tmp_path: Path) -> None:
    files = []
    for number, (name, make, _) in enumerate(HOSTILE.values()):
        (tmp_path / str(number)).mkdir()
        make(tmp_path / str(number) / name)
        files.append(tmp_path / str(number) / name)

    done = run_python(PROGRAM, tmp_path, *map(str, files))

    assert done.returncode == 0, done.stderr
    *lines, figures = done.stdout.splitlines()
    kilobytes, seconds = figures.split()
    assert dict(zip(HOSTILE, lines, strict=True)) == {
        name: f"{file} {says}" for (name, (_, _, says)), file in zip(HOSTILE.items(), files, strict=True)
    }
    assert int(kilobytes) << 10 < MEMORY
    assert float(seconds) < SECONDS


def said_of(path: Path) -> str:
    """The one problem of an event log."""
    delivered, (problem,) = check(bronze.INTERACTIONS, path)
    assert delivered is None
    assert "\n" not in problem
    return problem.removeprefix(f"{path} ")


def test_parquet_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({name: ["x"] * 3 for name in EVENTS}), path)
    whole = path.read_bytes()
    footer = whole[-8 - int.from_bytes(whole[-8:-4], "little") :]

    path.write_bytes(b"PAR1" + footer)
    assert said_of(path).startswith("tells of more data than the ")
    path.write_bytes(whole[:-8] + (1 << 31).to_bytes(4, "little") + b"PAR1")
    assert said_of(path) == "has a footer of more than 32 MiB (REELHOUSE_GATE__FOOTER)"
    path.write_bytes(whole[:-4])
    assert said_of(path).startswith("is empty, truncated or no Parquet file")
    pq.write_table(pa.table({f"c{n}": [1] for n in range(5000)}), path)
    assert said_of(path) == "has more than 1,000 columns (REELHOUSE_GATE__COLUMNS)"
    # Six rows, as the footer writes numbers, where three are: the first such number is that of all rows.
    changed = footer.replace(b"\x16\x06", b"\x16\x0c", 1)
    path.write_bytes(whole[: -len(footer)] + changed)
    assert said_of(path) == "tells of other rows than it holds"


def text_of(values: bytes, ends: list[int]) -> "pa.Array[str]":
    """Text of any bytes, which only hostile writers write."""
    offsets = pa.py_buffer(b"".join(end.to_bytes(4, "little") for end in (0, *ends)))
    return pa.Array.from_buffers(pa.string(), len(ends), [None, offsets, pa.py_buffer(values)])


def test_parquet_is_read_to_its_end_where_nothing_it_does_to_its_reader_matters(tmp_path: Path) -> None:
    path, columns = tmp_path / "log.parquet", {name: pa.array(["x"] * 3) for name in EVENTS}

    def said(user_id: object, **how: Any) -> str:
        pq.write_table(pa.table(columns | {"user_id": user_id}), path, **how)
        return said_of(path)

    # Spark would show both of them as the same, and DuckDB would not read the table.
    assert said(text_of(b"u\xff\xfe", [1, 2, 3])) == "is not UTF-8 (in row 2, column 'user_id')"
    assert said(pa.array([b"u", b"v", b"\xff"])) == "is not UTF-8 (in row 3, column 'user_id')"
    nested = pa.array([None, [{"a": b"\xff"}], []], pa.list_(pa.struct([("a", pa.binary())])))
    assert said(nested) == "is not UTF-8 (in row 2, column 'user_id')"
    # A few hundred bytes of dictionary, and as much as anybody likes of what they unpack to.
    long = pa.array(["y" * (17 * MIB)] * 3)
    assert said(long, compression="zstd") == "has in row 1, column 'user_id' more than 16 MiB (REELHOUSE_GATE__LINE)"

    pq.write_table(pa.table(columns), path, use_dictionary=False, compression="none")
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(20) + whole[24:])
    assert said_of(path).startswith("is empty, truncated or no Parquet file (")
    # Found by changing bytes at random: of a column of this kind Arrow ends the process, without an error.
    changed = whole.replace(b"\x25\x02\x18\x08event_id", b"\x25\x12\x18\x08event_id")
    assert changed != whole
    path.write_bytes(changed)
    assert said_of(path) == "is damaged Parquet: what read it ended with SIGABRT"
    path.write_bytes(whole.replace(b"user_id", b"user\xffid"))
    assert said_of(path) == "names a column in bytes that are not UTF-8"


def test_what_is_no_plain_file_is_refused_without_being_opened(settings: Settings) -> None:
    folder = settings.landing / "interactions" / "2026-03-01"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "gone.jsonl").symlink_to("nowhere")
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    (folder / "device.jsonl").symlink_to("/dev/zero")

    with pytest.raises(JobError) as refusal:
        survey(settings, bronze.EVENTS, date(2026, 3, 1))

    said = str(refusal.value)
    assert "pipe.jsonl is a pipe or device, not a file" in said
    assert "device.jsonl is a pipe or device, not a file" in said
    assert "gone.jsonl is a link to nothing, not a file" in said
    assert "loop.jsonl is a link to nothing, not a file" in said
    assert scan(folder / "pipe.jsonl", Gate()).problem == "is no plain file"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import os, tempfile
        from pathlib import Path
        from jobs.landing.scan import scan
        from jobs.settings import Gate
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "log.jsonl"
            file.write_text("{}")
            file.chmod(0)
            me = os.geteuid()
            os.chmod(folder, 0o755)
            if me == 0:
                os.seteuid(65534)
            print(scan(file, Gate()).problem)
            os.seteuid(me)
    """)

    assert run_python(program, tmp_path).stdout == "cannot be read (Permission denied)\n"


def test_a_file_that_grows_while_it_is_read_is_refused_and_read_to_where_it_began(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"value": 1}\n' * MIB)
    with Packed(path, Gate()) as packed:
        read = 0
        for piece in packed.pieces():
            with path.open("ab") as writer:
                writer.write(piece)
            read += len(piece)

        assert read == packed.status.st_size
        with pytest.raises(TroubleError, match="changed while it was read: write under a name that begins with a dot"):
            packed.sha256()


def test_what_is_remembered_of_a_file_is_what_a_pass_over_it_finds(tmp_path: Path) -> None:
    file = tmp_path / "log.csv.gz"
    file.write_bytes(gzip.compress(CSV + b"1,2,3,4,5,6,7\n"))
    first = Hashes(tmp_path)
    found = first.scan(file)
    first.save()

    file_read = Hashes(tmp_path)
    assert file_read.scan(file) == found == scan(file, Gate())
    assert found.content is not None
    assert (found.content.records, found.content.unpacked_bytes, found.content.longest_line) == (
        1,
        len(CSV) + 14,
        len(CSV) - 1,
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda held: held[:20],
        lambda held: held.replace('"records": 1', '"records": 2'),
        lambda held: held.replace('"records": 1', '"records": "one"'),
        lambda _: "[" * 100_000,
        lambda _: '{"log.csv": 7}',
        lambda _: "",
    ],
)
def test_what_was_cut_or_edited_of_what_is_remembered_is_found_out_anew(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    file, remembered = tmp_path / "log.csv", tmp_path / ".hashes.json"
    file.write_bytes(CSV + b"1,2,3,4,5,6,7\n")
    first = Hashes(tmp_path)
    found = first.scan(file)
    first.save()
    whole = remembered.read_text()
    remembered.write_text(damage(whole))

    again = Hashes(tmp_path)
    assert (again.of(file), again.scan(file)) == (found.sha256, found)
    again.save()
    assert remembered.read_text() == whole


def test_a_refused_file_is_read_again_and_one_under_other_limits_too(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    bad.write_bytes(b"{}\n\xff\n")
    good.write_bytes(b'{"value": 12345}\n')
    first = Hashes(tmp_path)
    assert first.scan(bad).problem == "is not UTF-8 (byte 0xff in line 2)"
    assert first.scan(good).content
    first.save()

    later = Hashes(tmp_path, Gate(line=ByteSize(5)))

    assert later.of(bad) == first.of(bad), "its hash is known"
    assert later.scan(bad).problem == "is not UTF-8 (byte 0xff in line 2)"
    assert later.scan(good).problem == "has in line 1 more than 5 bytes (REELHOUSE_GATE__LINE)"


def test_limits_are_set_with_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_GATE__LINE", "2 MiB")
    assert from_environment().gate.line == 2 * MIB

    monkeypatch.setenv("REELHOUSE_GATE__LINE", "much")
    with pytest.raises(JobError, match="REELHOUSE_GATE__LINE is 'much'"):
        from_environment()
    monkeypatch.delenv("REELHOUSE_GATE__LINE")
    monkeypatch.setenv("REELHOUSE_GATE_LINE", "2 MiB")
    with pytest.raises(JobError, match="did you mean REELHOUSE_GATE__LINE"):
        from_environment()


def test_a_gzip_is_unpacked_as_python_does_it_wherever_its_members_end(tmp_path: Path) -> None:
    path, chance = tmp_path / "log.jsonl.gz", random.Random(3)
    for sizes in ([MIB], [MIB, MIB], [2 * MIB, 0, 1, MIB - 1], [3, 0, 0, MIB + 1], [5 * MIB + 17, 100]):
        members = [gzip.compress(chance.randbytes(size // 8) * 8, compresslevel=1) for size in sizes]
        path.write_bytes(b"".join(members))
        with Packed(path, Gate()) as packed:
            assert b"".join(packed.pieces()) == gzip.decompress(path.read_bytes())

        path.write_bytes(b"".join(members)[:-3])
        with Packed(path, Gate()) as packed, pytest.raises(TroubleError, match="is truncated or damaged"):
            list(packed.pieces())

        # Spark ends at zeros, which tapes fill up with and Python passes over.
        path.write_bytes(b"\0".join([*members, b""]))
        with (
            Packed(path, Gate()) as packed,
            pytest.raises(TroubleError, match="has zeros where a packed member begins"),
        ):
            list(packed.pieces())
