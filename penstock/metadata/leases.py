"""Leases: the right to end an execution, kept by renewing it."""

from __future__ import annotations

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.records import Lease

__all__ = ["grant", "release", "renew"]


def grant(transaction: Transaction, execution_id: int, run_id: str, node_id: str, owner: str, seconds: float) -> Lease:
    """Gives the lease of a new execution; its fence is higher than any given out before."""
    transaction.execute("UPDATE penstock_env SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'fence'")
    row = transaction.row("SELECT value FROM penstock_env WHERE key = 'fence'")
    fence = int(row[0]) if row else 0
    expires = transaction.now + round(seconds * 1000)
    transaction.execute(
        "INSERT INTO penstock_lease (execution_id, owner, fence, heartbeat_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
        execution_id,
        owner,
        fence,
        transaction.now,
        expires,
    )
    return Lease(execution_id, fence, run_id, node_id, seconds)


def renew(transaction: Transaction, lease: Lease) -> None:
    """Keeps a lease for another ``lease.seconds``; a lost one is a `StoreError`."""
    changed = transaction.execute(
        "UPDATE penstock_lease SET heartbeat_ms = ?, expires_ms = ? WHERE execution_id = ? AND fence = ?",
        transaction.now,
        transaction.now + round(lease.seconds * 1000),
        lease.execution_id,
        lease.fence,
    )
    if not changed:
        raise _lost(lease)


def release(transaction: Transaction, lease: Lease) -> None:
    """Gives a lease back; a lost one is a `StoreError`, so that what follows in the transaction is not written."""
    if not transaction.execute(
        "DELETE FROM penstock_lease WHERE execution_id = ? AND fence = ?", lease.execution_id, lease.fence
    ):
        raise _lost(lease)


def _lost(lease: Lease) -> StoreError:
    return StoreError(
        f"Node {lease.node_id} of run {lease.run_id} no longer holds its lease: "
        "another process took it for dead and marked it as failed.",
        hint=f"Nothing was published. Run again; a pause of more than {lease.seconds:g} s loses a lease.",
        node=lease.node_id,
        execution=lease.execution_id,
    )
