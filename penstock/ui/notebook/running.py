"""Running a pipeline from a cell, with its progress shown in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.config import CONFIG_FILE, Config, load_config
from penstock.config.model import DataConfig, Profile
from penstock.dsl import Pipeline, check
from penstock.errors import UsageError, did_you_mean
from penstock.events import NodeState
from penstock.orchestration.run_view import NodeView, RunView
from penstock.ui.notebook.cells import carry_over
from penstock.ui.notebook.formatters import register
from penstock.ui.notebook.runs import Run, read_run

if TYPE_CHECKING:
    from penstock.orchestration.project import Project

__all__ = ["run"]

_SECONDS_BETWEEN = 0.25
_MARKS = {
    NodeState.PENDING: "·",
    NodeState.RUNNING: "▶",
    NodeState.COMPLETE: "✔",
    NodeState.REUSED: "↺",
    NodeState.FAILED: "✘",
    NodeState.SKIPPED: "-",
    NodeState.CANCELED: "■",
}


def run(
    pipeline: str | Path | Pipeline = ".",
    *,
    until: str | None = None,
    overrides: Iterable[str] = (),
    profile: str | None = None,
    jobs: int | None = None,
    no_cache: bool | Iterable[str] = False,
) -> Run:
    """Runs a pipeline, or one component and what it needs; in a notebook its progress is shown in place.

    What has not changed since an earlier run is reused, as with ``penstock run``. Interrupting the kernel cancels.

    Args:
        pipeline: A project's directory, or a `Pipeline` made in a cell. The latter keeps its
            results where the working directory's ``pipeline.yaml`` says, or in ``.penstock`` there.
        until: A node: only it and what it waits for are run.
        overrides: Each ``a.b=value``, over ``pipeline.yaml``.
        profile: Where it runs; the first profile of the config if not given.
        jobs: How many nodes may run at once.
        no_cache: True, or ids of nodes that are to run even if their result is there.

    Returns:
        The run, whatever became of it; a failing node does not raise.

    Raises:
        ConfigError, GraphError, UsageError: The pipeline cannot be run as asked.
    """
    from penstock.metadata import open_store
    from penstock.orchestration.run import run_project

    register()
    project = _project(pipeline, overrides, profile)
    if until is not None:
        project = _only(project, until)
    view = RunView()
    forced = no_cache if isinstance(no_cache, bool) else frozenset(no_cache)
    with _shown(view):
        result = run_project(project, listener=view, jobs=jobs, no_cache=forced)
    with open_store(project.config.profile.metadata, read_only=True, create=False) as store:
        return read_run(store, store.run(result.run_id))


def _project(pipeline: str | Path | Pipeline, overrides: Iterable[str], profile: str | None) -> Project:
    from penstock.orchestration.project import Project, load_project

    if not isinstance(pipeline, Pipeline):
        return load_project(pipeline, overrides=overrides, profile=profile)
    here = Path.cwd()
    if (here / CONFIG_FILE).is_file():
        place = load_config(here, overrides=overrides, profile=profile).profile
    elif list(overrides) or profile:
        raise UsageError(f"There is no {CONFIG_FILE} in {here} whose values or profiles could be chosen.")
    else:
        root = here / ".penstock"
        place = Profile("local", "local", str(root), f"sqlite:///{root}/metadata.db")
    carry_over(pipeline, here)
    check(pipeline)
    return Project(Config(pipeline.name, DataConfig("", {}, {}), place, {}, here), pipeline)


def _only(project: Project, node: str) -> Project:
    """The project with one node and all that it waits for, at any distance."""
    from dataclasses import replace

    nodes = project.pipeline.nodes
    if node not in nodes:
        raise UsageError(f"The pipeline has no node {node!r}.", hint=did_you_mean(node, nodes))
    wanted, open_ = {node}, [node]
    while open_:
        for name in nodes[open_.pop()].upstream:
            if name not in wanted:
                wanted.add(name)
                open_.append(name)
    part = Pipeline(project.pipeline.name)
    part.nodes = {name: one for name, one in nodes.items() if name in wanted}
    return replace(project, pipeline=part)


@contextmanager
def _shown(view: RunView) -> Iterator[None]:
    """Shows how a run goes on, in an output of the cell that is replaced a few times a second; elsewhere nothing."""
    import sys

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        yield
        return
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    handle.display(_bundle(view), raw=True)
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(_SECONDS_BETWEEN):
            handle.update(_bundle(view), raw=True)

    thread = threading.Thread(target=follow, name="penstock-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        handle.update(_bundle(view), raw=True)


def _bundle(view: RunView) -> dict[str, str]:
    with view.lock:
        now = time.time()
        running = view.seconds is None
        title = f"{view.pipeline} run {view.run}: {view.state.value}" if view.run else "Planning …"
        if view.seconds is not None:
            title = f"{title} in {view.seconds:.1f} s"
        rows = [(node, _line(node, now)) for node in view.nodes.values()] if running else []
    text = "\n".join([title, *(" ".join(part for part in line if part) for _, line in rows)])
    html = "".join(
        "<tr>" + "".join(f'<td style="text-align: left">{escape(part)}</td>' for part in line) + _bar(node) + "</tr>"
        for node, line in rows
    )
    return {
        "text/plain": text,
        "text/html": f'<div class="penstock-progress"><b>{escape(title)}</b><table>{html}</table></div>',
    }


def _line(node: NodeView, now: float) -> tuple[str, str, str, str, str]:
    seconds = node.elapsed(now)
    state = "blocked" if node.blocked else node.state.value
    said = node.says_before_end() if node.state is NodeState.RUNNING else node.remark
    return _MARKS[node.state], node.id, state, "" if seconds is None else f"{seconds:.1f} s", said


def _bar(node: NodeView) -> str:
    progress = node.progress
    if node.state is not NodeState.RUNNING or progress is None or not progress.total:
        return "<td></td>"
    return f'<td><progress max="1" value="{min(1.0, progress.done / progress.total):.3f}"></progress></td>'
