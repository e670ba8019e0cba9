from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import RUN, Invoke, Stored


def _plan(invoke: Invoke, *arguments: Any) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(invoke("plan", *arguments, "--json").stdout)
    return plan


def test_a_plan_tells_each_node_and_the_sums(invoke: Invoke, runnable: Path) -> None:
    """Before the first run all nodes would run; after it none would, and the exit code says so where asked."""
    first = invoke("plan", runnable, "--exit-code")
    assert first.exit_code == 4
    assert "4 to run, no time known for Make, Check, Train ..." in first.stdout
    assert first.stdout.count("▸ run") == 4
    assert not (runnable / ".penstock").exists()
    assert invoke("run", runnable).exit_code == 0
    then = invoke("plan", runnable, "--exit-code")
    assert then.exit_code == 0
    assert "toy nothing would run: 4 nodes reused" in then.stdout
    assert then.stdout.count("↻ reuse") == 4
    assert "\x1b" not in then.stdout


def test_a_change_is_told_with_its_reason(invoke: Invoke, runnable: Path) -> None:
    """A parameter given with --set runs its node; what reads it may run; both are told, and without --exit-code 0."""
    invoke("run", runnable)
    result = invoke("plan", runnable, "--set", "make.rows=12")
    assert result.exit_code == 0
    assert "1 to run, 3 may run, about" in result.stdout
    assert "Make   ▸ run" in result.stdout
    assert "rows 10 -> 12" in result.stdout
    assert "reused if Make.examples turns out as in run" in result.stdout


def test_a_plan_as_json(invoke: Invoke, runnable: Path) -> None:
    """A script reads actions, reasons, changes, waits and sums; what pipeline.py prints is no part of it."""
    invoke("run", runnable)
    plan = _plan(invoke, runnable, "--set", "train.fail=true", "--no-cache=Make")
    by_id = {node["id"]: node for node in plan["nodes"]}
    assert [by_id[name]["action"] for name in ("Make", "Check", "Train", "Push")] == [
        "run",
        "depends",
        "run",
        "depends",
    ]
    assert by_id["Train"]["changes"] == [
        {"kind": "parameter", "name": "fail", "before": False, "after": True, "text": "fail false -> true"}
    ]
    assert by_id["Check"]["waits_on"] == ["Make.examples"]
    assert by_id["Push"]["upstream"] == ["Train"]
    assert plan["totals"]["seconds"]["least"] <= plan["totals"]["seconds"]["most"]
    assert plan["changes"] is True


def test_a_wrong_pipeline_is_an_error_of_usage(invoke: Invoke, tmp_path: Path) -> None:
    """A directory without a pipeline ends with exit code 2 and says what is missing."""
    result = invoke("plan", tmp_path)
    assert result.exit_code == 2
    assert "pipeline.yaml" in result.stderr


def test_why_a_node_ran(invoke: Invoke, runnable: Path) -> None:
    """Afterwards the same reason is told, with both values and what the node read then and before."""
    invoke("run", runnable)
    invoke("run", runnable, "--set", "make.rows=12")
    made = invoke("why", "make", "-C", runnable).stdout
    assert "Make was complete in run" in made
    assert ": rows 10 -> 12\n" in made
    assert "parameter  rows 10 -> 12  10   12" in made
    checked = invoke("why", "check", "-C", runnable).stdout
    assert "other examples from Make" in checked
    assert "examples  Examples 5 of Make in run" in checked
    first = json.loads(invoke("runs", "list", "-C", runnable, "--json").stdout)[-1]["id"]
    before = json.loads(invoke("why", "Make", "--run", first, "-C", runnable, "--json").stdout)
    assert before["reason"] == "it has not run before"
    assert before["since"] is None


def test_why_a_node_was_reused(invoke: Invoke, runnable: Path) -> None:
    """A node that was reused names the run that did the work, and that nothing differs."""
    invoke("run", runnable)
    invoke("run", runnable)
    out = invoke("why", "Train", "-C", runnable).stdout
    assert "Train was reused in run" in out
    assert "the work was done in run" in out
    assert "nothing that its result depends on differs from run" in out


def test_why_without_what_a_key_was_made_of(invoke: Invoke, stored: Stored) -> None:
    """An execution of another program has no parts to compare: its state is told, and a wrong name gets a hint."""
    assert (
        f"Train was complete in run {RUN}: no reason was recorded"
        in invoke("why", "Train", "-C", stored.directory).stdout
    )
    wrong = invoke("why", "Trian", "-C", stored.directory)
    assert wrong.exit_code == 2
    assert "Did you mean 'Train'?" in wrong.stderr


def test_a_sample_that_no_node_takes_is_refused(invoke: Invoke, runnable: Path) -> None:
    """A pipeline.py that does not pass it on would run on all rows: `plan` and `run` say so."""
    for command in ("plan", "run"):
        result = invoke(command, runnable, "--sample", "1%")
        assert result.exit_code == 2
        assert "no node of this pipeline takes a sample" in result.stderr
