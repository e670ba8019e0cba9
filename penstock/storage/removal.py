"""Deleting a published payload: only inside its root, never through a link, the manifest first.

Without its manifest a payload is not whole, so one whose deletion was interrupted is never taken for one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import PurePosixPath

from penstock.errors import StorageError
from penstock.storage.locations import file_system, is_remote, join, local_path, remote_errors
from penstock.storage.manifest import MANIFEST
from penstock.storage.refusal import storage_error

__all__ = ["delete_payload", "lies_in"]

# PIPELINE/NODE/EXECUTION-TOKEN/OUTPUT: nothing else in a root is a payload.
_DEPTH = 4


def lies_in(root: str, uri: str) -> bool:
    """Whether a location is where a payload of a root lies.

    >>> lies_in("/data/root", "/data/root/taxi/Trainer/7-ab12/model")
    True
    >>> lies_in("/data/root", "/data/root/taxi/../../../etc"), lies_in("/data/root", "/data/root/taxi")
    (False, False)
    """
    return _parts(root, uri) is not None


def _parts(root: str, uri: str) -> tuple[str, ...] | None:
    if is_remote(root) != is_remote(uri):
        return None
    base, place = (root, uri) if is_remote(uri) else (str(local_path(root)), str(local_path(uri)))
    base = base.rstrip("/") + "/"
    if not place.startswith(base):
        return None
    parts = tuple(place.removeprefix(base).split("/"))
    return parts if len(parts) == _DEPTH and not {"", ".", ".."}.intersection(parts) else None


def delete_payload(root: str, uri: str) -> None:
    """Deletes a payload, and its attempt's directory if that is empty then; it may be gone already.

    Args:
        root: The pipeline root.
        uri: Where the payload lies.

    Raises:
        StorageError: It does not lie in the root, a link is on the way to it, or the root refused.
    """
    parts = _parts(root, uri)
    if parts is None:
        raise StorageError(f"{uri} is no payload of the root {root}: it is left alone.", path=uri)
    if is_remote(uri):
        _delete_remote(uri)
        return
    try:
        _delete_local(str(local_path(root)), parts)
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise StorageError(
            f"{uri} is left alone: on the way to it there is a link, or no directory.",
            hint="Look at what lies there, and remove it yourself.",
            path=uri,
        ) from error
    except OSError as error:
        raise storage_error(error) from error


def _delete_local(root: str, parts: tuple[str, ...]) -> None:
    """Goes down from the root directory by directory, so that no link that comes in meanwhile can lead elsewhere."""
    with contextlib.ExitStack() as opened:

        def enter(name: str, above: int | None) -> int:
            flags = os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if above is not None else 0)
            descriptor = os.open(name, flags, dir_fd=above)
            opened.callback(os.close, descriptor)
            return descriptor

        above = enter(root, None)
        chain = [above]
        for name in parts[:-1]:
            above = enter(name, above)
            chain.append(above)
        if not stat.S_ISDIR(os.stat(parts[-1], dir_fd=above, follow_symlinks=False).st_mode):
            raise NotADirectoryError(PurePosixPath(root, *parts))
        payload = enter(parts[-1], above)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(MANIFEST, dir_fd=payload)
        shutil.rmtree(parts[-1], dir_fd=above)
        with contextlib.suppress(OSError):  # another output of the same attempt is still there
            os.rmdir(parts[-2], dir_fd=chain[-2])


def _delete_remote(uri: str) -> None:
    with remote_errors(uri, "Deleting a payload"):
        system, path = file_system(uri)
        with contextlib.suppress(FileNotFoundError):
            system.rm_file(join(path, MANIFEST))
        if system.exists(path):
            system.rm(path, recursive=True)
