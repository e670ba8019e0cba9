"""Leases: who is working on an execution, and whether they still are."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.records import Lease

__all__ = ["grant", "is_alive", "owner_id", "release", "renew"]


def owner_id(pid: int | None = None) -> str:
    """Names a process so that another one on this host can tell whether it lives: ``host:pid:starttime``.

    The time tells it from a later process of the same number.
    """
    pid = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}:{pid}:{_start_time(pid) or 0}"


def is_alive(owner: str | None) -> bool | None:
    """Whether a process lives; None where that cannot be told, because it is on another host."""
    host, _, rest = (owner or "").rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return None
    started = _start_time(int(pid))
    return started is not None and str(started) == rest


def _start_time(pid: int) -> int | None:
    """When a process started, in the kernel's clock ticks; 0 where the system does not say; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return 0
        return 0
    # The command's name may hold spaces and brackets, so count from its end; a zombie does no work any more.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


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
