"""Two runs at once on one store: both complete, each key is computed once, nobody waits for a dead one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import penstock
from penstock.events import NodeState, NodeWaiting, RunState
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project
from tests.orchestration.conftest import Scratch

RUN = """
import sys
from penstock.events import NodeWaiting
from penstock.orchestration.project import load_project
from penstock.orchestration.run import run_project

def tell(event):
    if isinstance(event, NodeWaiting):
        print(event.text, flush=True)

result = run_project(load_project(sys.argv[1]), isolation=sys.argv[2], jobs=int(sys.argv[3]), listener=tell)
print("ended", result.state.value, *(f"{node}={outcome.state.value}" for node, outcome in result.nodes.items()))
"""

COUNTING = """
@component
def Count(page: Output[HTML], after: Input[HTML] | None = None, *, name: str, seconds: float = 0.3) -> None:
    with open(os.path.join({directory!r}, "computed"), "a") as file:
        file.write(f"{{name}} {{os.getpid()}}\\n")
    # Until the test lets go, however slow the machine: at most so long.
    until = time.monotonic() + seconds
    while time.monotonic() < until and not os.path.exists(os.path.join({directory!r}, "let-go")):
        time.sleep(0.01)
    if os.path.exists(os.path.join({directory!r}, "fail-" + name)):
        os.unlink(os.path.join({directory!r}, "fail-" + name))
        raise ValueError("asked to fail")
    page.path("index.html").write_text(name)
---
"""

DIAMOND = """
first = Count(node_id="First", name="first", seconds=60.0).outputs["page"]
left = Count(node_id="Left", after=first, name="left").outputs["page"]
right = Count(node_id="Right", after=first, name="right")
Count(node_id="Last", after=left, name="last").after(right)
Count(node_id="Aside", name="aside")
"""


@pytest.fixture
def project(toy: Scratch) -> Scratch:
    """A project whose nodes are started by a warm server."""
    toy.isolation = "warm"
    return toy


def write(project: Scratch, nodes: str) -> None:
    """Writes a pipeline whose nodes note each computation in a file."""
    project.write(COUNTING.format(directory=str(project.directory)) + nodes.strip() + "\n")


def start(project: Scratch, jobs: int = 2) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parent.parent)}
    command = [sys.executable, "-c", RUN, str(project.directory), project.isolation, str(jobs)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def let_go(project: Scratch) -> None:
    """Lets every computation end that still waits, and those to come."""
    (project.directory / "let-go").write_text("")


def wait_until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def computed(project: Scratch) -> Counter[str]:
    """How often each name was computed."""
    file = project.directory / "computed"
    return Counter(line.split()[0] for line in file.read_text().splitlines()) if file.exists() else Counter()


def pid_of(project: Scratch, name: str) -> int:
    """The process that is computing a name, once it does."""
    deadline = time.monotonic() + 60
    while not computed(project)[name]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    lines = (project.directory / "computed").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == name)


@pytest.mark.parametrize("jobs", [1, 3])
def test_two_runs_at_once_compute_each_key_once(project: Scratch, jobs: int) -> None:
    """Both complete, whatever is computed by one is reused by the other, and events say who waits for whom."""
    write(project, DIAMOND)
    runs = [start(project, jobs) for _ in range(2)]
    said: list[list[str]] = [[], []]
    readers = [
        threading.Thread(target=lambda run=run, lines=lines: lines.extend(iter(run.stdout.readline, "")))
        for run, lines in zip(runs, said, strict=True)
    ]
    for reader in readers:
        reader.start()
    wait_until(lambda: any("waiting for First" in line for lines in said for line in lines))
    let_go(project)
    for reader, run in zip(readers, runs, strict=True):
        reader.join(120)
        run.communicate(timeout=10)
    outputs = ["".join(lines) for lines in said]
    assert all("ended complete" in output for output in outputs)
    assert computed(project) == Counter(dict.fromkeys(("first", "left", "right", "last", "aside"), 1))
    both = " ".join(outputs)
    assert both.count("=complete") == 5
    assert both.count("=reused") == 5
    with project.store() as store:
        ids = {run.id for run in store.runs()}
    waits = [line for line in both.splitlines() if line.startswith("waiting for ")]
    assert waits
    assert all(line.rpartition(" ")[2].split()[-1] in ids for line in waits)


def test_a_node_that_waits_leaves_its_slot_to_others(project: Scratch) -> None:
    """With one job, what waits for another run's long node does not hold up a node that is ready."""
    write(project, 'Count(node_id="Long", name="long", seconds=30.0)\n')
    other = start(project)
    pid_of(project, "long")
    write(
        project,
        'Count(node_id="Long", name="long", seconds=30.0)\nCount(node_id="Quick", name="quick", seconds=0.0)\n',
    )
    mine: list[RunResult] = []
    waited: list[str] = []

    def run() -> None:
        listener = lambda event: waited.append(event.text) if isinstance(event, NodeWaiting) else None  # noqa: E731
        mine.append(
            run_project(load_project(project.directory), isolation=project.isolation, jobs=1, listener=listener)
        )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        deadline = time.monotonic() + 25
        while True:
            with project.store() as store:
                states = {node.node_id: node.state for node in store.nodes(store.run("latest").id)}
            if states.get("Quick") is NodeState.COMPLETE:
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(waited) == 1
    finally:
        other.kill()  # its node dies with it, and what waited computes
        other.wait()
        assert other.stdout is not None
        other.stdout.close()
        for _ in range(200):
            if computed(project)["long"] == 2:
                break
            time.sleep(0.05)
        os.kill(last_pid(project), signal.SIGKILL)
        thread.join(60)
    assert mine[0].nodes["Quick"].state is NodeState.COMPLETE
    assert computed(project)["long"] == 2


def last_pid(project: Scratch) -> int:
    return int((project.directory / "computed").read_text().splitlines()[-1].split()[1])


@pytest.mark.parametrize("how", ["fails", "node dies", "run dies"])
def test_who_waited_computes_when_the_other_did_not(project: Scratch, how: str) -> None:
    """Whether the other's node fails, its process or its whole run is killed."""
    write(project, 'Count(node_id="Only", name="only", seconds=60.0)\n')
    if how == "fails":
        (project.directory / "fail-only").write_text("")
    other = start(project)
    pid = pid_of(project, "only")
    mine = start(project)
    assert mine.stdout is not None
    assert mine.stdout.readline().startswith("waiting for Only of run ")
    if how == "node dies":
        os.kill(pid, signal.SIGKILL)
    elif how == "run dies":
        other.kill()
    let_go(project)
    output, _ = mine.communicate(timeout=60)
    other.communicate(timeout=60)
    assert "ended complete Only=complete" in output
    assert computed(project)["only"] == 2
    with project.store() as store:
        assert sorted(run.state for run in store.runs()) == [RunState.COMPLETE, RunState.FAILED]


def test_equal_nodes_of_one_run_are_computed_once(project: Scratch) -> None:
    """Two nodes that would compute the very same thing: one computes, the other takes its result."""
    write(project, 'Count(node_id="One", name="same", seconds=1.0)\nCount(node_id="Two", name="same", seconds=1.0)\n')
    result = project.run(jobs=2)
    assert sorted(outcome.state.value for outcome in result.nodes.values()) == ["complete", "reused"]
    assert computed(project) == Counter(same=1)


def test_a_cancel_reaches_what_waits(project: Scratch) -> None:
    """A run that waits for another's node ends at once when it is interrupted, and the other goes on."""
    write(project, 'Count(node_id="Only", name="only", seconds=60.0)\n')
    other = start(project)
    pid_of(project, "only")
    mine = start(project)
    assert mine.stdout is not None
    mine.stdout.readline()
    mine.send_signal(signal.SIGINT)
    output, _ = mine.communicate(timeout=20)
    assert other.poll() is None
    assert "ended canceled Only=canceled" in output
    let_go(project)
    assert "ended complete Only=complete" in other.communicate(timeout=60)[0]
    assert computed(project)["only"] == 1


def test_no_cache_waits_for_nobody(project: Scratch) -> None:
    """Who asks for a node to be run gets it run, though another run computes the same."""
    write(project, 'Count(node_id="Only", name="only", seconds=1.5)\n')
    other = start(project)
    pid_of(project, "only")
    assert project.run(no_cache=True).nodes["Only"].state is NodeState.COMPLETE
    assert "Only=complete" in other.communicate(timeout=60)[0]
    assert computed(project)["only"] == 2
