"""Where a store may lie: URLs and files, checked before any connection is made."""

from __future__ import annotations

import os
import re
from pathlib import Path

from penstock.errors import StoreError

__all__ = ["checked_path", "file_of", "has_password", "is_writable", "shown"]

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
_EXAMPLE = "Use sqlite:///path/metadata.db, or postgresql://user@host/database."
_ELSEWHERE = "Change its permissions, or choose another place: `metadata` in the profile."
_SECRET = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&]*")


def file_of(url: str) -> Path | None:
    """The path in a URL ``sqlite:///path``; None for ``postgresql://...``; all others are refused, with the reason."""
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise StoreError(f"{shown(url)!r} is no URL of a metadata store.", hint=_EXAMPLE, url=shown(url))
    if scheme in ("postgresql", "postgres"):
        return None
    dialect, _, driver = scheme.partition("+")
    if dialect in ("mysql", "mariadb"):
        raise StoreError("MySQL is not supported as a metadata store.", hint=_EXAMPLE)
    if dialect in ("postgresql", "postgres", "sqlite") and driver:
        raise StoreError(f"The URL of a metadata store names no driver: {driver!r} is too much.", hint=_EXAMPLE)
    if scheme != "sqlite":
        raise StoreError(f"A metadata store cannot be a {scheme!r} database.", hint=_EXAMPLE)
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise StoreError(f"{url!r} names no file.", hint=f"{_EXAMPLE} A store in memory would die with the process.")
    if "?" in rest:
        raise StoreError(f"{url!r} has options, which a store on SQLite takes none of.", hint=_EXAMPLE)
    return Path(rest[1:])


def has_password(url: str) -> bool:
    """Whether a URL holds a password that can be read, and not only a variable in its place."""
    if url.lower().startswith("sqlite:"):
        return False
    name, at, _ = url.partition("://")[2].rpartition("@")
    written = [name.partition(":")[2]] if at else []
    written += [match[0].partition("=")[2] for match in _SECRET.finditer(url)]
    return any(one and not one.startswith("${") for one in written)


def shown(url: str) -> str:
    """The URL as people may see it, in messages, logs and records: without passwords.

    >>> shown("postgresql://taxi:s3cr@t@host/db?sslmode=require")
    'postgresql://taxi:***@host/db?sslmode=require'
    >>> shown("sqlite:///.penstock/metadata.db")
    'sqlite:///.penstock/metadata.db'
    """
    if url.lower().startswith("sqlite:"):
        return url
    # Up to the last @: in a password that is not escaped there may be any character.
    return _SECRET.sub(r"\1=***", re.sub(r"(://[^:@/]*):.*@", r"\1:***@", url))


def checked_path(path: Path, url: str, *, read_only: bool, create: bool) -> Path:
    """The path itself, its directory made if need be, or a `StoreError` that says what is wrong with it."""
    try:
        _check(path, url, read_only=read_only, create=create)
    except OSError as error:
        raise StoreError(
            f"The metadata store {path} cannot be used: {error.strerror} ({error.filename}).", hint=_ELSEWHERE, url=url
        ) from error
    return path


def is_writable(path: Path) -> bool:
    """Whether this process may write to a file or directory."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _check(path: Path, url: str, *, read_only: bool, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a directory.", hint="Name a file in it, such as metadata.db.", url=url)
    if not path.exists():
        if read_only or not create:
            raise StoreError(f"There is no metadata store at {path}.", hint="Run a pipeline first.", url=url)
        path.parent.mkdir(parents=True, exist_ok=True)
    _check_magic(path)
    _check_local(path)
    if not read_only:
        for needed in (path.parent, path):
            if needed.exists() and not is_writable(needed):
                raise StoreError(
                    f"The metadata store {path} cannot be written: {needed} is not writable.", hint=_ELSEWHERE, url=url
                )


def _check_magic(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
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
