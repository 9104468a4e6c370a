"""What a job reads and which settings shape it, followed through its code so that nothing can hide."""

import ast
from collections.abc import Iterator

from jobs.tables import Model, Table
from tests.architecture.code import Code

READS = frozenset({"read", "carried", "views"})
_BESIDE = frozenset(
    {
        *("readStream", "forPath", "forName", "open", "read_bytes", "read_text"),
        *("read_table", "read_parquet", "read_csv", "read_json", "read_delta", "scan_delta", "scan_parquet", "dataset"),
    }
)
"""What reads files and tables without the lake."""
_KNOWS_STORES = ("online", "registry", "runs", "tracking")
"""Modules that need all settings, to find MLflow's store."""
_PLACES = frozenset({"lake", "root", "landing", "home", "lake_uri", "mlflow_uri", "tracking_uri", "spark_master"})
"""Settings that say where things are, and shape no rows."""


def tables_read(code: Code, own: str = "") -> set[str]:
    """Names of the tables that a job hands to ``lake.read``; that it looks up its own last publication is no read."""
    return {
        table.name
        for call in _reads(code)
        for named in _named(call)
        if isinstance(table := code.stands_for(named), Table)
        and not (table.name == own and _is_call_of(call, "carried"))
    }


def models_used(code: Code) -> set[str]:
    """Names of the models whose version a job puts down with ``lake.uses``."""
    calls = [node for node in code.nodes if isinstance(node, ast.Call) and _is_call_of(node, "uses")]
    used = [code.stands_for(_of_name(_first(call))) for call in calls]
    return {model.name for model in used if isinstance(model, Model)}


def hidden_reads(code: Code) -> Iterator[str]:
    """Every way of reading that does not show what is read.

    ``lake.read(layer.TABLE, …)`` is called where it is written, with a table by its name, and so is ``lake.views`` with
    some; the lake itself is not
    renamed, kept or handed to another module; nothing is read beside it.
    """
    calls = {id(call.func) for call in _reads(code)}
    for node in code.nodes:
        if isinstance(node, ast.Attribute) and node.attr in READS and id(node) not in calls:
            yield f"{code.path}:{node.lineno} {ast.unparse(node)}: lake.read is called where it is written"
        elif (
            isinstance(node, ast.Call)
            and id(node.func) in calls
            and not all(isinstance(code.stands_for(named), Table) for named in _named(node))
        ):
            yield f"{code.path}:{node.lineno} {ast.unparse(node)}: a table is read by its name, as layer.TABLE"
        elif isinstance(node, ast.Attribute) and node.attr == "table" and ast.unparse(node.value) != "pa":
            yield f"{code.path}:{node.lineno} {ast.unparse(node)}: a job reads through lake.read"
    for name in sorted(_BESIDE & code.mentions.keys()):
        yield f"{code.path}:{code.mentions[name]} {name}: a job reads through lake.read"
    for text, line in code.strings:
        if text in READS:
            yield f"{code.path}:{line} {text!r}: lake.read is called where it is written"
    yield from _strayed_lakes(code)


def _strayed_lakes(code: Code) -> Iterator[str]:
    """The lake under another name, or in another module's hands."""
    bases = {id(node.value) for node in code.nodes if isinstance(node, ast.Attribute)}
    own = {node.name for node in code.nodes if isinstance(node, ast.FunctionDef)}
    handed = {
        id(argument)
        for node in code.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
    }
    for node in code.nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id not in _lakes(code):
            continue
        if id(node) not in bases | handed:
            yield f"{code.path}:{node.lineno} the lake is kept or handed on: what is read with it does not show"


def _lakes(code: Code) -> set[str]:
    """Names of parameters that are a lake."""
    arguments = [
        argument
        for node in code.nodes
        if isinstance(node, ast.FunctionDef | ast.Lambda)
        for argument in (*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs)
    ]
    return {a.arg for a in arguments if a.arg == "lake" or (a.annotation and "Lake" in ast.unparse(a.annotation))}


def settings_used(code: Code) -> set[str]:
    """Fields of the settings that a job's rows depend on: ``lake.settings.weighing``, whatever it is called here."""
    names = {
        target.id
        for node in code.nodes
        if isinstance(node, ast.Assign) and _is_settings(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.attr
        for node in code.nodes
        if isinstance(node, ast.Attribute)
        and (_is_settings(node.value) or (isinstance(node.value, ast.Name) and node.value.id in names))
    } - _PLACES


def strayed_settings(code: Code) -> Iterator[str]:
    """All settings in another module's hands, which may read any: only MLflow's store is found with them."""
    for node in code.nodes:
        if isinstance(node, ast.Call) and not ast.unparse(node.func).split(".")[0].endswith(_KNOWS_STORES):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            yield from (
                f"{code.path}:{node.lineno} {ast.unparse(node.func)} is handed all settings: name what shapes the rows"
                for argument in given
                if _is_settings(argument)
            )


def _is_settings(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "settings"


def _reads(code: Code) -> list[ast.Call]:
    return [
        node for node in code.nodes if isinstance(node, ast.Call) and any(_is_call_of(node, name) for name in READS)
    ]


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


def _named(call: ast.Call) -> list[ast.expr]:
    """The tables that a call reads, as they are written; views are of several."""
    return call.args if call.args and _is_call_of(call, "views") else [_first(call)]


def _first(call: ast.Call) -> ast.expr:
    return call.args[0] if call.args else ast.Constant(None)


def _of_name(node: ast.expr) -> ast.expr:
    """``CHAMPION`` of ``CHAMPION.name``."""
    return node.value if isinstance(node, ast.Attribute) and node.attr == "name" else node
