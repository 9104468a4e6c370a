"""Where MLflow keeps artifacts when no server stands between: beside its database.

Runs and models name their artifacts ``mlflow-artifacts:/<experiment>/…``, as they do behind a tracking server. Through the
server those addresses are resolved by it; without one they are folders of ``<home>/mlflow/artifacts``. So `make night` and
`make up` share one store, and a home that was moved keeps its models loadable, as no address holds a path.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import mlflow
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

_SQLITE = "sqlite:///"


def resolve(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None, **options: Any
) -> ArtifactRepository:
    """The repository behind an ``mlflow-artifacts:`` address; MLflow calls this through its plug-in registry.

    Args:
        artifact_uri: The address.
        tracking_uri: The tracking store; the current one, if None.
        registry_uri: Passed on to MLflow's own resolver.
        **options: Passed on to MLflow's own resolver.
    """
    uri = tracking_uri or mlflow.get_tracking_uri()
    if not uri.startswith(_SQLITE):
        return MlflowArtifactsRepository(artifact_uri, tracking_uri=tracking_uri, registry_uri=registry_uri, **options)
    root = Path(uri.removeprefix(_SQLITE)).parent / "artifacts"
    below = Path(unquote(urlparse(artifact_uri).path).lstrip("/"))
    if ".." in below.parts:
        raise ValueError(f"{artifact_uri} leaves the artifact store")
    return LocalArtifactRepository(str(root / below))
