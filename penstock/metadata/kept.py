"""Which payloads stay whatever a collection asks for, and why; which there are at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from penstock.events import RunState
from penstock.metadata import lineage, pins, recovery
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState
from penstock.metadata.records import Derivation, Holding

__all__ = ["derivations", "holdings", "in_use", "kept", "results"]

_ENDED_WELL = (str(RunState.COMPLETE), str(RunState.BLOCKED))


def holdings(transaction: Transaction) -> dict[int, Holding]:
    """The LIVE payloads that nodes of ours published, by artifact, in the order of their ids.

    Not those of other programs: they have no content digest of ours, or no run of ours made them.
    """
    rows = transaction.rows(
        "SELECT a.id, t.name AS type, a.uri, c.size, c.digest, v.execution_id, e.run_id, e.node_id, r.pipeline"
        " FROM Artifact a JOIN Type t ON t.id = a.type_id JOIN penstock_content c ON c.artifact_id = a.id"
        " JOIN Event v ON v.artifact_id = a.id AND v.type = ? JOIN Execution x ON x.id = v.execution_id"
        " JOIN penstock_execution e ON e.execution_id = v.execution_id JOIN penstock_run r ON r.id = e.run_id"
        " WHERE a.state = ? AND x.last_known_state <> ? ORDER BY a.id, v.id",
        int(EventType.OUTPUT),
        int(ArtifactState.LIVE),
        int(ExecutionState.CACHED),
    )
    used = dict(_used(transaction))
    found: dict[int, Holding] = {}
    for row in rows:
        found.setdefault(
            row.id,
            Holding(
                row.id,
                row.type,
                row.uri,
                row.size or 0,
                row.digest,
                row.execution_id,
                row.run_id,
                row.node_id,
                row.pipeline,
                used.get(row.id, 0),
            ),
        )
    return found


def _used(transaction: Transaction) -> Iterable[Any]:
    """When each artifact was last made, read, reused or handed on."""
    return transaction.rows("SELECT artifact_id, max(milliseconds_since_epoch) FROM Event GROUP BY artifact_id")


def results(transaction: Transaction, artifact_ids: Collection[int]) -> list[tuple[int, ...]]:
    """The artifacts that were published together: a result can be reused only if all of them are there."""
    rows = transaction.rows_in(
        "SELECT v.execution_id, v.artifact_id FROM Event v JOIN Execution x ON x.id = v.execution_id"
        " WHERE v.artifact_id IN ({}) AND v.type = ? AND x.last_known_state <> ? ORDER BY v.execution_id, v.id",
        artifact_ids,
        int(EventType.OUTPUT),
        int(ExecutionState.CACHED),
    )
    together: dict[int, list[int]] = {}
    for row in rows:
        together.setdefault(row.execution_id, []).append(row.artifact_id)
    return [tuple(one) for one in together.values()]


def in_use(transaction: Transaction, without: Collection[int] = ()) -> dict[int, str]:
    """What runs that are under way have read, made or reused, by artifact with the run; it may be read again.

    A run whose process died does not count, nor do the executions ``without``.
    """
    gone = recovery.dead_runs(transaction)
    ended = {one.execution_id for one in recovery.dead_leases(transaction, transaction.now)}
    rows = transaction.rows(
        "SELECT v.artifact_id, e.run_id FROM Event v JOIN penstock_execution e ON e.execution_id = v.execution_id"
        " JOIN penstock_run r ON r.id = e.run_id WHERE r.state = ?",
        str(RunState.RUNNING),
    )
    used = {row.artifact_id: row.run_id for row in rows if row.run_id not in gone}
    leased = transaction.rows(
        "SELECT v.artifact_id, e.run_id, l.execution_id FROM Event v JOIN penstock_lease l"
        " ON l.execution_id = v.execution_id JOIN penstock_execution e ON e.execution_id = v.execution_id"
    )
    return used | {
        row.artifact_id: row.run_id
        for row in leased
        if row.execution_id not in ended and row.execution_id not in without
    }


def kept(transaction: Transaction, keep_last: int, *, keep_inputs: bool) -> dict[int, str]:
    """What a collection leaves alone, by artifact, and in a few words why.

    Args:
        transaction: The transaction to look in.
        keep_last: How many runs of each pipeline that ended well count, and with them all that began after the first
            of these.
        keep_inputs: Keep everything, too, that what is kept was made from.
    """
    reasons: dict[int, str] = {}
    for found in (
        {one: f"in use by run {run}" for one, run in in_use(transaction).items()},
        {one.artifact_id: f"pinned by {one.author}: {one.reason}" for one in pins.current(transaction)},
        dict.fromkeys(_pushed(transaction), "pushed"),
        dict.fromkeys(_blessed(transaction), "blessed"),
        _of_runs(transaction, keep_last),
    ):
        reasons = {**found, **reasons}
    if keep_inputs:
        above = lineage.reached(transaction, reasons, "up")
        reasons = {**dict.fromkeys(above, "what is kept was made from it"), **reasons}
    return _whole_results(transaction, reasons)


def _whole_results(transaction: Transaction, reasons: Mapping[int, str]) -> dict[int, str]:
    """And what was published together with it: without that nothing of it could be reused."""
    every = dict(reasons)
    live = transaction.rows("SELECT id FROM Artifact WHERE state = ?", int(ArtifactState.LIVE))
    together = results(transaction, [row.id for row in live])
    grows = True
    while grows:
        grows = False
        for members in together:
            first = next((one for one in members if one in every), None)
            if first is not None and any(one not in every for one in members):
                every = {**dict.fromkeys(members, f"made together with {first}"), **every}
                grows = True
    return every


def _of_runs(transaction: Transaction, keep_last: int) -> dict[int, str]:
    """What the last runs of each pipeline read, made or reused."""
    if keep_last < 1:
        return {}
    wanted: dict[str, str] = {}
    well: dict[str, int] = {}
    for row in transaction.rows("SELECT id, pipeline, state FROM penstock_run ORDER BY started_ms DESC, id DESC"):
        if well.get(row.pipeline, 0) < keep_last:
            wanted[row.id] = (
                f"of run {row.id}, one of the last {keep_last}" if keep_last > 1 else f"of the last run {row.id}"
            )
        if row.state in _ENDED_WELL:
            well[row.pipeline] = well.get(row.pipeline, 0) + 1
    rows = transaction.rows_in(
        "SELECT v.artifact_id, e.run_id FROM Event v JOIN penstock_execution e ON e.execution_id = v.execution_id"
        " WHERE e.run_id IN ({}) ORDER BY e.execution_id",
        wanted,
    )
    return {row.artifact_id: wanted[row.run_id] for row in rows}


def _pushed(transaction: Transaction) -> set[int]:
    """What was pushed, what it was pushed from, and what allowed it."""
    rows = transaction.rows(
        "SELECT a.id, o.execution_id FROM Artifact a JOIN Type t ON t.id = a.type_id"
        " JOIN Event o ON o.artifact_id = a.id AND o.type = ? LEFT JOIN ArtifactProperty p ON p.artifact_id = a.id"
        " AND p.name = 'pushed' AND p.is_custom_property = ? WHERE t.name = 'PushedModel' AND a.state = ?"
        " AND coalesce(p.int_value, 1) <> 0",
        int(EventType.OUTPUT),
        True,
        int(ArtifactState.LIVE),
    )
    read = transaction.rows_in(
        "SELECT artifact_id FROM Event WHERE execution_id IN ({}) AND type = ?",
        [row.execution_id for row in rows],
        int(EventType.INPUT),
    )
    return {row.id for row in rows} | {row.artifact_id for row in read}


def _blessed(transaction: Transaction) -> set[int]:
    """Models that were blessed, with their blessings; not those made from rows that have been removed since."""
    rows = transaction.rows(
        "SELECT i.artifact_id AS model, b.id AS blessing FROM Artifact b JOIN Type t ON t.id = b.type_id"
        " JOIN ArtifactProperty p ON p.artifact_id = b.id AND p.name = 'blessed' AND p.is_custom_property = ?"
        " JOIN Event o ON o.artifact_id = b.id AND o.type = ? JOIN Event i ON i.execution_id = o.execution_id"
        " AND i.type = ? JOIN EventPath s ON s.event_id = i.id AND s.step_key = 'model'"
        " WHERE t.name = 'ModelBlessing' AND b.state = ? AND p.int_value = 1"
        " AND NOT EXISTS (SELECT 1 FROM penstock_gc g WHERE g.artifact_id = i.artifact_id)",
        True,
        int(EventType.OUTPUT),
        int(EventType.INPUT),
        int(ArtifactState.LIVE),
    )
    return {one for row in rows for one in (row.model, row.blessing)}


def derivations(transaction: Transaction) -> list[Derivation]:
    """Every execution of ours that did its work, in an order in which what one reads was made before it."""
    read: dict[int, list[int]] = {}
    made: dict[int, list[int]] = {}
    places: dict[int, tuple[str, str]] = {}
    for row in transaction.rows(
        "SELECT v.execution_id, v.artifact_id, v.type, e.run_id, e.node_id FROM Event v JOIN penstock_execution e"
        " ON e.execution_id = v.execution_id JOIN Execution x ON x.id = v.execution_id"
        " WHERE x.last_known_state = ? AND v.type IN (?, ?) ORDER BY v.execution_id, v.id",
        int(ExecutionState.COMPLETE),
        int(EventType.INPUT),
        int(EventType.OUTPUT),
    ):
        side = read if row.type == EventType.INPUT else made
        side.setdefault(row.execution_id, []).append(row.artifact_id)
        places[row.execution_id] = (row.run_id, row.node_id)
    return [
        Derivation(one, *place, tuple(read.get(one, ())), tuple(made.get(one, ()))) for one, place in places.items()
    ]
