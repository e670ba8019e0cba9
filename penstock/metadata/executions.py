"""What the launcher writes: an execution begins, then is published, fails, is reused or skipped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.errors import PenstockError, StoreError
from penstock.events import NodeState
from penstock.gates import Verdict
from penstock.metadata import artifacts, contexts, leases, runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Execution, ExecutionState, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import Kind, check_text
from penstock.metadata.records import (
    CachedResult,
    Lease,
    MetricRecord,
    NewArtifact,
    NodeRecord,
    StoredArtifact,
    VerdictRecord,
)

__all__ = ["answer", "begin", "fail", "find_cached", "mark_failed", "metrics", "publish", "reuse", "verdicts"]

# A dot is in no parameter's name, so this custom property never meets one.
_ERROR_PROPERTY = "penstock.error"
_ERROR_LENGTH = 10_000
_EXACT_INT = 2**63


def begin(
    transaction: Transaction,
    run_id: str,
    node_id: str,
    component: str,
    *,
    inputs: Mapping[str, Sequence[int]],
    parameters: Mapping[str, Any],
    key: str | None,
    owner: str,
    log: str | None,
    lease_seconds: float,
) -> Lease:
    """Records that an execution runs, what it reads and with which parameters, and leases it to the owner."""
    execution_id = _insert(
        transaction,
        run_id,
        node_id,
        component,
        ExecutionState.RUNNING,
        inputs=inputs,
        parameters=parameters,
        key=key,
        log=log,
    )
    node = NodeRecord(run_id, node_id, component, NodeState.RUNNING, execution_id, started_ms=transaction.now, log=log)
    runs.put_node(transaction, node)
    return leases.grant(transaction, execution_id, run_id, node_id, owner, lease_seconds)


def publish(
    transaction: Transaction,
    lease: Lease,
    *,
    outputs: Mapping[str, Sequence[NewArtifact]],
    key: str | None,
    verdicts: Iterable[Verdict],
    metrics: Iterable[MetricRecord],
    blocked: bool,
    note: str,
) -> dict[str, list[StoredArtifact]]:
    """Makes the results of an execution known, all of them or none."""
    leases.release(transaction, lease)
    execution_id = lease.execution_id
    places = [(name, index, new) for name, several in outputs.items() for index, new in enumerate(several)]
    for new in {new.type: new for _, _, new in places}.values():
        declares = {name: Kind.of(kind) for name, kind in new.declares.items()}
        put_type(transaction, Type(TypeKind.ARTIFACT, new.type, declares, new.base_type))
    stored = insert(
        transaction,
        [
            Artifact(
                type=new.type,
                uri=new.uri,
                state=ArtifactState.LIVE,
                properties=new.properties,
                custom_properties=new.custom_properties,
            )
            for _, _, new in places
        ],
    )
    ids = [int(one.id or 0) for one in stored]
    pipeline = runs.pipeline_of(transaction, lease.run_id)
    context_ids = contexts.of_node(transaction, pipeline, lease.run_id, lease.node_id)
    links.attribute(transaction, context_ids, ids)
    made = zip(ids, places, strict=True)
    links.put_events(
        transaction, [Event(one, execution_id, EventType.OUTPUT, (name, index)) for one, (name, index, _) in made]
    )
    transaction.many(
        "INSERT INTO penstock_content (artifact_id, algorithm, digest, size) VALUES (?, ?, ?, ?)",
        [
            (one, new.algorithm, new.digest, new.size)
            for one, (_, _, new) in zip(ids, places, strict=True)
            if new.digest is not None
        ],
    )
    _put_verdicts(transaction, execution_id, verdicts)
    _put_metrics(transaction, execution_id, metrics)
    if key is not None:
        _put_cache(transaction, key, execution_id)
    _end(transaction, lease, ExecutionState.COMPLETE, NodeState.COMPLETE, blocked=blocked, note=note)
    transaction.execute(
        "UPDATE penstock_execution SET cache_key = coalesce(?, cache_key), blocked = ?, note = ? WHERE execution_id = ?",
        key,
        blocked,
        note,
        execution_id,
    )
    return _by_output(
        (name, index, _stored(one, new, lease, pipeline, name))
        for one, (name, index, new) in zip(stored, places, strict=True)
    )


def _put_cache(transaction: Transaction, key: str, execution_id: int) -> None:
    transaction.execute(
        "INSERT INTO penstock_cache (key, execution_id, created_ms, valid) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
        " DO UPDATE SET execution_id = excluded.execution_id, created_ms = excluded.created_ms, valid = excluded.valid",
        key,
        execution_id,
        transaction.now,
        True,
    )


def fail(transaction: Transaction, lease: Lease, state: NodeState, error: PenstockError | None) -> None:
    """Records that an execution failed or was canceled, and why."""
    leases.release(transaction, lease)
    mlmd_state = {NodeState.FAILED: ExecutionState.FAILED, NodeState.CANCELED: ExecutionState.CANCELED}.get(state)
    if mlmd_state is None:
        raise StoreError(f"An execution cannot fail with the state {state}.", hint="Use FAILED or CANCELED.")
    mark_failed(transaction, lease.run_id, lease.node_id, lease.execution_id, mlmd_state, state, error)


def mark_failed(
    transaction: Transaction,
    run_id: str,
    node_id: str,
    execution_id: int,
    mlmd_state: ExecutionState,
    state: NodeState,
    error: PenstockError | None,
) -> None:
    """Writes the end of an execution that gave no results, whoever held its lease."""
    lease = Lease(execution_id, 0, run_id, node_id, 0)
    text = None if error is None else runs.dump(error.to_json(), "The error")
    _end(transaction, lease, mlmd_state, state, reason="" if error is None else error.message, error=text)
    transaction.execute("UPDATE penstock_execution SET error = ? WHERE execution_id = ?", text, execution_id)
    if error is not None:
        # Whatever the text holds, it must not keep the failure from being recorded.
        message = str(error).replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
        transaction.execute(
            "INSERT INTO ExecutionProperty (execution_id, name, is_custom_property, string_value) VALUES (?, ?, ?, ?)",
            execution_id,
            _ERROR_PROPERTY,
            True,
            "error: " + message[:_ERROR_LENGTH],
        )


def reuse(
    transaction: Transaction,
    run_id: str,
    node_id: str,
    component: str,
    key: str,
    cached: CachedResult,
    reason: str,
    *,
    inputs: Mapping[str, Sequence[int]] | None,
    parameters: Mapping[str, Any] | None,
    log: str | None,
) -> int:
    """Records that a node took the results of an earlier execution, and returns the new execution's id."""
    ids = [one.id for several in cached.outputs.values() for one in several]
    live = transaction.rows_in("SELECT id FROM Artifact WHERE id IN ({}) AND state = ?", ids, int(ArtifactState.LIVE))
    if len(live) != len(set(ids)):
        raise StoreError(f"Node {node_id}: a result to reuse is no longer in the store.", hint="Run the node again.")
    source = artifacts.execution(transaction, cached.execution_id)
    execution_id = _insert(
        transaction,
        run_id,
        node_id,
        component,
        ExecutionState.CACHED,
        inputs=source.inputs if inputs is None else inputs,
        parameters=source.parameters if parameters is None else parameters,
        key=key,
        log=log,
        source_id=source.source_id or source.id,
        blocked=cached.blocked,
        note=cached.note,
    )
    outputs = [
        Event(one.id, execution_id, EventType.OUTPUT, (name, index))
        for name, several in cached.outputs.items()
        for index, one in enumerate(several)
    ]
    links.put_events(transaction, outputs)
    pipeline = runs.pipeline_of(transaction, run_id)
    links.attribute(transaction, contexts.of_node(transaction, pipeline, run_id, node_id), ids)
    at = transaction.now
    node = NodeRecord(
        run_id,
        node_id,
        component,
        NodeState.REUSED,
        execution_id,
        reason,
        at,
        at,
        None,
        log,
        cached.blocked,
        cached.note,
    )
    runs.put_node(transaction, node)
    return execution_id


def find_cached(transaction: Transaction, key: str) -> CachedResult | None:
    """The results published under a key, unless one of their artifacts is no longer LIVE."""
    row = transaction.row(
        "SELECT c.execution_id, c.created_ms, e.run_id, e.source_id, e.blocked, e.note FROM penstock_cache c"
        " JOIN penstock_execution e ON e.execution_id = c.execution_id WHERE c.key = ? AND c.valid = ?",
        key,
        True,
    )
    if row is None:
        return None
    events = [
        event for event in links.events(transaction, execution_ids=[row.execution_id]) if event.type is EventType.OUTPUT
    ]
    found = artifacts.hydrate(transaction, (event.artifact_id for event in events))
    if any(one.state != ArtifactState.LIVE.name for one in found.values()):
        return None
    outputs = _by_output((*place, found[event.artifact_id]) for event in events for place in artifacts.places(event))
    found_verdicts = transaction.rows(
        "SELECT verdict FROM penstock_verdict WHERE execution_id = ? ORDER BY position", row.source_id
    )
    return CachedResult(
        key,
        row.execution_id,
        row.run_id,
        outputs,
        row.created_ms,
        bool(row.blocked),
        row.note,
        tuple(Verdict.from_json(runs.load(each.verdict)) for each in found_verdicts),
    )


def answer(
    transaction: Transaction,
    run_id: str,
    node_id: str,
    component: str,
    key: str,
    *,
    inputs: Mapping[str, Sequence[int]],
    outputs: Mapping[str, Sequence[StoredArtifact]],
    reason: str,
) -> bool:
    """Records what a resolver's query found, and returns whether the same key had the same answer before."""
    before = find_cached(transaction, key)
    same = before is not None and {name: [one.id for one in several] for name, several in before.outputs.items()} == {
        name: [one.id for one in several] for name, several in outputs.items() if several
    }
    state = ExecutionState.CACHED if same else ExecutionState.COMPLETE
    execution_id = _insert(
        transaction, run_id, node_id, component, state, inputs=inputs, parameters={}, key=key, log=None, note=reason
    )
    found = [
        Event(one.id, execution_id, EventType.OUTPUT, (name, index))
        for name, several in outputs.items()
        for index, one in enumerate(several)
    ]
    links.put_events(transaction, found)
    if not same:
        _put_cache(transaction, key, execution_id)
    at = transaction.now
    node_state = NodeState.REUSED if same else NodeState.COMPLETE
    runs.put_node(
        transaction, NodeRecord(run_id, node_id, component, node_state, execution_id, reason, at, at, note=reason)
    )
    return same


def _insert(
    transaction: Transaction,
    run_id: str,
    node_id: str,
    component: str,
    state: ExecutionState,
    *,
    inputs: Mapping[str, Sequence[int]],
    parameters: Mapping[str, Any],
    key: str | None,
    log: str | None,
    source_id: int | None = None,
    blocked: bool = False,
    note: str = "",
) -> int:
    put_type(transaction, Type(TypeKind.EXECUTION, component))
    custom = {name: _as_property(value, f"Parameter {name} of node {node_id}") for name, value in parameters.items()}
    (stored,) = insert(transaction, [Execution(type=component, state=state, custom_properties=custom)])
    execution_id = int(stored.id or 0)
    pipeline = runs.pipeline_of(transaction, run_id)
    context_ids = contexts.of_node(transaction, pipeline, run_id, node_id)
    links.associate(transaction, context_ids, [execution_id])
    # MLMD allows one event of a type between two nodes: what is read under several names has all of them in its path.
    read: dict[int, tuple[str | int, ...]] = {}
    for name, ids in inputs.items():
        for index, artifact_id in enumerate(ids):
            read[artifact_id] = (*read.get(artifact_id, ()), name, index)
    links.put_events(transaction, [Event(one, execution_id, EventType.INPUT, path) for one, path in read.items()])
    links.attribute(transaction, context_ids, read)
    transaction.execute(
        "INSERT INTO penstock_execution (execution_id, run_id, node_id, source_id, cache_key, parameters, log, blocked,"
        " note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        execution_id,
        run_id,
        node_id,
        execution_id if source_id is None else source_id,
        key,
        runs.dump(dict(parameters), f"The parameters of node {node_id}"),
        log,
        blocked,
        note,
    )
    return execution_id


def _end(
    transaction: Transaction,
    lease: Lease,
    mlmd_state: ExecutionState,
    state: NodeState,
    *,
    reason: str = "",
    error: str | None = None,
    blocked: bool = False,
    note: str = "",
) -> None:
    transaction.execute(
        "UPDATE Execution SET last_known_state = ?, last_update_time_since_epoch = ? WHERE id = ?",
        int(mlmd_state),
        transaction.now,
        lease.execution_id,
    )
    # Only where the node has not been begun again meanwhile.
    transaction.execute(
        "UPDATE penstock_node SET state = ?, ended_ms = ?, reason = ?, error = ?, blocked = ?, note = ?"
        " WHERE run_id = ? AND node_id = ? AND execution_id = ?",
        str(state),
        transaction.now,
        reason,
        error,
        blocked,
        note,
        lease.run_id,
        lease.node_id,
        lease.execution_id,
    )


def _as_property(value: Any, where: str) -> int | float | str | bool:
    """A parameter as MLMD's clients are shown it: JSON text where it is no plain value, as TFX does."""
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int) and -_EXACT_INT <= value < _EXACT_INT:
        return value
    return check_text(value if isinstance(value, str) else runs.dump(value, where), where)


def _put_verdicts(transaction: Transaction, execution_id: int, verdicts: Iterable[Verdict]) -> None:
    transaction.many(
        "INSERT INTO penstock_verdict (execution_id, position, check_name, outcome, subject, verdict)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                execution_id,
                at,
                one.check,
                one.outcome,
                one.subject,
                runs.dump(one.to_json(), f"The verdict on {one.check}"),
            )
            for at, one in enumerate(verdicts)
        ],
    )


def _put_metrics(transaction: Transaction, execution_id: int, metrics: Iterable[MetricRecord]) -> None:
    transaction.many(
        "INSERT INTO penstock_metric (execution_id, position, name, step, value) VALUES (?, ?, ?, ?, ?)",
        [
            (execution_id, at, one.name, one.step, None if math.isnan(one.value) else float(one.value))
            for at, one in enumerate(metrics)
        ],
    )


def _by_output(places: Iterable[tuple[str, int, StoredArtifact]]) -> dict[str, list[StoredArtifact]]:
    outputs: dict[str, list[StoredArtifact]] = {}
    for name, _, one in sorted(places, key=lambda place: place[1]):
        outputs.setdefault(name, []).append(one)
    return outputs


def _stored(artifact: Artifact, new: NewArtifact, lease: Lease, pipeline: str, output: str) -> StoredArtifact:
    return StoredArtifact(
        id=int(artifact.id or 0),
        type=artifact.type,
        uri=artifact.uri,
        state=artifact.state.name,
        properties=artifact.properties,
        custom_properties=artifact.custom_properties,
        digest=new.digest,
        algorithm=new.algorithm if new.digest is not None else None,
        size=new.size if new.digest is not None else None,
        created_ms=artifact.created_ms or 0,
        updated_ms=artifact.updated_ms or 0,
        execution_id=lease.execution_id,
        pipeline=pipeline,
        run_id=lease.run_id,
        node_id=lease.node_id,
        output=output,
    )


def verdicts(transaction: Transaction, run_id: str) -> list[VerdictRecord]:
    """The verdicts of a run's nodes as they stand, in the order of the nodes."""
    rows = transaction.rows(
        "SELECT n.node_id, v.execution_id, v.verdict FROM penstock_node n"
        " JOIN penstock_execution e ON e.execution_id = n.execution_id"
        " JOIN penstock_verdict v ON v.execution_id = e.source_id WHERE n.run_id = ?"
        " ORDER BY n.started_ms, n.execution_id, v.position",
        run_id,
    )
    return [VerdictRecord(row.node_id, row.execution_id, Verdict.from_json(runs.load(row.verdict))) for row in rows]


def metrics(transaction: Transaction, execution_id: int) -> list[MetricRecord]:
    """The metrics of an execution, or of the one whose results it reused."""
    rows = transaction.rows(
        "SELECT m.name, m.value, m.step FROM penstock_execution e JOIN penstock_metric m ON m.execution_id = e.source_id"
        " WHERE e.execution_id = ? ORDER BY m.position",
        execution_id,
    )
    return [MetricRecord(row.name, math.nan if row.value is None else row.value, row.step) for row in rows]
