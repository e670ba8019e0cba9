"""Reading artifacts and executions: one, many, and the one that a resolver asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from penstock.errors import UsageError
from penstock.metadata import collection, contexts, pins, runs
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd import links, nodes
from penstock.metadata.mlmd.links import INPUTS, OUTPUTS, Event, EventType
from penstock.metadata.mlmd.nodes import ArtifactState, ExecutionState
from penstock.metadata.mlmd.types import TypeKind, get_type
from penstock.metadata.records import StoredArtifact, StoredExecution

__all__ = ["artifact", "execution", "hydrate", "hydrate_executions", "listing", "named", "places", "resolve", "unknown"]

_BLESSING = "ModelBlessing"
_ANOMALIES = "ExampleAnomalies"
_CANDIDATE = "model"
_VALIDATED = "statistics"


def places(event: Event) -> Iterator[tuple[str, int]]:
    """The names and indices in an event's path; other programs may leave out either."""
    key, index, is_open = "", 0, False
    for step in event.path:
        if isinstance(step, str):
            if is_open:
                yield key, index
            key, index, is_open = step, 0, True
        else:
            index = step
            yield key, index
            is_open = False
    if is_open or not event.path:
        yield key, index


def hydrate(transaction: Transaction, ids: Iterable[int]) -> dict[int, StoredArtifact]:
    """The artifacts with these ids, by id, with their content and the execution that made them."""
    found = nodes.fetch(transaction, nodes.Artifact, ids)
    content = {
        row.artifact_id: row
        for row in transaction.rows_in(
            "SELECT artifact_id, algorithm, digest, size FROM penstock_content WHERE artifact_id IN ({})", found
        )
    }
    makers = _makers(transaction, found)
    # Next to nothing is collected or pinned; then nothing is looked for.
    gone = collection.collected(transaction, found) if _has_rows(transaction, "penstock_gc") else {}
    pinned = {}
    if _has_rows(transaction, "penstock_pin"):
        pinned = {one.artifact_id: one for one in pins.current(transaction, found)}
    stored: dict[int, StoredArtifact] = {}
    for artifact_id, one in found.items():
        digest = content.get(artifact_id)
        stored[artifact_id] = StoredArtifact(
            id=artifact_id,
            type=one.type,
            uri=one.uri,
            state=one.state.name,
            name=one.name,
            properties=one.properties,
            custom_properties=one.custom_properties,
            digest=digest.digest if digest else None,
            algorithm=digest.algorithm if digest else None,
            size=digest.size if digest else None,
            created_ms=one.created_ms or 0,
            updated_ms=one.updated_ms or 0,
            collected=gone.get(artifact_id),
            pin=pinned.get(artifact_id),
            **makers.get(artifact_id, {}),
        )
    return stored


def _has_rows(transaction: Transaction, table: str) -> bool:
    return transaction.row(f"SELECT max(artifact_id) FROM {table}")[0] is not None


def artifact(transaction: Transaction, artifact_id: int) -> StoredArtifact:
    """The artifact of that id; an unknown one is a `UsageError`."""
    found = hydrate(transaction, [artifact_id])
    if artifact_id not in found:
        raise unknown(artifact_id)
    return found[artifact_id]


def unknown(artifact_id: int) -> UsageError:
    """The error that there is no artifact of that id."""
    return UsageError(f"There is no artifact {artifact_id}.", hint="List them: penstock artifacts list.")


def listing(
    transaction: Transaction,
    *,
    type: str | None,
    run: str | None,
    pipeline: str | None,
    node: str | None,
    limit: int,
    offset: int,
) -> list[StoredArtifact]:
    """Artifacts that fit every condition given, the newest first; run, pipeline and node say what put them out."""
    conditions: list[str] = []
    values: list[Any] = []
    if type is not None:
        known = get_type(transaction, TypeKind.ARTIFACT, type)
        if known is None:
            return []
        conditions.append("a.type_id = ?")
        values.append(known.id)
    if node is not None and pipeline is None and run is not None:
        pipeline = runs.pipeline_of(transaction, run)
    wanted = [(contexts.RUN, run), (contexts.PIPELINE, pipeline)]
    if node is not None and pipeline is not None:
        wanted.append((contexts.NODE, contexts.node_name(pipeline, node)))
    for kind, name in wanted:
        if name is None:
            continue
        context = contexts.find(transaction, kind, name)
        if context is None:
            return []
        conditions.append(_OF_CONTEXTS.format("= ?"))
        values.append(context)
    if node is not None and pipeline is None:
        conditions.append(_OF_CONTEXTS.format("IN (SELECT id FROM Context WHERE substr(name, length(name) - ?) = ?)"))
        values += [len(node), f".{node}"]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = transaction.rows(
        f"SELECT a.id FROM Artifact a {where} ORDER BY a.create_time_since_epoch DESC, a.id DESC LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    ids = [row[0] for row in rows]
    found = hydrate(transaction, ids)
    return [found[one] for one in ids]


_OF_CONTEXTS = (
    "a.id IN (SELECT e.artifact_id FROM Association s JOIN Event e ON e.execution_id = s.execution_id"
    f" AND e.type IN ({', '.join(str(int(one)) for one in OUTPUTS)}) WHERE s.context_id {{}})"
)


def hydrate_executions(
    transaction: Transaction, ids: Iterable[int], events: Sequence[Event] | None = None
) -> dict[int, StoredExecution]:
    """The executions with these ids, by id, with what they read and made: their events, where the caller has them."""
    found = nodes.fetch(transaction, nodes.Execution, ids)
    own = {
        row.execution_id: row
        for row in transaction.rows_in(
            "SELECT e.execution_id, e.run_id, e.node_id, e.source_id, e.cache_key, e.parameters, e.error, e.log,"
            " e.blocked, e.note, r.pipeline FROM penstock_execution e JOIN penstock_run r ON r.id = e.run_id"
            " WHERE e.execution_id IN ({})",
            found,
        )
    }
    read: dict[int, dict[str, list[tuple[int, int]]]] = {}
    made: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for event in links.events(transaction, execution_ids=found) if events is None else events:
        side = read if event.type in INPUTS else made
        for key, index in places(event):
            side.setdefault(event.execution_id, {}).setdefault(key, []).append((index, event.artifact_id))
    return {
        one_id: _execution(one, own.get(one_id), read.get(one_id, {}), made.get(one_id, {}))
        for one_id, one in found.items()
    }


def execution(transaction: Transaction, execution_id: int) -> StoredExecution:
    """The execution of that id; an unknown one is a `UsageError`."""
    found = hydrate_executions(transaction, [execution_id])
    if execution_id not in found:
        raise UsageError(f"There is no execution {execution_id}.", hint="See the runs: penstock runs list.")
    return found[execution_id]


def named(transaction: Transaction, name: str) -> list[int]:
    """The artifacts that lie at a URI, or else those of a type that the latest run with any of it made or reused."""
    rows = transaction.rows("SELECT id FROM Artifact WHERE uri = ? ORDER BY id DESC", name)
    if rows:
        return [row.id for row in rows]
    given_out = (
        " FROM Type t JOIN Artifact a ON a.type_id = t.id JOIN Event v ON v.artifact_id = a.id"
        " JOIN penstock_execution e ON e.execution_id = v.execution_id WHERE t.name = ? AND v.type = ?"
    )
    values = (name, int(EventType.OUTPUT))
    rows = transaction.rows(
        f"SELECT a.id, max(v.id) AS made{given_out}"
        f" AND e.run_id = (SELECT e.run_id{given_out} ORDER BY v.id DESC LIMIT 1) GROUP BY a.id ORDER BY made",
        *values,
        *values,
    )
    return [row.id for row in rows]


def resolve(
    transaction: Transaction,
    pipeline: str,
    type: str,
    *,
    blessed: bool,
    other_than: StoredArtifact | None,
    predecessor: bool = False,
    window: bool = False,
) -> StoredArtifact | None:
    """The newest LIVE artifact of a type in a pipeline; if ``blessed``, the one that was blessed last.

    A model is blessed by an execution that read it as its input ``model`` and made a ``ModelBlessing`` whose custom
    property ``blessed`` is 1; that of an evaluation that was reused counts too. A baseline is not blessed by the
    evaluation it served, nor a model that another evaluation of the same run refused, as where each of its outputs has
    one of its own. Artifacts of the same content as ``other_than`` are passed over, and so are those of other
    programs, which have no digest: a key made of what they hold would not change with it.

    A ``predecessor`` of ``other_than`` was made by the same node, is of no later span, and was let through: an
    execution that was not blocked read it as its input ``statistics`` and made ``ExampleAnomalies``. What a gate held
    back is nothing to compare with: compared with it, the next data of the same fault would pass. The latest of the
    earlier spans comes first, then another version of the same span.

    A ``window`` of ``other_than`` is of the latest span before it, and its custom property ``window_of`` is the custom
    property ``settings`` of ``other_than``.
    """
    context = contexts.find(transaction, contexts.PIPELINE, pipeline)
    of_type = get_type(transaction, TypeKind.ARTIFACT, type)
    if context is None or of_type is None:
        return None
    query = (
        "SELECT a.id FROM Attribution t JOIN Artifact a ON a.id = t.artifact_id"
        " JOIN penstock_content c ON c.artifact_id = a.id{joins}"
        " WHERE t.context_id = ? AND a.type_id = ? AND a.state = ? AND c.digest <> ?{conditions}"
        " ORDER BY {order} LIMIT 1"
    )
    digest = other_than.digest if other_than is not None else None
    values: list[Any] = [context, of_type.id, int(ArtifactState.LIVE), digest or ""]
    if blessed:
        blessing = get_type(transaction, TypeKind.ARTIFACT, _BLESSING)
        if blessing is None:
            return None
        query = query.format(joins=_BLESSED_JOINS, conditions=_BLESSED_CONDITIONS, order="o.id DESC, a.id DESC")
        values += [int(EventType.INPUT), int(EventType.OUTPUT), blessing.id, int(ArtifactState.LIVE), True, _CANDIDATE]
        values += [int(EventType.INPUT), _CANDIDATE, int(EventType.OUTPUT), blessing.id, True]
    elif predecessor:
        anomalies = get_type(transaction, TypeKind.ARTIFACT, _ANOMALIES)
        if anomalies is None or other_than is None:
            return None
        span = other_than.properties.get("span")
        known = span if isinstance(span, int) else _NO_SPAN
        query = query.format(joins=_SPAN_JOIN, conditions=_PREDECESSOR_CONDITIONS, order=_PREDECESSOR_ORDER)
        values += [int(EventType.OUTPUT), other_than.node_id, int(EventType.INPUT), int(EventType.OUTPUT)]
        values += [anomalies.id, int(ArtifactState.LIVE), _VALIDATED, _NO_SPAN, known, _NO_SPAN, known, _NO_SPAN]
        values = [False, *values]
    elif window:
        settings = other_than.custom_properties.get("settings") if other_than is not None else None
        if other_than is None or settings is None:
            return None
        query = query.format(joins=_WINDOW_JOINS, conditions=_WINDOW_CONDITIONS, order=_WINDOW_ORDER)
        values = [False, True, *values, settings, other_than.properties["span"]]
    else:
        query = query.format(joins="", conditions="", order="a.create_time_since_epoch DESC, a.id DESC")
    row = transaction.row(query, *values)
    return None if row is None else hydrate(transaction, [row[0]])[row[0]]


_BLESSED_JOINS = (
    " JOIN Event i ON i.artifact_id = a.id JOIN Event o ON o.execution_id = i.execution_id"
    " JOIN Artifact b ON b.id = o.artifact_id JOIN ArtifactProperty p ON p.artifact_id = b.id"
)
_BLESSED_CONDITIONS = (
    " AND i.type = ? AND o.type = ? AND b.type_id = ? AND b.state = ?"
    " AND p.name = 'blessed' AND p.is_custom_property = ? AND p.int_value = 1"
    " AND EXISTS (SELECT 1 FROM EventPath s WHERE s.event_id = i.id AND s.step_key = ?)"
    " AND NOT EXISTS (SELECT 1 FROM penstock_execution e JOIN penstock_execution r ON r.run_id = e.run_id"
    " JOIN Event j ON j.execution_id = r.execution_id AND j.artifact_id = a.id AND j.type = ?"
    " JOIN EventPath s ON s.event_id = j.id AND s.step_key = ?"
    " JOIN Event k ON k.execution_id = r.execution_id AND k.type = ?"
    " JOIN Artifact d ON d.id = k.artifact_id AND d.type_id = ?"
    " JOIN ArtifactProperty q ON q.artifact_id = d.id AND q.name = 'blessed' AND q.is_custom_property = ?"
    " WHERE e.execution_id = i.execution_id AND q.int_value = 0)"
)


_NO_SPAN = -1
_SPAN_JOIN = " LEFT JOIN ArtifactProperty p ON p.artifact_id = a.id AND p.name = 'span' AND p.is_custom_property = ?"
_PREDECESSOR_CONDITIONS = (
    " AND EXISTS (SELECT 1 FROM Event m JOIN penstock_execution e ON e.execution_id = m.execution_id"
    " WHERE m.artifact_id = a.id AND m.type = ? AND e.node_id = ?)"
    " AND EXISTS (SELECT 1 FROM Event i JOIN penstock_execution g ON g.execution_id = i.execution_id"
    " JOIN EventPath s ON s.event_id = i.id JOIN Event o ON o.execution_id = i.execution_id"
    " JOIN Artifact b ON b.id = o.artifact_id"
    " WHERE i.artifact_id = a.id AND i.type = ? AND o.type = ? AND b.type_id = ? AND b.state = ?"
    " AND s.step_key = ? AND NOT g.blocked)"
    " AND coalesce(p.int_value, ?) <= ?"
)
_PREDECESSOR_ORDER = (
    "CASE WHEN coalesce(p.int_value, ?) < ? THEN 0 ELSE 1 END, coalesce(p.int_value, ?) DESC,"
    " a.create_time_since_epoch DESC, a.id DESC"
)


_WINDOW_JOINS = (
    " JOIN ArtifactProperty p ON p.artifact_id = a.id AND p.name = 'span' AND p.is_custom_property = ?"
    " JOIN ArtifactProperty w ON w.artifact_id = a.id AND w.name = 'window_of' AND w.is_custom_property = ?"
)
_WINDOW_CONDITIONS = " AND w.string_value = ? AND p.int_value < ?"
_WINDOW_ORDER = "p.int_value DESC, a.create_time_since_epoch DESC, a.id DESC"


def _makers(transaction: Transaction, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Which execution made each artifact: the first to put it out that did not merely reuse it."""
    rows = transaction.rows_in(
        "SELECT v.artifact_id, v.execution_id, v.id AS event_id, e.run_id, e.node_id, r.pipeline"
        " FROM Event v JOIN Execution x ON x.id = v.execution_id"
        " LEFT JOIN penstock_execution e ON e.execution_id = v.execution_id LEFT JOIN penstock_run r ON r.id = e.run_id"
        " WHERE v.artifact_id IN ({}) AND v.type = ? AND coalesce(x.last_known_state, 0) <> ? ORDER BY v.id",
        ids,
        int(EventType.OUTPUT),
        int(ExecutionState.CACHED),
    )
    first = {row.artifact_id: row for row in reversed(rows)}
    keys: dict[int, str] = dict(
        transaction.rows_in(
            "SELECT event_id, step_key FROM EventPath WHERE event_id IN ({}) AND step_key IS NOT NULL",
            (row.event_id for row in first.values()),
        )
    )
    return {
        artifact_id: {
            "execution_id": row.execution_id,
            "pipeline": row.pipeline,
            "run_id": row.run_id,
            "node_id": row.node_id,
            "output": keys.get(row.event_id),
        }
        for artifact_id, row in first.items()
    }


def _execution(
    one: nodes.Execution, own: Any, read: dict[str, list[tuple[int, int]]], made: dict[str, list[tuple[int, int]]]
) -> StoredExecution:
    mine: dict[str, Any] = {}
    if own is not None:
        mine = {
            "parameters": runs.load(own.parameters),
            "pipeline": own.pipeline,
            "run_id": own.run_id,
            "node_id": own.node_id,
            "source_id": own.source_id,
            "key": own.cache_key,
            "error": runs.load(own.error),
            "log": own.log,
            "blocked": bool(own.blocked),
            "note": own.note,
        }
    return StoredExecution(
        id=one.id or 0,
        component=one.type,
        state=one.state.name,
        inputs={key: [artifact_id for _, artifact_id in sorted(several)] for key, several in read.items()},
        outputs={key: [artifact_id for _, artifact_id in sorted(several)] for key, several in made.items()},
        properties=one.properties,
        custom_properties=one.custom_properties,
        created_ms=one.created_ms or 0,
        updated_ms=one.updated_ms or 0,
        **mine,
    )
