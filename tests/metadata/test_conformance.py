"""Holds the real ``ml_metadata`` client beside the store: it reads what we write, and we read what it writes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from penstock.errors import NodeError
from penstock.events import NodeState, RunState
from penstock.metadata import Store, open_store
from penstock.metadata.checks.check import check_store
from penstock.metadata.mlmd import links
from penstock.metadata.mlmd.links import EventType
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState, Node, insert
from penstock.metadata.mlmd.queries import find
from penstock.metadata.mlmd.types import Type, TypeKind, get_types, put_type
from penstock.metadata.mlmd.values import AnyMessage, Kind, Value
from penstock.metadata.records import NewArtifact, RunRecord, StoredArtifact
from penstock.metadata.transfer.exporting import export_store
from penstock.metadata.transfer.importing import import_store
from tests.metadata.conftest import Publish
from tests.metadata.databases import ON_SQLITE
from tests.metadata.restoring import restored
from tests.peers import peer_python

pytestmark = pytest.mark.conformance

SCRIPT = Path(__file__).with_name("mlmd_client.py")
Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def client_python() -> str:
    """A Python 3.11 with the client, in an environment of its own."""
    return str(peer_python("mlmd"))


@pytest.fixture
def ask(client_python: str, url: str) -> Ask:
    """What the client says of the store, or of another path."""

    def run(act: str, path: Path | None = None, *arguments: Any) -> Any:
        command = [client_python, str(SCRIPT), str(path or place(url)), act, *map(str, arguments)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def place(url: str) -> str:
    """A URL as the client is told of it: a path, or the members of its own settings as JSON."""
    if url.startswith("sqlite:///"):
        return url.removeprefix("sqlite:///")
    parts = urlsplit(url)
    # Its build knows no TLS.
    return json.dumps(
        {
            "host": parts.hostname,
            "port": str(parts.port),
            "user": parts.username,
            "password": unquote(parts.password or ""),
            "dbname": parts.path[1:],
        }
    )


def dump(store: Store) -> dict[str, Any]:
    """The same as the client's dump, read by us."""
    with store.database.read() as transaction:
        nodes: dict[type[Node], list[Any]] = {kind: find(transaction, kind) for kind in (Artifact, Execution, Context)}
        contexts = [one.id for one in nodes[Context]]
        events = links.events(transaction, execution_ids=[one.id for one in nodes[Execution]])
        types = {kind: [_type(one) for one in get_types(transaction, kind)] for kind in TypeKind}
        return {
            "artifact_types": types[TypeKind.ARTIFACT],
            "execution_types": types[TypeKind.EXECUTION],
            "context_types": types[TypeKind.CONTEXT],
            "artifacts": [_node(one, uri=one.uri, state=int(one.state)) for one in nodes[Artifact]],
            "executions": [_node(one, state=int(one.state)) for one in nodes[Execution]],
            "contexts": [_node(one) for one in nodes[Context]],
            "events": sorted(
                [one.artifact_id, one.execution_id, int(one.type), list(one.path), one.at_ms] for one in events
            ),
            "attributions": sorted(
                [at, one.id] for at in contexts for one in find(transaction, Artifact, context_id=at)
            ),
            "associations": sorted(
                [at, one.id] for at in contexts for one in find(transaction, Execution, context_id=at)
            ),
            "parents": sorted([at, one.id] for at in contexts for one in links.parents(transaction, at)),
        }


def _type(one: Type) -> dict[str, Any]:
    properties = {name: int(one.properties[name]) for name in sorted(one.properties)}
    return {"id": one.id, "name": one.name, "version": one.version or "", "properties": properties, "base": one.base}


def _node(one: Node, **more: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "name": one.name or "",
        "external_id": one.external_id or "",
        "properties": _values(one.properties),
        "custom_properties": _values(one.custom_properties),
        "created": one.created_ms,
        "updated": one.updated_ms,
        **more,
    }


def _values(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(properties[name]) for name in sorted(properties)}


def _value(value: Any) -> list[Any]:
    kind = Kind.of(type(value)).name.lower()
    if isinstance(value, AnyMessage):
        return [kind, [value.type_url, base64.b64encode(value.value).decode()]]
    return ["bool" if kind == "boolean" else kind, value]


@pytest.fixture
def full(store: Store, taxi: dict[str, StoredArtifact]) -> dict[str, StoredArtifact]:
    """A store with a complete run, a reuse, a failure, a resolver's answer, and every kind of property."""
    store.begin_run(RunRecord("r2", "taxi"))
    lease = store.begin_execution(
        "r2", "again", "Trainer", parameters={"steps": 3, "rate": 0.5, "layers": [1, 2], "on": True, "no": None}
    )
    store.publish(lease, outputs={"model": [NewArtifact("Model", "/p/9")]}, key="k")
    cached = store.find_cached("k")
    assert cached is not None
    store.reuse("r2", "reused", "Trainer", "k", cached, inputs={"a": [taxi["examples"].id], "b": [taxi["examples"].id]})
    failed = store.begin_execution("r2", "fails", "Pusher")
    store.fail(failed, error=NodeError('It said "no" \\ \n\0 twice.'))
    store.answer("r2", "latest", "LatestBlessedModel", "a", inputs={}, outputs={"model": [taxi["model"]]})
    values: dict[str, Value] = {
        "int": -(2**63),
        "double": 0.125,
        "string": "' \" \\ \n \U0001f600 %s ? a __MLMD_NULL__ b mlmd-struct:: c",
        "struct": {"a": [1.5, None, True, {"b": "ü\0"}], "": {}},
        "proto": AnyMessage("type.googleapis.com/t", b"\x00\xff" * 50),
        "bool": False,
    }
    with store.database.write() as transaction:
        for kind in TypeKind:
            declared = {name: Kind.of(type(value)) for name, value in values.items()}
            put_type(
                transaction, Type(kind, "Thing", declared, base="mlmd.Model" if kind is TypeKind.ARTIFACT else None)
            )
        common: dict[str, Any] = {"type": "Thing", "external_id": "ext"}
        insert(
            transaction,
            [Artifact(**common, name="named", uri="/thing", state=ArtifactState.PENDING, properties=values)],
        )
        insert(transaction, [Artifact(type="Thing", custom_properties={**values, "huge": 1e300, "empty": ""})])
        insert(transaction, [Execution(**common, state=ExecutionState.NEW, properties=values)])
        insert(transaction, [Context(**common, name="thing", custom_properties=values)])
    return taxi


@pytest.mark.usefixtures("full")
def test_the_client_reads_everything_that_we_write(store: Store, ask: Ask) -> None:
    """Types, all nodes with all six kinds of properties, events with paths, contexts and their parents."""
    theirs = ask("dump")
    ours = dump(store)
    assert len(ours["artifacts"]) == 8
    for section, value in ours.items():
        assert theirs[section] == value, section


def test_the_client_finds_what_we_write(full: dict[str, StoredArtifact], store: Store, ask: Ask) -> None:
    """By type, name, uri, external id, context, filter queries and lineage, where it follows resolvers too."""
    found = ask("lookups")
    ids = {name: one.id for name, one in full.items()}
    lineage = store.lineage(ids["pushed_model"], "up")
    numbers = {"input": 3, "output": 4}
    assert found == {
        "by_type": {"Examples": [1], "Model": [ids["model"], 6], "PushedModel": [ids["pushed_model"]]},
        "by_uri": [ids["model"]],
        "by_type_and_name": "/thing",
        "by_external_id": [7],
        "by_run": sorted(ids.values()),
        "executions_by_run": [1, 2, 3, 4, 5],
        "pipeline_of_run": ["taxi"],
        "contexts_of_model": ["r1", "r2", "taxi", "taxi.evaluator", "taxi.latest", "taxi.pusher", "taxi.trainer"],
        "blessed": [ids["blessing"]],
        "in_pipeline": [1, 2, 3, 4, 5, 6],
        "with_events": [ids["model"]],
        "by_double": [8],
        "failed": [8],
        "newest": [8, 7],
        "lineage": {
            "artifacts": sorted(lineage.artifacts),
            "executions": [*sorted(lineage.executions), 9],
            "events": sorted(
                [
                    *([edge.artifact_id, edge.execution_id, numbers[edge.direction]] for edge in lineage.edges),
                    [ids["model"], 9, int(EventType.INTERNAL_OUTPUT)],
                ]
            ),
        },
    }


@pytest.mark.usefixtures("full")
def test_we_read_what_the_client_writes_into_our_store(store: Store, ask: Ask) -> None:
    """Its execution with all kinds of properties, and its changes to an artifact of ours, while ours is open."""
    theirs = ask("write")
    ours = dump(store)
    for section, value in ours.items():
        assert theirs[section] == value, section
    assert store.artifact(1).custom_properties["touched"] == "by the client"
    (made,) = store.artifacts(type="ClientArtifact")
    assert (made.uri, made.run_id) == ("/client", None)
    assert store.lineage(made.id, "up").artifacts.keys() == {1, made.id}
    below = store.lineage(1, "down")
    assert made.id in below.artifacts
    assert store.execution(made.execution_id or 0).inputs == {"in": [1]}


@ON_SQLITE
def test_we_take_over_a_store_that_the_client_made(ask: Ask, tmp_path: Path) -> None:
    """We read all of it, add a run of ours, and the client reads both; its own tables have not changed."""
    path = tmp_path / "theirs.db"
    before = ask("write", path)
    schema = _schema(path)
    with open_store(f"sqlite:///{path}") as taken:
        assert dump(taken) == before
        taken.begin_run(RunRecord("r1", "taxi"))
        lease = taken.begin_execution("r1", "n", "N", inputs={"in": [1]})
        (made,) = taken.publish(lease, outputs={"m": [NewArtifact("Model", "/m")]})["m"]
        assert set(taken.lineage(made.id, "up").artifacts) == {1, made.id}
        after = ask("dump", path)
        assert after == dump(taken)
    assert {name: sql for name, sql in _schema(path).items() if name in schema} == schema
    assert all(one in after["events"] for one in before["events"])


@ON_SQLITE
def test_the_tables_of_a_new_store_are_those_that_the_client_makes(ask: Ask, tmp_path: Path) -> None:
    """Live, as SQLite's pragmas tell of them; the recorded ones are held against the store in test_tables.py."""
    path = tmp_path / "theirs.db"
    ask("dump", path)
    recorded = json.loads(Path(__file__).with_name("mlmd").joinpath("schema_10.json").read_text())
    found = {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in recorded:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            found[table] = [[name, kind, bool(needed), default, key] for _, name, kind, needed, default, key in columns]
    assert found == {table: shape["columns"] for table, shape in recorded.items()}


def _schema(path: Path) -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master"))


def test_what_the_client_changes_is_noticed_when_the_store_is_opened(url: str, ask: Ask, publish: Publish) -> None:
    """A run that it writes as TFX does, while it goes on and when it has ended; a result whose artifact it deletes."""
    made = {name: publish(name, {"out": [NewArtifact("Model", f"/{name}")]}, key=name)["out"][0] for name in "ab"}
    ask("tfx_run")
    with open_store(url, read_only=True) as again:
        run = again.run("tfx-run")
        assert (run.pipeline, run.state, run.origin) == ("elsewhere", RunState.RUNNING, "ml-metadata")
        assert {one.node_id: one.state for one in again.nodes(run.id)} == {
            "Node0": NodeState.COMPLETE,
            "Node1": NodeState.REUSED,
            "Node2": NodeState.RUNNING,
        }
        assert again.reads(run.id) == {"Node1": ["Node0"], "Node2": ["Node1"]}
        assert again.execution(again.nodes(run.id)[1].execution_id or 0).parameters == {"steps": 1}
    ask("tfx_run")
    ask("delete", None, made["a"].id)
    with open_store(url) as again:
        assert again.run("tfx-run").state is RunState.COMPLETE
        assert (again.find_cached("a"), again.find_cached("b") is None) == (None, False)
        with again.database.read() as transaction:
            assert [row[0] for row in transaction.rows("SELECT key FROM penstock_cache")] == ["b"]
        assert again.artifact(made["a"].id).state == "DELETED"
        assert {one.check for one in check_store(again).findings} == {"payload-is-there"}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("own", [True, False])
def test_the_client_reads_all_of_an_export(store: Store, ask: Ask, tmp_path: Path, own: bool) -> None:
    """With and without our tables: the very same rows as in the store, and it can write into it."""
    exported = export_store(store, f"sqlite:///{tmp_path}/out.db", own=own).path
    assert ask("dump", exported) == dump(store) == ask("dump")
    ask("write", exported)


@pytest.mark.usefixtures("full")
def test_a_repaired_store_is_read_by_the_client(store: Store, ask: Ask) -> None:
    """A property without a value and a type twice make it fail; after the repair it reads everything."""
    with store.database.write() as transaction:
        transaction.execute("INSERT INTO Type (name, type_kind) VALUES ('Model', 1)")
        transaction.execute(
            "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property) VALUES (1, 'no', TRUE)"
        )
    with pytest.raises(AssertionError, match="metadata_store|Error"):
        ask("dump")
    check_store(store, repair=True)
    assert ask("dump") == dump(store)


@ON_SQLITE
@pytest.mark.parametrize("version", [6, 7, 8, 9, 10])
def test_stores_of_older_versions_are_imported(store: Store, ask: Ask, tmp_path: Path, version: int) -> None:
    """A store of TFX, made older by MLMD itself: nothing is lost but what that version could not hold."""
    path = restored("tfx_1_16.sql", tmp_path / "tfx.db")
    if version < 10:
        ask("downgrade", path, version)
    before = path.read_bytes()
    done = import_store(store, path)
    assert path.read_bytes() == before
    assert (done.version, len(done.runs), done.notes) == (version, 2, ())
    with open_store(f"sqlite:///{restored('tfx_1_16.sql', tmp_path / 'whole.db')}") as whole:
        for run in done.runs:
            mine, theirs = (
                [(one.type, one.uri, one.node_id, one.custom_properties) for one in each.artifacts(run=run, limit=99)]
                for each in (store, whole)
            )
            assert sorted(mine, key=repr) == sorted(theirs, key=repr)
    ask("dump")
