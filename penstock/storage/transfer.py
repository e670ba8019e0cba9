"""Carrying payloads between this machine and a remote root: a few files at once, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from penstock.errors import StorageError
from penstock.storage.locations import file_system, join, remote_errors
from penstock.storage.manifest import MANIFEST, Manifest, digests_of

__all__ = ["fetch", "fetch_file", "put", "put_file", "remote_manifest", "remove"]

_AT_ONCE = 8  # files under way


def put(directory: Path, uri: str, manifest: Manifest) -> None:
    """Takes a payload out: its files, and when all of them are there, the manifest.

    Args:
        directory: Where it lies.
        uri: Where it goes; nothing is there yet.
        manifest: What it holds.

    Raises:
        StorageError: A file could not be written.
    """
    with remote_errors(uri, "Writing to the pipeline root"):
        system, path = file_system(uri)
        names = list(manifest.sizes)
        if names:
            here, there = [str(directory / name) for name in names], [join(path, name) for name in names]
            _make_folders(system, there)
            system.put(here, there, **_bounded(system))
        _make_folders(system, [join(path, MANIFEST)])
        system.pipe_file(join(path, MANIFEST), manifest.to_text().encode())


def put_file(file: Path, uri: str) -> None:
    """Copies one file out."""
    with remote_errors(uri, "Writing to the pipeline root"):
        system, path = file_system(uri)
        _make_folders(system, [path])
        system.put_file(str(file), path)


def fetch_file(uri: str, file: Path) -> None:
    """Copies one file in; it is there as a whole or not at all."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with remote_errors(uri, "Reading from the pipeline root"):
            system, path = file_system(uri)
            system.get_file(path, str(partial))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def remote_manifest(uri: str) -> bytes:
    """The text of a remote payload's manifest.

    Raises:
        StorageError: There is none: the payload is gone, or was never finished.
    """
    with remote_errors(uri, "Reading a manifest"):
        system, path = file_system(uri)
        found: bytes = system.cat_file(join(path, MANIFEST))
    return found


def fetch(uri: str, directory: Path, text: bytes) -> None:
    """Brings a payload in, and holds every file against the manifest.

    Args:
        uri: Where it lies.
        directory: An empty directory that takes it.
        text: The text of its manifest.

    Raises:
        StorageError: A file is missing, or is not what the manifest says.
    """
    manifest = Manifest.from_text(text)
    if manifest is None:
        raise StorageError("The payload's manifest is damaged.", hint="Run its node again: --no-cache.", path=uri)
    with remote_errors(uri, "Reading a payload"):
        system, path = file_system(uri)
        names = list(manifest.sizes)
        for folder in {(directory / name).parent for name in names}:
            folder.mkdir(parents=True, exist_ok=True)
        if names:
            there, here = [join(path, name) for name in names], [str(directory / name) for name in names]
            system.get(there, here, **_bounded(system))
    found = digests_of(directory, names)
    wrong = [name for name in names if found[name] != manifest.digests[name]]
    if wrong:
        raise StorageError(
            f"{wrong[0]} is not what its manifest says: it was changed or cut short.",
            hint="Payloads never change. Run its node again: --no-cache.",
            path=join(uri, wrong[0]),
        )
    (directory / MANIFEST).write_bytes(text)


def remove(uri: str) -> None:
    """Removes everything below a location; it may be gone already."""
    with remote_errors(uri, "Removing what a dead process left"):
        system, path = file_system(uri)
        if system.exists(path):
            system.rm(path, recursive=True)


def _make_folders(system: Any, files: Iterable[str]) -> None:
    """Makes the folders of files where the file system has any."""
    if system.async_impl:  # the object stores: a folder would be a bucket, which is not ours to make
        return
    for folder in {file.rpartition("/")[0] for file in files}:
        system.makedirs(folder, exist_ok=True)


def _bounded(system: Any) -> dict[str, int]:
    return {"batch_size": _AT_ONCE} if system.async_impl else {}
