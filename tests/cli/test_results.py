"""``reelhouse results``: evaluations are runs of MLflow, and a page's table is what they found."""

from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.settings import Settings
from jobs.tracking import evaluations
from jobs.tracking.runs import experiment_of
from tests.cli.small_lake import Run as Command
from tests.cli.small_lake import refused
from tests.evaluation.sets import START, random_ratings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home beside a small set on which two models were evaluated, one of them twice."""
    folder = tmp_path_factory.mktemp("results")
    lines = (f"{viewer}\t{title}\t{stars:g}\t{START + at}\n" for viewer, title, stars, at in random_ratings(60, 40, 12))
    (folder / "u.data").write_text("".join(lines))
    commands = (
        ("ease", "--protocol", "msr-stratified", "--param", "reg_param=900"),
        ("popularity", "--protocol", "msr-stratified"),
        ("ease", "--protocol", "msr-stratified", "--param", "reg_param=20"),
        ("popularity", "--protocol", "replay-time"),
    )
    for command in commands:
        arguments = ["evaluate", *command, "--data", str(folder)]
        result = CliRunner().invoke(app, arguments, env={"REELHOUSE_HOME": str(folder / "home")})
        assert result.exit_code == 0, result.output
        assert result.stdout.endswith("next: reelhouse results\n")
    return folder / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments, keyboard="": CliRunner().invoke(app, arguments, input=keyboard)


def newest_run(wanted: str) -> Run:
    store = MlflowClient(Settings().tracking_uri)
    found: Run = store.search_runs([experiment_of(store, evaluations.EXPERIMENT)], wanted)[0]
    return found


def test_the_page_s_table_is_what_the_newest_runs_of_mlflow_say(run: Command, tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    page.write_text("# Ours\n\n<!-- results -->\nold\n<!-- end of results -->\n\nWords.\n")
    written = run("results", "--to", str(page))
    newest = newest_run("tags.recommender = 'ease'")

    assert "wrote 3 results in 2 tables" in written.output
    text = page.read_text()
    assert text.startswith("# Ours\n\n<!-- results -->\n")
    assert text.endswith("<!-- end of results -->\n\nWords.\n")
    assert "old" not in text
    (row,) = [line for line in text.splitlines() if "| ease" in line.replace("*", "")]
    cells = [cell.strip(" *") for cell in row.strip("|").split("|")]
    said = newest.data.metrics
    assert cells[1] == f"{said['ndcg_at_10']:.4f}"
    assert cells[2] == f"{said['ndcg_at_10_low']:.4f} to {said['ndcg_at_10_high']:.4f}"
    assert cells[3] == f"{said['precision_at_10']:.4f}"
    assert cells[5] == f"{said['coverage_at_10']:.4f}"
    assert cells[-1] == "reg_param=20"


def test_the_same_runs_write_the_same_page(run: Command, tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("one.md", "two.md")]
    for page in pages:
        run("results", "--to", str(page))
    again = pages[0].read_text()
    run("results", "--to", str(pages[0]))

    assert pages[0].read_text() == again == pages[1].read_text()


def test_a_page_that_is_a_link_stays_one(run: Command, tmp_path: Path) -> None:
    page, link = tmp_path / "page.md", tmp_path / "link.md"
    page.write_text("<!-- results -->\n<!-- end of results -->\n")
    link.symlink_to(page)
    run("results", "--to", str(link))

    assert link.is_symlink()
    assert "| model |" in page.read_text()


def test_the_terminal_shows_one_protocol_if_asked_the_best_model_first(run: Command) -> None:
    shown = run("results", "--protocol", "msr_stratified").output

    rows = [line.split() for line in shown.splitlines() if line.strip().startswith(("ease", "popularity"))]
    assert [row[0] for row in rows] == sorted(
        (row[0] for row in rows), key=lambda name: -float(dict(map(_two, rows))[name])
    )
    assert len(rows) == 2
    assert "replay-time" not in shown


def _two(row: list[str]) -> tuple[str, str]:
    return row[0], row[1]


def test_an_evaluation_s_run_says_what_was_judged_on_what(run: Command) -> None:
    newest = newest_run("tags.recommender = 'popularity' and tags.protocol = 'msr-stratified'")

    assert newest.info.run_name.startswith("popularity, msr-stratified, ")
    assert newest.data.params["Model"] == "popularity"
    assert {"ndcg_at_10", "ndcg_at_10_low", "ndcg_at_10_light", "recall_at_10_head", "fit_seconds"} <= set(
        newest.data.metrics
    )
    assert "| light |" in newest.data.tags["mlflow.note.content"]
    (data,) = newest.inputs.dataset_inputs if newest.inputs else []
    assert data.dataset.digest == newest.data.tags["digest"]


def test_what_cannot_be_written_is_said_in_one_line(run: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- results -->\n")

    assert "the page needs these two lines around the results" in refused(run("results", "--to", str(page)))
    assert page.read_text() == "<!-- results -->\n"
    assert "nowhere" in refused(run("results", "--to", str(tmp_path / "nowhere" / "page.md")))
    assert "there are no results of liang-strong yet" in refused(run("results", "--protocol", "liang-strong"))
