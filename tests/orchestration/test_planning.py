"""The plan says what the run then does, and the run says why: on small projects that really run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.errors import UsageError
from penstock.events import RunState
from penstock.orchestration.explanation import Explanation, explained
from penstock.orchestration.planning import Planned, PlannedNode, plan_project
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult
from tests.orchestration.conftest import Scratch


def planned(project: Scratch, *overrides: str, **options: object) -> Planned:
    return plan_project(load_project(project.directory, overrides=overrides), **options)  # type: ignore[arg-type] # passed on


def actions(plan: Planned) -> dict[str, str]:
    return {node.id: node.action for node in plan.nodes}


def node(plan: Planned, name: str) -> PlannedNode:
    return next(one for one in plan.nodes if one.id == name)


def states(result: RunResult) -> dict[str, str]:
    return {name: outcome.state.value for name, outcome in result.nodes.items()}


def why(project: Scratch, name: str, run: str = "latest") -> Explanation:
    with project.store() as store:
        return explained(store, store.run(run), name)


TWO_STEPS = """
@component
def Transform(page: Input[HTML], result: Output[HTML], *, module_file: ModuleFile, by: int = 1) -> None:
    from penstock.dsl.user_code import load_module
    text = page.path("index.html").read_text()
    result.path("index.html").write_text(load_module(module_file).preprocessing_fn(text) * by)
---
made = Make(**config["make"])
transform = Transform(page=made.outputs["page"], module_file="features.py", **config["transform"])
Measure(page=transform.outputs["result"])
Make(node_id="Aside", text="aside")
"""
FEATURES = """\
import helper
from penstock import data_file

WORDS = data_file("words.txt")

def preprocessing_fn(text):
    return text + helper.ending() + open(WORDS).read()

def unused():
    return 1
"""
HELPER = "def ending():\n    return '!'\n"
CONFIG = "make: {text: x}\ntransform: {by: 1}"
AS_BEFORE = {"Make": "reuse", "Transform": "reuse", "Measure": "reuse", "Aside": "reuse"}
FROM_TRANSFORM = {"Make": "reuse", "Transform": "run", "Measure": "depends", "Aside": "reuse"}


@pytest.fixture
def two_steps(toy: Scratch) -> Scratch:
    """A pipeline with a module file, its helper and its data file, that has run once."""
    toy.write(TWO_STEPS, config=CONFIG, features=FEATURES, helper=HELPER)
    (toy.directory / "words.txt").write_text("hello")
    assert toy.run().state is RunState.COMPLETE
    return toy


def test_before_the_first_run_nothing_is_made(toy: Scratch) -> None:
    """Everything would run; neither the store nor a directory comes into being."""
    toy.write(TWO_STEPS, config=CONFIG, features=FEATURES, helper=HELPER)
    (toy.directory / "words.txt").write_text("hello")
    before = sorted(toy.directory.rglob("*"))
    plan = planned(toy)
    assert set(actions(plan).values()) == {"run"}
    assert {one.reason for one in plan.nodes} == {"it has not run before"}
    assert node(plan, "Measure").waits_on == ("Transform.result",)
    assert plan.unknown == ["Make", "Transform", "Measure", "Aside"]
    assert [path for path in sorted(toy.directory.rglob("*")) if "__pycache__" not in path.parts] == before


def test_what_does_not_count_changes_nothing(two_steps: Scratch, tmp_path: Path) -> None:
    """Touched files, comments and a moved project leave everything as it was; the run with other jobs agrees."""
    directory = two_steps.directory
    for file in ("features.py", "words.txt", "pipeline.yaml"):
        os.utime(directory / file, (1, 1))
    two_steps.write(TWO_STEPS, config=CONFIG, features=f"# hello\n\n{FEATURES}", helper=f'"""Words."""\n{HELPER}')
    assert actions(planned(two_steps)) == AS_BEFORE
    assert not planned(two_steps).changes_something
    assert set(states(two_steps.run(jobs=1)).values()) == {"reused"}
    moved = Scratch(tmp_path / "elsewhere/moved")
    moved.directory.parent.mkdir()
    directory.rename(moved.directory)
    assert actions(planned(moved)) == AS_BEFORE
    assert set(states(moved.run(jobs=3)).values()) == {"reused"}


def test_a_moved_project_takes_everything_along(toy: Scratch, tmp_path: Path) -> None:
    """After a move artifacts, logs, the model that was pushed and an older baseline are found at their new places."""
    toy.write(MODELS, config="train: {weights: A}\njudge: {worse: none}")
    for model in "AB":
        toy.run(f"train.weights={model}")
    moved = Scratch(tmp_path / "moved")
    toy.directory.rename(moved.directory)
    assert not planned(moved, "train.weights=B").changes_something
    result = moved.run("train.weights=B")
    assert set(states(result).values()) == {"reused"}
    with moved.store() as store:
        places = [Path(artifact.uri) for artifact in store.artifacts()]
        logs = [Path(one.log) for run in store.runs() for one in store.nodes(run.id) if one.log]
    assert places
    assert all(place.is_relative_to(moved.directory) and place.is_dir() for place in places)
    assert logs
    assert all(log.is_file() for log in logs)
    assert states(moved.run("train.weights=C"))["Judge"] == "complete"  # it reads B, by way of the resolver


def test_a_copy_leaves_the_original_alone(toy: Scratch, tmp_path: Path) -> None:
    """A project that was copied reads the payloads of the first as long as they are there, and moves none."""
    toy.write("---\nMeasure(page=Make().outputs['page'])\n")
    toy.run()
    copied = Scratch(tmp_path / "copy")
    shutil.copytree(toy.directory, copied.directory)
    result = copied.run()
    assert set(states(result).values()) == {"reused"}
    assert Path(result.nodes["Make"].outputs["page"][0].uri).is_relative_to(toy.directory)
    shutil.rmtree(toy.directory)
    result = copied.run()
    assert set(states(result).values()) == {"reused"}
    assert Path(result.nodes["Make"].outputs["page"][0].uri).is_relative_to(copied.directory)


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("features.py", "text + helper", "2 * text + helper", "features.py: preprocessing_fn changed"),
        ("features.py", "return 1", "return 2", "features.py: unused changed"),
        ("helper.py", "'!'", "'?'", "helper.py: ending changed"),
        ("words.txt", "hello", "hullo", "the data file words.txt changed"),
        ("pipeline.yaml", "by: 1", "by: 2", "by 1 -> 2"),
        ("pipeline.py", "read_text()\n    result", "read_text() \n    result", ""),
        ("pipeline.py", "(text) * by", "(text) * by * 1", "pipeline.py: Transform changed"),
    ],
)
def test_a_change_is_named_before_and_after(two_steps: Scratch, file: str, old: str, new: str, reason: str) -> None:
    """A function, a helper's function, a data file, a parameter: the plan, the run and `why` name it alike.

    Only the node that it touches and what depends on that runs; what is equal again after it is reused.
    """
    path = two_steps.directory / file
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    plan = planned(two_steps)
    if not reason:
        assert actions(plan) == AS_BEFORE
        return
    assert actions(plan) == FROM_TRANSFORM
    assert node(plan, "Transform").reason == reason
    assert [change.text for change in node(plan, "Transform").changes] == [reason]
    assert node(plan, "Measure").reason.startswith("reused if Transform.result turns out as in run")
    result = two_steps.run()
    assert result.nodes["Transform"].reason == reason
    assert states(result)["Make"] == states(result)["Aside"] == "reused"
    assert states(result)["Transform"] == "complete"
    equal = new in ("return 2", "(text) * by * 1")
    assert states(result)["Measure"] == ("reused" if equal else "complete")
    explanation = why(two_steps, "Transform")
    assert explanation.reason == reason
    assert [change.text for change in explanation.changes] == [reason]
    assert not planned(two_steps).changes_something
    if not equal:
        assert why(two_steps, "Measure").reason == "other page from Transform"


def test_costs_come_from_earlier_runs(two_steps: Scratch) -> None:
    """Seconds and bytes are the medians of what the node took and wrote when it ran; reuse does not count."""
    two_steps.run()
    for text in ("yy", "zzz"):
        two_steps.run(f"make.text={text}")
    with two_steps.store() as store:
        costs = store.costs("toy", "Make")
    assert [cost.bytes for cost in costs] == [3, 2, 1]
    plan = planned(two_steps, "make.text=other")
    assert node(plan, "Make").bytes == 2
    assert node(plan, "Make").seconds == sorted(cost.seconds for cost in costs)[1]
    assert plan.unknown == []
    assert 0 < plan.seconds("run") < plan.seconds("run", "depends")
    totals = plan.to_json()["totals"]
    assert (totals["run"], totals["depends"], totals["reuse"]) == (1, 2, 1)


def test_no_cache_is_planned_as_it_runs(two_steps: Scratch) -> None:
    """--no-cache of a node runs it for that reason; a name that is no node is refused as by the run."""
    plan = planned(two_steps, no_cache=["Make"])
    assert actions(plan) == {"Make": "run", "Transform": "depends", "Measure": "depends", "Aside": "reuse"}
    assert node(plan, "Make").reason == "--no-cache asks for it"
    result = two_steps.run(no_cache=["Make"])
    assert result.nodes["Make"].reason == "--no-cache asks for it"
    assert states(result)["Transform"] == "reused"
    with pytest.raises(UsageError, match="Did you mean 'Measure'"):
        planned(two_steps, no_cache=["Mesure"])


def test_a_damaged_payload_and_a_failure_are_reasons(two_steps: Scratch) -> None:
    """A result that is there no more, and an attempt that failed, are told as such."""
    first = two_steps.run()
    page = Path(first.nodes["Aside"].outputs["page"][0].uri, "index.html")
    page.write_text("")
    assert node(planned(two_steps), "Aside").reason.endswith("left is gone or damaged")
    two_steps.run()
    (two_steps.directory / "helper.py").write_text("def ending():\n    raise ValueError('no end')\n")
    failed = two_steps.run()
    assert states(failed)["Transform"] == "failed"
    plan = planned(two_steps)
    assert node(plan, "Transform").reason == f"it failed in run {failed.run_id}"
    assert actions(plan) == FROM_TRANSFORM
    assert why(two_steps, "Transform").state == "failed"
    assert [change.text for change in why(two_steps, "Transform").changes] == ["helper.py: ending changed"]


GATED = """
---
page = Make(text=config["make"]["text"]).outputs["page"]
checked = Check(page=page, longest=3)
after = Measure(page=page).after(checked)
Make(node_id="Last").after(after)
"""


def test_a_gate_that_blocked_holds_back_in_the_plan(toy: Scratch) -> None:
    """What comes after a gate that is reused and blocks is skipped; one that will run is not foreseen."""
    toy.write(GATED, config="make: {text: abcdef}")
    assert toy.run().state is RunState.BLOCKED
    plan = planned(toy)
    assert actions(plan) == {"Make": "reuse", "Check": "reuse", "Measure": "skip", "Last": "skip"}
    assert node(plan, "Measure").reason == "the gate Check blocks"
    assert not plan.changes_something
    assert actions(planned(toy, "make.text=a"))["Check"] == "depends"


MODELS = """
@component
def Train(model: Output[Model], *, weights: str, note: str = "") -> None:
    (model.serving).mkdir()
    (model.serving / "weights").write_text(weights)

@component
def Judge(model: Input[Model], blessing: Output[ModelBlessing], baseline: Input[Model] | None = None,
          *, worse: str = "") -> None:
    blessed = model.serving.joinpath("weights").read_text() != worse
    blessing.path("BLESSED" if blessed else "NOT_BLESSED").write_text("")
    blessing.custom_properties["blessed"] = int(blessed)
---
from penstock import Pusher
model = Train(**config["train"]).outputs["model"]
baseline = LatestBlessedModel(other_than=model).outputs["model"]
blessing = Judge(model=model, baseline=baseline, **config["judge"]).outputs["blessing"]
Pusher(model=model, model_blessing=blessing, push_destination="serving")
"""


def _pushed(project: Scratch) -> list[str]:
    """The weights at the destination, the oldest version first."""
    versions = sorted((project.directory / "serving").iterdir(), key=lambda path: int(path.name))
    return [(version / "weights").read_text() for version in versions]


def test_models_a_a_b_b_a(toy: Scratch) -> None:
    """The second and fourth run are all reuse; the last reuses training, judges A against B, and pushes A again."""
    toy.write(MODELS, config="train: {weights: A}\njudge: {worse: none}")
    plans, runs, pushed = [], [], []
    for model in "AABBA":
        plans.append(planned(toy, f"train.weights={model}"))
        runs.append(toy.run(f"train.weights={model}"))
        pushed.append("".join(_pushed(toy)))
    ran = [[name for name, state in states(run).items() if state == "complete"] for run in runs]
    everything = ["Train", "LatestBlessedModel", "Judge", "Pusher"]
    assert ran == [everything, [], everything, [], everything[1:]]
    assert pushed == ["A", "A", "AB", "AB", "ABA"]
    assert [plan.changes_something for plan in plans] == [True, False, True, False, True]
    assert actions(plans[4]) == {"Train": "reuse", "LatestBlessedModel": "run", "Judge": "run", "Pusher": "depends"}
    assert node(plans[4], "Train").run == runs[0].run_id
    judged = why(toy, "Judge", runs[4].run_id)
    model_a, model_b = (runs[i].nodes["Train"].outputs["model"][0].id for i in (0, 2))
    assert {read.name: read.artifact for read in judged.reads} == {
        "model": f"Model {model_a} of Train in run {runs[0].run_id}",
        "baseline": f"Model {model_b} of Train in run {runs[2].run_id}",
    }
    again = planned(toy, "train.weights=A")
    assert not again.changes_something
    push = node(again, "Pusher").push
    assert push is not None
    assert push.is_current is True
    assert push.destination == str(toy.directory / "serving")


def test_a_model_that_is_not_blessed_is_not_pushed_again_and_again(toy: Scratch) -> None:
    """Going back to A with a judge who finds it worse than B: it is judged, not pushed, and then all is reuse."""
    toy.write(MODELS, config="train: {weights: A}\njudge: {worse: none}")
    for model in "AB":
        toy.run(f"train.weights={model}")
    for expected in (["LatestBlessedModel", "Judge", "Pusher"], []):
        result = toy.run("train.weights=A", "judge.worse=A")
        assert [name for name, state in states(result).items() if state == "complete"] == expected
        assert _pushed(toy) == ["A", "B"]


def test_a_destination_that_changed_is_written_again(toy: Scratch) -> None:
    """The pusher's result is reused only while the destination is as it was left."""
    toy.write(MODELS, config="train: {weights: A}\njudge: {worse: none}")
    first = toy.run()
    shutil.rmtree(toy.directory / "serving")
    plan = planned(toy)
    assert node(plan, "Pusher").action == "run"
    assert node(plan, "Pusher").reason == f"what run {first.run_id} left outside the store is no longer there"
    assert [name for name, state in states(toy.run()).items() if state == "complete"] == ["Pusher"]


def test_equal_output_downstream_is_foreseen(toy: Scratch) -> None:
    """A parameter that changes no output: the plan says it depends, the run reuses what comes after."""
    toy.write(MODELS, config="train: {weights: A}\njudge: {worse: none}")
    toy.run()
    assert actions(planned(toy, "train.note=other"))["Judge"] == "depends"
    result = toy.run("train.note=other")
    assert states(result) == {
        "Train": "complete",
        "LatestBlessedModel": "reused",
        "Judge": "reused",
        "Pusher": "reused",
    }


def test_a_reused_node_names_its_run(two_steps: Scratch) -> None:
    """`why` of a reused node says which run did the work; going back to an older version, not the last one."""
    first = two_steps.run()
    two_steps.run("transform.by=2")
    back = two_steps.run()
    explanation = why(two_steps, "Transform")
    with two_steps.store() as store:
        made = store.run(f"{explanation.source}").id
    assert states(back)["Transform"] == "reused"
    assert explanation.state == "reused"
    assert made != first.run_id  # the run before it was all reuse
    assert [change.text for change in explanation.changes] == ["by 2 -> 1"]


def test_a_node_that_never_began_has_no_why(two_steps: Scratch) -> None:
    """A skipped node is told with its reason; a name that was no node of the run is refused."""
    (two_steps.directory / "helper.py").write_text("def ending():\n    raise ValueError('no end')\n")
    two_steps.run()
    assert why(two_steps, "Measure").reason == "Transform failed"
    with pytest.raises(UsageError, match="has not begun"):
        why(two_steps, "Nobody")


def test_planning_loads_no_heavy_package(two_steps: Scratch) -> None:
    """A plan and a `why` need neither TensorFlow nor Beam nor Arrow; the plan is JSON."""
    script = (
        "import json, sys\n"
        "from penstock.orchestration.planning import plan_project\n"
        "from penstock.orchestration.project import load_project\n"
        "print(json.dumps(plan_project(load_project(sys.argv[1])).to_json()))\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}\n"
        "      & {'tensorflow', 'apache_beam', 'pyarrow', 'numpy', 'keras', 'tensorflow_transform'}))\n"
    )
    import penstock

    environment = {**os.environ, "PYTHONPATH": str(Path(penstock.__file__).parent.parent)}
    command = [sys.executable, "-c", script, str(two_steps.directory)]
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    plan, heavy = out.strip().splitlines()
    assert heavy == "[]"
    assert json.loads(plan)["changes"] is False
