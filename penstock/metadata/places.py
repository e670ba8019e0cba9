"""Where executions write before they publish: noted before anything is made there, so that no leftover is unknown."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import ArtifactState
from penstock.metadata.owners import is_alive
from penstock.metadata.records import Abandoned

__all__ = ["abandoned", "forget", "in_use", "note"]

# Whether a process on another host lives cannot be told. Its lease is lost by then, so this is long enough.
_FOREIGN_MS = 24 * 3600 * 1000


def note(transaction: Transaction, execution_id: int, owner: str, uri: str, temporary: str) -> None:
    """Notes where an execution is going to write."""
    transaction.execute(
        "INSERT INTO penstock_place (execution_id, owner, uri, temporary) VALUES (?, ?, ?, ?)",
        execution_id,
        owner,
        uri,
        temporary,
    )


def forget(transaction: Transaction, execution_ids: Iterable[int]) -> None:
    """Forgets places that are empty again, or whose payloads are published."""
    for execution_id in execution_ids:
        transaction.execute("DELETE FROM penstock_place WHERE execution_id = ?", execution_id)


def abandoned(transaction: Transaction) -> list[Abandoned]:
    """Places of executions that ended without publishing, and whose process is surely gone."""
    rows = transaction.rows(
        "SELECT p.execution_id, p.owner, p.uri, p.temporary, e.last_update_time_since_epoch AS ended_ms"
        " FROM penstock_place p JOIN Execution e ON e.id = p.execution_id"
        " WHERE p.execution_id NOT IN (SELECT execution_id FROM penstock_lease) ORDER BY p.execution_id"
    )
    found = []
    for row in rows:
        alive = is_alive(row.owner)
        if alive is False or (alive is None and transaction.now - row.ended_ms > _FOREIGN_MS):
            found.append(Abandoned(row.execution_id, row.uri, row.temporary))
    return found


def in_use(transaction: Transaction) -> list[str]:
    """The URIs of artifacts that are not deleted, and of places."""
    rows = transaction.rows(
        "SELECT uri FROM Artifact WHERE uri <> '' AND coalesce(state, 0) <> ? UNION SELECT uri FROM penstock_place",
        int(ArtifactState.DELETED),
    )
    return [row[0] for row in rows]
