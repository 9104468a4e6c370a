"""Where MLflow's page shows what: addresses, looked up without MLflow, whose import takes two to three seconds."""

from jobs.settings import Settings
from jobs.tracking.database import database_of, select

NIGHTLY = "nightly-training"
"""The experiment of the models of nights."""
NEWEST = "newest"
"""The view of the night that was trained last."""
VIEW = "mlflow.sharedViewState."
"""How the tag of an experiment begins that is a saved view."""
_SAVED = """
SELECT experiment.experiment_id
FROM experiments AS experiment
JOIN experiment_tags AS tag ON tag.experiment_id = experiment.experiment_id
WHERE experiment.name = ? AND tag.key = ?
"""


def view_path(experiment: str, key: str) -> str:
    """Where MLflow's page shows a view: in its part for trained models, as charts.

    A browser that is new to MLflow opens the address of an experiment as one of prompts, whatever kind it is of.

    Args:
        experiment: The experiment's identifier.
        key: The view's.
    """
    return (
        f"#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={key}&compareRunsMode=CHART"
    )


def newest_night(settings: Settings, page: str) -> str | None:
    """The address of the models of the night that was trained last; None if none is in MLflow's own database.

    Args:
        settings: Where everything is.
        page: MLflow's address.
    """
    database = database_of(settings)
    rows = select(database, "experiment_tags", _SAVED, (NIGHTLY, f"{VIEW}{NEWEST}")) if database else []
    return f"{page}/{view_path(str(rows[0][0]), NEWEST)}" if rows else None
