"""What changed from one delivery to the next: of CSV, of files that name no columns, and of objects before they are let in."""

from datetime import date

import pytest

from expectations.bronze import interactions, movielens, movietweetings
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.tables import Source, bronze
from tests.answers.test_drift import EVENT, ONE, TWO, of, said, take
from tests.answers.test_drift import objects as lines
from tests.landing.test_identity import lenient
from tests.landing.test_ingest import deliver

THREE = date(2026, 3, 3)
LINKS = Source("movielens", (bronze.MOVIELENS_LINKS,), is_complete=True)
CSV = "movieId,imdbId,tmdbId\n"


def take_links(lake: Lake, content: str, night: date) -> str:
    deliver(lake, "movielens", "links.csv", content, night)
    ingest(lake, LINKS, movielens.SUITES, night)
    return lake.outcomes[-1].note


def test_a_csv_tells_by_the_names_of_its_header(lake: Lake) -> None:
    name = "bronze.movielens_links"
    take_links(lake, f'\ufeff{CSV}1,0114709,"862"\r\n', ONE)
    note = take_links(lake, '"tmdbId","movieId","imdbId","note, of ours","class"\n862,1,0114709,"a\nb",\n', TWO)
    assert note == "new in links.csv, kept in extra: note, of ours, class"
    found = of(lake, name)
    assert said(found) == [
        ("new", "note, of ours is new, and kept in extra"),
        ("new", "class is new, and kept in extra"),
    ]
    place = "jobs/tables/bronze.py, MOVIELENS_LINKS, after tmdbId: "
    # Neither could stand before an equals sign: `class` is a word of Python's own.
    assert [change.edit for change in found.changes] == [
        place + '**{"note, of ours": "…"},',
        place + '**{"class": "…"},',
    ]

    same = '"note, of ours",class,movieId,imdbId,'
    with pytest.raises(JobError, match=r"has no column tmdbId \(it has tmdb\)"):
        take_links(lake, f"{same}tmdb\n,,1,0114709,862\n", THREE)
    found = of(lake, name)
    assert (found.delivery, found.before, found.is_held) == (THREE, TWO, False)
    assert said(found) == [("renamed", "tmdbId is tmdb now")]
    assert take_links(lake, f"{same}tmdbId\n,,1,0114709,862\n", THREE) == ""
    assert said(of(lake, name)) == [("order", "columns come in another order; they are read by name")]


def test_a_log_of_csv_beside_objects_tells_of_both(lake: Lake) -> None:
    deliver(lake, "interactions", "a.csv", f"{','.join(EVENT)},device\n{','.join(map(str, EVENT.values()))},tv\n", ONE)
    take(lake, ONE)
    deliver(lake, "interactions", "a.csv", f"{','.join(EVENT)},device\n{','.join(map(str, EVENT.values()))},tv\n", TWO)
    deliver(lake, "interactions", "b.csv.jsonl", lines(dict(reversed(EVENT.items())) | {"volume": 3}), TWO)

    assert take(lake, TWO) == "new in a.csv and 1 more, kept in extra: volume"
    assert said(of(lake)) == [
        ("new", "volume is new, and kept in extra"),
        ("files", "files are a.csv, b.csv.jsonl now, and were a.csv"),
    ]


def test_a_file_that_names_nothing_tells_by_the_number_of_its_fields(lake: Lake) -> None:
    source = Source("movietweetings", (bronze.MOVIETWEETINGS_MOVIES,), is_complete=True)
    name = "bronze.movietweetings_movies"
    for night, title in ((ONE, "Dracula (1931)"), (TWO, "Dracula (1931) again")):
        deliver(lake, "movietweetings", "movies.dat", f"0021814::{title}::Horror\n", night)
        ingest(lake, source, movietweetings.SUITES, night)
    assert said(of(lake, name)) == []

    deliver(lake, "movietweetings", "movies.dat", "\r\n0021814::Dracula (1931)::Horror::75\n", THREE)
    with pytest.raises(JobError, match="line:field_count"):
        ingest(lake, source, movietweetings.SUITES, THREE)
    assert said(of(lake, name)) == [("new", "field 4 is new, and kept in extra")]
    deliver(lake, "movietweetings", "movies.dat", "0021814::Dracula (1931)\n", THREE)
    assert said(of(lake, name)) == [("gone", "genres is not there any more")]
    assert not of(lake, name).is_held


def test_objects_have_no_order_and_need_not_have_every_name(lake: Lake) -> None:
    deliver(lake, "interactions", "log.jsonl", lines(EVENT), ONE)
    take(lake, ONE)
    deliver(lake, "interactions", "log.jsonl", lines(dict(reversed(EVENT.items()))), TWO)
    assert said(of(lake)) == [], "it waits, and has the same names"

    # A quiet day: nobody rated anything, and the players now tell how loud they are.
    quiet = {name: value for name, value in EVENT.items() if name != "value"} | {"volume": 3}
    deliver(lake, "interactions", "log.jsonl", lines(quiet), TWO)
    expected = [("new", "volume is new, and kept in extra"), ("gone", "value is not there any more")]
    assert said(of(lake)) == expected
    assert take(lake, TWO) == "new in log.jsonl, kept in extra: volume; not in log.jsonl any more: value"
    assert said(of(lake)) == expected


def test_a_name_for_each_event_does_not_fill_the_ledger(lake: Lake) -> None:
    long = "n" * 5000
    events = [EVENT | {"event_id": f"e{n}", f"key {n:04}": "x", long: "y"} for n in range(1500)]
    deliver(lake, "interactions", "log.jsonl", lines(*events), ONE)
    ingest(lake, bronze.EVENTS, lenient(interactions.SUITES, bronze.INTERACTIONS), ONE)

    entry = ledger.latest(lake.settings.lake, bronze.INTERACTIONS)
    assert entry is not None
    names = [name for name, _ in entry.columns[str(ONE)]["columns"]]
    assert names == [*EVENT, *(f"key {n:04}" for n in range(1000))]
    assert lake.outcomes[-1].note.endswith("key 0009 and 990 more")
    # All of them are in the table.
    assert lake.read(bronze.INTERACTIONS, ONE).where("element_at(extra, 'key 1499') = 'x'").count() == 1
