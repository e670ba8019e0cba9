"""The store as the pages read it: opened when there is one, opened anew when it is replaced, never written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = ["StoreReader"]

_Value = TypeVar("_Value")
_MOST_REMEMBERED = 5000


class StoreReader:
    """Gives the store at a URL; threads may share it.

    The store may not be there yet: the pages are often opened before the first run. It may also be deleted and made
    again while the server runs, and then the open file is no longer the one that runs write to. A database on a server
    is opened once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._remembered: dict[Hashable, Any] = {}

    @property
    def path(self) -> Path | None:
        """The file of the store; None for one on a server."""
        from penstock.metadata.location import file_of

        return file_of(self.url)

    @property
    def place(self) -> str:
        """Where the store is, as people may see it."""
        from penstock.metadata.location import shown

        return str(self.path or shown(self.url))

    def exists(self) -> bool:
        """Whether there is a store; what is there may still be refused."""
        from penstock.metadata.store import store_exists

        return store_exists(self.url)

    def store(self) -> Store:
        """The open store; a `StoreError` if there is none, or it is not one."""
        from penstock.metadata.store import open_store

        with self._lock:
            file = self._identity()
            if self._store is not None and file != self._file:
                self._close()
            if self._store is None:
                self._store = open_store(self.url, read_only=True, create=False)
                self._file = file
            return self._store

    def remember(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """A value that never changes while the store is the same, made once."""
        if key not in self._remembered:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = make()
        value: _Value = self._remembered[key]
        return value

    def close(self) -> None:
        """Closes the store."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None
        self._remembered = {}

    def _identity(self) -> tuple[int, int] | None:
        path = self.path
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
