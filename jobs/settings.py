"""Settings, read once at start from the environment."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jobs.errors import JobError

_PREFIX = "REELHOUSE_"
_OF_OTHERS = frozenset(
    [
        *("fetch", "api_secret", "fernet_key", "jwt_secret", "postgres_password", "spark_page_port", "worker_cores"),
        *("real_data", "bench_nights", "bench_world"),
    ]
)
"""Variables of the same prefix that DAGs and docker-compose.yaml read, and tests and benchmarks."""
_MISTYPED = 0.85
"""How like a setting a variable is that was meant for it: others of the prefix are somebody's own, as Kubernetes makes some."""


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


TitleType = Literal[
    "movie",
    "short",
    "tvEpisode",
    "tvMiniSeries",
    "tvMovie",
    "tvPilot",
    "tvSeries",
    "tvShort",
    "tvSpecial",
    "video",
    "videoGame",
]
"""The kinds of titles that IMDb tells apart; titles of other catalogues are movies."""
LISTED_TITLE_TYPES: tuple[TitleType, ...] = (
    *("movie", "short", "tvMiniSeries", "tvMovie", "tvPilot", "tvSeries", "tvShort", "tvSpecial", "video"),
)
"""All but episodes and games."""


def _split(given: object) -> object:
    """Names that are separated by commas, each once, in order of name: the same set is the same setting."""
    names = given.split(",") if isinstance(given, str) else given
    return sorted({str(name).strip() for name in names}) if isinstance(names, Iterable) else names


class Weighing(BaseModel):
    """How much an event says about what a viewer likes: the weights of silver.preferences."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: Annotated[float, Field(description="A view; times the share watched, where it is known.")] = 1.0
    complete: Annotated[float, Field(description="Watched to the end; adds to the view's.")] = 0.5
    rating: Annotated[
        float, Field(description="A rating of 10; less below, 0 at the neutral rating, negative under it.")
    ] = 2.0
    like: float = 2.0
    dislike: float = -3.0
    watchlist: float = 0.5
    dismiss: float = -2.0
    neutral_rating: Annotated[float, Field(ge=0, lt=10, description="The rating, 0 to 10, that says nothing.")] = 5.0
    half_life_days: Annotated[float, Field(gt=0, description="Days after which an event counts half.")] = 365.0

    def by_event_type(self) -> dict[str, float]:
        """Event type → weight at age 0."""
        kinds = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")
        return {kind: getattr(self, kind) for kind in kinds}


class Limits(BaseModel):
    """How far tonight's lists may differ from what lists are like; `reelhouse accept` overrules it for a night."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: Annotated[
        float, Field(ge=0, le=1, description="Least share of the titles that viewers know on any personal list.")
    ] = 0.02
    gini: Annotated[
        float, Field(ge=0, le=1, description="Most inequality (Gini index) of how often these titles are listed.")
    ] = 0.995
    title_share: Annotated[float, Field(gt=0, le=1, description="Largest share of personal lists with one title.")] = (
        0.9
    )
    overlap: Annotated[
        float, Field(ge=0, le=1, description="Least mean share of a personal top 10 that was in the last one, too.")
    ] = 0.1
    model_age_days: Annotated[
        int, Field(ge=0, description="Most days from the night that the model was trained for to that of the lists.")
    ] = 30


class Baseline(BaseModel):
    """What is usual of a table's rows and shape, by the nights before: what is unusual is said, what is far from it stops."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nights: Annotated[int, Field(ge=5, le=60, description="The newest nights before that are looked at.")] = 14
    least_nights: Annotated[int, Field(ge=3, description="With fewer nights there is no baseline yet.")] = 5
    warns_at: Annotated[float, Field(gt=0, description="Spreads (1.4826 MAD) from usual that are said.")] = 4.0
    stops_at: Annotated[float, Field(gt=0, description="Spreads from usual that stop a publication.")] = 6.0
    width: Annotated[float, Field(gt=0, lt=1, description="A difference that is always usual: a share, or points.")] = (
        0.05
    )


class Keeps(BaseModel):
    """For how long is kept what is not in force any more; `reelhouse maintain` deletes what is older and not needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files_days: Annotated[
        int,
        Field(ge=1, description="Days that files of replaced versions are kept: how far back a night can be served."),
    ] = 35
    ledger_days: Annotated[int, Field(ge=1, description="Days that publications can be looked back at.")] = 400
    refusals_days: Annotated[int, Field(ge=1, description="Days that refusals and the rows refused are kept.")] = 90


class Gate(BaseModel):
    """What a delivered file may not pass; sizes in bytes, or with a unit: `16 MiB`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: Annotated[ByteSize, Field(gt=0, description="First line of a file that has names in it.")] = ByteSize(
        64 << 10
    )
    columns: Annotated[int, Field(gt=0, description="Names in a header, and columns of a Parquet file.")] = 1_000
    line: Annotated[
        ByteSize, Field(gt=0, le=1 << 30, description="A line, or a record of CSV: Spark holds it in memory.")
    ] = ByteSize(16 << 20)
    fields: Annotated[
        int, Field(gt=0, le=20_000, description="Fields of a line; Spark's reader of CSV stops at 20,480.")
    ] = 10_000
    unpacked: Annotated[
        ByteSize, Field(gt=0, description="What a file unpacks to: five times IMDb's largest dump unless set.")
    ] = ByteSize(64 << 30)
    ratio: Annotated[
        int,
        Field(gt=1, description="How many times its own size a file of over 64 MiB unpacks to; text, 3 to 20 times."),
    ] = 200
    footer: Annotated[ByteSize, Field(gt=0, description="Footer of a Parquet file.")] = ByteSize(32 << 20)


class Settings(BaseSettings):
    """Everything that may differ from one installation to another.

    Each field is read from the environment variable ``REELHOUSE_<FIELD>``.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, env_nested_delimiter="__"
    )

    home: Annotated[
        Path, Field(description="Folder of everything a run makes: landing, lake, mlflow, airflow, docs.")
    ] = Path("var")
    lake_uri: Annotated[str | None, Field(description="Root of the Delta tables; <home>/lake unless set.")] = None
    mlflow_uri: Annotated[str | None, Field(description="MLflow tracking URI; the store under <home> unless set.")] = (
        None
    )
    rows_per_file: Annotated[int, Field(ge=1000, description="The most rows of one file of a table.")] = 4_000_000
    spark_remote: Annotated[
        str | None,
        Field(
            pattern=r"^sc://",
            description="Spark Connect server, e.g. sc://127.0.0.1:15002; none: a session of its own.",
        ),
    ] = None
    spark_token: Annotated[
        SecretStr | None, Field(description="What the server asks clients for; <home>/spark/token unless set.")
    ] = None
    spark_master: Annotated[str, Field(description="Spark master of a session of its own and of the server.")] = (
        "local[*]"
    )
    spark_partitions: Annotated[
        int | None, Field(ge=1, description="Partitions of a shuffle; as many as this machine has cores unless set.")
    ] = None
    driver_memory: Annotated[
        str | None,
        Field(pattern=r"^\d+[mg]$", description="JVM heap of the driver, e.g. 3g; by the machine unless set."),
    ] = None
    executor_memory: Annotated[
        str | None,
        Field(pattern=r"^\d+[mg]$", description="JVM heap of an executor on a cluster; Spark's own unless set."),
    ] = None
    today: Annotated[
        date | None, Field(description="Today's date, after which no night is run; the real one, in UTC, unless set.")
    ] = None
    notify_file: Annotated[
        Path | None,
        Field(description="File that gets a line of JSON for each task that fails; below <home> unless absolute."),
    ] = None
    notify_webhook: Annotated[
        SecretStr | None,
        Field(description="Address that gets a POST for each, as Slack, Mattermost and Teams take it; a secret."),
    ] = None
    tmdb_api_key: Annotated[SecretStr | None, Field(description="Key of the TMDb API, for fetching details.")] = None
    forget_key: Annotated[
        SecretStr | None,
        Field(min_length=32, description="Key by which forgotten people are known; kept as long as the lake."),
    ] = None

    lateness_days: Annotated[
        int, Field(ge=0, description="An event from more days before its delivery's day is too late to count.")
    ] = 30
    history_sources: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(description="Sources whose events may be of any age, separated by commas."),
    ] = ("movielens", "movietweetings")
    viewer_events_per_day: Annotated[
        int, Field(ge=1, description="The most events of a viewer on one day: one with more is no person.")
    ] = 20_000
    weighing: Weighing = Weighing()
    recommender: Annotated[
        str | None, Field(description="What is trained: a module of jobs/recommenders; its own choice unless set.")
    ] = None
    recommender_parameters: Annotated[
        dict[str, str], Field(description="Its hyper-parameters, …_PARAMETERS__<NAME>; its own defaults unless set.")
    ] = Field(default_factory=dict)
    holdout_share: Annotated[
        float, Field(gt=0, lt=0.5, description="Newest share of all events that the model is judged on.")
    ] = 0.1
    list_length: Annotated[int, Field(ge=1, le=1000, description="Titles on a viewer's list.")] = 50
    limits: Limits = Limits()
    baseline: Baseline = Baseline()
    keeps: Keeps = Keeps()
    gate: Gate = Gate()
    listed_title_types: Annotated[
        tuple[TitleType, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(min_length=1, description="Kinds of titles that may be listed, separated by commas."),
    ] = LISTED_TITLE_TYPES
    lists_adult: Annotated[bool, Field(description="Whether adult titles may be listed.")] = False

    airflow_port: Annotated[int, Field(ge=1, le=65535, description="Port of Airflow's page, on 127.0.0.1.")] = 8080
    mlflow_port: Annotated[int, Field(ge=1, le=65535, description="Port of MLflow's page, on 127.0.0.1.")] = 5000

    explorer_port: Annotated[int, Field(ge=1, le=65535, description="Port of the page over the lake.")] = 8600
    explorer_host: Annotated[
        str, Field(description="Address that the page over the lake listens on; another than loopback needs a token.")
    ] = "127.0.0.1"
    explorer_names: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(
            description="Names under which browsers ask for it, beside 127.0.0.1 and localhost, separated by commas."
        ),
    ] = ()
    explorer_token: Annotated[
        SecretStr | None, Field(min_length=16, description="What whoever opens it has to know; nothing unless set.")
    ] = None
    explorer_posters: Annotated[
        str | None,
        Field(description="Address that browsers may load TMDb's posters from; none unless set: they are drawn."),
    ] = None
    spark_port: Annotated[int, Field(ge=1, le=65535, description="Port of the Spark Connect server, on 127.0.0.1.")] = (
        15002
    )

    imdb_url: str = "https://datasets.imdbws.com/"
    movielens_url: str = "https://files.grouplens.org/datasets/movielens/"
    tmdb_api_url: str = "https://api.themoviedb.org/3/"
    tmdb_files_url: str = "https://files.tmdb.org/p/exports/"
    tmdb_details_count: Annotated[int, Field(ge=0, description="Movies to fetch details of, per night.")] = 500

    @cached_property
    def root(self) -> Path:
        """The home folder as an absolute path."""
        return self.home.absolute()

    @property
    def cores(self) -> int:
        """Tasks that run at once on this machine: partitions of a shuffle, blocks of a fit."""
        return self.spark_partitions or cores_here()

    @property
    def landing(self) -> Path:
        """Files as delivered: ``landing/<source>/<day>/<file>``."""
        return self.root / "landing"

    @property
    def downloads(self) -> Path:
        """Public sets as downloaded, before they are imported."""
        return self.root / "downloads"

    @property
    def tracking_uri(self) -> str:
        """Where MLflow's runs and models are kept."""
        return self.mlflow_uri or f"sqlite:///{self.root / 'mlflow' / 'mlflow.db'}"

    @property
    def spark_token_file(self) -> Path:
        """Where the token of the server on this machine is, readable by its owner only."""
        return self.root / "spark" / "token"

    @property
    def spark_token_value(self) -> str | None:
        """The token that is set, else the one in the file; None if there is neither."""
        if self.spark_token:
            return self.spark_token.get_secret_value()
        file = self.spark_token_file
        return file.read_text(encoding="ascii").strip() if file.exists() else None

    def shaping(self, fields: Collection[str]) -> dict[str, Any]:
        """Values of the settings that shape a table or model, as the ledger keeps them."""
        return self.model_dump(mode="json", include=set(fields))

    @property
    def lake(self) -> str:
        """Root URI of the Delta tables."""
        return self.lake_uri or str(self.root / "lake")


def from_environment() -> Settings:
    """The settings as the environment gives them.

    Raises:
        JobError: A variable holds what it may not, or is mistyped; names every one.
    """
    mistyped = {
        variable: meant
        for variable, value in sorted(os.environ.items())
        if value and (meant := probably_meant(variable))
    }
    problems = [f"{variable} is no setting, did you mean {meant}?" for variable, meant in mistyped.items()]
    try:
        found = Settings()
    except ValidationError as wrong:
        problems += [
            f"{variable} is {_shown(error)}: {error['msg']}"
            for error in wrong.errors()
            if (variable := _variable_of(error["loc"])) not in mistyped
        ]
    if problems:
        raise JobError(f"nothing was done: {'; '.join(problems)}; set it otherwise, or unset it")
    return found


_SECRETS = frozenset(name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation))


def _shown(error: ErrorDetails) -> str:
    """What a variable holds, as a message may show it."""
    return "a secret" if error["loc"][0] in _SECRETS else repr(error["input"])


def probably_meant(variable: str) -> str | None:
    """The variable of a setting that is nearest to one that is none; None if it is one, or is meant for something else."""
    name, *below = variable.lower().removeprefix(_PREFIX.lower()).split("__")
    if not variable.upper().startswith(_PREFIX) or name in _OF_OTHERS:
        return None
    if name in Settings.model_fields:
        held = _HOLDERS.get(name)
        if not held or not below or below[0] in held:
            return None
        meant = get_close_matches(below[0], held, n=1, cutoff=_MISTYPED)
        return _variable_of([name, *meant, *below[1:]]) if meant else None
    # Two underscores lead to what a setting holds; often one is typed.
    for holder, held in _HOLDERS.items():
        inner = name.removeprefix(f"{holder}_")
        if inner != name and (held is None or inner in held):
            return _variable_of([holder, inner, *below])
    meant = get_close_matches(name, Settings.model_fields, n=1, cutoff=_MISTYPED)
    return _variable_of([*meant, *below]) if meant else None


_HOLDERS: Mapping[str, Collection[str] | None] = {
    "weighing": Weighing.model_fields,
    "limits": Limits.model_fields,
    "baseline": Baseline.model_fields,
    "keeps": Keeps.model_fields,
    "gate": Gate.model_fields,
    "recommender_parameters": None,
}
"""Settings that hold others, by their names; None: any."""


def _variable_of(field: Sequence[int | str]) -> str:
    """The environment variable that gives a setting: ``REELHOUSE_WEIGHING__VIEW`` for ``("weighing", "view")``."""
    return _PREFIX + "__".join(str(part) for part in field).upper()
