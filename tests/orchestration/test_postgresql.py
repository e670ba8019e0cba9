"""A pipeline whose metadata is on PostgreSQL, as its profile says: the same runs, reuse, gates and commands."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from penstock.events import RunState
from penstock.metadata import open_store
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader
from tests.orchestration.conftest import Scratch
from tests.postgres import Server

pytestmark = pytest.mark.conformance

States = Callable[[RunResult], dict[str, str]]
CONFIG = 'profiles: {local: {metadata: "${STORE}"}}'
PIPELINE = """
@component
def Train(page: Input[HTML], model: Output[Model], ctx: Context, *, seconds: float = 0.0) -> None:
    ctx.metric("loss", float("nan"))
    ctx.metric("loss", 0.1 + 0.2, step=1)
    model.path("weights").write_text(page.path("index.html").read_text())
    Path("began").touch()
    time.sleep(seconds)

@component
def Judge(model: Input[Model], baseline: Input[Model] | None, blessing: Output[ModelBlessing]) -> None:
    blessing.custom_properties["blessed"] = 1
    blessing.path("BLESSED").write_text("")
    print("baseline", baseline.id if baseline else None)
---
made = Make(text=config["make"].get("text", "abc"))
measured = Measure(page=made.outputs["page"])
check = Check(page=made.outputs["page"], **config["check"])
model = Train(page=made.outputs["page"], **config["train"]).after(check).outputs["model"]
baseline = LatestBlessedModel(other_than=model).outputs["model"]
Judge(model=model, baseline=baseline)
"""


@pytest.fixture
def server_url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, which the profile names by a variable."""
    url = postgres.url(postgres.new_database())
    monkeypatch.setenv("STORE", url)
    return url


@pytest.fixture
def shared(toy: Scratch, server_url: str) -> Scratch:
    """A project whose store is that database."""
    assert server_url
    return toy.write(PIPELINE, config=f"{CONFIG}\nmake: {{}}\ncheck: {{}}\ntrain: {{}}")


def penstock(project: Scratch, *words: str) -> Any:
    """What a command prints as JSON."""
    command = [sys.executable, "-P", "-m", "penstock", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=project.directory)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_runs_reuse_and_block_as_on_a_file(shared: Scratch, server_url: str, states: States) -> None:
    """A first run, an unchanged one, one that a gate blocks; the file that others would have is never made."""
    first = shared.run()
    assert (first.state, set(states(first).values())) == (RunState.COMPLETE, {"complete"})
    assert set(states(shared.run()).values()) == {"reused"}
    blocked = shared.run("make.text=abcdef")
    assert blocked.state is RunState.BLOCKED
    assert states(blocked)["Train"] == "skipped"
    assert not (shared.directory / ".penstock" / "metadata.db").exists()
    with open_store(server_url, read_only=True) as store:
        assert [run.state for run in store.runs()] == [RunState.BLOCKED, RunState.COMPLETE, RunState.COMPLETE]
        (made,) = store.artifacts(type="Model")
        lineage = store.lineage(made.id, "up")
        assert {one.type for one in lineage.artifacts.values()} == {"Model", "HTML"}
        assert [(one.name, repr(one.value)) for one in store.metrics(made.execution_id or 0)] == [
            ("loss", "nan"),
            ("loss", "0.30000000000000004"),
        ]


def test_every_command_reads_it_and_no_password_is_left_anywhere(shared: Scratch, server_url: str) -> None:
    """Commands and pages show the runs; neither they, nor files, nor the database's own rows hold the password."""
    typed = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "penstock", "run", str(shared.directory)),
            *("--set", f"profiles.local.metadata={server_url}", "--set", "train.seconds=0.1"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert typed.returncode == 0, typed.stderr
    assert "metadata=postgresql://penstock:***@" in typed.stdout
    shared.run()
    said = [
        typed.stdout + typed.stderr,
        penstock(shared, "runs", "list"),
        penstock(shared, "runs", "show"),
        penstock(shared, "artifacts", "list"),
        penstock(shared, "artifacts", "lineage", "1", "--down"),
        penstock(shared, "plan"),
        penstock(shared, "why", "Train"),
        penstock(shared, "store", "check"),
        penstock(shared, "doctor"),
    ]
    assert len(said[1]) == 2
    assert all(node["action"] == "reuse" for node in said[5]["nodes"])
    reader = StoreReader(server_url)
    with TestClient(create_app(reader), base_url="http://127.0.0.1") as client:
        pages = [client.get(path, headers={"Accept": "text/html"}).text for path in ("/", "/runs/latest")]
    reader.close()
    assert "postgresql://penstock:***@127.0.0.1" in pages[1]
    files = [path.read_bytes() for path in shared.directory.rglob("*") if path.is_file()]
    rows = []
    with psycopg.connect(server_url) as connection:
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            rows += connection.execute(f"SELECT * FROM {table}".encode()).fetchall()
    assert rows
    for told in (said, pages, rows, files):
        assert "s3cret" not in repr(told)


def test_what_a_killed_run_left_is_recovered(shared: Scratch, server_url: str, states: States) -> None:
    """The next run marks it as failed, removes what it wrote, and takes over what it had finished."""
    command = [sys.executable, "-P", "-m", "penstock", "run", str(shared.directory), "--set", "train.seconds=600"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not _is_training(shared, server_url):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = shared.run()
    assert again.state is RunState.COMPLETE
    assert {node for node, state in states(again).items() if state == "reused"} >= {"Make", "Measure", "Check"}
    with open_store(server_url, read_only=True) as store:
        assert [run.state for run in store.runs()] == [RunState.COMPLETE, RunState.FAILED]
        assert store.abandoned() == []


def _is_training(project: Scratch, url: str) -> bool:
    if not list(project.directory.rglob("began")):
        return False
    with open_store(url, read_only=True) as store:
        return any(node.node_id == "Train" and node.state.value == "running" for node in store.nodes(store.run().id))


def test_a_server_that_cannot_be_reached_stops_a_run_before_it_begins(
    shared: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names it; nothing is made."""
    monkeypatch.setenv("STORE", "postgresql://u:s3cret@127.0.0.1:1/db")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "penstock", "run", str(shared.directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "postgresql://u:***@127.0.0.1:1/db cannot be reached" in " ".join(done.stderr.split())
    assert "s3cret" not in done.stdout + done.stderr
    assert load_project(shared.directory).config.profile.metadata.startswith("postgresql://u:")
    assert not list(Path(shared.directory).glob(".penstock/*"))
