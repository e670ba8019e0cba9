"""Results: published by the execution that made them, found again by their key, reused by later ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from penstock.events import NodeState
from penstock.gates import Verdict
from penstock.metadata import artifacts, contexts, executions, leases, places, runs
from penstock.metadata.database import Transaction
from penstock.metadata.executions import Attempt
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, ExecutionState, insert, live
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import Kind, check_text, cleaned
from penstock.metadata.records import (
    CachedResult,
    Lease,
    MetricRecord,
    NewArtifact,
    NodeRecord,
    StoredArtifact,
    VerdictRecord,
)

__all__ = ["answer", "find_cached", "metrics", "publish", "put_key", "reuse", "verdicts", "was_answered"]


def publish(
    transaction: Transaction,
    lease: Lease,
    outputs: Mapping[str, Sequence[NewArtifact]],
    *,
    key: str | None,
    verdicts: Iterable[Verdict],
    metrics: Iterable[tuple[str, float, int | None]],
    blocked: bool,
    note: str,
) -> dict[str, list[StoredArtifact]]:
    """Makes the results of an execution known, all of them or none."""
    leases.release(transaction, lease)
    places.forget(transaction, [lease.execution_id])
    stored = _put_artifacts(transaction, lease, outputs)
    _put_verdicts(transaction, lease.execution_id, verdicts)
    _put_metrics(transaction, lease.execution_id, metrics)
    if key is not None:
        put_key(transaction, key, lease.execution_id)
    executions.end(transaction, lease, ExecutionState.COMPLETE, NodeState.COMPLETE, blocked=blocked, note=note)
    transaction.execute(
        "UPDATE penstock_execution SET cache_key = coalesce(?, cache_key), blocked = ?, note = ?"
        " WHERE execution_id = ?",
        key,
        blocked,
        cleaned(note),
        lease.execution_id,
    )
    return stored


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
    made = [one for one in links.events(transaction, execution_ids=[row.execution_id]) if one.type is EventType.OUTPUT]
    found = artifacts.hydrate(transaction, (event.artifact_id for event in made))
    if any(one.state != ArtifactState.LIVE.name for one in found.values()):
        return None
    placed = sorted((*place, event.artifact_id) for event in made for place in artifacts.places(event))
    outputs: dict[str, list[StoredArtifact]] = {}
    for name, _, artifact_id in placed:
        outputs.setdefault(name, []).append(found[artifact_id])
    said = transaction.rows(
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
        tuple(Verdict.from_json(runs.load(one[0])) for one in said),
    )


def reuse(
    transaction: Transaction,
    attempt: Attempt,
    cached: CachedResult,
    reason: str,
    *,
    as_before: bool = False,
) -> int | None:
    """Records that a node took the results of an earlier execution, and returns the new execution's id.

    With ``as_before`` its inputs and parameters are those of the earlier execution, not the attempt's. Nothing is
    recorded, and None returned, if one of the results is no longer LIVE: it was collected since they were found.
    """
    if not _are_live(transaction, cached.outputs):
        return None
    if as_before:
        before = artifacts.execution(transaction, cached.execution_id)
        attempt = replace(attempt, inputs=before.inputs, parameters=before.parameters)
    source = transaction.row("SELECT source_id FROM penstock_execution WHERE execution_id = ?", cached.execution_id)
    execution_id = executions.insert_attempt(
        transaction,
        attempt,
        ExecutionState.CACHED,
        source_id=source.source_id,
        blocked=cached.blocked,
        note=cached.note,
    )
    _hand_on(transaction, attempt, execution_id, cached.outputs, EventType.OUTPUT)
    node = _ended_now(transaction, attempt, execution_id, NodeState.REUSED, reason)
    runs.put_node(transaction, replace(node, blocked=cached.blocked, note=cached.note))
    return execution_id


def answer(
    transaction: Transaction, attempt: Attempt, outputs: Mapping[str, Sequence[StoredArtifact]], reason: str
) -> bool | None:
    """Records what a resolver's query was answered with; returns whether the same answer was given before.

    It is recorded with internal events, as TFX does: looking an artifact up makes nothing of it. Nothing is recorded,
    and None returned, if the answer is no longer LIVE.
    """
    assert attempt.key is not None
    if not _are_live(transaction, outputs):
        return None
    before = _known(transaction, attempt.key)
    execution_id = executions.insert_attempt(
        transaction,
        attempt,
        ExecutionState.COMPLETE if before is None else ExecutionState.CACHED,
        source_id=None if before is None else before[0],
        read_as=EventType.INTERNAL_INPUT,
        note=reason,
    )
    _hand_on(transaction, attempt, execution_id, outputs, EventType.INTERNAL_OUTPUT)
    if before is None:
        put_key(transaction, attempt.key, execution_id)
    state = NodeState.COMPLETE if before is None else NodeState.REUSED
    node = _ended_now(transaction, attempt, execution_id, state, reason)
    runs.put_node(transaction, replace(node, note=reason))
    return before is not None


def was_answered(transaction: Transaction, key: str) -> bool:
    """Whether `answer` was given this key before."""
    return _known(transaction, key) is not None


def _known(transaction: Transaction, key: str) -> Any:
    return transaction.row("SELECT execution_id FROM penstock_cache WHERE key = ? AND valid = ?", key, True)


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
        "SELECT m.name, m.value, m.step FROM penstock_execution e"
        " JOIN penstock_metric m ON m.execution_id = e.source_id WHERE e.execution_id = ? ORDER BY m.position",
        execution_id,
    )
    return [MetricRecord(row.name, math.nan if row.value is None else row.value, row.step) for row in rows]


def _put_artifacts(
    transaction: Transaction, lease: Lease, outputs: Mapping[str, Sequence[NewArtifact]]
) -> dict[str, list[StoredArtifact]]:
    places = [(name, index, new) for name, several in outputs.items() for index, new in enumerate(several)]
    for _, _, new in places:
        put_type(transaction, _type_of(new))
    nodes = insert(
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
    pipeline = runs.pipeline_of(transaction, lease.run_id)
    context_ids = contexts.of_node(transaction, pipeline, lease.run_id, lease.node_id)
    links.attribute(transaction, context_ids, (int(node.id or 0) for node in nodes))
    made: list[Event] = []
    content: list[tuple[int, str, str, int | None]] = []
    stored: dict[str, list[StoredArtifact]] = {name: [] for name in outputs}
    for node, (name, index, new) in zip(nodes, places, strict=True):
        artifact_id = int(node.id or 0)
        made.append(Event(artifact_id, lease.execution_id, EventType.OUTPUT, (name, index)))
        if new.digest is not None:
            content.append((artifact_id, new.algorithm, new.digest, new.size))
        stored[name].append(_stored(node, new, lease, pipeline, name))
    links.put_events(transaction, made, certain=True)
    transaction.many("INSERT INTO penstock_content (artifact_id, algorithm, digest, size) VALUES (?, ?, ?, ?)", content)
    return stored


def _type_of(new: NewArtifact) -> Type:
    declares, base = new.declares, new.base_type
    if declares is None:
        from penstock.artifacts import find_type

        known = find_type(new.type)
        if known is None:
            declares = {name: type(value) for name, value in new.properties.items()}
        else:
            declares, base = known.declares, known.base_type
    return Type(TypeKind.ARTIFACT, new.type, {name: Kind.of(kind) for name, kind in declares.items()}, base)


def _stored(node: Artifact, new: NewArtifact, lease: Lease, pipeline: str, output: str) -> StoredArtifact:
    return StoredArtifact(
        id=int(node.id or 0),
        type=node.type,
        uri=node.uri,
        state=node.state.name,
        properties=node.properties,
        custom_properties=node.custom_properties,
        digest=new.digest,
        algorithm=new.algorithm if new.digest is not None else None,
        size=new.size if new.digest is not None else None,
        created_ms=node.created_ms or 0,
        updated_ms=node.updated_ms or 0,
        execution_id=lease.execution_id,
        pipeline=pipeline,
        run_id=lease.run_id,
        node_id=lease.node_id,
        output=output,
    )


def _are_live(transaction: Transaction, outputs: Mapping[str, Sequence[StoredArtifact]]) -> bool:
    """Whether all of them are LIVE; a collection comes before this transaction, or sees what it records."""
    ids = {one.id for several in outputs.values() for one in several}
    return live(transaction, ids) == ids


def _hand_on(
    transaction: Transaction,
    attempt: Attempt,
    execution_id: int,
    outputs: Mapping[str, Sequence[StoredArtifact]],
    made_as: EventType,
) -> None:
    """Records artifacts that are there already as the outputs of an execution."""
    paths: dict[int, tuple[str | int, ...]] = {}
    for name, several in outputs.items():
        for index, one in enumerate(several):
            paths[one.id] = (*paths.get(one.id, ()), name, index)
    links.put_events(
        transaction, [Event(one, execution_id, made_as, path) for one, path in paths.items()], certain=True
    )
    pipeline = runs.pipeline_of(transaction, attempt.run_id)
    links.attribute(transaction, contexts.of_node(transaction, pipeline, attempt.run_id, attempt.node_id), paths)


def _ended_now(
    transaction: Transaction, attempt: Attempt, execution_id: int, state: NodeState, reason: str
) -> NodeRecord:
    names = (attempt.run_id, attempt.node_id, attempt.component)
    return NodeRecord(*names, state, execution_id, reason, transaction.now, transaction.now, log=attempt.log)


def put_key(transaction: Transaction, key: str, execution_id: int) -> None:
    """Lets the results of an execution be found under a key."""
    transaction.execute(
        "INSERT INTO penstock_cache (key, execution_id, created_ms, valid) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
        " DO UPDATE SET execution_id = excluded.execution_id, created_ms = excluded.created_ms, valid = excluded.valid",
        key,
        execution_id,
        transaction.now,
        True,
    )


def _put_verdicts(transaction: Transaction, execution_id: int, verdicts: Iterable[Verdict]) -> None:
    transaction.many(
        "INSERT INTO penstock_verdict (execution_id, position, check_name, outcome, subject, verdict)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                execution_id,
                at,
                cleaned(one.check),
                one.outcome,
                cleaned(one.subject),
                runs.dump(one.to_json(), f"The verdict on {one.check}"),
            )
            for at, one in enumerate(verdicts)
        ],
    )


def _put_metrics(transaction: Transaction, execution_id: int, metrics: Iterable[tuple[str, float, int | None]]) -> None:
    transaction.many(
        "INSERT INTO penstock_metric (execution_id, position, name, step, value) VALUES (?, ?, ?, ?, ?)",
        [
            (execution_id, at, check_text(name, "A metric's name"), step, None if math.isnan(value) else float(value))
            for at, (name, value, step) in enumerate(metrics)
        ],
    )
