"""One set in every layout in which MovieLens comes: read as the same ratings, delivered as the same catalogue."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.errors import JobError
from jobs.landing.imports.public_sets import import_set, read_set
from tests.landing.imports.test_importers import MOVIELENS, MOVIETWEETINGS, read_events, write_folder, write_zip

RATINGS = [(1, 20, 3.0, 1_000_000_000), (2, 10, 5.0, 1_000_000_000), (1, 10, 4.0, 1_000_000_100)]
_FLAGS_OF_10 = "|".join("1" if n in {4, 5} else "0" for n in range(19))
_FLAGS_OF_20 = "|".join("1" if n == 0 else "0" for n in range(19))
U_ITEM = f"10|Am\xe9lie (2001)|01-Jan-2001||http://x|{_FLAGS_OF_10}\n20|unknown||||{_FLAGS_OF_20}\n".encode("latin-1")
MOVIES_DAT = "10::Am\xe9lie (2001)::Children's|Comedy\n20::unknown::(no genres listed)\n".encode("latin-1")
MOVIES_CSV = "movieId,title,genres\r\n10,Amélie (2001),Children's|Comedy\r\n20,unknown,(no genres listed)\r\n".encode()
LINKS_CSV = b"movieId,imdbId,tmdbId\r\n10,,\r\n20,,\r\n"


def lines(separator: str, *header: str) -> bytes:
    rows = [separator.join(f"{part:g}" if isinstance(part, float) else str(part) for part in row) for row in RATINGS]
    return "".join(f"{row}\n" for row in [*header, *reversed(rows)]).encode()


def parquet(names: tuple[str, ...] = ("user", "movie", "rating", "timestamp"), **changed: pa.Array) -> bytes:
    columns = dict(zip(names, (pa.array(column) for column in zip(*RATINGS, strict=True)), strict=True)) | changed
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


LAYOUTS = {
    "100k": {"u.data": lines("\t"), "u.item": U_ITEM},
    "1m": {"ratings.dat": lines("::"), "movies.dat": MOVIES_DAT, "users.dat": b"1::F::1::10::48067\n"},
    "csv": {
        "ratings.csv": lines(",", "userId,movieId,rating,timestamp"),
        "movies.csv": MOVIES_CSV,
        "links.csv": LINKS_CSV,
    },
    "parquet": {"ratings.parquet": parquet(), "movies.csv": MOVIES_CSV},
    "parquet in MovieLens' words": {
        "ratings.parquet": parquet(("userId", "movieId", "rating", "timestamp")),
        "movies.csv": MOVIES_CSV,
    },
}


@pytest.mark.parametrize("shape", ["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_the_same_set(tmp_path: Path, layout: str, shape: str) -> None:
    source = (write_folder if shape == "folder" else write_zip)(tmp_path / "ml", LAYOUTS[layout])

    found = read_set(source)

    ratings = found.ratings
    columns = (ratings.viewers, ratings.titles, ratings.values, ratings.seconds)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == RATINGS
    assert found.to_ten == 2.0
    assert (found.movies[10].title, found.movies[10].genres) == ("Amélie (2001)", ("Children's", "Comedy"))
    assert (found.movies[10].year, found.movies[20].year, found.movies[20].genres) == (2001, None, ())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_delivered_in_the_one_form_that_bronze_reads(tmp_path: Path, layout: str) -> None:
    report = import_set("movielens", write_zip(tmp_path / "ml.zip", LAYOUTS[layout]), tmp_path / "landing")

    log, links, movies = report.files
    assert [(e["user_id"], e["title_id"], e["value"]) for e in read_events(log)] == [
        ("movielens:1", "movielens:20", 6.0),
        ("movielens:2", "movielens:10", 10.0),
        ("movielens:1", "movielens:10", 8.0),
    ]
    assert movies.read_bytes() == MOVIES_CSV
    assert list(csv.reader(io.StringIO(links.read_text()))) == [
        ["movieId", "imdbId", "tmdbId"],
        ["10", "", ""],
        ["20", "", ""],
    ]


@pytest.mark.parametrize(
    ("layout", "file"),
    [("100k", "u.data"), ("1m", "ratings.dat"), ("csv", "ratings.csv"), ("parquet", "ratings.parquet")],
)
def test_a_file_of_ratings_is_a_set_with_or_without_its_catalogue(tmp_path: Path, layout: str, file: str) -> None:
    whole = write_folder(tmp_path / "whole", LAYOUTS[layout])
    alone = write_folder(tmp_path / "alone", {file: LAYOUTS[layout][file]})

    assert read_set(whole / file).ratings.values.tolist() == [3.0, 5.0, 4.0]
    assert read_set(alone / file).ratings.values.tolist() == [3.0, 5.0, 4.0]


def test_movietweetings_is_told_from_the_layout_of_1m_by_its_numbers(tmp_path: Path) -> None:
    found = read_set(write_folder(tmp_path / "mt", MOVIETWEETINGS))

    assert (found.name, found.highest, found.title_names(np.array([133093], dtype=np.int32)).to_pylist()) == (
        "movietweetings",
        10.0,
        ["tt0133093"],
    )
    ratings_alone = write_folder(tmp_path / "alone", {"ratings.dat": MOVIETWEETINGS["ratings.dat"]})
    assert read_set(ratings_alone).name == "movietweetings"


def test_a_parquet_file_without_a_catalogue_is_delivered_with_titles_named_by_number(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "ml", {"ratings.parquet": parquet()})

    report = import_set("movielens", source, tmp_path / "landing")

    assert report.joined_share == 1.0
    assert report.files[2].read_text().splitlines()[1] == "10,Movie 10,(no genres listed)"


def test_times_and_types_of_a_parquet_file_may_be_others(tmp_path: Path) -> None:
    stamps = pa.array([datetime.fromtimestamp(row[3], UTC) for row in RATINGS], pa.timestamp("ns", "UTC"))
    halves = pa.array([row[2] for row in RATINGS], pa.float32())
    source = write_folder(tmp_path / "ml", {"ratings.parquet": parquet(timestamp=stamps, rating=halves)})

    assert read_set(source).ratings.seconds.tolist() == [row[3] for row in RATINGS]


def test_ratings_above_five_are_on_a_scale_to_ten(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "ml", {"ratings.parquet": parquet(rating=pa.array([9, 1, 2]))})

    assert read_set(source).to_ten == 1.0


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda: parquet(user=pa.array(["a", "b", "c"])), "column user of type string, expected whole numbers"),
        (lambda: parquet(movie=pa.array([1, None, 3])), "1 rows whose movie is out of range: None"),
        (lambda: parquet(rating=pa.array([1.0, float("nan"), 12.0])), "2 rows whose rating is out of range: nan, 12.0"),
        (lambda: parquet(timestamp=pa.array([1, 2, 3])), "3 rows whose timestamp is out of range: 1, 2, 3"),
        (lambda: parquet(("who", "movie", "rating", "timestamp")), r"no column user \(user or userId or user_id\); it has who"),
        (lambda: b"PAR1 no", "is not a whole Parquet file"),
    ],
)  # fmt: skip
def test_a_parquet_file_that_is_not_ratings_is_said_in_one_line(
    tmp_path: Path, write: Callable[[], bytes], problem: str
) -> None:
    source = write_folder(tmp_path / "ml", {"ratings.parquet": write()})

    with pytest.raises(JobError, match=f"the set was not read: .*ratings.parquet .*{problem}") as refused:
        read_set(source)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("layout", "file", "content", "problem"),
    [
        ("100k", "u.item", b"10|Heat (1995)|01-Jan-1995\n", "line 1 has 3 fields, expected 24"),
        ("100k", "u.data", b"1\t10\t6\t1000000000\n", "line 1 has a rating that is not between 1 and 5"),
        ("1m", "movies.dat", b"x::Heat (1995)::Action\n", "line 1 has the movie id 'x'"),
    ],
)
def test_a_broken_file_of_an_old_layout_is_named(
    tmp_path: Path, layout: str, file: str, content: bytes, problem: str
) -> None:
    source = write_folder(tmp_path / "ml", LAYOUTS[layout] | {file: content})

    with pytest.raises(JobError, match=f"{file} has 1 line that does not parse: {problem}"):
        read_set(source)


def test_the_movielens_files_of_the_importers_tests_are_read_without_being_named(tmp_path: Path) -> None:
    assert read_set(write_folder(tmp_path / "ml", MOVIELENS)).name == "movielens"
