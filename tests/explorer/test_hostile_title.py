"""A title that is markup, a formula, a colour and a turn of the reading direction at once, by every way out of the lake."""

import csv
import io
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from jobs.tables import gold, ops, silver
from tests.cli.small_lake import Run, listed, preferred, publish, run
from tests.explorer.pages import client
from tests.rows import filled

__all__ = ["client", "run"]
TITLE = "=HYPERLINK(1)<script>alert(1)</script>[red]x[/red]\x1b[31m\u202e"
"""As TMDb might deliver it."""
SHOWN = "[red]x[/red]"
OBEYED = ("\x1b", "\u202e")
TITLE_ID, VIEWER = "tt0000003", "u000001"
SQL = f"SELECT title FROM silver.titles WHERE title_id = '{TITLE_ID}'"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the title is known, watched, listed, said to be like others, and once set aside."""
    home = tmp_path_factory.mktemp("hostile")
    for table in (silver.TITLES, gold.TITLE_FACTS):
        names = {TITLE_ID: TITLE, "tt0000001": "Heat"}
        publish(home, table, *(filled(table, {"title_id": one, "title": name}) for one, name in names.items()))
    alike = {"title_id": "tt0000001", "title": "Heat", "similar_title_id": TITLE_ID, "similar_title": TITLE}
    publish(home, gold.SIMILAR_TITLES, filled(gold.SIMILAR_TITLES, alike | {"kind": "taste"}))
    publish(home, silver.PREFERENCES, preferred(VIEWER, TITLE_ID, 2.5))
    because = {"reasons": f"because you liked {TITLE}", "reason_title_ids": [TITLE_ID], "reason_contributions": [1.0]}
    publish(home, gold.RECOMMENDATIONS, listed(VIEWER, 1, "tt0000001") | because, listed("u000002", 1, TITLE_ID))
    aside = {"table_name": "silver.titles", "reasons": ["title:match_regex"], "record": json.dumps({"title": TITLE})}
    publish(home, ops.QUARANTINE, filled(ops.QUARANTINE, aside | {"state": "set_aside"}))
    return home


@pytest.mark.parametrize(
    "command",
    [("show", VIEWER), ("show", "u000002"), ("title", "HYPERLINK"), ("sql", SQL), ("quarantine", "silver.titles")],
    ids=" ".join,
)
def test_a_terminal_shows_it_and_obeys_nothing_of_it(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command)

    assert done.exit_code == 0, done.output
    assert SHOWN in done.stdout
    assert [obeyed for obeyed in OBEYED if obeyed in done.output] == []


@pytest.mark.parametrize(
    "path",
    [f"/viewers/{VIEWER}", "/viewers/u000002", f"/titles/{TITLE_ID}", "/titles/tt0000001", "/titles?q=HYPERLINK"],
)
def test_a_page_shows_it_and_obeys_nothing_of_it(client: TestClient, path: str) -> None:
    page = client.get(path)

    assert page.status_code == 200
    assert SHOWN in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    assert [obeyed for obeyed in OBEYED if obeyed in page.text] == []


def test_a_spreadsheet_gets_text_and_programs_get_what_is_there(run: Run, client: TestClient, tmp_path: Path) -> None:
    _, (said,) = csv.reader(io.StringIO(run("sql", SQL, "--format", "csv").stdout))
    to = tmp_path / "titles"
    done = run("export", "silver.titles", "--format", "csv", "--to", str(to))
    with (to / "part-00000.csv").open(encoding="utf-8", newline="") as file:
        exported = [row["title"] for row in csv.DictReader(file) if row["title_id"] == TITLE_ID]

    assert done.exit_code == 0, done.output
    assert (said, exported) == (f"'{TITLE}", [f"'{TITLE}"])
    assert json.loads(run("sql", SQL, "--format", "json").stdout) == [{"title": TITLE}]
    assert client.get("/api/viewers/u000002/list").json()["titles"][0]["title"] == TITLE
