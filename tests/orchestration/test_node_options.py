"""Options of nodes: where they are written, which of them wins, and what they do to a running node."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock import events
from penstock.dsl.options import NodeOptions
from penstock.errors import ConfigError, NodeError
from penstock.events import RunState
from penstock.orchestration import launcher
from penstock.orchestration.plan import Plan, make_plan
from penstock.orchestration.project import load_project
from penstock.orchestration.run import RunResult, run_project
from tests.orchestration.conftest import Scratch

States = Callable[[RunResult], dict[str, str]]


@pytest.fixture
def plain(tmp_path: Path) -> Scratch:
    """A project that is planned and not run."""
    (tmp_path / "toy").mkdir()
    return Scratch(tmp_path / "toy")


def _options(project: Scratch, *overrides: str, **loading: Any) -> NodeOptions:
    loaded = load_project(project.directory, overrides=overrides, **loading)
    return make_plan(loaded.pipeline, loaded.directory).node("Make").options


def _warnings(project: Scratch) -> list[str]:
    return [event.text for event in project.events if isinstance(event, events.NodeWarning)]


def test_later_places_lie_over_earlier_ones(plain: Scratch) -> None:
    """Built in < the profile's entry for the node < the code < --set; of `beam`, each member by itself."""
    plain.write("---\nMake()\n")
    assert _options(plain) == NodeOptions(None, 0, {})
    profile = """
        profiles:
          local:
            beam: {all: profile}
            nodes: {Make: {timeout: 60, retries: 1, beam: {a: node, b: node, c: node}}}
        """
    plain.write("---\nMake()\n", config=profile)
    assert _options(plain) == NodeOptions(60, 1, {"a": "node", "b": "node", "c": "node"})
    plain.write('---\nMake().options(timeout=30, beam={"b": "code", "c": "code"})\n', config=profile)
    assert _options(plain) == NodeOptions(30, 1, {"a": "node", "b": "code", "c": "code"})
    given = ["profiles.local.nodes.Make.timeout=5", "profiles.local.nodes.Make.beam.c=set", "profiles.local.beam.b=all"]
    assert _options(plain, *given) == NodeOptions(5, 1, {"a": "node", "b": "all", "c": "set"})
    assert _options(plain, "profiles.local.nodes.Make.timeout=null").timeout is None


@pytest.mark.parametrize(
    ("nodes", "told", "place"),
    [
        ("Maek: {timeout: 5}", "options for 'Maek', which is no node of the pipeline.\nDid you mean 'Make'", (5, 7)),
        ("Make: {tiemout: 5}", "there is no option 'tiemout'.\nDid you mean 'timeout'", (5, 14)),
        ("Make: {timeout: soon}", "option timeout: Input should be a valid number, found 'soon'", (5, 14)),
        ("Make: 5", "profiles.local.nodes.Make: Input should be a valid dictionary, found 5", (5, 7)),
    ],
)
def test_a_mistake_is_told_with_its_place(plain: Scratch, nodes: str, told: str, place: tuple[int, int]) -> None:
    """An unknown node or option, or a value that does not fit, names file, line and column."""
    plain.write("---\nMake()\n", config=f"profiles:\n  local:\n    nodes:\n      {nodes}\n")
    with pytest.raises(ConfigError) as caught:
        _options(plain)
    assert told in str(caught.value)
    assert (caught.value.line, caught.value.col) == place
    assert Path(caught.value.path).name == "pipeline.yaml"


def test_variables_are_refused_where_nobody_would_read_them(plain: Scratch) -> None:
    """A plan for another machine takes no `${VARIABLE}` in a node's options; on this machine they are read."""
    plain.write(
        "---\nMake()\n",
        config="profiles:\n  local:\n    nodes: {Make: {beam: {temp: '${PENSTOCK_NOT_SET:-here}'}}}\n",
    )
    assert _options(plain).beam == {"temp": "here"}
    with pytest.raises(ConfigError, match=r"nodes\.Make\.beam\.temp: variables are not read"):
        _options(plain, as_written=True)


def test_the_plan_carries_them_through_json(plain: Scratch) -> None:
    """A plan that was written and read again has the same options; one of an earlier version has the defaults."""
    plain.write('---\nMake().options(timeout=9, retries=2, beam={"a": [1]})\n')
    loaded = load_project(plain.directory)
    plan = make_plan(loaded.pipeline, loaded.directory)
    written = json.loads(json.dumps(plan.to_json()))
    assert Plan.from_json(written) == plan
    assert written["nodes"][0]["options"] == {"timeout": 9, "retries": 2, "beam": {"a": [1]}}
    del written["nodes"][0]["options"]
    assert Plan.from_json(written).node("Make").options == NodeOptions()


def test_they_never_enter_the_cache_key(project: Scratch, states: States) -> None:
    """What was computed without options is reused with them."""
    project.write("---\nMake()\n")
    assert states(project.run()) == {"Make": "complete"}
    project.write('---\nMake().options(timeout=50, retries=3, beam={"x": 1})\n')
    assert states(project.run()) == {"Make": "reused"}


def test_beam_options_reach_the_component(project: Scratch) -> None:
    """A component sees the profile's Beam options with its node's over them; another node sees the profile's."""
    body = """
        class Seen(NamedTuple):
            options: dict[str, str]
        @component
        def Show(ctx: Context) -> Seen:
            return Seen(dict(ctx.beam_options))
        ---
        Show().options(beam={"b": "node", "c": "node"})
        Show(node_id="Other").after(pipeline.nodes["Show"])
        """
    project.write(body, config="profiles: {local: {beam: {a: all, b: all}}}")
    result = project.run("profiles.local.jobs=1", no_cache=True)
    seen = {
        name: json.loads(Path(outcome.outputs["options"][0].uri, "value").read_text())
        for name, outcome in result.nodes.items()
    }
    assert seen == {"Show": {"a": "all", "b": "node", "c": "node"}, "Other": {"a": "all", "b": "all"}}


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")  # a process that nobody waited for stays there as a zombie
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


HANG = """
@component
def Hang(page: Output[HTML]) -> None:
    import subprocess
    print("hanging", flush=True)
    child = subprocess.Popen(["sleep", "600"])
    Path({pid!r}).write_text(str(child.pid))
    page.path("half").write_text("half")
    the_line_it_hangs_in = time.sleep(600)
---
Hang().options(timeout=6)
Make()
"""


def test_a_node_that_takes_too_long_is_ended(project: Scratch, states: States, tmp_path: Path) -> None:
    """Its process and what that started are gone, the error says after how long, its log where; others go on."""
    pid = tmp_path / "pid"
    project.write(HANG.replace("{pid!r}", repr(str(pid))))
    began = time.monotonic()
    result = project.run()
    assert time.monotonic() - began < 60
    assert result.state is RunState.FAILED
    assert states(result) == {"Hang": "failed", "Make": "complete"}
    error = result.nodes["Hang"].error
    assert isinstance(error, NodeError)
    assert error.retryable
    assert "its timeout is 6 s" in error.message
    assert 6 <= error.seconds < 20
    assert not _runs(int(pid.read_text()))
    log = (project.directory / f".penstock/toy/runs/{result.run_id}/Hang.log").read_text()
    assert "hanging" in log
    assert 'pipeline.py", line' in log
    assert not list(project.directory.glob(".penstock/toy/Hang/*"))


FLAKY = """
@component
def Flaky(page: Output[HTML], *, log: str = {log!r}) -> None:
    from penstock.errors import DataError, NodeError, StorageError
    tries = Path(log)
    n = len(tries.read_text().splitlines()) if tries.exists() else 0
    with tries.open("a") as file:
        file.write(page.uri + chr(10))
    page.path("index.html").write_text("attempt " + str(n))
    print("this is try", n, flush=True)
    if n < {failures}:
        {failure}
---
Measure(page=Flaky().options(retries={retries}).outputs["page"])
"""


def _flaky(project: Scratch, log: Path, failure: str, *, failures: int, retries: int) -> Scratch:
    body = FLAKY.replace("{log!r}", repr(str(log))).replace("{failures}", str(failures))
    return project.write(body.replace("{retries}", str(retries)).replace("{failure}", failure))


@pytest.mark.parametrize(
    "failure",
    ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(7)", "raise StorageError('The bucket is busy.')"],
    ids=["killed", "exits", "refused"],
)
def test_what_may_pass_is_tried_again(
    project: Scratch, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    """A process that dies, or an error that says a retry can help, is repeated: each attempt in a place of its own."""
    monkeypatch.setattr(launcher, "BACK_OFF_SECONDS", 0.05)
    _flaky(project, tmp_path / "tries", failure, failures=2, retries=2)
    result = project.run()
    assert states(result) == {"Flaky": "complete", "Measure": "complete"}
    places = (tmp_path / "tries").read_text().splitlines()
    assert len(set(places)) == 3
    (page,) = result.nodes["Flaky"].outputs["page"]
    assert page.uri == places[2]
    assert [Path(place).exists() for place in places] == [False, False, True]
    with project.store() as store:
        last = store.artifact(page.id).execution_id or 0
        attempts = [store.execution(last - back) for back in (2, 1, 0)]
    assert [one.component for one in attempts] == ["Flaky"] * 3
    assert [one.state for one in attempts] == ["FAILED", "FAILED", "COMPLETE"]
    log = (project.directory / f".penstock/toy/runs/{result.run_id}/Flaky.log").read_text()
    assert [line for line in log.splitlines() if line.startswith(("this", "----"))] == [
        "this is try 0",
        "---- Flaky: attempt 2 of 3 ----",
        "this is try 1",
        "---- Flaky: attempt 3 of 3 ----",
        "this is try 2",
    ]
    told = _warnings(project)
    assert [text.partition(" failed")[0] for text in told] == ["Attempt 1 of 3", "Attempt 2 of 3"]
    assert ["0.05 s" in told[0], "0.1 s" in told[1]] == [True, True]


def test_the_last_attempt_is_the_one_that_is_told(
    project: Scratch, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the retries are used up the node has failed, and says how many attempts there were."""
    monkeypatch.setattr(launcher, "BACK_OFF_SECONDS", 0.05)
    _flaky(project, tmp_path / "tries", "os._exit(7)", failures=9, retries=1)
    result = project.run()
    assert states(result) == {"Flaky": "failed", "Measure": "skipped"}
    error = result.nodes["Flaky"].error
    assert error is not None
    assert error.attempts == 2
    assert len((tmp_path / "tries").read_text().splitlines()) == 2


@pytest.mark.parametrize("failure", ["raise ValueError('no')", "raise DataError('Row 3 is not a number.')"])
def test_what_would_fail_again_is_not_repeated(project: Scratch, tmp_path: Path, failure: str) -> None:
    """An error of the user's code or in the data is told after the first attempt."""
    _flaky(project, tmp_path / "tries", failure, failures=9, retries=5)
    assert project.run().state is RunState.FAILED
    assert len((tmp_path / "tries").read_text().splitlines()) == 1
    assert _warnings(project) == []


def test_an_error_can_say_that_a_retry_helps(project: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A component that knows that waiting helps raises an error with retryable=True; that survives the process."""
    monkeypatch.setattr(launcher, "BACK_OFF_SECONDS", 0.05)
    failure = "raise NodeError('The service is busy.', retryable=True)"
    _flaky(project, tmp_path / "tries", failure, failures=1, retries=1)
    assert project.run().state is RunState.COMPLETE


def test_a_run_can_be_canceled_while_a_node_waits_to_be_tried_again(
    project: Scratch, states: States, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Canceling ends the wait at once; the node is canceled, not failed."""
    monkeypatch.setattr(launcher, "BACK_OFF_SECONDS", 120)
    _flaky(project, tmp_path / "tries", "os._exit(7)", failures=9, retries=1)
    loaded = load_project(project.directory)
    began = time.monotonic()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.NodeWarning):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    result = run_project(loaded, listener=listen, isolation=project.isolation)
    assert time.monotonic() - began < 60
    assert result.state is RunState.CANCELED
    assert states(result) == {"Flaky": "canceled", "Measure": "skipped"}
