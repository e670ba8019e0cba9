"""Types of artifacts, executions and contexts: registered once, then only ever extended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from penstock.errors import StoreError
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.tables import SEEDS
from penstock.metadata.mlmd.values import Kind, check_name, check_text

__all__ = ["Type", "TypeKind", "get_type", "get_types", "put_type"]


class TypeKind(IntEnum):
    """What a type is a type of, with MLMD's numbers."""

    EXECUTION = 0
    ARTIFACT = 1
    CONTEXT = 2


@dataclass(frozen=True)
class Type:
    """A type.

    Attributes:
        kind: What it is a type of.
        name: Its name, unique among types of the kind and version.
        properties: The kind of each property it declares.
        base: One of MLMD's own types (``mlmd.Model`` ...) that it is one of.
        input_type: For a type of executions, what it takes, as MLMD's JSON; kept as it is.
        output_type: Likewise, what it gives.
        id: Its row, once stored.
    """

    kind: TypeKind
    name: str
    properties: Mapping[str, Kind] = field(default_factory=dict)
    base: str | None = None
    version: str | None = None
    description: str | None = None
    external_id: str | None = None
    input_type: str | None = None
    output_type: str | None = None
    id: int | None = None


_COLUMNS = "id, name, version, type_kind, description, external_id, input_type, output_type"


def get_type(transaction: Transaction, kind: TypeKind, name: str, version: str | None = None) -> Type | None:
    """The type of that name and version, or None. Of several (MLMD does not hinder that) it is the first."""
    key = ("type", kind, name, version)
    known = transaction.recall(key)
    if known is None:
        known = _read(transaction, kind, name, version)
        if known is not None:
            transaction.remember(key, known)
    assert known is None or isinstance(known, Type)
    return known


def get_types(transaction: Transaction, kind: TypeKind, *, seeds: bool = False) -> list[Type]:
    """All types of a kind, by id; MLMD's own nine only where asked for."""
    names = {name for name, _ in SEEDS}
    rows = transaction.rows("SELECT name, version FROM Type WHERE type_kind = ? ORDER BY id", int(kind))
    found = (_read(transaction, kind, name, version) for name, version in rows if seeds or name not in names)
    return [one for one in found if one is not None]


def put_type(transaction: Transaction, wanted: Type, *, can_add: bool = True, can_omit: bool = True) -> Type:
    """Registers a type, or adds to one that is there the properties it lacks; none is ever taken away.

    Args:
        transaction: The transaction to do it in.
        wanted: The type. One that is there keeps its description, base and external id.
        can_add: Whether it may have properties that the type in the store lacks.
        can_omit: Whether it may lack properties that the type in the store has.

    Raises:
        StoreError: It is there with another kind for one of the properties, or with another base.
    """
    known = get_type(transaction, wanted.kind, wanted.name, wanted.version)
    if known is None or _missing(known, wanted):
        known = _read(transaction, wanted.kind, wanted.name, wanted.version)
    if known is None:
        put = _insert(transaction, wanted)
    else:
        _check_alike(known, wanted, can_add=can_add, can_omit=can_omit)
        missing = _missing(known, wanted)
        if not missing:
            return known
        put = _extend(transaction, known, missing)
    transaction.remember(("type", wanted.kind, wanted.name, wanted.version), put)
    return put


def reread(transaction: Transaction, known: Type) -> Type:
    """The type as it stands now: another process may have added properties."""
    fresh = _read(transaction, known.kind, known.name, known.version) or known
    transaction.remember(("type", fresh.kind, fresh.name, fresh.version), fresh)
    return fresh


def _read(transaction: Transaction, kind: TypeKind, name: str, version: str | None) -> Type | None:
    row = transaction.row(
        f"SELECT {_COLUMNS} FROM Type WHERE name = ? AND type_kind = ? AND coalesce(version, '') = ?"
        " ORDER BY id LIMIT 1",
        name,
        int(kind),
        version or "",
    )
    if row is None:
        return None
    properties = transaction.rows("SELECT name, data_type FROM TypeProperty WHERE type_id = ? ORDER BY name", row.id)
    base = transaction.row(
        "SELECT t.name FROM ParentType p JOIN Type t ON t.id = p.parent_type_id WHERE p.type_id = ?", row.id
    )
    return Type(
        kind,
        row.name,
        {property_name: Kind(data_type) for property_name, data_type in properties},
        base[0] if base else None,
        row.version,
        row.description,
        row.external_id,
        row.input_type,
        row.output_type,
        row.id,
    )


def _insert(transaction: Transaction, wanted: Type) -> Type:
    check_name(wanted.name, "A type's name")
    for what, text in (("version", wanted.version), ("external id", wanted.external_id)):
        if text:
            check_name(text, f"The {what} of the type {wanted.name}")
    for text in (wanted.description, wanted.input_type, wanted.output_type):
        check_text(text or "", f"The description of the type {wanted.name}")
    base = None
    if wanted.base is not None:
        base = get_type(transaction, wanted.kind, wanted.base)
        if base is None:
            raise StoreError(
                f"The type {wanted.name} has the base type {wanted.base!r}, which MLMD has not.",
                hint=f"Use one of: {', '.join(name for name, kind in SEEDS if kind == wanted.kind)}.",
            )
    (type_id,) = transaction.new_ids("Type", 1)
    values = (type_id, wanted.name, wanted.version or None, int(wanted.kind), wanted.description, wanted.external_id)
    transaction.execute(
        f"INSERT INTO Type ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values, wanted.input_type, wanted.output_type
    )
    if base is not None:
        transaction.execute("INSERT INTO ParentType (type_id, parent_type_id) VALUES (?, ?)", type_id, base.id)
    _insert_properties(transaction, type_id, wanted.properties)
    return replace(wanted, id=type_id, properties=dict(wanted.properties))


def _missing(known: Type, wanted: Type) -> dict[str, Kind]:
    for name in wanted.properties.keys() & known.properties.keys():
        if wanted.properties[name] != known.properties[name]:
            raise StoreError(
                f"The type {wanted.name} is in the store with {name} as {known.properties[name].name}, "
                f"not {wanted.properties[name].name}.",
                hint="Give the property another name: a type in a store is never changed.",
            )
    return {name: kind for name, kind in wanted.properties.items() if name not in known.properties}


def _check_alike(known: Type, wanted: Type, *, can_add: bool, can_omit: bool) -> None:
    added = sorted(wanted.properties.keys() - known.properties.keys())
    omitted = sorted(known.properties.keys() - wanted.properties.keys())
    if wanted.base is not None and known.base is not None and wanted.base != known.base:
        problem = f"with the base {known.base}, not {wanted.base}"
    elif added and not can_add:
        problem = f"without the property {added[0]}"
    elif omitted and not can_omit:
        problem = f"with the property {omitted[0]}"
    else:
        return
    raise StoreError(f"The type {wanted.name} is in the store {problem}.", hint="Give it another name, or a version.")


def _extend(transaction: Transaction, known: Type, missing: Mapping[str, Kind]) -> Type:
    assert known.id is not None
    _insert_properties(transaction, known.id, missing)
    return replace(known, properties={**known.properties, **missing})


def _insert_properties(transaction: Transaction, type_id: int, properties: Mapping[str, Kind]) -> None:
    rows = [(type_id, check_name(name, "A property's name"), int(kind)) for name, kind in properties.items()]
    transaction.many("INSERT INTO TypeProperty (type_id, name, data_type) VALUES (?, ?, ?)", rows)
