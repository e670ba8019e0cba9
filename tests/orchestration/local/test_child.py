from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.orchestration.execution import ArtifactValue, Request
from penstock.orchestration.local.process import child_environment
from tests.orchestration.conftest import Scratch

SPAWNS = """
import subprocess

@component
def Spawns(page: Output[HTML], *, seconds: float) -> None:
    page.path("pid").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
    time.sleep(seconds)
---
Spawns(seconds=0.0)
"""


def ask(directory: Path, seconds: float) -> Request:
    """A request to a node that starts a process and leaves it running."""
    place, temporary = directory / "place", directory / "temporary"
    place.mkdir()
    temporary.mkdir()
    return Request(
        node="Spawns",
        pipeline="toy",
        run="r1",
        ref="pipeline.py:Spawns",
        directory=str(directory),
        inputs={},
        outputs={"page": ArtifactValue("HTML", str(place / "page"))},
        parameters={"seconds": seconds},
        temporary=str(temporary),
    )


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("parent", ["listens", "died as it ended", "dies while it runs"])
def test_nothing_that_a_node_started_outlives_it(project: Scratch, parent: str) -> None:
    """Whether the parent takes the result, or has died a moment before or long before the node's end."""
    if project.isolation == "warm" or not Path("/proc/self/stat").exists():
        pytest.skip("One way of starting the process is enough here, on Linux.")
    project.write(SPAWNS)
    request = ask(project.directory, 60.0 if parent == "dies while it runs" else 0.2)
    read_end, write_end = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "penstock.orchestration.local.child", str(write_end)],
        stdin=subprocess.PIPE,
        pass_fds=(write_end,),
        env=child_environment(),
        start_new_session=True,
    )
    os.close(write_end)
    assert child.stdin is not None
    child.stdin.write(json.dumps(request.to_json()).encode() + b"\n")
    child.stdin.flush()
    noted = project.directory / "place" / "page" / "pid"
    deadline = time.monotonic() + 60
    while not noted.exists() or not noted.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with os.fdopen(read_end, "rb") as pipe:
        if parent == "listens":
            assert json.loads(pipe.read().splitlines()[-1])["type"] == "result"
    if parent == "dies while it runs":
        child.stdin.close()
    child.wait(60)
    child.stdin.close()
    while lives(int(noted.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)
