"""What outcomes of nodes mean for others: whether one may begin, how the run stands, what the store says they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from penstock.errors import from_json
from penstock.events import NodeState, RunState
from penstock.orchestration.launcher import NodeOutcome, RunContext, skip
from penstock.orchestration.plan import Plan, PlanNode

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = ["held_back", "recorded", "run_state", "settle"]

_DONE = {NodeState.COMPLETE, NodeState.REUSED}
_FAILED = {NodeState.FAILED, NodeState.CANCELED}


def held_back(node: PlanNode, outcomes: Mapping[str, NodeOutcome]) -> str:
    """Why a node must not run, given how its predecessors ended; empty if nothing of that holds it back."""
    for name in node.upstream:
        before = outcomes.get(name)
        if before is None:
            continue
        if before.state not in _DONE:
            return f"{name} {before.state.value}"
        if before.blocked:
            return f"the gate {name} blocks"
    return ""


def run_state(outcomes: Mapping[str, NodeOutcome]) -> RunState:
    """How a run stands that ended with these outcomes."""
    if any(outcome.state is NodeState.FAILED for outcome in outcomes.values()):
        return RunState.FAILED
    if any(outcome.state is NodeState.CANCELED for outcome in outcomes.values()):
        return RunState.CANCELED
    if any(outcome.blocked for outcome in outcomes.values()):
        return RunState.BLOCKED
    return RunState.COMPLETE


def recorded(store: Store, run: str) -> dict[str, NodeOutcome]:
    """The outcomes that the store has of a run's nodes, without their artifacts; those of nodes that run included."""
    return {
        record.node_id: NodeOutcome(
            record.state,
            seconds=record.seconds or 0.0,
            reason=record.reason,
            blocked=record.blocked,
            note=record.note,
            error=from_json(dict(record.error)) if record.error else None,
        )
        for record in store.nodes(run)
    }


def settle(plan: Plan, context: RunContext) -> RunState | None:
    """Ends a run that no single process drives, if this was its last node.

    A platform that starts nodes by itself never starts what depends on a failed one: that is recorded as skipped here.

    Returns:
        How the run ended; nothing if a node is still to come.
    """
    outcomes = recorded(context.store, context.run)
    never: set[str] = set()
    for node in plan.nodes:
        failed = [name for name in node.upstream if name in never or _state(outcomes, name) in _FAILED]
        if failed:
            never.add(node.id)
            if _state(outcomes, node.id) in (None, NodeState.PENDING):
                outcomes[node.id] = skip(node, context, held_back(node, outcomes))
    for node in plan.nodes:
        state = _state(outcomes, node.id)
        if state in (None, NodeState.PENDING, NodeState.RUNNING):
            return None
        if state is NodeState.SKIPPED and not held_back(node, outcomes):
            return None  # what held it back has succeeded at another attempt since: its turn comes
    ended = run_state(outcomes)
    context.store.end_run(context.run, ended)
    return ended


def _state(outcomes: Mapping[str, NodeOutcome], node: str) -> NodeState | None:
    return outcomes[node].state if node in outcomes else None
