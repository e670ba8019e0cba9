"""What a collection takes, what it keeps and why; that nothing is half deleted, and nothing deleted is given out."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import penstock
from penstock.errors import StorageError, UsageError
from penstock.events import RunState
from penstock.metadata import Store, open_store
from penstock.metadata.executions import Attempt
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.records import Lease, RunRecord
from penstock.orchestration.collection import (
    Collection,
    Policy,
    collect,
    delete_marked,
    finish_collections,
    planned_collection,
)
from penstock.orchestration.explanation import explained
from penstock.orchestration.planning import plan_project
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult
from penstock.orchestration.workspace import Workspace
from penstock.storage.manifest import MANIFEST
from tests.metadata.databases import BOTH
from tests.orchestration.conftest import Scratch
from tests.orchestration.payloads import Payloads, store_url

DAY = 86_400_000
KILLS = int(os.environ.get("PENSTOCK_KILLS", "4"))


@pytest.fixture(params=BOTH)
def payloads(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Payloads]:
    """An empty root with its store."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = store_url(request, tmp_path)
    with open_store(url) as store:
        yield Payloads(store, Workspace(tmp_path / "root"), url)


def plan(payloads: Payloads, **policy: int | bool | None) -> Collection:
    now = time.time_ns() // 1_000_000
    return planned_collection(payloads.store, payloads.workspace, Policy(**policy), now)  # type: ignore[arg-type]


def going(planned: Collection) -> dict[str, str]:
    """Why each node's payload goes."""
    return {one.node_id: one.why for one in planned.going}


CHAIN = (("Gen", "Examples"), ("Train", "Model", "Gen"))


def test_only_what_nothing_keeps_goes(payloads: Payloads) -> None:
    """The last run's payloads stay; those of the run before go, and what they held is deleted, but not the rows."""
    payloads.run("r1", *CHAIN)
    old = dict(payloads.last)
    payloads.run("r2", *CHAIN)
    planned = plan(payloads, keep_last=1)
    assert {one.id: one.why for one in planned.going} == {one.id: "nothing keeps it" for one in old.values()}
    assert (planned.bytes, planned.left_bytes) == (2000, 2000)
    assert planned.kept == {"of the last runs": (2, 2000)}
    done = collect(payloads.store, payloads.workspace, planned)
    assert (done.deleted, done.bytes, done.refused, done.spared) == (2, 2000, (), 0)
    for one in old.values():
        stored = payloads.store.artifact(one.id)
        assert (stored.state, stored.digest, stored.size) == ("DELETED", one.digest, 1000)
        assert stored.collected is not None
        assert stored.collected.policy == "store gc"
        assert stored.collected.words.startswith("deleted on ")
        assert not Path(one.uri).parent.exists()
    assert payloads.state("Train") == ("LIVE", True)
    assert set(payloads.store.lineage(old["Train"].id).artifacts) == {one.id for one in old.values()}
    assert plan(payloads, keep_last=1).going == ()


@pytest.mark.parametrize(("keep_last", "kept"), [(0, []), (1, ["r3", "r4"]), (2, ["r2", "r3", "r4"]), (9, ["r1"])])
def test_the_last_runs_are_those_that_ended_well_and_all_since(
    payloads: Payloads, keep_last: int, kept: list[str]
) -> None:
    """A failed run does not count, and what it made may be needed to go on; of each pipeline so many are kept."""
    for number, state in enumerate((RunState.COMPLETE, RunState.BLOCKED, RunState.COMPLETE, RunState.FAILED)):
        run = f"r{number + 1}"
        payloads.run(run, (run, "HTML"), state=state, started_ms=1000 * number)
    payloads.run("other", ("other", "HTML"), pipeline="other", started_ms=1)
    left = {"r1", "r2", "r3", "r4", "other"} - set(going(plan(payloads, keep_last=keep_last)))
    assert left == ({*kept, "other"} if keep_last in (1, 2) else {"r1", "r2", "r3", "r4", "other"} if kept else set())


def test_what_a_kept_run_reused_stays(payloads: Payloads) -> None:
    """Though an old run made it."""
    payloads.run("r1", ("Gen", "Examples"), ("Other", "HTML"), started_ms=1)
    payloads.store.begin_run(RunRecord("r2", "toy"))
    payloads.reuse("r2", "Gen", "Gen-r1")
    payloads.store.end_run("r2", RunState.COMPLETE)
    assert going(plan(payloads, keep_last=1)) == {"Other": "nothing keeps it"}


def test_pushed_blessed_and_pinned_stay_with_what_was_made_together(payloads: Payloads) -> None:
    """A pushed model with its blessing and evaluation; a blessed model; a pinned page and the output beside it."""
    store = payloads.store
    payloads.run("r1", ("Gen", "Examples"), state=None)
    payloads.node("r1", "Train", {"model": "Model", "model_run": "ModelRun"}, {"examples": "Gen"})
    blessing = {"blessing": "ModelBlessing", "evaluation": "ModelEvaluation"}
    payloads.node("r1", "Evaluate", blessing, {"model": "Train"}, custom={"blessed": 1})
    payloads.node("r1", "Push", {"pushed": "PushedModel"}, {"model": "Train"}, custom={"pushed": 1})
    payloads.node("r1", "Train2", {"model": "Model"})
    payloads.node("r1", "Evaluate2", blessing, {"model": "Train2"}, custom={"blessed": 0})
    payloads.node("r1", "Push2", {"pushed": "PushedModel"}, {"model": "Train2"}, custom={"pushed": 0})
    payloads.node("r1", "Pages", {"a": "HTML", "b": "HTML"})
    store.end_run("r1", RunState.COMPLETE)
    store.retention.pin(payloads.last["Pages"].id, "for the audit", "ada")
    assert set(going(plan(payloads, keep_last=0))) == {"Gen", "Train2", "Evaluate2", "Push2"}
    assert set(going(plan(payloads, keep_last=0, keep_inputs=True))) == {"Train2", "Evaluate2", "Push2"}
    kept = plan(payloads, keep_last=0).kept
    assert kept == {"pushed": (2, 2000), "blessed": (1, 1000), "made together": (3, 3000), "pinned": (1, 1000)}
    store.retention.unpin(payloads.last["Pages"].id, "audit is over", "ada")
    assert "Pages" in going(plan(payloads, keep_last=0))


def test_pins_are_refused_where_they_mean_nothing(payloads: Payloads) -> None:
    """Of an artifact that there is none of, or whose payload is gone; and a pin that is not there cannot be taken."""
    payloads.run("r1", ("Gen", "Examples"))
    made = payloads.last["Gen"].id
    with pytest.raises(UsageError, match="is not pinned"):
        payloads.store.retention.unpin(made, "x", "ada")
    with pytest.raises(UsageError, match="no artifact 99"):
        payloads.store.retention.pin(99, "x", "ada")
    collect(payloads.store, payloads.workspace, plan(payloads, keep_last=0))
    with pytest.raises(UsageError, match="was deleted on .* by store gc"):
        payloads.store.retention.pin(made, "x", "ada")


def test_a_run_that_is_under_way_keeps_what_it_touched(payloads: Payloads) -> None:
    """What it made, reused or reads; no longer once its process is dead."""
    payloads.run("r1", ("Gen", "Examples"), ("Other", "HTML"))
    payloads.store.begin_run(RunRecord("r2", "toy"))
    payloads.reuse("r2", "Gen", "Gen-r1")
    assert set(going(plan(payloads, keep_last=0))) == {"Other"}
    lease = payloads.store.claim(Attempt("r2", "Read", "Read", {"page": [payloads.last["Other"].id]}))
    assert isinstance(lease, Lease)
    assert going(plan(payloads, keep_last=0)) == {}
    with payloads.store.database.write() as transaction:
        host = os.uname().nodename
        for table in ("penstock_run", "penstock_lease"):
            transaction.execute(f"UPDATE {table} SET owner = ?", f"{host}:999999999:1")
    assert set(going(plan(payloads, keep_last=0))) == {"Gen", "Other"}


def test_an_age_takes_what_was_not_used_for_so_long(payloads: Payloads) -> None:
    """Use counts, not creation; a result goes as a whole, when the whole of it is old."""
    payloads.run("r1", ("Old", "HTML"), ("New", "HTML"), state=None)
    payloads.node("r1", "Two", {"a": "HTML", "b": "HTML"})
    payloads.store.end_run("r1", RunState.COMPLETE)
    payloads.aged(31, "Old", "Two")
    planned = plan(payloads, keep_last=0, older_than_ms=30 * DAY)
    assert going(planned) == {"Old": "not used for 31 days"}
    assert planned.kept == {"not old enough, or not needed to reach the size": (3, 3000)}


def test_a_size_takes_the_least_recently_used_until_it_fits(payloads: Payloads) -> None:
    """And no more; what is kept counts, and that it does not fit is said."""
    payloads.run("r1", *((name, "HTML") for name in "ABCD"))
    payloads.aged(4, "C")
    payloads.aged(3, "A")
    payloads.aged(2, "D")
    assert list(going(plan(payloads, keep_last=0, max_bytes=2000))) == ["C", "A"]
    assert going(plan(payloads, keep_last=0, max_bytes=2000))["C"] == "over the size, not used for 4 days"
    both = plan(payloads, keep_last=0, max_bytes=3500, older_than_ms=2 * DAY)
    assert list(going(both)) == ["C", "A", "D"]
    assert plan(payloads, keep_last=0, max_bytes=10_000).going == ()
    payloads.store.retention.pin(payloads.last["C"].id, "x", "ada")
    planned = plan(payloads, keep_last=0, max_bytes=500)
    assert (len(planned.going), planned.left_bytes, planned.over_bytes) == (3, 1000, 500)


def test_only_payloads_of_the_root_are_looked_at(payloads: Payloads, tmp_path: Path) -> None:
    """Nor what other programs wrote, nor a payload in which an artifact of theirs lies."""
    payloads.run("r1", ("Gen", "Examples"), ("Shared", "HTML"), ("Climber", "HTML"))
    elsewhere = Payloads(payloads.store, Workspace(tmp_path / "elsewhere"))
    elsewhere.run("r2", ("Far", "HTML"))
    foreign = tmp_path / "root" / "toy" / "Gen" / "1-theirs" / "out"
    foreign.mkdir(parents=True)
    with payloads.store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.ARTIFACT, "Theirs"))
        inner = f"{payloads.last['Shared'].uri}/data"
        insert(
            transaction, [Artifact(type="Theirs", uri=one, state=ArtifactState.LIVE) for one in (str(foreign), inner)]
        )
        climbing = f"{payloads.workspace.root}/toy/../../secret"
        transaction.execute("UPDATE Artifact SET uri = ? WHERE id = ?", climbing, payloads.last["Climber"].id)
    planned = plan(payloads, keep_last=0)
    assert set(going(planned)) == {"Gen"}
    assert planned.elsewhere == 2
    assert planned.kept == {"another artifact lies in it": (1, 1000)}
    collect(payloads.store, payloads.workspace, planned)
    assert foreign.exists()
    assert payloads.state("Shared") == ("LIVE", True)


def test_links_are_never_followed(payloads: Payloads, tmp_path: Path) -> None:
    """One on the way to a payload, or in its place, keeps it; one inside it goes without what it leads to."""
    payloads.run("r1", ("Inside", "HTML"), ("Place", "HTML"), ("Way", "HTML"))
    precious = tmp_path / "precious"
    (precious / "out").mkdir(parents=True)
    (precious / "out" / "thesis").write_text("years of work")
    inside, place, way = (Path(payloads.last[name].uri) for name in ("Inside", "Place", "Way"))
    (inside / "link").symlink_to(precious)
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    place.symlink_to(precious / "out")
    way.parent.rename(tmp_path / "moved")
    way.parent.symlink_to(precious)
    done = collect(payloads.store, payloads.workspace, plan(payloads, keep_last=0))
    assert done.deleted == 1
    assert all("left alone" in why for why in done.refused)
    assert len(done.refused) == 2
    assert (precious / "out" / "thesis").read_text() == "years of work"
    assert not inside.exists()
    assert payloads.store.artifact(payloads.last["Place"].id).state == "MARKED_FOR_DELETION"


def test_what_refuses_is_tried_again(payloads: Payloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given out no more, and said to be deleted only when it is."""
    payloads.run("r1", ("A", "HTML"), ("B", "HTML"))
    delete = Workspace.delete

    def refuse(workspace: Workspace, uri: str) -> None:
        if "/A/" in uri:
            raise StorageError("Permission was denied.", path=uri)
        delete(workspace, uri)

    monkeypatch.setattr(Workspace, "delete", refuse)
    done = collect(payloads.store, payloads.workspace, plan(payloads, keep_last=0))
    assert (done.deleted, len(done.refused)) == (1, 1)
    assert payloads.state("A") == ("MARKED_FOR_DELETION", True)
    assert payloads.store.find_cached("A-r1") is None
    monkeypatch.undo()
    assert payloads.store.retention.unfinished() == []  # this process lives, and may be at it
    with payloads.store.database.write() as transaction:
        transaction.execute("UPDATE penstock_gc SET owner = ?", f"{os.uname().nodename}:999999999:1")
    assert finish_collections(payloads.store, payloads.workspace).deleted == 1
    assert payloads.state("A") == ("DELETED", False)


def test_what_was_begun_to_be_used_meanwhile_stays(payloads: Payloads) -> None:
    """Between the plan that a person looks at and their yes, a run takes a result, and another is pinned."""
    payloads.run("r1", ("A", "HTML"), ("B", "HTML"), ("C", "HTML"))
    planned = plan(payloads, keep_last=0)
    assert len(planned.going) == 3
    payloads.store.begin_run(RunRecord("r2", "toy"))
    payloads.reuse("r2", "A", "A-r1")
    payloads.store.retention.pin(payloads.last["B"].id, "x", "ada")
    done = collect(payloads.store, payloads.workspace, planned)
    assert (done.deleted, done.spared) == (1, 2)
    assert payloads.state("A") == payloads.state("B") == ("LIVE", True)


def test_a_marked_result_is_neither_found_nor_reused_nor_in_the_way(payloads: Payloads) -> None:
    """Whoever found it before the mark is told no, and the key can be claimed to be computed anew."""
    payloads.run("r1", ("A", "HTML"))
    cached = payloads.store.find_cached("A-r1")
    assert cached is not None
    planned = plan(payloads, keep_last=0)
    payloads.store.retention.mark({one.id: "store gc" for one in planned.going}, 0)
    payloads.store.begin_run(RunRecord("r2", "toy"))
    assert payloads.store.reuse("r2", "A", "A", "A-r1", cached) is None
    assert payloads.store.find_cached("A-r1") is None
    assert isinstance(payloads.store.claim(Attempt("r2", "A", "A", key="A-r1")), Lease)
    why = payloads.store.retention.of_key("A-r1")
    assert why is not None
    assert why[0] == "r1"
    assert why[1].words.startswith("being deleted since ")


def test_what_stays_and_could_not_be_made_again_is_told(payloads: Payloads, tmp_path: Path) -> None:
    """A blessed model whose examples go: from a file that is as it was it can be; from a changed or unknown one not."""
    csv = {name: tmp_path / f"{name}.csv" for name in ("same", "changed", "gone")}
    for file in csv.values():
        file.write_text("a\n1\n")
    payloads.run("r1", state=None, git_commit="abc", dirty=True)
    for name, data in [*csv.items(), ("unknown", None)]:
        payloads.node("r1", f"Gen-{name}", {"examples": "Examples"}, data=data)
        payloads.node("r1", f"Transform-{name}", {"examples": "Examples"}, {"examples": f"Gen-{name}"})
        payloads.node("r1", f"Train-{name}", {"model": "Model"}, {"examples": f"Transform-{name}"})
        payloads.store.retention.pin(payloads.last[f"Train-{name}"].id, "x", "ada")
    with payloads.store.database.write() as transaction:
        transaction.execute("DELETE FROM penstock_key WHERE key = 'Gen-unknown-r1'")
    payloads.store.end_run("r1", RunState.COMPLETE)
    csv["changed"].write_text("a\n2\n")
    csv["gone"].unlink()
    planned = plan(payloads, keep_last=0)
    told = {one.node_id: (one.rebuildable, one.why) for one in planned.irreproducible}
    assert told == {
        "Train-same": (True, "from same.csv, unchanged"),
        "Train-changed": (False, "changed.csv has changed"),
        "Train-gone": (False, "gone.csv is gone"),
        "Train-unknown": (False, "it is not known what Gen-unknown read in run r1"),
    }
    assert {(one.commit, one.dirty) for one in planned.irreproducible} == {("abc", True)}
    assert planned.irreproducible[0].gone == (payloads.last["Transform-same"].id,)
    assert plan(payloads, keep_last=0, keep_inputs=True).irreproducible == ()


def test_numbers_that_mean_nothing_are_refused(payloads: Payloads) -> None:
    """A negative size or number of runs."""
    for policy in ({"keep_last": -1}, {"max_bytes": -1}):
        with pytest.raises(UsageError, match="cannot be negative"):
            plan(payloads, **policy)


COLLECT = """
import os, signal, sys, time
from penstock.metadata import open_store
from penstock.orchestration.collection import Policy, collect, planned_collection
from penstock.orchestration.upkeep import clear_up
from penstock.orchestration.workspace import Workspace
with open_store(sys.argv[1]) as store:
    workspace = Workspace(sys.argv[2])
    # What is imported late is imported now: the files of modules are none of those that are counted.
    planned_collection(store, workspace, Policy(keep_last=1), time.time_ns() // 1_000_000)
    print("ready", flush=True)
    sys.stdin.readline()
    left = int(sys.argv[3])
    def hook(event, arguments):
        global left
        if event in ("open", "os.remove", "os.rmdir", "shutil.rmtree"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    clear_up(store, workspace)
    planned = planned_collection(store, workspace, Policy(keep_last=1), time.time_ns() // 1_000_000)
    collect(store, workspace, planned)
    print("done", flush=True)
"""


def start_collecting(payloads: Payloads, killed_at: int = -1) -> subprocess.Popen[str]:
    """A process that is ready to collect, and waits for a line; it may be killed when it touches so many files."""
    environment = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parent.parent)}
    command = [sys.executable, "-c", COLLECT, payloads.url, payloads.workspace.root, str(killed_at)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_collection_that_is_killed_leaves_nothing_half_deleted(payloads: Payloads) -> None:
    """Killed at any moment: what is LIVE is whole, the rest is given out no more, and who comes next ends it."""
    chance = random.Random()
    for number in range(KILLS):
        names = [f"N{number}-{at}" for at in range(12)]
        payloads.run(f"old{number}", *((name, "HTML") for name in names), started_ms=number * 10)
        payloads.run(f"new{number}", (f"last{number}", "HTML"), started_ms=number * 10 + 1)
        killed_at = chance.randint(1, 100)
        process = start_collecting(payloads, killed_at)
        assert process.communicate("go\n", timeout=60)[0] == ""
        assert process.returncode == -signal.SIGKILL
        seen = [payloads.state(name) for name in names]
        assert ("MARKED_FOR_DELETION", False) in seen or killed_at < 40, killed_at
        for name, (state, whole) in zip(names, seen, strict=True):
            assert whole or state != "LIVE", killed_at
            assert (payloads.store.find_cached(f"{name}-old{number}") is None) == (state != "LIVE")
        finish_collections(payloads.store, payloads.workspace)
        assert {payloads.state(name) for name in names} <= {("LIVE", True), ("DELETED", False)}, killed_at
    process = start_collecting(payloads)
    assert process.communicate("go\n", timeout=60)[0] == "done\n"
    assert [path.parent for path in Path(payloads.workspace.root).rglob(MANIFEST)] == [
        Path(payloads.last[f"last{KILLS - 1}"].uri)
    ]


def test_two_processes_that_collect_and_one_that_reuses_never_meet(payloads: Payloads) -> None:
    """A result is either reused, and then stays, or collected, and then nobody was given it."""
    names = [f"N{at}" for at in range(30)]
    payloads.run("old", *((name, "HTML") for name in names), started_ms=1)
    payloads.run("new", ("last", "HTML"), started_ms=2)
    payloads.store.begin_run(RunRecord("r", "toy", started_ms=0))
    processes = [start_collecting(payloads) for _ in range(2)]
    for process in processes:
        process.stdin.write("go\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    reused = set()
    for name in names:
        cached = payloads.store.find_cached(f"{name}-old")
        if cached is not None and payloads.store.reuse("r", name, name, f"{name}-old", cached) is not None:
            reused.add(name)
    for process in processes:
        assert process.communicate(timeout=60)[0] == "done\n"
    for name in names:
        assert payloads.state(name) == (("LIVE", True) if name in reused else ("DELETED", False))


@pytest.mark.parametrize("payloads", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["memory", pytest.param("s3", marks=pytest.mark.conformance)])
def test_remote_payloads_are_collected_with_this_machines_copy(
    request: pytest.FixtureRequest, payloads: Payloads, tmp_path: Path, kind: str
) -> None:
    """In a root that fsspec knows, and only there; what lies beside a payload stays."""
    pytest.importorskip("fsspec")
    from penstock.storage.locations import file_system

    base = "memory:/" if kind == "memory" else request.getfixturevalue("s3")
    remote = Payloads(payloads.store, Workspace(f"{base}/{uuid.uuid4().hex}"))
    remote.run("r1", ("A", "HTML"), started_ms=1)
    remote.run("r2", ("B", "HTML"), started_ms=2)
    uri = remote.last["A"].uri
    copy = Path(remote.workspace.local(uri))
    assert copy.is_relative_to(tmp_path / "cache")
    system, path = file_system(uri)
    system.pipe_file(f"{path.rpartition('/')[0]}/note", b"not ours")
    planned = plan(remote, keep_last=1)
    done = collect(remote.store, remote.workspace, planned)
    assert (done.deleted, done.refused) == (1, ())
    assert remote.state("A") == ("DELETED", False)
    assert remote.state("B") == ("LIVE", True)
    assert not copy.exists()
    assert system.find(path) == []
    assert system.cat_file(f"{path.rpartition('/')[0]}/note") == b"not ours"
    assert plan(payloads, keep_last=0).elsewhere == 1
    assert delete_marked(remote.store, remote.workspace, []).deleted == 0


def test_a_run_that_needs_a_collected_payload_makes_it_again_and_says_so(
    toy: Scratch, states: Callable[[RunResult], dict[str, str]]
) -> None:
    """The plan and the run tell when and by what it was deleted; what comes after is reused: its digest is known."""
    toy.write('Measure(page=Make().outputs["page"])\n')
    first = toy.run()
    toy.run()
    with toy.store() as store:
        workspace = Workspace(toy.directory / ".penstock")
        planned = planned_collection(store, workspace, Policy(keep_last=0, name="store gc --older-than 30d"), 0)
        assert going(planned) == dict.fromkeys(("Make", "Measure"), "nothing keeps it")
        page = [one for one in planned.going if one.node_id == "Make"]
        collect(store, workspace, replace(planned, going=tuple(page)))
    words = rf"what run {first.run_id} made was deleted on \d{{4}}-\d\d-\d\d by store gc --older-than 30d"
    (make, measure) = plan_project(load_project(toy.directory)).nodes
    assert (make.action, measure.action) == ("run", "depends")
    assert re.fullmatch(words, make.reason)
    second = toy.run()
    assert states(second) == {"Make": "complete", "Measure": "reused"}
    assert re.fullmatch(words, second.nodes["Make"].reason)
    with toy.store() as store:
        assert re.fullmatch(words, explained(store, store.run(), "Make").reason)


def test_a_result_that_is_collected_under_a_runs_hands_is_computed(
    toy: Scratch, states: Callable[[RunResult], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found, looked at, and marked before the run could take it: no error, and nobody waits for ever."""
    toy.write("Make()\n")
    toy.run()
    reuse = Store.reuse

    def late(store: Store, *arguments: Any, **rest: Any) -> int | None:
        with open_store(store.url) as other:
            workspace = Workspace(toy.directory / ".penstock")
            collect(other, workspace, planned_collection(other, workspace, Policy(keep_last=0), 0))
        return reuse(store, *arguments, **rest)

    monkeypatch.setattr(Store, "reuse", late)
    assert states(toy.run()) == {"Make": "complete"}


def test_a_run_ends_the_collection_of_a_process_that_died(toy: Scratch) -> None:
    """What was marked is deleted when the next run begins."""
    toy.write("Make()\n")
    uri = Path(toy.run().nodes["Make"].outputs["page"][0].uri)
    with toy.store() as store:
        (one,) = planned_collection(store, Workspace(toy.directory / ".penstock"), Policy(keep_last=0), 0).going
        store.retention.mark({one.id: "store gc"}, 0)
        with store.database.write() as transaction:
            transaction.execute("UPDATE penstock_gc SET owner = ?", f"{os.uname().nodename}:999999999:1")
    assert uri.exists()
    again = toy.run().nodes["Make"]
    assert not uri.exists()
    assert Path(again.outputs["page"][0].uri).exists()
    with toy.store() as store:
        assert store.artifact(one.id).state == "DELETED"
