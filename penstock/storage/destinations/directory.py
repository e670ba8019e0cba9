"""A directory with a numbered version in each subdirectory: where TensorFlow Serving looks for models."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from penstock.storage.destinations.destination import Pushed

__all__ = ["Directory"]


class Directory:
    """Pushes to ``<directory>/<version>``; the version is the time in seconds, raised if a newer one is there.

    The files are copied beside it first and renamed at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def push(self, payload: Path) -> Pushed:
        """See `PushDestination.push`. The directory is made if it is not there.

        Raises:
            OSError: It cannot be written; nothing of this version is left there.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for left_over in self.path.glob(".pushing-*"):  # an earlier push was killed while it copied
            shutil.rmtree(left_over, ignore_errors=True)
        version = max(int(time.time()), max(self._versions(), default=0) + 1)
        temporary = self.path / f".pushing-{version}-{os.getpid()}"
        try:
            shutil.copytree(payload, temporary)
            temporary.rename(self.path / str(version))
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return self._pushed(version)

    def current(self) -> Pushed | None:
        """See `PushDestination.current`."""
        newest = max(self._versions(), default=None)
        return None if newest is None else self._pushed(newest)

    def _pushed(self, version: int) -> Pushed:
        there = self.path / str(version)
        sizes = {
            path.relative_to(there).as_posix(): path.stat().st_size
            for path in sorted(there.rglob("*"))
            if path.is_file()
        }
        return Pushed(str(version), str(there), sizes)

    def _versions(self) -> list[int]:
        if not self.path.is_dir():
            return []
        return [int(entry.name) for entry in self.path.iterdir() if entry.name.isdigit() and entry.is_dir()]
