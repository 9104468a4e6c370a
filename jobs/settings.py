"""Settings, read once at start from the environment."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that may differ from one installation to another.

    Each field is read from the environment variable ``REELHOUSE_<FIELD>``.
    """

    model_config = SettingsConfigDict(env_prefix="REELHOUSE_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Annotated[
        Path, Field(description="Folder of everything a run makes: landing, lake, mlflow, airflow, docs.")
    ] = Path("var")
    lake_uri: Annotated[str | None, Field(description="Root of the Delta tables; <home>/lake unless set.")] = None
    mlflow_uri: Annotated[str | None, Field(description="MLflow tracking URI; the store under <home> unless set.")] = (
        None
    )
    spark_master: Annotated[str, Field(description="Spark master of sessions started outside spark-submit.")] = (
        "local[*]"
    )
    driver_memory: Annotated[str, Field(description="JVM heap of a session started outside spark-submit.")] = "2g"
    tmdb_api_key: Annotated[SecretStr | None, Field(description="Key of the TMDb API, for fetching details.")] = None

    @cached_property
    def root(self) -> Path:
        """The home folder as an absolute path."""
        return self.home.absolute()

    @property
    def landing(self) -> Path:
        """Files as delivered: ``landing/<source>/<day>/<file>``."""
        return self.root / "landing"

    @property
    def lake(self) -> str:
        """Root URI of the Delta tables."""
        return self.lake_uri or str(self.root / "lake")
