"""Lineage: what an artifact was made from, or what was made from it, at any depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from penstock.metadata import artifacts
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import INPUTS, Event, EventType
from penstock.metadata.mlmd.nodes import ExecutionState
from penstock.metadata.records import Edge, Lineage

__all__ = ["Direction", "reached", "trace"]

Direction = Literal["up", "down"]


# Not the internal ones: a resolver looks at artifacts, and hands one on, without making anything of them.
_READ = (EventType.DECLARED_INPUT, EventType.INPUT)
_MADE = (EventType.DECLARED_OUTPUT, EventType.OUTPUT)


def _in(types: tuple[EventType, ...]) -> str:
    return f"({', '.join(str(int(one)) for one in types)})"


# One step of the walk: from an artifact, over an execution that made (read) it, to what that read (made). Executions
# that only reused results add nothing to where an artifact comes from. The plus keeps SQLite from reading every event
# and looking for its artifact among those seen.
_STEP = (
    " JOIN Event near ON near.artifact_id = +seen.id AND near.type IN {near}"
    " JOIN Execution x ON x.id = near.execution_id AND coalesce(x.last_known_state, 0) <> "
    f"{int(ExecutionState.CACHED)}"
)
_FAR = " JOIN Event far ON far.execution_id = near.execution_id AND far.type IN {far}"


def trace(transaction: Transaction, artifact_id: int, direction: Direction, depth: int | None) -> Lineage:
    """The graph above or below an artifact, at most ``depth`` executions away."""
    near, far = (_in(_MADE), _in(_READ)) if direction == "up" else (_in(_READ), _in(_MADE))
    step, onwards = _STEP.format(near=near), _FAR.format(far=far)
    if depth is None:
        # Without a depth in the rows each artifact is visited once, however many ways lead to it.
        walk = (
            "WITH RECURSIVE seen(id) AS (SELECT CAST(? AS INTEGER) UNION"
            f" SELECT far.artifact_id FROM seen{step}{onwards})"
        )
        rows = transaction.rows(f"{walk} SELECT DISTINCT near.execution_id FROM seen{step}", artifact_id)
    else:
        walk = (
            "WITH RECURSIVE seen(id, depth) AS (SELECT CAST(? AS INTEGER), 0 UNION"
            f" SELECT far.artifact_id, seen.depth + 1 FROM seen{step}{onwards} WHERE seen.depth < ?)"
        )
        rows = transaction.rows(
            f"{walk} SELECT DISTINCT near.execution_id FROM seen{step} WHERE seen.depth < ?", artifact_id, depth, depth
        )
    events = links.events(transaction, execution_ids=(row[0] for row in rows))
    edges = _edges(events, artifact_id, direction)
    found = artifacts.hydrate(transaction, {artifact_id, *(edge.artifact_id for edge in edges)})
    if artifact_id not in found:
        raise artifacts.unknown(artifact_id)
    return Lineage(
        artifact_id, found, artifacts.hydrate_executions(transaction, (row[0] for row in rows), events), edges
    )


def reached(transaction: Transaction, artifact_ids: Iterable[int], direction: Direction) -> set[int]:
    """Everything that artifacts were made from, or that was made from them, themselves included."""
    near, far = (_in(_MADE), _in(_READ)) if direction == "up" else (_in(_READ), _in(_MADE))
    rows = transaction.rows_in(
        "WITH RECURSIVE seen(id) AS (SELECT id FROM Artifact WHERE id IN ({}) UNION SELECT far.artifact_id FROM seen"
        f"{_STEP.format(near=near)}{_FAR.format(far=far)}) SELECT id FROM seen",
        artifact_ids,
    )
    return {row.id for row in rows}


def _edges(events: Iterable[Event], artifact_id: int, direction: Direction) -> tuple[Edge, ...]:
    """The events of the executions, without artifacts that lie beside the way: siblings, and second inputs."""
    every = [
        Edge(event.artifact_id, event.execution_id, "input" if event.type in INPUTS else "output", key, index)
        for event in events
        for key, index in artifacts.places(event)
    ]
    ahead = "input" if direction == "up" else "output"
    on_the_way = {artifact_id} | {edge.artifact_id for edge in every if edge.direction == ahead}
    return tuple(edge for edge in every if edge.direction == ahead or edge.artifact_id in on_the_way)
