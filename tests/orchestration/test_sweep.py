from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.metadata import Store, open_store
from penstock.metadata.executions import Attempt
from penstock.metadata.owners import process_owner
from penstock.metadata.records import Lease, RunRecord
from penstock.orchestration import sweep as sweep_module
from penstock.orchestration.sweep import sweep
from penstock.orchestration.workspace import Place, Workspace
from penstock.storage.locks import hold


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with a run."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with open_store(f"sqlite:///{tmp_path}/metadata.db") as opened:
        opened.begin_run(RunRecord("r1", "taxi"))
        yield opened


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A root on this machine."""
    return Workspace(tmp_path / "root")


@pytest.fixture
def dead_owner() -> str:
    """The owner that a process was which has died."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = process_owner(process.pid)
    process.communicate(b"\n")
    return owner


def begin(store: Store, workspace: Workspace, owner: str | None = None) -> tuple[Lease, Place]:
    """An attempt that has begun, of another process if one is named; nothing is written yet."""
    places = workspace.place("taxi", "trainer")
    lease = store.claim(Attempt("r1", "trainer", "Trainer", places=places.noted))
    assert isinstance(lease, Lease)
    if owner:
        with store.database.write() as transaction:
            for table in ("penstock_lease", "penstock_place"):
                transaction.execute(f"UPDATE {table} SET owner = ? WHERE execution_id = ?", owner, lease.execution_id)
    return lease, places(lease.execution_id)


def write(place: Place) -> None:
    """What an attempt leaves when it is killed."""
    place.make()
    (place.directory / "model").mkdir()
    (place.directory / "model" / "half").write_text("half")
    (place.temporary / "work").write_text("work")


def test_what_a_dead_attempt_left_is_removed(store: Store, workspace: Workspace, dead_owner: str) -> None:
    """Payloads and temporary files, however far it came; and it is forgotten."""
    half, nothing, only_temporary = (begin(store, workspace, dead_owner)[1] for _ in range(3))
    write(half)
    only_temporary.temporary.mkdir(parents=True)
    assert sweep(store, workspace) == []
    store.recover()
    assert sweep(store, workspace) == [half.uri, nothing.uri, only_temporary.uri]
    assert list(Path(workspace.root, "taxi", "trainer").iterdir()) == []
    assert list(half.temporary.parent.iterdir()) == []
    assert store.abandoned() == []


def test_a_living_run_loses_nothing(store: Store, workspace: Workspace) -> None:
    """Not between its beginning and its first directory, nor while it writes, nor if it lost its lease and lives."""
    lease, place = begin(store, workspace)
    store.recover()
    assert sweep(store, workspace) == []
    write(place)
    assert sweep(store, workspace) == []
    with store.database.write() as transaction:
        transaction.execute("UPDATE penstock_lease SET expires_ms = 1")
    assert store.recover().executions == (lease.execution_id,)
    assert sweep(store, workspace) == []
    assert (place.directory / "model" / "half").exists()


def test_what_nobody_noted_is_not_touched(store: Store, workspace: Workspace, dead_owner: str) -> None:
    """Another store's payloads under the same root, logs, and files of the user's."""
    others = [
        Path(workspace.root, *parts)
        for parts in (("taxi", "trainer", "1-abc", "model"), ("taxi", "runs", "r0"), ("mine",))
    ]
    for other in others:
        other.mkdir(parents=True)
        (other / "file").write_text("x")
    _, place = begin(store, workspace, dead_owner)
    write(place)
    store.recover()
    sweep(store, workspace)
    assert not place.directory.exists()
    assert all((other / "file").exists() for other in others)


def test_an_orphan_that_still_works_keeps_its_place(
    store: Store, workspace: Workspace, dead_owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is dead, its node's process is not yet: the next sweep removes what it leaves."""
    monkeypatch.setattr(sweep_module, "_PATIENCE_SECONDS", 0.1)
    _, place = begin(store, workspace, dead_owner)
    write(place)
    store.recover()
    code = "import sys; from pathlib import Path; from penstock.storage.locks import hold; hold(Path(sys.argv[1]));"
    code += "print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(place.temporary)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as orphan:
        assert orphan.stdout is not None
        orphan.stdout.readline()
        assert sweep(store, workspace) == []
        assert (place.directory / "model" / "half").exists()
        orphan.kill()
    assert sweep(store, workspace) == [place.uri]
    assert not place.directory.exists()


def test_an_orphan_that_starts_late_finds_nothing_to_work_in(
    store: Store, workspace: Workspace, dead_owner: str
) -> None:
    """Swept before its process took its lock: it is told, and makes nothing anew."""
    _, place = begin(store, workspace, dead_owner)
    write(place)
    store.recover()
    sweep(store, workspace)
    assert hold(place.temporary) is None


def test_a_remote_root_is_swept_likewise(
    store: Store, tmp_path: Path, dead_owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had been taken out, and what was still on this machine."""
    from penstock.storage.locations import file_system

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    workspace = Workspace(f"memory://{tmp_path.name}")
    _, place = begin(store, workspace, dead_owner)
    write(place)
    system, path = file_system(place.uri)
    system.pipe_file(f"{path}/model/half", b"half")
    store.recover()
    assert sweep(store, workspace) == [place.uri]
    assert system.find(path) == []
    assert list((tmp_path / "cache" / "penstock" / "work").iterdir()) == []


def test_where_nothing_died_a_sweep_takes_no_time(store: Store, workspace: Workspace) -> None:
    """However much lies in the root: it is one query, and locks nothing."""
    for number in range(300):
        Path(workspace.root, "taxi", "trainer", f"{number}-x", "model").mkdir(parents=True)
    with store.database.write():
        began = time.process_time()
        for _ in range(20):
            sweep(store, workspace)
        assert (time.process_time() - began) / 20 < 0.02
