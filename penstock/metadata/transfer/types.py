"""The types of another store: found here by kind, name and version, or made; what they declare is added."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.tables import SEEDS
from penstock.metadata.mlmd.types import Type, TypeKind, get_type, put_type
from penstock.metadata.mlmd.values import Kind
from penstock.metadata.transfer.source import Source

__all__ = ["TypeMap", "put_types"]

_TABLES = {TypeKind.ARTIFACT: "Artifact", TypeKind.EXECUTION: "Execution", TypeKind.CONTEXT: "Context"}


@dataclass
class TypeMap:
    """Which type of theirs is which of ours.

    Attributes:
        ids: Our id by theirs.
        names: The name by their id.
        differing: Their id and a property that is of another kind here.
        notes: What could not be taken over, a sentence each.
    """

    ids: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    differing: set[tuple[int, str]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def put_types(source: Source, transaction: Transaction) -> TypeMap:
    """Registers every type of another store, and says which is which."""
    declared: dict[int, dict[str, Kind]] = defaultdict(dict)
    for type_id, name, data_type in source.rows("TypeProperty", ("type_id", "name", "data_type"), "type_id, name"):
        if data_type in set(Kind):
            declared[type_id][name] = Kind(data_type)
    columns = ("id", "name", "version", "type_kind", "description", "external_id", "input_type", "output_type")
    rows = {row.id: row for row in source.rows("Type", columns, "id")}
    _check_types(source, set(rows))
    seeds = {name for name, _ in SEEDS}
    bases = {
        child: rows[parent].name
        for child, parent in source.rows("ParentType", ("type_id", "parent_type_id"), "type_id")
        if parent in rows and rows[parent].name in seeds
    }
    found = TypeMap()
    for row in rows.values():
        kind, version = TypeKind(row.type_kind), row.version or None
        known = get_type(transaction, kind, row.name, version)
        properties = dict(declared[row.id])
        if known is not None:
            for name in [one for one in properties if known.properties.get(one, properties[one]) != properties[one]]:
                found.differing.add((row.id, name))
                found.notes.append(
                    f"The type {row.name} declares {name} as {properties.pop(name).name} there and as"
                    f" {known.properties[name].name} here."
                )
        external = _free(transaction, row.external_id) if known is None else None
        about = (row.description, external, row.input_type, row.output_type)
        stored = put_type(transaction, Type(kind, row.name, properties, bases.get(row.id), version, *about))
        assert stored.id is not None
        found.ids[row.id], found.names[row.id] = stored.id, row.name
    return found


def _check_types(source: Source, known: set[int]) -> None:
    for table in _TABLES.values():
        for row in source.rows(table, ("id", "type_id"), "id"):
            if row.type_id not in known:
                raise StoreError(
                    f"{source.path} is damaged: its {table.lower()} {row.id} is of a type {row.type_id} that it lacks.",
                    hint="Restore it from a copy. Nothing was imported.",
                    path=str(source.path),
                )


def _free(transaction: Transaction, external_id: str | None) -> str | None:
    taken = external_id and transaction.row("SELECT 1 FROM Type WHERE external_id = ?", external_id)
    return None if taken else external_id
