"""The contexts that artifacts and executions are put in, named as TFX names them.

A pipeline ``taxi`` with a run ``r1`` and a node ``trainer`` has the contexts ``taxi`` of type ``pipeline``, ``r1`` of
type ``pipeline_run`` and ``taxi.trainer`` of type ``node``; the run lies within the pipeline.
"""

from __future__ import annotations

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.nodes import Context, insert
from penstock.metadata.mlmd.types import Type, TypeKind, get_type, put_type

__all__ = ["NODE", "PIPELINE", "RUN", "find", "node_name", "of_node", "of_run"]

PIPELINE = "pipeline"
RUN = "pipeline_run"
NODE = "node"


def node_name(pipeline: str, node_id: str) -> str:
    """The name of a node's context."""
    return f"{pipeline}.{node_id}"


def of_run(transaction: Transaction, pipeline: str, run_id: str) -> tuple[int, int]:
    """The ids of the contexts of a pipeline and of one of its runs, made if need be."""
    pipeline_id, _ = _ensure(transaction, PIPELINE, pipeline)
    known, is_new = _ensure(transaction, RUN, run_id)
    if is_new:
        links.put_parents(transaction, [(known, pipeline_id)])
    return pipeline_id, known


def of_node(transaction: Transaction, pipeline: str, run_id: str, node_id: str) -> tuple[int, int, int]:
    """The ids of the contexts of a pipeline, a run and a node, made if need be."""
    return (*of_run(transaction, pipeline, run_id), _ensure(transaction, NODE, node_name(pipeline, node_id))[0])


def find(transaction: Transaction, kind: str, name: str) -> int | None:
    """The id of a context, or None."""
    key = ("context", kind, name)
    known = transaction.recall(key)
    if known is None:
        of_kind = get_type(transaction, TypeKind.CONTEXT, kind)
        if of_kind is None:
            return None
        row = transaction.row("SELECT id FROM Context WHERE type_id = ? AND name = ?", of_kind.id, name)
        if row is None:
            return None
        known = int(row[0])
        transaction.remember(key, known)
    return int(known)


def _ensure(transaction: Transaction, kind: str, name: str) -> tuple[int, bool]:
    known = find(transaction, kind, name)
    if known is not None:
        return known, False
    put_type(transaction, Type(TypeKind.CONTEXT, kind))
    (stored,) = insert(transaction, [Context(type=kind, name=name)])
    assert stored.id is not None
    transaction.remember(("context", kind, name), stored.id)
    return stored.id, True
