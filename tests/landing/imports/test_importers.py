"""Importing public rating sets: tiny sets in the true shape, and every way in which one can be broken."""

import gzip
import os
import zipfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.errors import JobError
from jobs.landing.imports import rating_set
from jobs.landing.imports.public_sets import import_set

import_movielens, import_movietweetings = partial(import_set, "movielens"), partial(import_set, "movietweetings")

# CRLF, quotes, no genre, no year, no tmdbId: all as GroupLens ships them.
RATINGS_CSV = (
    b"userId,movieId,rating,timestamp\r\n"
    b"1,10,4.0,1000000100\r\n"
    b"1,20,0.5,1000000000\r\n"
    b"2,10,5.0,1000000000\r\n"
    b"2,30,3.5,1000086400\r\n"
)
MOVIES_CSV = (
    b"movieId,title,genres\r\n"
    b'10,"American Night, The (1995)",Comedy|Drama\r\n'
    b'20,"The ""Quoted"" One",(no genres listed)\r\n'
    b"30,Am\xc3\xa9lie (2001),Comedy\r\n"
    b"40,Never Rated (2002),Drama\r\n"
)
LINKS_CSV = b"movieId,imdbId,tmdbId\r\n10,0112346,9087\r\n20,0112999,\r\n30,0211433,194\r\n40,0211434,195\r\n"
MOVIELENS = {"ratings.csv": RATINGS_CSV, "movies.csv": MOVIES_CSV, "links.csv": LINKS_CSV}

RATINGS_DAT = b"1::0133093::9::1364690142\n2::0133093::0::1364690141\n2::10872600::10::1364690142\n"
MOVIES_DAT = (
    "0133093::The Matrix (1999)::Action|Sci-Fi\n"
    "10872600::Spider-Man: No Way Home (2021)::Action\n"
    "0002844::Fantômas - À l'ombre (1913)::\n"
).encode()
MOVIETWEETINGS = {"ratings.dat": RATINGS_DAT, "movies.dat": MOVIES_DAT, "users.dat": b"1::17\n"}


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes], top: str = "ml-tiny/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(top, b"") if top else None
        for name, content in files.items():
            archive.writestr(top + name, content)
    return path


def read_events(path: Path) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return events


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shape", ["zip", "flat zip", "folder"])
def test_movielens_becomes_an_event_log_and_its_catalogue(tmp_path: Path, shape: str) -> None:
    source = {
        "zip": lambda: write_zip(tmp_path / "ml.zip", MOVIELENS),
        "flat zip": lambda: write_zip(tmp_path / "ml.zip", MOVIELENS, top=""),
        "folder": lambda: write_folder(tmp_path / "ml", MOVIELENS),
    }[shape]()
    landing = tmp_path / "landing"
    report = import_movielens(source, landing)

    assert (report.day, report.events, report.viewers, report.titles) == (date(2001, 9, 10), 4, 2, 4)
    assert report.joined_share == 1.0
    assert [path.relative_to(landing).as_posix() for path in report.files] == [
        "interactions/2001-09-10/movielens.parquet",
        "movielens/2001-09-10/links.csv",
        "movielens/2001-09-10/movies.csv",
    ]
    assert read_events(report.files[0]) == [
        {
            "event_id": f"movielens:{viewer}:{movie}:{second}",
            "user_id": f"movielens:{viewer}",
            "title_id": f"movielens:{movie}",
            "event_type": "rating",
            "value": value,
            "occurred_at": occurred_at,
            "source": "movielens",
        }
        for viewer, movie, value, second, occurred_at in [
            (1, 20, 1.0, 1000000000, "2001-09-09T01:46:40Z"),
            (2, 10, 10.0, 1000000000, "2001-09-09T01:46:40Z"),
            (1, 10, 8.0, 1000000100, "2001-09-09T01:48:20Z"),
            (2, 30, 7.0, 1000086400, "2001-09-10T01:46:40Z"),
        ]
    ]
    assert (landing / "movielens/2001-09-10/movies.csv").read_bytes() == MOVIES_CSV
    assert (landing / "movielens/2001-09-10/links.csv").read_bytes() == LINKS_CSV
    assert len(everything_in(landing)) == 3


@pytest.mark.parametrize("is_packed", [False, True])
def test_movietweetings_becomes_an_event_log_and_its_catalogue(tmp_path: Path, is_packed: bool) -> None:
    files = {f"{n}.gz": gzip.compress(c) for n, c in MOVIETWEETINGS.items()} if is_packed else MOVIETWEETINGS
    report = import_movietweetings(write_folder(tmp_path / "mt", files), tmp_path / "landing")
    assert (report.day, report.events, report.viewers, report.titles) == (date(2013, 3, 31), 3, 2, 3)
    events = read_events(report.files[0])
    assert [(e["event_id"], e["user_id"], e["title_id"], e["value"], e["occurred_at"]) for e in events] == [
        ("movietweetings:2:0133093:1364690141", "movietweetings:2", "tt0133093", 0.0, "2013-03-31T00:35:41Z"),
        ("movietweetings:1:0133093:1364690142", "movietweetings:1", "tt0133093", 9.0, "2013-03-31T00:35:42Z"),
        ("movietweetings:2:10872600:1364690142", "movietweetings:2", "tt10872600", 10.0, "2013-03-31T00:35:42Z"),
    ]
    assert {(e["event_type"], e["source"]) for e in events} == {("rating", "movietweetings")}
    assert (tmp_path / "landing/movietweetings/2013-03-31/movies.dat").read_bytes() == MOVIES_DAT


def test_a_title_number_without_its_zeros_is_the_same_title(tmp_path: Path) -> None:
    files = MOVIETWEETINGS | {"ratings.dat": b"1::133093::9::1364690142\n"}
    report = import_movietweetings(write_folder(tmp_path / "mt", files), tmp_path / "landing")
    assert read_events(report.files[0])[0]["title_id"] == "tt0133093"


def test_the_delivery_day_may_be_a_later_night_but_no_earlier_one(tmp_path: Path) -> None:
    source, landing = write_zip(tmp_path / "ml.zip", MOVIELENS), tmp_path / "landing"
    with pytest.raises(JobError, match="last rating is of 2001-09-10, after the night 2001-09-09; import it as of"):
        import_movielens(source, landing, date(2001, 9, 9))
    assert not landing.exists()
    assert import_movielens(source, landing, date(2026, 3, 1)).day == date(2026, 3, 1)
    assert (landing / "interactions/2026-03-01/movielens.parquet").exists()


def test_importing_twice_leaves_the_same_bytes(tmp_path: Path) -> None:
    source, landing = write_zip(tmp_path / "ml.zip", MOVIELENS), tmp_path / "landing"
    first = import_movielens(source, landing)
    before = everything_in(landing)
    assert import_movielens(source, landing) == first
    assert everything_in(landing) == before


def test_the_order_of_the_lines_does_not_matter(tmp_path: Path) -> None:
    header, *lines = RATINGS_CSV.splitlines(keepends=True)
    shuffled = MOVIELENS | {"ratings.csv": header + b"".join(reversed(lines))}
    import_movielens(write_folder(tmp_path / "one", MOVIELENS), tmp_path / "landing-one")
    import_movielens(write_folder(tmp_path / "two", shuffled), tmp_path / "landing-two")
    assert everything_in(tmp_path / "landing-one") == everything_in(tmp_path / "landing-two")


def test_other_logs_of_the_day_stay(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    write_folder(landing / "interactions/2001-09-10", {"app.jsonl": b"{}\n"})
    import_movielens(write_zip(tmp_path / "ml.zip", MOVIELENS), landing)
    assert sorted(path.name for path in (landing / "interactions/2001-09-10").iterdir()) == [
        "app.jsonl",
        "movielens.parquet",
    ]


def test_a_log_larger_than_a_chunk_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating_set, "CHUNK_EVENTS", 3)
    report = import_movielens(write_zip(tmp_path / "ml.zip", MOVIELENS), tmp_path / "landing")
    assert pq.ParquetFile(report.files[0]).metadata.num_row_groups == 2
    assert [event["value"] for event in read_events(report.files[0])] == [1.0, 10.0, 8.0, 7.0]


def lines_of(count: int, unknown: int) -> bytes:
    """Ratings, of which some are of the title 99, which the catalogue does not hold."""
    rows = (f"{n},{99 if n <= unknown else 10},4.0,1000000000\r\n" for n in range(1, count + 1))
    return b"userId,movieId,rating,timestamp\r\n" + "".join(rows).encode()


def test_at_least_95_percent_of_the_events_must_join_a_title(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    broken = write_folder(tmp_path / "broken", MOVIELENS | {"ratings.csv": lines_of(100, unknown=6)})
    with pytest.raises(JobError, match=r"only 94\.0% of its ratings .*at least 95% must \(not in it: 99\)"):
        import_movielens(broken, landing)
    assert not landing.exists()
    sound = write_folder(tmp_path / "sound", MOVIELENS | {"ratings.csv": lines_of(100, unknown=5)})
    assert import_movielens(sound, landing).joined_share == pytest.approx(0.95)


HEADER = b"userId,movieId,rating,timestamp\r\n"
GOOD = b"1,10,4.0,1000000100\r\n"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("ratings.csv", HEADER + GOOD * 5 + b"1,10,4.0\r\n", r"1 line that does not parse: line 7 has 3 fields, exp"),
        ("ratings.csv", HEADER + b"1,10,4.0,1000000100,9\r\n" + GOOD, "line 2 has 5 fields, expected 4"),
        ("ratings.csv", HEADER + b"x,10,4,1000000100\r\n" * 5, "5 lines that do not parse: line 2 has an id"),
        ("ratings.csv", HEADER + GOOD + b"1,10,,1000000100\r\n", "line 3 has a rating that is not between 0.5 and 5"),
        ("ratings.csv", HEADER + b"1,10,5.5,1000000100\r\n", "has a rating"),
        ("ratings.csv", HEADER + b"1,10,nan,1000000100\r\n", "has a rating"),
        ("ratings.csv", HEADER + b"1,10,4,1000000100000\r\n", "has a time"),
        ("ratings.csv", HEADER + GOOD + b"1,10,4,10000", "line 3 has a time"),  # cut off
        ("ratings.csv", HEADER + b"1,0,4,1000000100\r\n", "has an id"),
        ("ratings.csv", HEADER + b"1,99999999999,4,1000000100\r\n", "has an id"),
        ("ratings.csv", HEADER + b'1,"10",4,1000000100\r\n', "has an id"),
        ("ratings.csv", HEADER + b"\xff\xfe1,10,4,1000000100\r\n", "has an id"),
        ("ratings.csv", HEADER, "holds no ratings"),
        ("ratings.csv", b"", "begins with b'', expected"),
        ("ratings.csv", GOOD, "expected 'userId,movieId,rating,timestamp'"),
        (
            "movies.csv",
            b"movieId,title\r\n10,A\r\n",
            "has the columns 'movieId,title', expected 'movieId,title,genres'",
        ),
        (
            "movies.csv",
            MOVIES_CSV + b"50,A, B,Comedy\r\n",
            "1 line that does not parse: line 6 has 4 fields, expected 3",
        ),
        ("movies.csv", MOVIES_CSV + b'50,"A', "line 6: unexpected end of data"),
        ("movies.csv", MOVIES_CSV + b"x,A,Comedy\r\n", "line 6 has the movieId 'x'"),
        ("movies.csv", MOVIES_CSV.decode().encode("latin-1"), r"line 4 is not UTF-8 \(b'.xe9lie"),
        ("movies.csv", b"movieId,title,genres\r\n", "holds no movies"),
        ("links.csv", b"movieId;imdbId;tmdbId\r\n", "has the columns"),
    ],
)
def test_a_broken_movielens_file_is_named_and_nothing_lands(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    source = write_folder(tmp_path / "ml", MOVIELENS | {name: content})
    with pytest.raises(JobError, match=f"movielens was not read: {source / name} .*{problem}.*; ") as failure:
        import_movielens(source, tmp_path / "landing")
    assert "\n" not in str(failure.value)
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("ratings.dat", b"1::0133093::9\n", "line 1 has 3 fields, expected 4"),
        ("ratings.dat", b"1:x:0133093::9::1364690142\n", "line 1 has 3 fields"),
        ("ratings.dat", b"1:0133093:9:1364690142\n", "line 1 has 1 fields"),
        ("ratings.dat", b"1::0133093::11::1364690142\n", "line 1 has a rating that is not between 0 and 10"),
        ("ratings.dat", b"1::tt0133093::9::1364690142\n", "line 1 has an id"),
        ("ratings.dat", b"", "holds no ratings"),
        ("movies.dat", b"0133093::The Matrix (1999)\n", "1 line that does not parse: line 1 has 2 fields, expected 3"),
        ("movies.dat", b"tt0133093::The Matrix (1999)::Action\n", "line 1 has the IMDb number 'tt0133093'"),
        ("movies.dat", MOVIES_DAT.decode().encode("latin-1"), "line 3 is not UTF-8"),
        ("movies.dat", b"", "holds no movies"),
        ("movies.dat", b"0000001::Another (1999)::Action\n", ""),
    ],
)
def test_a_broken_movietweetings_file_is_named_and_nothing_lands(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    source = write_folder(tmp_path / "mt", MOVIETWEETINGS | {name: content})
    with pytest.raises(JobError, match=f"movietweetings was not (read|imported): .*{problem}.*; "):
        import_movietweetings(source, tmp_path / "landing")
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize("name", ["ratings.dat", "movies.dat"])
def test_a_gzip_cut_short_lands_nothing(tmp_path: Path, name: str) -> None:
    packed = {f"{n}.gz": gzip.compress(c) for n, c in MOVIETWEETINGS.items()}
    packed[f"{name}.gz"] = packed[f"{name}.gz"][:-9]
    source = write_folder(tmp_path / "mt", packed)
    with pytest.raises(JobError, match=rf"{name}\.gz cannot be read to its end .*; download the set again"):
        import_movietweetings(source, tmp_path / "landing")
    assert not (tmp_path / "landing").exists()


def test_a_set_that_is_not_there_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"ml\.zip is not there; give the set's folder or zip"):
        import_movielens(tmp_path / "ml.zip", tmp_path / "landing")
    with pytest.raises(JobError, match=r"mt is not there; give the set's folder or zip"):
        import_movietweetings(tmp_path / "mt", tmp_path / "landing")
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(JobError, match=r"pipe\.zip is a pipe or device; give the set's folder or zip"):
        import_movielens(tmp_path / "pipe.zip", tmp_path / "landing")
    with pytest.raises(
        JobError, match=r"empty holds no ratings in a layout that is known: looked for u\.data .*parquet; give"
    ):
        import_movielens(write_folder(tmp_path / "empty", {}), tmp_path / "landing")
    with pytest.raises(JobError, match=r"ratings\.parquet; give the zip in it, .*/downloads/ml-tiny\.zip$"):
        import_movielens(write_folder(tmp_path / "downloads", {"ml-tiny.zip": b""}), tmp_path / "landing")
    with pytest.raises(JobError, match=r"links\.csv is not there"):
        import_movielens(write_folder(tmp_path / "two", {"ratings.csv": b"", "movies.csv": b""}), tmp_path / "landing")


def zip_with(**files: bytes) -> Callable[[Path], Path]:
    return lambda path: write_zip(path, MOVIELENS | {name.replace("__", "."): text for name, text in files.items()})


def damaged(path: Path) -> Path:
    content = bytearray(write_zip(path, MOVIELENS).read_bytes())
    content[content.index(b"ratings.csv") + 20] ^= 0xFF  # within the packed bytes of the first member
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda path: write_folder(path.parent, {path.name: b"PK no zip"}) / path.name, "is not a whole zip"),
        (lambda path: write_folder(path.parent, {path.name: write_zip(path, MOVIELENS).read_bytes()[:-30]}) / path.name,
         "is not a whole zip"),
        (damaged, r"ml-tiny/ratings\.csv cannot be read to its end"),
        (lambda path: write_zip(path, {"movies.csv": MOVIES_CSV, "u.data": b""}), r"u\.item is not there"),
        (lambda path: write_zip(path, MOVIELENS, top="a/b/"), "holds no ratings in a layout that is known"),
        (lambda path: write_zip(path, MOVIELENS | {"../../x/ratings.csv": b""}), r"points outside \('ml-tiny/\.\./"),
        (lambda path: write_zip(path, MOVIELENS, top="/etc/"), "points outside"),
        (lambda path: write_zip(path, MOVIELENS, top="..\\"), "points outside"),
        (lambda path: write_zip(path, MOVIELENS | {"../ratings.csv": b""}, top="x/"), "points outside"),
        (lambda path: write_zip(path, {f"{n}": b"" for n in range(1001)}), "1,00. members"),
    ],
)  # fmt: skip
def test_a_zip_that_is_not_to_be_trusted_lands_nothing(
    tmp_path: Path, write: Callable[[Path], Path], problem: str
) -> None:
    source = write(tmp_path / "ml.zip")
    with pytest.raises(JobError, match=rf"movielens was not read: {source}.*{problem}.*; "):
        import_movielens(source, tmp_path / "landing")
    assert [path.name for path in tmp_path.iterdir()] == ["ml.zip"]


def test_a_member_that_unpacks_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.landing.imports.public_sets.CATALOGUE_LIMIT_BYTES", 1000)
    source = write_zip(tmp_path / "ml.zip", MOVIELENS | {"links.csv": b"0" * 1001})
    with pytest.raises(JobError, match=r"links\.csv has 1,001 bytes, more than 1,000"):
        import_movielens(source, tmp_path / "landing")


def test_a_gzip_that_unpacks_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.landing.imports.ratings.RATINGS_LIMIT_BYTES", 1000)
    packed = gzip.compress(RATINGS_DAT * 1000)
    source = write_folder(tmp_path / "mt", {"movies.dat": MOVIES_DAT, "ratings.dat.gz": packed})
    with pytest.raises(JobError, match=r"ratings\.dat\.gz cannot be read to its end \(more than 1,000 bytes\)"):
        import_movietweetings(source, tmp_path / "landing")


def test_a_disk_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "movielens").write_text("in the way")
    with pytest.raises(JobError, match=r"landing cannot be written .*; mend that and run it again"):
        import_movielens(write_zip(tmp_path / "ml.zip", MOVIELENS), landing)
    assert [path.name for path in landing.iterdir()] == ["movielens"]


def test_what_an_import_that_was_killed_left_is_cleared(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    write_folder(landing / ".movielens-2001-09-10" / "interactions", {"half.parquet": b"PAR1"})
    import_movielens(write_zip(tmp_path / "ml.zip", MOVIELENS), landing)
    assert sorted(path.name for path in landing.iterdir()) == ["interactions", "movielens"]
