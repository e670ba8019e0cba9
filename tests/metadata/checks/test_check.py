from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from penstock.events import RunState
from penstock.metadata import Store, open_store
from penstock.metadata.checks.check import check_store
from penstock.metadata.records import NewArtifact, RunRecord
from penstock.storage.manifest import manifest_of, write_manifest
from tests.metadata.databases import ON_SQLITE


@pytest.fixture
def well(store: Store, tmp_path: Path) -> Store:
    """A store with a run of two nodes whose payloads lie where it says; artifact 1 is read by the second node."""
    made = _publish(store, tmp_path, "make", "Examples", {})
    _publish(store, tmp_path, "train", "Model", {"examples": [made]})
    store.end_run("r1", RunState.COMPLETE)
    return store


def _publish(store: Store, root: Path, node: str, kind: str, inputs: dict[str, list[int]]) -> int:
    payload = root / node
    payload.mkdir()
    (payload / "part").write_text(node)
    write_manifest(payload, manifest_of(payload, f"digest of {node}", {"part": len(node)}))
    lease = store.begin_execution("r1", node, node.title(), inputs=inputs, parameters={"steps": 3})
    new = NewArtifact(kind, str(payload), {"span": 0} if kind == "Examples" else {}, digest=f"digest of {node}", size=5)
    (stored,) = store.publish(lease, outputs={"out": [new]}, key=f"key of {node}", metrics=[("loss", 0.5, 1)])["out"]
    return stored.id


def _found(store: Store, **options: Any) -> dict[str, str]:
    return {one.check: one.repaired for one in check_store(store, **options).findings}


def test_a_store_in_use_is_well(well: Store) -> None:
    """Nothing is found in one that the launcher's own writes made; with every byte read, too."""
    report = check_store(well, digests=True)
    assert report.findings == ()
    assert report.is_well
    assert (report.payloads, report.invariants > 30) == (2, True)


DAMAGE = {
    "event.artifact_id": "INSERT INTO Event (artifact_id, execution_id, type) VALUES (99, 1, 4)",
    "event.execution_id": "INSERT INTO Event (artifact_id, execution_id, type) VALUES (1, 99, 4)",
    "eventpath.event_id": "INSERT INTO EventPath (event_id, is_index_step, step_key) VALUES (99, FALSE, 'a')",
    "attribution.artifact_id": "INSERT INTO Attribution (context_id, artifact_id) VALUES (1, 99)",
    "association.context_id": "INSERT INTO Association (context_id, execution_id) VALUES (99, 1)",
    "parentcontext.context_id": "INSERT INTO ParentContext VALUES (99, 1)",
    "artifactproperty.artifact_id": "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, int_value)"
    " VALUES (99, 'a', TRUE, 1)",
    "typeproperty.type_id": "INSERT INTO TypeProperty VALUES (99, 'a', 1)",
    "penstock_content.artifact_id": "INSERT INTO penstock_content VALUES (99, 'sha256', 'd', 1)",
    "penstock_cache.execution_id": "INSERT INTO penstock_cache VALUES ('k', 99, 0, TRUE)",
    "penstock_lease.execution_id": "INSERT INTO penstock_lease VALUES (99, 'h:1:1', 1, 1, 1)",
    "penstock_metric.execution_id": "INSERT INTO penstock_metric VALUES (99, 0, 'a', 0, 0)",
    "empty-properties": "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property) VALUES (1, 'a', TRUE)",
    "duplicate-types": "INSERT INTO Type (name, type_kind) VALUES ('Model', 1)",
    "cache-is-live": "UPDATE Artifact SET state = 4 WHERE id = 2",
    "running-has-a-lease": "UPDATE Execution SET last_known_state = 2 WHERE id = 1",
    "running-has-a-process": "UPDATE penstock_run SET state = 'running', owner = '{host}:1:1'",
    "fence": "DELETE FROM penstock_env WHERE key = 'fence'",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_safe_is_repaired(well: Store, name: str) -> None:
    """Each fault is found under its name and left alone; repaired where asked for, and then nothing is found."""
    import socket

    with well.database.write() as transaction:
        transaction.execute(DAMAGE[name].replace("{host}", socket.gethostname()))
    for _ in range(2):
        assert _found(well) == {name: ""}
    repaired = _found(well, repair=True)
    assert list(repaired) == [name]
    assert repaired[name]
    assert check_store(well).findings == ()
    assert well.artifact(1).uri


BEYOND_REPAIR = {
    "artifact.type_id": ("UPDATE Artifact SET type_id = 99 WHERE id = 1", "broken"),
    "execution.type_id": ("UPDATE Execution SET type_id = 99 WHERE id = 1", "broken"),
    "penstock_execution.run_id": ("UPDATE penstock_execution SET run_id = 'gone' WHERE execution_id = 1", "broken"),
    "states": ("UPDATE Artifact SET state = 17 WHERE id = 1", "broken"),
    "event-paths": ("UPDATE EventPath SET step_key = NULL WHERE event_id = 1", "broken"),
    "circles": ("INSERT INTO ParentContext VALUES (1, 2)", "broken"),
    "declared-properties": ("UPDATE TypeProperty SET data_type = 3 WHERE name = 'span'", "odd"),
    "double-names": (
        "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, int_value) VALUES (1, 'span', TRUE, 5)",
        "odd",
    ),
}


@pytest.mark.parametrize("name", BEYOND_REPAIR)
def test_what_would_lose_something_is_only_told(well: Store, name: str) -> None:
    """A repair leaves it, and the report is well only if it is merely odd."""
    sql, severity = BEYOND_REPAIR[name]
    with well.database.write() as transaction:
        transaction.execute(sql)
    report = check_store(well, repair=True)
    assert [(one.check, one.severity, one.repaired) for one in report.findings if one.check == name] == [
        (name, severity, "")
    ]
    assert report.is_well is (severity == "odd")


def test_merging_types_loses_no_artifact(well: Store) -> None:
    """Artifacts and properties of the duplicate become the first's; one whose name both have stays where it is."""
    with well.database.write() as transaction:
        transaction.execute("INSERT INTO Type (id, name, type_kind) VALUES (90, 'Model', 1), (91, 'Model', 1)")
        transaction.execute("INSERT INTO TypeProperty VALUES (90, 'extra', 1)")
        transaction.execute("INSERT INTO Artifact (type_id, uri, name) VALUES (90, '/a', 'one')")
        transaction.execute("INSERT INTO Artifact (type_id, uri, name) VALUES (91, '/b', 'one')")
    (finding,) = check_store(well, repair=True).findings
    assert "merged 1 types" in finding.repaired
    assert "1 hold names" in finding.repaired
    assert {one.uri for one in well.artifacts(type="Model")} >= {"/a"}
    (left,) = check_store(well).findings
    assert left.examples == ("Model (91)",)


def test_payloads_that_are_gone_or_changed_are_found(well: Store, tmp_path: Path) -> None:
    """Gone, without a manifest, with a file of another size, with another digest; changed bytes by --digests only."""
    part, manifest = tmp_path / "train" / "part", tmp_path / "train" / "manifest.json"
    part.write_text("TRAIN")
    assert _found(well) == {}
    assert list(_found(well, digests=True)) == ["payload-is-unchanged"]
    part.write_text("longer than it was")
    assert list(_found(well)) == ["payload-is-whole"]
    value = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**value, "digest": "another"}))
    assert list(_found(well)) == ["payload-is-whole", "manifest-fits"]
    manifest.write_text("{")
    assert list(_found(well)) == ["payload-has-a-manifest"]
    (tmp_path / "train").rename(tmp_path / "away")
    report = check_store(well, repair=True)
    (finding,) = report.findings
    assert (finding.check, finding.count, finding.repaired, report.is_well) == ("payload-is-there", 1, "", False)
    assert str(tmp_path / "train") in finding.examples[0]


def test_payloads_of_other_programs_are_told_apart(well: Store) -> None:
    """They have no manifest, and that one is gone breaks nothing of ours."""
    with well.database.write() as transaction:
        transaction.execute("INSERT INTO Artifact (type_id, uri, state) VALUES (1, '/nowhere/tfx', 2)")
    report = check_store(well)
    assert [(one.check, one.severity) for one in report.findings] == [("payload-is-there", "odd")]
    assert report.is_well


@pytest.mark.usefixtures("well")
def test_a_reader_checks_and_cannot_repair(url: str) -> None:
    """A check changes nothing, so it needs no right to write."""
    with open_store(url, read_only=True) as reader:
        assert check_store(reader).is_well


@ON_SQLITE
def test_a_damaged_page_is_found(well: Store) -> None:
    """SQLite's own check is part of it: an index that lacks a row of its table."""
    with well.database.write() as transaction:
        transaction.execute("PRAGMA writable_schema = ON")
        transaction.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name ="
            " 'idx_event_execution_id') WHERE name = 'idx_artifact_uri'"
        )
    with open_store(well.url, read_only=True) as reader:
        findings = {one.check: one for one in check_store(reader).findings}
    assert findings["file-is-whole"].count > 0


def test_thousands_of_rows_are_checked_in_bulk(well: Store) -> None:
    """A statement for each invariant, whatever the number of rows."""
    well.begin_run(RunRecord("r2", "taxi"))
    with well.database.write() as transaction:
        transaction.many(
            "INSERT INTO Event (artifact_id, execution_id, type) VALUES (?, ?, 4)",
            [(number, number) for number in range(1000, 21000)],
        )
    statements: list[str] = []
    from sqlalchemy import event

    event.listen(well.database._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    findings = {one.check: one for one in check_store(well, repair=True).findings}
    assert findings["event.artifact_id"].count == 20_000
    assert "removed 20,000 of Event" in findings["event.artifact_id"].repaired
    assert len(statements) < 200
