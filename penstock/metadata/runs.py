"""Runs and their nodes: begin, end, look up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.errors import StoreError, UsageError, did_you_mean
from penstock.events import NodeState, RunState
from penstock.metadata import contexts
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import INPUTS, OUTPUTS, EventType
from penstock.metadata.mlmd.values import check_name, cleaned
from penstock.metadata.owners import process_owner
from penstock.metadata.records import LogLine, NodeRecord, RunRecord

__all__ = [
    "add_log",
    "begin",
    "dump",
    "end",
    "find",
    "join",
    "latest",
    "listing",
    "load",
    "log",
    "nodes",
    "pipeline_of",
    "put_node",
    "reads",
]

_LATEST = "latest"
_INSERTED = "id, pipeline, state, started_ms, ended_ms, profile, git_commit, dirty, user_name, penstock_version, owner"
_SUMMARY = f"{_INSERTED}, origin"


def dump(value: Any, where: str) -> str:
    """A value as JSON text; what JSON has not is a `StoreError` that names where it was."""
    try:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise StoreError(f"{where} cannot be stored: {error}.", hint="Use what JSON has.") from error


def load(text: str | None) -> Any:
    """The value of JSON text; None for none."""
    return None if text is None else json.loads(text)


def begin(transaction: Transaction, run: RunRecord) -> None:
    """Records that a run has begun; a run of that id is a `StoreError`."""
    for name, where in ((run.id, "A run's id"), (run.pipeline, "A pipeline's name")):
        check_name(name, where)
    if transaction.row("SELECT 1 FROM penstock_run WHERE id = ?", run.id):
        raise StoreError(f"There is a run {run.id} already.", hint="Give each run an id of its own.")
    plan = run.plan if run.plan is None or isinstance(run.plan, str) else dump(run.plan, "The plan")
    packages = None if run.packages is None else dump(dict(run.packages), "The list of packages")
    values = (
        *(run.id, run.pipeline, str(run.state), transaction.now if run.started_ms is None else run.started_ms),
        *(run.ended_ms, run.profile, run.git_commit, run.dirty),
        *(run.user, run.penstock_version, run.owner or process_owner(), plan, packages),
    )
    marks = ", ".join("?" * len(values))
    transaction.execute(f"INSERT INTO penstock_run ({_INSERTED}, plan, packages) VALUES ({marks})", *values)
    contexts.of_run(transaction, run.pipeline, run.id)


def end(transaction: Transaction, run_id: str, state: RunState) -> None:
    """Records how a run ended."""
    changed = transaction.execute(
        "UPDATE penstock_run SET state = ?, ended_ms = ? WHERE id = ?", str(RunState(state)), transaction.now, run_id
    )
    if not changed:
        raise StoreError(f"There is no run {run_id}.", hint="Begin it first.")


def join(transaction: Transaction, run: RunRecord) -> bool:
    """Begins a run that several processes work on, unless one of them has; one that had ended goes on.

    Returns:
        Whether it has begun with this.
    """
    row = transaction.row("SELECT pipeline FROM penstock_run WHERE id = ?", run.id)
    if row is None:
        begin(transaction, run)
        return True
    if row.pipeline != run.pipeline:
        raise StoreError(
            f"Run {run.id} is one of the pipeline {row.pipeline}, not of {run.pipeline}.",
            hint="Give each run an id of its own.",
        )
    transaction.execute(
        "UPDATE penstock_run SET state = ?, ended_ms = NULL WHERE id = ? AND state <> ?",
        str(RunState.RUNNING),
        run.id,
        str(RunState.RUNNING),
    )
    return False


def pipeline_of(transaction: Transaction, run_id: str) -> str:
    """The pipeline of a run that must have begun."""
    known = transaction.recall(("run", run_id))
    if known is None:
        row = transaction.row("SELECT pipeline FROM penstock_run WHERE id = ?", run_id)
        if row is None:
            raise StoreError(f"There is no run {run_id}.", hint="Begin it first.")
        known = row[0]
        transaction.remember(("run", run_id), known)
    return str(known)


def put_node(transaction: Transaction, node: NodeRecord) -> None:
    """Records how a node of a run stands, in place of what was recorded of an earlier attempt."""
    values = {
        "run_id": node.run_id,
        "node_id": node.node_id,
        "component": node.component,
        "execution_id": node.execution_id,
        "state": str(NodeState(node.state)),
        "reason": cleaned(node.reason),
        "started_ms": node.started_ms,
        "ended_ms": node.ended_ms,
        "error": None if node.error is None else dump(dict(node.error), "The error"),
        "log": node.log,
        "blocked": node.blocked,
        "note": cleaned(node.note),
    }
    transaction.execute(
        f"INSERT INTO penstock_node ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        f" ON CONFLICT (run_id, node_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in values)}",
        *values.values(),
    )


def nodes(transaction: Transaction, run_id: str) -> list[NodeRecord]:
    """The nodes of a run in the order they began; those that never did come where they were skipped."""
    rows = transaction.rows(
        "SELECT run_id, node_id, component, state, execution_id, reason, started_ms, ended_ms, error, log, blocked,"
        " note FROM penstock_node WHERE run_id = ? ORDER BY coalesce(started_ms, ended_ms),"
        " execution_id NULLS LAST, node_id",
        run_id,
    )
    return [
        NodeRecord(
            **{
                **row._asdict(),
                "state": NodeState(row.state),
                "error": load(row.error),
                "blocked": bool(row.blocked),
            }
        )
        for row in rows
    ]


def reads(transaction: Transaction, run_id: str) -> dict[str, list[str]]:
    """Of which other nodes of a run each node read something, in the order in which those began."""
    rows = transaction.rows(
        "SELECT DISTINCT n.node_id, m.node_id AS made_by, m.execution_id FROM penstock_node n"
        f" JOIN Event i ON i.execution_id = n.execution_id AND i.type IN ({_types(INPUTS)})"
        f" JOIN Event o ON o.artifact_id = i.artifact_id AND o.type IN ({_types(OUTPUTS)})"
        " JOIN penstock_node m ON m.execution_id = o.execution_id AND m.run_id = n.run_id"
        " WHERE n.run_id = ? AND m.node_id <> n.node_id ORDER BY m.execution_id",
        run_id,
    )
    found: dict[str, list[str]] = {}
    for reader, maker, _ in rows:
        found.setdefault(reader, []).append(maker)
    return found


def _types(types: Iterable[EventType]) -> str:
    return ", ".join(str(int(one)) for one in types)


def listing(transaction: Transaction, pipeline: str | None, limit: int, offset: int) -> list[RunRecord]:
    """Runs, the newest first, without their plans and packages."""
    where, values = ("WHERE pipeline = ?", (pipeline,)) if pipeline is not None else ("", ())
    rows = transaction.rows(
        f"SELECT {_SUMMARY} FROM penstock_run {where} ORDER BY started_ms DESC, id DESC LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    return [_record(row._asdict()) for row in rows]


def find(transaction: Transaction, run_id: str, pipeline: str | None) -> RunRecord:
    """The run of that id, or of the only one that begins so, or the latest; no such run is a `UsageError`."""
    where, values = ("AND pipeline = ?", (pipeline,)) if pipeline is not None else ("", ())
    if run_id == _LATEST:
        exact = latest(transaction, pipeline)
        if exact is None:
            of = f" of the pipeline {pipeline}" if pipeline is not None else ""
            known = (row[0] for row in transaction.rows("SELECT DISTINCT pipeline FROM penstock_run"))
            hint = did_you_mean(pipeline, known) if pipeline is not None else ""
            raise UsageError(f"There is no run{of} in the store yet.", hint=hint or "Start one: penstock run.")
        run_id = exact
    row = transaction.row(f"SELECT * FROM penstock_run WHERE id = ? {where}", run_id, *values)
    if row is None:
        # Not LIKE: ids may hold its wildcards.
        likely = f"substr(id, 1, {len(run_id)}) = ?"
        rows = transaction.rows(f"SELECT * FROM penstock_run WHERE {likely} {where} LIMIT 6", run_id, *values)
        if len(rows) > 1:
            names = ", ".join(sorted(str(one.id) for one in rows)[:5])
            raise UsageError(f"Several runs begin with {run_id!r}: {names}.", hint="Give more of the id.")
        if not rows:
            newest = [record.id for record in listing(transaction, pipeline, 200, 0)]
            hint = did_you_mean(run_id, newest) or "Start one: penstock run."
            raise UsageError(f"There is no run {run_id!r}.", hint=hint, run=run_id)
        row = rows[0]
    return _record(row._asdict())


def latest(transaction: Transaction, pipeline: str | None) -> str | None:
    """The id of the run that began last, or None."""
    found = listing(transaction, pipeline, 1, 0)
    return found[0].id if found else None


def add_log(transaction: Transaction, run_id: str, node_id: str | None, level: str, text: str) -> None:
    """Adds a line to a run's log; what is no valid text in it is replaced, so that a log is never refused."""
    transaction.execute(
        "INSERT INTO penstock_runlog (run_id, node_id, at_ms, level, message) VALUES (?, ?, ?, ?, ?)",
        run_id,
        node_id,
        transaction.now,
        level,
        cleaned(text),
    )


def log(transaction: Transaction, run_id: str, node_id: str | None, limit: int) -> list[LogLine]:
    """The last lines of a run's log, or of one of its nodes, the oldest first."""
    where, values = ("AND node_id = ?", (node_id,)) if node_id is not None else ("", ())
    rows = transaction.rows(
        f"SELECT at_ms, level, message, node_id FROM penstock_runlog WHERE run_id = ? {where} ORDER BY id DESC LIMIT ?",
        run_id,
        *values,
        limit,
    )
    return [LogLine(*row) for row in reversed(rows)]


def _record(row: Mapping[str, Any]) -> RunRecord:
    dirty = row["dirty"]
    return RunRecord(
        id=row["id"],
        pipeline=row["pipeline"],
        plan=load(row.get("plan")),
        profile=row["profile"],
        git_commit=row["git_commit"],
        dirty=None if dirty is None else bool(dirty),
        packages=load(row.get("packages")),
        user=row["user_name"],
        penstock_version=row["penstock_version"],
        owner=row["owner"],
        state=RunState(row["state"]),
        started_ms=row["started_ms"],
        ended_ms=row["ended_ms"],
        origin=row["origin"],
    )
