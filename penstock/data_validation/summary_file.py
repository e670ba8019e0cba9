"""The file in which a summary is kept, so that spans merge without their examples: `packed`, `read_summary`.

A zip archive. ``summary.json`` holds ``format`` (2), the version of ``tfx_bsl`` that wrote the sketches, and the
summary: its objects by the names of their classes, with their attributes. Arrays, tables and sketches stand there as
``{"member": n}`` and are the members ``n.arrow``, each an Arrow IPC file of one batch, compressed with zstd. Nothing in
the file is code, and nothing of it is run.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from tfx_bsl import sketches

from penstock.data_validation.byte_values import ByteSummary
from penstock.data_validation.composites import CompositeSummary
from penstock.data_validation.crosses import CrossSummary
from penstock.data_validation.distribution import Distribution
from penstock.data_validation.domains import DomainEvidence
from penstock.data_validation.features import FeatureSummary
from penstock.data_validation.moments import Moments
from penstock.data_validation.numbers import Measured, NumberSummary
from penstock.data_validation.statistics import DatasetSummary, SlicedSummary
from penstock.data_validation.strings import StringSummary
from penstock.data_validation.summary_options import Composite, Slice, SummaryOptions
from penstock.data_validation.valency import Valency
from penstock.errors import DataError

__all__ = ["SUMMARY_FILE", "packed", "read_summary", "unpacked"]

SUMMARY_FILE: Final = "Summary.zip"

_FORMAT: Final = 2
_OBJECTS: Final[dict[str, type]] = {
    one.__name__: one
    for one in (
        ByteSummary,
        Composite,
        CompositeSummary,
        CrossSummary,
        DatasetSummary,
        Distribution,
        DomainEvidence,
        FeatureSummary,
        Measured,
        Moments,
        NumberSummary,
        Slice,
        SlicedSummary,
        StringSummary,
        SummaryOptions,
        Valency,
    )
}
_SKETCHES: Final[dict[str, type]] = {
    one.__name__: one for one in (sketches.QuantilesSketch, sketches.MisraGriesSketch, sketches.KmvSketch)
}
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="zstd")


def packed(summary: SlicedSummary) -> bytes:
    """A summary as the content of a file; the same summary gives the same bytes."""
    members: list[pa.Table] = []
    content = {"format": _FORMAT, "tfx_bsl": version("tfx-bsl"), "summary": _encoded(summary, members)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("summary.json"), json.dumps(content), zipfile.ZIP_DEFLATED)
        for number, table in enumerate(members):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_file(sink, table.schema, options=_OPTIONS) as writer:
                writer.write_table(table)
            archive.writestr(zipfile.ZipInfo(f"{number}.arrow"), sink.getvalue().to_pybytes())
    return buffer.getvalue()


def unpacked(content: bytes, path: str) -> SlicedSummary:
    """The summary in the content of the file ``path``.

    Raises:
        DataError: It is none, or one of another version of the format.
    """
    hint = "Run StatisticsGen again on the examples of that span."
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            document = json.loads(archive.read("summary.json"))
            if document["format"] != _FORMAT:
                raise DataError(
                    f"The summary is of format {document['format']}, and this version reads {_FORMAT}.",
                    hint=hint,
                    path=path,
                )
            found = _decoded(document["summary"], archive)
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise DataError(f"The file does not hold a summary: {error}.", hint=hint, path=path) from error
    if not isinstance(found, SlicedSummary):
        raise DataError("The file does not hold the summary of a dataset.", hint=hint, path=path)
    return found


def read_summary(path: Path) -> SlicedSummary:
    """The summary in a file.

    Raises:
        DataError: There is no such file, or it does not hold a summary.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            "The statistics were kept without what merges them.",
            hint="Run StatisticsGen again on the examples of that span.",
            path=str(path),
        ) from error
    return unpacked(content, str(path))


def _encoded(value: Any, members: list[pa.Table]) -> Any:
    name = type(value).__name__
    result: Any
    if isinstance(value, np.generic):
        result = value.item()
    elif value is None or isinstance(value, (bool, int, float, str)):
        result = value
    elif isinstance(value, (list, tuple)):
        result = {name: [_encoded(item, members) for item in value]}
    elif isinstance(value, dict):
        result = {name: [[key, _encoded(item, members)] for key, item in value.items()]}
    elif name in _OBJECTS:
        result = {"object": name, "fields": {key: _encoded(item, members) for key, item in vars(value).items()}}
    elif name in _SKETCHES:
        state = pa.array([value.__getstate__()], pa.large_binary())
        result = {"sketch": name, "member": _member(pa.table({"state": state}), members)}
    elif isinstance(value, pa.Schema):
        result = {"schema": True, "member": _member(value.empty_table(), members)}
    elif isinstance(value, np.ndarray):
        result = {"array": list(value.shape), "member": _member(pa.table({"values": value.ravel()}), members)}
    else:
        result = {"table": True, "member": _member(value.combine_chunks(), members)}
    return result


def _member(table: pa.Table, members: list[pa.Table]) -> int:
    members.append(table)
    return len(members) - 1


def _decoded(value: Any, archive: zipfile.ZipFile) -> Any:
    if not isinstance(value, dict):
        return value
    if "object" in value:
        result = _made(_OBJECTS[value["object"]])
        vars(result).update({key: _decoded(item, archive) for key, item in value["fields"].items()})
        return result
    if "member" in value:
        return _from_member(value, pa.ipc.open_file(archive.read(f"{value['member']}.arrow")).read_all())
    ((name, items),) = value.items()
    if name in ("list", "tuple"):
        found = [_decoded(item, archive) for item in items]
        return found if name == "list" else tuple(found)
    pairs = {key: _decoded(item, archive) for key, item in items}
    return pairs if name == "dict" else Counter(pairs)


def _from_member(value: dict[str, Any], table: pa.Table) -> Any:
    if "sketch" in value:
        sketch = _made(_SKETCHES[value["sketch"]])
        sketch.__setstate__(table["state"][0].as_py())
        return sketch
    if "array" in value:
        return table["values"].to_numpy().reshape(value["array"])
    return table if "table" in value else table.schema


def _made(kind: Any) -> Any:
    """An object without its attributes, which are set next, as unpickling does."""
    return kind.__new__(kind)
