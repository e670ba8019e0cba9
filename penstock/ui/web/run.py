"""The page of one run: its graph, its nodes, what the gates found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.events import NodeState, RunState
from penstock.gates import Verdict
from penstock.metadata.records import NodeRecord, RunRecord
from penstock.orchestration.plan import Plan
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.runs import Progress, is_lost, progress_of, seconds_of

__all__ = ["Made", "NodeRow", "RunPage", "VerdictRow", "node_rows", "run_page", "state_of"]


@dataclass(frozen=True)
class Made:
    """An artifact that a node put out."""

    output: str
    id: int
    type: str


@dataclass(frozen=True)
class NodeRow:
    """A node as it stands in a run.

    Attributes:
        state: A node's state; ``blocks`` for a gate that did its work and holds the run back, ``not run`` for a node
            that was never begun in a run that has ended.
        upstream: The nodes that it waits for; True for those of which it reads something.
        log: Whether there is a log file.
    """

    id: str
    component: str
    state: str
    seconds: float | None
    reason: str
    note: str
    upstream: Mapping[str, bool]
    outputs: tuple[Made, ...]
    log: bool
    error: Mapping[str, Any] | None


@dataclass(frozen=True)
class VerdictRow:
    """What a gate found in one check."""

    node: str
    verdict: Verdict


@dataclass(frozen=True)
class RunPage:
    """One run."""

    id: str
    pipeline: str
    state: str
    started_ms: int | None
    ended_ms: int | None
    seconds: float | None
    progress: Progress
    profile: str | None
    user: str | None
    git_commit: str | None
    dirty: bool | None
    penstock_version: str | None
    packages: Mapping[str, str]
    origin: str | None
    nodes: tuple[NodeRow, ...]
    verdicts: tuple[VerdictRow, ...]

    @property
    def running(self) -> bool:
        """Whether it may still change."""
        return self.state == RunState.RUNNING

    @property
    def failed(self) -> tuple[NodeRow, ...]:
        """The nodes to look at first."""
        return tuple(node for node in self.nodes if node.state == NodeState.FAILED)


def state_of(run: RunRecord) -> str:
    """The state of a run, or ``lost`` where its process is gone."""
    return "lost" if is_lost(run) else str(run.state)


def run_page(reader: StoreReader, run_id: str, now_ms: int) -> RunPage:
    """The page of a run; an id that no run has is a `UsageError`."""
    store = reader.store()
    run = store.run(run_id)
    nodes = store.nodes(run.id)
    return RunPage(
        id=run.id,
        pipeline=run.pipeline,
        state=state_of(run),
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        seconds=seconds_of(run.started_ms, run.ended_ms, now_ms, running=state_of(run) == RunState.RUNNING),
        progress=progress_of(run, nodes),
        profile=run.profile,
        user=run.user,
        git_commit=run.git_commit,
        dirty=run.dirty,
        penstock_version=run.penstock_version,
        packages=dict(run.packages or {}),
        origin=run.origin,
        nodes=node_rows(reader, run, nodes, now_ms),
        verdicts=tuple(VerdictRow(one.node_id, one.verdict) for one in store.verdicts(run.id)),
    )


def node_rows(reader: StoreReader, run: RunRecord, nodes: list[NodeRecord], now_ms: int) -> tuple[NodeRow, ...]:
    """The nodes of a run in the order of its plan; those that only the store knows come last."""
    plan = None if run.plan is None else Plan.from_json(run.plan)
    records = {node.node_id: node for node in nodes}
    running = state_of(run) == RunState.RUNNING
    rows = []
    for planned in plan.nodes if plan else ():
        read = {source.node for source in (*planned.inputs.values(), *planned.values.values())}
        upstream = {name: name in read for name in planned.upstream}
        record = records.pop(planned.id, None)
        if record is None:
            state = "pending" if running else "not run"
            rows.append(
                NodeRow(planned.id, planned.component, state, None, "", "", upstream, (), log=False, error=None)
            )
        else:
            rows.append(_row(reader, record, upstream, now_ms, running=running))
    # A run of another tool has no plan: what its nodes read of each other is known all the same.
    reads = {} if plan else reader.store().reads(run.id)
    return (
        *rows,
        *(
            _row(reader, record, dict.fromkeys(reads.get(record.node_id, ()), True), now_ms, running=running)
            for record in records.values()
        ),
    )


def _row(
    reader: StoreReader, record: NodeRecord, upstream: Mapping[str, bool], now_ms: int, *, running: bool
) -> NodeRow:
    state = str(record.state)
    if record.state is NodeState.RUNNING and not running:
        state = "lost"
    elif record.blocked and record.state in (NodeState.COMPLETE, NodeState.REUSED):
        state = "blocks"
    return NodeRow(
        id=record.node_id,
        component=record.component,
        state=state,
        seconds=seconds_of(record.started_ms, record.ended_ms, now_ms, running=state == NodeState.RUNNING),
        reason=record.reason,
        note=record.note,
        upstream=upstream,
        outputs=_made(reader, record),
        log=bool(record.log),
        error=record.error,
    )


def _made(reader: StoreReader, record: NodeRecord) -> tuple[Made, ...]:
    execution_id = record.execution_id
    if execution_id is None or record.ended_ms is None:
        return ()

    def look_up() -> tuple[Made, ...]:
        store = reader.store()
        outputs = store.execution(execution_id).outputs
        return tuple(
            Made(name, artifact_id, store.artifact(artifact_id).type)
            for name, several in outputs.items()
            for artifact_id in several
        )

    return reader.remember(("made", execution_id), look_up)
