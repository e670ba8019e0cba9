"""Two artifacts of one type side by side: what differs between them, the most first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from penstock.artifacts import Artifact, Examples, ExampleStatistics, ModelEvaluation, Schema
from penstock.errors import DataError, UsageError
from penstock.storage.manifest import MANIFEST, read_manifest
from penstock.views.places import local, splits_of
from penstock.views.view import Cell, Row, Table, View, shown

__all__ = ["compare"]

MOST_ROWS: Final = 500
_Parts = tuple[dict[str, Any], list[Table]]


def compare(old: Artifact, new: Artifact, links: Mapping[str, str] | None = None) -> View:
    """What differs from one artifact to another of its type.

    Statistics are shown split over split, what drifted most first; of schemas, examples and evaluations the fields,
    columns and metrics that changed; of all others the properties and files.

    Raises:
        UsageError: They are of different types.
        DataError: A payload is missing or damaged.
        StorageError: A payload lies elsewhere.
    """
    if old.type_name != new.type_name or type(old) is not type(new):
        raise UsageError(
            f"{_name(old)} and {_name(new)} cannot be compared: they are of different types.",
            hint="Name two artifacts of one type: `penstock artifacts list --type TYPE`.",
        )
    old, new = local(old), local(new)
    title = f"{_name(old)} against {_name(new)}"
    properties = _properties(old, new)
    if isinstance(old, ExampleStatistics) and isinstance(new, ExampleStatistics):
        return _statistics(old, new, title, links or {})
    makers: dict[type[Artifact], Callable[[Any, Any], _Parts]] = {
        Schema: _schemas,
        Examples: _examples,
        ModelEvaluation: _evaluations,
    }
    data, tables = makers.get(type(old), _files)(old, new)
    if properties:
        tables.append(_changes("Properties", "property", properties))
    same = not any(table.rows for table in tables)
    notes = ("Nothing differs.",) if same else ()
    return View("diff", title, {**data, "properties": properties}, tuple(one for one in tables if one.rows), notes)


def _name(artifact: Artifact) -> str:
    return f"{artifact.type_name} {artifact.id}" if artifact.id is not None else f"{artifact.type_name} {artifact.uri}"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The names whose values differ, each with the old one and the new one; None where there is none."""
    return {
        name: [old.get(name), new.get(name)]
        for name in {**old, **new}
        if name not in old or old.get(name) != new.get(name)
    }


def _changes(title: str, what: str, differing: Mapping[str, Sequence[Any]]) -> Table:
    rows: list[Row] = [(name, *(_said(value) for value in pair)) for name, pair in differing.items()]
    return Table(title, (what, "before", "after"), tuple(rows[:MOST_ROWS]), left_out=max(0, len(rows) - MOST_ROWS))


def _said(value: Any) -> Cell:
    return Cell("", "none") if value is None else Cell(value, text="(empty)" if value == "" else shown(value))


def _properties(old: Artifact, new: Artifact) -> dict[str, list[Any]]:
    return _differing({**old.properties, **old.custom_properties}, {**new.properties, **new.custom_properties})


def _statistics(old: ExampleStatistics, new: ExampleStatistics, title: str, links: Mapping[str, str]) -> View:
    from penstock.data_validation.files import read_statistics
    from penstock.views.statistics import Dataset, view_of

    names = ("before", "after") if old.id is None or new.id is None else (str(old.id), str(new.id))
    datasets: list[Dataset] = []
    before, after = splits_of(old), splits_of(new)
    for split in dict.fromkeys([*before, *after]):
        base = len(datasets) if split in before and split in after else None
        if split in before:
            datasets.append(Dataset(f"{split} {names[0]}", read_statistics(old, split)))
        if split in after:
            datasets.append(Dataset(f"{split} {names[1]}", read_statistics(new, split), base))
    return view_of(datasets, title, links, most_drifted_first=True)


def _schemas(old: Schema, new: Schema) -> _Parts:
    from penstock.data_validation.files import read_schema
    from penstock.views.schema import features_of

    schemas = [read_schema(one) for one in (old, new)]
    before, after = ({one["name"]: one for one in features_of(schema)} for schema in schemas)
    features = {
        name: "added"
        if name not in before
        else "removed"
        if name not in after
        else _differing(before[name], after[name])
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
    domains = dict(_domains(*({one.name: list(one.value) for one in schema.string_domain} for schema in schemas)))
    rows: list[Row] = []
    for name, change in features.items():
        if isinstance(change, str):
            known = after.get(name) or before[name]
            told = ", ".join(filter(None, (known["type"], known["presence"], known["domain"])))
            rows.append((name, Cell(change, tone="held"), *(("", told) if change == "added" else (told, ""))))
        else:
            rows += [(name, field, _said(pair[0]), _said(pair[1])) for field, pair in change.items()]
    values: list[Row] = [
        (name, shown(len(one["added"])), ", ".join(one["added"]), shown(len(one["removed"])), ", ".join(one["removed"]))
        for name, one in domains.items()
    ]
    tables = [
        Table(
            "Features",
            ("feature", "field", "before", "after"),
            tuple(rows[:MOST_ROWS]),
            left_out=max(0, len(rows) - MOST_ROWS),
        ),
        Table("Domains of strings", ("domain", "added", "values added", "removed", "values removed"), tuple(values)),
    ]
    return {"features": features, "domains": domains}, tables


def _domains(old: Mapping[str, list[str]], new: Mapping[str, list[str]]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    for name in {**old, **new}:
        before, after = old.get(name, []), new.get(name, [])
        added, removed = _missing_in(before, after), _missing_in(after, before)
        if added or removed:
            yield name, {"added": added[:MOST_ROWS], "removed": removed[:MOST_ROWS]}


def _missing_in(known: Iterable[str], values: Iterable[str]) -> list[str]:
    there = set(known)
    return [value for value in values if value not in there]


def _examples(old: Examples, new: Examples) -> _Parts:
    from penstock.views.examples import make

    before, after = (make(one, {}).data["splits"] for one in (old, new))
    rows = _differing(*({split: one["rows"] for split, one in splits.items()} for splits in (before, after)))
    columns = _differing(
        *(
            {f"{split}: {name}": kind for split, one in splits.items() for name, kind in one["columns"].items()}
            for splits in (before, after)
        )
    )
    tables = [_changes("Rows", "split", rows), _changes("Columns", "column", columns)]
    return {"rows": rows, "columns": columns}, tables


def _evaluations(old: ModelEvaluation, new: ModelEvaluation) -> _Parts:
    from penstock.evaluation.results import CANDIDATE, load
    from penstock.evaluation.slices import slice_text

    before, after = load(old), load(new)
    metrics = [metric for metric in after.metrics if metric in before.metrics]
    places = {key: at for at, key in enumerate(before.slices)}
    found: list[dict[str, Any]] = []
    for at, key in enumerate(after.slices):
        if key in places:
            pairs = {
                metric: [before.values[CANDIDATE][metric][places[key]], after.values[CANDIDATE][metric][at]]
                for metric in metrics
            }
            n = [before.n[places[key]], after.n[at]]
            found.append({"slice": slice_text(key) or "overall", "n": n, "metrics": pairs})
    config = _differing(
        {
            "label": before.label,
            "split": before.split,
            "metrics": ", ".join(before.metrics),
            "slices": len(before.slices),
        },
        {"label": after.label, "split": after.split, "metrics": ", ".join(after.metrics), "slices": len(after.slices)},
    )
    rows = tuple(
        (one["slice"], one["n"][1], *(_moved(*one["metrics"][metric]) for metric in metrics))
        for one in found[:MOST_ROWS]
    )
    tables = [
        _changes("Evaluated", "what", config),
        Table(
            "Slices: the metric after, and by how much it changed",
            ("slice", "n", *metrics),
            rows,
            ("n", *metrics),
            max(0, len(found) - MOST_ROWS),
        ),
    ]
    return {"config": config, "slices": found}, tables


def _moved(before: float, after: float) -> Cell:
    if math.isnan(before) or math.isnan(after):
        return Cell(None if math.isnan(after) else after, "undefined" if math.isnan(after) else "was undefined")
    return Cell(after, f"{after - before:+.4g}" if after != before else "the same")


def _files(old: Artifact, new: Artifact) -> _Parts:
    """Files that differ: by digest where both payloads have a manifest, else by size."""
    manifests = [read_manifest(one.path()) for one in (old, new)]
    digests = [one.digests if one is not None and all(manifests) else {} for one in manifests]
    files = _differing(*(_found(one, known) for one, known in zip((old, new), digests, strict=True)))
    told = {name: [_size(one) for one in pair] for name, pair in files.items()}
    return {"files": files}, [_changes("Files", "file", told)]


def _found(artifact: Artifact, digests: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    try:
        files = sorted(file for file in artifact.path().rglob("*") if file.is_file() and file.name != MANIFEST)
        names = [file.relative_to(artifact.path()).as_posix() for file in files]
        return {name: (file.stat().st_size, digests.get(name, "")) for name, file in zip(names, files, strict=True)}
    except OSError as error:
        raise DataError(f"The payload cannot be read: {error}", path=artifact.uri) from error


def _size(file: tuple[int, str] | None) -> str | None:
    return None if file is None else f"{file[0]:,} bytes{f', {file[1][:12]}' if file[1] else ''}"
