"""What counts as the content of data: rows however they are spread over files, messages however they are written.

`penstock.storage.digests` asks here for the digests of Examples, and of statistics, schemas and anomalies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penstock.storage.digests import Canonical

__all__ = ["examples", "message_digest", "messages"]

# By the end of a file's name: the message in tensorflow_metadata.proto.v0, and the fields whose order says nothing.
_MESSAGES = {
    "schema.pbtxt": ("schema_pb2", "Schema"),
    "FeatureStats.pb": ("statistics_pb2", "DatasetFeatureStatisticsList"),
    "SchemaDiff.pb": ("anomalies_pb2", "Anomalies"),
}


def messages(directory: Path, files: Sequence[str]) -> Canonical:
    """Statistics, schemas and anomalies: maps have no order, comments and layout of text do not count."""
    digests = {name: message_digest(directory / name) for name in files}
    known: dict[str, str | None] = {name: digest for name, digest in digests.items() if digest is not None}
    # What merges statistics says nothing that they don't, in bytes that differ with the libraries that wrote them.
    return Canonical("messages-1", known | dict.fromkeys(name for name in files if name.endswith("Summary.zip")))


def message_digest(path: Path) -> str | None:
    """The digest of a file that holds a message of ``tensorflow_metadata``; None if it holds none."""
    from importlib import import_module

    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    known = _MESSAGES.get(path.name)
    if known is None:
        return None
    module, name = known
    message = getattr(import_module(f"tensorflow_metadata.proto.v0.{module}"), name)()
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(path.read_text(encoding="utf-8"), message)
        else:
            message.ParseFromString(path.read_bytes())
    except (text_format.ParseError, DecodeError, UnicodeDecodeError):
        return None
    _order(message)
    return hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()


def _order(message: Any) -> None:
    """Sorts the features of a message: they are known by their names, not by their places."""
    if message.DESCRIPTOR.name == "Schema":
        message.feature.sort(key=lambda feature: str(feature.name))
        message.sparse_feature.sort(key=lambda feature: str(feature.name))
    elif message.DESCRIPTOR.name == "DatasetFeatureStatisticsList":
        for dataset in message.datasets:
            dataset.features.sort(key=lambda feature: (str(feature.name), tuple(feature.path.step)))


def examples(directory: Path, files: Sequence[str]) -> Canonical:
    """Examples: the columns and the rows of each split, whichever file and row group a row lies in, in any order.

    Rows are a bag, as a Beam collection is: order carries no meaning, and the same row twice counts twice.
    """
    import pyarrow as pa

    from penstock.data.row_hashes import bag_digest

    shards: dict[str, list[str]] = {}
    for name in files:
        folder, _, base = name.rpartition("/")
        if base.startswith("data-") and base.endswith(".parquet"):
            shards.setdefault(folder, []).append(name)
    digests: dict[str, str | None] = {}
    for folder, names in shards.items():
        try:
            digest = bag_digest([directory / name for name in names])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
            continue
        digests |= dict.fromkeys(names)
        digests[f"{folder}/data-*.parquet"] = digest
    return Canonical("examples-1", digests)
