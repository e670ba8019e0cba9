"""Small projects of custom components, run for real: every node in its own process, a real store on disk."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penstock.events import Event
from penstock.metadata import Store, open_store
from penstock.orchestration.project import load_project
from penstock.orchestration.run import Isolation, RunResult, run_project

PREAMBLE = """\
from __future__ import annotations
import os, time, signal
from pathlib import Path
from typing import NamedTuple
from penstock import Config, Context, HTML, Input, InputPath, LatestBlessedModel, ModuleFile, Model, ModelBlessing
from penstock import Output, Pipeline, Verdict, component
from penstock.dsl import Destination
from penstock.gates import Gate

if "never" in os.environ:
    import {heavy}

@component
def Make(page: Output[HTML], *, text: str = "x", seconds: float = 0.0) -> None:
    time.sleep(seconds)
    page.path("index.html").write_text(text)

class Length(NamedTuple):
    length: int

@component
def Measure(page: Input[HTML], other: Input[HTML] | None = None) -> Length:
    return Length(len(page.path("index.html").read_text()))

@component
def Check(page: Input[HTML], report: Output[HTML], *, gate: Gate = "block", longest: int = 3, ctx: Context) -> None:
    n = len(page.path("index.html").read_text())
    ctx.verdict(Verdict("length", "pass" if n <= longest else "fail", observed=n, bound=longest, relation="<="))
    report.path("index.html").write_text(str(n))
"""


@dataclass
class Scratch:
    """A project in a temporary directory, with shorthands to write and run it."""

    directory: Path
    isolation: Isolation = "exec"
    events: list[Event] = field(default_factory=list)

    def write(self, body: str, *, config: str = "", name: str = "toy", **files: str) -> Scratch:
        """Writes pipeline.py with the body of create_pipeline, pipeline.yaml, and other modules."""
        components, _, nodes = textwrap.dedent(body).rpartition("---\n")
        create = "def create_pipeline(config: Config) -> Pipeline:\n    with Pipeline(config.name) as pipeline:\n"
        create += textwrap.indent(nodes, " " * 8) + "    return pipeline\n"
        # A warm server is only asked for where something heavy is imported: this is quick, and on its list.
        preamble = PREAMBLE.replace("{heavy}", "tfx_bsl.sketches" if self.isolation == "warm" else "json")
        (self.directory / "pipeline.py").write_text(f"{preamble}\n{components}\n{create}")
        (self.directory / "pipeline.yaml").write_text(f"name: {name}\n{textwrap.dedent(config)}")
        for module, text in files.items():
            (self.directory / f"{module}.py").write_text(textwrap.dedent(text))
        return self

    def run(self, *overrides: str, **options: object) -> RunResult:
        """Runs the project as `penstock run` does."""
        self.events.clear()
        project = load_project(self.directory, overrides=overrides)
        return run_project(project, listener=self.events.append, isolation=self.isolation, **options)  # type: ignore[arg-type] # passed on

    @property
    def url(self) -> str:
        return f"sqlite:///{self.directory}/.penstock/metadata.db"

    def store(self) -> Store:
        """The project's store, to read."""
        return open_store(self.url)


@pytest.fixture(params=["exec", "warm"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """An empty project, run either way; whatever runs of it keep elsewhere goes to the test's directory as well."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    directory = tmp_path / "toy"
    directory.mkdir()
    return Scratch(directory, request.param)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """An empty project whose nodes run in fresh processes, for what does not depend on how they are started."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = tmp_path / "toy"
    directory.mkdir()
    return Scratch(directory)


@pytest.fixture
def states() -> Callable[[RunResult], dict[str, str]]:
    """The state of each node of a run, in words."""
    return lambda result: {node: outcome.state.value for node, outcome in result.nodes.items()}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URI of a bucket on a server of moto's, which every client of S3 in this process and its children finds."""
    pytest.importorskip("s3fs", reason="needs s3fs: pip install 'penstock[conformance]'")
    pytest.importorskip("moto.server", reason="needs moto's server: pip install 'penstock[conformance]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_PROFILE", raising=False)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    assert server.poll() is None
                    time.sleep(0.05)
            import s3fs

            s3fs.S3FileSystem.clear_instance_cache()  # one of another module's server has its address
            s3fs.S3FileSystem().mkdir("penstock-test")
            yield "s3://penstock-test"
        finally:
            server.kill()
            server.wait()
