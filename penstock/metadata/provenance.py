"""What lay outside the store when executions ran: input files, code, the configuration, the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from penstock.metadata import runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.records import Answer, Provenance
from penstock.storage.input_files import InputFile

__all__ = ["answers", "put_files", "read"]


def put_files(transaction: Transaction, execution_id: int, files: Mapping[str, Sequence[InputFile]]) -> None:
    """Keeps which input files an execution is given, by parameter."""
    transaction.many(
        "INSERT INTO penstock_input_file (execution_id, parameter, path, size, digest) VALUES (?, ?, ?, ?, ?)",
        [(execution_id, name, *file) for name, several in files.items() for file in several],
    )


def read(transaction: Transaction, execution_ids: Iterable[int]) -> dict[int, Provenance]:
    """What is known of each execution, by id; executions of other programs are left out."""
    ids = list(execution_ids)
    files: dict[int, dict[str, list[InputFile]]] = {}
    for row in transaction.rows_in(
        "SELECT execution_id, parameter, path, size, digest FROM penstock_input_file WHERE execution_id IN ({})"
        " ORDER BY execution_id, parameter, path",
        ids,
    ):
        of_execution = files.setdefault(row.execution_id, {})
        of_execution.setdefault(row.parameter, []).append(InputFile(row.path, row.size, row.digest))
    rows = transaction.rows_in(
        "SELECT e.execution_id, e.parameters, k.parts, r.git_commit, r.dirty FROM penstock_execution e"
        " JOIN penstock_run r ON r.id = e.run_id LEFT JOIN penstock_key k ON k.key = e.cache_key"
        " WHERE e.execution_id IN ({})",
        ids,
    )
    return {
        row.execution_id: Provenance(
            files={name: tuple(several) for name, several in files.get(row.execution_id, {}).items()},
            parameters=runs.load(row.parameters) or {},
            parts=runs.load(row.parts),
            git_commit=row.git_commit,
            dirty=None if row.dirty is None else bool(row.dirty),
        )
        for row in rows
    }


def answers(transaction: Transaction, artifact_ids: Iterable[int]) -> list[Answer]:
    """The resolvers that found artifacts and handed them on to other nodes of their runs."""
    rows = transaction.rows_in(
        "SELECT v.artifact_id, e.run_id, e.node_id FROM Event v JOIN penstock_execution e"
        " ON e.execution_id = v.execution_id WHERE v.artifact_id IN ({}) AND v.type = ? ORDER BY v.id",
        artifact_ids,
        int(EventType.INTERNAL_OUTPUT),
    )
    return [Answer(*row) for row in rows]
