"""What ties nodes together: events, attributions, associations, and contexts within contexts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import Context, fetch
from penstock.metadata.mlmd.values import check_text

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "Event",
    "EventType",
    "associate",
    "attribute",
    "children",
    "contexts_of",
    "events",
    "parents",
    "put_events",
    "put_parents",
]


class EventType(IntEnum):
    """What an execution did with an artifact, with MLMD's numbers."""

    DECLARED_OUTPUT = 1
    DECLARED_INPUT = 2
    INPUT = 3
    OUTPUT = 4
    INTERNAL_INPUT = 5
    INTERNAL_OUTPUT = 6
    PENDING_OUTPUT = 7


_INT32 = 2**31
INPUTS = (EventType.DECLARED_INPUT, EventType.INPUT, EventType.INTERNAL_INPUT)
OUTPUTS = (EventType.DECLARED_OUTPUT, EventType.OUTPUT, EventType.INTERNAL_OUTPUT, EventType.PENDING_OUTPUT)


@dataclass(frozen=True)
class Event:
    """An execution read or made an artifact; the path says in which role: a key, then an index."""

    artifact_id: int
    execution_id: int
    type: EventType
    path: tuple[str | int, ...] = ()
    at_ms: int | None = None
    id: int | None = None


def put_events(transaction: Transaction, new: Sequence[Event], *, certain: bool = False) -> Sequence[int]:
    """Inserts events between nodes that are in the store, and returns their ids.

    Args:
        transaction: The transaction to do it in.
        new: The events.
        certain: The caller has seen both ends of every event in this transaction, so that they are not looked for.

    Raises:
        StoreError: A node is not there, the type is missing, or the execution has such an event already.
    """
    if not new:
        return ()
    if not certain:
        _check_exist(transaction, "Artifact", (event.artifact_id for event in new))
        _check_exist(transaction, "Execution", (event.execution_id for event in new))
    ids = transaction.new_ids("Event", len(new))
    rows: list[tuple[Any, ...]] = []
    steps: list[tuple[Any, ...]] = []
    for event_id, event in zip(ids, new, strict=True):
        at_ms = transaction.now if event.at_ms is None else event.at_ms
        rows.append((event_id, event.artifact_id, event.execution_id, int(EventType(event.type)), at_ms))
        for step in event.path:
            if isinstance(step, str):
                steps.append((event_id, False, None, check_text(step, "An event's path")))
            else:
                steps.append((event_id, True, _checked_index(step), None))
    transaction.many(
        "INSERT INTO Event (id, artifact_id, execution_id, type, milliseconds_since_epoch) VALUES (?, ?, ?, ?, ?)", rows
    )
    transaction.many("INSERT INTO EventPath (event_id, is_index_step, step_index, step_key) VALUES (?, ?, ?, ?)", steps)
    return ids


def events(
    transaction: Transaction, *, artifact_ids: Iterable[int] | None = None, execution_ids: Iterable[int] | None = None
) -> list[Event]:
    """The events of these artifacts, or of these executions, by id."""
    column, ids = ("artifact_id", artifact_ids) if artifact_ids is not None else ("execution_id", execution_ids or ())
    rows = transaction.rows_in(
        "SELECT id, artifact_id, execution_id, type, milliseconds_since_epoch AS at_ms FROM Event"
        f" WHERE {column} IN ({{}})",
        ids,
    )
    paths: dict[int, list[str | int]] = defaultdict(list)
    # EventPath has no key: its order is the order of insertion.
    steps = transaction.rows_in(
        "SELECT event_id, is_index_step, step_index, step_key FROM EventPath WHERE event_id IN ({})"
        f" ORDER BY {transaction.row_order}",
        (row.id for row in rows),
    )
    for event_id, is_index, index, key in steps:
        paths[event_id].append((index or 0) if is_index else (key or ""))
    found = (
        Event(row.artifact_id, row.execution_id, EventType(row.type), tuple(paths[row.id]), row.at_ms, row.id)
        for row in rows
    )
    return sorted(found, key=lambda event: event.id or 0)


def attribute(transaction: Transaction, context_ids: Iterable[int], artifact_ids: Iterable[int]) -> None:
    """Puts artifacts into contexts; those that are in already stay."""
    artifacts = list(artifact_ids)
    _link(transaction, "Attribution", "artifact_id", [(one, other) for one in context_ids for other in artifacts])


def associate(transaction: Transaction, context_ids: Iterable[int], execution_ids: Iterable[int]) -> None:
    """Puts executions into contexts; those that are in already stay."""
    executions = list(execution_ids)
    _link(transaction, "Association", "execution_id", [(one, other) for one in context_ids for other in executions])


def contexts_of(
    transaction: Transaction, *, artifact_id: int | None = None, execution_id: int | None = None
) -> list[Context]:
    """The contexts that an artifact, or an execution, is in."""
    table, column, node_id = (
        ("Attribution", "artifact_id", artifact_id)
        if artifact_id is not None
        else ("Association", "execution_id", execution_id)
    )
    rows = transaction.rows(f"SELECT context_id FROM {table} WHERE {column} = ?", node_id)
    return list(fetch(transaction, Context, (row[0] for row in rows)).values())


def put_parents(transaction: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """Makes contexts children of others: pairs of (child, parent); a circle is a `StoreError`."""
    _check_exist(transaction, "Context", (one for pair in pairs for one in pair))
    for child, parent in pairs:
        above = transaction.row(
            "WITH RECURSIVE above(id) AS (SELECT CAST(? AS INTEGER) UNION SELECT p.parent_context_id FROM above"
            " JOIN ParentContext p ON p.context_id = above.id) SELECT 1 FROM above WHERE id = ?",
            parent,
            child,
        )
        if above is not None:
            raise StoreError(f"The context {parent} cannot be the parent of {child}: it lies below it.")
        transaction.execute(
            "INSERT INTO ParentContext (context_id, parent_context_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            child,
            parent,
        )


def parents(transaction: Transaction, context_id: int) -> list[Context]:
    """The contexts directly above a context."""
    rows = transaction.rows("SELECT parent_context_id FROM ParentContext WHERE context_id = ?", context_id)
    return list(fetch(transaction, Context, (row[0] for row in rows)).values())


def children(transaction: Transaction, context_id: int) -> list[Context]:
    """The contexts directly below a context."""
    rows = transaction.rows("SELECT context_id FROM ParentContext WHERE parent_context_id = ?", context_id)
    return list(fetch(transaction, Context, (row[0] for row in rows)).values())


def _checked_index(index: int) -> int:
    if not -_INT32 <= index < _INT32:
        raise StoreError(f"An event's path has the index {index}, which does not fit 32 bits.", hint="Use a text.")
    return index


def _link(transaction: Transaction, table: str, column: str, pairs: list[tuple[int, int]]) -> None:
    transaction.many(f"INSERT INTO {table} (context_id, {column}) VALUES (?, ?) ON CONFLICT DO NOTHING", pairs)


def _check_exist(transaction: Transaction, table: str, ids: Iterable[int]) -> None:
    wanted = set(ids)
    found = {row[0] for row in transaction.rows_in(f"SELECT id FROM {table} WHERE id IN ({{}})", wanted)}
    if wanted - found:
        raise StoreError(f"There is no {table.lower()} {min(wanted - found)} in the store.")
