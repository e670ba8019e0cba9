"""Claims: the right to compute what a cache key stands for, which only one execution at a time has."""

from __future__ import annotations

from penstock.metadata import executions, recovery
from penstock.metadata.database import Transaction
from penstock.metadata.executions import Attempt
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState
from penstock.metadata.records import Holder, Lease

__all__ = ["claim", "holder"]


def claim(
    transaction: Transaction, attempt: Attempt, owner: str, lease_seconds: float, unless_newer_than: int | None
) -> Lease | Holder | None:
    """Begins an execution unless another one that lives computes the same key.

    Args:
        transaction: The transaction to do it in.
        attempt: What is to begin; it has a key.
        owner: The process that is to work on it.
        lease_seconds: How long its lease lasts without a heartbeat.
        unless_newer_than: The execution whose result the key leads to, as far as the caller knows.

    Returns:
        The lease; or who computes the key; or nothing if a result has been published, and not collected, that
        the caller does not know.
    """
    assert attempt.key is not None
    recovery.bury(transaction, recovery.dead_leases(transaction, transaction.now, attempt.key))
    busy = holder(transaction, attempt.key)
    if busy is not None:
        return busy
    row = transaction.row(
        "SELECT c.execution_id FROM penstock_cache c WHERE c.key = ? AND c.valid = ? AND NOT EXISTS (SELECT 1"
        " FROM Event v JOIN Artifact a ON a.id = v.artifact_id WHERE v.execution_id = c.execution_id AND v.type = ?"
        " AND a.state <> ?)",
        attempt.key,
        True,
        int(EventType.OUTPUT),
        int(ArtifactState.LIVE),
    )
    if row is not None and row.execution_id != unless_newer_than:
        return None
    return executions.begin(transaction, attempt, owner, lease_seconds)


def holder(transaction: Transaction, key: str) -> Holder | None:
    """Who computes a key; nobody whose process is dead or whose lease ran out."""
    dead = {one.execution_id for one in recovery.dead_leases(transaction, transaction.now, key)}
    rows = transaction.rows(
        "SELECT l.execution_id, e.run_id, e.node_id FROM penstock_lease l"
        " JOIN penstock_execution e ON e.execution_id = l.execution_id WHERE e.cache_key = ? ORDER BY l.execution_id",
        key,
    )
    return next((Holder(*row) for row in rows if row.execution_id not in dead), None)
