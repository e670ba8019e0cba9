"""Rows of one person leave published examples: all at once, what must be rebuilt is named, values are kept nowhere."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import penstock
from penstock.artifacts import Examples
from penstock.data.examples import read_table, write_split
from penstock.data.row_removal import Values
from penstock.errors import StoreError, UsageError
from penstock.events import RunState
from penstock.metadata import open_store
from penstock.metadata.records import RunRecord
from penstock.orchestration.collection import Policy, planned_collection
from penstock.orchestration.forgetting import Removal, forget, planned_removal
from penstock.orchestration.upkeep import clear_up
from penstock.orchestration.workspace import Workspace
from tests.cli.conftest import Invoke, invoke  # noqa: F401 - a fixture
from tests.metadata.databases import BOTH
from tests.orchestration.payloads import Payloads, store_url

SECRET = "rider-4711"
Fill = Callable[[Path], None]


def rows(*riders: str, column: str = "rider") -> Fill:
    """Writes Examples with these riders in one split."""

    def fill(directory: Path) -> None:
        table = pa.table({column: list(riders), "fare": [float(n) for n in range(len(riders))]})
        write_split(Examples(str(directory)), "train", table.to_batches(), table.schema)

    return fill


@pytest.fixture(params=BOTH)
def payloads(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Payloads]:
    """A run: examples of three riders from a CSV file, features, statistics, a pushed model; and others' examples."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = store_url(request, tmp_path)
    profile = f"profiles: {{local: {{metadata: {json.dumps(url)}, pipeline_root: .penstock}}}}"
    (tmp_path / "pipeline.yaml").write_text(f"name: toy\ndata: {{path: trips.csv}}\n{profile}\n")
    csv = tmp_path / "trips.csv"
    csv.write_text(f"rider,fare\na,0\n{SECRET},1\nb,2\n{SECRET},3\n")
    with open_store(url) as store:
        made = Payloads(store, Workspace(tmp_path / ".penstock"), url)
        made.run("r1", state=None)
        made.node("r1", "Gen", {"examples": "Examples"}, data=csv, fill=rows("a", SECRET, "b", SECRET))
        made.node("r1", "Transform", {"examples": "Examples"}, {"examples": "Gen"}, fill=rows("1", column="feature"))
        made.node("r1", "Filter", {"examples": "Examples"}, {"examples": "Gen"}, fill=rows(SECRET))
        made.node("r1", "Stats", {"statistics": "ExampleStatistics"}, {"examples": "Gen"})
        made.node("r1", "Train", {"model": "Model"}, {"examples": "Transform"})
        pushed = {"pushed": 1, "pushed_destination": "serving/1"}
        made.node("r1", "Push", {"pushed": "PushedModel"}, {"model": "Train"}, custom=pushed)
        made.node("r1", "Other", {"examples": "Examples"}, fill=rows("a", "b"))
        store.end_run("r1", RunState.COMPLETE)
        yield made


def plan(payloads: Payloads, *values: str, **options: Any) -> tuple[Removal, Values]:
    wanted = Values(values or [SECRET])
    return planned_removal(payloads.store, payloads.workspace, "rider", wanted, **options), wanted


def do(payloads: Payloads, **options: Any) -> Removal:
    planned, values = plan(payloads, **options)
    forget(payloads.store, payloads.workspace, planned, values)
    return planned


def riders(payloads: Payloads) -> dict[str, list[str]]:
    """The riders in each LIVE Examples artifact that tells of them, by node."""
    found = {}
    for one in payloads.store.artifacts(type="Examples"):
        if one.state == "LIVE":
            table = read_table(Examples(one.uri), "train")
            if "rider" in table.column_names:
                found[one.node_id or ""] = table["rider"].to_pylist()
    return found


def test_a_dry_run_names_all_and_changes_nothing(payloads: Payloads) -> None:
    """The examples with their rows, what must be rebuilt, and the file that still has them."""
    planned, _ = plan(payloads)
    assert [(one.node_id, sum(one.rows.values())) for one in planned.held] == [("Gen", 2)]
    derived = {one.node_id: (one.type, one.deleted, one.pushed_to) for one in planned.derived}
    assert derived == {
        "Transform": ("Examples", True, ""),
        "Filter": ("Examples", True, ""),
        "Stats": ("ExampleStatistics", False, ""),
        "Train": ("Model", False, ""),
        "Push": ("PushedModel", False, "serving/1"),
    }
    assert [(Path(one.path).name, one.rows) for one in planned.sources] == [("trips.csv", 2)]
    assert (planned.rows, planned.unread, len(planned.looked_at)) == (2, (), 4)
    assert SECRET not in json.dumps(planned.to_json())
    assert all(payloads.state(name) == ("LIVE", True) for name in payloads.last)


def test_copies_without_the_rows_take_the_place_of_the_originals(payloads: Payloads) -> None:
    """A run that would have reused the original takes the copy; what came from it is not reused; the rest is."""
    old = payloads.last["Gen"]
    do(payloads)
    assert riders(payloads) == {"Gen": ["a", "b"], "Other": ["a", "b"]}
    assert payloads.state("Gen") == payloads.state("Transform") == payloads.state("Filter") == ("DELETED", False)
    cached = payloads.store.find_cached("Gen-r1")
    assert cached is not None
    (new,) = cached.outputs["examples"]
    assert (new.node_id, new.run_id, new.output, new.pipeline) == ("Gen", "r1", "examples", "toy")
    assert new.digest != old.digest
    assert payloads.workspace.is_whole(new.uri)
    for name in ("Transform", "Filter", "Stats", "Train", "Push"):
        assert payloads.store.find_cached(f"{name}-r1") is None
    assert payloads.store.find_cached("Other-r1") is not None
    why = payloads.store.retention.of_key("Stats-r1")
    assert why is not None
    assert why[1].words.startswith("made from rows that were removed on ")
    stored = payloads.store.artifact(payloads.last["Train"].id)
    assert stored.state == "LIVE"
    assert stored.collected is not None
    assert {one.component for one in payloads.store.lineage(new.id).executions.values()} == {"Gen", "Forget"}
    assert payloads.store.nodes("r1")[0].component == "Gen"
    assert plan(payloads)[0].held == ()


def test_what_must_be_rebuilt_is_no_longer_kept_for_being_blessed(payloads: Payloads) -> None:
    """The next collection takes it, unless something else keeps it."""
    payloads.run("r2", state=None)
    payloads.node("r2", "Evaluate", {"blessing": "ModelBlessing"}, {"model": "Train"}, custom={"blessed": 1})
    payloads.store.end_run("r2", RunState.COMPLETE)
    with payloads.store.database.write() as transaction:
        transaction.execute("UPDATE ArtifactProperty SET int_value = 0 WHERE name = 'pushed'")

    def goes() -> set[str]:
        found = planned_collection(payloads.store, payloads.workspace, Policy(keep_last=0), 0)
        return {one.node_id for one in found.going}

    assert "Train" not in goes()
    do(payloads)
    assert "Train" in goes()


def test_everything_can_be_deleted(payloads: Payloads) -> None:
    """Statistics and vocabularies may hold the value itself."""
    do(payloads, delete_all=True)
    assert {payloads.state(name)[0] for name in payloads.last if name != "Other"} == {"DELETED"}
    assert payloads.state("Other") == ("LIVE", True)


@pytest.mark.parametrize("payloads", ["sqlite"], indirect=True)
def test_the_value_is_kept_nowhere(payloads: Payloads, tmp_path: Path) -> None:
    """Not in the store, nor in any file below the root."""
    do(payloads, delete_all=True)
    with closing(sqlite3.connect(tmp_path / ".penstock" / "metadata.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert SECRET not in "\n".join(connection.iterdump())
    for path in (tmp_path / ".penstock").rglob("*"):
        if path.suffix == ".parquet":
            assert SECRET not in str(pq.read_table(path).to_pydict())
        elif path.is_file():
            assert SECRET.encode() not in path.read_bytes()


def test_outputs_of_one_execution_are_replaced_together(payloads: Payloads) -> None:
    """Two Examples of one node, one of them without such rows: the result as a whole can be reused; and once more."""
    payloads.run("r2", state=None)
    fills = iter([rows(SECRET, "x"), rows("x", "y")])
    payloads.node("r2", "Two", {"one": "Examples", "two": "Examples"}, fill=lambda directory: next(fills)(directory))  # noqa: PLW0108 - a filling for each output
    payloads.store.end_run("r2", RunState.COMPLETE)
    do(payloads)
    cached = payloads.store.find_cached("Two-r2")
    assert cached is not None
    found = {
        name: read_table(Examples(one[0].uri), "train")["rider"].to_pylist() for name, one in cached.outputs.items()
    }
    assert found == {"one": ["x"], "two": ["x", "y"]}
    planned, values = plan(payloads, "y")
    forget(payloads.store, payloads.workspace, planned, values)
    cached = payloads.store.find_cached("Two-r2")
    assert cached is not None
    found = {
        name: read_table(Examples(one[0].uri), "train")["rider"].to_pylist() for name, one in cached.outputs.items()
    }
    assert found == {"one": ["x"], "two": ["x"]}


def test_what_a_run_uses_is_left_until_it_ends(payloads: Payloads) -> None:
    """Refused before anything is written, and once more in the commit; nothing is left of the attempt."""
    planned, values = plan(payloads)
    payloads.store.begin_run(RunRecord("r2", "toy"))
    payloads.reuse("r2", "Gen", "Gen-r1")
    with pytest.raises(UsageError, match="Run r2 is using artifact"):
        forget(payloads.store, payloads.workspace, planned, values)
    payloads.store.end_run("r2", RunState.COMPLETE)
    forget(payloads.store, payloads.workspace, planned, values)
    assert riders(payloads)["Gen"] == ["a", "b"]


def test_examples_that_are_published_meanwhile_stop_it(payloads: Payloads) -> None:
    """They may hold such rows; nothing is changed, and no copy is left."""
    planned, values = plan(payloads)
    payloads.run("r2", state=None)
    payloads.node("r2", "Gen2", {"examples": "Examples"}, fill=rows(SECRET))
    payloads.store.end_run("r2", RunState.COMPLETE)
    before = sorted(Path(payloads.workspace.root).rglob("*.parquet"))
    with pytest.raises(StoreError, match="published while rows were removed"):
        forget(payloads.store, payloads.workspace, planned, values)
    assert sorted(Path(payloads.workspace.root).rglob("*.parquet")) == before
    assert payloads.state("Gen") == payloads.state("Stats") == ("LIVE", True)
    assert payloads.store.find_cached("Stats-r1") is not None
    do(payloads)
    assert riders(payloads) == {"Gen": ["a", "b"], "Gen2": [], "Other": ["a", "b"]}


def test_what_could_not_be_looked_into_is_named(payloads: Payloads, tmp_path: Path) -> None:
    """Examples in another root, and damaged ones; an unknown column is refused."""
    elsewhere = Payloads(payloads.store, Workspace(tmp_path / "elsewhere"))
    elsewhere.run("far", state=None)
    elsewhere.node("far", "Far", {"examples": "Examples"}, fill=rows(SECRET))
    payloads.store.end_run("far", RunState.COMPLETE)
    damaged = next(Path(payloads.last["Other"].uri).rglob("*.parquet"))
    damaged.write_bytes(b"not parquet")
    planned, _ = plan(payloads)
    assert sorted(one.why.partition(":")[0] for one in planned.unread) == [
        "This is not a readable Parquet file",
        "not a payload of this pipeline root",
    ]
    with pytest.raises(UsageError, match="No examples have a column 'driver'"):
        planned_removal(payloads.store, payloads.workspace, "driver", Values(["x"]))


FORGET = """
import os, signal, sys
from penstock.data.row_removal import Values
from penstock.metadata import open_store
from penstock.orchestration.forgetting import forget, planned_removal
from penstock.orchestration.workspace import Workspace
left = int(sys.argv[3])
def hook(event, arguments):
    global left
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
with open_store(sys.argv[1]) as store:
    workspace, values = Workspace(sys.argv[2]), Values([sys.argv[4]])
    planned = planned_removal(store, workspace, "rider", values)
    sys.addaudithook(hook)
    forget(store, workspace, planned, values)
print("done")
"""


@pytest.mark.parametrize("killed_at", [*range(8, 60, 16), 10_000])
def test_one_that_is_killed_did_nothing_or_is_finished(payloads: Payloads, killed_at: int) -> None:
    """Before the commit all is as it was, and what was written is swept; after it the next run deletes the rest."""
    environment = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parent.parent)}
    command = [sys.executable, "-c", FORGET, payloads.url, payloads.workspace.root, str(killed_at), SECRET]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    assert done.returncode == (0 if killed_at == 10_000 else -signal.SIGKILL)
    cached = payloads.store.find_cached("Gen-r1")
    assert cached is not None
    happened = cached.outputs["examples"][0].id != payloads.last["Gen"].id
    clear_up(payloads.store, payloads.workspace)
    if happened:
        assert riders(payloads)["Gen"] == ["a", "b"]
        assert payloads.state("Gen") == payloads.state("Filter") == ("DELETED", False)
        assert not Path(payloads.last["Gen"].uri).exists()
    else:
        assert all(payloads.state(name) == ("LIVE", True) for name in payloads.last)
        assert len(list(Path(payloads.workspace.root).rglob("*.parquet"))) == 4
    do(payloads)
    assert riders(payloads)["Gen"] == ["a", "b"]


def test_the_command_shows_asks_and_does(payloads: Payloads, invoke: Invoke, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """From a file of values; the value is in no line that it prints."""
    (tmp_path / "ids.txt").write_text(f"{SECRET}\n\nnobody\n")
    command = ("store", "forget", "--column", "rider", "--values-file", tmp_path / "ids.txt", "-C", tmp_path)
    shown = invoke(*command, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    for words in ("2 rows in 1 of 4 artifacts", "must be rebuilt", "trips.csv still has 2 such rows", "serving/1"):
        assert words in shown.stdout
    assert payloads.state("Gen") == ("LIVE", True)
    assert invoke(*command).exit_code == 2
    value = json.loads(invoke(*command, "--yes", "--json").stdout)
    assert (value["rows"], value["values"], value["done"]["deleted"]) == (2, 2, 3)
    again = invoke(*command, "--yes")
    assert again.stdout.startswith("No rows were found in any of 2 artifacts of type Examples.")
    assert SECRET not in shown.stdout + json.dumps(value) + again.stdout
    assert "to be rebuilt" in invoke("artifacts", "list", "-C", tmp_path).stdout
    assert invoke("store", "forget", "--column", "rider", "-C", tmp_path, "--yes").exit_code == 2
    assert invoke("store", "check", "-C", tmp_path).exit_code == 0
    (tmp_path / "ids.txt").write_bytes(b"\xff\xfe")
    assert invoke(*command, "--dry-run").exit_code == 2
