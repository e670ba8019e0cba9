"""Takes in another program's store: its rows get ids of this one, and its runs show like Penstock's own."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.errors import StoreError
from penstock.metadata import contexts
from penstock.metadata.adoption import WENT_ON, adopt
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Context, Execution, Node
from penstock.metadata.mlmd.types import TypeKind
from penstock.metadata.store import Store
from penstock.metadata.transfer.source import Source, opened_source
from penstock.metadata.transfer.types import TypeMap, put_types
from penstock.storage.locations import is_remote, local_path

__all__ = ["Imported", "import_store"]

Progress = Callable[[int, int, str], None]
_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")
_VALUES = ("int_value", "double_value", "string_value", "proto_value", "bool_value")
_NODES: tuple[type[Node], ...] = (Context, Artifact, Execution)
_STEPS = 8
_LINKS = {"Attribution": Artifact, "Association": Execution}


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        version: MLMD's schema version of the file.
        new: How many rows are new, by table.
        updated: How many rows of an earlier import were brought up to date, by table.
        runs: The runs that are new or went on.
        absent: Artifacts, by their new id, whose payload is on no path of this machine, and their URIs.
        notes: What could not be taken over as it was, a sentence each.
    """

    version: int
    new: Mapping[str, int]
    updated: Mapping[str, int]
    runs: tuple[str, ...]
    absent: Mapping[int, str]
    notes: tuple[str, ...]


@dataclass
class _Import:
    """An import under way: which row of theirs is which of ours, by kind, and what is to be told."""

    source: Source
    transaction: Transaction
    identity: str
    origin: str
    tell: Callable[[str], None]
    types: TypeMap
    ids: dict[TypeKind, dict[int, int]] = field(default_factory=dict)
    fresh: dict[TypeKind, set[int]] = field(default_factory=dict)
    new: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)


def import_store(store: Store, path: Path, *, progress: Progress | None = None) -> Imported:
    """Takes in the whole of a file of MLMD's, such as TFX's ``metadata.db``, or what is new in it since the last time.

    It happens as a whole or not at all, and the file is not changed. URIs stay as they are.

    Args:
        store: Where to.
        path: The file, of MLMD's schema version 6 to 10.
        progress: Is told how much is done, of how much, and what comes next.

    Raises:
        StoreError: The file cannot be read or holds what MLMD does not have, or one of its runs is here already.
    """
    steps = iter(range(_STEPS))
    tell = progress or (lambda _done, _total, _text: None)
    own = store.database.path
    if own is not None and path.exists() and path.samefile(own):
        raise StoreError(f"{path} is the store itself.", hint="Name another file.", path=str(path))
    with opened_source(path) as source, store.database.write() as transaction:
        types = put_types(source, transaction)
        doing = _Import(
            source,
            transaction,
            source.identity(),
            str(path.absolute()),
            lambda text: tell(next(steps), _STEPS, text),
            types,
        )
        for like in _NODES:
            doing.tell(f"{like.table.lower()}s")
            _put_nodes(doing, like)
        _put_events(doing)
        for table, like in _LINKS.items():
            _put_links(doing, table, like)
        _put_parents(doing)
        doing.tell("runs")
        runs = adopt(transaction, _touched_runs(doing), doing.origin)
    return Imported(
        source.version, dict(doing.new), dict(doing.updated), runs, _absent(store, doing), _notes(doing)
    )


def _put_nodes(doing: _Import, like: type[Node]) -> None:
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


def _known(doing: _Import, like: type[Node]) -> dict[int, int]:
    """What an earlier import of the same store took in, by their id."""
    rows = doing.transaction.rows(
        "SELECT their_id, our_id FROM penstock_import WHERE source = ? AND kind = ?", doing.identity, int(like.kind)
    )
    return {row[0]: row[1] for row in rows}


def _key(doing: _Import, row: Any) -> tuple[int, str | None]:
    return doing.types.ids[row.type_id], row.name


def _taken(doing: _Import, like: type[Node], rows: Sequence[Any]) -> dict[tuple[int, str | None], int]:
    """The rows that are here already with the type and the name of one that is to come."""
    names = [row.name for row in rows if row.name is not None]
    there = doing.transaction.rows_in(f"SELECT type_id, name, id FROM {like.table} WHERE name IN ({{}})", names)
    return {(row[0], row[1]): row[2] for row in there}


def _check_runs(doing: _Import, rows: Sequence[Any], taken: Mapping[tuple[int, str | None], int]) -> None:
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


def _updated(doing: _Import, like: type[Node], rows: Sequence[Any]) -> set[int]:
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


def _put_properties(doing: _Import, like: type[Node], wanted: set[int]) -> None:
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


def _put_events(doing: _Import) -> None:
    doing.tell("events")
    artifacts, executions = doing.ids[TypeKind.ARTIFACT], doing.ids[TypeKind.EXECUTION]
    every = doing.source.rows(
        "Event", ("id", "artifact_id", "execution_id", "type", "milliseconds_since_epoch"), "id"
    )
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


def _put_links(doing: _Import, table: str, like: type[Node]) -> None:
    doing.tell(f"{table.lower()}s")
    of_contexts, of_nodes = doing.ids[TypeKind.CONTEXT], doing.ids[like.kind]
    column = f"{like.table.lower()}_id"
    pairs = doing.source.rows(table, ("context_id", column), "id")
    whole = [(of_contexts[one], of_nodes[other]) for one, other in pairs if one in of_contexts and other in of_nodes]
    doing.left[f"{table}s of rows that are not there were left out"] += len(pairs) - len(whole)
    doing.transaction.many(
        f"INSERT INTO {table} (context_id, {column}) VALUES (?, ?) ON CONFLICT DO NOTHING", whole
    )


def _put_parents(doing: _Import) -> None:
    known = doing.ids[TypeKind.CONTEXT]
    pairs = doing.source.rows("ParentContext", ("context_id", "parent_context_id"), "context_id")
    doing.transaction.many(
        "INSERT INTO ParentContext (context_id, parent_context_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(known[child], known[parent]) for child, parent in pairs if child in known and parent in known],
    )


def _touched_runs(doing: _Import) -> list[int]:
    """The contexts of runs that are new here, or whose executions this import brought or changed."""
    rows = doing.transaction.rows_in(
        "SELECT c.id FROM Context c JOIN Type t ON t.id = c.type_id LEFT JOIN penstock_run r ON r.id = c.name"
        " WHERE c.id IN ({}) AND t.type_kind = 2 AND t.name = ? AND (r.id IS NULL OR EXISTS (SELECT 1"
        " FROM Association s JOIN Execution x ON x.id = s.execution_id"
        " LEFT JOIN penstock_execution e ON e.execution_id = x.id"
        " LEFT JOIN penstock_node n ON n.run_id = e.run_id AND n.node_id = e.node_id"
        f" WHERE s.context_id = c.id AND (e.execution_id IS NULL OR ({WENT_ON}))))",
        doing.ids[TypeKind.CONTEXT].values(),
        contexts.RUN,
    )
    return [row[0] for row in rows]


def _absent(store: Store, doing: _Import) -> dict[int, str]:
    """The LIVE artifacts that came new and whose payload is not on this machine, remote ones left out."""
    ours = doing.ids[TypeKind.ARTIFACT]
    with store.database.read() as transaction:
        rows = transaction.rows_in(
            "SELECT id, uri FROM Artifact WHERE id IN ({}) AND state = ? AND uri <> ''",
            (ours[one] for one in doing.fresh[TypeKind.ARTIFACT]),
            int(ArtifactState.LIVE),
        )
    return {row[0]: row[1] for row in rows if not is_remote(row[1]) and not local_path(row[1]).exists()}


def _notes(doing: _Import) -> tuple[str, ...]:
    other = ("Penstock's own tables in the file were left out: digests, verdicts and cache stay there.",)
    return (*(other if doing.source.is_penstock else ()), *doing.types.notes, *(f"{text}: {count:,}." for text, count in doing.left.items() if count))
