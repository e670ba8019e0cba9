"""What code a node depends on, found without importing it: the closure of its imports, normalised and digested.

Comments, blank lines, formatting and docstrings do not count. A name is resolved inside Penstock's own package and,
for a user's file, in the directory the file lies in; anything else is a library, which counts with its version.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import marshal
import threading
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

__all__ = ["CodeDigest", "closure_digest", "library_versions"]

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class CodeDigest:
    """Digest of a closure of source files.

    Attributes:
        digest: Over the normalised source of every file; neither names of directories nor order count.
        modules: Dotted names of what the files import from libraries, in the order first met; a name that is
            imported from a module stands there as well, since it may be a module itself.
    """

    digest: str
    modules: tuple[str, ...]

    @property
    def libraries(self) -> frozenset[str]:
        """Top-level names of the libraries."""
        return frozenset(module.partition(".")[0] for module in self.modules)


@dataclass(frozen=True)
class _Source:
    digest: str
    modules: tuple[str, ...]


def closure_digest(files: Iterable[Path], *, function: tuple[Path, str] | None = None) -> CodeDigest:
    """The digest of the files and of everything that they import, directly or not.

    A file that is not there or is not Python counts with its bytes: running it reports the fault.

    Args:
        files: Source files that count as a whole.
        function: A file and the name of a function in it: of this file only that function counts, with everything
            at the file's top level that it uses. So a component in ``pipeline.py`` does not depend on the others.
    """
    todo = [(file.resolve(), file.resolve().parent, "") for file in files]
    if function is not None:
        todo.append((function[0].resolve(), function[0].resolve().parent, function[1]))
    seen: dict[tuple[Path, str], str] = {}
    modules: dict[str, None] = {}
    while todo:
        file, directory, root = todo.pop()
        if (file, root) in seen:
            continue
        stat = file.stat() if file.is_file() else None
        source = _read(file, root, stat.st_mtime_ns if stat else 0, stat.st_size if stat else 0)
        seen[file, root] = f"{file.name} {source.digest}"
        for module in source.modules:
            found = _find(module, directory)
            if found:
                todo += [(path, directory, "") for path in found]
            else:
                modules[module] = None
    whole = hashlib.sha256("\n".join(sorted(seen.values())).encode())
    ours = sys.stdlib_module_names | {"penstock"}
    return CodeDigest(whole.hexdigest(), tuple(each for each in modules if each.partition(".")[0] not in ours))


def library_versions(libraries: Iterable[str]) -> dict[str, str]:
    """The installed version of each library; one that is not installed is left out."""
    return {name: version for name in sorted(libraries) if (version := _version(name))}


@functools.cache
def _version(library: str) -> str | None:
    for name in (library, f"{library}.yaml"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


# In Python 3.11 two threads that turn syntax trees from and into objects disturb each other's recursion counter:
# "SystemError: AST constructor recursion depth mismatch".
_PARSING = threading.Lock()


@functools.lru_cache(maxsize=4096)
def _read(file: Path, root: str, _mtime: int, _size: int) -> _Source:
    with _PARSING:
        return _parsed(file, root)


def _parsed(file: Path, root: str) -> _Source:
    raw = file.read_bytes() if file.is_file() else b""
    try:
        tree = ast.parse(raw)
    except (SyntaxError, ValueError):
        return _Source(hashlib.sha256(raw).hexdigest(), ())
    if root:
        tree.body = _used_by(tree, root)
    modules = tuple(dict.fromkeys(_imports(tree, file)))
    _drop_docstrings(tree)
    code = compile(tree, "", "exec", dont_inherit=True)
    return _Source(hashlib.sha256(marshal.dumps(_essence(code), 2)).hexdigest(), modules)


def _used_by(tree: ast.Module, root: str) -> list[ast.stmt]:
    """The top-level statements that a function uses, directly or not, and those that define nothing, in order."""
    defines = {id(statement): _names_defined(statement) for statement in tree.body}
    kept: set[int] = set()
    todo = [statement for statement in tree.body if root in defines[id(statement)] or not defines[id(statement)]]
    while todo:
        statement = todo.pop()
        if id(statement) in kept:
            continue
        kept.add(id(statement))
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        todo += [other for other in tree.body if names & defines[id(other)]]
    return [statement for statement in tree.body if id(statement) in kept]


def _names_defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        names = {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
        return set() if names & {"*"} or getattr(statement, "module", "") == "__future__" else names
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return set()


def _imports(tree: ast.AST, file: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = file.parents[node.level - 1]
                prefix = _dotted(package)
                base = f"{prefix}.{base}".strip(".") if prefix else base
            if base:
                yield base
            # A name that is imported from a package may be a module of it.
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names if alias.name != "*")


def _dotted(package: Path) -> str:
    """The dotted name of a directory of Penstock's; empty for one of the user's."""
    if package == _PACKAGE or package.is_relative_to(_PACKAGE):
        return ".".join(("penstock", *package.relative_to(_PACKAGE).parts))
    return ""


def _find(module: str, directory: Path) -> list[Path]:
    """The files behind a dotted name: the module, and the packages it lies in. Nothing if it is a library."""
    parts = module.split(".")
    root = _PACKAGE.parent if parts[0] == "penstock" else directory
    found = []
    for depth in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:depth])
        if (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
        elif place.with_suffix(".py").is_file():
            found.append(place.with_suffix(".py"))
            break
        elif not place.is_dir():
            break
    # The root package only re-exports: it would make every component depend on every other.
    return [path for path in found if path != _PACKAGE / "__init__.py"]


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.copy_location(ast.Pass(), first)]


def _essence(code: CodeType) -> tuple[Any, ...]:
    """What a code object does, without where in the file it stands."""
    constants = tuple(_constant(item) for item in code.co_consts)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    shape = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
    return (code.co_name, code.co_code, constants, names, shape, code.co_exceptiontable)


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _essence(value)
    if isinstance(value, frozenset):  # its order differs from process to process
        return ("frozenset", *sorted(repr(item) for item in value))
    if isinstance(value, tuple):
        return tuple(_constant(item) for item in value)
    return repr(value)
