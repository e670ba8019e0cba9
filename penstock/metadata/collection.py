"""Collections: payloads are marked, then deleted, then said to be deleted; digests and lineage stay.

What is marked is given out no more from the moment of that commit, so that a process that dies between two of these
steps leaves nothing that anybody could take for whole; whoever comes next goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState, live
from penstock.metadata.owners import is_alive
from penstock.metadata.records import Collected, Marked

__all__ = ["collected", "finish", "mark", "of_key", "set_state", "unfinished", "uris"]

# Whether a process on another host lives cannot be told.
_FOREIGN_MS = 24 * 3600 * 1000


def mark(transaction: Transaction, wanted: Mapping[int, str], owner: str, protected: Collection[int]) -> list[Marked]:
    """Marks LIVE payloads for deletion.

    Args:
        transaction: The transaction to do it in.
        wanted: The policy that each falls to, by artifact.
        owner: The process that is going to delete them.
        protected: What stays though it is wanted.

    Returns:
        What is marked now.
    """
    rows = transaction.rows_in(
        "SELECT a.id, a.uri, coalesce(c.size, 0) AS size FROM Artifact a LEFT JOIN penstock_content c"
        " ON c.artifact_id = a.id WHERE a.id IN ({}) ORDER BY a.id",
        live(transaction, wanted).difference(protected),
    )
    set_state(transaction, [row.id for row in rows], ArtifactState.MARKED_FOR_DELETION)
    transaction.many(
        "INSERT INTO penstock_gc (artifact_id, policy, bytes, owner, marked_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (artifact_id) DO UPDATE SET policy = excluded.policy, bytes = excluded.bytes,"
        " owner = excluded.owner, marked_ms = excluded.marked_ms, deleted_ms = NULL",
        [(row.id, wanted[row.id], row.size, owner, transaction.now) for row in rows],
    )
    return [Marked(row.id, row.uri, row.size) for row in rows]


def set_state(transaction: Transaction, artifact_ids: Iterable[int], state: ArtifactState) -> None:
    """Writes how artifacts stand."""
    transaction.many(
        "UPDATE Artifact SET state = ?, last_update_time_since_epoch = ? WHERE id = ?",
        [(int(state), transaction.now, one) for one in artifact_ids],
    )


def unfinished(transaction: Transaction) -> list[Marked]:
    """What is marked, and whose deletion nobody works on any more."""
    rows = transaction.rows(
        "SELECT a.id, a.uri, g.bytes, g.owner, g.marked_ms FROM penstock_gc g JOIN Artifact a ON a.id = g.artifact_id"
        " WHERE g.deleted_ms IS NULL AND g.marked_ms IS NOT NULL AND a.state = ? ORDER BY a.id",
        int(ArtifactState.MARKED_FOR_DELETION),
    )
    found = []
    for row in rows:
        alive = is_alive(row.owner)
        if alive is False or (alive is None and transaction.now - row.marked_ms > _FOREIGN_MS):
            found.append(Marked(row.id, row.uri, row.bytes))
    return found


def finish(transaction: Transaction, artifact_ids: Collection[int]) -> None:
    """Says that payloads are deleted, once they are."""
    set_state(transaction, artifact_ids, ArtifactState.DELETED)
    transaction.many(
        "UPDATE penstock_gc SET deleted_ms = ? WHERE artifact_id = ?", [(transaction.now, one) for one in artifact_ids]
    )


def collected(transaction: Transaction, artifact_ids: Iterable[int]) -> dict[int, Collected]:
    """What was done with payloads and why, by artifact."""
    rows = transaction.rows_in(
        "SELECT artifact_id, policy, bytes, stale_ms, marked_ms, deleted_ms FROM penstock_gc WHERE artifact_id IN ({})",
        artifact_ids,
    )
    return {row.artifact_id: Collected(*tuple(row)[1:]) for row in rows}


def of_key(transaction: Transaction, key: str) -> tuple[str, Collected] | None:
    """The run that last made what a cache key stands for, and what was done with it; nothing if nothing was."""
    row = transaction.row(
        "SELECT e.run_id, g.policy, g.bytes, g.stale_ms, g.marked_ms, g.deleted_ms FROM penstock_execution e"
        " JOIN Execution x ON x.id = e.execution_id JOIN Event v ON v.execution_id = e.execution_id"
        " JOIN penstock_gc g ON g.artifact_id = v.artifact_id WHERE e.cache_key = ? AND x.last_known_state = ?"
        " AND v.type = ? ORDER BY e.execution_id DESC, coalesce(g.marked_ms, 0) DESC, v.id LIMIT 1",
        key,
        int(ExecutionState.COMPLETE),
        int(EventType.OUTPUT),
    )
    return None if row is None else (row.run_id, Collected(*tuple(row)[1:]))


def uris(transaction: Transaction, *, live: bool) -> dict[int, str]:
    """Where every artifact lies that is LIVE, or that is not deleted, those of other programs included."""
    condition, state = ("state = ?", ArtifactState.LIVE) if live else ("coalesce(state, 0) <> ?", ArtifactState.DELETED)
    rows = transaction.rows(f"SELECT id, uri FROM Artifact WHERE {condition} AND coalesce(uri, '') <> ''", int(state))
    return {row.id: row.uri for row in rows}
