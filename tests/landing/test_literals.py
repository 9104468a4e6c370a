"""Cells that hold Python literals: all of them, and nothing else, become JSON."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.bronze import tmdb as tmdb_suites
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.landing.literals import LONGEST, to_json
from jobs.tables import bronze
from tests.landing.test_identity import aside
from tests.landing.test_ingest import NIGHT, deliver, rows

_WORDS = st.text(st.characters(exclude_categories=["Cs"]))
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(-1e9, 1e9).map(lambda x: round(x, 6))
    | _WORDS
)
_OBJECTS = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_WORDS, inner), max_leaves=20)


@given(_OBJECTS)
def test_what_python_writes_is_read_as_it_was(said: Any) -> None:
    written = to_json(repr(said))
    assert written is not None
    assert json.loads(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "[f'{1}']", "f'x'", "b'x'", "{1, 2}", "(1, 2)", "[1] * 9", "1 + 1", "10**9",
        "[1,]", "{'a': 1,}", "[", "]", "['a' 'b']", "{'a'}", "{1: 2}", "nan", "inf", "0x10", "1_000", "01", "'a", "a",
        "", "   ", "[1] # x", "None None", "Nonesuch", "['\\ud800']", "'\\N{no such name}'", "'\\x1'", "'a\nb'",
        "lambda: 0", "[x for x in ()]", "9" * 5000, "1e9999", "[" * 17 + "]" * 17, "[" * 100_000, "-" * 100_000, "{'a':" * 50_000,
    ],
)  # fmt: skip
def test_nothing_else_is_a_literal(text: str) -> None:
    began = time.monotonic()
    assert to_json(text) is None
    assert time.monotonic() - began < 1


def test_long_texts_take_time_by_their_length_and_too_long_ones_none() -> None:
    assert to_json("'" + "x" * LONGEST + "'") is None
    for hostile in ("'" + "\\'" * (LONGEST // 2 - 1), "[" + "1," * (LONGEST // 2 - 1), "'" * (LONGEST - 1)):
        began = time.monotonic()
        assert to_json(hostile) is None
        assert time.monotonic() - began < 30


def test_a_dump_of_literals_comes_with_its_shifted_rows_set_aside_and_no_row_around_them(lake: Lake) -> None:
    names = [
        column.name for column in bronze.TMDB_MOVIES_METADATA.columns if column.name not in {"extra", "file", "night"}
    ]
    good = dict.fromkeys(names, "") | {
        "adult": "False", "genres": "\"[{'id': 16, 'name': \"\"Children's\"\"}]\"", "id": "862", "title": "Toy Story",
        "overview": '"Led by Woody,\nAndy\'s toys live ""happily""."', "popularity": "21.9", "imdb_id": "tt0114709",
    }  # fmt: skip
    line = ",".join(good[name] for name in names)
    # A line break that is not quoted makes two lines of one row, each with other fields in its columns.
    shifted = (
        line.replace("862", "82663").split(',"Led by Woody')[0]
        + ',A line\n - Written by Ørnås,0.065,/p.jpg,"[]",,1997-08-20,0,104.0'
    )
    no_list = line.replace("862", "863").replace("Children's", 'Children"" + str(1) + ""s')
    file = "\n".join([",".join(names), line, shifted, no_list, line, line.replace("862", "864")]) + "\n"
    deliver(lake, "tmdb", "movies_metadata.csv", file)
    deliver(lake, "tmdb", "keywords.csv", "id,keywords\n862,\"[{'id': 931, 'name': 'jealousy'}]\"\n")
    deliver(lake, "tmdb", "credits.csv", "cast,crew,id\n\"[{'name': 'Tom Hanks', 'profile_path': None}]\",[],862\n")
    deliver(
        lake,
        "tmdb",
        "TMDB_movie_dataset_v11.csv",
        "id,title,vote_average,vote_count,status,release_date,revenue,runtime,adult,backdrop_path,budget,homepage,imdb_id,"
        "original_language,original_title,overview,popularity,poster_path,tagline,genres,production_companies,"
        "production_countries,spoken_languages,keywords\n"
        "862,Toy Story,7.9,9000,Released,1995-11-22,0,81,False,,0,,tt0114709,en,Toy Story,,21.9,,,"
        '"Animation, Family","Pixar, Inc.",,,"toy, boy"\n',
    )
    suites = dict(tmdb_suites.SUITES)
    lenient_one = suites[bronze.TMDB_MOVIES_METADATA.name]
    suites[lenient_one.of.name] = type(lenient_one)(
        lenient_one.of, lenient_one.rows, lenient_one.table, lenient_one.references, tolerates=1.0
    )

    ingest(lake, bronze.TMDB, suites, NIGHT)

    published = rows(lake, bronze.TMDB_MOVIES_METADATA)
    assert [row["id"] for row in published] == ["862", "862", "864"], "twice what is there twice"
    assert {row["overview"] for row in published} == {'Led by Woody,\nAndy\'s toys live "happily".'}
    assert [(line, reasons) for _, line, _, reasons in aside(lake)] == [
        (4, ("line:field_count",)),
        (5, ("line:field_count",)),
        (6, ("genres:not_literal",)),
    ]
    assert [row["id"] for table in (bronze.TMDB_KEYWORDS, bronze.TMDB_CREDITS) for row in rows(lake, table)] == [
        "862"
    ] * 2
    assert [row["production_companies"] for row in rows(lake, bronze.TMDB_MOVIE_DATASET)] == ["Pixar, Inc."]
