"""Packages that code imports from outside: which count by their source, and which by their version.

A package that was installed in the ordinary way does not change without its version. One that is installed editable, or
found on PYTHONPATH, does: it counts by its source, as the user's own files do. Nothing is imported to find out.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import sys
from pathlib import Path

__all__ = ["import_base", "is_on_path", "source_base", "version_of"]

_INSTALLED = {"site-packages", "dist-packages"}


def import_base(file: Path, module: str) -> Path:
    """The directory from which a file was imported under a dotted name; that of the file if the name is not its path.

    >>> import_base(Path("/x/acme/nodes/toy.py"), "acme.nodes.toy").as_posix()
    '/x'
    """
    names = tuple(module.split("."))
    path = file.parent if file.name == "__init__.py" else file.with_suffix("")
    return path.parents[len(names) - 1] if path.parts[-len(names) :] == names else file.parent


def is_on_path(directory: Path) -> bool:
    """Whether other packages than one's own are imported from a directory as well."""
    return directory in _path_entries(tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _path_entries(path: tuple[str, ...]) -> frozenset[Path]:
    return frozenset(Path(entry).resolve() for entry in path)


@functools.cache
def source_base(package: str) -> Path | None:
    """The directory that a package lies in whose source is to count; nothing if its version is enough.

    Args:
        package: A top-level name.
    """
    base = _found_in(package)
    return None if base is None or _INSTALLED & set(base.parts) or _owner(base, package) else base


@functools.cache
def version_of(package: str) -> str | None:
    """The version of the distribution that a top-level package belongs to; nothing if it is not installed."""
    for name in (package, f"{package}.yaml"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    base = _found_in(package)
    owner = _owner(base, package) if base is not None else None
    return None if owner is None else owner.version


@functools.cache
def _found_in(package: str) -> Path | None:
    """The directory that a package or module lies in; none for one that has no file of its own (``google``)."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # what cannot be found is told by the node that needs it
        return None
    if spec is None or not spec.has_location or not spec.origin:
        return None
    file = Path(spec.origin).resolve()
    return file.parent.parent if spec.submodule_search_locations else file.parent


def _owner(directory: Path, package: str) -> importlib.metadata.Distribution | None:
    """The distribution installed in a directory that a package of another name belongs to."""
    for info in sorted(directory.glob("*.dist-info")):
        if package in _top_level(info):
            return importlib.metadata.Distribution.at(info)
    return None


@functools.cache
def _top_level(info: Path) -> frozenset[str]:
    listed = info / "top_level.txt"
    if listed.is_file():
        return frozenset(listed.read_text(encoding="utf-8").split())
    record = info / "RECORD"
    if not record.is_file():
        return frozenset()
    paths = (line.partition(",")[0].partition("/") for line in record.read_text(encoding="utf-8").splitlines())
    return frozenset(first.removesuffix(".py") if not slash else first for first, slash, _ in paths)
