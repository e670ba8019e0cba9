from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord
from tests.cli.conftest import RUN, Invoke
from tests.evaluation.finder.conftest import plant

CONFIG = "name: toy\ndata: {path: trips.csv}\nevaluator:\n  label: label  # tips\n  gate: block\n"


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """A project whose store holds an evaluation with a planted bad slice and the examples it was made from."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pipeline.yaml").write_text(CONFIG)
    evaluation, examples = plant(root)
    with open_store(f"sqlite:///{root}/.penstock/metadata.db") as store:
        store.begin_run(RunRecord(RUN, "toy", plan={"pipeline": "toy", "nodes": []}, profile="local", user="ada"))
        made = store.begin_execution(RUN, "CsvExampleGen", "CsvExampleGen")
        rows = NewArtifact("Examples", examples.uri, properties=dict(examples.properties), digest="a", size=1)
        ids = store.publish(made, outputs={"examples": [rows]})["examples"]
        lease = store.begin_execution(RUN, "Evaluator", "Evaluator", inputs={"examples": [ids[0].id]})
        store.publish(
            lease, outputs={"evaluation": [NewArtifact("ModelEvaluation", evaluation.uri, digest="b", size=1)]}
        )
    return root


def test_slices_of_the_latest_evaluation_are_told(evaluated: Path, invoke: Invoke) -> None:
    """A table with the metric inside and outside, what was tested, and the command that gates the first."""
    result = invoke("slices", "find", "-C", evaluated, "--min-rows", 50)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    head = " ".join(lines[:2])
    assert head.startswith("binary_crossentropy of the candidate on 5,994 rows of eval; 6 rows without label")
    assert lines[-1] == "Next: penstock slices add 'hour=4, pay=Cash'"
    assert any("hour=4, pay=Cash" in line and " to " in line for line in lines[:-1])


def test_slices_are_told_as_json(evaluated: Path, invoke: Invoke) -> None:
    """Nothing else is on standard output; the evaluation may be named itself."""
    result = invoke("slices", "find", "-C", evaluated, "--evaluation", 2, "--metric", "accuracy", "--json")
    value = json.loads(result.stdout)
    assert value["slices"][0]["conditions"] == {"hour": 4, "pay": "Cash"}
    assert value["evaluation"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--evaluation", 1), "Artifact 1 is Examples"),
        (("--run", "2020"), "2020"),
        (("--metric", "auc"), "means over rows"),
        (("--order", 4), "1<=x<=3"),
        (("--exclude", "huor"), "no column 'huor'"),
        (("--model", "baseline"), "no predictions of a model 'baseline'"),
        (("--against", "baseline"), "no predictions of a model 'baseline'"),
    ],
)
def test_what_cannot_be_searched_is_said(
    evaluated: Path, invoke: Invoke, arguments: tuple[str | int, ...], message: str
) -> None:
    """With a hint, and no traceback."""
    result = invoke("slices", "find", "-C", evaluated, *arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())


def test_a_slice_is_added_as_a_gate(evaluated: Path, invoke: Invoke) -> None:
    """Shown as a diff, written when it is wanted, and only once."""
    added = ("slices", "add", "-C", evaluated, "hour=4, pay=Cash", "--metric", "accuracy", "--min", 0.8)
    file = evaluated / "pipeline.yaml"
    line = "    - {metric: accuracy, min: 0.8, slices: [{hour: 4, pay: Cash}], min_examples: 100}"
    result = invoke(*added, "--dry-run")
    assert f"+{line}" in result.stdout.splitlines()
    assert file.read_text() == CONFIG
    assert invoke(*added, "--json").exit_code == 2
    result = invoke(*added, "--yes")
    assert result.exit_code == 0, result.output
    assert file.read_text() == f"{CONFIG}  thresholds:\n{line}\n"
    assert "there already" in invoke(*added, "--yes").stdout
    assert json.loads(invoke(*added, "--json", "--yes").stdout)["written"] is False
