"""Every rule catches code that breaks it, however it is spelt, and lets honest code pass."""

from collections.abc import Callable, Iterator

import pytest

from jobs.tables.bronze import IMDB
from jobs.tables.silver import PREFERENCES
from tests.architecture import flow, layout, rules
from tests.architecture.code import Code
from tests.architecture.rules import OF_JOBS, Rule

SILVER = "jobs/silver/titles.py"
HEADER = '"""A module."""\n'


def broken(text: str, path: str = SILVER) -> list[str]:
    """What any rule of jobs says about a small file."""
    code = Code(path, HEADER + text)
    return [problem for rule in OF_JOBS for problem in rule(code)]


@pytest.mark.parametrize(
    "text",
    [
        "rows.write.format('delta').save('x')",
        "w = rows.write\nw.save('x')",
        "getattr(rows, 'write').save('x')",
        "from operator import attrgetter\nattrgetter('write')(rows).save('x')",
        "rows.writeTo('silver.titles').append()",
        "rows.writeStream.start()",
        "vars(rows)['write']",
        "spark.sql('INSERT INTO silver.titles VALUES (1)')",
        "spark.sql('  merge into t using s on t.a = s.a')",
        "spark.sql(f'CREATE OR REPLACE TABLE {name} AS SELECT 1')",
        "statement = 'DELETE FROM t'\nrun(statement)",
        "run(f'UPDATE {name} SET a = 1')",
        "run('COPY (SELECT 1) TO x')",
        "from deltalake import write_deltalake",
        "from deltalake import write_deltalake as keep\nkeep('x', rows)",
        "import deltalake as lakes\nlakes.write_deltalake('x', rows)",
        "from delta import DeltaTable\nDeltaTable.forPath(spark, 'x')",
        "from importlib import import_module\nimport_module('deltalake')",
        "__import__('deltalake')",
        "import pyarrow.parquet as pq\npq.write_table(rows, 'x')",
        "from pyarrow.parquet import write_table as put\nput(rows, 'x')",
        "import pyarrow.dataset as ds\nds.write_dataset(rows, 'x')",
        "rows.toPandas().to_parquet('x')",
        "pl.from_arrow(rows).write_delta('x')",
        "import duckdb\nduckdb.connect()",
        "connection.execute('SELECT 1')",
    ],
)
def test_writing_a_table_outside_the_door_is_caught(text: str) -> None:
    assert broken(text) != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("jobs/lakehouse/lake.py", "rows.write.save('x')\nspark.sql('INSERT INTO t VALUES (1)')\nimport deltalake"),
        ("jobs/landing/imports/x.py", "import pyarrow.parquet as pq\npq.ParquetWriter('x', schema).write_table(rows)"),
        ("jobs/sample_world/files.py", "file.write(block)"),
        ("jobs/cli/sql.py", "import sys\nsys.stdout.write('[]')"),
        (SILVER, '"""Rows that write about an update of a set, delete nothing."""\n'),
        (SILVER, "lake.publish(rows, SUITE, night)"),
    ],
)
def test_writing_where_it_belongs_passes(path: str, text: str) -> None:
    assert broken(text, path) == []


def test_a_module_of_landing_that_knows_spark_writes_no_files() -> None:
    assert broken("import pyspark\nfile.write(block)", "jobs/landing/readers.py") != []


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndatetime.now()",
        "from datetime import date as day\nday.today()",
        "import datetime as dt\ndt.datetime.utcnow()",
        "import time\ntime.time()",
        "import time as clock\nclock.time_ns()",
        "from time import time\ntime()",
        "from pyspark.sql import functions as F\nF.current_timestamp()",
        "from pyspark.sql.functions import current_date as this_day\nthis_day()",
        "F.expr('now() - interval 1 day')",
        "rows.selectExpr('rand() AS r')",
        "import random\nrandom.random()",
        "from secrets import token_hex",
        "import numpy as np\nnp.random.default_rng()",
        "from uuid import uuid4",
        "F.monotonically_increasing_id()",
    ],
)
def test_a_clock_or_dice_in_a_job_is_caught(text: str) -> None:
    assert broken(text) != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (SILVER, "import time\nbegan = time.monotonic()"),
        (SILVER, "from datetime import time\ntime()"),
        (SILVER, "import numpy as np\nnp.random.default_rng(seed)"),
        ("jobs/cli/deliveries.py", "from datetime import datetime\ndatetime.now()"),
    ],
)
def test_durations_seeds_and_the_clock_of_the_command_line_pass(path: str, text: str) -> None:
    assert broken(text, path) == []


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept:\n    pass",
        "try:\n    f()\nexcept (OSError, BaseException):\n    pass",
        "try:\n    f()\nexcept* Exception:\n    pass",
        "All = Exception\ntry:\n    f()\nexcept All:\n    pass",
        "import builtins\ntry:\n    f()\nexcept builtins.Exception:\n    pass",
        "from contextlib import suppress\nwith suppress(Exception):\n    f()",
        "assert rows",
        "eval('1')",
        "exec('1')",
        "compile('1', 'x', 'eval')",
        "import builtins\nbuiltins.eval('1')",
        "import pickle",
        "from cloudpickle import dumps",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "getattr(rows, 'wri' + 'te')",
        "getattr(rows, name)",
        "from operator import methodcaller\nmethodcaller(name)(rows)",
        "rows.__dict__['x']",
        "from importlib import import_module\nimport_module(name)",
        "globals()['x']",
    ],
)
def test_what_hides_failures_or_names_is_caught(text: str) -> None:
    assert broken(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "lake.spark.sparkContext.defaultParallelism",
        "from pyspark import SparkContext",
        "rows.rdd.map(f)",
        "spark._jvm.System",
        "getattr(spark, 'sparkContext')",
        "from pyspark.sql.functions import udf\n\n@udf\ndef _f(x):\n    return x",
        "F.pandas_udf(f, 'int')",
        "from pyspark.sql import functions as F\nF.udf(f)",
        "rows.mapInArrow(f, 'a int')",
        "rows.groupBy('a').applyInPandas(f, 'a int')",
        "rows.persist()",
        "rows.cache()",
        "import airflow",
        "from airflow.sdk import dag",
        "import mlflow",
        "import great_expectations as gx",
    ],
)
def test_what_jobs_do_without_is_caught(text: str) -> None:
    assert broken(text) != []


def test_what_looks_alike_passes() -> None:
    honest = (
        "from functools import cache\nimport re\n\n\n@cache\ndef _once():\n    return re.compile('x')\n\n\n"
        "def _join(rows, known):\n    return rows.join(F.broadcast(known), on='a', how='inner')\n\n\n"
        "try:\n    f()\nexcept OSError as error:\n    raise RuntimeError from error\n"
    )

    assert broken(honest) == []


@pytest.mark.parametrize(
    "text",
    [
        "from jobs.recommenders import als",
        "from jobs.recommenders.als import fit as learn",
        "from pyspark.ml.recommendation import ALS",
        "import pyspark.ml.recommendation as r\nr.ALSModel.load('x')",
        "import_module('jobs.recommenders.als')",
        "name = 'als'",
        "is_als = True",
        "fit_als(training)",
        "trainAls(training)",
        "rank = settings.als.rank",
        "REELHOUSE_ALS__RANK = 1",
        "run(f'{name}_als_{night}')",
        '"""ALS is judged here."""',
        "rows = fit(rows)  # ten iterations of als",
    ],
)
def test_a_model_that_is_named_outside_the_recommenders_is_caught(text: str) -> None:
    """Each is caught by this rule alone, whatever others say."""
    for path in ("jobs/model/champion.py", "jobs/settings.py", "dags/train.py", "infra/services.py"):
        assert list(rules.models_are_known_by_their_parts(Code(path, text))) != []
    assert list(rules.models_are_known_by_their_parts(Code("jobs/recommenders/als.py", text))) == []


def test_words_that_hold_the_name_of_a_model_pass() -> None:
    honest = (
        "from jobs.recommenders import popularity\nsignals, totals = rivals(alsoRan)\n"
        "ALSO = 'also'  # credentials, intervals: journals\n"
    )

    assert list(rules.models_are_known_by_their_parts(Code(SILVER, honest))) == []


@pytest.mark.parametrize(
    "code",
    [
        Code(SILVER, "x = 1\n"),
        Code(SILVER, f"{HEADER}def refine():\n    pass\n"),
        Code(SILVER, f"{HEADER}class Refined:\n    pass\n"),
        Code(SILVER, f'{HEADER}class Refined:\n    """A class."""\n\n    def refine(self):\n        pass\n'),
        Code(SILVER, HEADER + "x = 1\n" * 400),
    ],
)
def test_long_files_and_silent_code_are_caught(code: Code) -> None:
    assert [*rules.files_are_short(code), *rules.what_is_public_says_what_it_is(code)] != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("jobs/silver/titles.py", "from jobs.runs import night"),
        ("jobs/silver/titles.py", "import jobs.cli.app"),
        ("jobs/silver/titles.py", "def _f():\n    from jobs.cli import app"),
        ("jobs/silver/titles.py", "from ..runs import night"),
        ("jobs/silver/titles.py", "from importlib import import_module\nimport_module('jobs.runs.night')"),
        ("jobs/lakehouse/lake.py", "from jobs.silver import titles"),
        ("jobs/scoring/lists.py", "from jobs.gold.recommendations import run"),
        ("jobs/tables/silver.py", "from jobs.lakehouse.lake import Lake"),
        ("jobs/tables/silver.py", "import pyspark.sql"),
        ("jobs/tables/silver.py", "from expectations.suite import suite"),
        ("jobs/sample_world/world.py", "from jobs.settings import Settings"),
        ("jobs/answers/lists.py", "from pyspark.sql import DataFrame"),
        ("jobs/answers/lists.py", "from jobs.lakehouse.spark import session"),
        ("expectations/silver/titles.py", "from jobs.lakehouse.lake import Lake"),
        ("dags/refine.py", "from jobs.settings import Settings"),
        ("dags/refine.py", "from infra.services import up"),
        ("dags/refine.py", "import jobs.silver.titles"),
        ("jobs/silver/titles.py", "from tests.rows import rows_of"),
        ("jobs/cli/nights.py", "import infra.services"),
    ],
)
def test_an_import_that_points_up_or_is_not_its_business_is_caught(path: str, text: str) -> None:
    code = Code(path, text)

    assert [*layout.imports_point_down(code), *layout.some_import_little(code)] != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("jobs/cli/nights.py", "from jobs.runs.night import run_night\nfrom jobs.sample_world import world"),
        (
            "jobs/gold/recommendations.py",
            "from jobs.silver.preferences import end_of\nfrom jobs.tracking import registry",
        ),
        ("jobs/sample_world/world.py", "from jobs.errors import JobError"),
        (
            "dags/refine.py",
            "from dags.nightly import nightly\nfrom jobs.tables import TABLES\nfrom airflow.sdk import dag",
        ),
    ],
)
def test_an_import_that_points_down_passes(path: str, text: str) -> None:
    code = Code(path, text)

    assert [*layout.imports_point_down(code), *layout.some_import_little(code)] == []


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (layout.everything_has_its_room, "jobs/silver/helpers.py"),
        (layout.everything_has_its_room, "jobs/silver/titles/rows.py"),
        (layout.everything_has_its_room, "jobs/bronze/imdb_title_basics.py"),
        (layout.everything_has_its_room, "jobs/utils/rows.py"),
        (layout.everything_has_its_room, "jobs/weighing.py"),
        (layout.everything_has_its_room, "expectations/silver/shared.py"),
        (layout.everything_has_its_room, "expectations/shared/rows.py"),
        (layout.tests_mirror_the_code, "tests/weighing/test_weights.py"),
    ],
)
def test_what_has_no_room_is_caught(rule: Callable[[list[str]], Iterator[str]], path: str) -> None:
    assert list(rule([path, "jobs/silver/titles.py"])) != []


def test_an_address_without_job_suite_or_test_is_caught() -> None:
    missing = list(layout.every_address_is_complete([]))

    assert {
        "silver.titles has no jobs/silver/titles.py",
        "silver.titles has no expectations/silver/titles.py",
        "silver.titles has no tests/silver/test_titles.py",
        "model.champion has no jobs/model/champion.py",
        f"{IMDB.tables[0].name} has no jobs/bronze/imdb.py",
    } <= set(missing)


RUN = "from jobs.tables import bronze, silver\n\n\ndef run(lake: Lake, night: date) -> None:\n    "


@pytest.mark.parametrize(
    "text",
    [
        "read = lake.read\n    read(silver.TITLES, night)",
        "getattr(lake, 'read')(silver.TITLES, night)",
        "titles = silver.TITLES\n    lake.read(titles, night)",
        "[lake.read(table, night) for table in TABLES]",
        "lake.read(table=silver.TITLES, night=night)",
        "lake.read(choose(), night)",
        "lake.views(silver.TITLES, choose(), night=night)",
        "lake.views(*TABLES, night=night)",
        "lake.views(night=night)",
        "house = lake\n    house.read(silver.TITLES, night)",
        "helper.collect(lake, night)",
        "collect(lake=lake)",
        "keep = {'lake': lake}",
        "lake.spark.read.format('delta').load('x')",
        "lake.spark.table('silver.titles')",
        "pq.read_table('x')",
        "open('x')",
    ],
)
def test_a_read_that_does_not_show_is_caught(text: str) -> None:
    code = Code(SILVER, RUN + text)

    assert list(flow.hidden_reads(code)) != []


def test_reads_are_found_wherever_they_are_and_whatever_the_names() -> None:
    text = (
        "from jobs.tables import silver as s\nfrom jobs.tables.bronze import IMDB_TITLE_BASICS as BASICS\n\n\n"
        "def run(house: Lake, night: date) -> None:\n    titles = house.read(s.TITLES, night)\n"
        "    house.publish(_rest(house, night), SUITE, night)\n\n\n"
        "def _rest(lake: Lake, night: date) -> DataFrame:\n    lake.views(s.PEOPLE, s.CREDITS, night=night)\n"
        "    return lake.read(BASICS, night)\n"
    )
    code = Code(SILVER, text)

    assert list(flow.hidden_reads(code)) == []
    assert flow.tables_read(code) == {"silver.titles", "silver.people", "silver.credits", "bronze.imdb_title_basics"}


def test_settings_are_found_in_any_name_and_not_handed_on_whole() -> None:
    shown = Code(
        SILVER, f"{RUN}given = lake.settings\n    f(given.weighing, lake.settings.list_length, lake.settings.lake)"
    )
    hidden = Code(SILVER, f"{RUN}weigh(lake.settings)")
    store = Code(SILVER, f"{RUN}registry.champion(lake.settings)")

    assert flow.settings_used(shown) == {"weighing", "list_length"}
    assert set(PREFERENCES.settings) <= flow.settings_used(shown)
    assert list(flow.strayed_settings(hidden)) != []
    assert list(flow.strayed_settings(store)) == []


def test_every_rule_has_a_name_to_be_found_by() -> None:
    named: tuple[Rule, ...] = OF_JOBS

    assert all(getattr(rule, "rule", "") or getattr(rule, "__name__", "") for rule in named)
