"""Changes of a schema as the entries that replace others, and as text: `apply`, `diff_regions`, `diff_lines`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

__all__ = ["Entry", "apply", "changed_lines", "diff_lines", "diff_regions", "suggested_schema", "text_of"]

Entry: TypeAlias = Any
"""A Feature, StringDomain, SparseFeature, WeightedFeature or DatasetConstraints: what a schema is a list of."""

_MEMBERS = {
    schema_pb2.Feature: "feature",
    schema_pb2.StringDomain: "string_domain",
    schema_pb2.SparseFeature: "sparse_feature",
    schema_pb2.WeightedFeature: "weighted_feature",
}


def apply(schema: schema_pb2.Schema, entries: Iterable[Entry]) -> schema_pb2.Schema:
    """The schema with the entries in the place of those of the same kind and name; new ones at the end."""
    changed = schema_pb2.Schema()
    changed.CopyFrom(schema)
    for entry in entries:
        if isinstance(entry, schema_pb2.DatasetConstraints):
            changed.dataset_constraints.CopyFrom(entry)
            continue
        siblings = getattr(changed, _MEMBERS[type(entry)])
        known = next((one for one in siblings if one.name == entry.name), None)
        (siblings.add() if known is None else known).CopyFrom(entry)
    return changed


def text_of(schema: schema_pb2.Schema) -> list[str]:
    """The lines of a schema in its usual form."""
    return text_format.MessageToString(schema, as_utf8=True).splitlines()


def diff_lines(schema: schema_pb2.Schema, entries: Iterable[Entry]) -> list[str]:
    """What the entries change, as lines that begin with ``+`` or ``-``."""
    wanted = list(entries)
    names = {(type(entry), getattr(entry, "name", "")) for entry in wanted}
    known = schema_pb2.Schema()
    for kind, member in _MEMBERS.items():
        getattr(known, member).extend(one for one in getattr(schema, member) if (kind, one.name) in names)
    if any(kind is schema_pb2.DatasetConstraints for kind, _ in names) and schema.HasField("dataset_constraints"):
        known.dataset_constraints.CopyFrom(schema.dataset_constraints)
    lines = difflib.unified_diff(text_of(known), text_of(apply(known, wanted)), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]


def diff_regions(before: list[str], after: list[str]) -> Iterator[anomalies_pb2.DiffRegion]:
    """How the lines of a schema change, in the form that anomalies carry: what is equal is hidden, lines from 1."""
    for how, left, left_end, right, right_end in _opcodes(before, after):
        region = anomalies_pb2.DiffRegion()
        if how == "equal":
            region.hidden.size = left_end - left
            region.hidden.left_start, region.hidden.right_start = left + 1, right + 1
        elif how == "delete":
            region.removed.start = left + 1
            region.removed.contents.extend(before[left:left_end])
        elif how == "insert":
            region.added.start = right + 1
            region.added.contents.extend(after[right:right_end])
        else:
            region.changed.left_start, region.changed.right_start = left + 1, right + 1
            region.changed.left_contents.extend(before[left:left_end])
            region.changed.right_contents.extend(after[right:right_end])
        yield region


def changed_lines(regions: Iterable[anomalies_pb2.DiffRegion]) -> Iterator[str]:
    """What `diff_regions` change, as lines that begin with ``+`` or ``-``."""
    for region in regions:
        yield from (f"-{line}" for line in (*region.removed.contents, *region.changed.left_contents))
        yield from (f"+{line}" for line in (*region.added.contents, *region.changed.right_contents))


def _opcodes(before: list[str], after: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As difflib's, of which the time grows with the square of the lines: so only of those that differ."""
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    head = min(len(before), len(after)) if same is None else same
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if head:
        yield "equal", 0, head, 0, head
    middles = before[head : len(before) - tail], after[head : len(after) - tail]
    for how, left, left_end, right, right_end in difflib.SequenceMatcher(None, *middles).get_opcodes():
        yield how, left + head, left_end + head, right + head, right_end + head
    if tail:
        yield "equal", len(before) - tail, len(before), len(after) - tail, len(after)


def suggested_schema(baseline: schema_pb2.Schema, regions: Iterable[anomalies_pb2.DiffRegion]) -> schema_pb2.Schema:
    """The schema that `diff_regions` of the baseline lead to."""
    before, after = text_of(baseline), list[str]()
    for region in regions:
        how = region.WhichOneof("details")
        if how == "hidden":
            start = region.hidden.left_start - 1
            after += before[start : start + region.hidden.size]
        elif how == "added":
            after += region.added.contents
        elif how == "changed":
            after += region.changed.right_contents
    return text_format.Parse("\n".join(after), schema_pb2.Schema())
