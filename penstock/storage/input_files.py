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
from typing import NamedTuple, Protocol

from penstock.errors import StorageError
from penstock.storage.digests import file_digest, files_in

__all__ = ["QUIET_SECONDS", "FileFacts", "FileMemory", "data_digest"]

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


def data_digest(path: str, memory: FileMemory | None) -> str:
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
        found = [Path(name) for name in glob.glob(path, recursive=True) if Path(name).is_file()]
    try:
        digests = _digests(found, memory)
    except OSError as error:
        raise StorageError(f"An input file cannot be read: {error.strerror}.", path=str(error.filename)) from error
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _digests(files: Iterable[Path], memory: FileMemory | None) -> list[str]:
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
    return list(digests.values())
