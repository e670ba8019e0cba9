"""A pod's entry: runs one node of a compiled plan with the launcher that every runner uses.

``python -m penstock.orchestration.kubeflow.launch --node ID --run ID --executor-input JSON``, in the project's
directory. The plan and the profile come in the executor input; variables that the profile names, from the environment.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from penstock import events
from penstock.config import Profile, resolved
from penstock.errors import PenstockError, UsageError, did_you_mean
from penstock.events import NodeState
from penstock.gates import Verdict
from penstock.orchestration.kubeflow.contract import BLOCKED, PLAN, PROFILE
from penstock.orchestration.kubeflow.executor import ExecutorInput
from penstock.orchestration.kubeflow.pointers import read_pointers, write_pointers
from penstock.orchestration.launcher import NodeOutcome, RunContext, launch, skip
from penstock.orchestration.local.process import ExecProcess
from penstock.orchestration.outcomes import held_back, recorded, settle
from penstock.orchestration.plan import Plan
from penstock.orchestration.run import new_run
from penstock.orchestration.upkeep import clear_up

__all__ = ["launch_node", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node that the arguments name; errors are printed.

    Returns:
        0 if the task may count as done: the node ran, was reused, or was skipped because a gate holds it back. Else
        the error's exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m penstock.orchestration.kubeflow.launch", description=__doc__)
    parser.add_argument("--node", required=True, help="the node's id in the plan")
    parser.add_argument("--run", required=True, help="the run's id, the same for all of its tasks")
    parser.add_argument("--executor-input", required=True, help="what Kubeflow Pipelines puts in place of {{$}}")
    parser.add_argument("--project", type=Path, default=Path(), help="the pipeline's directory; the working directory")
    buckets = "where the directories s3, gcs and minio are that stand for buckets: / in a pod"
    parser.add_argument("--buckets", type=Path, default=Path("/"), help=buckets)
    asked = parser.parse_args(arguments)
    canceled = threading.Event()
    with _cancels(canceled):
        try:
            given = ExecutorInput.from_json(asked.executor_input, asked.buckets)
            outcome = launch_node(asked.node, asked.run, given, asked.project.resolve(), canceled)
        except PenstockError as error:
            return _print(error)
    return _print(outcome.error) if outcome.error else 0


def launch_node(
    node_id: str, run: str, given: ExecutorInput, directory: Path, canceled: threading.Event
) -> NodeOutcome:
    """Runs one node, or skips it where a gate holds it back, and answers Kubeflow where that is no failure.

    Args:
        node_id: The node.
        run: The run, which the first of its nodes begins.
        given: What Kubeflow told the task.
        directory: The project's.
        canceled: When set, the node is ended.

    Raises:
        PenstockError: The node could not be launched at all.
    """
    from penstock.metadata import open_store

    plan = Plan.from_json(_json(given, PLAN))
    if node_id not in [node.id for node in plan.nodes]:
        raise UsageError(
            f"The plan has no node {node_id!r}.", hint=did_you_mean(node_id, [node.id for node in plan.nodes])
        )
    node = plan.node(node_id)
    profile = resolved(Profile(**_json(given, PROFILE)), directory)
    with open_store(profile.metadata) as store:
        # No process drives such a run, so none that is found dead may end it.
        record = replace(new_run(run, plan, profile.name, directory, time.time()), owner=f"kubeflow:{run}")
        begun = store.join_run(record)
        context = RunContext(
            run=run,
            pipeline=plan.pipeline,
            directory=directory,
            root=profile.pipeline_root,
            store=store,
            executor=ExecProcess(canceled),
            listener=_tell,
            beam_options=profile.beam,
            canceled=canceled,
        )
        try:
            if begun:
                context.workspace.check()
                clear_up(store, context.workspace)
            upstream = read_pointers(node, recorded(store, run), given, store)
        except PenstockError as error:
            store.skip(run, node.id, node.component, error.message, state=NodeState.FAILED, error=error)
            settle(plan, context)
            raise
        reason = held_back(node, upstream)
        with _shown(context.log_path(node.id), sys.stdout):
            outcome = skip(node, context, reason) if reason else launch(node, context, upstream)
        if outcome.error is None:
            metadata = write_pointers(node, outcome, given)
            given.answer(metadata, {BLOCKED: json.dumps(outcome.blocked)} if node.gate else {})
        settle(plan, context)
    return outcome


def _json(given: ExecutorInput, name: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(given.parameters[name])
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(
            f"The executor input has no parameter {name!r} that can be read.", hint="Compile again: penstock compile."
        ) from error
    return value


def _print(error: PenstockError) -> int:
    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201  # the pod's log is what is read
    return error.exit_code


def _tell(event: events.Event) -> None:
    """Says in the pod's log what happens, where it is of interest there."""
    match event:
        case events.NodeStarted(node=node):
            text = f"{node} begins"
        case events.NodeWaiting(node=node) as waiting:
            text = f"{node}: {waiting.text}"
        case events.NodeNote(node=node, text=note):
            text = f"{node}: {note}"
        case events.NodeWarning(node=node, text=warning):
            text = f"{node}: warning: {warning}"
        case events.NodeVerdict(node=node, verdict=Verdict(outcome="fail" | "undefined") as verdict):
            text = f"{node}: {verdict.check} {verdict.subject}: {verdict.outcome} {verdict.message}"
        case events.NodeEnded(node=node, state=state, seconds=seconds, reason=reason, blocked=blocked):
            text = f"{node} {state.value} in {seconds:.1f} s"
            text += f": {reason}" if reason and state is not NodeState.FAILED else ""
            text += "; it holds back what depends on it" if blocked else ""
        case _:
            return
    print(text, flush=True)  # noqa: T201  # the same


@contextmanager
def _cancels(canceled: threading.Event) -> Iterator[None]:
    """Takes SIGTERM, which is how Kubernetes ends a pod, as the wish to cancel."""

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        canceled.set()

    before = signal.signal(signal.SIGTERM, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _shown(log: Path, output: TextIO) -> Iterator[None]:
    """Shows a file as it grows: what the node prints goes to its log, and is looked for in the pod's."""
    ended = threading.Event()
    begin = log.stat().st_size if log.exists() else 0

    def show() -> None:
        position, last = begin, False
        while not last:
            last = ended.wait(0.2)
            if log.exists():
                with log.open("rb") as file:
                    file.seek(position)
                    text = file.read()
                position += len(text)
                output.write(text.decode(errors="replace"))
                output.flush()

    thread = threading.Thread(target=show, name="log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
