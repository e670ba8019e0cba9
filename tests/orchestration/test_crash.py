"""Kills at random moments: whatever dies, the next run completes, with an undisturbed run's results, no leftovers."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import penstock
from penstock.events import RunState
from penstock.storage.manifest import digests_of, read_manifest
from tests.orchestration.conftest import Scratch

PIPELINE = """
import subprocess, tempfile
from penstock import Context

@component
def Rows(page: Output[HTML], *, files: int = 12) -> None:
    for number in range(files):
        page.path(f"part-{number % 3}").mkdir(exist_ok=True)
        page.path(f"part-{number % 3}", f"{number}.txt").write_text(f"row {number}\\n" * 2000)
        time.sleep(0.005)
    page.path("index.html").write_text("rows")

@component
def Scratchy(page: Input[HTML], result: Output[HTML], *, word: str, ctx: Context) -> None:
    subprocess.Popen(["sleep", "600"])
    (ctx.temp_dir / "work").write_bytes(b"x" * 100_000)
    with tempfile.NamedTemporaryFile(delete=False) as left:
        left.write(b"y" * 100_000)
    Path(tempfile.mkdtemp(), "more").write_text("z")
    for path in sorted(page.path().rglob("*.txt")):
        result.path(path.name).write_text(path.read_text().replace("row", word))
    time.sleep(0.2)

@component
def Report(page: Output[HTML], *, length: int) -> None:
    page.path("index.html").write_text(f"length {length}")
---
rows = Rows()
left = Scratchy(node_id="Left", page=rows.outputs["page"], word="left")
right = Scratchy(node_id="Right", page=rows.outputs["page"], word="right")
measured = Measure(page=rows.outputs["page"], other=left.outputs["result"])
checked = Check(page=rows.outputs["page"], longest=30).after(right)
Report(length=measured.outputs["length"]).after(checked)
"""

RUN = """
import sys
from penstock.orchestration.project import load_project
from penstock.orchestration.run import run_project
result = run_project(load_project(sys.argv[1]), isolation=sys.argv[2], jobs=3)
print(result.state.value)
"""

VICTIMS = ("run", "node", "server")


@dataclass(frozen=True)
class Left:
    """What a run leaves: digests of its outputs, and the size of each file in the root by the node that made it."""

    digests: dict[str, str]
    files: dict[str, int]


@dataclass
class Arena:
    """A project, its own directory for temporary files, and a mark in the environment of each process it starts."""

    project: Scratch
    temporary: Path
    mark: str

    @property
    def root(self) -> Path:
        return self.project.directory / ".penstock"

    def start(self) -> subprocess.Popen[bytes]:
        """A run in a process of its own."""
        package = str(Path(penstock.__file__).parent.parent)
        environment = {**os.environ, "PYTHONPATH": package, "TMPDIR": str(self.temporary), "PENSTOCK_MARK": self.mark}
        command = [sys.executable, "-c", RUN, str(self.project.directory), self.project.isolation]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def processes(self) -> dict[int, str]:
        """The command line of each living process that a run of this arena started, the run included."""
        found = {}
        for place in Path("/proc").iterdir():
            if not place.name.isdigit() or int(place.name) == os.getpid():
                continue
            try:
                if f"PENSTOCK_MARK={self.mark}".encode() in (place / "environ").read_bytes():
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def victims(self, kind: str, run: int) -> list[int]:
        """The processes of one kind: the run itself, those that run nodes, or the warm server."""
        if kind == "run":
            return [run]
        found = self.processes()
        servers = [pid for pid, line in found.items() if "local.warm_server" in line]
        parents = {pid: _parent(pid) for pid in servers}
        forked = [pid for pid in servers if parents[pid] in servers]
        if kind == "server":
            return [pid for pid in servers if pid not in forked]
        return [pid for pid, line in found.items() if "local.child" in line] + forked

    def left(self) -> Left:
        """What lies there after a run, every payload held against its manifest."""
        with self.project.store() as store:
            assert store.run("latest").state is RunState.COMPLETE
            assert [run.id for run in store.runs() if run.state is RunState.RUNNING] == []
            with store.database.read() as transaction:
                for query in (
                    "SELECT id FROM Execution WHERE last_known_state IN (1, 2)",
                    "SELECT node_id FROM penstock_node WHERE state = 'running'",
                    "SELECT execution_id FROM penstock_lease",
                    "SELECT execution_id FROM penstock_place",
                ):
                    assert transaction.rows(query) == [], query
            artifacts = store.artifacts(limit=1000)
            latest = store.artifacts(run=store.run("latest").id, limit=1000)
        for artifact in artifacts:
            manifest = read_manifest(artifact.uri)
            assert manifest is not None, artifact
            assert digests_of(Path(artifact.uri), manifest.sizes) == manifest.digests
            assert manifest.digest == artifact.digest
        named = {Path(artifact.uri).parent for artifact in artifacts}
        attempts = {place for place in self.root.glob("toy/*/*") if place.parent.name != "runs"}
        assert attempts == named
        files = {}
        for path in sorted(self.root.rglob("*")):
            parts = path.relative_to(self.root).parts
            if path.is_file() and parts[0] == "toy" and parts[1] != "runs":
                files["/".join((parts[1], *parts[3:]))] = path.stat().st_size
            elif path.is_file() and parts[0] == "toy":
                assert path.suffix == ".log"
            elif path.is_file():
                assert path.name.startswith("metadata.db"), path
        assert len(files) == len({path for path in self.root.glob("toy/*/*/**/*") if _is_payload(path)})
        return Left({f"{one.node_id}.{one.output}": str(one.digest) for one in latest}, files)

    def reset(self) -> None:
        """Removes every trace of earlier runs."""
        shutil.rmtree(self.root, ignore_errors=True)


def _is_payload(path: Path) -> bool:
    return path.is_file() and path.suffix != ".log"


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture
def arena(project: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    """A pipeline of six nodes, some of which leave temporary files and processes behind."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("Processes are found by their environment, which only Linux shows.")
    mark = f"{os.getpid()}-{tmp_path.name}"
    monkeypatch.setenv("PENSTOCK_MARK", mark)
    project.write(PIPELINE)
    place = Arena(project, Path(tempfile.gettempdir()), mark)
    yield place
    for pid in place.processes():
        os.kill(pid, signal.SIGKILL)


def kill_at_random(arena: Arena, rounds: int, seed: int) -> dict[str, int]:
    """Kills one process of a run per round; after each, the next run must leave what an undisturbed one does.

    Returns:
        How often what was killed.
    """
    random_ = random.Random(seed)
    began = time.monotonic()
    assert arena.start().wait(120) == 0
    seconds = time.monotonic() - began
    expected = arena.left()
    assert len(expected.digests) == 6
    kinds = VICTIMS if arena.project.isolation == "warm" else VICTIMS[:2]
    killed: dict[str, int] = dict.fromkeys((*kinds, "nothing"), 0)
    for number in range(rounds):
        kind, moment = random_.choice(kinds), random_.uniform(0, seconds * 1.05)
        arena.reset()
        run = arena.start()
        time.sleep(moment)
        done = "nothing"
        while run.poll() is None:
            if victims := arena.victims(kind, run.pid):
                os.kill(random_.choice(victims), signal.SIGKILL)
                done = kind
                break
            time.sleep(0.005)
        if done == "nothing" and run.poll() is None:
            run.kill()
        run.wait(120)
        killed[done] += 1
        told = f"seed {seed}, round {number}: {done} killed after {moment:.3f} s of {seconds:.3f} s"
        print(told, flush=True)
        result = arena.project.run(jobs=3)
        assert result.state is RunState.COMPLETE, told
        assert arena.left() == expected, told
        assert list(arena.temporary.iterdir()) == [], told
        deadline = time.monotonic() + 20
        while (alive := arena.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive == {}, told
    return killed


@pytest.mark.conformance
@pytest.mark.timeout(7200)
def test_after_many_kills_nothing_is_wrong_and_nothing_left(arena: Arena) -> None:
    """The run, its nodes and the warm server die at random moments; the next run is as an undisturbed one.

    ``PENSTOCK_KILLS`` times (30 unless told) over exec and warm together.
    """
    rounds = int(os.environ.get("PENSTOCK_KILLS", "30")) // 2
    seed = int(os.environ.get("PENSTOCK_SEED", random.SystemRandom().randrange(10**6)))
    print(json.dumps(kill_at_random(arena, rounds, seed)))
