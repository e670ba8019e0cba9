"""The curated schema as people keep it, a text with comments and an order of their own: `rewritten`, `accepted`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from penstock.data_validation.changes import Entry, apply, suggested_schema

__all__ = ["accepted", "rewritten"]

_KINDS: Final = ("feature", "string_domain", "sparse_feature", "weighted_feature")
_TOKEN: Final = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}]|\w+|[^\s\w]""")


def accepted(
    kept: schema_pb2.Schema, found: Iterable[anomalies_pb2.Anomalies], features: Iterable[str]
) -> tuple[schema_pb2.Schema, list[str], list[str]]:
    """The schema with the changes that anomalies suggest.

    Args:
        kept: The schema as it is now.
        found: The anomalies of each split; where several change the same entry, it becomes wide enough for all.
        features: Only the changes of these features, and ``""`` of the dataset as a whole; of all if there are none.

    Returns:
        The changed schema, the features whose changes it has, and those whose entries are no longer what they were
        when the anomalies were found: these are left as they are.
    """
    wanted, taken, stale = set(features), list[str](), list[str]()
    schema = kept
    for anomalies in found:
        infos = [*sorted(anomalies.anomaly_info.items()), ("", anomalies.dataset_anomaly_info)]
        for name, info in infos:
            if not info.diff_regions or (wanted and name not in wanted):
                continue
            entries = list(_entries(anomalies.baseline, suggested_schema(anomalies.baseline, info.diff_regions)))
            if name not in taken and not all(_untouched(entry, anomalies.baseline, kept) for entry in entries):
                stale.append(name)
                continue
            schema = apply(schema, [_merged(entry, schema) for entry in entries])
            taken.append(name)
    return schema, list(dict.fromkeys(taken)), list(dict.fromkeys(stale))


def _entries(before: schema_pb2.Schema, after: schema_pb2.Schema) -> Iterator[Entry]:
    for kind in _KINDS:
        known = {one.name: one for one in getattr(before, kind)}
        yield from (one for one in getattr(after, kind) if known.get(one.name) != one)
    if before.dataset_constraints != after.dataset_constraints:
        yield after.dataset_constraints


def _same(entry: Entry, schema: schema_pb2.Schema) -> Entry | None:
    """The schema's entry of the kind and name of another one."""
    if isinstance(entry, schema_pb2.DatasetConstraints):
        return schema.dataset_constraints if schema.HasField("dataset_constraints") else None
    known = (one for kind in _KINDS for one in getattr(schema, kind))
    return next((one for one in known if type(one) is type(entry) and one.name == entry.name), None)


def _untouched(entry: Entry, baseline: schema_pb2.Schema, kept: schema_pb2.Schema) -> bool:
    return bool(_same(entry, baseline) == _same(entry, kept))


def _merged(entry: Entry, schema: schema_pb2.Schema) -> Entry:
    """The entry as wide as the schema's own: with the values of both domains, and the outer ones of their bounds."""
    before = _same(entry, schema)
    if before is None:
        return entry
    merged = type(entry)()
    merged.CopyFrom(entry)
    if isinstance(entry, schema_pb2.StringDomain):
        del merged.value[:]
        merged.value.extend(dict.fromkeys([*before.value, *entry.value]))
    else:
        _widen(merged, before)
    return merged


def _widen(message: Entry, other: Entry) -> None:
    """Takes over bounds (``min``, ``max_fraction_threshold``, ``threshold``) that are further out.

    Changes of anomalies only widen.
    """
    for field, value in message.ListFields():
        if field.is_repeated or not other.HasField(field.name):
            continue
        if field.message_type is not None:
            _widen(value, getattr(other, field.name))
        elif (end := field.name.partition("_")[0]) in ("min", "max"):
            setattr(message, field.name, (min if end == "min" else max)(value, getattr(other, field.name)))
        elif field.name == "threshold":
            setattr(message, field.name, max(value, getattr(other, field.name)))


def rewritten(text: str, after: schema_pb2.Schema) -> str:
    """The text of a schema, changed to say another one; what does not change is left as it is, comments too.

    An entry that changes keeps its comments: at their lines if it is written one field a line, else above it.
    """
    before = text_format.Parse(text, schema_pb2.Schema())
    blocks = _blocks(text)
    edits: list[tuple[int, int, str]] = []
    added: list[str] = []
    for kind in (*_KINDS, "dataset_constraints"):
        old, new = _listed(before, kind), _listed(after, kind)
        spans = blocks.get(kind, [])
        if len(spans) != len(old) or len(new) < len(old):
            return text_format.MessageToString(after, as_utf8=True)
        for (start, end), one, other in zip(spans, old, new, strict=False):
            if one != other:
                edits.append((start, end, _edited(text[start:end], _text(kind, one), _text(kind, other))))
        added += ["\n".join(_text(kind, one)) + "\n" for one in new[len(old) :]]
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    if added:
        text = text.rstrip("\n") + "\n" + "".join(added) if text.strip() else "".join(added)
    same = text_format.Parse(text, schema_pb2.Schema()) == after
    return text if same else text_format.MessageToString(after, as_utf8=True)


def _listed(schema: schema_pb2.Schema, kind: str) -> list[Entry]:
    if kind == "dataset_constraints":
        return [schema.dataset_constraints] if schema.HasField("dataset_constraints") else []
    return list(getattr(schema, kind))


def _text(kind: str, entry: Entry) -> list[str]:
    lines = text_format.MessageToString(entry, as_utf8=True).splitlines()
    return [f"{kind} {{", *(f"  {line}" for line in lines), "}"]


def _blocks(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where each field of the message itself begins and ends that is written with braces, by its name."""
    found: dict[str, list[tuple[int, int]]] = {}
    depth, name, start = 0, "", 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word.startswith("#"):
            continue
        if word == "{":
            depth += 1
        elif word == "}":
            depth -= 1
            if not depth:
                found.setdefault(name, []).append((start, token.end()))
        elif not depth and re.match(r"\w", word):
            name, start = word, token.start()
    return found


def _edited(block: str, before: list[str], after: list[str]) -> str:
    lines = block.splitlines()
    bare = [_bare(line) for line in lines]
    said = [at for at, line in enumerate(bare) if line]
    if [bare[at] for at in said] != [line.strip() for line in before]:
        comments = [token.group() for token in _TOKEN.finditer(block) if token.group().startswith("#")]
        return "\n".join([*comments, *after])
    result = list(lines)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for how, left, left_end, right, right_end in reversed(matcher.get_opcodes()):
        if how == "equal":
            continue
        first = said[left] if left < len(said) else len(lines)
        last = said[left_end - 1] + 1 if left_end > left else first
        kept = [
            token.group() for line in result[first:last] for token in _TOKEN.finditer(line) if token.group()[0] == "#"
        ]
        new = after[right:right_end]
        if kept and new:
            new = [f"{new[0]}  {kept[0]}", *new[1:]]
        result[first:last] = new
    return "\n".join(result)


def _bare(line: str) -> str:
    """A line without its comment."""
    for token in _TOKEN.finditer(line):
        if token.group().startswith("#"):
            return line[: token.start()].strip()
    return line.strip()
