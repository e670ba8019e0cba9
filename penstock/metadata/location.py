"""Where a store may lie: URLs and files, checked before any connection is made."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.errors import StoreError

__all__ = ["checked_path", "parse_url"]

_MAGIC = b"SQLite format 3\0"
_NETWORK_FILE_SYSTEMS = {
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse.sshfs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
}
_EXAMPLE = "Use sqlite:///path/metadata.db."


def parse_url(url: str) -> Path:
    """The path in a URL ``sqlite:///path``; other databases are refused, each with its reason."""
    scheme, separator, rest = url.partition("://")
    dialect = scheme.split("+")[0].lower()
    if not separator:
        raise StoreError(f"{url!r} is no URL of a metadata store.", hint=_EXAMPLE, url=url)
    if dialect in ("postgresql", "postgres"):
        raise StoreError("A metadata store on PostgreSQL comes in a later version.", hint=f"{_EXAMPLE}")
    if dialect in ("mysql", "mariadb"):
        raise StoreError("MySQL is not supported as a metadata store.", hint=_EXAMPLE)
    if scheme.lower() != "sqlite":
        raise StoreError(f"A metadata store cannot be a {scheme!r} database.", hint=_EXAMPLE)
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise StoreError(f"{url!r} names no file.", hint=f"{_EXAMPLE} A store in memory would die with the process.")
    if "?" in rest:
        raise StoreError(f"{url!r} has options, which a metadata store takes none of.", hint=_EXAMPLE)
    return Path(rest[1:])


def checked_path(path: Path, url: str, *, read_only: bool, create: bool) -> Path:
    """The path itself, its directory made if need be, or a `StoreError` that says what is wrong with it."""
    if path.is_dir():
        raise StoreError(f"{path} is a directory.", hint="Name a file in it, such as metadata.db.", path=str(path))
    if not path.exists():
        if read_only or not create:
            raise StoreError(f"There is no metadata store at {path}.", hint="Run a pipeline first.", url=url)
        _make_directory(path.parent)
    _check_magic(path)
    _check_local(path)
    if not read_only:
        for needed in (path.parent, path):
            if needed.exists() and not os.access(needed, os.W_OK):
                raise StoreError(
                    f"The metadata store {path} cannot be written: {needed} is not writable.",
                    hint="Change its permissions, or choose another place with --set profiles.local.metadata=...",
                    url=url,
                )
    return path


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The directory of the metadata store cannot be made: {directory} ({error.strerror}).",
            hint="Choose a place you may write to.",
        ) from error


def _check_magic(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).", hint="Check its permissions.") from error
    if head and head != _MAGIC:
        raise StoreError(f"{path} is not an SQLite database.", hint="Give another path, or move the file away.")


def _check_local(path: Path) -> None:
    """Refuses network file systems, whose locks SQLite cannot trust; where /proc is missing nothing is checked."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    target = path.parent.resolve()
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, file_system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if target.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, file_system
    if kind in _NETWORK_FILE_SYSTEMS:
        raise StoreError(
            f"The metadata store {path} would lie on a network file system ({kind}), where SQLite's locks do not hold.",
            hint="Choose a path on a local disk.",
        )
