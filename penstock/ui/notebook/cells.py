"""Components defined in a cell: written to a file, so that the process of a node can load them.

A file holds the imports, functions, classes and plain values of the component's own cell, and an import for each name
that another cell imported. What another cell *made* is not carried over: code of several cells is no one state, and the
key under which a result is kept must cover all that the component uses.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import linecache
import symtable
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from penstock.dsl import Component, Pipeline
from penstock.dsl.user_code import function_of, load_module
from penstock.errors import UsageError

__all__ = ["carry_over"]

_MAIN = "__main__"
_FILE = "write the cell to a file, with %%writefile components.py as its first line, and import it from there."


def carry_over(pipeline: Pipeline, directory: Path) -> None:
    """Has the nodes of a pipeline load their components from files where those were defined in cells.

    Args:
        pipeline: Its nodes are changed.
        directory: The project's; the files lie in ``.penstock/cells`` there.

    Raises:
        UsageError: A component uses what another cell made, or modules of the working directory.
    """
    for node in pipeline.nodes.values():
        function = node.component.function
        name = function.__code__.co_filename
        if function.__module__ != _MAIN or function.__qualname__ != function.__name__ or Path(name).is_file():
            continue
        if not linecache.getlines(name):
            continue
        loaded = function_of(load_module(_written(node.component.name, Path(name), directory)), function.__name__)
        assert isinstance(loaded, Component)
        node.component = loaded


def _written(component: str, cell: Path, directory: Path) -> Path:
    """Writes the file of a component; its name tells its content, layout and comments aside."""
    tree = ast.parse("".join(linecache.getlines(str(cell))))
    tree.body = [one for one in tree.body if _defines(one)]
    imports = _imports(component, tree, cell.parent)
    _check_modules(component, [*imports, *tree.body], directory)
    first = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
    tree.body = [*first, *imports, *(one for one in tree.body if one not in first)]
    code = ast.unparse(ast.fix_missing_locations(tree))
    name = f"{component}_{hashlib.sha256(code.encode()).hexdigest()[:12]}.py"
    place = directory / ".penstock" / "cells"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(
        f"# Made of the cell that defines {component}; change it there.\n{code}\n", encoding="utf-8"
    )
    return place / name


def _defines(statement: ast.stmt) -> bool:
    """Whether a statement of a cell only defines something, so that it may be run again in another process."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(one, ast.Call | ast.Await) for one in ast.walk(statement))
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _imports(component: str, tree: ast.Module, cells: Path) -> list[ast.stmt]:
    """Imports of the names that the statements use and other cells imported."""
    known = vars(sys.modules[_MAIN])
    wanted = sorted(name for name in _missing(tree) if name in known)
    imported = {name: one for name, one in _imported(cells).items() if name in known and _gives(one, known[name])}
    made = [name for name in wanted if name not in imported]
    if made:
        raise UsageError(
            f"Component {component} uses what another cell made: {', '.join(made)}.",
            hint=f"Define it in the cell of the component, or {_FILE}",
            component=component,
        )
    return [imported[name] for name in wanted]


def _imported(cells: Path) -> dict[str, ast.stmt]:
    """The last import of each name in any cell of the kernel; their sources lie in linecache under one directory."""
    found: dict[str, ast.stmt] = {}
    for name in [name for name in linecache.cache if Path(name).parent == cells]:
        for one in ast.walk(ast.parse("".join(linecache.getlines(name)))):
            if isinstance(one, ast.Import | ast.ImportFrom):
                for alias in one.names:
                    alone: ast.stmt = ast.Import([alias])
                    if isinstance(one, ast.ImportFrom):
                        alone = ast.ImportFrom(one.module, [alias], one.level)
                    found[(alias.asname or alias.name).partition(".")[0]] = alone
    return found


def _gives(statement: ast.stmt, value: Any) -> bool:
    """Whether an import is still where the value of its name comes from."""
    if isinstance(statement, ast.ImportFrom):
        return getattr(sys.modules.get(statement.module or ""), statement.names[0].name, None) is value
    return isinstance(value, ModuleType)


def _missing(tree: ast.Module) -> Iterator[str]:
    """Names that the statements use, and neither they nor Python define."""
    top = symtable.symtable(ast.unparse(ast.fix_missing_locations(tree)), "cell", "exec")
    bound = {
        one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported() or one.is_namespace()
    }
    used = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {one.get_name() for one in table.get_symbols() if one.is_global() or table is top}
    for one in ast.walk(tree):  # with annotations as texts, which no table names
        written = [getattr(one, "annotation", None), getattr(one, "returns", None)]
        used |= {
            part.id for found in written if found is not None for part in ast.walk(found) if isinstance(part, ast.Name)
        }
    return (name for name in used - bound if not hasattr(builtins, name))


def _check_modules(component: str, statements: list[ast.stmt], directory: Path) -> None:
    for one in statements:
        names = [part.name for part in one.names] if isinstance(one, ast.Import) else []
        if isinstance(one, ast.ImportFrom):
            names = [one.module or ""]
        for top in {name.partition(".")[0] for name in names}:
            if (directory / f"{top}.py").is_file() or (directory / top / "__init__.py").is_file():
                raise UsageError(
                    f"Component {component} is defined in a cell and uses {top}, a module of {directory}.",
                    hint=f"Instead, {_FILE}",
                    component=component,
                )
