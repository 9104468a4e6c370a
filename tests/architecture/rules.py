"""The rules of the design that can be proved by reading code. Each takes code and says what breaks it, line by line."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from tests.architecture.code import Code

Rule = Callable[[Code], Iterator[str]]


@dataclass(frozen=True)
class OnlyIn:
    """Names that may be taken from something in some places only."""

    rule: str
    names: frozenset[str]
    places: tuple[str, ...] = ()
    """Beginnings of paths."""

    def __call__(self, code: Code) -> Iterator[str]:
        if not code.path.startswith(self.places):
            found = sorted(self.names & code.mentions.keys())
            yield from (f"{code.path}:{code.mentions[name]} {name}: {self.rule}" for name in found)


@dataclass(frozen=True)
class ImportedOnlyIn:
    """Packages that some places only may import."""

    rule: str
    packages: tuple[str, ...]
    places: tuple[str, ...] = ()

    def __call__(self, code: Code) -> Iterator[str]:
        if not code.path.startswith(self.places):
            found = sorted(name for name in code.imports if is_within(name, self.packages))
            yield from (f"{code.path} imports {name}: {self.rule}" for name in found)


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


DOOR = ("jobs/lakehouse/",)
FILES = ("jobs/landing/", "jobs/sample_world/")
"""What writes files into landing/: such a module knows neither Spark nor Delta."""

_WRITERS = frozenset(
    {
        *("write", "writeTo", "writeStream", "saveAsTable", "insertInto", "createOrReplace", "createIfNotExists"),
        *("merge", "mergeInto", "replaceWhere", "overwritePartitions", "foreachBatch", "toTable"),
        *("write_deltalake", "write_delta", "sink_delta", "create_write_transaction", "convert_to_deltalake"),
        *("write_table", "write_dataset", "write_to_dataset", "write_parquet", "sink_parquet", "to_parquet"),
        *("ParquetWriter", "to_delta", "vacuum", "restore", "optimize"),
    }
)
_SPEAKS = ("stdout", "stderr")
_CHANGES = re.compile(
    r"\s*(insert\s+(into|overwrite)|merge\s+into|delete\s+from|update\s+\S+\s+set|create\s+(or\s+replace\s+)?table|"
    r"drop\s+table|truncate\s+table|alter\s+table|copy\s+|replace\s+table|restore\s+table|vacuum\s+|optimize\s+)",
    re.IGNORECASE,
)
_TELLS_TIME_OR_CHANCE = re.compile(
    r"\b(now|current_date|current_timestamp|localtimestamp|curdate|rand|randn|random|uuid)\s*\(", re.IGNORECASE
)


def only_the_door_writes_tables(code: Code) -> Iterator[str]:
    """A writer in any name, of Spark, Delta, Arrow, pandas, Polars or SQL. A console is no table."""
    if code.path.startswith(DOOR):
        return
    if code.path.startswith(FILES) and not any(
        is_within(name, ("pyspark", "delta", "deltalake")) for name in code.imports
    ):
        return
    spoken = {node.lineno for node in code.nodes if isinstance(node, ast.Attribute) and _speaks(node)}
    for name in sorted(_WRITERS & code.mentions.keys()):
        lines = _lines_of(code, name) - (spoken if name == "write" else set())
        yield from (f"{code.path}:{line} {name}: only jobs/lakehouse writes tables" for line in sorted(lines))
    for text, line in code.strings:
        if _CHANGES.match(text):
            yield f"{code.path}:{line} {text.split()[0]}: only jobs/lakehouse writes tables"


def _speaks(node: ast.Attribute) -> bool:
    """``sys.stdout.write``."""
    return isinstance(node.value, ast.Attribute) and node.value.attr in _SPEAKS


def _lines_of(code: Code, name: str) -> set[int]:
    attributes = {n.lineno for n in code.nodes if isinstance(n, ast.Attribute) and n.attr == name}
    return attributes or {code.mentions[name]}


def no_module_both_writes_files_and_knows_spark(code: Code) -> Iterator[str]:
    """Landing's own: what writes a file by hand cannot write a table by accident."""
    if code.path.startswith(FILES) and any(is_within(n, ("pyspark", "delta", "deltalake")) for n in code.imports):
        found = sorted({"write", "write_table", "ParquetWriter", "write_bytes", "write_text"} & code.mentions.keys())
        yield from (f"{code.path}:{code.mentions[name]} {name}: it knows Spark and writes files" for name in found)


def time_and_chance_come_from_outside(code: Code) -> Iterator[str]:
    """No clock and no dice, of Python, NumPy, Spark or SQL; durations (``time.monotonic``) are not the time."""
    if code.path.startswith(_MEETS_THE_WORLD):
        return
    dice = _CLOCKS_AND_DICE - (_NUMBERS_OF_ROWS if code.path.startswith(_NUMBERS_SORTED_ROWS) else frozenset())
    found = [(name, code.mentions[name]) for name in sorted(dice & code.mentions.keys())]
    found += [(name, 1) for name in sorted(code.imports) if is_within(name, ("random", "secrets", *_CLOCKS_OF_TIME))]
    found += [(text[:40], line) for text, line in code.strings if _TELLS_TIME_OR_CHANCE.search(text)]
    found += [(ast.unparse(node), node.lineno) for node in code.nodes if _tells_time_or_chance(node, code)]
    yield from (f"{code.path}:{line} {what}: time and chance come from outside" for what, line in found)


def _tells_time_or_chance(node: ast.AST, code: Code) -> TypeGuard[ast.expr]:
    """``time.time`` in any name of the module, and a generator without a seed."""
    if isinstance(node, ast.Attribute):
        base = code.bound.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
        return f"{base}.{node.attr}" in _CLOCKS_OF_TIME
    return isinstance(node, ast.Call) and _called(node) == "default_rng" and not node.args and not node.keywords


# A person at a keyboard lives now; storage dates its files and gives each publication a name of its own.
_MEETS_THE_WORLD = ("jobs/cli/", "jobs/explorer/", *DOOR)
_CLOCKS_OF_TIME = ("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime")
_NUMBERS_OF_ROWS = frozenset({"monotonically_increasing_id"})
_NUMBERS_SORTED_ROWS = ("jobs/scoring/training_set.py",)
"""Rows that are sorted within partitions of known content are numbered without chance."""
_CLOCKS_AND_DICE = frozenset(
    {
        *("now", "today", "utcnow", "current_date", "current_timestamp", "localtimestamp", "curdate"),
        *("rand", "randn", "uuid1", "uuid4", "monotonically_increasing_id", "spark_partition_id"),
    }
)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def failures_are_named(code: Code) -> Iterator[str]:
    """No handler that catches what nobody foresaw, and no promise that ``-O`` takes away."""
    for node in code.nodes:
        if isinstance(node, ast.Assert):
            yield f"{code.path}:{node.lineno} assert: it vanishes with -O; raise"
        elif isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(_is_everything(code, kind) for kind in caught):
                yield f"{code.path}:{node.lineno} except: it hides bugs; name the errors"
        elif (
            isinstance(node, ast.Call)
            and _called(node) == "suppress"
            and any(_is_everything(code, k) for k in node.args)
        ):
            yield f"{code.path}:{node.lineno} suppress: it hides bugs; name the errors"


def _is_everything(code: Code, kind: ast.expr | None) -> bool:
    """A bare ``except``, or Exception in its own or another name."""
    if kind is None:
        return True
    everything = {"Exception", "BaseException"}
    if isinstance(kind, ast.Attribute):
        return kind.attr in everything
    if not isinstance(kind, ast.Name):
        return False
    aliases = {
        target.id
        for node in code.nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in everything
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return kind.id in everything | aliases or code.bound.get(kind.id, "").rpartition(".")[2] in everything


def nothing_is_run_or_looked_up_by_a_made_up_name(code: Code) -> Iterator[str]:
    """What cannot be read cannot be checked: no eval, no pickle, no attribute by a computed name."""
    for node in code.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"eval", "exec", "compile"}
        ):
            yield f"{code.path}:{node.lineno} {node.func.id}: code is not made at run time"
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and not _is_false(node.value):
            yield f"{code.path}:{node.value.lineno} allow_pickle: nothing is pickled"
        elif isinstance(node, ast.Call) and _called(node) in {"getattr", "setattr", "attrgetter", "methodcaller"}:
            names = node.args[1:2] if _called(node) in {"getattr", "setattr"} else node.args
            computed = not names or not all(isinstance(name, ast.Constant) for name in names)
            if computed and not code.path.startswith(_COMPUTES_NAMES):
                yield f"{code.path}:{node.lineno} {_called(node)}: an attribute is named where it is used"
        elif isinstance(node, ast.Attribute) and node.attr in {"__dict__", "__getattribute__", "__builtins__"}:
            yield f"{code.path}:{node.lineno} {node.attr}: an attribute is named where it is used"
    for name in sorted(code.imports):
        if is_within(name, ("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "builtins")):
            yield f"{code.path} imports {name}: nothing is pickled, and built-ins have one name"


_COMPUTES_NAMES = ("jobs/sample_world/", "jobs/settings.py", "jobs/lakehouse/audit/counts.py")
"""Fields of settings and of records, all their own."""


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def files_are_short(code: Code) -> Iterator[str]:
    lines = code.text.count("\n")
    if lines >= 400:
        yield f"{code.path} has {lines} lines: files stay under 400"


def what_is_public_says_what_it_is(code: Code) -> Iterator[str]:
    """Modules, classes and functions without an underscore have docstrings; a nested function is private."""
    if code.text.strip() and not ast.get_docstring(code.tree):
        yield f"{code.path} has no docstring"
    yield from _undocumented(code, code.tree, "")


def _undocumented(code: Code, parent: ast.Module | ast.ClassDef, of: str) -> Iterator[str]:
    for node in parent.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            overrides = any("override" in ast.unparse(d) for d in node.decorator_list)
            if not ast.get_docstring(node) and not overrides:
                yield f"{code.path}:{node.lineno} {of}{node.name} has no docstring"
            if isinstance(node, ast.ClassDef):
                yield from _undocumented(code, node, f"{node.name}.")


RECOMMENDERS = "jobs/recommenders/"
MODELS = (RECOMMENDERS, "jobs/scoring/", "jobs/evaluation/")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""``ALSModel`` and ``als_model`` say ``als``; ``signals`` does not."""


def models_are_known_by_their_parts(code: Code) -> Iterator[str]:
    """Nobody outside the recommenders names one: no identifier, string or comment.

    Popularity is the exception, as every other is judged beside it.
    """
    if not code.path.startswith(RECOMMENDERS):
        for number, line in enumerate(code.text.splitlines(), start=1):
            if "als" in {word.lower() for word in _WORDS.findall(line)}:
                yield f"{code.path}:{number} als: a model is known by what every recommender has"


EVERYWHERE: tuple[Rule, ...] = (
    failures_are_named,
    nothing_is_run_or_looked_up_by_a_made_up_name,
    files_are_short,
    what_is_public_says_what_it_is,
    models_are_known_by_their_parts,
)
"""For all code that is installed or deployed."""

OF_JOBS: tuple[Rule, ...] = (
    *EVERYWHERE,
    only_the_door_writes_tables,
    no_module_both_writes_files_and_knows_spark,
    time_and_chance_come_from_outside,
    # Champion and proposal are looked up in MLflow's database: a run with nothing to do does not wait for MLflow's import.
    OnlyIn(
        "only jobs/lakehouse speaks SQL",
        frozenset({"sql", "execute", "executemany"}),
        (*DOOR, "jobs/tracking/database.py"),
    ),
    OnlyIn(
        "not there in every kind of session",
        frozenset({"sparkContext", "SparkContext", "rdd", "_jvm", "_jsc", "_sc", "_jdf", "_jsparkSession", "toJSON"}),
        ("jobs/lakehouse/spark.py",),
    ),
    OnlyIn(
        "Spark's functions do it",
        frozenset({"udf", "pandas_udf", "arrow_udf", "UserDefinedFunction", "udtf"}),
        ("jobs/landing/literals.py",),  # Python's literals are Python's
    ),
    OnlyIn(
        "rows meet Python in models only",
        frozenset({"mapInArrow", "mapInPandas", "applyInPandas", "applyInArrow", "foreach", "foreachPartition"}),
        MODELS,
    ),
    OnlyIn(
        "rows are held by the door and the models only",
        frozenset({"persist", "cache", "checkpoint", "localCheckpoint", "cacheTable"}),
        (*DOOR, *MODELS, "jobs/model/"),
    ),
    OnlyIn(
        "a module is imported where it is named",
        frozenset({"import_module", "__import__", "exec_module", "globals"}),
        # Addresses are names; a command imports what it needs while Spark starts; a language's names are one module each.
        ("jobs/runs/", "jobs/cli/", "jobs/recommenders/__init__.py", "jobs/sample_world/people.py"),
    ),
    ImportedOnlyIn("only the door knows Delta's log", ("delta", "deltalake"), DOOR),
    ImportedOnlyIn("only the door knows the engine of its views", ("duckdb",), DOOR),
    ImportedOnlyIn("only the audit knows the auditor", ("great_expectations",), ("jobs/lakehouse/audit/",)),
    ImportedOnlyIn("only tracking knows MLflow", ("mlflow",), ("jobs/tracking/",)),
    ImportedOnlyIn("jobs do not know Airflow", ("airflow", "dags")),
)
