"""Payload directories: their content digest and their size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import StorageError
from penstock.storage.manifest import MANIFEST

__all__ = ["Content", "content_of", "data_digest", "file_digest"]

ALGORITHM = "sha256"

# A SavedModel's fingerprint.pb holds a random number, made anew each time that equal content is saved.
_NOT_CONTENT = {"fingerprint.pb", MANIFEST}


@dataclass(frozen=True)
class Content:
    """What a payload holds: a digest over the names and bytes of its files, and their total size in bytes."""

    digest: str
    size: int
    files: dict[str, int]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, ALGORITHM).hexdigest()


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    for root, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            yield path.relative_to(directory).as_posix(), path


def content_of(directory: Path) -> Content:
    """The content of a payload directory; its name and place do not enter the digest."""
    whole = hashlib.new(ALGORITHM)
    sizes: dict[str, int] = {}
    for name, path in _files(directory):
        if name.rpartition("/")[2] == MANIFEST:
            continue
        sizes[name] = path.stat().st_size
        if name.rpartition("/")[2] not in _NOT_CONTENT:
            whole.update(f"{name}\0{file_digest(path)}\n".encode())
    return Content(whole.hexdigest(), sum(sizes.values()), sizes)


def data_digest(path: str) -> str:
    """Digest of input files: one file, all files of a directory, or those a pattern matches, by content alone.

    A path that matches nothing gives the digest of nothing: the component that reads it reports it.
    """
    import glob

    place = Path(path)
    if place.is_dir():
        found = [file for name, file in _files(place) if not name.startswith(".")]
    elif place.is_file():
        found = [place]
    else:
        names = glob.glob(path, recursive=True)
        found = sorted(Path(name) for name in names if Path(name).is_file())
    try:
        digests = sorted(file_digest(file) for file in found)
    except OSError as error:
        raise StorageError(f"An input file cannot be read: {error.strerror}.", path=str(error.filename)) from error
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
