"""The manifest of a payload: written last, it says that what lies there is whole, and what whole means."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from penstock.storage.locations import file_system, is_remote, join, local_path, remote_errors

__all__ = ["MANIFEST", "Manifest", "digests_of", "manifest_of", "read_manifest", "write_manifest"]

T = TypeVar("T")

MANIFEST = "manifest.json"
_ALGORITHM = "sha256"

# Digesting a file and bringing it to the disk both release the interpreter's lock.
_THREADS = 4


@dataclass(frozen=True)
class Manifest:
    """What a whole payload holds.

    Attributes:
        digest: What identifies its content, see `penstock.storage.digests.Content`.
        sizes: The size of each file in bytes, by its path in the payload.
        digests: SHA-256 of each file's bytes, likewise.
    """

    digest: str
    sizes: Mapping[str, int]
    digests: Mapping[str, str]

    def to_text(self) -> str:
        """As the text of ``manifest.json``."""
        files = {name: {"size": size, _ALGORITHM: self.digests[name]} for name, size in self.sizes.items()}
        return json.dumps({"digest": self.digest, "files": files}, indent=1)

    @classmethod
    def from_text(cls, text: str | bytes) -> Manifest | None:
        """The manifest that `to_text` wrote; nothing if the text is no manifest."""
        try:
            value: dict[str, Any] = json.loads(text)
            sizes = {name: int(file["size"]) for name, file in value["files"].items()}
            digests = {name: str(file[_ALGORITHM]) for name, file in value["files"].items()}
            return cls(str(value["digest"]), sizes, digests)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def manifest_of(directory: Path, digest: str, files: Mapping[str, int]) -> Manifest:
    """The manifest of a finished payload whose content has a digest.

    Args:
        directory: Where it lies.
        digest: What identifies its content.
        files: The size of each file in bytes, by its path in the payload.
    """
    return Manifest(digest, dict(files), digests_of(directory, files))


def digests_of(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the bytes of files in a directory, by their path in it."""
    wanted = list(names)
    return dict(zip(wanted, _side_by_side(_digest, [directory / name for name in wanted]), strict=True))


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Writes the manifest of a payload on this machine; one without it is not whole.

    The files, and then the manifest, are brought to the disk before this returns: the store's commit, which publishes
    the payload, must not outlive them when the power fails.
    """
    files = [directory / name for name in manifest.sizes]
    _side_by_side(_sync, files)
    temporary = directory / f".{MANIFEST}.tmp"
    temporary.write_text(manifest.to_text())
    _sync(temporary)
    temporary.replace(directory / MANIFEST)
    folders = {folder for file in files for folder in file.relative_to(directory).parents}
    for folder in sorted(folders | {Path()}, reverse=True):
        _sync(directory / folder)
    for above in list(directory.parents)[:3]:  # the attempt's, the node's, the pipeline's: each may be new
        _sync(above)


def read_manifest(place: Path | str) -> Manifest | None:
    """The manifest of a payload, or nothing if the payload is gone or not whole (a file of it missing or cut short).

    Args:
        place: Its directory, or its URI.

    Raises:
        StorageError: A remote place cannot be reached.
    """
    uri = str(place)
    if is_remote(uri):
        return _read_remote(uri)
    directory = local_path(uri)
    try:
        manifest = Manifest.from_text((directory / MANIFEST).read_bytes())
        if manifest is None or any((directory / name).stat().st_size != size for name, size in manifest.sizes.items()):
            return None
    except OSError:
        return None
    return manifest


def _read_remote(uri: str) -> Manifest | None:
    with remote_errors(uri, "Reading a manifest"):
        system, path = file_system(uri)
        try:
            manifest = Manifest.from_text(system.cat_file(join(path, MANIFEST)))
            there = {name: entry["size"] for name, entry in system.find(path, detail=True).items()}
        except FileNotFoundError:
            return None
    base = path.rstrip("/")
    if manifest is None or any(there.get(f"{base}/{name}") != size for name, size in manifest.sizes.items()):
        return None
    return manifest


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, _ALGORITHM).hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _side_by_side(function: Callable[[Path], T], files: list[Path]) -> list[T]:
    if len(files) < 2:
        return [function(file) for file in files]
    with ThreadPoolExecutor(min(_THREADS, len(files))) as pool:
        return list(pool.map(function, files))
