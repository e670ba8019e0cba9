"""Finding nodes: by conditions on any of their fields, in order, page after page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from penstock.errors import StoreError, did_you_mean
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import AnyNode, fetch
from penstock.metadata.mlmd.types import TypeKind, get_type
from penstock.metadata.mlmd.values import Kind, Value, check_name, check_text, to_row

__all__ = ["Operator", "Order", "Where", "find"]

Operator = Literal["=", "<>", "<", "<=", ">", ">="]
Order = Literal["id", "created_ms", "updated_ms"]

_OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
_PROPERTIES = {"properties": False, "custom_properties": True}


@dataclass(frozen=True)
class Where:
    """A condition on one field.

    Attributes:
        field: ``id``, ``name``, ``external_id``, ``created_ms``, ``updated_ms``, of artifacts ``uri``, of artifacts and
            executions ``state``; or ``properties.NAME``, ``custom_properties.NAME``.
        operator: Text and booleans have no order here, so they are only asked for with ``=`` and ``<>``.
        value: What to compare with. None is no value: ``=`` finds nodes without one, ``<>`` those with any.
    """

    field: str
    operator: Operator
    value: Value | None


def find(  # noqa: PLR0913 - what nodes may be found by
    transaction: Transaction,
    like: type[AnyNode],
    *,
    type: str | None = None,
    type_version: str | None = None,
    name: str | None = None,
    uri: str | None = None,
    external_id: str | None = None,
    context_id: int | None = None,
    where: Sequence[Where] = (),
    order: Order = "id",
    descending: bool = False,
    limit: int | None = None,
    after: AnyNode | None = None,
) -> list[AnyNode]:
    """The nodes of a kind that fit every condition given.

    Args:
        transaction: The transaction to look in.
        like: `Artifact`, `Execution` or `Context`.
        type: The name of their type.
        type_version: Its version, if it has one.
        name: Their name.
        uri: The URI of artifacts.
        external_id: Their external id.
        context_id: A context that artifacts or executions are in.
        where: Conditions on any other field.
        order: What they are ordered by, and then by id.
        descending: Whether the last come first.
        limit: At most so many.
        after: Only those that come after this one: the last of one page gives the next page. What is inserted or
            removed meanwhile moves nothing from one page to another.
    """
    conditions: list[str] = []
    values: list[Any] = []
    if type is not None:
        known = get_type(transaction, like.kind, type, type_version)
        if known is None:
            return []
        conditions.append("n.type_id = ?")
        values.append(known.id)
    given = (Where("name", "=", name), Where("uri", "=", uri), Where("external_id", "=", external_id))
    for condition in (*(one for one in given if one.value is not None), *where):
        sql, compared = _compiled(condition, like.table, like.fields())
        conditions.append(sql)
        values += compared
    if context_id is not None:
        link = "Attribution" if like.kind is TypeKind.ARTIFACT else "Association"
        conditions.append(f"n.id IN (SELECT {like.table.lower()}_id FROM {link} WHERE context_id = ?)")
        values.append(context_id)
    keys = ["n.id"] if order == "id" else [like.fields()[order], "n.id"]
    if after is not None:
        conditions.append(f"({', '.join(keys)}) {'<' if descending else '>'} ({', '.join('?' * len(keys))})")
        values += [after.id] if order == "id" else [getattr(after, order), after.id]
    text = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    direction = "DESC" if descending else "ASC"
    text += f" ORDER BY {', '.join(f'{key} {direction}' for key in keys)}"
    if limit is not None:
        text += " LIMIT ?"
        values.append(limit)
    ids = [row[0] for row in transaction.rows(f"SELECT n.id FROM {like.table} n{text}", *values)]
    found = fetch(transaction, like, ids)
    return [found[one] for one in ids]


def _compiled(condition: Where, table: str, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
    """A condition as SQL about a row ``n``, and its values.

    Args:
        condition: What is asked.
        table: MLMD's table of these nodes.
        columns: The SQL for each field that these nodes have.

    Raises:
        StoreError: There is no such field or operator, or the value cannot be in the store.
    """
    if condition.operator not in _OPERATORS:
        raise StoreError(f"There is no operator {condition.operator!r}.", hint=did_you_mean("", _OPERATORS))
    if isinstance(condition.value, str | bool) or condition.value is None:
        _check_equality(condition)
    kind, dot, name = condition.field.partition(".")
    if dot and kind in _PROPERTIES:
        return _property(condition, table, name, custom=_PROPERTIES[kind])
    if condition.field not in columns:
        fields = [*columns, *(f"{one}.NAME" for one in _PROPERTIES)]
        hint = did_you_mean(condition.field, fields)
        raise StoreError(f"{table}s have no field {condition.field!r} to be found by.", hint=hint)
    column = columns[condition.field]
    if condition.value is None:
        return f"{column} IS {'' if condition.operator == '=' else 'NOT '}NULL", []
    value = int(condition.value) if isinstance(condition.value, IntEnum) else condition.value
    # What cannot be stored is refused, and not merely not found.
    where = f"The value to compare {condition.field} with"
    if isinstance(value, str):
        check_text(value, where)
    else:
        to_row(value, where)
    return f"{column} {condition.operator} ?", [value]


def _property(condition: Where, table: str, name: str, *, custom: bool) -> tuple[str, list[Any]]:
    check_name(name, "A property's name")
    exists = (
        f"EXISTS (SELECT 1 FROM {table}Property p WHERE p.{table.lower()}_id = n.id"
        " AND p.name = ? AND p.is_custom_property = ?{})"
    )
    value = condition.value
    if value is None:
        return f"{'NOT ' if condition.operator == '=' else ''}{exists.format('')}", [name, custom]
    kind = Kind.of(type(value), f"The value to compare {condition.field} with")
    match kind:
        case Kind.STRUCT | Kind.PROTO:
            raise StoreError(f"{condition.field} cannot be compared with a {kind.name}.", hint="Compare it in Python.")
        case Kind.INT | Kind.DOUBLE:
            # A whole number may lie in a property that is declared as a double.
            either = " OR ".join(f"p.{column} {condition.operator} ?" for column in ("int_value", "double_value"))
            to_row(value, f"The value to compare {condition.field} with")
            return exists.format(f" AND ({either})"), [name, custom, value, value]
        case _:
            column = "bool_value" if kind is Kind.BOOLEAN else "string_value"
            to_row(value, f"The value to compare {condition.field} with")
            return exists.format(f" AND p.{column} {condition.operator} ?"), [name, custom, value]


def _check_equality(condition: Where) -> None:
    if condition.operator not in ("=", "<>"):
        raise StoreError(
            f"{condition.field} {condition.operator} {condition.value!r}: text, booleans and None have no order here.",
            hint="Use = or <>, or compare in Python.",
        )
