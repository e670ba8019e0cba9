"""What counts as the content of models and transform graphs: `penstock.storage.digests` asks here for their digests.

The same training with the same seed writes different bytes each time: a random fingerprint, nodes and functions in
another order and under other names. What does count is every weight, every asset, and the graph (`graph_content`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from penstock.data.content import message_digest
from penstock.storage.digests import Canonical

__all__ = ["saved_models"]

_GRAPH = "saved_model.pb"
# The structure that it holds is in the graph file as well, there under names that are canonicalised.
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def saved_models(directory: Path, files: Sequence[str]) -> Canonical:
    """Every SavedModel below a directory, and the schemas that tf.Transform writes beside its own."""
    digests: dict[str, str | None] = {}
    for name in files:
        folder, base = name[: name.rfind("/") + 1], name[name.rfind("/") + 1 :]
        if base == _GRAPH:
            digests |= _saved_model(directory, folder, files)
        elif base == "schema.pbtxt" and (digest := message_digest(directory / name)) is not None:
            digests[name] = digest
    return Canonical("saved-model-1", digests)


def _saved_model(directory: Path, folder: str, files: Sequence[str]) -> dict[str, str | None]:
    from google.protobuf.message import DecodeError

    from penstock.models.graph_content import graph_digest

    try:
        digests: dict[str, str | None] = {folder + _GRAPH: graph_digest((directory / folder / _GRAPH).read_bytes())}
    except DecodeError:
        return {}
    digests |= {name: None for name in files if name == f"{folder}fingerprint.pb"}
    index = f"{folder}variables/variables.index"
    if index in files and (weights := _weights_digest(directory / folder / "variables" / "variables")) is not None:
        digests |= {name: None for name in files if name.startswith(f"{folder}variables/variables.")}
        digests[index] = weights
    return digests


def _weights_digest(prefix: Path) -> str | None:
    """The digest of every tensor of a checkpoint: names, types, shapes and values; None if it cannot be read."""
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        whole = hashlib.sha256()
        for name, shape in sorted(reader.get_variable_to_shape_map().items()):
            if name == _OBJECT_GRAPH:
                continue
            tensor = reader.get_tensor(name)
            whole.update(f"{name}\0{reader.get_variable_to_dtype_map()[name].name}\0{list(shape)}\n".encode())
            if isinstance(tensor, bytes) or tensor.dtype == object:
                for text in [tensor] if isinstance(tensor, bytes) else tensor.ravel():
                    whole.update(f"{len(text)}\0".encode() + text)
            else:
                whole.update(tensor.tobytes())
    except (tf.errors.OpError, ValueError):
        return None
    return whole.hexdigest()
