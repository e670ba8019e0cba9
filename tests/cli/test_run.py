from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke


def _lines(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_a_run_ends_with_what_a_person_wants_to_know(invoke: Invoke, runnable: Path) -> None:
    """Nodes with states and notes, warnings, verdicts, the pushed model and commands to try; exit code 0."""
    result = invoke("run", runnable)
    assert result.exit_code == 0, result.stderr
    out = result.stdout
    assert result.stderr == ""
    assert out.count("✔ complete") == 8  # a line when each ended, and a row of the table
    assert "Make   ✔ complete" in out
    assert "10 rows" in out
    assert "warnings (1)\n  Make: one row was odd" in out
    assert "verdicts  1 pass, 1 undefined\n  Check: ? undefined  auc on hour=4: There is no baseline." in out
    assert "pushed  serving/1" in out
    assert f"penstock artifacts lineage 4 --up -C {runnable}" in out
    assert f"penstock run {runnable} " in out
    assert "\x1b" not in out


def test_a_second_run_says_that_everything_was_reused(invoke: Invoke, runnable: Path) -> None:
    """Nothing changed: every node is reused, and its verdicts are still told."""
    invoke("run", runnable)
    result = invoke("run", runnable)
    assert result.exit_code == 0
    assert "4 of 4 nodes reused" in result.stdout
    assert result.stdout.count("↻ reused") == 8
    assert "1 pass, 1 undefined" in result.stdout


def test_named_nodes_run_again(invoke: Invoke, runnable: Path) -> None:
    """--no-cache=NODE runs that node although its result is there; --no-cache alone runs all, wherever it stands."""
    invoke("run", runnable)
    one = _lines(invoke("run", runnable, "--no-cache=Train", "--json").stdout)[-1]
    every = _lines(invoke("run", "--no-cache", runnable, "--json").stdout)[-1]
    assert [node["state"] for node in one["nodes"].values()] == ["reused", "reused", "complete", "reused"]
    assert {node["state"] for node in every["nodes"].values()} == {"complete"}


def test_nodes_given_as_a_word_of_their_own_are_explained(
    invoke: Invoke, runnable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--no-cache Train` takes Train for the pipeline; the message says how to name nodes."""
    monkeypatch.chdir(runnable)
    result = invoke("run", "--no-cache", "Train")
    assert result.exit_code == 2
    assert "--no-cache=Train" in result.stderr


def test_an_unknown_node_is_a_usage_error(invoke: Invoke, runnable: Path) -> None:
    """--no-cache=Trian names no node: nothing is run, the nearest is offered."""
    result = invoke("run", runnable, "--no-cache=Trian")
    assert result.exit_code == 2
    assert "Did you mean 'Train'?" in result.stderr


def test_a_gate_that_blocks_gives_3_and_says_what_to_do(invoke: Invoke, runnable: Path) -> None:
    """The gate, its failed verdicts, what was skipped, and how to let it pass; exit code 3."""
    result = invoke("run", runnable, "--set", "make.rows=3")
    assert result.exit_code == 3
    assert "▣ blocks" in result.stdout
    assert "↷ skipped" in result.stdout
    assert result.stderr.startswith("\nblocked by Check: 1 of 2 checks failed\n  ✘ fail  rows: 3, expected >= 5, n 3\n")
    assert "skipped: Train, Push" in result.stderr
    assert f"penstock run {runnable} --set make.rows=3 --set check.gate=warn" in result.stderr


def test_the_offered_command_lets_the_gate_pass(invoke: Invoke, runnable: Path) -> None:
    """With gate=warn the same verdicts are told and the run goes on."""
    result = invoke("run", runnable, "--set", "make.rows=3", "--set", "check.gate=warn")
    assert result.exit_code == 0, result.stderr
    assert "verdicts  1 fail, 1 undefined\n  Check: ✘ fail  rows: 3, expected >= 5" in result.stdout


def test_a_failure_names_the_users_line_and_the_command_that_continues(invoke: Invoke, runnable: Path) -> None:
    """The node, the user's own frame, the log and its end, what was kept, what continues; exit code 1."""
    result = invoke("run", runnable, "--set", "train.fail=true")
    assert result.exit_code == 1
    error = result.stderr.strip().splitlines()
    assert error[0].startswith("error: Train failed after ")
    assert error[0].endswith("raised ValueError: the weights are gone")
    number = (runnable / "pipeline.py").read_text().splitlines().index('        raise ValueError("the weights are gone")')
    assert f"pipeline.py:{number + 1} in Train" in error[1]
    assert error[2].strip() == 'raise ValueError("the weights are gone")'
    assert "Train.log, which ends:" in result.stderr
    assert "penstock-error:" not in result.stderr
    assert "done and kept: Make, Check" in result.stderr
    assert "not run: Push" in result.stderr
    assert f"penstock run {runnable} --set train.fail=true" in result.stderr
    assert len(error) < 30


def test_json_is_a_line_for_each_event_and_the_result_last(invoke: Invoke, runnable: Path) -> None:
    """--json prints only NDJSON on standard output, even where pipeline.py prints; the last line is the result."""
    result = invoke("run", runnable, "--json")
    events = _lines(result.stdout)
    assert [event["type"] for event in events[:1] + events[-2:]] == ["run_started", "run_ended", "run_result"]
    assert events[-1]["exit_code"] == result.exit_code == 0
    assert {event["node"] for event in events if event["type"] == "node_ended"} == {"Make", "Check", "Train", "Push"}
    assert events[-1]["nodes"]["Push"]["outputs"]["pushed_model"][0]["type"] == "PushedModel"
    assert "a pipeline.py that prints" in result.stderr


def test_json_tells_an_error_too(invoke: Invoke, runnable: Path) -> None:
    """What prevents a run is a line of JSON on standard output and an error for people on standard error."""
    result = invoke("run", runnable, "--json", "--set", "mke.rows=3")
    (event,) = _lines(result.stdout)
    assert (event["type"], event["kind"], event["exit_code"]) == ("error", "ConfigError", 2)
    assert result.exit_code == 2
    assert "error: No node reads the section 'mke'." in result.stderr
    assert "Did you mean 'make'?" in result.stderr


def test_quiet_prints_one_line(invoke: Invoke, runnable: Path) -> None:
    """--quiet leaves the line that says how it ended."""
    result = invoke("run", runnable, "--quiet")
    lines = [line for line in result.stdout.splitlines() if line != "a pipeline.py that prints"]
    assert len(lines) == 1
    assert "complete in" in lines[0]


def test_the_working_directory_is_the_pipeline_if_none_is_given(
    invoke: Invoke, runnable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a project neither run nor the commands offered after it need a path."""
    monkeypatch.chdir(runnable)
    result = invoke("run")
    assert result.exit_code == 0, result.stderr
    assert "\n  penstock verdicts list " in result.stdout
    assert "-C" not in result.stdout
    assert "\n  penstock run " in result.stdout


@pytest.mark.parametrize("arguments", [["nowhere"], ["--profile", "nowhere"], ["--jobs", "0"], ["--set", "rows"]])
def test_what_cannot_be_begun_is_a_usage_error(
    invoke: Invoke, runnable: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A missing pipeline, a missing profile, a wrong number or override: exit code 2, nothing on standard output."""
    monkeypatch.chdir(runnable)
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")


def test_ctrl_c_leaves_130_and_what_continues(runnable: Path) -> None:
    """An interrupted run ends its children, keeps what is done, and names the command that continues; exit code 130."""
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", "run", str(runnable), "--set", "train.seconds=60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "complete  Check" in line:
            break
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "canceled: toy run" in error
    assert "done and kept: Make, Check" in error
    assert f"penstock run {runnable} --set train.seconds=60" in error
    assert "Traceback" not in out + error
