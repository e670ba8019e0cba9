"""What code a node depends on, found without importing it: the closure of its imports, normalised and digested.

Comments, blank lines, formatting and docstrings do not count. A name is resolved inside Penstock's own package and,
for a user's file, in the directory the file lies in, and for an installed component in its own package; all else is
a library, which counts with its version, or by its source if that may change without the version: see `packages`. Each
function, method and assignment of a file has a digest of its own, so that what changed can be named.
"""

from __future__ import annotations
import __future__

import ast
import functools
import hashlib
import json
import marshal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from penstock.errors import UsageError
from penstock.orchestration.code_memory import CodeMemory, Source
from penstock.orchestration.packages import import_base, is_on_path, source_base, version_of

__all__ = ["IMPORTS", "MODULE_LEVEL", "ORDER", "CodeDigest", "closure_digest", "library_versions"]

_PACKAGE = Path(__file__).resolve().parent.parent

IMPORTS = "(imports)"
MODULE_LEVEL = "(module level)"
ORDER = "(order)"
_UNREADABLE = "(text)"

_DATA_FILE = "data_file"


@dataclass(frozen=True)
class CodeDigest:
    """Digests of a closure of source files.

    Attributes:
        files: For each file, by its path below the package or below the directory of the file that was given, a digest
            of each name that it defines; besides those one of its imports, one of its other statements, and one of the
            order of all of them.
        modules: Dotted names of what the files import from libraries, in the order first met; a name that is
            imported from a module stands there as well, since it may be a module itself.
        data_files: Files that the code declares it reads, see `penstock.dsl.data_file`.
    """

    files: Mapping[str, Mapping[str, str]]
    modules: tuple[str, ...]
    data_files: tuple[Path, ...] = ()

    @property
    def libraries(self) -> frozenset[str]:
        """Top-level names of the libraries."""
        return frozenset(module.partition(".")[0] for module in self.modules)


@dataclass
class _Closure:
    """The files met so far; the same file may be met as a whole and for one function of it."""

    seen: dict[tuple[Path, str], tuple[str, Source]] = field(default_factory=dict)

    def files(self) -> dict[str, Mapping[str, str]]:
        """The digests of each file by its label; of two files of one label the second has a number."""
        whole = {file for file, root in self.seen if not root}
        kept = [one for (file, root), one in self.seen.items() if not root or file not in whole]
        named: dict[str, Mapping[str, str]] = {}
        for label, source in sorted(kept, key=lambda one: (one[0], json.dumps(one[1].digests))):
            number = sum(known.partition(" (")[0] == label for known in named)
            named[f"{label} ({number + 1})" if number else label] = source.digests
        return named


@dataclass(frozen=True)
class _Scope:
    """Where the imports of a file are looked for: a directory, and the only package of it that counts, if not all."""

    directory: Path
    package: str = ""

    def find(self, module: str, file: Path) -> list[Path]:
        """The files behind a name that ``file`` imports; one that begins with dots starts from its own package."""
        name = module.lstrip(".")
        level = len(module) - len(name)
        if level:
            start = file.parents[level - 1]
            return _find(name, start) or [path for path in [start / "__init__.py"] if path.is_file()]
        if not self.package:
            return _find(name, self.directory)
        if name.partition(".")[0] != self.package:
            return []
        found = _find(name, self.directory)
        # Packages that the file lies in were imported before it. They mostly re-export, which would make every
        # component of a package depend on every other; what is imported from such a package itself does count.
        return [path for path in found[:-1] if path.parent not in file.parents] + found[-1:]


def _scope_of(file: Path, module: str) -> _Scope:
    base = import_base(file, module) if module else file.parent
    return _Scope(base, module.partition(".")[0] if is_on_path(base) else "")


def closure_digest(files: Iterable[Path], *, function: tuple[Path, str, str] | None = None) -> CodeDigest:
    """The digests of the files and of everything that they import, directly or not.

    A file that is not there or is not Python counts with its bytes: running it reports the fault.

    Args:
        files: Source files that count as a whole.
        function: A file, the name of a function in it, and the name that the file was imported under: of this file
            only that function counts, with everything at the file's top level that it uses. So a component in
            ``pipeline.py`` does not depend on the others.

    Raises:
        UsageError: A file declares a data file by something else than a literal text.
    """
    todo = [(file.resolve(), _Scope(file.resolve().parent), "") for file in files]
    if function is not None:
        place = function[0].resolve()
        todo.append((place, _scope_of(place, function[2]), function[1]))
    closure = _Closure()
    modules: dict[str, None] = {}
    data_files: dict[Path, None] = {}
    searched: set[tuple[str, Path | None, _Scope]] = set()
    while todo:
        file, scope, root = todo.pop()
        if (file, root) in closure.seen:
            continue
        stat = file.stat() if file.is_file() else None
        source = _read(file, root, stat.st_mtime_ns if stat else 0, stat.st_size if stat else 0)
        closure.seen[file, root] = (_label(file, scope.directory), source)
        data_files |= dict.fromkeys(file.parent / name for name in source.data_files)
        for module in source.modules:
            once = (module, file.parent if scope.package or module.startswith(".") else None, scope)
            if once in searched:
                continue
            searched.add(once)
            found, where = _looked_up(module, file, scope)
            todo += [(path, where, "") for path in found]
            if not found and not module.startswith("."):
                modules |= dict.fromkeys(name for name in (module.rpartition(".")[0], module) if name)
    with _PARSING:
        _memory().save()
    ours = sys.stdlib_module_names | {"penstock"}
    libraries = tuple(each for each in modules if each.partition(".")[0] not in ours)
    return CodeDigest(closure.files(), libraries, tuple(data_files))


def _looked_up(module: str, file: Path, scope: _Scope) -> tuple[list[Path], _Scope]:
    """The files behind a name that a file imports, and where their own imports are to be looked for."""
    package = module.partition(".")[0]
    if package == "penstock":
        return _ours(module), scope
    found = scope.find(module, file)
    if found or not package or package in sys.stdlib_module_names:
        return found, scope
    base = source_base(package)
    outside = _Scope(base, package) if base else scope
    return (outside.find(module, file) if base else []), outside


def _label(file: Path, directory: Path) -> str:
    base = _PACKAGE.parent if file.is_relative_to(_PACKAGE) else directory
    return file.relative_to(base).as_posix() if file.is_relative_to(base) else file.name


def library_versions(libraries: Iterable[str]) -> dict[str, str]:
    """The installed version of each library, and Python's; one that is not installed is left out."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": python} | {name: version for name in sorted(libraries) if (version := version_of(name))}


# In Python 3.11 two threads that turn syntax trees from and into objects disturb each other's recursion counter:
# "SystemError: AST constructor recursion depth mismatch".
_PARSING = threading.Lock()


@functools.cache
def _memory() -> CodeMemory:
    return CodeMemory(Path(__file__).read_bytes())


@functools.lru_cache(maxsize=4096)
def _read(file: Path, root: str, _mtime: int, _size: int) -> Source:
    raw = file.read_bytes() if file.is_file() else b""
    with _PARSING:
        return _memory().get(raw, (root, str(file.is_relative_to(_PACKAGE))), lambda: _parsed(file, raw, root))


def _parsed(file: Path, raw: bytes, root: str) -> Source:
    try:
        tree = ast.parse(raw)
    except (SyntaxError, ValueError):
        return Source({_UNREADABLE: hashlib.sha256(raw).hexdigest()[:16]})
    if root:
        tree.body = _used_by(tree, root)
    modules = tuple(dict.fromkeys(_imports(tree)))
    data_files = () if file.is_relative_to(_PACKAGE) else tuple(_data_files(tree, file))
    _drop_docstrings(tree)
    return Source(_digests(tree), modules, data_files)


def _digests(tree: ast.Module) -> dict[str, str]:
    """A digest for each name that a module defines, and for what defines none."""
    postponed = any(
        isinstance(one, ast.ImportFrom)
        and one.module == "__future__"
        and any(n.name == "annotations" for n in one.names)
        for one in tree.body
    )
    flags = __future__.annotations.compiler_flag if postponed else 0
    parts: dict[str, list[bytes]] = {}
    order: list[str] = []
    for name, statement in _named(tree.body):
        module = ast.Module([statement], [])
        code = compile(module, "", "exec", flags=flags, dont_inherit=True)
        parts.setdefault(name, []).append(marshal.dumps(_essence(code), 2))
        order.append(name)
    parts[ORDER] = [" ".join(order).encode()]
    return {name: hashlib.sha256(b"".join(several)).hexdigest()[:16] for name, several in sorted(parts.items())}


def _named(statements: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Statements with the names that they define; methods apart from the class that they belong to."""
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            methods = [one for one in statement.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
            for method in methods:
                yield f"{prefix}{statement.name}.{method.name}", method
            rest: list[ast.stmt] = [one for one in statement.body if one not in methods]
            statement.body = rest or [ast.copy_location(ast.Pass(), statement)]
            yield prefix + statement.name, statement
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield IMPORTS, statement
        else:
            yield ", ".join(sorted(_names_defined(statement))) or MODULE_LEVEL, statement


def _data_files(tree: ast.Module, file: Path) -> Iterator[str]:
    called = _names_of_data_file(tree)
    for node in ast.walk(tree) if called else ():
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in called:
            continue
        first = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            raise UsageError(
                f"{file.name}, line {node.lineno}: data_file is given something else than a literal text.",
                hint='Write data_file("name.csv"): it is read from the source, before anything runs.',
                path=str(file),
                line=node.lineno,
            )
        yield first.value


def _names_of_data_file(tree: ast.Module) -> set[str]:
    """Under which names a module can call `penstock.dsl.data_file`."""
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "penstock":
            names |= {one.asname or one.name for one in node.names if one.name == _DATA_FILE}
        elif isinstance(node, ast.Import):
            ours = (one for one in node.names if one.name.partition(".")[0] == "penstock")
            names |= {f"{one.asname or one.name}.{_DATA_FILE}" for one in ours}
    return names


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


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """A module and every statement in it, however deep; going through expressions too would take ten times as long."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            todo += getattr(node, part, ())


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = "." * node.level + base
            joint = "" if base.endswith(".") else "."
            # A name that is imported from a package may be a module of it.
            yield from (base if alias.name == "*" else f"{base}{joint}{alias.name}" for alias in node.names)


@functools.cache
def _ours(module: str) -> list[Path]:
    """The files behind a dotted name of Penstock's, which do not change while it runs."""
    return _find(module, _PACKAGE.parent)


def _find(module: str, directory: Path) -> list[Path]:
    """The files behind a dotted name: the module, and the packages it lies in. Nothing if it is a library."""
    parts = module.split(".")
    found = []
    for depth in range(1, len(parts) + 1):
        place = directory.joinpath(*parts[:depth])
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
    for node in _statements(tree):
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
