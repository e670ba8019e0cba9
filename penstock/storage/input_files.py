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
from pathlib import Path
from typing import NamedTuple, Protocol

from penstock.errors import StorageError
from penstock.storage.digests import file_digest, files_in

__all__ = ["QUIET_SECONDS", "FileFacts", "FileMemory", "NoMemory", "data_digest"]

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

    def recall_file(self, facts: FileFacts) -> str | None:
        """The digest kept for exactly these facts."""
        ...

    def remember_file(self, facts: FileFacts, digest: str) -> None:
        """Keeps a digest; may do nothing."""
        ...


class NoMemory:
    """A `FileMemory` that keeps nothing."""

    def recall_file(self, _facts: FileFacts) -> str | None:
        return None

    def remember_file(self, _facts: FileFacts, _digest: str) -> None:
        """Keeps nothing."""


def data_digest(path: str, memory: FileMemory) -> str:
    """Digest of input files: one file, all files of a directory, or those a pattern matches, by content alone.

    A path that matches nothing gives the digest of nothing: the component that reads it reports it.

    Raises:
        StorageError: A file cannot be read.
    """
    place = Path(path)
    if place.is_dir():
        found = [file for name, file in files_in(place) if not name.startswith(".")]
    elif place.is_file():
        found = [place]
    else:
        found = [Path(name) for name in sorted(glob.glob(path, recursive=True)) if Path(name).is_file()]
    try:
        digests = sorted(_digest(file, memory) for file in found)
    except OSError as error:
        raise StorageError(f"An input file cannot be read: {error.strerror}.", path=str(error.filename)) from error
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _digest(file: Path, memory: FileMemory) -> str:
    now = time.time_ns()
    facts = FileFacts.of(file)
    known = memory.recall_file(facts)
    if known is not None:
        return known
    digest = file_digest(file)
    if facts.quiet(now) and FileFacts.of(file) == facts:
        memory.remember_file(facts, digest)
    return digest
