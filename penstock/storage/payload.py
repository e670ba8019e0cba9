"""Payload directories: the manifest that is written last, and says that what lies there is whole."""

from __future__ import annotations

import json
from pathlib import Path

from penstock.storage.digests import BYTES, MANIFEST, Content, content_of

__all__ = ["MANIFEST", "Content", "content_of", "read_manifest", "write_manifest"]


def write_manifest(directory: Path, content: Content) -> None:
    """Writes the manifest of a finished payload; a payload without one is not whole."""
    text = json.dumps({"algorithm": content.algorithm, "digest": content.digest, "files": content.files}, indent=1)
    temporary = directory / f".{MANIFEST}.tmp"
    temporary.write_text(text)
    temporary.replace(directory / MANIFEST)


def read_manifest(directory: Path) -> Content | None:
    """The manifest of a payload, or nothing if the payload is gone or not whole (a file of it missing or cut short)."""
    try:
        value = json.loads((directory / MANIFEST).read_text())
        for name, size in value["files"].items():
            if (directory / name).stat().st_size != size:
                return None
    except (OSError, ValueError, KeyError):
        return None
    return Content(value["digest"], sum(value["files"].values()), value["files"], value.get("algorithm", BYTES))
