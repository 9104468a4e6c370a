"""The page of tonight: whether it is complete, and why not."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

from starlette.testclient import TestClient

from jobs.tables import silver
from jobs.tables.ops import QUARANTINE
from tests.architecture.code import PROJECT
from tests.cli.small_lake import NIGHT, publish
from tests.explorer.pages import client, client_of, home, text_of
from tests.rows import filled

__all__ = ["client", "home"]


def test_says_of_each_stage_and_table_how_it_stands(client: TestClient) -> None:
    told = text_of(client.get("/"))

    assert re.search(r"night 2026-03-01: \d+ of \d+ tables fresh", told)
    assert "2026-03-01 (yesterday)" in told
    assert "silver.titles" in told
    assert "never published" in told


def test_a_home_without_anything_says_what_to_run(tmp_path: Path) -> None:
    told = text_of(client_of(tmp_path).get("/"))

    assert "no night yet" in told
    assert "make night" in told


def test_rows_set_aside_of_the_night_are_shown_with_what_their_reason_promises(tmp_path: Path) -> None:
    publish(tmp_path, silver.TITLES, filled(silver.TITLES, {"title_id": "tt1"}))
    aside = {
        "table_name": "bronze.imdb_title_basics",
        "night": NIGHT,
        "reasons": ["isAdult:match_regex"],
        "record": "tt1\t<script>alert(1)</script>",
        "file": "title.basics.tsv.gz",
        "line": 17,
        "state": "set_aside",
        "part": str(NIGHT),
        "publication": "p",
    }
    publish(tmp_path, QUARANTINE, aside, {**aside, "night": date(2026, 2, 27)})

    page = client_of(tmp_path).get("/")

    assert "1 row of this night" in text_of(page)
    assert "isAdult matches" in text_of(page)
    assert "title.basics.tsv.gz:17" in text_of(page)
    assert "<script>" not in page.text


def test_of_many_tables_with_one_reason_it_is_said_once_and_above_the_tables(client: TestClient) -> None:
    told = text_of(client.get("/"))

    assert told.index("What is not as it should be") < told.index("Stages")
    assert re.search(r"\d+ tables : never published", told)


def test_pages_are_answered_without_arrow_spark_or_mlflow(home: Path) -> None:
    # Each of them is a sixth of what the site may hold, or more.
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from starlette.testclient import TestClient\n"
        "from jobs.explorer.site import create\n"
        "from jobs.settings import Settings\n"
        "client = TestClient(create(Settings(home=Path(sys.argv[1]))), base_url='http://127.0.0.1:8600')\n"
        "for page in ('/', '/viewers', '/viewers/u1', '/titles', '/nights', '/data', '/models', '/new-viewer'):\n"
        "    assert client.get(page).status_code in (200, 404), page\n"
        "print(sorted({'pyarrow', 'pyspark', 'mlflow', 'pandas', 'polars'} & set(sys.modules)))\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout

    assert printed.strip() == "[]"
