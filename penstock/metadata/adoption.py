"""Runs of other tools: derived from MLMD's contexts and executions, so that they show like Penstock's own.

TFX puts every execution in contexts of the types ``pipeline``, ``pipeline_run`` and ``node``, the last named
``PIPELINE.NODE``. Runs that are derived so carry an ``origin``; Penstock's own have none and are never touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from penstock.events import NodeState, RunState
from penstock.metadata import contexts, runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import Execution, ExecutionState, fetch
from penstock.metadata.records import NodeRecord

__all__ = ["WENT_ON", "adopt"]

_UNKNOWN = "unknown"
# Of an execution x, known as e in the run r of another tool and perhaps as its node n: it has ended since.
WENT_ON = (
    f"x.last_known_state NOT IN ({int(ExecutionState.NEW)}, {int(ExecutionState.RUNNING)})"
    " AND n.execution_id = x.id AND coalesce(n.ended_ms, 0) <> x.last_update_time_since_epoch"
)
_STATES = {
    ExecutionState.NEW: NodeState.RUNNING,
    ExecutionState.RUNNING: NodeState.RUNNING,
    ExecutionState.COMPLETE: NodeState.COMPLETE,
    ExecutionState.FAILED: NodeState.FAILED,
    ExecutionState.CACHED: NodeState.REUSED,
    ExecutionState.CANCELED: NodeState.CANCELED,
}


def adopt(transaction: Transaction, context_ids: Iterable[int], origin: str) -> tuple[str, ...]:
    """Derives runs from contexts of the type ``pipeline_run``, or derives them anew where that was done before.

    Args:
        transaction: One that writes.
        context_ids: The contexts; those of Penstock's own runs are left alone.
        origin: Where they come from, as people are told.

    Returns:
        The ids of the runs.
    """
    named = _runs(transaction, context_ids)
    pairs = transaction.rows_in("SELECT context_id, execution_id FROM Association WHERE context_id IN ({})", named)
    members: dict[int, list[int]] = defaultdict(list)
    for context_id, execution_id in pairs:
        members[context_id].append(execution_id)
    ids = sorted({execution_id for _, execution_id in pairs})
    executions = fetch(transaction, Execution, ids)
    pipelines, nodes = _contexts_of(transaction, ids)
    parents: dict[int, str] = dict(
        transaction.rows_in(
            "SELECT p.context_id, c.name FROM ParentContext p JOIN Context c ON c.id = p.parent_context_id"
            " JOIN Type t ON t.id = c.type_id WHERE p.context_id IN ({}) AND t.name = ? AND t.type_kind = 2",
            named,
            contexts.PIPELINE,
        )
    )
    sources = _sources(transaction, [one.id or 0 for one in executions.values() if one.state is ExecutionState.CACHED])
    for context_id, run_id in named.items():
        mine = [executions[one] for one in sorted(members[context_id]) if one in executions]
        of_executions = (pipelines[one.id] for one in mine if one.id in pipelines)
        pipeline = parents.get(context_id) or next(of_executions, _UNKNOWN)
        _put_run(transaction, run_id, pipeline, mine, origin)
        for one in mine:
            node = nodes.get(one.id or 0, "").removeprefix(f"{pipeline}.") or _component(one)
            _put_execution(transaction, run_id, node, one, sources.get(one.id or 0))
    return tuple(named.values())


def _runs(transaction: Transaction, context_ids: Iterable[int]) -> dict[int, str]:
    rows = transaction.rows_in(
        "SELECT c.id, c.name FROM Context c LEFT JOIN penstock_run r ON r.id = c.name WHERE c.id IN ({})"
        " AND (r.id IS NULL OR r.origin IS NOT NULL) ORDER BY c.id",
        context_ids,
    )
    return {row[0]: row[1] for row in rows}


def _contexts_of(transaction: Transaction, ids: list[int]) -> tuple[dict[int, str], dict[int, str]]:
    """The names of each execution's pipeline and node, as far as it is in such contexts."""
    found: dict[str, dict[int, str]] = {contexts.PIPELINE: {}, contexts.NODE: {}}
    rows = transaction.rows_in(
        "SELECT s.execution_id, t.name AS kind, c.name FROM Association s JOIN Context c ON c.id = s.context_id"
        " JOIN Type t ON t.id = c.type_id WHERE s.execution_id IN ({}) AND t.type_kind = 2 AND t.name IN (?, ?)",
        ids,
        contexts.PIPELINE,
        contexts.NODE,
    )
    for execution_id, kind, name in rows:
        found[kind][execution_id] = name
    return found[contexts.PIPELINE], found[contexts.NODE]


def _sources(transaction: Transaction, cached: list[int]) -> dict[int, int]:
    """The executions that made what others only reused."""
    rows = transaction.rows_in(
        "SELECT r.execution_id, min(m.execution_id) FROM Event r JOIN Event m ON m.artifact_id = r.artifact_id"
        " AND m.type = r.type JOIN Execution x ON x.id = m.execution_id WHERE r.execution_id IN ({})"
        " AND r.type = ? AND x.last_known_state <> ? GROUP BY r.execution_id",
        cached,
        int(EventType.OUTPUT),
        int(ExecutionState.CACHED),
    )
    return {row[0]: row[1] for row in rows}


def _component(execution: Execution) -> str:
    """TFX names a type of executions with its module: ``tfx.components.trainer.component.Trainer``."""
    return execution.type.rpartition(".")[2]


def _put_run(transaction: Transaction, run_id: str, pipeline: str, executions: list[Execution], origin: str) -> None:
    states = {_STATES.get(one.state, NodeState.FAILED) for one in executions}
    if NodeState.RUNNING in states:
        state = RunState.RUNNING
    elif NodeState.FAILED in states:
        state = RunState.FAILED
    else:
        state = RunState.CANCELED if NodeState.CANCELED in states else RunState.COMPLETE
    started = min((one.created_ms or 0 for one in executions), default=0)
    ended = max((one.updated_ms or 0 for one in executions), default=0)
    values = {
        "id": run_id,
        "pipeline": pipeline,
        "state": str(state),
        "started_ms": started,
        "ended_ms": None if state is RunState.RUNNING else ended,
        "origin": origin,
    }
    transaction.execute(
        f"INSERT INTO penstock_run ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        " ON CONFLICT (id) DO UPDATE SET pipeline = excluded.pipeline, state = excluded.state,"
        " started_ms = excluded.started_ms, ended_ms = excluded.ended_ms",
        *values.values(),
    )


def _put_execution(transaction: Transaction, run_id: str, node: str, one: Execution, source: int | None) -> None:
    state = _STATES.get(one.state, NodeState.FAILED)
    reason = "" if one.state in _STATES else f"Its state is {one.state.name} in the other tool's record."
    ended = None if state is NodeState.RUNNING else one.updated_ms
    record = NodeRecord(run_id, node, _component(one), state, one.id, reason, one.created_ms, ended)
    runs.put_node(transaction, record)  # in the order of their ids, so that a node's last attempt stays
    transaction.execute(
        "INSERT INTO penstock_execution (execution_id, run_id, node_id, source_id, parameters, blocked, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (execution_id) DO UPDATE SET source_id = excluded.source_id,"
        " parameters = excluded.parameters",
        one.id,
        run_id,
        node,
        one.id if source is None else source,
        runs.dump(_parameters(one), f"The parameters of execution {one.id}"),
        False,
        "",
    )


def _parameters(execution: Execution) -> dict[str, Any]:
    """What TFX keeps as custom properties: the component's parameters, each a plain value or JSON's text."""
    plain = {**execution.properties, **execution.custom_properties}
    return {name: value for name, value in plain.items() if isinstance(value, bool | int | float | str)}
