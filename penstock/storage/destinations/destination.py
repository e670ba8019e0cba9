"""What a push destination is, and which one an address names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from penstock.errors import UsageError, did_you_mean
from penstock.plugins import PUSH_DESTINATIONS, plugin, plugins

__all__ = ["PushDestination", "Pushed", "check_address", "destination_of"]


@dataclass(frozen=True)
class Pushed:
    """A version of a model at a destination. JSON-able.

    Attributes:
        version: Its name there.
        uri: Where it is.
        content: By what the destination would see that it was changed: the size of each file, an ETag.
    """

    version: str
    uri: str
    content: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; `from_json` gives an equal one back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Pushed:
        """What `to_json` wrote."""
        return cls(**value)


class PushDestination(Protocol):
    """A place that models are pushed to: what serves them takes the newest version that it finds there."""

    def push(self, payload: Path) -> Pushed:
        """Puts every file of a directory there as a new version, all at once or not at all.

        Nobody who reads there ever sees a part of it. The version becomes the current one; where pushing fails, the
        current one stays as it was.

        Raises:
            StorageError, OSError: The destination refused.
        """
        ...

    def current(self) -> Pushed | None:
        """The newest version that is there, as it is now; nothing if none is.

        It is equal to what `push` returned as long as nobody pushed another or changed it.

        Raises:
            StorageError, OSError: The destination cannot be asked.
        """
        ...


def check_address(address: str) -> None:
    """Refuses an address that nobody knows; the destination itself is not asked.

    Raises:
        UsageError: No package is installed that knows its scheme, or two are.
    """
    scheme, is_address, _ = address.partition("://")
    if is_address and scheme != "file" and plugin(PUSH_DESTINATIONS, scheme) is None:
        known = ["file", *(one.name for one in plugins(PUSH_DESTINATIONS))]
        raise UsageError(
            f"No push destination is known for {scheme}://.",
            hint=f"{did_you_mean(scheme, known)} Packages can add others.",
        )


def destination_of(address: str) -> PushDestination:
    """The destination that an address names: a directory, or ``scheme://...`` of a plug-in.

    Raises:
        UsageError: No package is installed that knows the scheme, or it cannot be loaded.
    """
    from penstock.storage.destinations.directory import Directory

    check_address(address)
    scheme, is_address, rest = address.partition("://")
    found = plugin(PUSH_DESTINATIONS, scheme) if is_address and scheme != "file" else None
    if found is None:
        return Directory(Path(rest if is_address else address))
    destination: PushDestination = found.load()(address)
    return destination
