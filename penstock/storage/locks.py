"""Directories that say by a lock whether anybody still works in them; the system takes a dead process's lock back.

A lock is on the directory itself, so it leaves nothing behind. It holds on this machine's own disks, which is where
temporary files are.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["hold", "remove_if_left", "remove_tree"]

_TRIES = 50
_PAUSE_SECONDS = 0.02


def hold(directory: Path) -> int | None:
    """Takes part in a directory's lock until the process ends, or the descriptor that is returned is closed.

    Returns:
        The descriptor; nothing if the directory is gone, because somebody took its owner for dead.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if not _is_still(directory, descriptor):
        os.close(descriptor)
        return None
    return descriptor


def remove_if_left(directory: Path, *others: Path, wait: float = 0.0) -> bool:
    """Removes a directory, and others that its lock stands for, unless a process still works in it.

    Args:
        directory: The directory; if it is gone, nobody works in the others either.
        others: What else is removed.
        wait: How many seconds to wait for a process that is about to end.

    Returns:
        Whether all of them are gone.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return _remove_all(others)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_PAUSE_SECONDS)
        # The locked directory goes last: as long as it is there, whoever looks next knows that this is not done.
        return _remove_all(others) and remove_tree(directory)
    finally:
        os.close(descriptor)


def remove_tree(directory: Path) -> bool:
    """Removes a directory with all it holds, also while a process that was killed still lets go of it.

    Returns:
        Whether it is gone.
    """
    for _ in range(_TRIES):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _remove_all(directories: Iterable[Path]) -> bool:
    left = [directory for directory in directories if not remove_tree(directory)]
    return not left


def _is_still(directory: Path, descriptor: int) -> bool:
    """Whether the path still leads to the directory that was opened."""
    try:
        return os.path.samestat(directory.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
