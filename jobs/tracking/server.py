"""Whether MLflow's server is there: people who ask do not wait for its client, which tries for half a minute."""

from jobs.errors import JobError
from jobs.settings import Settings

_WITHIN = 2.0
"""Seconds."""


def require_up(settings: Settings, undone: str) -> None:
    """Refuse to ask a server that does not answer; a store on this machine needs none.

    Args:
        settings: Where MLflow is.
        undone: What is not known without it.

    Raises:
        JobError: It does not answer.
    """
    uri = settings.mlflow_uri or ""
    if not uri.startswith("http"):
        return
    import httpx  # where there is a server

    try:
        httpx.get(f"{uri.rstrip('/')}/health", timeout=_WITHIN)
    except httpx.HTTPError as gone:
        raise JobError(
            f"{undone}: MLflow ({uri}) does not answer ({type(gone).__name__}); start it, and ask again"
        ) from gone
