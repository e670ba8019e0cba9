"""One toy plug-in, installed as anybody would install one, and everything that it adds used through `penstock`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import penstock
from tests.plugins.conftest import Penstock

pytestmark = pytest.mark.component  # runs pipelines, every node in a process of its own

PIPELINE = """
from penstock import Config, Pipeline, Pusher
from penstock_toy.components import Compose, LengthGate, Recite

def create_pipeline(config: Config) -> Pipeline:
    with Pipeline(config.name) as pipeline:
        poem = Compose(**config["compose"]).outputs["written"]
        gate = LengthGate(written=poem, **config["length_gate"])
        model = Recite(written=poem).after(gate).outputs["model"]
        Pusher(model=model, **config["pusher"])
    return pipeline
"""

CONFIG = """
name: poems
compose: {subject: rain, lines: 3}
length_gate: {most: 4}
pusher: {push_destination: "toy://%s"}
profiles:
  local: {nodes: {Compose: {timeout: 120, retries: 1}}}
"""


@pytest.fixture
def poems(tmp_path: Path) -> Path:
    """A project that uses the toy for all that it has, and pushes to ``shelf`` beside it."""
    directory = tmp_path / "poems"
    directory.mkdir()
    (directory / "pipeline.py").write_text(PIPELINE)
    (directory / "pipeline.yaml").write_text(CONFIG % (tmp_path / "shelf"))
    return directory


def _states(done: subprocess.CompletedProcess[str], project: Path, run: Penstock, toy: Path) -> dict[str, str]:
    assert "Traceback" not in done.stderr, done.stderr
    shown = json.loads(run("runs", "show", "--json", "-C", str(project), path=(toy,)).stdout)
    return {node["node_id"]: node["state"] for node in shown["nodes"]}


def test_its_commands_have_a_heading_of_their_own_and_run(run_penstock: Penstock, toy_directory: Path) -> None:
    """`penstock --help` lists the group under the package's name and version; it runs, and its faults are its own."""
    shown = run_penstock("--help", path=(toy_directory,))
    assert "From the plug-in penstock-toy 0.1:\n  toy  Poems on the command line." in shown.stdout
    assert shown.stderr == ""
    assert "penstock-toy" not in run_penstock("--help").stdout
    written = run_penstock("toy", "write", "snow", path=(toy_directory,))
    assert written.stdout == "Line 1 of snow\nLine 2 of snow\n"
    failed = run_penstock("toy", "fail", path=(toy_directory,))
    assert failed.returncode == 1
    assert "This is a fault of the plug-in penstock-toy 0.1." in failed.stderr
    mistyped = run_penstock("tyo", path=(toy_directory,))
    assert (mistyped.returncode, "Did you mean 'toy'?" in mistyped.stderr) == (2, True)


def test_a_pipeline_of_its_components_runs_and_is_pushed(
    run_penstock: Penstock, toy_directory: Path, poems: Path, tmp_path: Path
) -> None:
    """Its components run, its type is stored and shown, its destination holds the model; then all is reused."""
    done = run_penstock("run", str(poems), path=(toy_directory,))
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(tmp_path / "shelf/current") as archive:
        member = archive.extractfile("poem.txt")
        assert member is not None
        assert member.read().decode() == "Line 1 of rain\nLine 2 of rain\nLine 3 of rain"
    listed = json.loads(run_penstock("artifacts", "list", "--json", "-C", str(poems), path=(toy_directory,)).stdout)
    (poem,) = [one for one in listed if one["type"] == "Poem"]
    assert poem["properties"] == {"lines": 3}
    assert "Poem" in run_penstock("artifacts", "list", "-C", str(poems), path=(toy_directory,)).stdout

    again = run_penstock("run", str(poems), path=(toy_directory,))
    assert again.returncode == 0, again.stderr
    assert set(_states(again, poems, run_penstock, toy_directory).values()) == {"reused"}
    (tmp_path / "shelf/current").unlink()
    after = run_penstock("run", str(poems), path=(toy_directory,))
    states = _states(after, poems, run_penstock, toy_directory)
    assert states == {"Compose": "reused", "LengthGate": "reused", "Recite": "reused", "Pusher": "complete"}
    assert (tmp_path / "shelf/current").exists()


def test_its_gate_holds_the_push_back(run_penstock: Penstock, toy_directory: Path, poems: Path, tmp_path: Path) -> None:
    """A failed verdict of its gate ends the run as blocked, with the verdict's sentence, and nothing is pushed."""
    done = run_penstock("run", str(poems), "--set", "compose.lines=9", path=(toy_directory,))
    assert done.returncode == 3
    assert "The poem has 9 lines, 4 are enough." in done.stderr
    states = _states(done, poems, run_penstock, toy_directory)
    assert states == {"Compose": "complete", "LengthGate": "complete", "Recite": "skipped", "Pusher": "skipped"}
    assert not (tmp_path / "shelf").exists()
    verdicts = json.loads(run_penstock("verdicts", "list", "--json", "-C", str(poems), path=(toy_directory,)).stdout)
    assert "lines" in json.dumps(verdicts)


def test_the_web_pages_show_its_artifacts(run_penstock: Penstock, toy_directory: Path, poems: Path) -> None:
    """`penstock ui` answers with its type, in JSON and as a page, with the plug-in installed and without it."""
    assert run_penstock("run", str(poems), path=(toy_directory,)).returncode == 0
    listed = json.loads(run_penstock("artifacts", "list", "--json", "-C", str(poems), path=(toy_directory,)).stdout)
    (poem,) = [one for one in listed if one["type"] == "Poem"]
    for path in ((toy_directory,), ()):
        assert _artifact_page(poems, poem["id"], path)["type"] == "Poem"


def _artifact_page(project: Path, artifact: int, path: tuple[Path, ...]) -> dict[str, Any]:
    """What the pages answer about an artifact when a program asks for JSON."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ours = Path(penstock.__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, ours]))}
    command = [sys.executable, "-P", "-m", "penstock", "ui", "-C", str(project), "--port", str(port), "--no-open"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/artifacts/{artifact}", headers={"Accept": "application/json"}
            )
            for _ in range(300):
                try:
                    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # the address is the one above
                        found: dict[str, Any] = json.load(answer)
                        return found
                except ConnectionError:
                    time.sleep(0.1)
                except OSError as error:
                    if "refused" not in str(error):
                        raise
                    time.sleep(0.1)
            raise AssertionError("The server does not answer.")
        finally:
            server.terminate()
