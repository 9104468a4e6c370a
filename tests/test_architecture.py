"""The rules that make the design: addresses, inputs, the door, and who may import whom."""

import ast
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from expectations.suite import Suite
from jobs.tables import SOURCES, TABLES, Table, job_inputs, job_of, tables_of
from jobs.tables.model import CHAMPION

PROJECT = Path(__file__).parents[1]
BUILT = [table for table in TABLES if table.layer in {"silver", "gold"}]


def imports(file: Path) -> set[str]:
    """Modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def starts_with(modules: set[str], package: str) -> set[str]:
    return {module for module in modules if module == package or module.startswith(f"{package}.")}


def suite_of(table: Table) -> Suite:
    if table.layer == "bronze":
        suites: dict[str, Suite] = import_module(f"expectations.{job_of(table)}").SUITES
        return suites[table.name]
    suite: Suite = import_module(f"expectations.{table.name}").SUITE
    return suite


def reads(job: str) -> set[str]:
    """Tables that the job's module hands to ``lake.read``."""
    spec = find_spec(f"jobs.{job}")
    assert spec is not None
    assert spec.origin is not None
    module = import_module(f"jobs.{job}")
    calls = [
        node
        for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    named = [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "read"]
    tables = [
        getattr(getattr(module, node.value.id), node.attr)
        for node in named
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    assert len(tables) == len(named), f"{job} reads something that is not written as layer.TABLE"
    return {table.name for table in tables}


def test_every_name_is_the_address_of_a_job_and_a_suite() -> None:
    for job in job_inputs():
        assert find_spec(f"jobs.{job}") is not None
    for table in TABLES:
        if table.layer != "ops":
            assert suite_of(table).of is table


@pytest.mark.parametrize("table", BUILT, ids=lambda table: table.name)
def test_a_job_reads_exactly_the_inputs_of_its_table(table: Table) -> None:
    referenced = {reference.to.name for reference in suite_of(table).references}
    uses_model = {CHAMPION.name} if CHAMPION in table.inputs else set()

    assert reads(table.name) | referenced | uses_model == {node.name for node in table.inputs}


def test_the_model_is_trained_on_its_inputs() -> None:
    assert reads(CHAMPION.name) == {node.name for node in CHAMPION.inputs}


@pytest.mark.parametrize("table", [table for table in TABLES if table.layer == "silver"], ids=lambda table: table.name)
def test_a_silver_suite_promises_more_than_its_definition(table: Table) -> None:
    suite = suite_of(table)
    own = len(suite.rows) + len(suite.table) + len(suite.references)
    by_definition = sum(not column.nullable for column in table.columns) + 1 + bool(table.key)

    assert own - by_definition >= 3


def test_only_the_door_writes_tables() -> None:
    writers = {
        str(file.relative_to(PROJECT))
        for file in (PROJECT / "jobs").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"write", "writeTo"}
        and not isinstance(node.value, ast.Attribute)
        if "pyspark.sql" in imports(file)
    }

    assert writers == {"jobs/lakehouse/lake.py"}


def test_only_one_module_each_knows_the_log_of_tables_the_auditor_and_the_registry() -> None:
    files = {file: imports(file) for file in (PROJECT / "jobs").rglob("*.py")}

    def importers(package: str) -> set[str]:
        return {str(file.relative_to(PROJECT)) for file, modules in files.items() if starts_with(modules, package)}

    assert importers("delta") == set()
    assert importers("deltalake") <= {"jobs/lakehouse/ledger.py", "jobs/lakehouse/views.py"}
    assert importers("great_expectations") == {"jobs/lakehouse/audit/judge.py"}
    assert importers("mlflow") == {"jobs/tracking/artifacts.py", "jobs/tracking/registry.py"}
    assert importers("airflow") == set()


def test_dags_know_the_data_model_and_nothing_else_of_ours() -> None:
    for file in (PROJECT / "dags").glob("*.py"):
        ours = starts_with(imports(file), "jobs") | starts_with(imports(file), "expectations")
        assert not {module for module in ours if not module.startswith("jobs.tables")}, file.name


def test_transforms_do_not_know_how_tables_are_run_or_asked() -> None:
    for layer in ("bronze", "silver", "gold", "model"):
        for file in (PROJECT / "jobs" / layer).glob("*.py"):
            assert not imports(file) & {"jobs.runs.night", "jobs.cli", "jobs.commands", "infra.services"}, file.name


def test_the_data_model_needs_neither_spark_nor_the_auditor() -> None:
    code = (
        "import sys, jobs.tables; heavy = {'pyspark', 'great_expectations', 'mlflow', 'pandas'}; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & heavy))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout

    assert printed.strip() == "[]"


def test_a_source_is_one_job_and_names_are_unique() -> None:
    assert [tables_of(source.name) for source in SOURCES] == [source.tables for source in SOURCES]
    assert len({table.name for table in TABLES}) == len(TABLES)
