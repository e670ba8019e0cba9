"""Artifacts, executions and contexts as MLMD has them: a row with a type, a name and properties."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, ClassVar, TypeVar

from penstock.errors import StoreError, did_you_mean
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.types import Type, TypeKind, get_type, get_types, reread
from penstock.metadata.mlmd.values import COLUMNS, Value, check_disjoint, check_name, check_text, from_row, to_row

__all__ = [
    "Artifact",
    "ArtifactState",
    "Context",
    "Execution",
    "ExecutionState",
    "Node",
    "fetch",
    "insert",
    "live",
    "update",
]


class ArtifactState(IntEnum):
    """How an artifact stands, with MLMD's numbers."""

    UNKNOWN = 0
    PENDING = 1
    LIVE = 2
    MARKED_FOR_DELETION = 3
    DELETED = 4
    ABANDONED = 5
    REFERENCE = 6


class ExecutionState(IntEnum):
    """How an execution stands, with MLMD's numbers."""

    UNKNOWN = 0
    NEW = 1
    RUNNING = 2
    COMPLETE = 3
    FAILED = 4
    CACHED = 5
    CANCELED = 6


@dataclass(frozen=True, kw_only=True)
class Node:
    """What artifacts, executions and contexts have in common.

    Attributes:
        type: The name of its type.
        properties: Values of properties that the type declares.
        custom_properties: Values of any other properties.
        created_ms: When it was inserted, in milliseconds since the epoch.
        updated_ms: When it was last changed.
    """

    kind: ClassVar[TypeKind]
    table: ClassVar[str]
    # Columns that only this kind of node has.
    own: ClassVar[tuple[str, ...]] = ()

    type: str
    id: int | None = None
    type_version: str | None = None
    name: str | None = None
    external_id: str | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)
    custom_properties: Mapping[str, Value] = field(default_factory=dict)
    created_ms: int | None = None
    updated_ms: int | None = None

    @classmethod
    def fields(cls) -> dict[str, str]:
        """The column of a row ``n`` for each field that nodes may be found by."""
        own = {column.removeprefix("last_known_"): f"n.{column}" for column in cls.own}
        times = dict(zip(("created_ms", "updated_ms"), (f"n.{column}" for column in _TIMES), strict=True))
        return {"id": "n.id", **times, "name": "n.name", "external_id": "n.external_id", **own}

    def own_values(self) -> tuple[Any, ...]:
        """The values of the columns in ``own``."""
        return ()

    @classmethod
    def own_arguments(cls, _row: Any, /) -> dict[str, Any]:
        """The arguments that the columns in ``own`` of a row become."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Artifact(Node):
    """A payload: where it lies and how it stands."""

    kind = TypeKind.ARTIFACT
    table = "Artifact"
    own = ("uri", "state")

    uri: str = ""
    state: ArtifactState = ArtifactState.UNKNOWN

    def own_values(self) -> tuple[Any, ...]:
        return (check_text(self.uri, "An artifact's uri"), int(self.state))

    @classmethod
    def own_arguments(cls, row: Any, /) -> dict[str, Any]:
        return {"uri": row.uri or "", "state": ArtifactState(row.state or 0)}


@dataclass(frozen=True, kw_only=True)
class Execution(Node):
    """One time that something was run."""

    kind = TypeKind.EXECUTION
    table = "Execution"
    own = ("last_known_state",)

    state: ExecutionState = ExecutionState.UNKNOWN

    def own_values(self) -> tuple[Any, ...]:
        return (int(self.state),)

    @classmethod
    def own_arguments(cls, row: Any, /) -> dict[str, Any]:
        return {"state": ExecutionState(row.last_known_state or 0)}


@dataclass(frozen=True, kw_only=True)
class Context(Node):
    """A named group of artifacts and executions, such as a run."""

    kind = TypeKind.CONTEXT
    table = "Context"


AnyNode = TypeVar("AnyNode", bound=Node)
_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")


def insert(transaction: Transaction, nodes: Sequence[AnyNode]) -> list[AnyNode]:
    """Inserts nodes of one kind and returns them with their ids; their types must be registered.

    Raises:
        StoreError: A type or declared property is unknown, or a value cannot be stored.
    """
    if not nodes:
        return []
    like = type(nodes[0])
    ids = transaction.new_ids(like.table, len(nodes))
    rows: list[tuple[Any, ...]] = []
    property_rows: list[tuple[Any, ...]] = []
    stored: list[AnyNode] = []
    for node_id, node in zip(ids, nodes, strict=True):
        node_type = _registered(transaction, node)
        given = (node.created_ms, node.updated_ms)
        times = tuple(transaction.now if moment is None else moment for moment in given)
        rows.append((node_id, node_type.id, *_checked_names(node), *times, *node.own_values()))
        property_rows += _property_rows(transaction, node_id, node, node_type)
        stored.append(replace(node, id=node_id, created_ms=times[0], updated_ms=times[1]))
    transaction.many(_insert_into(like.table, ("id", "type_id", "name", "external_id", *_TIMES, *like.own)), rows)
    _insert_properties(transaction, like, property_rows)
    return stored


def update(transaction: Transaction, node: AnyNode) -> AnyNode:
    """Makes a stored node equal to the one given, properties that it lacks removed.

    As with MLMD's client the type and the times of creation never change, the name only of a context, and the time
    of the last update only if something else did.
    """
    (known,) = fetch(transaction, type(node), [_stored_id(node)]).values() or [None]
    if known is None:
        raise StoreError(f"There is no {node.table.lower()} {node.id}.")
    if known.type != node.type:
        raise StoreError(
            f"The {node.table.lower()} {node.id} is of type {known.type}, which cannot become {node.type}."
        )
    name = node.name if isinstance(node, Context) else known.name
    wanted = replace(node, name=name, created_ms=known.created_ms, updated_ms=known.updated_ms)
    if wanted == known:
        return known
    wanted = replace(wanted, updated_ms=transaction.now)
    property_rows = _property_rows(transaction, _stored_id(node), wanted, _registered(transaction, wanted))
    columns = ("name", "external_id", _TIMES[1], *node.own)
    assignments = ", ".join(f"{column} = ?" for column in columns)
    values = (*_checked_names(wanted), transaction.now, *wanted.own_values(), node.id)
    transaction.execute(f"UPDATE {node.table} SET {assignments} WHERE id = ?", *values)
    transaction.execute(f"DELETE FROM {node.table}Property WHERE {node.table.lower()}_id = ?", node.id)
    _insert_properties(transaction, type(node), property_rows)
    return wanted


def fetch(transaction: Transaction, like: type[AnyNode], ids: Iterable[int]) -> dict[int, AnyNode]:
    """The nodes with these ids, by id, in ascending order; ids that are not there are left out."""
    wanted = sorted(set(ids))
    own = "".join(f", n.{column}" for column in like.own)
    rows = transaction.rows_in(
        f"SELECT n.id, t.name AS type, t.version AS type_version, n.name, n.external_id, n.{_TIMES[0]} AS created,"
        f" n.{_TIMES[1]} AS updated{own} FROM {like.table} n JOIN Type t ON t.id = n.type_id WHERE n.id IN ({{}})"
        " ORDER BY n.id",
        wanted,
    )
    properties = _read_properties(transaction, like, wanted)
    return {
        row.id: like(
            type=row.type,
            id=row.id,
            type_version=row.type_version,
            name=row.name,
            external_id=row.external_id,
            properties=properties[row.id][False],
            custom_properties=properties[row.id][True],
            created_ms=row.created,
            updated_ms=row.updated,
            **like.own_arguments(row),
        )
        for row in rows
    }


def live(transaction: Transaction, artifact_ids: Iterable[int]) -> set[int]:
    """Those of the artifacts that are LIVE."""
    query = "SELECT id FROM Artifact WHERE id IN ({}) AND state = ?"
    return {row.id for row in transaction.rows_in(query, artifact_ids, int(ArtifactState.LIVE))}


def _registered(transaction: Transaction, node: Node) -> Type:
    known = get_type(transaction, node.kind, node.type, node.type_version)
    if known is None:
        names = (one.name for one in get_types(transaction, node.kind))
        raise StoreError(
            f"There is no type {node.type!r} of {node.table.lower()}s in the store.",
            hint=did_you_mean(node.type, names),
        )
    if node.properties.keys() - known.properties.keys():
        known = reread(transaction, known)
    return known


def _stored_id(node: Node) -> int:
    if node.id is None:
        raise StoreError(f"The {node.table.lower()} is not in the store yet.", hint="Insert it first.")
    return node.id


def _checked_names(node: Node) -> tuple[str | None, str | None]:
    if node.name is None and node.kind is TypeKind.CONTEXT:
        raise StoreError("A context needs a name.")
    name = None if node.name is None else check_name(node.name, f"The name of a {node.table.lower()}")
    external_id = None if node.external_id is None else check_name(node.external_id, "An external id")
    return name, external_id


def _property_rows(transaction: Transaction, node_id: int, node: Node, node_type: Type) -> list[tuple[Any, ...]]:
    check_disjoint(node.properties, node.custom_properties, node.type)
    rows: list[tuple[Any, ...]] = []
    for custom, values in ((False, node.properties), (True, node.custom_properties)):
        for name, value in values.items():
            where = f"The property {name!r} of {node.type}"
            declared = None if custom else node_type.properties.get(name)
            if not custom and declared is None:
                raise StoreError(
                    f"{node.type} declares no property {name!r}.",
                    hint=did_you_mean(name, node_type.properties) or "Store it as a custom property.",
                )
            columns = to_row(value, where, declared=declared, raw_bytes=transaction.raw_bytes)
            rows.append((node_id, check_name(name, "A property's name"), custom, *columns))
    return rows


def _insert_properties(transaction: Transaction, like: type[Node], rows: list[tuple[Any, ...]]) -> None:
    columns = (f"{like.table.lower()}_id", "name", "is_custom_property", *COLUMNS)
    transaction.many(_insert_into(f"{like.table}Property", columns), rows)


@functools.cache
def _insert_into(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _read_properties(
    transaction: Transaction, like: type[Node], ids: Sequence[int]
) -> dict[int, tuple[dict[str, Value], dict[str, Value]]]:
    key = f"{like.table.lower()}_id"
    found: dict[int, tuple[dict[str, Value], dict[str, Value]]] = defaultdict(lambda: ({}, {}))
    query = (
        f"SELECT {key}, name, is_custom_property, {', '.join(COLUMNS)} FROM {like.table}Property WHERE {key} IN ({{}})"
    )
    for node_id, name, custom, *columns in transaction.rows_in(query, ids):
        value = from_row(columns)
        if value is not None:
            found[node_id][bool(custom)][name] = value
    return found
