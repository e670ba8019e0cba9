"""Recovery: what a process left running when it died is marked as failed."""

from __future__ import annotations

from typing import NamedTuple

from penstock.errors import NodeError
from penstock.events import NodeState, RunState
from penstock.metadata import executions, runs
from penstock.metadata.database import Database, Transaction
from penstock.metadata.owners import is_alive
from penstock.metadata.records import Lease, Recovery

__all__ = ["bury", "dead_leases", "dead_runs", "recover", "recover_within"]

_RUNNING = str(RunState.RUNNING)


class DeadLease(NamedTuple):
    """A lease that nobody keeps, and why that is known."""

    execution_id: int
    run_id: str
    node_id: str
    why: str


def recover(database: Database, now: int | None) -> Recovery:
    """Marks as failed the executions whose lease ran out or whose owner on this host is dead, and their runs.

    A run whose owner on this host is dead is marked too, even if it died between two nodes. Nothing is locked where
    nothing is dead, so this may be done at every start.
    """
    with database.read() as transaction:
        moment = transaction.now if now is None else now
        if not dead_leases(transaction, moment) and not dead_runs(transaction):
            return Recovery()
    with database.write() as transaction:
        return recover_within(transaction, moment)


def recover_within(transaction: Transaction, now: int) -> Recovery:
    """The same as a part of a transaction that writes."""
    dead = dead_leases(transaction, now)
    ended = {*bury(transaction, dead), *dead_runs(transaction)}
    for run_id in ended:
        runs.end(transaction, run_id, RunState.FAILED)
    return Recovery(tuple(one.execution_id for one in dead), tuple(sorted(ended)))


def bury(transaction: Transaction, dead: list[DeadLease]) -> set[str]:
    """Takes dead leases back and marks their executions as failed.

    Returns:
        The runs that still are said to be running, and had one of them.
    """
    running = set()
    for execution_id, run_id, node_id, why in dead:
        transaction.execute("DELETE FROM penstock_lease WHERE execution_id = ?", execution_id)
        error = NodeError(f"Node {node_id} did not end: {why}.", hint="Run again.", node=node_id)
        lease = Lease(execution_id, 0, run_id, node_id, 0)
        executions.mark_failed(transaction, lease, NodeState.FAILED, error)
        row = transaction.row("SELECT state FROM penstock_run WHERE id = ?", run_id)
        if row is not None and row[0] == _RUNNING:
            running.add(run_id)
    return running


def dead_leases(transaction: Transaction, now: int, key: str | None = None) -> list[DeadLease]:
    """The leases that nobody keeps at a moment, or only those of executions that compute a key."""
    where, values = ("WHERE e.cache_key = ?", (key,)) if key is not None else ("", ())
    found = []
    for row in transaction.rows(
        "SELECT l.execution_id, l.owner, l.expires_ms, e.run_id, e.node_id FROM penstock_lease l"
        f" JOIN penstock_execution e ON e.execution_id = l.execution_id {where} ORDER BY l.execution_id",
        *values,
    ):
        names = (row.execution_id, row.run_id, row.node_id)
        if is_alive(row.owner) is False:
            found.append(DeadLease(*names, f"its process died ({row.owner})"))
        elif row.expires_ms < now:
            late = (now - row.expires_ms) / 1000
            found.append(DeadLease(*names, f"its lease ran out {late:.0f} s ago ({row.owner})"))
    return found


def dead_runs(transaction: Transaction) -> list[str]:
    """The runs that are said to be running and whose owner on this host is dead."""
    rows = transaction.rows("SELECT id, owner FROM penstock_run WHERE state = ?", _RUNNING)
    return [row.id for row in rows if is_alive(row.owner) is False]
