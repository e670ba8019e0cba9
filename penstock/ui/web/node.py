"""The page of one node in a run: its error first, why it ran or not, what it read, was told and made, its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.errors import UsageError, did_you_mean
from penstock.events import RunState
from penstock.metadata.records import NodeRecord, RunRecord, StoredExecution
from penstock.orchestration.plan import Plan, PlanNode
from penstock.ui.web.log_file import LogTail, log_tail
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.run import NodeRow, VerdictRow, node_rows, state_of

__all__ = ["ArtifactLink", "Metric", "NodePage", "Parameter", "Port", "log_of", "node_page"]


@dataclass(frozen=True)
class ArtifactLink:
    """An artifact by its id."""

    id: int
    type: str


@dataclass(frozen=True)
class Port:
    """An input or output: its artifacts, and for an input the node and output that it is connected to."""

    name: str
    artifacts: tuple[ArtifactLink, ...]
    node: str | None = None
    output: str | None = None
    type: str | None = None


@dataclass(frozen=True)
class Parameter:
    """A parameter; ``node`` is the one that computed it, where its value is not written in the pipeline."""

    name: str
    value: Any
    node: str | None = None


@dataclass(frozen=True)
class Metric:
    """A number that the node recorded."""

    name: str
    value: float
    step: int | None


@dataclass(frozen=True)
class NodePage:
    """One node of one run.

    Attributes:
        source: The run whose results it reused, if it did.
        log: The end of its log; of the execution that did the work, where this one reused it.
    """

    run: str
    pipeline: str
    run_state: str
    node: NodeRow
    source: str | None
    started_ms: int | None
    ended_ms: int | None
    execution: int | None
    key: str | None
    ref: str | None
    version: str | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    parameters: tuple[Parameter, ...]
    verdicts: tuple[VerdictRow, ...]
    metrics: tuple[Metric, ...]
    log: LogTail | None

    @property
    def running(self) -> bool:
        """Whether it may still change."""
        return self.run_state == RunState.RUNNING and self.node.state in ("pending", "running")


def node_page(reader: StoreReader, run_id: str, node_id: str, now_ms: int) -> NodePage:
    """The page of a node; a run or node that is not there is a `UsageError`."""
    store = reader.store()
    run = store.run(run_id)
    records = store.nodes(run.id)
    rows = {row.id: row for row in node_rows(reader, run, records, now_ms)}
    if node_id not in rows:
        raise UsageError(f"Run {run.id} has no node {node_id!r}.", hint=did_you_mean(node_id, rows))
    record = next((one for one in records if one.node_id == node_id), None)
    planned = _planned(run, node_id)
    execution = store.execution(record.execution_id) if record and record.execution_id is not None else None
    source = _source(reader, execution)
    return NodePage(
        run=run.id,
        pipeline=run.pipeline,
        run_state=state_of(run),
        node=rows[node_id],
        source=source.run_id if source else None,
        started_ms=record.started_ms if record else None,
        ended_ms=record.ended_ms if record else None,
        execution=execution.id if execution else None,
        key=execution.key if execution else None,
        ref=planned.ref if planned else None,
        version=planned.version if planned else None,
        inputs=_inputs(reader, execution, planned),
        outputs=_outputs(reader, execution, planned),
        parameters=_parameters(execution, planned),
        verdicts=tuple(
            VerdictRow(one.node_id, one.verdict) for one in store.verdicts(run.id) if one.node_id == node_id
        ),
        metrics=tuple(Metric(one.name, one.value, one.step) for one in store.metrics(execution.id))
        if execution
        else (),
        log=_tail(record, source),
    )


def log_of(reader: StoreReader, run_id: str, node_id: str) -> str:
    """The path of a node's log; for a node that reused a result, of the execution that made it."""
    store = reader.store()
    run = store.run(run_id)
    record = next((one for one in store.nodes(run.id) if one.node_id == node_id), None)
    execution = store.execution(record.execution_id) if record and record.execution_id is not None else None
    source = _source(reader, execution)
    log = (source.log if source else None) or (record.log if record else None)
    if log is None:
        raise UsageError(f"Node {node_id} of run {run.id} has no log.", hint="Nodes that did not run have none.")
    return log


def _planned(run: RunRecord, node_id: str) -> PlanNode | None:
    plan = None if run.plan is None else Plan.from_json(run.plan)
    return next((one for one in plan.nodes if one.id == node_id), None) if plan else None


def _source(reader: StoreReader, execution: StoredExecution | None) -> StoredExecution | None:
    if execution is None or execution.source_id in (None, execution.id):
        return None
    return reader.store().execution(execution.source_id)


def _tail(record: NodeRecord | None, source: StoredExecution | None) -> LogTail | None:
    log = (source.log if source else None) or (record.log if record else None)
    return None if log is None else log_tail(log)


def _links(reader: StoreReader, ids: list[int]) -> tuple[ArtifactLink, ...]:
    return tuple(ArtifactLink(one, reader.store().artifact(one).type) for one in ids)


def _inputs(reader: StoreReader, execution: StoredExecution | None, planned: PlanNode | None) -> tuple[Port, ...]:
    read: Mapping[str, list[int]] = execution.inputs if execution else {}
    sources = planned.inputs if planned else {}
    return tuple(
        Port(
            name,
            _links(reader, read.get(name, [])),
            sources[name].node if name in sources else None,
            sources[name].output if name in sources else None,
        )
        for name in dict.fromkeys([*sources, *read])
    )


def _outputs(reader: StoreReader, execution: StoredExecution | None, planned: PlanNode | None) -> tuple[Port, ...]:
    made: Mapping[str, list[int]] = execution.outputs if execution else {}
    types = planned.outputs if planned else {}
    return tuple(
        Port(name, _links(reader, made.get(name, [])), type=types.get(name)) for name in dict.fromkeys([*types, *made])
    )


def _parameters(execution: StoredExecution | None, planned: PlanNode | None) -> tuple[Parameter, ...]:
    values = dict(planned.parameters) if planned else {}
    values |= execution.parameters if execution else {}
    sources = planned.values if planned else {}
    return tuple(
        Parameter(name, values.get(name), sources[name].node if name in sources else None)
        for name in dict.fromkeys([*values, *sources])
    )
