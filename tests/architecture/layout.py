"""The rules about where code lives and who may import whom."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from jobs.tables import NODES, job_of
from tests.architecture.code import Code
from tests.architecture.rules import is_within

LAYERS = ("bronze", "silver", "model", "gold", "ops")
NOT_ADDRESSES = {
    "jobs/model/pyfunc.py": "its address is written into every registered model: they stay loadable",
}
"""The only files of layer folders that are not addresses, with the reason."""

_BY_WHAT_IT_DOES = (
    *(
        "answers",
        "catalogues",
        "cli",
        "evaluation",
        "events",
        "explorer",
        "lakehouse",
        "landing",
        "recommenders",
        "runs",
    ),
    *("sample_world", "scoring", "tables", "tracking"),
)
_LOOSE = ("__init__", "errors", "settings", "version")

# An import points down these, or to a neighbour on the same one; never up.
_STOREYS = (
    ("jobs.errors", "jobs.version", "jobs.settings", "jobs.tables"),
    ("expectations",),
    ("jobs.lakehouse", "jobs.tracking", "jobs.landing"),
    ("jobs.recommenders", "jobs.scoring", "jobs.evaluation", "jobs.catalogues", "jobs.events", "jobs.sample_world"),
    (*(f"jobs.{layer}" for layer in LAYERS), "jobs.answers"),
    ("jobs.cli", "jobs.explorer", "jobs.runs"),
    ("infra", "dags"),
)
_UPWARDS = {
    # MLflow imports the loader by its address, and what it loads is a recommender with its lists.
    "jobs/tracking/loader.py": ("jobs.recommenders", "jobs.scoring"),
}
_ALONE = {
    "jobs/sample_world/": ("jobs.sample_world", "jobs.errors"),
    "dags/": ("jobs.tables", "dags.nightly"),
    "jobs/tables/": ("jobs.tables",),
    "expectations/": ("expectations", "jobs.tables"),
}
"""Folder → all of ours that it may import."""
_WITHOUT = {
    "jobs/tables/": ("pyspark", "great_expectations", "mlflow", "pandas", "pydantic"),
    "jobs/answers/": ("pyspark", "great_expectations", "mlflow", "jobs.lakehouse.lake", "jobs.lakehouse.spark"),
    "jobs/explorer/": ("pyspark", "great_expectations"),
    "dags/": ("pyspark", "great_expectations", "mlflow", "pandas"),
}
"""Folder → what it does without."""


def imports_point_down(code: Code) -> Iterator[str]:
    """cli, explorer, runs → addresses → recommenders, scoring, … → lakehouse, … → tables, settings, errors."""
    own = _storey(code.module)
    for name in sorted(code.imports):
        if own < _storey(name) and not is_within(name, _UPWARDS.get(code.path, ())):
            yield f"{code.path} imports {name}: an import points down"


def some_import_little(code: Code) -> Iterator[str]:
    """The sample world, the DAGs, the data model and the promises know few others."""
    for folder, allowed in _ALONE.items():
        if code.path.startswith(folder):
            ours = [
                name
                for name in sorted(code.imports)
                if is_within(name, ("jobs", "expectations", "dags", "infra", "tests"))
            ]
            yield from (
                f"{code.path} imports {name}, which is not its business"
                for name in ours
                if not is_within(name, allowed)
            )
    for folder, banned in _WITHOUT.items():
        if code.path.startswith(folder):
            yield from (
                f"{code.path} imports {name}, and does without"
                for name in sorted(code.imports)
                if is_within(name, banned)
            )
    if not code.path.startswith("tests/"):
        yield from (
            f"{code.path} imports {name}: tests are not installed"
            for name in sorted(code.imports)
            if is_within(name, ("tests",))
        )


def _storey(name: str) -> int:
    """How high a module stands; -1 for what is not ours."""
    return next((number for number, packages in enumerate(_STOREYS) if is_within(name, packages)), -1)


def everything_has_its_room(paths: Iterable[str]) -> Iterator[str]:
    """A layer folder holds addresses and nothing else; everything else is named by what it does."""
    addresses = {job_of(node).replace(".", "/") for node in NODES}
    for path in sorted(paths):
        file = PurePosixPath(path)
        top, *rest = file.with_suffix("").parts
        if top not in {"jobs", "expectations"} or file.stem == "__init__":
            continue
        inside = "/".join(rest)
        if rest[0] in LAYERS:
            if inside not in addresses and path not in NOT_ADDRESSES:
                yield f"{path}: no table, source or model has this address"
        elif top == "jobs" and rest[0] not in (_BY_WHAT_IT_DOES if len(rest) > 1 else _LOOSE):
            yield f"{path}: there is no such room"
        elif top == "expectations" and len(rest) > 1:
            yield f"{path}: there is no such layer"


def every_address_is_complete(paths: Iterable[str]) -> Iterator[str]:
    """Every name of the data model is the address of a job, a suite and a file of tests."""
    found = set(paths)
    for node in NODES:
        layer, job = node.layer, job_of(node).replace(".", "/")
        if layer == "ops":
            continue
        wanted = [f"jobs/{job}.py"]
        wanted += [f"expectations/{job}.py"] if layer != "model" else []
        # The jobs of bronze are one: tests/landing tests it with every source.
        wanted += [f"tests/{layer}/test_{job.rpartition('/')[2]}.py"] if layer != "bronze" else []
        yield from (f"{node.name} has no {path}" for path in wanted if path not in found)


def tests_mirror_the_code(paths: Iterable[str]) -> Iterator[str]:
    """Tests of a folder of jobs/ are in the folder of the same name."""
    folders = {path.split("/")[1] for path in paths if path.startswith("jobs/") and path.count("/") > 1}
    others = {"architecture", "benchmarks", "dags", "data", "expectations", "infra", "trials"}
    for path in sorted(paths):
        _, folder, *rest = path.split("/")
        if path.startswith("tests/") and rest and folder not in folders | others:
            yield f"{path} mirrors no folder of jobs/"
