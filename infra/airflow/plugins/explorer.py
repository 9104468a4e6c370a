"""A link from Airflow's page to the page over the lake."""

import os
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class Explorer(AirflowPlugin):
    """Beside Airflow's own entries of the menu; browsers of this machine find the page there."""

    name = "reelhouse"
    external_views: list[dict[str, Any]] = [  # noqa: RUF012 - as Airflow reads it
        {
            "name": "Reelhouse",
            "href": f"http://127.0.0.1:{os.environ.get('REELHOUSE_EXPLORER_PORT') or 8600}/",
            "destination": "nav",
        }
    ]
