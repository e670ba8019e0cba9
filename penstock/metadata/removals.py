"""Removing rows from published examples: new artifacts take the place of those that hold them, all at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from penstock.errors import StoreError
from penstock.metadata import collection, contexts, executions, kept, leases, lineage, places, results, runs
from penstock.metadata.database import Transaction
from penstock.metadata.executions import Attempt
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState, live
from penstock.metadata.owners import process_owner
from penstock.metadata.records import Lease, Marked, NewArtifact

__all__ = ["COMPONENT", "Replacement", "begin", "commit", "examples", "outputs_of", "replaced", "source_of"]

COMPONENT = "Forget"
"""The type of the executions that stand for a removal."""

# A process that dies on this host is noticed at once; on another one, after this.
_LEASE_SECONDS = 24 * 3600.0

Replacement = tuple[Lease, int, Mapping[str, NewArtifact]]
"""The lease of a removal's execution, the execution whose result it replaces, and what it made, by output."""


def examples(transaction: Transaction) -> set[int]:
    """Every LIVE artifact of type Examples, of whatever program."""
    rows = transaction.rows(
        "SELECT a.id FROM Artifact a JOIN Type t ON t.id = a.type_id WHERE t.name = 'Examples' AND a.state = ?",
        int(ArtifactState.LIVE),
    )
    return {row.id for row in rows}


def source_of(transaction: Transaction, artifact_id: int) -> int:
    """The last execution whose result the artifact is part of: an earlier removal may have handed it on."""
    row = transaction.row(
        "SELECT max(v.execution_id) AS id FROM Event v JOIN Execution x ON x.id = v.execution_id"
        " JOIN penstock_execution e ON e.execution_id = v.execution_id"
        " WHERE v.artifact_id = ? AND v.type = ? AND x.last_known_state <> ?",
        artifact_id,
        int(EventType.OUTPUT),
        int(ExecutionState.CACHED),
    )
    return int(row.id)


def outputs_of(transaction: Transaction, execution_id: int) -> dict[str, int]:
    """The artifacts that an execution made, by output."""
    made = links.events(transaction, execution_ids=[execution_id])
    return {str(one.path[0]): one.artifact_id for one in made if one.type is EventType.OUTPUT and one.path}


def begin(
    transaction: Transaction, source_id: int, read: Mapping[str, int], writes: Callable[[int], tuple[str, str]]
) -> Lease:
    """Begins the execution that will replace artifacts of a result, and notes where it is going to write.

    It belongs to the run and the node of that result, whose record is left as it is.
    """
    row = _source(transaction, source_id)
    attempt = Attempt(row.run_id, row.node_id, COMPONENT, {name: [one] for name, one in read.items()})
    execution_id = executions.insert_attempt(
        transaction,
        attempt,
        ExecutionState.RUNNING,
        source_id=row.source_id,
        blocked=bool(row.blocked),
        note=row.note,
    )
    owner = process_owner()
    places.note(transaction, execution_id, owner, *writes(execution_id))
    return leases.grant(transaction, execution_id, row.run_id, row.node_id, owner, _LEASE_SECONDS)


def replaced(transaction: Transaction, artifact_ids: Collection[int]) -> set[int]:
    """Everything that was made from these artifacts, and what was made together with them and is no Examples."""
    rows = transaction.rows_in(
        "SELECT o.artifact_id FROM Event v JOIN Event o ON o.execution_id = v.execution_id AND o.type = v.type"
        " JOIN Execution x ON x.id = v.execution_id JOIN Artifact a ON a.id = o.artifact_id"
        " JOIN Type t ON t.id = a.type_id WHERE v.artifact_id IN ({}) AND v.type = ? AND x.last_known_state <> ?"
        " AND t.name <> 'Examples'",
        artifact_ids,
        int(EventType.OUTPUT),
        int(ExecutionState.CACHED),
    )
    beside = {row.artifact_id for row in rows}
    return lineage.reached(transaction, beside | set(artifact_ids), "down") - set(artifact_ids)


def commit(
    transaction: Transaction,
    replacements: Sequence[Replacement],
    held: Collection[int],
    looked_at: Collection[int],
    policy: str,
    *,
    delete_all: bool,
) -> list[Marked]:
    """Publishes what replaces the artifacts that hold rows, marks those, and lets nothing made from them be reused.

    Args:
        transaction: The transaction to do it in.
        replacements: What replaces them.
        held: The artifacts that hold rows.
        looked_at: Every LIVE artifact of type Examples that there was when it was looked for rows.
        policy: What asked for it, without any value.
        delete_all: Delete all that was made from them, and not only other Examples.

    Returns:
        The payloads to be deleted.

    Raises:
        StoreError: Examples were published meanwhile, or a run is using what would go. Nothing is changed.
    """
    if examples(transaction) != set(looked_at):
        raise StoreError("Examples were published while rows were removed.", hint="Nothing was changed. Do it again.")
    below = replaced(transaction, held)
    mine = {lease.execution_id for lease, _, _ in replacements}
    used = kept.in_use(transaction, without=mine)
    busy = sorted({used[one] for one in {*held, *below} if one in used})
    if busy:
        raise StoreError(
            f"Run {busy[0]} is using what would go.", hint="Nothing was changed. Do it again when the run has ended."
        )
    for lease, source_id, outputs in replacements:
        _publish(transaction, lease, source_id, outputs)
    makers = transaction.rows_in(
        "SELECT DISTINCT execution_id FROM Event WHERE artifact_id IN ({}) AND type = ?", below, int(EventType.OUTPUT)
    )
    transaction.many(
        "UPDATE penstock_cache SET valid = ? WHERE execution_id = ?", [(False, row.execution_id) for row in makers]
    )
    there = live(transaction, below)
    going = there if delete_all else there & set(looked_at)
    wanted = dict.fromkeys([*held, *sorted(going)], policy)
    marked = collection.mark(transaction, wanted, process_owner(), ())
    transaction.many(
        "INSERT INTO penstock_gc (artifact_id, policy, bytes, stale_ms) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
        [(one, policy, transaction.now) for one in sorted(there - going)],
    )
    return marked


def _publish(transaction: Transaction, lease: Lease, source_id: int, outputs: Mapping[str, NewArtifact]) -> None:
    """The new artifacts take the place of the old ones wherever the result would be reused."""
    row = _source(transaction, source_id)
    every = outputs_of(transaction, source_id)
    others = {name: one for name, one in every.items() if name not in outputs}
    whole = set(others.values()) <= examples(transaction)
    key = row.cache_key if whole else None
    results.publish(
        transaction,
        lease,
        {name: [one] for name, one in outputs.items()},
        key=key,
        verdicts=(),
        metrics=(),
        blocked=bool(row.blocked),
        note=row.note,
    )
    if key is None:
        transaction.execute("UPDATE penstock_cache SET valid = ? WHERE execution_id = ?", False, source_id)
        return
    handed_on = [Event(one, lease.execution_id, EventType.OUTPUT, (name, 0)) for name, one in others.items()]
    links.put_events(transaction, handed_on, certain=True)
    pipeline = runs.pipeline_of(transaction, lease.run_id)
    links.attribute(transaction, contexts.of_node(transaction, pipeline, lease.run_id, lease.node_id), others.values())


def _source(transaction: Transaction, execution_id: int) -> Any:
    return transaction.row(
        "SELECT run_id, node_id, source_id, cache_key, blocked, note FROM penstock_execution WHERE execution_id = ?",
        execution_id,
    )
