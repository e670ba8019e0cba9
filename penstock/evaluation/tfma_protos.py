"""TFMA's generated protos, without TFMA.

``import tensorflow_model_analysis`` costs 15 s of CPU; its result formats need only three generated modules, which
import nothing but protobuf. Importing one runs the ``__init__`` of the package around it, so a bare package with the
same search path stands in meanwhile. Nothing of this stays in ``sys.modules``: a real import later loads the package
and its protos as if they had never been here, and protobuf gives it the same message classes, because the files
registered are identical.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from functools import cache
from pathlib import Path
from types import ModuleType

__all__ = ["config_pb2", "metrics_for_slice_pb2", "tfma_version", "validation_result_pb2"]

_TFMA = "tensorflow_model_analysis"
_PROTO = f"{_TFMA}.proto"


def config_pb2() -> ModuleType:
    """TFMA's ``config.proto``: `EvalConfig`, `EvalRun`."""
    return _load("config_pb2")


def metrics_for_slice_pb2() -> ModuleType:
    """TFMA's ``metrics_for_slice.proto``."""
    return _load("metrics_for_slice_pb2")


def validation_result_pb2() -> ModuleType:
    """TFMA's ``validation_result.proto``."""
    for used in (config_pb2, metrics_for_slice_pb2):
        used()
    return _load("validation_result_pb2")


@cache
def tfma_version() -> str:
    """The version of the TFMA installed; its readers want one in ``eval_config.json``."""
    import importlib.metadata

    return importlib.metadata.version("tensorflow-model-analysis")


@cache
def _load(name: str) -> ModuleType:
    # The generated modules count on what they depend on being registered, and do not import it.
    importlib.import_module("google.protobuf.wrappers_pb2")
    full = f"{_PROTO}.{name}"
    if _TFMA in sys.modules:
        return importlib.import_module(full)
    spec = importlib.util.find_spec(_TFMA)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {_TFMA!r}", name=_TFMA)
    root = Path(spec.origin).parent
    sys.modules[_TFMA] = _package(_TFMA, root)
    sys.modules[_PROTO] = _package(_PROTO, root / "proto")
    try:
        return importlib.import_module(full)
    finally:
        for stand_in in (full, _PROTO, _TFMA):
            sys.modules.pop(stand_in, None)


def _package(name: str, directory: Path) -> ModuleType:
    package = types.ModuleType(name)
    package.__path__ = [str(directory)]
    return package
