"""Why a node ran or was reused in a run that is over: its key compared with that of its execution before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError
from penstock.events import NodeState
from penstock.orchestration.history import Change, compared
from penstock.orchestration.plan import Plan, PlanNode

if TYPE_CHECKING:
    from penstock.metadata.records import KeyedExecution, RunRecord
    from penstock.metadata.store import Store

__all__ = ["Explanation", "Read", "explained"]


@dataclass(frozen=True)
class Read:
    """An artifact that a node read, and the one that it read before under the same name; None where there was none."""

    name: str
    artifact: str | None
    before: str | None


@dataclass(frozen=True)
class Explanation:
    """Why a node ended as it did.

    Attributes:
        state: ``complete``, ``reused``, ``failed`` ...
        reason: In a few words, as the run said it.
        changes: What differs from its execution before.
        since: The run of that execution; None if there was none, or it cannot be compared.
        source: The run that did the work, for one that was reused.
        reads: What it read, beside what it read before.
    """

    run: str
    node: str
    component: str
    state: str
    reason: str
    changes: tuple[Change, ...] = ()
    since: str | None = None
    source: str | None = None
    key: str | None = None
    reads: tuple[Read, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return asdict(self)


def explained(store: Store, run: RunRecord, node_id: str) -> Explanation:
    """Why a node of a run ran, was reused or was not run.

    Raises:
        UsageError: The node has not begun in that run.
    """
    record = next((node for node in store.nodes(run.id) if node.node_id == node_id), None)
    if record is None:
        raise UsageError(f"{node_id} has not begun in run {run.id}.", hint="See `penstock runs show`.")
    told = Explanation(run.id, node_id, record.component, str(record.state), record.reason)
    if record.execution_id is None:
        return told
    own = store.keyed_executions(pipeline=run.pipeline, node=node_id, before=record.execution_id + 1)
    if not own or own[0].id != record.execution_id:
        return told
    earlier = store.keyed_executions(pipeline=run.pipeline, node=node_id, before=record.execution_id)
    source = None
    if record.state is NodeState.REUSED:
        source = store.execution(own[0].source_id).run_id
    changes = compared(store, earlier[0], own[0].parts, {}, _planned(run, node_id)) if earlier else []
    return Explanation(
        run.id,
        node_id,
        record.component,
        str(record.state),
        record.reason,
        tuple(changes),
        earlier[0].run_id if earlier else None,
        source,
        own[0].key,
        tuple(_reads(store, own[0], earlier[0] if earlier else None)),
    )


def _planned(run: RunRecord, node_id: str) -> PlanNode | None:
    if not run.plan:
        return None
    return next((node for node in Plan.from_json(run.plan).nodes if node.id == node_id), None)


def _reads(store: Store, own: KeyedExecution, earlier: KeyedExecution | None) -> list[Read]:
    now = store.execution(own.id).inputs
    before = store.execution(earlier.id).inputs if earlier is not None else {}
    return [
        Read(name, _artifact(store, now.get(name)), _artifact(store, before.get(name))) for name in {**now, **before}
    ]


def _artifact(store: Store, ids: list[int] | None) -> str | None:
    if not ids:
        return None
    found = store.artifact(ids[0])
    made = f" of {found.node_id} in run {found.run_id}" if found.node_id else ""
    return f"{found.type} {found.id}{made}"
