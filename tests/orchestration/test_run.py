from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock import events
from penstock.errors import StorageError, UsageError, UserCodeError
from penstock.events import RunState
from penstock.orchestration.run import RunResult
from tests.orchestration.conftest import Scratch

States = Callable[[RunResult], dict[str, str]]


def test_a_node_runs_in_a_process_of_its_own(project: Scratch) -> None:
    """A node's process is a child of the runner, or of the warm server that the runner started."""
    project.write("""
        class Ids(NamedTuple):
            parent: int
            thread_count: int
            numbers: float
        @component
        def Who(*, n: int = 0) -> Ids:
            import random, threading
            print("this goes to the log")
            return Ids(os.getppid(), threading.active_count(), random.random())
        ---
        Who()
        Who(node_id="Other", n=1)
        """)
    result = project.run()
    values = {
        (node, name): json.loads(Path(outputs[0].uri, "value").read_text())
        for node, outcome in result.nodes.items()
        for name, outputs in outcome.outputs.items()
    }
    assert (values["Who", "parent"] == os.getpid()) == (project.isolation == "exec")
    assert values["Who", "numbers"] != values["Other", "numbers"]
    log = project.directory / ".penstock/toy/runs" / result.run_id / "Who.log"
    assert log.read_text() == "this goes to the log\n"
    assert not Path(f"/proc/{values['Who', 'parent']}").exists() or project.isolation == "exec"


FAN = """
---
first = Make()
left = Make(node_id="Left", text="left").after(first)
right = Make(node_id="Right", text="right").after(first)
Measure(page=left.outputs["page"], other=right.outputs["page"])
"""


def test_fan_out_fan_in_runs_in_order_and_is_reused(project: Scratch, states: States) -> None:
    """Every node runs once, after what it waits for; a second run reuses all of them."""
    project.write(FAN)
    first = project.run()
    assert first.state is RunState.COMPLETE
    assert set(states(first).values()) == {"complete"}
    ended = [event.node for event in project.events if isinstance(event, events.NodeEnded)]
    assert ended[0] == "Make"
    assert ended[-1] == "Measure"
    second = project.run()
    assert set(states(second).values()) == {"reused"}
    assert first.run_id in second.nodes["Measure"].reason
    assert not [event for event in project.events if isinstance(event, events.NodeStarted)]


def test_independent_nodes_run_at_the_same_time(project: Scratch) -> None:
    """Two nodes that wait a second each, side by side, overlap."""
    project.write('---\nMake(node_id="A", seconds=1.0)\nMake(node_id="B", seconds=1.0, text="b")\n')
    project.run(jobs=2)
    started = {event.node: event.at for event in project.events if isinstance(event, events.NodeStarted)}
    ended = {event.node: event.at for event in project.events if isinstance(event, events.NodeEnded)}
    assert max(started.values()) < min(ended.values())
    project.run(jobs=1, no_cache=True)
    started = {event.node: event.at for event in project.events if isinstance(event, events.NodeStarted)}
    ended = {event.node: event.at for event in project.events if isinstance(event, events.NodeEnded)}
    assert max(started.values()) >= min(ended.values())


def test_a_value_becomes_a_parameter(project: Scratch) -> None:
    """What one component returns is a parameter of another, and its artifact can be read."""
    project.write("""
        @component
        def Repeat(page: Output[HTML], *, times: int) -> None:
            page.path("index.html").write_text("y" * times)
        ---
        measured = Measure(page=Make(text="four").outputs["page"])
        Repeat(times=measured.outputs["length"])
        """)
    result = project.run()
    assert Path(result.nodes["Repeat"].outputs["page"][0].uri, "index.html").read_text() == "yyyy"


def test_only_what_a_change_touches_runs(project: Scratch, states: States) -> None:
    """A changed parameter runs its node and what reads it; equal content downstream is reused again."""
    project.write(FAN, config="unused: {}").write(FAN)
    project.run()
    project.write(FAN.replace('"left"', '"other"'))
    assert states(project.run()) == {"Make": "reused", "Left": "complete", "Right": "reused", "Measure": "complete"}
    project.write(FAN.replace("first = Make()", "first = Make(seconds=0.1)"))
    assert states(project.run()) == {"Make": "complete", "Left": "reused", "Right": "reused", "Measure": "reused"}


def test_what_does_not_matter_changes_nothing(project: Scratch, states: States, tmp_path: Path) -> None:
    """A comment, another number of jobs, a touched file and a moved project leave every node reused."""
    project.write("---\nMeasure(page=Make().outputs['page'])\n")
    project.run()
    (project.directory / "pipeline.py").write_text("# hello\n\n" + (project.directory / "pipeline.py").read_text())
    assert set(states(project.run(jobs=1)).values()) == {"reused"}
    moved = tmp_path / "moved"
    project.directory.rename(moved)
    (project.directory).symlink_to(moved)  # the payloads' recorded places stay readable
    assert set(states(Scratch(moved, project.isolation).run()).values()) == {"reused"}


def test_no_cache_runs_the_named_nodes(project: Scratch, states: States) -> None:
    """--no-cache with a node runs that node; a name that is no node is refused with a suggestion."""
    project.write("---\nMeasure(page=Make().outputs['page'])\n")
    project.run()
    assert states(project.run(no_cache=["Make"])) == {"Make": "complete", "Measure": "reused"}
    with pytest.raises(UsageError, match="Did you mean 'Measure'"):
        project.run(no_cache=["Mesure"])


def test_a_damaged_payload_is_made_again(project: Scratch, states: States) -> None:
    """A payload with a missing or shortened file is not reused."""
    project.write("---\nMake()\n")
    first = project.run()
    Path(first.nodes["Make"].outputs["page"][0].uri, "index.html").write_text("")
    assert states(project.run()) == {"Make": "complete"}


BROKEN = """
@component
def Broken(page: Input[HTML], result: Output[HTML]) -> None:
    helper(page)

def helper(page):
    raise ValueError("the page is upside down")
---
made = Make()
broken = Broken(page=made.outputs["page"])
Measure(page=broken.outputs["result"])
Make(node_id="Aside", text="aside")
"""


def test_a_failing_node_holds_back_only_what_needs_it(project: Scratch, states: States) -> None:
    """What raised is told with the user's innermost line first; independent nodes go on; the rest is skipped."""
    project.write(BROKEN)
    result = project.run()
    assert result.state is RunState.FAILED
    assert states(result) == {"Make": "complete", "Broken": "failed", "Measure": "skipped", "Aside": "complete"}
    error = result.nodes["Broken"].error
    assert isinstance(error, UserCodeError)
    assert "the page is upside down" in error.message
    frames = error.facts["frames"]
    assert [frame["function"] for frame in frames] == ["helper", "Broken"]
    assert frames[0]["path"] == str(project.directory / "pipeline.py")
    log = next(e.log for e in project.events if isinstance(e, events.NodeEnded) and e.node == "Broken")
    assert log is not None
    assert "ValueError: the page is upside down" in Path(log).read_text()


def test_after_a_fix_what_was_done_is_reused(project: Scratch, states: States) -> None:
    """A run after a failure goes on from there."""
    project.write(BROKEN)
    project.run()
    project.write(BROKEN.replace("    helper(page)", '    result.path("index.html").write_text("ok")'))
    assert states(project.run()) == {"Make": "reused", "Broken": "complete", "Measure": "complete", "Aside": "reused"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("os._exit(3)", "exit code 3"),
        ("pass", "without writing its output 'page'"),
        ("raise SystemExit(2)", "exit code 2"),
        ("open('/proc/none')", "No such file"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("page.path('x').write_bytes(b'x'); raise OSError(28, 'No space left on device', 'x')", "disk is full"),
    ],
)
def test_a_process_that_dies_is_told(project: Scratch, states: States, body: str, expected: str) -> None:
    """However a node's process ends, the run ends with one clear error and nothing half done is published."""
    project.write(f"""
        @component
        def Dies(page: Output[HTML]) -> None:
            {body}
        ---
        Dies()
        """)
    result = project.run()
    assert states(result) == {"Dies": "failed"}
    assert expected in str(result.nodes["Dies"].error)
    with project.store() as store:
        assert store.artifacts() == []


GATED = """
---
page = Make(text="abcdef").outputs["page"]
checked = Check(page=page, **config["check"])
Measure(page=page).after(checked)
Make(node_id="Aside", text="aside")
"""


def test_a_gate_blocks_through_edges(project: Scratch, states: States) -> None:
    """What comes after a blocking gate is skipped, the gate is complete and the run blocked, reused or not."""
    project.write(GATED, config="check: {longest: 3}")
    for expected in ("complete", "reused"):
        result = project.run()
        assert result.state is RunState.BLOCKED
        assert states(result) == {"Make": expected, "Check": expected, "Measure": "skipped", "Aside": expected}
        assert result.nodes["Measure"].reason == "the gate Check blocks"
        assert [event.verdict.outcome for event in project.events if isinstance(event, events.NodeVerdict)] == ["fail"]


@pytest.mark.parametrize("gate", ["warn", "off"])
def test_a_gate_that_only_warns_lets_pass(project: Scratch, states: States, gate: str) -> None:
    """With gate: warn or off a failed verdict is recorded and the run goes on."""
    project.write(GATED, config=f'check: {{longest: 3, gate: "{gate}"}}')
    result = project.run()
    assert result.state is RunState.COMPLETE
    assert states(result)["Measure"] == "complete"
    with project.store() as store:
        assert [verdict.verdict.outcome for verdict in store.verdicts(result.run_id)] == ["fail"]


MODELS = """
@component
def Train(model: Output[Model], *, weights: str) -> None:
    model.path("weights").write_text(weights)

@component
def Bless(model: Input[Model], blessing: Output[ModelBlessing], baseline: Input[Model] | None = None) -> None:
    blessing.path("BLESSED").write_text("")
    blessing.custom_properties["blessed"] = 1
    print("baseline", baseline.path("weights").read_text() if baseline else None)
---
model = Train(**config["train"]).outputs["model"]
baseline = LatestBlessedModel(other_than=model).outputs["model"]
Bless(model=model, baseline=baseline)
"""


def test_the_baseline_is_the_latest_other_model(project: Scratch, states: States) -> None:
    """Models A, A, B, B, A: a candidate is never its own baseline, and what is unchanged is reused."""
    project.write(MODELS, config="train: {weights: A}")
    a, again, b, b_again, back = (project.run(f"train.weights={model}") for model in "AABBA")
    assert states(a) == {"Train": "complete", "LatestBlessedModel": "complete", "Bless": "complete"}
    assert set(states(again).values()) == {"reused"}
    assert states(b) == {"Train": "complete", "LatestBlessedModel": "complete", "Bless": "complete"}
    assert set(states(b_again).values()) == {"reused"}
    assert states(back) == {"Train": "reused", "LatestBlessedModel": "complete", "Bless": "complete"}
    model_a, model_b = (run.nodes["Train"].outputs["model"][0].id for run in (a, b))
    answers = [run.nodes["LatestBlessedModel"].outputs["model"] for run in (a, b, back)]
    assert [[artifact.id for artifact in answer] for answer in answers] == [[], [model_a], [model_b]]


def test_a_module_and_what_it_imports_decide(project: Scratch, states: States) -> None:
    """A change in a helper of a module file runs the node; a comment in it does not."""
    body = """
        @component
        def Uses(page: Output[HTML], *, module_file: ModuleFile) -> None:
            from penstock.dsl.user_code import load_module
            page.path("index.html").write_text(load_module(module_file).word())
        ---
        Uses(module_file="features.py")
        """
    features = "import helper\ndef word():\n    return helper.WORD\n"
    project.write(body, features=features, helper="WORD = 'one'\n")
    project.run()
    project.write(body, features=features, helper="# a comment\nWORD = 'one'\n")
    assert states(project.run()) == {"Uses": "reused"}
    project.write(body, features=features, helper="WORD = 'two'\n")
    result = project.run()
    assert Path(result.nodes["Uses"].outputs["page"][0].uri, "index.html").read_text() == "two"


def test_data_files_count_by_content(project: Scratch, states: States) -> None:
    """A data file that is only touched changes nothing; changed content runs the node."""
    project.write("""
        @component
        def Read(page: Output[HTML], *, path: InputPath) -> None:
            page.path("index.html").write_text(Path(path).read_text())
        ---
        Read(path="data.txt")
        """)
    data = project.directory / "data.txt"
    data.write_text("one")
    project.run()
    os.utime(data, (1, 1))
    assert states(project.run()) == {"Read": "reused"}
    data.write_text("two")
    assert states(project.run()) == {"Read": "complete"}


def test_an_unwritable_root_is_refused_before_anything_runs(project: Scratch) -> None:
    """A root that is a file, or under one, is refused with its path."""
    project.write("---\nMake()\n", config="profiles: {local: {pipeline_root: file/root}}")
    (project.directory / "file").write_text("")
    with pytest.raises(StorageError, match="pipeline root cannot be written") as caught:
        project.run()
    assert caught.value.facts["path"] == str(project.directory / "file/root")


SLOW = """
import os, sys, subprocess
sys.path.insert(0, {root!r})
from penstock.orchestration.project import load_project
from penstock.orchestration.run import run_project
result = run_project(load_project({directory!r}), isolation={isolation!r})
print(result.state.value, {{node: outcome.state.value for node, outcome in result.nodes.items()}})
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancel_ends_children_and_records_it(project: Scratch, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the running node and what it started, skip the rest, and leave nothing RUNNING."""
    project.write("""
        @component
        def Sleeps(page: Output[HTML]) -> None:
            import subprocess
            child = subprocess.Popen(["sleep", "600"])
            Path(page.uri, "pid").write_text(f"{os.getpid()} {child.pid}")
            time.sleep(600)
        ---
        Measure(page=Sleeps().outputs["page"])
        """)
    import penstock

    root = str(Path(penstock.__file__).parent.parent)
    script = SLOW.format(root=root, directory=str(project.directory), isolation=project.isolation)
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (pids := list(project.directory.glob(".penstock/toy/Sleeps/*/page/pid"))) or not pids[0].read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started = pids[0].read_text().split()
    run.send_signal(number)
    out, _ = run.communicate(timeout=30)
    assert out.strip() == "canceled {'Sleeps': 'canceled', 'Measure': 'skipped'}"
    for pid in started:
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]
    with project.store() as store:
        assert store.run("latest").state == "canceled"


def test_two_projects_share_no_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Module files of one name in two pipelines never see each other, even in one process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    results: dict[str, RunResult] = {}

    def run(name: str) -> None:
        directory = tmp_path / name
        directory.mkdir()
        body = "from helper import WORD\n---\nMake(text=WORD)\n"
        results[name] = Scratch(directory).write(body, helper=f"WORD = {name!r}\n").run()

    for name in ("one", "two"):
        run(name)
    texts = {
        name: Path(r.nodes["Make"].outputs["page"][0].uri, "index.html").read_text() for name, r in results.items()
    }
    assert texts == {"one": "one", "two": "two"}
