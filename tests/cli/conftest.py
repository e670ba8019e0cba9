"""A command line to invoke, a project whose store holds a finished run, and one that can be run for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.root import app
from penstock.errors import UserCodeError
from penstock.events import RunState
from penstock.gates import Verdict
from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord

RUN = "20261121-080512-ab12"

Invoke = Callable[..., Result]

RUNNABLE = """
from __future__ import annotations
import time
from typing import Literal
from penstock import Config, Context, Examples, Input, Model, Output, Pipeline, PushedModel, Schema, Verdict, component

@component
def Make(examples: Output[Examples], ctx: Context, *, rows: int = 10) -> None:
    print("making", rows)
    examples.path("rows.txt").write_text("x" * rows)
    ctx.note(f"{rows} rows")
    ctx.warn("one row was odd")

@component
def Check(examples: Input[Examples], schema: Output[Schema], ctx: Context, *, least: int = 5,
          gate: Literal["off", "warn", "block"] = "block") -> None:
    n = len(examples.path("rows.txt").read_text())
    schema.path("schema.pbtxt").write_text(str(n))
    ctx.verdict(Verdict("rows", "pass" if n >= least else "fail", observed=n, bound=least, relation=">=", n=n))
    ctx.verdict(Verdict("auc", "undefined", subject="hour=4", message="There is no baseline."))

@component
def Train(examples: Input[Examples], model: Output[Model], *, fail: bool = False, seconds: float = 0.0) -> None:
    time.sleep(seconds)
    if fail:
        raise ValueError("the weights are gone")
    model.path("weights").write_text("1")

@component
def Push(model: Input[Model], pushed_model: Output[PushedModel]) -> None:
    pushed_model.path("pushed.json").write_text("1")
    pushed_model.custom_properties |= {"pushed": 1, "pushed_destination": "serving/1", "pushed_version": "1"}

def create_pipeline(config: Config) -> Pipeline:
    print("a pipeline.py that prints")
    with Pipeline(config.name) as pipeline:
        make = Make(**config["make"])
        check = Check(examples=make.outputs["examples"], **config["check"])
        train = Train(examples=make.outputs["examples"], **config["train"]).after(check)
        Push(model=train.outputs["model"])
    return pipeline
"""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What commands remember, and the width they print for, never come from the machine the tests run on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("PENSTOCK_METADATA", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def invoke() -> Invoke:
    """Runs a command line as the shell would; gives exit code, standard output and standard error."""

    def run(*arguments: str | int | Path, input: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=input, prog_name="penstock")

    return run


@dataclass(frozen=True)
class Stored:
    """A project whose store holds one failed run, and the ids of its artifacts by output."""

    directory: Path
    ids: dict[str, int]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """A chain with a branch, made -> (counted, trained) -> pushed, whose last node failed."""
    root = tmp_path / "stored"
    root.mkdir()
    (root / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    upstream = {"Make": [], "Count": ["Make"], "Train": ["Make", "Count"], "Push": ["Train"]}
    plan = {"pipeline": "toy", "nodes": [_plan_node(node, before) for node, before in upstream.items()]}
    ids: dict[str, int] = {}
    with open_store(f"sqlite:///{root}/.penstock/metadata.db") as store:
        store.begin_run(RunRecord(RUN, "toy", plan=plan, profile="local", user="ada", git_commit="f" * 40, dirty=True))

        def do(node: str, output: str, type_name: str, verdicts: list[Verdict] | None = None, note: str = "") -> None:
            log = root / f"{node}.log"
            log.write_text("".join(f"{node} line {number}\n" for number in range(30)))
            read = {before.lower(): [ids[before]] for before in upstream[node]}
            lease = store.begin_execution(RUN, node, node, inputs=read, log=str(log))
            payload = root / "payloads" / node
            payload.mkdir(parents=True)
            (payload / "part").write_text("x" * 2048)
            splits = {"split_names": '["train", "eval"]'} if type_name == "Examples" else {}
            made = NewArtifact(type_name, str(payload), properties=splits, digest=f"digest-of-{node}", size=2048)
            ids[node] = store.publish(lease, outputs={output: [made]}, verdicts=verdicts or [], note=note)[output][0].id

        do("Make", "examples", "Examples", note="15,002 rows")
        verdicts = [
            Verdict("auc", "pass", observed=0.91, bound=0.8, relation=">=", interval=(0.9, 0.92), n=4966),
            Verdict("drift linf", "fail", "payment_type", 0.2, 0.05, "<=", n=4966, message="payment_type drifted."),
            Verdict("auc", "undefined", "hour=4", n=12, message="There are too few examples."),
        ]
        do("Count", "statistics", "ExampleStatistics", verdicts)
        do("Train", "model", "Model")
        lease = store.begin_execution(RUN, "Push", "Push", inputs={"train": [ids["Train"]]})
        message = "push raised ValueError: no room\n  model.py:12 in push\n    raise ValueError(room)"
        store.fail(lease, error=UserCodeError(message, hint="Make room.", node="Push"))
        store.end_run(RUN, RunState.FAILED)
    return Stored(root, ids)


def _plan_node(node: str, upstream: list[str]) -> dict[str, object]:
    inputs = {before.lower(): {"node": before, "output": "made"} for before in upstream}
    facts = {"id": node, "component": node, "ref": f"toy.py:{node}", "version": "1", "inputs": inputs}
    return json.loads(json.dumps({**facts, "waits_for": [], "values": {}}))


@pytest.fixture
def runnable(tmp_path: Path) -> Path:
    """A project of four small components: two branches from one source, a gate between, a push at the end."""
    root = tmp_path / "runnable"
    root.mkdir()
    (root / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    (root / "pipeline.py").write_text(RUNNABLE)
    return root
