from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.events import RunState
from penstock.metadata import open_store
from penstock.metadata.records import RunRecord
from tests.cli.conftest import RUN, Invoke, Stored


def test_runs_are_listed_with_state_and_commit(invoke: Invoke, stored: Stored) -> None:
    """One line a run: id, state as sign and word, pipeline, profile, the commit and whether it had changes."""
    result = invoke("runs", "list", "-C", stored.directory)
    assert result.exit_code == 0, result.stderr
    header, line = result.stdout.splitlines()
    assert header.split() == ["run", "state", "started", "took", "pipeline", "profile", "commit"]
    assert line.split()[:3] == [RUN, "✘", "failed"]
    assert "ffffffffff with changes" in line


def test_runs_as_json_leave_the_plan_out(invoke: Invoke, stored: Stored) -> None:
    """`runs list --json` is one array of runs without their plans."""
    (run,) = json.loads(invoke("runs", "list", "-C", stored.directory, "--json").stdout)
    assert (run["id"], run["state"], run["pipeline"]) == (RUN, "failed", "toy")
    assert "plan" not in run


def test_a_store_without_runs_says_what_to_do(invoke: Invoke, tmp_path: Path) -> None:
    """An empty listing is no error; it names the command that fills it."""
    (tmp_path / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    open_store(f"sqlite:///{tmp_path}/.penstock/metadata.db").close()
    result = invoke("runs", "list", "-C", tmp_path)
    assert (result.exit_code, result.stdout) == (
        0,
        "There are no runs in this store yet. Start one: penstock run\n",
    )


def test_a_run_is_shown_node_by_node(invoke: Invoke, stored: Stored) -> None:
    """State, notes, the error with the user's line, artifacts with ids, verdicts counted, where logs are."""
    out = invoke("runs", "show", "-C", stored.directory).stdout
    lines = out.splitlines()
    assert lines[0].startswith(f"toy run {RUN}: failed in ")
    assert "by ada, profile local, commit ffffffffff with changes" in lines[1]
    nodes = [line.split()[0] for line in lines[4:8]]
    assert nodes == ["Make", "Count", "Train", "Push"]
    assert "15,002 rows" in lines[4]
    assert "Push failed: push raised ValueError: no room\n  model.py:12 in push\n    raise ValueError(room)" in out
    assert "hint: Make room." in out
    assert f"{stored.ids['Train']}  Model" in out
    assert "verdicts  1 pass, 1 fail, 1 undefined" in out
    assert out.rstrip().endswith("/NODE.log")


def test_a_run_may_be_named_by_its_beginning(invoke: Invoke, stored: Stored) -> None:
    """As much of an id as no other run has is enough."""
    shown = json.loads(invoke("runs", "show", "20261121", "-C", stored.directory, "--json").stdout)
    assert shown["id"] == RUN
    assert [node["node_id"] for node in shown["nodes"]] == ["Make", "Count", "Train", "Push"]
    assert shown["nodes"][3]["error"]["message"].startswith("push raised")
    assert [artifact["node_id"] for artifact in shown["artifacts"]].count("Train") == 1
    assert len(shown["verdicts"]) == 3


def test_an_unknown_run_is_a_usage_error(invoke: Invoke, stored: Stored) -> None:
    """The runs that there are, are offered."""
    result = invoke("runs", "show", "2030", "-C", stored.directory)
    assert result.exit_code == 2
    assert RUN in result.stderr


@pytest.mark.parametrize("name", ["Train", "train", "TRAIN", "tra_in"])
def test_a_log_is_printed_whole(invoke: Invoke, stored: Stored, name: str) -> None:
    """The node's own output, byte for byte; its name matches without regard to case and underscores."""
    result = invoke("runs", "logs", name, "-C", stored.directory)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (stored.directory / "Train.log").read_text()


def test_the_end_of_a_log_is_printed(invoke: Invoke, stored: Stored) -> None:
    """--tail N prints the last N lines, of the run that was named."""
    result = invoke("runs", "logs", RUN, "Make", "--tail", "2", "-C", stored.directory)
    assert result.stdout == "Make line 28\nMake line 29\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Trian"], "Did you mean 'Train'?"),
        (["Push"], "Push has no log in run"),
        ([RUN, "Make", "more"], "Give a node, or a run and a node."),
    ],
)
def test_a_log_that_is_not_there_is_explained(
    invoke: Invoke, stored: Stored, arguments: list[str], message: str
) -> None:
    """A wrong node, one that printed nothing, too many words: exit code 2 and what to do."""
    result = invoke("runs", "logs", *arguments, "-C", stored.directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_log_that_was_cleaned_away_is_told_as_such(invoke: Invoke, stored: Stored) -> None:
    """The file's path is named, so that a person can tell a moved root from a mistake."""
    (stored.directory / "Make.log").unlink()
    result = invoke("runs", "logs", "Make", "-C", stored.directory)
    assert result.exit_code == 2
    assert str(stored.directory / "Make.log") in result.stderr


def test_the_log_of_a_reused_node_is_that_of_the_run_that_did_the_work(invoke: Invoke, runnable: Path) -> None:
    """After a run that was all reuse, `runs logs` still prints what the node printed when it ran."""
    invoke("run", runnable)
    invoke("run", runnable)
    result = invoke("runs", "logs", "make", "-C", runnable)
    assert result.exit_code == 0, result.stderr
    assert "making 10" in result.stdout


def test_following_prints_what_comes_and_ends_with_the_node(stored: Stored) -> None:
    """--follow goes on while the node runs, loses nothing, and ends by itself when the node has ended."""
    log = stored.directory / "Slow.log"
    log.write_text("first\n")
    with open_store(f"sqlite:///{stored.directory}/.penstock/metadata.db") as store:
        store.begin_run(RunRecord("20270101-000000-0000", "toy"))
        lease = store.begin_execution("20270101-000000-0000", "Slow", "Slow", log=str(log))
        process = subprocess.Popen(
            [sys.executable, "-m", "penstock", "runs", "logs", "Slow", "--follow", "-C", str(stored.directory)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        with log.open("a") as file:
            file.write("second\n")
        assert process.stdout.readline() == "second\n"
        assert process.poll() is None
        time.sleep(0.1)
        with log.open("a") as file:
            file.write("last\n")
        store.publish(lease, outputs={})
        store.end_run("20270101-000000-0000", RunState.COMPLETE)
    rest, _ = process.communicate(timeout=20)
    assert rest == "last\n"
    assert process.returncode == 0
