"""Content digests: what identifies a payload, whatever its place, its names of shards or the bytes of its encoding.

A digest covers the name and the content of every file. Content means bytes, unless the artifact's type names a
function that reads its files as more than bytes (`penstock.artifacts.Artifact.canonical`): a SavedModel holds a random
fingerprint, a protobuf map has no order, and which rows came to lie in which shard says nothing of the data.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.artifacts import Artifact
from penstock.storage.manifest import MANIFEST

__all__ = ["BYTES", "Canonical", "Content", "content_of", "file_digest", "files_in", "typed_content"]

BYTES = "sha256"
"""The algorithm of a digest that takes files as bytes."""


@dataclass(frozen=True)
class Content:
    """What a payload holds: its digest, its total size in bytes, the size of each file, and how the digest was made."""

    digest: str
    size: int
    files: dict[str, int]
    algorithm: str = BYTES


@dataclass(frozen=True)
class Canonical:
    """What a type's function knows of a payload's files.

    Attributes:
        algorithm: A name with a version, raised when the same content would get another digest.
        files: A digest for each file that it read as more than bytes; None for a file that says nothing of the
            content, or whose content another file's digest covers. Files that are not named count with their bytes.
    """

    algorithm: str
    files: Mapping[str, str | None] = field(default_factory=dict)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a directory with its name relative to it, in the order of the names."""
    for root, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            yield path.relative_to(directory).as_posix(), path


def content_of(directory: Path) -> Content:
    """The content of a payload directory, every file taken as bytes; its name and place do not enter the digest."""
    return _content(directory, _payload_files(directory), Canonical(BYTES))


def typed_content(artifact: Artifact) -> Content:
    """The content of an artifact's payload, read as its type says.

    Files that are not what the type promises count with their bytes: whoever reads them reports the fault.
    """
    directory = artifact.path()
    files = _payload_files(directory)
    if artifact.canonical is None:
        return _content(directory, files, Canonical(BYTES))
    module, _, function = artifact.canonical.partition(":")
    canonical: Canonical = getattr(importlib.import_module(module), function)(directory, list(files))
    return _content(directory, files, canonical if canonical.files else Canonical(BYTES))


def _payload_files(directory: Path) -> dict[str, Path]:
    return {name: path for name, path in files_in(directory) if name.rpartition("/")[2] != MANIFEST}


def _content(directory: Path, files: Mapping[str, Path], canonical: Canonical) -> Content:
    whole = hashlib.sha256()
    sizes = {name: path.stat().st_size for name, path in files.items()}
    for name in sorted({*files, *canonical.files}):
        digest = canonical.files[name] if name in canonical.files else file_digest(directory / name)
        if digest is not None:
            whole.update(f"{name}\0{digest}\n".encode())
    return Content(whole.hexdigest(), sum(sizes.values()), sizes, canonical.algorithm)
