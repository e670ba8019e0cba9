"""Imports the user's files from their source, never from byte code that lies beside it.

Python takes byte code for current when size and modification time, to the second, are the source's. A file that is
edited twice within a second would run as it was before, and its result be kept under the key of what it is now.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["SourceLoader", "from_source"]


class SourceLoader(SourceFileLoader):
    """Loads a file from its source; no byte code is read or written."""

    def path_stats(self, path: str) -> NoReturn:
        """Says that there is nothing to hold byte code against, upon which the import system leaves it alone."""
        raise OSError(path)


@contextlib.contextmanager
def from_source(directory: Path) -> Iterator[None]:
    """Inside, modules in the directory and below are loaded from source; installed packages are as ever."""
    finder = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceLoader, SOURCE_SUFFIXES))

    def hook(path: str) -> Any:
        if not _within(path, directory):
            raise ImportError(path)
        return finder(path)

    with _first(hook, directory):
        yield


@contextlib.contextmanager
def _first(hook: Callable[[str], Any], directory: Path) -> Iterator[None]:
    def forget() -> None:
        for path in list(sys.path_importer_cache):  # a copy: other threads may import meanwhile
            if _within(path, directory):
                sys.path_importer_cache.pop(path, None)

    forget()
    sys.path_hooks.insert(0, hook)
    try:
        yield
    finally:
        sys.path_hooks.remove(hook)
        forget()


def _within(path: str, directory: Path) -> bool:
    # An environment may lie in the user's directory, and TensorFlow without its byte code takes minutes.
    inside = Path(path).is_relative_to(directory)
    return inside and not {"site-packages", "dist-packages"} & set(Path(path).relative_to(directory).parts)
