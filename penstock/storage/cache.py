"""Payloads of a remote root on this machine: fetched once, kept by their manifest's digest, verified when they come."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from pathlib import Path

from penstock.storage.locations import is_remote, local_path
from penstock.storage.locks import hold, remove_if_left
from penstock.storage.manifest import MANIFEST, read_manifest
from penstock.storage.transfer import fetch, fetch_file, remote_manifest

__all__ = ["PayloadCache", "cache_directory", "local_log", "log_place"]

_KEPT_SECONDS = 7 * 24 * 3600.0


def cache_directory() -> Path:
    """Where payloads, outputs that are on their way and logs of remote roots lie: ``$XDG_CACHE_HOME/penstock``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "penstock"


def log_place(uri: str) -> Path:
    """The file on this machine that a log is written to, while its node runs, and is read from.

    Args:
        uri: Where it stays: ``ROOT/PIPELINE/runs/RUN/NODE.log``.
    """
    return cache_directory().joinpath("logs", *uri.split("/")[-4:]) if is_remote(uri) else local_path(uri)


def local_log(uri: str) -> Path:
    """A log that can be read on this machine; one that is only in its remote root is fetched.

    Raises:
        StorageError: It cannot be fetched.
    """
    place = log_place(uri)
    if is_remote(uri) and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        fetch_file(uri, place)
    return place


class PayloadCache:
    """Local copies of remote payloads, shared by all processes of this user.

    Args:
        base: The directory that holds them.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self._payloads = base / "payloads"
        self._partial = base / "partial"

    def get(self, uri: str) -> Path:
        """The local copy of a remote payload, fetched if there is none.

        Raises:
            StorageError: It cannot be fetched, or is not whole.
        """
        manifest = remote_manifest(uri)
        place = self._place(manifest)
        if not _is_whole(place):
            partial, lock = self._begin()
            try:
                fetch(uri, partial / "payload", manifest)
                _settle(partial / "payload", place)
            finally:
                _give_up(partial, lock)
        os.utime(place)
        return place

    def adopt(self, directory: Path, manifest: str) -> None:
        """Takes over a payload that was just sent out, so that the nodes after it need not fetch it.

        Args:
            directory: Where it lies, on the cache's own disk; it is moved.
            manifest: The text of its manifest.
        """
        (directory / MANIFEST).write_text(manifest)
        with contextlib.suppress(OSError):  # it can be fetched
            _settle(directory, self._place(manifest.encode()))

    def drop(self, uri: str) -> None:
        """Removes the copy of a remote payload that is about to be deleted, unless somebody still reads it.

        Raises:
            StorageError: The remote root cannot be reached.
        """
        if read_manifest(uri) is not None:
            remove_if_left(self._place(remote_manifest(uri)))

    def sweep(self) -> None:
        """Removes what processes that died were fetching, and copies and logs that nobody used for a week."""
        for partial in _entries(self._partial):
            remove_if_left(partial)
        for kept in (*self._payloads.glob("*/*"), *self.base.glob("logs/*/runs/*")):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - kept.stat().st_mtime > _KEPT_SECONDS:
                    remove_if_left(kept)

    def _place(self, manifest: bytes) -> Path:
        name = hashlib.sha256(manifest).hexdigest()
        return self._payloads / name[:2] / name

    def _begin(self) -> tuple[Path, int]:
        """A new directory to fetch into, and its lock; the sweep of another process may take it before it is locked."""
        while True:
            partial = self._partial / secrets.token_hex(8)
            partial.mkdir(parents=True)
            lock = hold(partial)
            if lock is not None:
                (partial / "payload").mkdir()
                return partial, lock


def _give_up(directory: Path, lock: int) -> None:
    """Gives a directory's lock back and removes it."""
    os.close(lock)
    remove_if_left(directory)


def _settle(directory: Path, place: Path) -> None:
    """Moves a whole payload to its place in the cache; where one has come first, that one stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and not _is_whole(place):
        remove_if_left(place)
    try:
        directory.rename(place)
    except OSError:
        if not _is_whole(place):
            raise


def _is_whole(place: Path) -> bool:
    return read_manifest(place) is not None


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []
