"""Conditions on nodes: what `penstock.metadata.mlmd.nodes.find` selects by, and in which order it gives what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from penstock.errors import StoreError, did_you_mean
from penstock.metadata.mlmd.values import Kind, Value, check_name, to_row

__all__ = ["ORDERS", "Operator", "Order", "Where", "compiled"]

Operator = Literal["=", "<>", "<", "<=", ">", ">="]
Order = Literal["id", "created_ms", "updated_ms"]

ORDERS: Mapping[Order, str] = {
    "id": "id",
    "created_ms": "create_time_since_epoch",
    "updated_ms": "last_update_time_since_epoch",
}
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


def compiled(condition: Where, table: str, columns: Mapping[str, str]) -> tuple[str, list[Any]]:
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
    to_row(value, f"The value to compare {condition.field} with")
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
