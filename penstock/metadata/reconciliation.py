"""Rows that other programs wrote into the store: noticed when it is opened, and Penstock's own tables set right.

Nothing is counted while Penstock writes. Its executions have a row of their own, so those without one are another's;
they are looked for only above the last one that was seen. Changes of rows carry MLMD's time of the last update. Both
marks lie in ``penstock_env`` and leave room: ids may be given out of order, and clocks differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penstock.metadata import contexts
from penstock.metadata.adoption import WENT_ON, adopt
from penstock.metadata.database import Database, Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState

__all__ = ["ORIGIN", "Reconciliation", "is_due", "reconcile"]

ORIGIN = "ml-metadata"
_ROOM_IDS = 1000
_ROOM_MS = 600_000


@dataclass(frozen=True)
class Reconciliation:
    """What was found and set right.

    Attributes:
        runs: Runs of other tools that are new, or went on.
        cached: How many results were taken out of the cache's index, because an artifact of theirs is not LIVE.
    """

    runs: tuple[str, ...] = ()
    cached: int = 0


def is_due(transaction: Transaction) -> bool:
    """Whether other programs wrote something that `reconcile` would set right."""
    marks = _marks(transaction)
    return bool(_foreign_runs(transaction, marks) or _stale(transaction, marks))


def reconcile(database: Database) -> Reconciliation:
    """Sets right what other programs' writes since the last time changed; locks nothing where there is nothing."""
    with database.read() as transaction:
        far = _last(transaction) - _marks(transaction)[0] > _ROOM_IDS
        if not far and not is_due(transaction):
            return Reconciliation()
    with database.write() as transaction:
        marks = _marks(transaction)
        found = adopt(transaction, _foreign_runs(transaction, marks), ORIGIN)
        stale = _stale(transaction, marks)
        transaction.many("DELETE FROM penstock_cache WHERE key = ?", [(key,) for key in stale])
        _mark(transaction, _last(transaction), transaction.now)
    return Reconciliation(found, len(stale))


def _foreign_runs(transaction: Transaction, marks: tuple[int, int]) -> list[int]:
    """The contexts of runs of other tools that have executions not seen before, or executions that went on since."""
    seen, seen_ms = marks
    new = transaction.rows(
        "SELECT x.id FROM Execution x WHERE x.id > ?"
        " AND NOT EXISTS (SELECT 1 FROM penstock_execution e WHERE e.execution_id = x.id)",
        max(seen - _ROOM_IDS, 0),
    )
    known = transaction.row("SELECT 1 FROM penstock_run WHERE origin IS NOT NULL LIMIT 1")
    changed = _went_on(transaction, seen_ms - _ROOM_MS) if known else []
    rows = transaction.rows_in(
        "SELECT DISTINCT c.id FROM Association s JOIN Context c ON c.id = s.context_id JOIN Type t ON t.id = c.type_id"
        " LEFT JOIN penstock_run r ON r.id = c.name WHERE s.execution_id IN ({}) AND t.type_kind = 2 AND t.name = ?"
        " AND (r.id IS NULL OR r.origin IS NOT NULL)",
        (row[0] for row in (*new, *changed)),
        contexts.RUN,
    )
    return sorted({row[0] for row in rows})


def _went_on(transaction: Transaction, since: int) -> Sequence[Any]:
    """The executions of other tools' runs that ended after a moment and are not known as ended."""
    # As cross joins, which SQLite takes in this order: little has changed since, whatever was there before.
    return transaction.rows(
        "SELECT x.id FROM Execution x CROSS JOIN penstock_execution e CROSS JOIN penstock_run r"
        " CROSS JOIN penstock_node n WHERE x.last_update_time_since_epoch > ? AND e.execution_id = x.id"
        " AND r.id = e.run_id AND r.origin IS NOT NULL"
        f" AND n.run_id = e.run_id AND n.node_id = e.node_id AND {WENT_ON}",
        since,
    )


def _stale(transaction: Transaction, marks: tuple[int, int]) -> list[str]:
    """The keys in the cache's index with an artifact that somebody else changed since, and that is not LIVE.

    What Penstock collected itself stays in the index: nothing of it is given out, and the next run tells what became
    of it.
    """
    gone = transaction.rows(
        "SELECT a.id FROM Artifact a WHERE a.last_update_time_since_epoch > ? AND coalesce(a.state, 0) <> ?"
        " AND NOT EXISTS (SELECT 1 FROM penstock_gc g WHERE g.artifact_id = a.id)",
        marks[1] - _ROOM_MS,
        int(ArtifactState.LIVE),
    )
    made = transaction.rows_in(
        "SELECT execution_id FROM Event WHERE artifact_id IN ({}) AND type = ?",
        (row[0] for row in gone),
        int(EventType.OUTPUT),
    )
    keys = transaction.rows_in("SELECT key FROM penstock_cache WHERE execution_id IN ({})", (row[0] for row in made))
    return sorted({row[0] for row in keys})


def _last(transaction: Transaction) -> int:
    return int(transaction.row("SELECT coalesce(max(id), 0) FROM Execution")[0])


def _marks(transaction: Transaction) -> tuple[int, int]:
    """The highest execution, and the time, up to which everything was seen."""
    rows = transaction.rows("SELECT key, value FROM penstock_env WHERE key IN ('seen_execution', 'seen_ms')")
    found = {row[0]: int(row[1]) for row in rows}
    return found.get("seen_execution", 0), found.get("seen_ms", 0)


def _mark(transaction: Transaction, execution_id: int, now: int) -> None:
    transaction.many(
        "INSERT INTO penstock_env (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [("seen_execution", str(execution_id)), ("seen_ms", str(now))],
    )
