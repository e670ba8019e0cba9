"""Where payloads lie: a path on this machine, or a URI such as ``s3://bucket/key`` that fsspec knows.

fsspec is imported only for a remote location: a run whose root is on this machine never loads it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from penstock.errors import PenstockError, StorageError

__all__ = ["file_system", "is_remote", "join", "local_path", "remote_errors"]


def is_remote(uri: str) -> bool:
    """Whether a location is anywhere but on this machine's disks.

    >>> is_remote("s3://bucket/root"), is_remote("/data/place"), is_remote("file:///data/place")
    (True, False, False)
    """
    return "://" in uri and not uri.startswith("file://")


def local_path(uri: str) -> Path:
    """The path of a location on this machine; a remote one is a `StorageError`."""
    if is_remote(uri):
        raise StorageError(f"{uri} is not on this machine.", hint="Fetch it first.", path=uri)
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file://") else Path(uri)


def join(uri: str, *parts: str) -> str:
    """A location inside another.

    >>> join("s3://bucket/root/", "taxi", "Trainer")
    's3://bucket/root/taxi/Trainer'
    """
    if not is_remote(uri):
        return os.path.join(str(local_path(uri)), *parts)  # noqa: PTH118 - text goes in and text comes out
    return "/".join([uri.rstrip("/"), *parts])


def file_system(uri: str) -> tuple[Any, str]:
    """The fsspec file system of a location, and the location's path in it.

    Raises:
        StorageError: No installed package knows the URI's scheme, or it refused.
    """
    import fsspec

    try:
        # Other processes write to the same place: a remembered listing would hide what they did.
        system, path = fsspec.core.url_to_fs(uri, use_listings_cache=False)
    except ImportError as error:
        raise StorageError(f"{uri} cannot be reached: {error}.", hint="Install that package.", path=uri) from error
    except ValueError as error:
        raise StorageError(f"{uri} cannot be reached: {error}.", hint="Is the URI's scheme right?", path=uri) from error
    return system, path


@contextlib.contextmanager
def remote_errors(uri: str, doing: str) -> Iterator[None]:
    """Turns whatever a remote file system raises into a `StorageError`; each has exceptions of its own."""
    try:
        yield
    except PenstockError:
        raise
    except Exception as error:
        what = str(error).strip().partition("\n")[0] or type(error).__name__
        raise StorageError(
            f"{doing} failed: {what[:500]}.", hint="Does it exist, and are there credentials for it?", path=uri
        ) from error
