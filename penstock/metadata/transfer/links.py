"""What ties the nodes of another store together, once the nodes have their new ids."""

from __future__ import annotations

from penstock.metadata.mlmd.nodes import Artifact, Execution, Node
from penstock.metadata.mlmd.types import TypeKind
from penstock.metadata.transfer.state import Import

__all__ = ["put_links"]

_LINKS: dict[str, type[Node]] = {"Attribution": Artifact, "Association": Execution}


def put_links(doing: Import) -> None:
    """Takes in events with their paths, what is in which context, and contexts within contexts."""
    _put_events(doing)
    for table, like in _LINKS.items():
        _put_members(doing, table, like)
    _put_parents(doing)


def _put_events(doing: Import) -> None:
    doing.tell("events")
    artifacts, executions = doing.ids[TypeKind.ARTIFACT], doing.ids[TypeKind.EXECUTION]
    every = doing.source.rows("Event", ("id", "artifact_id", "execution_id", "type", "milliseconds_since_epoch"), "id")
    whole = [row for row in every if row.artifact_id in artifacts and row.execution_id in executions]
    doing.left["Events of artifacts or executions that are not there were left out"] += len(every) - len(whole)
    before = (executions[row.execution_id] for row in whole if row.execution_id not in doing.fresh[TypeKind.EXECUTION])
    there = {
        tuple(row)
        for row in doing.transaction.rows_in(
            "SELECT artifact_id, execution_id, type FROM Event WHERE execution_id IN ({})", before
        )
    }
    mapped = {row.id: (artifacts[row.artifact_id], executions[row.execution_id], row.type) for row in whole}
    new = [row for row in whole if mapped[row.id] not in there]
    ids = dict(zip((row.id for row in new), doing.transaction.new_ids("Event", len(new)), strict=True))
    doing.transaction.many(
        "INSERT INTO Event (id, artifact_id, execution_id, type, milliseconds_since_epoch) VALUES (?, ?, ?, ?, ?)",
        [(ids[row.id], *mapped[row.id], row.milliseconds_since_epoch) for row in new],
    )
    doing.tell("events' paths")
    steps = doing.source.rows("EventPath", ("event_id", "is_index_step", "step_index", "step_key"), "rowid")
    doing.transaction.many(
        "INSERT INTO EventPath (event_id, is_index_step, step_index, step_key) VALUES (?, ?, ?, ?)",
        [(ids[row[0]], bool(row[1]), row[2], row[3]) for row in steps if row[0] in ids],
    )
    doing.new["Event"] += len(new)


def _put_members(doing: Import, table: str, like: type[Node]) -> None:
    doing.tell(f"{table.lower()}s")
    of_contexts, of_nodes = doing.ids[TypeKind.CONTEXT], doing.ids[like.kind]
    column = f"{like.table.lower()}_id"
    pairs = doing.source.rows(table, ("context_id", column), "id")
    whole = [(of_contexts[one], of_nodes[other]) for one, other in pairs if one in of_contexts and other in of_nodes]
    doing.left[f"{table}s of rows that are not there were left out"] += len(pairs) - len(whole)
    doing.transaction.many(f"INSERT INTO {table} (context_id, {column}) VALUES (?, ?) ON CONFLICT DO NOTHING", whole)


def _put_parents(doing: Import) -> None:
    known = doing.ids[TypeKind.CONTEXT]
    pairs = doing.source.rows("ParentContext", ("context_id", "parent_context_id"), "context_id")
    doing.transaction.many(
        "INSERT INTO ParentContext (context_id, parent_context_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(known[child], known[parent]) for child, parent in pairs if child in known and parent in known],
    )
