"""Executions as the launcher records them: one begins, fails, or is seen to be dead."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.errors import PenstockError, StoreError
from penstock.events import NodeState
from penstock.metadata import contexts, leases, places, provenance, runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import Execution, ExecutionState, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import check_text, cleaned
from penstock.metadata.records import Lease, NodeRecord
from penstock.storage.input_files import InputFile

__all__ = ["Attempt", "begin", "end", "fail", "insert_attempt", "mark_failed"]

# A dot is in no parameter's name, so this custom property never meets one.
_ERROR_PROPERTY = "penstock.error"
_ERROR_LENGTH = 10_000
_INT64 = 2**63
_FAILURES = {NodeState.FAILED: ExecutionState.FAILED, NodeState.CANCELED: ExecutionState.CANCELED}


@dataclass(frozen=True)
class Attempt:
    """What a node of a run is about to do.

    Attributes:
        inputs: Ids of the artifacts it reads, by input.
        files: The input files that it is given, by parameter.
        places: For the id of its execution, where it is going to write: payloads, and temporary files.
    """

    run_id: str
    node_id: str
    component: str
    inputs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    log: str | None = None
    reason: str = ""
    places: Callable[[int], tuple[str, str]] | None = None
    files: Mapping[str, Sequence[InputFile]] = field(default_factory=dict)


def begin(transaction: Transaction, attempt: Attempt, owner: str, lease_seconds: float) -> Lease:
    """Records that an execution runs, what it reads and with which parameters, and leases it to the owner."""
    execution_id = insert_attempt(transaction, attempt, ExecutionState.RUNNING)
    runs.put_node(
        transaction,
        NodeRecord(
            attempt.run_id,
            attempt.node_id,
            attempt.component,
            NodeState.RUNNING,
            execution_id,
            attempt.reason,
            started_ms=transaction.now,
            log=attempt.log,
        ),
    )
    if attempt.places is not None:
        places.note(transaction, execution_id, owner, *attempt.places(execution_id))
    return leases.grant(transaction, execution_id, attempt.run_id, attempt.node_id, owner, lease_seconds)


def insert_attempt(
    transaction: Transaction,
    attempt: Attempt,
    state: ExecutionState,
    *,
    source_id: int | None = None,
    read_as: EventType = EventType.INPUT,
    blocked: bool = False,
    note: str = "",
) -> int:
    """Inserts an execution with its parameters, contexts and inputs, and returns its id.

    Args:
        transaction: The transaction to do it in.
        attempt: What it does.
        state: How it stands.
        source_id: The execution whose results it reuses, if it does.
        read_as: The type of the events for its inputs.
        blocked: Whether it is a gate that holds the run back.
        note: A short sentence for people.
    """
    pipeline = runs.pipeline_of(transaction, attempt.run_id)
    where = f"of node {attempt.node_id}"
    custom = {name: _as_property(value, f"Parameter {name} {where}") for name, value in attempt.parameters.items()}
    put_type(transaction, Type(TypeKind.EXECUTION, attempt.component))
    (stored,) = insert(transaction, [Execution(type=attempt.component, state=state, custom_properties=custom)])
    execution_id = int(stored.id or 0)
    context_ids = contexts.of_node(transaction, pipeline, attempt.run_id, attempt.node_id)
    links.associate(transaction, context_ids, [execution_id])
    # MLMD allows one event of a type between two nodes: what is read under several names has all of them in its path.
    read: dict[int, tuple[str | int, ...]] = {}
    for name, ids in attempt.inputs.items():
        for index, artifact_id in enumerate(ids):
            read[artifact_id] = (*read.get(artifact_id, ()), name, index)
    links.put_events(transaction, [Event(one, execution_id, read_as, path) for one, path in read.items()])
    links.attribute(transaction, context_ids, read)
    transaction.execute(
        "INSERT INTO penstock_execution (execution_id, run_id, node_id, source_id, cache_key, parameters, log, blocked,"
        " note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        execution_id,
        attempt.run_id,
        attempt.node_id,
        execution_id if source_id is None else source_id,
        attempt.key,
        runs.dump(dict(attempt.parameters), f"The parameters {where}"),
        attempt.log,
        blocked,
        cleaned(note),
    )
    provenance.put_files(transaction, execution_id, attempt.files)
    return execution_id


def fail(
    transaction: Transaction, lease: Lease, state: NodeState, error: PenstockError | None, *, cleared: bool
) -> None:
    """Records that an execution failed or was canceled, and why; ``cleared`` says that it left nothing behind."""
    leases.release(transaction, lease)
    if cleared:
        places.forget(transaction, [lease.execution_id])
    mark_failed(transaction, lease, state, error)


def mark_failed(transaction: Transaction, lease: Lease, state: NodeState, error: PenstockError | None) -> None:
    """Writes the end of an execution that gave no results, whether or not its lease is still held."""
    if state not in _FAILURES:
        raise StoreError(f"An execution cannot fail with the state {state}.", hint="Use FAILED or CANCELED.")
    # An error may carry any value as a fact; none of them must keep it from being recorded.
    text = None if error is None else json.dumps(error.to_json(), default=str)
    message = "" if error is None else error.message
    end(transaction, lease, _FAILURES[state], state, reason=message.partition("\n")[0], error=text)
    transaction.execute("UPDATE penstock_execution SET error = ? WHERE execution_id = ?", text, lease.execution_id)
    if error is not None:
        # Whatever the text holds must not keep the failure from being recorded, nor MLMD's client from reading it.
        clean = cleaned(message[:_ERROR_LENGTH])
        transaction.execute(
            "INSERT INTO ExecutionProperty (execution_id, name, is_custom_property, string_value) VALUES (?, ?, ?, ?)",
            lease.execution_id,
            _ERROR_PROPERTY,
            True,
            f"{type(error).__name__}: {clean}",
        )


def end(
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
    """Writes how an execution ended, and how its node stands unless that has begun again meanwhile.

    Without a reason the one stays that it began with.
    """
    transaction.execute(
        "UPDATE Execution SET last_known_state = ?, last_update_time_since_epoch = ? WHERE id = ?",
        int(mlmd_state),
        transaction.now,
        lease.execution_id,
    )
    transaction.execute(
        "UPDATE penstock_node SET state = ?, ended_ms = ?, reason = coalesce(?, reason), error = ?, blocked = ?,"
        " note = ?"
        " WHERE run_id = ? AND node_id = ? AND execution_id = ?",
        str(state),
        transaction.now,
        cleaned(reason) or None,
        error,
        blocked,
        cleaned(note),
        lease.run_id,
        lease.node_id,
        lease.execution_id,
    )


def _as_property(value: Any, where: str) -> int | float | str | bool:
    """A parameter as MLMD's clients are shown it: JSON text where it is no plain value, as TFX does."""
    if isinstance(value, bool | float) or (isinstance(value, int) and -_INT64 <= value < _INT64):
        return value
    return check_text(value if isinstance(value, str) else runs.dump(value, where), where)
