"""What must hold of the rows of MLMD's tables, beyond what they refer to."""

from __future__ import annotations

from penstock.metadata.checks.invariants import Finding, Invariant, found
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState
from penstock.metadata.mlmd.values import COLUMNS, Kind

__all__ = ["ROWS"]

_NODES = ("Artifact", "Execution", "Context")
_EMPTY = " AND ".join(f"{column} IS NULL" for column in (*COLUMNS, "byte_value"))


def _states(transaction: Transaction) -> Finding | None:
    """Every state and every event's type is one that MLMD has."""
    wrong: list[str] = []
    for table, column, kind in (
        ("Artifact", "state", ArtifactState),
        ("Execution", "last_known_state", ExecutionState),
        ("Event", "type", EventType),
    ):
        known = ", ".join(str(int(one)) for one in kind)
        rows = transaction.rows(f"SELECT id, {column} FROM {table} WHERE {column} NOT IN ({known}) ORDER BY id")
        wrong += [f"{table} {row[0]}: {row[1]}" for row in rows]
    return found("states", wrong, "{rows} with a state or an event's type that MLMD does not have.")


def _empty_properties(transaction: Transaction) -> Finding | None:
    """Every property has a value: one without makes MLMD's client fail to read any node."""
    rows = [
        f"{node} {row[0]}: {row[1]}"
        for node in _NODES
        for row in transaction.rows(f"SELECT {node.lower()}_id, name FROM {node}Property WHERE {_EMPTY}")
    ]
    return found("empty-properties", rows, "{n} properties without any value, which MLMD's client cannot read.")


def _remove_empty(transaction: Transaction) -> str:
    removed = sum(transaction.execute(f"DELETE FROM {node}Property WHERE {_EMPTY}") for node in _NODES)
    return f"removed {removed:,} properties without a value"


_COLUMN_OF = {
    Kind.INT: "int_value",
    Kind.DOUBLE: "double_value",
    Kind.STRING: "string_value",
    Kind.STRUCT: "string_value",
    Kind.PROTO: "proto_value",
    Kind.BOOLEAN: "bool_value",
}


def _declared_properties(transaction: Transaction) -> Finding | None:
    """Every property that is no custom one is declared by its node's type, with the kind of its value."""
    fits = " OR ".join(f"(t.data_type = {int(kind)} AND p.{column} IS NOT NULL)" for kind, column in _COLUMN_OF.items())
    rows = [
        f"{node} {row[0]}: {row[1]}"
        for node in _NODES
        for row in transaction.rows(
            f"SELECT p.{node.lower()}_id, p.name FROM {node}Property p JOIN {node} n ON n.id = p.{node.lower()}_id"
            " LEFT JOIN TypeProperty t ON t.type_id = n.type_id AND t.name = p.name"
            f" WHERE p.is_custom_property = ? AND NOT coalesce({fits}, ?) AND NOT ({_EMPTY})",
            False,
            False,
        )
    ]
    text = "{n} properties that their node's type does not declare, or declares with another kind."
    return found("declared-properties", rows, text, severity="odd", hint="Whoever wrote them can write them again.")


def _double_names(transaction: Transaction) -> Finding | None:
    """No node has a property and a custom property of one name: MLMD's client overwrites one with the other."""
    rows = [
        f"{node} {row[0]}: {row[1]}"
        for node in _NODES
        for row in transaction.rows(
            f"SELECT {node.lower()}_id, name FROM {node}Property GROUP BY {node.lower()}_id, name HAVING count(*) > 1"
        )
    ]
    text = "{n} names that are both a property and a custom property of one node."
    return found("double-names", rows, text, severity="odd", hint="MLMD's client changes both when it changes one.")


def _paths(transaction: Transaction) -> Finding | None:
    """Every step of an event's path is a key or an index, and not neither or both."""
    rows = transaction.rows(
        "SELECT event_id FROM EventPath WHERE (is_index_step = ? AND step_index IS NULL)"
        " OR (is_index_step = ? AND step_key IS NULL) ORDER BY event_id",
        True,
        False,
    )
    return found("event-paths", [row[0] for row in rows], "{n} steps of events' paths with no key and no index.")


def _circles(transaction: Transaction) -> Finding | None:
    """No context lies within itself."""
    above: dict[int, list[int]] = {}
    for child, parent in transaction.rows("SELECT context_id, parent_context_id FROM ParentContext"):
        above.setdefault(child, []).append(parent)
    # What has nothing left above it is no part of a circle; what remains lies in one, or below one.
    below: dict[int, list[int]] = {}
    for child, parents in above.items():
        for parent in parents:
            below.setdefault(parent, []).append(child)
    waits = {child: len(parents) for child, parents in above.items()}
    free = [one for one in below if one not in above]
    while free:
        for child in below.get(free.pop(), ()):
            waits[child] -= 1
            if not waits[child]:
                free.append(child)
    return found("circles", sorted(one for one, left in waits.items() if left), "{n} contexts that lie in a circle.")


_DUPLICATES = (
    "SELECT t.id, t.name, t.type_kind, (SELECT min(f.id) FROM Type f WHERE f.type_kind = t.type_kind"
    " AND f.name = t.name AND coalesce(f.version, '') = coalesce(t.version, '')) AS first_id FROM Type t ORDER BY t.id"
)


def _duplicate_types(transaction: Transaction) -> Finding | None:
    """A kind, a name and a version make one type."""
    rows = [f"{row.name} ({row.id})" for row in transaction.rows(_DUPLICATES) if row.first_id != row.id]
    text = "{n} types that are there already: several processes registered them at once."
    return found("duplicate-types", rows, text, hint="Stop what else writes to the store before you repair this.")


def _merge_types(transaction: Transaction) -> str:
    """Gives what is of a duplicate type to the first of that name; names that both have keep their duplicate."""
    merged = kept = 0
    for row in transaction.rows(_DUPLICATES):
        if row.first_id == row.id:
            continue
        table = {0: "Execution", 1: "Artifact", 2: "Context"}[row.type_kind]
        transaction.execute(
            f"UPDATE {table} SET type_id = ? WHERE type_id = ? AND (name IS NULL OR name NOT IN"
            f" (SELECT o.name FROM {table} o WHERE o.type_id = ? AND o.name IS NOT NULL))",
            row.first_id,
            row.id,
            row.first_id,
        )
        if transaction.row(f"SELECT 1 FROM {table} WHERE type_id = ?", row.id):
            kept += 1
            continue
        for owner, columns in (("TypeProperty", ("name", "data_type")), ("ParentType", ("parent_type_id",))):
            names, values = ", ".join(columns), ", ".join(f"o.{column}" for column in columns)
            transaction.execute(
                f"INSERT INTO {owner} (type_id, {names}) SELECT f.id, {values} FROM {owner} o JOIN Type f ON f.id = ?"
                " WHERE o.type_id = ? ON CONFLICT DO NOTHING",
                row.first_id,
                row.id,
            )
            transaction.execute(f"DELETE FROM {owner} WHERE type_id = ?", row.id)
        transaction.execute("DELETE FROM Type WHERE id = ?", row.id)
        merged += 1
    left = f"; {kept:,} hold names that the first has too, and stay" if kept else ""
    return f"merged {merged:,} types into the first of their name{left}"


ROWS = (
    Invariant("states", _states),
    Invariant("empty-properties", _empty_properties, _remove_empty),
    Invariant("declared-properties", _declared_properties),
    Invariant("double-names", _double_names),
    Invariant("event-paths", _paths),
    Invariant("circles", _circles),
    Invariant("duplicate-types", _duplicate_types, _merge_types),
)
