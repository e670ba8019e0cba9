"""Rows that name other rows, which must be there: MLMD's tables and Penstock's have no foreign keys."""

from __future__ import annotations

import functools
from typing import NamedTuple

from penstock.metadata.checks.invariants import Finding, Invariant, found
from penstock.metadata.database import Transaction

__all__ = ["REFERENCES"]


class _Reference(NamedTuple):
    """Rows of ``table`` name one of ``target`` in ``column``.

    Attributes:
        key: What ``target`` calls it.
        removable: Whether such a row says nothing any more, so that it can be removed.
    """

    table: str
    column: str
    target: str
    key: str = "id"
    removable: bool = True

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}".lower()

    @property
    def dangling(self) -> str:
        return (
            f"FROM {self.table} WHERE {self.column} IS NOT NULL AND NOT EXISTS"
            f" (SELECT 1 FROM {self.target} WHERE {self.target}.{self.key} = {self.table}.{self.column})"
        )


_ALL = (
    _Reference("Event", "artifact_id", "Artifact"),
    _Reference("Event", "execution_id", "Execution"),
    _Reference("EventPath", "event_id", "Event"),
    _Reference("Attribution", "context_id", "Context"),
    _Reference("Attribution", "artifact_id", "Artifact"),
    _Reference("Association", "context_id", "Context"),
    _Reference("Association", "execution_id", "Execution"),
    _Reference("ParentContext", "context_id", "Context"),
    _Reference("ParentContext", "parent_context_id", "Context"),
    _Reference("ArtifactProperty", "artifact_id", "Artifact"),
    _Reference("ExecutionProperty", "execution_id", "Execution"),
    _Reference("ContextProperty", "context_id", "Context"),
    _Reference("TypeProperty", "type_id", "Type"),
    _Reference("ParentType", "type_id", "Type"),
    _Reference("ParentType", "parent_type_id", "Type"),
    _Reference("Artifact", "type_id", "Type", removable=False),
    _Reference("Execution", "type_id", "Type", removable=False),
    _Reference("Context", "type_id", "Type", removable=False),
    _Reference("penstock_content", "artifact_id", "Artifact"),
    _Reference("penstock_cache", "execution_id", "penstock_execution", "execution_id"),
    _Reference("penstock_lease", "execution_id", "penstock_execution", "execution_id"),
    _Reference("penstock_execution", "execution_id", "Execution", removable=False),
    _Reference("penstock_execution", "source_id", "Execution", removable=False),
    _Reference("penstock_execution", "run_id", "penstock_run", removable=False),
    _Reference("penstock_node", "run_id", "penstock_run", removable=False),
    _Reference("penstock_node", "execution_id", "penstock_execution", "execution_id", removable=False),
    _Reference("penstock_verdict", "execution_id", "penstock_execution", "execution_id"),
    _Reference("penstock_metric", "execution_id", "penstock_execution", "execution_id"),
    _Reference("penstock_runlog", "run_id", "penstock_run"),
    _Reference("penstock_input_file", "execution_id", "penstock_execution", "execution_id"),
    _Reference("penstock_pin", "artifact_id", "Artifact"),
    _Reference("penstock_gc", "artifact_id", "Artifact"),
)


def _look(reference: _Reference, transaction: Transaction) -> Finding | None:
    rows = transaction.rows(f"SELECT {reference.column} {reference.dangling} ORDER BY {reference.column}")
    return found(
        reference.name,
        [row[0] for row in rows],
        f"{{rows}} of {reference.table} whose {reference.column} is not in {reference.target}.",
        hint="" if reference.removable else "Restore the store from a copy, or leave them: other rows are not touched.",
    )


def _remove(reference: _Reference, transaction: Transaction) -> str:
    removed = transaction.execute(f"DELETE {reference.dangling}")
    return f"removed {removed:,} of {reference.table}"


REFERENCES = tuple(
    Invariant(one.name, functools.partial(_look, one), functools.partial(_remove, one) if one.removable else None)
    for one in _ALL
)
