"""Payloads that lie elsewhere now: a pipeline's root was moved, and what the store says of places is set right."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import ArtifactState

__all__ = ["move", "outside"]


def outside(transaction: Transaction, root: str) -> dict[int, str]:
    """The URIs of artifacts of Penstock's own that are there, or about to be deleted, and not in a root, by id."""
    prefix = f"{root}/"
    rows = transaction.rows(
        "SELECT a.id, a.uri FROM Artifact a JOIN penstock_content c ON c.artifact_id = a.id"
        " WHERE a.state IN (?, ?) AND substr(a.uri, 1, ?) <> ?",
        int(ArtifactState.LIVE),
        int(ArtifactState.MARKED_FOR_DELETION),
        len(prefix),
        prefix,
    )
    return {row.id: row.uri for row in rows}


def move(transaction: Transaction, uris: Mapping[int, str], roots: Mapping[str, str]) -> None:
    """Writes where artifacts lie now, and that logs and places of attempts moved from one root to another with them."""
    for artifact_id, uri in uris.items():
        transaction.execute(
            "UPDATE Artifact SET uri = ?, last_update_time_since_epoch = ? WHERE id = ?",
            uri,
            transaction.now,
            artifact_id,
        )
    for before, after in roots.items():
        for table, column in (("penstock_node", "log"), ("penstock_execution", "log"), ("penstock_place", "uri")):
            transaction.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                after,
                len(before) + 1,
                len(before) + 1,
                f"{before}/",
            )
