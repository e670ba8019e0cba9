"""The files of an artifact's payload: listed, found by name without ever leaving the payload, and previewed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from penstock.errors import UsageError
from penstock.storage.manifest import MANIFEST

__all__ = ["Listing", "PayloadFile", "Preview", "directory_of", "file_in", "is_page", "listing", "preview"]

MOST_FILES = 200
_MOST_LOOKED_AT = 20_000
MOST_TEXT = 64 * 1024
_PAGES = {".html", ".htm"}


@dataclass(frozen=True)
class PayloadFile:
    """A file by its name relative to the payload; ``size`` is in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Listing:
    """The files of a payload, at most `MOST_FILES` of ``count``; ``missing`` if the payload is gone."""

    files: tuple[PayloadFile, ...] = ()
    count: int = 0
    missing: bool = False
    remote: bool = False


@dataclass(frozen=True)
class Preview:
    """The beginning of a text file; ``whole`` says whether that is all of it."""

    name: str
    text: str
    whole: bool


def directory_of(uri: str) -> Path | None:
    """Where a payload lies on this machine; None if it does not."""
    if "://" not in uri:
        return Path(uri) if uri else None
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None


def listing(uri: str) -> Listing:
    """What files there are, in order of their names, the manifest left out."""
    directory = directory_of(uri)
    if directory is None:
        return Listing(remote=True)
    if not directory.is_dir():
        return Listing(missing=True)
    names = [name for name in islice(_names(directory), _MOST_LOOKED_AT) if name != MANIFEST]
    files = []
    for name in names[:MOST_FILES]:
        try:
            files.append(PayloadFile(name, (directory / name).lstat().st_size))
        except OSError:
            continue
    return Listing(tuple(files), len(names))


def _names(directory: Path) -> Iterator[str]:
    for root, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            yield Path(root, name).relative_to(directory).as_posix()


def file_in(uri: str, name: str) -> Path:
    """The file of that name in a payload.

    Raises:
        UsageError: There is no such file, or the name, or a link it names, leads out of the payload.
    """
    missing = UsageError(f"The payload has no file {name!r}.", hint="Go back to the artifact: it lists its files.")
    directory = directory_of(uri)
    if directory is None or "\0" in name:
        raise missing
    try:
        root = directory.resolve(strict=True)
        file = (root / name).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise missing from error
    if not file.is_relative_to(root) or not file.is_file():
        raise missing
    return file


def is_page(name: str) -> bool:
    """Whether a file is an HTML page."""
    return Path(name).suffix.lower() in _PAGES


def preview(uri: str, name: str) -> Preview | None:
    """The first `MOST_TEXT` bytes of a file as text; None if it is not text."""
    try:
        with file_in(uri, name).open("rb") as file:
            data = file.read(MOST_TEXT + 1)
    except OSError:
        return None
    whole = len(data) <= MOST_TEXT
    data = data[:MOST_TEXT]
    if b"\0" in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if whole or error.start < len(data) - 4:  # else the cut went through a character
            return None
        text = data[: error.start].decode()
    return Preview(name, text, whole)
