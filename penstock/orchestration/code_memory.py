"""What parsing a source file gave, kept on this machine by the file's content: parsing is most of an unchanged run.

It is a cache: one that is missing, damaged or not writable costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

from penstock.storage.cache import cache_directory

__all__ = ["CodeMemory", "Source"]

_LIMIT = 5000


@dataclass(frozen=True)
class Source:
    """What one file says.

    Attributes:
        digests: A digest of each name that it defines.
        modules: Dotted names of what it imports.
        data_files: Files that it declares it reads, as they are written there.
    """

    digests: Mapping[str, str]
    modules: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()


class CodeMemory:
    """Remembers sources between processes, in one file, read once and replaced whole.

    Args:
        parser: The source of what parses: another one's results are never taken for its own. Nor are another
            Python's, which compiles differently.
    """

    def __init__(self, parser: bytes) -> None:
        version = hashlib.sha256(parser).hexdigest()[:16]
        self._file = cache_directory() / "code" / f"{sys.implementation.cache_tag}-{sys.hexversion:x}-{version}.json"
        self._known = self._load()
        self._new = False

    def get(self, raw: bytes, facts: tuple[str, ...], parse: Callable[[], Source]) -> Source:
        """The source that these bytes are, parsed if they have not been before.

        Args:
            raw: The file's content.
            facts: What the result depends on besides.
            parse: Parses it.
        """
        key = hashlib.sha256("\0".join((*facts, "")).encode() + raw).hexdigest()
        if (known := self._known.get(key)) is not None:
            return known
        source = self._known[key] = parse()
        self._new = True
        return source

    def save(self) -> None:
        """Writes what is new, if there is anything; what other processes wrote meanwhile is kept."""
        if not self._new:
            return
        self._new = False
        both = self._load() | self._known
        kept = dict(list(both.items())[-_LIMIT:])
        partial = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({key: astuple(source) for key, source in kept.items()}))
            partial.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()

    def _load(self) -> dict[str, Source]:
        try:
            written = json.loads(self._file.read_bytes())
            return {
                key: Source(digests, tuple(modules), tuple(data_files))
                for key, (digests, modules, data_files) in written.items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
