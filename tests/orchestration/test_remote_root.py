"""A root that is not on this machine's disks: the same pipelines, results and reuse; user code sees local paths."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock import events
from penstock.cli.reading import log_of
from penstock.errors import StorageError
from penstock.events import RunState
from penstock.orchestration.run import RunResult
from penstock.storage.locations import file_system
from tests.orchestration.conftest import Scratch

States = Callable[[RunResult], dict[str, str]]

PIPELINE = """
@component
def Deep(page: Input[HTML], result: Output[HTML]) -> None:
    assert Path(page.uri).is_dir() and Path(result.uri).is_dir()
    for number in range(20):
        result.path("a", str(number)).mkdir(parents=True)
        result.path("a", str(number), "n.txt").write_text(str(number) * 100)
    result.path("empty").write_text("")
    print("deep in the log")

@component
def Total(page: Input[HTML], report: Output[HTML], *, length: int) -> None:
    texts = [path.read_text() for path in sorted(page.path().rglob("*.txt"))]
    assert page.path("empty").read_text() == ""
    report.path("index.html").write_text(f"{sum(map(len, texts))} {length}")
---
made = Make(text="abc")
deep = Deep(page=made.outputs["page"])
measured = Measure(page=made.outputs["page"])
Total(page=deep.outputs["result"], length=measured.outputs["length"])
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine's cache of remote payloads, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "penstock"


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.conformance)])
def remote(request: pytest.FixtureRequest) -> str:
    """A root of its own for each test."""
    base = "memory:/" if request.param == "memory" else request.getfixturevalue("s3")
    return f"{base}/{uuid.uuid4().hex}"


@pytest.fixture
def placed(project: Scratch, remote: str) -> Scratch:
    """A project whose root is remote and whose store is on this machine."""
    profile = f"profiles: {{local: {{pipeline_root: '{remote}', metadata: 'sqlite:///.penstock/metadata.db'}}}}"
    return project.write(PIPELINE, config=profile)


def files(uri: str) -> dict[str, int]:
    """Every file below a remote location with its size."""
    system, path = file_system(uri)
    base = path.rstrip("/") + "/"
    return {name.removeprefix(base): int(entry["size"]) for name, entry in system.find(path, detail=True).items()}


def read(uri: str) -> str:
    """The text of a remote file."""
    system, path = file_system(uri)
    text: bytes = system.cat_file(path)
    return text.decode()


def test_a_remote_root_is_as_a_local_one(placed: Scratch, remote: str, cache: Path, states: States) -> None:
    """The pipeline runs, its payloads and logs lie in the root, manifest and all, and a second run is all reuse."""
    result = placed.run()
    assert set(states(result).values()) == {"complete"}
    report = result.nodes["Total"].outputs["report"][0]
    assert report.uri.startswith(f"{remote}/toy/Total/")
    expected = sum(100 * len(str(number)) for number in range(20))
    assert read(f"{report.uri}/index.html") == f"{expected} 3"
    there = files(remote)
    deep = result.nodes["Deep"].outputs["result"][0].uri.removeprefix(f"{remote}/")
    assert there[f"{deep}/a/19/n.txt"] == 200
    assert there[f"{deep}/empty"] == 0
    assert f"{deep}/manifest.json" in there
    assert read(f"{remote}/toy/runs/{result.run_id}/Deep.log") == "deep in the log\n"
    assert list((cache / "work").iterdir()) == []
    shutil.rmtree(cache / "logs")
    with placed.store() as store:
        assert log_of(store, "latest", "Deep").path.read_text() == "deep in the log\n"
    assert set(states(placed.run()).values()) == {"reused"}
    assert files(remote) == there


def test_what_the_cache_lost_is_fetched(placed: Scratch, cache: Path, states: States) -> None:
    """On another machine, or without the cache, inputs are brought in and held against their manifest."""
    placed.run()
    shutil.rmtree(cache)
    again = placed.run(no_cache=["Total"])
    assert states(again) == {"Make": "reused", "Deep": "reused", "Measure": "reused", "Total": "complete"}
    fetched = list(cache.glob("payloads/*/*/a/19/n.txt"))
    assert [path.read_text() for path in fetched] == ["19" * 100]
    fetched[0].write_text("short")
    assert states(placed.run(no_cache=["Total"]))["Total"] == "complete"
    assert fetched[0].read_text() == "19" * 100


def test_a_damaged_remote_payload_is_made_again(placed: Scratch, cache: Path, states: States) -> None:
    """One that misses a file is not reused; one whose bytes changed is refused by whoever reads it, by name."""
    first = placed.run()
    deep = first.nodes["Deep"].outputs["result"][0].uri
    system, path = file_system(deep)
    system.pipe_file(f"{path}/a/3/n.txt", b"4" * 100)
    shutil.rmtree(cache)
    result = placed.run(no_cache=["Total"])
    assert states(result)["Total"] == "failed"
    error = result.nodes["Total"].error
    assert isinstance(error, StorageError)
    assert error.message.startswith("a/3/n.txt is not what its manifest says")
    system.rm_file(f"{path}/a/3/n.txt")
    assert states(placed.run()) == {"Make": "reused", "Deep": "complete", "Measure": "reused", "Total": "reused"}


def test_a_failed_attempt_leaves_only_its_log(placed: Scratch, remote: str, cache: Path, states: States) -> None:
    """Nothing of what a failing node wrote stays in the root or on this machine; its log does."""
    placed.write(
        """
        @component
        def Broken(page: Output[HTML]) -> None:
            page.path("index.html").write_text("half")
            print("so far")
            raise ValueError("upside down")
        ---
        Broken()
        """,
        config=f"profiles: {{local: {{pipeline_root: '{remote}'}}}}",
    )
    result = placed.run()
    assert states(result) == {"Broken": "failed"}
    assert list(files(remote)) == [f"toy/runs/{result.run_id}/Broken.log"]
    assert read(f"{remote}/toy/runs/{result.run_id}/Broken.log").startswith("so far\n")
    assert list((cache / "work").iterdir()) == []
    log = next(event.log for event in placed.events if isinstance(event, events.NodeEnded))
    assert log is not None
    assert Path(log).read_text().startswith("so far\n")


def test_an_unknown_or_unreachable_root_is_refused_before_anything_runs(project: Scratch) -> None:
    """The error names the root and says what is missing."""
    project.write("---\nMake()\n", config="profiles: {local: {pipeline_root: 'nowhere://bucket/root'}}")
    with pytest.raises(StorageError, match="pipeline root cannot be written.*nowhere") as caught:
        project.run()
    assert caught.value.facts["path"] == "nowhere://bucket/root"
    assert not (project.directory / ".penstock").exists()


RUN = """
import sys
from penstock.orchestration.project import load_project
from penstock.orchestration.run import run_project
run_project(load_project(sys.argv[1]), isolation=sys.argv[2])
"""


@pytest.mark.conformance
def test_a_run_that_was_killed_leaves_nothing_in_a_bucket(project: Scratch, s3: str, cache: Path) -> None:
    """Killed while it takes payloads out, and at other moments: the next run completes, and only its payloads stay."""
    import penstock

    root = f"{s3}/{uuid.uuid4().hex}"
    profile = f"profiles: {{local: {{pipeline_root: '{root}', metadata: 'sqlite:///.penstock/metadata.db'}}}}"
    project.write(PIPELINE, config=profile)
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parent.parent)}
    for round_ in range(3):
        before = len(files(root))
        run = subprocess.Popen([sys.executable, "-c", RUN, str(project.directory), project.isolation], env=environment)
        while run.poll() is None and len(files(root)) <= before + 2 + 9 * round_:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait()
    result = project.run()
    assert result.state is RunState.COMPLETE
    with project.store() as store:
        named = {artifact.uri.removeprefix(f"{root}/").rpartition("/")[0] for artifact in store.artifacts()}
        assert store.abandoned() == []
    there = {"/".join(name.split("/")[:3]) for name in files(root) if "/runs/" not in name}
    assert there == named
    assert list((cache / "work").iterdir()) == []
