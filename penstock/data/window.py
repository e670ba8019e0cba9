"""A window of spans: the files of several `Examples` as one, taken over without being read.

``spans.json`` in the window says how many files each span has in each split, in the order of the files, so that the
next window takes them over and leaves out the oldest.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.artifacts import Examples
from penstock.data.examples import open_writer
from penstock.data.ingest.flow import fitted, widened
from penstock.dsl import Context
from penstock.errors import DataError, UsageError

__all__ = ["SETTINGS", "SPANS_FILE", "WINDOW_OF", "build_window"]

SPANS_FILE = "spans.json"

SETTINGS = "settings"
"""The custom property of Examples of a span that says how they were read: only what was read alike goes together."""
WINDOW_OF = "window_of"
"""The custom property of a window: the settings of the Examples in it."""


@dataclass(frozen=True)
class _Part:
    """What a window has of one span: the files of each split, in order."""

    span: int
    version: int
    files: Mapping[str, Sequence[Path]]


def build_window(examples: Examples, earlier: Examples | None, window: Examples, num_spans: int, ctx: Context) -> None:
    """Writes the window; see `penstock.components.SpanWindow`."""
    settings = examples.custom_properties.get(SETTINGS)
    if settings is None:
        raise UsageError(
            "The examples are of no span, so there is no window of spans.",
            hint="Write the path of the data with {SPAN} or a date: see docs/ingest.md.",
        )
    span, version = examples.properties["span"], examples.properties["version"]
    newest = _Part(span, version, {split: examples.files(split) for split in examples.splits})
    before = [part for part in _parts(earlier) if part.span < span] if earlier is not None else []
    parts = [*before[len(before) - num_spans + 1 if num_spans <= len(before) else 0 :], newest]
    schema = _schema(parts)
    for split in examples.splits:
        files = [file for part in parts for file in part.files[split]]
        window.path(f"Split-{split}").mkdir()
        for index, file in enumerate(ctx.track(files, unit="files", text=split)):
            target = window.path(f"Split-{split}", f"data-{index:05d}-of-{len(files):05d}.parquet")
            _take_over(file, target, schema)
    counts = [
        {"span": part.span, "version": part.version, "files": {split: len(some) for split, some in part.files.items()}}
        for part in parts
    ]
    window.path(SPANS_FILE).write_text(json.dumps(counts))
    window.splits = examples.splits
    window.properties.update(span=span, version=version)
    window.custom_properties[WINDOW_OF] = settings
    rows = sum(pq.read_metadata(file).num_rows for part in parts for some in part.files.values() for file in some)
    numbers = ", ".join(str(part.span) for part in parts)
    missing = "" if len(parts) == num_spans else f" of the {num_spans} asked for: no more went through before it"
    ctx.note(f"{rows:,} rows of {len(parts)} span{'s' * (len(parts) > 1)} ({numbers}){missing}")


def _parts(window: Examples) -> Iterator[_Part]:
    files = {split: iter(window.files(split)) for split in window.splits}
    for one in json.loads(window.path(SPANS_FILE).read_text()):
        taken = {split: list(islice(files[split], count)) for split, count in one["files"].items()}
        yield _Part(one["span"], one["version"], taken)


def _schema(parts: Sequence[_Part]) -> pa.Schema:
    """The columns of all spans, in types that hold the values of all of them; those of the newest span come first."""
    types: dict[str, pa.DataType] = {}
    for part in reversed(parts):
        for files in part.files.values():
            for file in files:
                with pq.ParquetFile(file) as opened:
                    schema = opened.schema_arrow
                try:
                    types = widened(types, schema, str(file), lists=False)
                except DataError as error:
                    message = f"Span {part.span} contradicts a later one. {error.message}"
                    raise DataError(message, hint=error.hint, **error.facts) from error
    return pa.schema(list(types.items()))


def _take_over(file: Path, target: Path, schema: pa.Schema) -> None:
    """Links a file, or copies it where that cannot be; writes it anew where its columns are others."""
    with pq.ParquetFile(file) as opened:
        if not opened.schema_arrow.equals(schema):
            with open_writer(target, schema) as writer:
                for index in range(opened.num_row_groups):
                    for batch in opened.read_row_group(index).to_batches():
                        writer.write_batch(fitted(batch, schema))
            return
    try:
        os.link(file, target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(file, target)
