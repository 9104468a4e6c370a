"""The rules that make the design, held against the project's code.

The rules are in tests/architecture; tests/architecture/test_rules.py shows that each catches code that breaks it.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest

from expectations.suite import Suite
from jobs.tables import NODES, SOURCES, TABLES, Node, Table, job_of, tables_of
from tests.architecture import flow, layout
from tests.architecture.code import PROJECT, Code, project
from tests.architecture.rules import EVERYWHERE, OF_JOBS, Rule, files_are_short, models_are_known_by_their_parts

JOBS = project("jobs")
CODE = project("jobs", "expectations", "dags", "infra")
TESTS = project("tests")
PATHS = [code.path for code in (*CODE, *TESTS)]
_CONFIGURATION = {".env", ".sh", ".properties", ".yaml", ".txt", ".airflowignore"}
BUILT = [node for node in NODES if node.layer not in {"bronze", "ops"}]


def named(rules: tuple[Rule, ...]) -> list[object]:
    return [pytest.param(rule, id=getattr(rule, "rule", getattr(rule, "__name__", ""))) for rule in rules]


def address(name: str) -> Code:
    path = f"jobs/{name.replace('.', '/')}.py"
    return next(code for code in JOBS if code.path == path)


def suite_of(table: Table) -> Suite:
    module = import_module(f"expectations.{job_of(table)}")
    suite: Suite = module.SUITES[table.name] if table.layer == "bronze" else module.SUITE
    return suite


@pytest.mark.parametrize("rule", named(OF_JOBS))
def test_jobs_keep(rule: Rule) -> None:
    assert [problem for code in JOBS for problem in rule(code)] == []


@pytest.mark.parametrize("rule", named(EVERYWHERE))
def test_promises_dags_and_services_keep(rule: Rule) -> None:
    assert [problem for code in CODE if not code.path.startswith("jobs/") for problem in rule(code)] == []


def test_files_of_tests_are_short_too() -> None:
    assert [problem for code in TESTS for problem in files_are_short(code)] == []


@pytest.mark.parametrize("rule", [layout.imports_point_down, layout.some_import_little])
def test_imports(rule: Rule) -> None:
    assert [problem for code in CODE for problem in rule(code)] == []


def test_every_address_is_complete() -> None:
    assert list(layout.every_address_is_complete(PATHS)) == []


def test_no_configuration_names_a_model() -> None:
    files = [PROJECT / "docker-compose.yaml", *(PROJECT / "infra").rglob("*.*"), *(PROJECT / "dags").rglob("*.*")]
    texts = [Code(f.relative_to(PROJECT).as_posix(), f.read_text()) for f in files if f.suffix in _CONFIGURATION]

    assert [problem for code in texts for problem in models_are_known_by_their_parts(code)] == []


@pytest.mark.parametrize("rule", [layout.everything_has_its_room, layout.tests_mirror_the_code])
def test_layout(rule: Callable[[list[str]], Iterator[str]]) -> None:
    assert list(rule(PATHS)) == []


def test_the_suite_of_a_name_is_of_that_table() -> None:
    for table in TABLES:
        if table.layer != "ops":
            assert suite_of(table).of is table


@pytest.mark.parametrize("node", BUILT, ids=lambda node: node.name)
def test_a_job_reads_exactly_the_inputs_of_its_node(node: Node) -> None:
    code = address(node.name)
    suite = suite_of(node) if isinstance(node, Table) else None
    referenced = {reference.to.name for reference in suite.references} if suite else set()

    assert list(flow.hidden_reads(code)) == []
    read = flow.tables_read(code, own=node.name) | flow.models_used(code)
    assert read | referenced == {upstream.name for upstream in node.inputs}


@pytest.mark.parametrize("node", BUILT, ids=lambda node: node.name)
def test_the_settings_that_a_job_uses_are_those_of_its_node(node: Node) -> None:
    code = address(node.name)

    assert list(flow.strayed_settings(code)) == []
    assert flow.settings_used(code) == set(node.settings)


@pytest.mark.parametrize("table", [table for table in TABLES if table.layer == "silver"], ids=lambda table: table.name)
def test_a_silver_suite_promises_more_than_its_definition(table: Table) -> None:
    suite = suite_of(table)
    own = len(suite.rows) + len(suite.table) + len(suite.references)
    by_definition = sum(not column.nullable for column in table.columns) + 1 + bool(table.key)

    assert own - by_definition >= 3


def test_the_data_model_needs_neither_spark_nor_the_auditor() -> None:
    code = (
        "import sys, jobs.tables; heavy = {'pyspark', 'great_expectations', 'mlflow', 'pandas', 'pydantic'}; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & heavy))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout

    assert printed.strip() == "[]"


def test_a_source_is_one_job_and_names_are_unique() -> None:
    assert [tables_of(source.name) for source in SOURCES] == [source.tables for source in SOURCES]
    assert len({table.name for table in TABLES}) == len(TABLES)
