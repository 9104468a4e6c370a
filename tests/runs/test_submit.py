"""The application given to spark-submit."""

import pytest

from jobs.runs.submit import main


def test_a_run_without_a_night_is_one_line_that_says_how_to_give_one(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["silver.titles", "--night", "None", "--run", "manual"])

    assert status == 1
    assert capsys.readouterr().err == (
        "JobError: silver.titles did not run: its night is 'None', not an ISO date; "
        "start it with a partition key or the parameter night, e.g. 2026-11-22\n"
    )
