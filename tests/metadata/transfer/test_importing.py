from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import StoreError
from penstock.events import RunState
from penstock.metadata import Store, open_store
from penstock.metadata.checks.check import check_store
from penstock.metadata.records import NewArtifact, RunRecord, StoredArtifact
from penstock.metadata.transfer.importing import Imported, import_store
from tests.metadata.databases import ON_SQLITE
from tests.metadata.restoring import restored

FAILED, DONE = "2026-11-21T11:44:06.108847", "2026-11-21T11:46:59.955459"
PIPELINE = "chicago_taxi_native_keras"
ROUNDS = int(os.environ.get("PENSTOCK_ROUNDS", "15"))
TABLES = (
    *("Type", "TypeProperty", "ParentType", "Artifact", "Execution", "Context", "ArtifactProperty"),
    *("ExecutionProperty", "ContextProperty", "Event", "EventPath", "Attribution", "Association", "ParentContext"),
)


@pytest.fixture
def tfx(tmp_path: Path) -> Path:
    """The metadata.db of two runs of TFX's taxi example."""
    return restored("tfx_1_16.sql", tmp_path / "tfx.db")


def change(path: Path, *statements: str) -> None:
    """What another program does to a file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for sql in statements:
            connection.execute(sql)


def counts(store: Store) -> dict[str, int]:
    """The rows of each of MLMD's tables, and of our own that an import fills."""
    names = (*TABLES, "penstock_run", "penstock_node", "penstock_execution", "penstock_import")
    with store.database.read() as transaction:
        return {name: transaction.row(f"SELECT count(*) FROM {name}")[0] for name in names}


def content(store: Store, run: str) -> list[Any]:
    """What an imported run's artifacts are, without their ids."""
    found = store.artifacts(run=run, limit=100)
    return sorted(
        [one.type, one.uri, one.state, one.node_id, one.output, dict(one.properties), dict(one.custom_properties)]
        for one in found
    )


def test_tfx_runs_are_taken_in_beside_our_own(store: Store, taxi: dict[str, StoredArtifact], tfx: Path) -> None:
    """They get ids of their own; runs, artifacts, properties and lineage are as in TFX's file, ours as they were."""
    before = {name: store.artifact(one.id) for name, one in taxi.items()}
    done = import_store(store, tfx)
    assert (done.version, done.runs, done.updated) == (
        10,
        (FAILED, DONE),
        {"Context": 0, "Artifact": 0, "Execution": 0},
    )
    assert {name: done.new[name] for name in ("Artifact", "Execution", "Context", "Event")} == {
        "Artifact": 17,
        "Execution": 16,
        "Context": 20,
        "Event": 51,
    }
    with open_store(f"sqlite:///{tfx}") as theirs:
        for run in (FAILED, DONE):
            assert content(store, run) == content(theirs, run)
            assert store.reads(run) == theirs.reads(run)
            assert [one.state for one in store.nodes(run)] == [one.state for one in theirs.nodes(run)]
        (pushed,), (there,) = (one.artifacts(type="PushedModel", run=DONE) for one in (store, theirs))
        ours, others = store.lineage(pushed.id), theirs.lineage(there.id)
        assert sorted(one.uri for one in ours.artifacts.values()) == sorted(
            one.uri for one in others.artifacts.values()
        )
        assert len(ours.edges) == len(others.edges)
    record = store.run(DONE)
    assert (record.state, record.pipeline, record.origin) == (RunState.COMPLETE, PIPELINE, str(tfx))
    assert {name: store.artifact(one.id) for name, one in taxi.items()} == before
    assert {one.check for one in check_store(store).findings} == {"payload-is-there"}
    assert len(done.absent) == 17
    assert "/srv/ada/tfx/pipelines/Pusher/pushed_model/16" in done.absent.values()


def test_importing_twice_adds_nothing(store: Store, tfx: Path, tmp_path: Path) -> None:
    """Not even from a copy at another place."""
    import_store(store, tfx)
    before = counts(store)
    for path in (tfx, Path(shutil.copy(tfx, tmp_path / "copy.db"))):
        done = import_store(store, path)
        assert (sum(done.new.values()), sum(done.updated.values()), done.runs) == (0, 0, ())
        assert counts(store) == before


def test_what_is_new_in_the_file_is_taken_in_later(store: Store, tfx: Path, tmp_path: Path) -> None:
    """A run that went on after the first import: its rows are brought up to date, and the new ones added."""
    early = Path(shutil.copy(tfx, tmp_path / "early.db"))
    change(
        early,
        "UPDATE Execution SET last_known_state = 2, last_update_time_since_epoch = create_time_since_epoch"
        " WHERE id = 15",
        *(f"DELETE FROM {table} WHERE execution_id = 16" for table in ("Event", "Association", "ExecutionProperty")),
        "DELETE FROM Execution WHERE id = 16",
        "DELETE FROM Event WHERE execution_id = 15 AND type = 4",
        "DELETE FROM EventPath WHERE event_id NOT IN (SELECT id FROM Event)",
        *(f"DELETE FROM {table} WHERE artifact_id > 14" for table in ("Attribution", "ArtifactProperty")),
        "DELETE FROM Artifact WHERE id > 14",
    )
    assert import_store(store, early).runs == (FAILED, DONE)
    assert store.run(DONE).state is RunState.RUNNING
    assert import_store(store, early).runs == ()
    done = import_store(store, tfx)
    assert (done.runs, done.new["Execution"], done.new["Artifact"], done.updated["Execution"]) == ((DONE,), 1, 3, 1)
    assert store.run(DONE).state is RunState.COMPLETE
    with open_store(f"sqlite:///{tmp_path}/at-once.db") as other:
        import_store(other, tfx)
        assert content(store, DONE) == content(other, DONE)
        assert counts(store)["Event"] == counts(other)["Event"]


def test_a_state_that_changed_there_changes_here(store: Store, tfx: Path) -> None:
    """Unless ours was changed later: a payload that we deleted does not come back."""
    import_store(store, tfx)
    change(
        tfx,
        "UPDATE Artifact SET state = 4, last_update_time_since_epoch = last_update_time_since_epoch + 5 WHERE id = 1",
    )
    change(tfx, "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, int_value) VALUES (1, 'n', 1, 7)")
    with store.database.write() as transaction:
        transaction.execute(
            "UPDATE Artifact SET state = 4, last_update_time_since_epoch = ? WHERE id = 2", transaction.now + 10**9
        )
    assert import_store(store, tfx).updated["Artifact"] == 1
    assert [(store.artifact(one).state, store.artifact(one).custom_properties.get("n")) for one in (1, 2, 3)] == [
        ("DELETED", 7),
        ("DELETED", None),
        ("LIVE", None),
    ]


def older(path: Path, version: int) -> None:
    """The file as MLMD's own downgrade leaves it: without what later versions added."""
    change(path, f"UPDATE MLMDEnv SET schema_version = {version}")
    nodes = ("Artifact", "Execution", "Context")
    for node in nodes:
        change(path, *(f"ALTER TABLE {node}Property DROP COLUMN {name}_value" for name in ("proto", "bool")))
    if version < 9:
        with closing(sqlite3.connect(path)) as connection:  # a unique column cannot be dropped
            for table in (*nodes, "Type"):
                columns = [
                    row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "external_id"
                ]
                connection.execute(f"ALTER TABLE {table} RENAME TO Before")
                connection.execute(f"CREATE TABLE {table} AS SELECT {', '.join(columns)} FROM Before")
                connection.execute("DROP TABLE Before")
            connection.commit()
    if version < 7:
        change(path, *(f"ALTER TABLE {node}Property DROP COLUMN byte_value" for node in nodes))


@ON_SQLITE
@pytest.mark.parametrize("version", [6, 7, 8, 9])
def test_files_of_older_versions_are_taken_in_and_left_alone(store: Store, tfx: Path, version: int) -> None:
    """They lack columns, which are empty in TFX's stores of that time."""
    older(tfx, version)
    before = tfx.read_bytes()
    done = import_store(store, tfx)
    assert (done.version, done.new["Artifact"], len(done.runs)) == (version, 17, 2)
    assert tfx.read_bytes() == before
    (pushed,) = store.artifacts(type="PushedModel")
    assert pushed.custom_properties["pushed_version"] == "1795261660"
    with pytest.raises(StoreError, match=f"schema version {version}.*\n.*penstock store import"):
        open_store(f"sqlite:///{tfx}")


def test_types_are_joined_by_name(store: Store, tfx: Path) -> None:
    """What theirs declares is added; where the kinds differ, the value becomes a custom property and it is told."""
    lease = store.begin_execution("r1", "n", "N")
    made = NewArtifact("ExampleStatistics", "/s", {"span": "seven"}, declares={"span": str})
    store.publish(lease, outputs={"s": [made]})
    done = import_store(store, tfx)
    assert done.notes == (
        "The type ExampleStatistics declares span as INT there and as STRING here.",
        "Properties whose type has another kind here became custom properties: 1.",
    )
    (imported,) = store.artifacts(type="ExampleStatistics", run=FAILED, node="StatisticsGen")
    assert imported.custom_properties["span"] == 0
    assert imported.properties["split_names"] == '["train", "eval"]'
    assert [one.properties["span"] for one in store.artifacts(type="ExampleStatistics", run="r1")] == ["seven"]
    assert check_store(store).is_well


@ON_SQLITE
def test_a_pipeline_of_one_name_holds_runs_of_both(store: Store, tfx: Path) -> None:
    """Contexts of one type and name are one: history goes on where TFX's ended."""
    store.begin_run(RunRecord("ours", PIPELINE))
    store.begin_execution("ours", "Trainer", "Trainer")
    import_store(store, tfx)
    assert [one.id for one in store.runs(PIPELINE)] == ["ours", DONE, FAILED]
    assert len(store.artifacts(pipeline=PIPELINE, limit=100)) == 17


@ON_SQLITE
def test_a_run_that_is_here_already_is_refused(store: Store, tfx: Path) -> None:
    """From elsewhere, with the same id: nothing is imported."""
    store.begin_run(RunRecord(DONE, "mine"))
    before = counts(store)
    with pytest.raises(StoreError, match=f"has a run {DONE}, and so has this store.*\n.*Nothing was imported"):
        import_store(store, tfx)
    assert counts(store) == before


@ON_SQLITE
def test_another_continuation_of_an_imported_store_is_refused(store: Store, tfx: Path) -> None:
    """A copy that went its own way: its row 17 is another one than the 17 that was imported."""
    import_store(store, tfx)
    change(tfx, "UPDATE Artifact SET create_time_since_epoch = create_time_since_epoch + 1 WHERE id = 17")
    with pytest.raises(StoreError, match="no continuation of the store that was imported before: its artifact 17"):
        import_store(store, tfx)


@ON_SQLITE
def test_names_that_are_taken_are_left_out(store: Store, tfx: Path) -> None:
    """A name or external id that another row has: the row comes without it, and it is told."""
    with store.database.write() as transaction:
        transaction.execute("INSERT INTO Type (id, name, type_kind) VALUES (90, 'Model', 1)")
        transaction.execute("INSERT INTO Artifact (type_id, uri, name, external_id) VALUES (90, '/m', 'best', 'x')")
    change(tfx, "UPDATE Artifact SET name = 'best', external_id = 'y' WHERE id = 13")
    change(tfx, "UPDATE Artifact SET name = 'kept', external_id = 'x' WHERE id = 14")
    done = import_store(store, tfx)
    assert "Names or external ids that another row has already were left out: 2." in done.notes
    assert sorted(one.name or "" for one in store.artifacts(limit=100))[-2:] == ["best", "kept"]


def test_rows_that_name_nothing_are_left_out_and_told(store: Store, tfx: Path) -> None:
    """Damage in the file that loses nothing else."""
    change(
        tfx,
        "INSERT INTO Event (artifact_id, execution_id, type) VALUES (99, 1, 4), (1, 99, 4)",
        "INSERT INTO Attribution (context_id, artifact_id) VALUES (1, 99)",
        "INSERT INTO Association (context_id, execution_id) VALUES (99, 1)",
        "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, int_value) VALUES (99, 'a', 1, 1)",
        "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property) VALUES (1, 'empty', 1)",
        "INSERT INTO ParentContext VALUES (1, 99)",
    )
    done = import_store(store, tfx)
    assert len(done.notes) == 5
    assert done.new["Event"] == 51
    assert check_store(store).is_well


DAMAGE = {
    "DROP TABLE MLMDEnv": "is no store of ML Metadata",
    "UPDATE MLMDEnv SET schema_version = 11": "schema version 11; this Penstock knows 10.\nUse a newer Penstock",
    "UPDATE MLMDEnv SET schema_version = 5": "schema version 5, of before 2021.*\n.*enable_upgrade_migration",
    "INSERT INTO MLMDEnv VALUES (9)": r"is damaged: its schema version is \[9, 10\]",
    "DROP TABLE EventPath": "its table EventPath lacks event_id",
    "ALTER TABLE Artifact DROP COLUMN state": "its table Artifact lacks state",
    "UPDATE Artifact SET state = 17 WHERE id = 3": "the state of Artifact 3 is 17",
    "UPDATE Execution SET last_known_state = 'done' WHERE id = 3": "the last_known_state of Execution 3 is 'done'",
    "UPDATE Event SET type = 99 WHERE id = 3": "the type of Event 3 is 99",
    "UPDATE Type SET type_kind = 7 WHERE id = 15": "the type_kind of Type 15 is 7",
    "UPDATE Artifact SET type_id = 'x' WHERE id = 3": "row 3 of Artifact is",
    "UPDATE Artifact SET create_time_since_epoch = 'now' WHERE id = 3": "row 3 of Artifact is",
    "DELETE FROM Type WHERE id = 15": "artifact 1 is of a type 15 that it lacks",
}


@ON_SQLITE
@pytest.mark.parametrize("sql", DAMAGE)
def test_a_file_that_is_not_one_of_mlmds_is_refused(store: Store, tfx: Path, sql: str) -> None:
    """Each with what is wrong and where; nothing is imported."""
    change(tfx, sql)
    before = counts(store)
    with pytest.raises(StoreError, match=DAMAGE[sql]) as caught:
        import_store(store, tfx)
    assert "Nothing was imported." in str(caught.value)
    assert counts(store) == before


@ON_SQLITE
def test_other_files_are_refused(store: Store, tmp_path: Path) -> None:
    """None, text, an empty file, a directory, another program's database, and the store itself."""
    (tmp_path / "text").write_text("pipeline: taxi")
    (tmp_path / "empty").write_bytes(b"")
    change(tmp_path / "other", "CREATE TABLE studies (id)")
    for name, message in {
        "none": "There is no file",
        "text": "is not an SQLite database",
        "empty": "is no store of ML Metadata",
        "other": "is no store of ML Metadata",
        "state": "is a directory",
        "state/metadata.db": "is the store itself",
    }.items():
        with pytest.raises(StoreError, match=message):
            import_store(store, tmp_path / name)


@ON_SQLITE
def test_a_store_of_ours_is_taken_in_without_our_tables(store: Store, tmp_path: Path) -> None:
    """Its runs show as another tool's, and it is told what was left out."""
    with open_store(f"sqlite:///{tmp_path}/mine.db") as other:
        other.begin_run(RunRecord("theirs", "taxi"))
        lease = other.begin_execution("theirs", "Trainer", "Trainer")
        other.publish(lease, outputs={"model": [NewArtifact("Model", "/m", digest="d")]}, key="k")
    done: Imported = import_store(store, tmp_path / "mine.db")
    assert "Penstock's own tables in the file were left out" in done.notes[0]
    assert (store.run("theirs").origin, store.find_cached("k")) == (str(tmp_path / "mine.db"), None)


def test_an_interrupted_import_leaves_nothing(store: Store, tfx: Path) -> None:
    """Whatever stops it, at the last step: the store is as it was."""
    before = counts(store)

    def stop(done: int, total: int, _text: str) -> None:
        if done == total - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_store(store, tfx, progress=stop)
    assert counts(store) == before
    assert len(import_store(store, tfx).runs) == 2


@ON_SQLITE
def test_a_damaged_file_is_taken_in_or_refused(store: Store, tfx: Path) -> None:
    """Bytes changed at random, or the end cut off: a `StoreError` or a store that is well, and never anything else."""
    whole, refused = tfx.read_bytes(), 0
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20, 200])):
            damaged[chance.randrange(100, len(damaged))] = chance.randrange(256)
        tfx.write_bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
        try:
            import_store(store, tfx)
        except StoreError:
            refused += 1
        assert check_store(store).is_well
    assert refused > 0
