"""What views ask of a payload before they read it."""

from __future__ import annotations

import json

from penstock.artifacts import Artifact
from penstock.errors import DataError, StorageError
from penstock.storage.locations import is_remote, local_path

__all__ = ["local", "splits_of"]


def local(artifact: Artifact) -> Artifact:
    """The artifact with the path of its payload on this machine in place of a URI.

    Raises:
        DataError: There is no such directory.
        StorageError: The payload lies elsewhere.
    """
    if is_remote(artifact.uri):
        raise StorageError("The payload does not lie on this machine.", hint="Fetch it first.", path=artifact.uri)
    place = local_path(artifact.uri)
    if not place.is_dir():
        raise DataError(
            "The payload is gone: there is no such directory.",
            hint="Running its node again makes it anew.",
            path=str(place),
        )
    properties, custom = artifact.properties, artifact.custom_properties
    return type(artifact)(str(place), properties=properties, custom_properties=custom, id=artifact.id)


def splits_of(artifact: Artifact) -> list[str]:
    """The names of an artifact's splits; where no property says, as of other tools, those of its directories.

    Raises:
        DataError: A name would lead out of the payload, or there is no split at all.
    """
    text = artifact.properties.get("split_names") or "[]"
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"The property split_names is no JSON list of names: {text!r}.", path=artifact.uri)
    names = names or sorted(place.name.removeprefix("Split-") for place in artifact.path().glob("Split-*"))
    if not names:
        raise DataError("The payload has no splits.", hint="Is the artifact damaged?", path=artifact.uri)
    for name in names:
        if artifact.path(f"Split-{name}").resolve().parent != artifact.path().resolve():
            raise DataError(f"The split {name!r} lies outside of the payload.", path=artifact.uri)
    return list(names)
