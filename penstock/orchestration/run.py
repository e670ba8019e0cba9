"""Running a project: the plan is made, the store opened, the nodes run, and what happened is recorded."""

from __future__ import annotations

import functools
import getpass
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from penstock import events
from penstock.errors import UsageError
from penstock.events import RunState
from penstock.orchestration.key import code_of
from penstock.orchestration.launcher import NodeOutcome, RunContext
from penstock.orchestration.local.process import ExecProcess
from penstock.orchestration.local.runner import run_nodes
from penstock.orchestration.local.warm import WarmProcess
from penstock.orchestration.locate import remember
from penstock.orchestration.outcomes import run_state
from penstock.orchestration.plan import Plan, checked_nodes, load_component, make_plan
from penstock.orchestration.project import Project
from penstock.orchestration.upkeep import clear_up
from penstock.orchestration.workspace import Workspace
from penstock.version import __version__

if TYPE_CHECKING:
    from penstock.metadata.records import RunRecord

__all__ = ["Isolation", "RunResult", "new_run", "run_project", "user_name"]

Isolation = Literal["warm", "exec"]


@dataclass(frozen=True)
class RunResult:
    """How a run ended."""

    run_id: str
    state: RunState
    seconds: float
    nodes: Mapping[str, NodeOutcome]


def run_project(
    project: Project,
    *,
    listener: events.Listener | None = None,
    jobs: int | None = None,
    no_cache: bool | Collection[str] = False,
    isolation: Isolation | None = None,
) -> RunResult:
    """Runs a pipeline on this machine.

    Args:
        project: The pipeline, loaded and checked.
        listener: Is told of everything that happens, from several threads, one event at a time.
        jobs: How many nodes may run at once; the profile's, or one for each core, if not given.
        no_cache: True, or ids of nodes: those run even if their result is there.
        isolation: How the process of a node is started: ``warm``, forked from one that has imported the heavy
            libraries once, or ``exec``, each afresh. Warm where the system allows it, if not given.

    Returns:
        The state of the run and the outcome of each node; a failing node does not raise.

    Raises:
        UsageError: The run cannot be begun as asked.
        StorageError, StoreError: The pipeline's root or its store cannot be written.
    """
    from penstock.metadata import open_store

    profile = project.config.profile
    if profile.runner != "local":
        raise UsageError(
            f"The profile {profile.name!r} runs on {profile.runner!r}.",
            hint="`penstock run` runs on this machine: choose a profile with runner: local.",
        )
    plan = make_plan(project.pipeline, project.directory)
    skipped_cache = checked_nodes(plan, no_cache=no_cache)
    tell = _one_at_a_time(listener or _nobody)
    workspace = Workspace(profile.pipeline_root)
    workspace.check()
    began = time.time()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(began))}-{secrets.token_hex(2)}"
    with open_store(profile.metadata) as store:
        remember(project.directory)
        clear_up(store, workspace)
        store.begin_run(new_run(run_id, plan, profile.name, project.directory, began))
        canceled = threading.Event()
        at_once = jobs or profile.jobs or os.cpu_count() or 1
        executor = _executor(plan, project.directory, canceled, isolation)
        context = RunContext(
            run=run_id,
            pipeline=plan.pipeline,
            directory=project.directory,
            root=workspace.root,
            store=store,
            executor=executor,
            listener=tell,
            beam_options=profile.beam,
            no_cache=skipped_cache,
            canceled=canceled,
            slots=threading.Semaphore(at_once),
        )
        tell(events.RunStarted(began, run_id, plan.pipeline, {node.id: node.upstream for node in plan.nodes}))
        state = RunState.FAILED
        try:
            outcomes = run_nodes(plan, context, canceled, at_once)
            state = RunState.CANCELED if canceled.is_set() else run_state(outcomes)
        finally:
            executor.close()
            store.end_run(run_id, state)
        seconds = time.time() - began
        states = {node_id: outcome.state for node_id, outcome in outcomes.items()}
        tell(events.RunEnded(time.time(), run_id, state, seconds, states))
    return RunResult(run_id, state, seconds, {node.id: outcomes[node.id] for node in plan.nodes})


def new_run(run_id: str, plan: Plan, profile: str, directory: Path, began: float) -> RunRecord:
    """What the store is told of a run when it begins (``began`` in seconds since the epoch)."""
    from penstock.metadata.records import RunRecord

    return RunRecord(
        id=run_id,
        pipeline=plan.pipeline,
        state=RunState.RUNNING,
        started_ms=int(began * 1000),
        plan=plan.to_json(),
        profile=profile,
        packages=_packages(),
        penstock_version=__version__,
        user=user_name(),
        **_code_version(directory),
    )


def _executor(
    plan: Plan, directory: Path, canceled: threading.Event, isolation: Isolation | None
) -> ExecProcess | WarmProcess:
    if isolation == "exec" or (isolation is None and sys.platform != "linux"):
        return ExecProcess(canceled)

    @functools.cache
    def modules(node_id: str) -> tuple[str, ...]:
        node = plan.node(node_id)
        return code_of(node, load_component(node.ref, directory), directory).modules

    order = [node.id for node in plan.nodes if node.query is None]
    return WarmProcess(canceled, modules, order, always=isolation == "warm")


def _nobody(event: events.Event) -> None:
    """Where nobody listens."""


def _one_at_a_time(listener: events.Listener) -> events.Listener:
    lock = threading.Lock()

    def tell(event: events.Event) -> None:
        with lock:
            listener(event)

    return tell


def user_name() -> str:
    """Who runs this process; empty where that has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""


def _packages() -> dict[str, str]:
    """The version of every installed package, by name."""
    # The directory's name says both; opening each package's metadata takes two hundred times as long.
    places = [Path(place) for place in sys.path if Path(place).is_dir()]
    names = [info.name.removesuffix(".dist-info") for place in places for info in place.glob("*.dist-info")]
    return {name: version for name, _, version in (each.partition("-") for each in names)}


def _code_version(directory: Path) -> dict[str, Any]:
    """The git commit of the project and whether the work tree differs from it, where there is a repository."""
    try:
        done = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--", "."],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = done.stdout.splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), None)
    if done.returncode or not commit or commit == "(initial)":
        return {}
    return {"git_commit": commit, "dirty": any(not line.startswith("#") for line in lines)}
