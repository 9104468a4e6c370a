"""Source code as the rules read it: what it imports, what it mentions, and what its names stand for."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path

PROJECT = Path(__file__).parents[2]

_BY_STRING = {"getattr", "attrgetter", "methodcaller", "import_module", "__import__"}


@dataclass(frozen=True)
class Code:
    """One file: its path below the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """``jobs.silver.titles``; a package's own name for its ``__init__``."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def bound(self) -> dict[str, str]:
        """Every name that an import binds, with the dotted name of what it stands for."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    found[name] = alias.name if alias.asname else name
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name: f"{self._from(node)}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def imports(self) -> frozenset[str]:
        """Dotted names of all it imports, wherever in it, relatively or by a string."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{self._from(node)}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Call) and _last(node.func) in {"import_module", "__import__"}:
                found |= {text for argument in node.args for text in _texts(argument)}
        return frozenset(found)

    def _from(self, node: ast.ImportFrom) -> str:
        """The module that an import takes names from; a leading dot is the file's own package."""
        if not node.level:
            return node.module or ""
        own = self.module.split(".") if self.path.endswith("/__init__.py") else self.module.split(".")[:-1]
        package = own[: len(own) - node.level + 1]
        return ".".join([*package, *([node.module] if node.module else [])])

    @cached_property
    def mentions(self) -> dict[str, int]:
        """Every name that is taken from something, with a line of it.

        An attribute, an imported name whatever it is called here, and a string that something is looked up by. A name
        of its own (a variable, a parameter) is not taken from anything.
        """
        found: dict[str, int] = {}
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and not self._is_own_module(node.value):
                found[node.attr] = node.lineno
            elif isinstance(node, ast.ImportFrom) and not _is_plain(self._from(node)):
                found |= {alias.name: node.lineno for alias in node.names}
            elif isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name) and self._is_taken(node.func.id):
                    found[node.func.id] = node.lineno
                if _last(node.func) in _BY_STRING:
                    found |= {text: node.lineno for argument in node.args for text in _texts(argument)}
            elif isinstance(node, ast.Subscript):
                found |= dict.fromkeys(_texts(node.slice), node.lineno)
        return found

    def _is_taken(self, name: str) -> bool:
        """Whether a function was imported from outside or is built in."""
        return not _is_plain(self.bound[name]) if name in self.bound else hasattr(builtins, name)

    def _is_own_module(self, node: ast.expr) -> bool:
        """Whether a name stands for one of our modules, whose functions are not what a rule is about."""
        dotted = self.bound.get(node.id, "") if isinstance(node, ast.Name) else ""
        return dotted.startswith("jobs.") and (PROJECT / f"{dotted.replace('.', '/')}.py").exists()

    @cached_property
    def strings(self) -> tuple[tuple[str, int], ...]:
        """Every string that is not a docstring or a note under a field, with its line; an f-string as one."""
        said = {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}
        whole = [node for node in self.nodes if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for node in whole for part in ast.walk(node)}
        plain = [
            (node.value, node.lineno)
            for node in self.nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said | parts
        ]
        return (*plain, *((_joined(node), node.lineno) for node in whole))

    def stands_for(self, node: ast.AST) -> object:
        """What a name written as ``silver.TITLES`` or ``TITLES`` is, by the imports; None for anything else."""
        if isinstance(node, ast.Attribute):
            return getattr(self.stands_for(node.value), node.attr, None)
        if not isinstance(node, ast.Name) or not self.bound.get(node.id, "").startswith("jobs.tables"):
            return None
        package, _, name = self.bound[node.id].rpartition(".")
        return getattr(import_module(package), name, None)


def _is_plain(module: str) -> bool:
    """Whether names taken from a module are not what a rule is about: our own, and functools' ``cache``."""
    return module.partition(".")[0] in {"jobs", "expectations", "functools"}


def _joined(node: ast.JoinedStr) -> str:
    """An f-string with x for what is filled in."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def _last(node: ast.expr) -> str:
    """``c`` of ``a.b.c``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def project(*folders: str) -> list[Code]:
    """All code in folders of the project."""
    return [
        Code(file.relative_to(PROJECT).as_posix(), file.read_text(encoding="utf-8"))
        for folder in folders
        for file in sorted((PROJECT / folder).rglob("*.py"))
    ]
