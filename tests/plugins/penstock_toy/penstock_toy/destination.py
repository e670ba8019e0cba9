"""The push destination that the toy adds: a shelf of archives, ``toy:///path/of/a/directory``."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from penstock.storage.destinations import Pushed


class Shelf:
    """Keeps each version as one archive; the link ``current`` names the newest."""

    def __init__(self, address: str) -> None:
        self.directory = Path(address.removeprefix("toy://"))

    def push(self, payload: Path) -> Pushed:
        """Packs the files and puts the archive on the shelf; the link is moved last."""
        self.directory.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(one.stem) for one in self.directory.glob("*.tar")), default=0)
        unfinished = self.directory / f"{number}.unfinished"
        try:
            with tarfile.open(unfinished, "w") as archive:
                for path in sorted(payload.rglob("*")):
                    if not path.is_dir():
                        with path.open("rb") as file:
                            archive.addfile(
                                archive.gettarinfo(arcname=str(path.relative_to(payload)), fileobj=file), file
                            )
            unfinished.rename(self.directory / f"{number}.tar")
        finally:
            unfinished.unlink(missing_ok=True)
        link = self.directory / f".current-{number}"
        link.symlink_to(f"{number}.tar")
        link.replace(self.directory / "current")
        return self._pushed(self.directory / f"{number}.tar")

    def current(self) -> Pushed | None:
        """The archive that the link names."""
        link = self.directory / "current"
        return self._pushed(link.resolve()) if link.exists() else None

    def _pushed(self, archive: Path) -> Pushed:
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        return Pushed(archive.stem, f"toy://{archive}", {"sha256": digest})
