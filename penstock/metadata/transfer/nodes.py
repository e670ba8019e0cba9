"""The nodes of another store: new ones get ids of this store, those of an earlier import are brought up to date."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.errors import StoreError
from penstock.metadata import contexts
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import Context, Node
from penstock.metadata.transfer.state import Import

__all__ = ["put_nodes"]

_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")
_VALUES = ("int_value", "double_value", "string_value", "proto_value", "bool_value")


def put_nodes(doing: Import, like: type[Node]) -> None:
    """Takes in the nodes of a kind with their properties; their types must be known already."""
    transaction, kind = doing.transaction, like.kind
    columns = ("id", "type_id", "name", "external_id", *_TIMES, *like.own)
    rows = doing.source.rows(like.table, columns, "id")
    known = _known(doing, like)
    unknown = [row for row in rows if row.id not in known]
    taken = _taken(doing, like, unknown)
    if like is Context:
        _check_runs(doing, unknown, taken)
        known |= {row.id: taken[_key(doing, row)] for row in unknown if _key(doing, row) in taken}
        unknown = [row for row in unknown if row.id not in known]
        taken = {}
    ours = transaction.new_ids(like.table, len(unknown))
    external = _external_ids(transaction, like, unknown)
    inserted = []
    for row, our_id in zip(unknown, ours, strict=True):
        known[row.id] = our_id
        name, external_id = row.name, row.external_id
        if _key(doing, row) in taken or external_id in external:
            doing.left["Names or external ids that another row has already were left out"] += 1
            name = None if _key(doing, row) in taken else name
            external_id = None if external_id in external else external_id
        inserted.append((our_id, doing.types.ids[row.type_id], name, external_id, *tuple(row)[4:]))
    marks = ", ".join("?" * len(columns))
    transaction.many(f"INSERT INTO {like.table} ({', '.join(columns)}) VALUES ({marks})", inserted)
    doing.ids[kind], doing.fresh[kind] = known, {row.id for row in unknown}
    doing.new[like.table] += len(inserted)
    changed = _updated(doing, like, rows)
    _put_properties(doing, like, doing.fresh[kind] | changed)
    transaction.many(
        "INSERT INTO penstock_import (source, kind, their_id, our_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(doing.identity, int(kind), their_id, our_id) for their_id, our_id in known.items()],
    )


def _known(doing: Import, like: type[Node]) -> dict[int, int]:
    """What an earlier import of the same store took in, by their id."""
    rows = doing.transaction.rows(
        "SELECT their_id, our_id FROM penstock_import WHERE source = ? AND kind = ?", doing.identity, int(like.kind)
    )
    return {row[0]: row[1] for row in rows}


def _key(doing: Import, row: Any) -> tuple[int, str | None]:
    return doing.types.ids[row.type_id], row.name


def _taken(doing: Import, like: type[Node], rows: Sequence[Any]) -> dict[tuple[int, str | None], int]:
    """The rows that are here already with the type and the name of one that is to come."""
    names = [row.name for row in rows if row.name is not None]
    there = doing.transaction.rows_in(f"SELECT type_id, name, id FROM {like.table} WHERE name IN ({{}})", names)
    return {(row[0], row[1]): row[2] for row in there}


def _check_runs(doing: Import, rows: Sequence[Any], taken: Mapping[tuple[int, str | None], int]) -> None:
    """Contexts of one type and name become one, but runs do not: theirs would be mixed with ours."""
    for row in rows:
        if doing.types.names[row.type_id] == contexts.RUN and _key(doing, row) in taken:
            raise StoreError(
                f"{doing.source.path} has a run {row.name}, and so has this store, from elsewhere.",
                hint="Import it into another store. Nothing was imported.",
                path=str(doing.source.path),
            )


def _external_ids(transaction: Transaction, like: type[Node], rows: Sequence[Any]) -> set[str]:
    wanted = [row.external_id for row in rows if row.external_id is not None]
    there = transaction.rows_in(f"SELECT external_id FROM {like.table} WHERE external_id IN ({{}})", wanted)
    return {row[0] for row in there}


def _updated(doing: Import, like: type[Node], rows: Sequence[Any]) -> set[int]:
    """Brings rows of an earlier import up to date that the other program changed since; returns their ids there."""
    known, fresh = doing.ids[like.kind], doing.fresh[like.kind]
    before = [row for row in rows if row.id not in fresh]
    ours = {
        row[0]: row
        for row in doing.transaction.rows_in(
            f"SELECT id, {', '.join(_TIMES)} FROM {like.table} WHERE id IN ({{}})", (known[row.id] for row in before)
        )
    }
    changed = []
    for row in before:
        mine = ours.get(known[row.id])
        if mine is None or like is Context:
            continue
        if mine[1] != row.create_time_since_epoch:
            raise StoreError(
                f"{doing.source.path} is no continuation of the store that was imported before: its"
                f" {like.table.lower()} {row.id} is another one.",
                hint="Import it into another store. Nothing was imported.",
                path=str(doing.source.path),
            )
        if row.last_update_time_since_epoch > mine[2]:
            changed.append(row)
    assignments = ", ".join(f"{column} = ?" for column in (_TIMES[1], *like.own))
    doing.transaction.many(
        f"UPDATE {like.table} SET {assignments} WHERE id = ?",
        [(row.last_update_time_since_epoch, *tuple(row)[6:], known[row.id]) for row in changed],
    )
    doing.transaction.many(
        f"DELETE FROM {like.table}Property WHERE {like.table.lower()}_id = ?", [(known[row.id],) for row in changed]
    )
    doing.updated[like.table] += len(changed)
    return {row.id for row in changed}


def _put_properties(doing: Import, like: type[Node], wanted: set[int]) -> None:
    if not wanted:
        return
    node_id, known = f"{like.table.lower()}_id", doing.ids[like.kind]
    type_of = {row.id: row.type_id for row in doing.source.rows(like.table, ("id", "type_id"), "id")}
    rows = []
    for row in doing.source.rows(f"{like.table}Property", (node_id, "name", "is_custom_property", *_VALUES), node_id):
        their_id, name, custom, *values = row
        if their_id not in wanted:
            doing.left["Properties of rows that are not there were left out"] += their_id not in known
            continue
        if all(value is None for value in values):
            doing.left["Properties without a value were left out"] += 1
            continue
        if not custom and (type_of[their_id], name) in doing.types.differing:
            doing.left["Properties whose type has another kind here became custom properties"] += 1
            custom = True
        rows.append((known[their_id], name, bool(custom), *_for_database(values, doing.transaction)))
    columns = ", ".join((node_id, "name", "is_custom_property", *_VALUES))
    doing.transaction.many(
        f"INSERT INTO {like.table}Property ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
    )
    doing.new[f"{like.table}Property"] += len(rows)


def _for_database(values: Sequence[Any], transaction: Transaction) -> tuple[Any, ...]:
    integer, double, text, message, boolean = values
    if transaction.raw_bytes and message is not None:
        message = base64.b64decode(message)
    return integer, double, text, message, None if boolean is None else bool(boolean)
