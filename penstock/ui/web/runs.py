"""The page of all runs."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.events import NodeState, RunState
from penstock.metadata.records import NodeRecord, RunRecord
from penstock.ui.web.reader import StoreReader

__all__ = ["Progress", "RunRow", "RunsPage", "is_lost", "progress_of", "runs_page", "seconds_of"]

PAGE_SIZE = 50
_NEWEST = 500
_DONE = (NodeState.COMPLETE, NodeState.REUSED)


@dataclass(frozen=True)
class Progress:
    """How many nodes of a run are done, how many of those were reused, and of how many."""

    done: int
    reused: int
    failed: int
    total: int


@dataclass(frozen=True)
class RunRow:
    """One run; ``state`` is ``lost`` where the process that drove it is gone and nobody has said how it ended."""

    id: str
    pipeline: str
    state: str
    started_ms: int | None
    seconds: float | None
    nodes: Progress
    git_commit: str | None
    dirty: bool | None


@dataclass(frozen=True)
class RunsPage:
    """A page of the list of runs, the newest first; ``newer`` and ``older`` are numbers of pages, if there are such."""

    pipeline: str | None
    pipelines: tuple[str, ...]
    page: int
    newer: int | None
    older: int | None
    runs: tuple[RunRow, ...]

    @property
    def running(self) -> bool:
        """Whether any of them still runs."""
        return any(run.state == RunState.RUNNING for run in self.runs)


def runs_page(reader: StoreReader, now_ms: int, *, pipeline: str | None = None, page: int = 1) -> RunsPage:
    """The runs of one pipeline, or of all; `page` counts from 1."""
    store = reader.store()
    found = store.runs(pipeline, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)
    names = {run.pipeline for run in store.runs(limit=_NEWEST)} | ({pipeline} if pipeline else set())
    return RunsPage(
        pipeline=pipeline,
        pipelines=tuple(sorted(names)),
        page=page,
        newer=page - 1 if page > 1 else None,
        older=page + 1 if len(found) > PAGE_SIZE else None,
        runs=tuple(_row(reader, run, now_ms) for run in found[:PAGE_SIZE]),
    )


def _row(reader: StoreReader, run: RunRecord, now_ms: int) -> RunRow:
    def count() -> Progress:
        return progress_of(reader.store().run(run.id), reader.store().nodes(run.id))

    running = run.state is RunState.RUNNING
    return RunRow(
        id=run.id,
        pipeline=run.pipeline,
        state="lost" if is_lost(run) else str(run.state),
        started_ms=run.started_ms,
        seconds=seconds_of(run.started_ms, run.ended_ms, now_ms, running=running and not is_lost(run)),
        nodes=count() if running else reader.remember(("progress", run.id, run.state, run.ended_ms), count),
        git_commit=run.git_commit,
        dirty=run.dirty,
    )


def progress_of(run: RunRecord, nodes: list[NodeRecord]) -> Progress:
    """The progress of a run; nodes that its plan names and that were never begun count in ``total``."""
    names = {node.node_id for node in nodes}
    if run.plan is not None:
        names |= {node["id"] for node in run.plan["nodes"]}
    states = [node.state for node in nodes]
    return Progress(
        done=sum(state in _DONE for state in states),
        reused=states.count(NodeState.REUSED),
        failed=states.count(NodeState.FAILED),
        total=len(names),
    )


def seconds_of(started_ms: int | None, ended_ms: int | None, now_ms: int, *, running: bool) -> float | None:
    """How long something took, or has taken so far if it runs."""
    if started_ms is None or (ended_ms is None and not running):
        return None
    return max((now_ms if ended_ms is None else ended_ms) - started_ms, 0) / 1000


def is_lost(run: RunRecord) -> bool:
    """Whether the run is on record as running while its process, on this machine, is gone."""
    from penstock.metadata.owners import is_alive

    return run.state is RunState.RUNNING and is_alive(run.owner) is False
