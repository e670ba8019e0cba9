"""Runs, nodes, verdicts, lineage and components as views; the reason that a run was held back comes first."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from penstock.artifacts import Artifact
from penstock.dsl import Component
from penstock.dsl.component import REQUIRED
from penstock.gates import Verdict
from penstock.metadata.records import Lineage, NodeRecord
from penstock.ui.notebook.graph import MODULE, Box, drawn
from penstock.ui.notebook.runs import NodeResult, Run
from penstock.views import Cell, Row, Table, View, view
from penstock.views.evaluation import verdict_table
from penstock.views.places import local
from penstock.views.view import Tone

__all__ = ["artifact_view", "component_view", "lineage_view", "node_view", "run_view", "verdicts_view"]

_TONES: Final[Mapping[str, Tone]] = {
    "complete": "good",
    "reused": "good",
    "blocked": "held",
    "skipped": "held",
    "canceled": "held",
    "failed": "bad",
}
_MOST_FILES = 200
_MOST_ROWS = 500


def artifact_view(artifact: Artifact) -> View:
    """The artifact's own view, or of a type that has none its files and properties."""
    found = view(artifact)
    if found is not None:
        return found
    place = local(artifact).path()
    files = sorted(one for one in place.rglob("*") if one.is_file())
    rows: list[Row] = [(str(one.relative_to(place)), one.stat().st_size) for one in files[:_MOST_FILES]]
    properties: list[Row] = [
        (name, Cell("", str(value)))
        for name, value in {**artifact.properties, **artifact.custom_properties}.items()
        if value not in (None, "")
    ]
    tables = (
        Table("Properties", ("property", "value"), tuple(properties)),
        Table("Files", ("file", "bytes"), tuple(rows), ("bytes",), max(0, len(files) - _MOST_FILES)),
    )
    number = "" if artifact.id is None else f" {artifact.id}"
    return View(artifact.type_name, f"{artifact.type_name}{number}", {}, tuple(one for one in tables if one.rows))


def verdicts_view(verdicts: Sequence[Verdict]) -> View:
    """Verdicts, those that failed first."""
    notes = () if verdicts else ("There are no verdicts.",)
    data = {"verdicts": [one.to_json() for one in verdicts]}
    return View("verdicts", "Verdicts", data, (verdict_table(verdicts),) if verdicts else (), notes)


def run_view(run: Run) -> View:
    """A run: why it failed or was held back, its graph, its nodes, its verdicts."""
    record = run.record
    seconds = "" if record.ended_ms is None else f", {((record.ended_ms - (record.started_ms or 0)) / 1000):.1f} s"
    begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime((record.started_ms or 0) / 1000))
    notes = [f"{record.state.value}, begun {begun}{seconds}."]
    failing = run.verdicts.failing
    notes += [one.message or f"{one.check} on {one.subject or 'all'} failed." for one in failing[:3]]
    if len(failing) > 3:
        notes.append(f"{len(failing) - 3:,} more verdicts failed.")
    tables = _errors(node.record for node in run.nodes.values())
    if failing:
        tables.append(verdict_table(failing))
    rows: list[Row] = [
        (
            name,
            Cell(_state(node.record), tone=_TONES.get(_state(node.record), "")),
            Cell(node.record.seconds, text="" if node.record.seconds is None else f"{node.record.seconds:.1f} s"),
            ", ".join(node),
            Cell("", node.record.note or node.record.reason),
        )
        for name, node in run.nodes.items()
    ]
    tables.append(Table("Nodes", ("node", "state", "time", "outputs", "note"), tuple(rows), ("time",)))
    graph = drawn(
        {
            name: Box(name, _state(node.record), _TONES.get(_state(node.record), ""), _upstream(run, name))
            for name, node in run.nodes.items()
        }
    )
    data = {"id": run.id, "pipeline": record.pipeline, "state": record.state.value, "graph": graph}
    return View("run", f"{record.pipeline}, run {run.id}", data, tuple(tables), tuple(notes), MODULE)


def node_view(node: NodeResult) -> View:
    """A node: what it made that there is to see, or its state and verdicts."""
    for artifact in node.values():
        found = view(artifact)
        if found is not None and node.record.error is None:
            return found
    tables = _errors([node.record])
    if node.verdicts:
        tables.append(verdict_table(node.verdicts))
    outputs: list[Row] = [
        (name, artifact.type_name, artifact.id, Cell("", artifact.uri)) for name, artifact in node.items()
    ]
    tables.append(Table("Outputs", ("output", "type", "artifact", "where"), tuple(outputs), ("artifact",)))
    state = ", ".join(part for part in (_state(node.record), node.record.note, node.record.reason) if part)
    kept = tuple(one for one in tables if one.rows)
    return View("node", node.record.node_id, {"state": _state(node.record)}, kept, (f"{state}.",))


def lineage_view(up: Lineage, down: Lineage) -> View:
    """What an artifact was made from and what was made from it, as one graph."""
    artifacts = {**up.artifacts, **down.artifacts}
    executions = {**up.executions, **down.executions}
    boxes: dict[str, Box] = {}
    edges = set(up.edges) | set(down.edges)
    made_by = {edge.artifact_id: edge.execution_id for edge in edges if edge.direction == "output"}
    read: dict[int, list[int]] = {}
    for edge in sorted(edges, key=lambda edge: (edge.execution_id, edge.key, edge.index)):
        if edge.direction == "input":
            read.setdefault(edge.execution_id, []).append(edge.artifact_id)
    for number, artifact in sorted(artifacts.items()):
        maker = made_by.get(number)
        node = executions[maker].node_id or executions[maker].component if maker in executions else ""
        sources = [str(one) for one in dict.fromkeys(read.get(maker, []))] if maker is not None else []
        tone: Tone = "held" if number == up.root else ""
        boxes[str(number)] = Box(f"{artifact.type} {number}", f"from {node}" if node else "given", tone, sources)
    rows: list[Row] = [
        (name, box.title, box.under, ", ".join(box.upstream), Cell("", artifacts[int(name)].uri))
        for name, box in boxes.items()
    ]
    table = Table("Artifacts", ("artifact", "type", "node", "made from", "where"), tuple(rows[:_MOST_ROWS]))
    root = artifacts[up.root]
    return View("lineage", f"Lineage of {root.type} {root.id}", {"graph": drawn(boxes)}, (table,), (), MODULE)


def component_view(component: Component) -> View:
    """What a component reads, takes and makes."""
    said = inspect.getdoc(component.function) or ""
    inputs: list[Row] = [
        (name, spec.type.type_name, "optional" if spec.optional else "") for name, spec in component.inputs.items()
    ]
    parameters: list[Row] = [
        (
            name,
            inspect.formatannotation(spec.annotation),
            Cell("", "required" if spec.default is REQUIRED else f"default {spec.default!r}"),
        )
        for name, spec in component.parameters.items()
    ]
    outputs: list[Row] = [(name, spec.type.type_name, "") for name, spec in component.outputs.items()]
    tables = [
        Table("Inputs", ("input", "type", ""), tuple(inputs)),
        Table("Parameters", ("parameter", "type", ""), tuple(parameters)),
        Table("Outputs", ("output", "type", ""), tuple(outputs)),
    ]
    notes = [part.strip() for part in said.partition("\n\nArgs:")[0].split("\n\n") if part.strip()]
    return View("component", component.name, {}, tuple(one for one in tables if one.rows), tuple(notes))


def _state(record: NodeRecord) -> str:
    return "blocked" if record.blocked else record.state.value


def _errors(records: Iterable[NodeRecord]) -> list[Table]:
    rows: list[Row] = [
        (record.node_id, Cell(str(record.error.get("message", "")), tone="bad"), Cell("", record.log or ""))
        for record in records
        if record.error is not None
    ]
    return [Table("Errors", ("node", "error", "log"), tuple(rows))] if rows else []


def _upstream(run: Run, node: str) -> list[str]:
    if not isinstance(run.record.plan, Mapping):
        return []
    from penstock.orchestration.plan import Plan

    return Plan.from_json(run.record.plan).node(node).upstream
