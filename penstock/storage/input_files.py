"""Digests of input files, which lie outside the store and may change at any time: by content, with a memory for them.

Reading terabytes to find that nothing changed would cost as much as the work that is saved. So a digest is kept with
what the file system says of the file (`FileFacts`), and taken from there as long as all of that is the same. It never
decides that a file changed: if anything differs the content is read again, and only the content counts.

The rule that makes it safe: the time of the last change of a file's inode (``ctime``) is one of the facts, and no
program can set it, so content of the same size under a restored modification time is noticed. And a file is only
remembered when it had been quiet for `QUIET_SECONDS` before it was read, and nothing of it changed while it was:
otherwise a second change within one tick of the file system's clock could look like none.
"""

from __future__ import annotations

import glob
import hashlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from penstock.errors import StorageError
from penstock.storage.digests import file_digest, files_in
from penstock.storage.locations import file_system, is_remote, remote_errors

__all__ = [
    "QUIET_SECONDS",
    "FileFacts",
    "FileMemory",
    "InputFile",
    "Recalling",
    "data_digest",
    "data_files",
    "digest_of",
]

QUIET_SECONDS = 2.0


class FileFacts(NamedTuple):
    """What the file system says of a file; times in nanoseconds since the epoch."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: Path) -> FileFacts:
        """The facts of a file as they are now."""
        stat = path.stat()
        return cls(str(path), stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    def quiet(self, now_ns: int) -> bool:
        """Whether the file had not been touched for a while at that time."""
        return now_ns - max(self.mtime_ns, self.ctime_ns) >= QUIET_SECONDS * 1e9


class FileMemory(Protocol):
    """Keeps the digests of files with their facts."""

    def recall_files(self, facts: Iterable[FileFacts]) -> dict[str, str]:
        """The digests kept for exactly these facts, by path."""
        ...

    def remember_files(self, digests: Mapping[FileFacts, str]) -> None:
        """Keeps digests; may do nothing."""
        ...


class Recalling:
    """A memory that is asked and never added to."""

    def __init__(self, memory: FileMemory) -> None:
        self._memory = memory

    def recall_files(self, facts: Iterable[FileFacts]) -> dict[str, str]:
        """See `FileMemory.recall_files`."""
        return self._memory.recall_files(facts)

    def remember_files(self, _digests: Mapping[FileFacts, str]) -> None:
        """Adds nothing."""


class InputFile(NamedTuple):
    """An input file as it was read: path or URI, bytes, SHA-256 of the content or what an object store says of it."""

    path: str
    size: int
    digest: str


def data_digest(path: str, memory: FileMemory | None) -> str:
    """Digest of the input files at a path, see `data_files`, by content alone.

    A path that matches nothing gives the digest of nothing: the component that reads it reports it.

    Raises:
        StorageError: A file cannot be read.
    """
    return digest_of(data_files(path, memory))


def digest_of(files: Iterable[InputFile]) -> str:
    """Digest of input files by their content, in whatever order and under whatever names."""
    return hashlib.sha256("\n".join(sorted(file.digest for file in files)).encode()).hexdigest()


def data_files(path: str, memory: FileMemory | None) -> list[InputFile]:
    """Input files with their digests: one file, all files of a directory, or those a pattern matches.

    An object in an object store is known by its checksum, ETag or generation.

    Raises:
        StorageError: A file cannot be read.
    """
    if is_remote(path):
        return _remote_files(path)
    place = Path(path)
    if place.is_dir():
        found = [file for name, file in files_in(place) if not name.startswith(".")]
    elif place.is_file():
        found = [place]
    else:
        found = [Path(name) for name in glob.glob(path, recursive=True) if Path(name).is_file()]
    try:
        return _local_files(found, memory)
    except OSError as error:
        raise StorageError(f"An input file cannot be read: {error.strerror}.", path=str(error.filename)) from error


def _remote_files(uri: str) -> list[InputFile]:
    """What the object store says identifies the content of each object."""
    system, path = file_system(uri)
    with remote_errors(uri, "Listing input files"):
        found = {name: system.info(name) for name in system.glob(path)} if glob.has_magic(path) else {}
        found = found or system.find(path, detail=True)
        return [
            InputFile(system.unstrip_protocol(name), int(info.get("size") or 0), _version(system, name, info))
            for name, info in sorted(found.items())
        ]


def _version(system: Any, name: str, info: Mapping[str, Any]) -> str:
    for key in ("md5Hash", "ETag", "etag", "generation"):
        if info.get(key):
            return f"{key} {info[key]}"
    with system.open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _local_files(files: Iterable[Path], memory: FileMemory | None) -> list[InputFile]:
    now = time.time_ns()
    facts = {file: FileFacts.of(file) for file in files}
    known = memory.recall_files(facts.values()) if memory else {}
    digests = {file: known.get(str(file)) or file_digest(file) for file in facts}
    quiet = {
        one: digests[file]
        for file, one in facts.items()
        if str(file) not in known and one.quiet(now) and FileFacts.of(file) == one
    }
    if memory and quiet:
        memory.remember_files(quiet)
    return [InputFile(one.path, one.size, digests[file]) for file, one in facts.items()]
