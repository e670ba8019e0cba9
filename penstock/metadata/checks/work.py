"""What must hold of Penstock's own tables: the cache, leases, runs."""

from __future__ import annotations

from penstock.errors import NodeError
from penstock.events import NodeState
from penstock.metadata import executions, recovery
from penstock.metadata.checks.invariants import Finding, Invariant, found
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState
from penstock.metadata.records import Lease

__all__ = ["WORK"]

_STALE = (
    "valid = ? AND EXISTS (SELECT 1 FROM Event v JOIN Artifact a ON a.id = v.artifact_id"
    " WHERE v.execution_id = penstock_cache.execution_id AND v.type = ? AND coalesce(a.state, 0) <> ?"
    # What a collection took is known to be gone, and why: the next run tells it.
    " AND NOT EXISTS (SELECT 1 FROM penstock_gc g WHERE g.artifact_id = a.id))"
)
_STALE_VALUES = (True, int(EventType.OUTPUT), int(ArtifactState.LIVE))


def _cache(transaction: Transaction) -> Finding | None:
    """What the cache's index leads to is LIVE."""
    rows = transaction.rows(f"SELECT key FROM penstock_cache WHERE {_STALE} ORDER BY key", *_STALE_VALUES)
    text = "{n} results in the cache's index with an artifact that is not LIVE; none of them would be reused."
    return found("cache-is-live", [row[0][:12] for row in rows], text, severity="odd", hint="--repair takes them out.")


def _take_out(transaction: Transaction) -> str:
    removed = transaction.execute(f"DELETE FROM penstock_cache WHERE {_STALE}", *_STALE_VALUES)
    return f"took {removed:,} results out of the cache's index"


_LEASELESS = (
    "SELECT e.execution_id, e.run_id, e.node_id FROM penstock_execution e JOIN Execution x ON x.id = e.execution_id"
    " JOIN penstock_run r ON r.id = e.run_id WHERE x.last_known_state = ? AND r.origin IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM penstock_lease l WHERE l.execution_id = e.execution_id) ORDER BY e.execution_id"
)


def _leaseless(transaction: Transaction) -> Finding | None:
    """Every execution of ours that is RUNNING has a lease."""
    rows = transaction.rows(_LEASELESS, int(ExecutionState.RUNNING))
    shown = [f"{row.execution_id} ({row.node_id} of run {row.run_id})" for row in rows]
    return found("running-has-a-lease", shown, "{n} executions are RUNNING, and nobody holds a lease on them.")


def _fail_leaseless(transaction: Transaction) -> str:
    rows = transaction.rows(_LEASELESS, int(ExecutionState.RUNNING))
    for row in rows:
        error = NodeError(f"Node {row.node_id} did not end: it lost its lease.", hint="Run again.", node=row.node_id)
        executions.mark_failed(
            transaction, Lease(row.execution_id, 0, row.run_id, row.node_id, 0), NodeState.FAILED, error
        )
    return f"marked {len(rows):,} executions as FAILED"


def _leases(transaction: Transaction) -> Finding | None:
    """Every lease is kept by somebody."""
    dead = recovery.dead_leases(transaction, transaction.now)
    shown = [f"{one.node_id} of run {one.run_id}: {one.why}" for one in dead]
    text = "{n} leases that nobody keeps; the next run marks their executions as FAILED."
    return found("leases-are-kept", shown, text, severity="odd", hint="--repair does the same now.")


def _bury(transaction: Transaction) -> str:
    done = recovery.recover_within(transaction, transaction.now)
    return f"marked {len(done.executions):,} executions and {len(done.runs):,} runs as FAILED"


def _runs(transaction: Transaction) -> Finding | None:
    """Every run that is said to be running has a process."""
    text = "{n} runs are said to be running, and their process is gone; the next run marks them as FAILED."
    rows = recovery.dead_runs(transaction)
    return found("running-has-a-process", rows, text, severity="odd", hint="--repair does the same now.")


def _fence(transaction: Transaction) -> Finding | None:
    """The next lease's fence is higher than any that was given out."""
    row = transaction.row("SELECT value FROM penstock_env WHERE key = 'fence'")
    highest = transaction.row("SELECT coalesce(max(fence), 0) FROM penstock_lease")[0]
    fence = int(row[0]) if row is not None and row[0].isdigit() else -1
    lower = [] if fence >= highest else [f"{fence}, with a lease at {highest}"]
    return found("fence", lower, "The counter of leases is behind them.")


def _set_fence(transaction: Transaction) -> str:
    transaction.execute(
        "INSERT INTO penstock_env (key, value) VALUES ('fence', (SELECT CAST(coalesce(max(fence), 0) AS TEXT)"
        " FROM penstock_lease)) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )
    return "set the counter to the highest lease"


WORK = (
    Invariant("cache-is-live", _cache, _take_out),
    Invariant("leases-are-kept", _leases, _bury),
    Invariant("running-has-a-process", _runs, _bury),
    Invariant("running-has-a-lease", _leaseless, _fail_leaseless),
    Invariant("fence", _fence, _set_fence),
)
