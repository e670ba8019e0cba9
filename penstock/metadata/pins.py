"""Pins: artifacts that people asked to be kept, with who asked and why."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.values import check_text
from penstock.metadata.records import Pin

__all__ = ["current", "put"]


def put(transaction: Transaction, artifact_id: int, reason: str, author: str, *, pinned: bool) -> None:
    """Records that an artifact is pinned, or no longer; both are kept with their reason."""
    transaction.execute(
        "INSERT INTO penstock_pin (artifact_id, pinned, reason, author, at_ms) VALUES (?, ?, ?, ?, ?)",
        artifact_id,
        pinned,
        check_text(reason, "The reason"),
        check_text(author, "The author"),
        transaction.now,
    )


def current(transaction: Transaction, artifact_ids: Iterable[int] | None = None) -> list[Pin]:
    """The pins that hold, of all artifacts or of these."""
    query = (
        "SELECT p.artifact_id, p.reason, p.author, p.at_ms FROM penstock_pin p WHERE {}p.pinned = ? AND p.id ="
        " (SELECT max(q.id) FROM penstock_pin q WHERE q.artifact_id = p.artifact_id) ORDER BY p.id"
    )
    if artifact_ids is None:
        rows = transaction.rows(query.format(""), True)
    else:
        rows = transaction.rows_in(query.format("p.artifact_id IN ({}) AND "), artifact_ids, True)
    return [Pin(*row) for row in rows]
