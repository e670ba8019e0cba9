"""What earlier executions tell of the next one: what their keys were made of, how long they took, what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from penstock.metadata import runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ExecutionState
from penstock.metadata.records import Cost, KeyedExecution
from penstock.storage.input_files import FileFacts

__all__ = ["costs", "executions", "put_key", "recall_files", "remember_files", "sources"]


def put_key(
    transaction: Transaction, key: str, parts: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]
) -> None:
    """Keeps what a key was made of, and the digests within the source files that it names."""
    transaction.execute(
        "INSERT INTO penstock_key (key, parts) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
        key,
        runs.dump(dict(parts), "The parts of a cache key"),
    )
    rows = [(digest, runs.dump(dict(names), "The digests of a source file")) for digest, names in sources.items()]
    transaction.many("INSERT INTO penstock_source (digest, names) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", rows)


def sources(transaction: Transaction, digests: Iterable[str]) -> dict[str, dict[str, str]]:
    """The digests of the names in source files, by the digest of the file."""
    rows = transaction.rows_in("SELECT digest, names FROM penstock_source WHERE digest IN ({})", digests)
    return {row.digest: runs.load(row.names) for row in rows}


def executions(
    transaction: Transaction,
    *,
    pipeline: str | None,
    node: str | None,
    component: str | None,
    before: int | None,
    limit: int,
) -> list[KeyedExecution]:
    """Executions whose key's parts are known and that fit every condition given, the newest first."""
    conditions, values = ["1 = 1"], []
    for condition, value in (
        ("r.pipeline = ?", pipeline),
        ("e.node_id = ?", node),
        ("t.name = ?", component),
        ("e.execution_id < ?", before),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    rows = transaction.rows(
        "SELECT e.execution_id, e.source_id, e.run_id, e.node_id, e.cache_key, k.parts, x.last_known_state AS state"
        " FROM penstock_execution e JOIN penstock_run r ON r.id = e.run_id JOIN penstock_key k ON k.key = e.cache_key"
        " JOIN Execution x ON x.id = e.execution_id JOIN Type t ON t.id = x.type_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY e.execution_id DESC LIMIT ?",
        *values,
        limit,
    )
    return [
        KeyedExecution(
            row.execution_id,
            row.source_id,
            row.run_id,
            row.node_id,
            row.cache_key,
            runs.load(row.parts),
            ExecutionState(row.state or 0).name,
        )
        for row in rows
    ]


def costs(transaction: Transaction, pipeline: str, node: str, limit: int) -> list[Cost]:
    """What the last executions of a node that did the work themselves took and wrote, the newest first."""
    rows = transaction.rows(
        "SELECT n.execution_id, n.started_ms, n.ended_ms FROM penstock_node n JOIN penstock_run r ON r.id = n.run_id"
        " JOIN Execution x ON x.id = n.execution_id WHERE r.pipeline = ? AND n.node_id = ? AND x.last_known_state = ?"
        " AND n.ended_ms IS NOT NULL AND n.started_ms IS NOT NULL ORDER BY n.execution_id DESC LIMIT ?",
        pipeline,
        node,
        int(ExecutionState.COMPLETE),
        limit,
    )
    sizes: dict[int, int] = dict(
        transaction.rows_in(
            "SELECT v.execution_id, CAST(sum(c.size) AS BIGINT) FROM Event v"
            " JOIN penstock_content c ON c.artifact_id = v.artifact_id"
            " WHERE v.execution_id IN ({}) AND v.type = ? GROUP BY v.execution_id",
            [row.execution_id for row in rows],
            int(EventType.OUTPUT),
        )
    )
    return [Cost((row.ended_ms - row.started_ms) / 1000, sizes.get(row.execution_id) or 0) for row in rows]


def recall_files(transaction: Transaction, facts: Iterable[FileFacts]) -> dict[str, str]:
    """The digests of files of which every fact is as it was when they were read, by path."""
    wanted = {one.path: one for one in facts}
    rows = transaction.rows_in(
        "SELECT path, device, inode, size, mtime_ns, ctime_ns, digest FROM penstock_file WHERE path IN ({})", wanted
    )
    return {row.path: row.digest for row in rows if _as_row(wanted[row.path]) == tuple(row)[:-1]}


def remember_files(transaction: Transaction, digests: Mapping[FileFacts, str]) -> None:
    """Keeps the digests of files, in place of what was kept of the same paths."""
    transaction.many(
        "INSERT INTO penstock_file (path, device, inode, size, mtime_ns, ctime_ns, digest) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET device = excluded.device, inode = excluded.inode, size = excluded.size,"
        " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, digest = excluded.digest",
        [(*_as_row(facts), digest) for facts, digest in digests.items()],
    )


def _as_row(facts: FileFacts) -> tuple[Any, ...]:
    # Some file systems number devices and inodes beyond what a column holds.
    return (facts.path, str(facts.device), str(facts.inode), facts.size, facts.mtime_ns, facts.ctime_ns)
