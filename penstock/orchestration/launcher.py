"""The launcher: one function runs one node, and every runner calls it.

Resolve, compute the key, reuse or execute, publish. Each attempt writes to a place of its own; the manifest is
written last; the store's commit alone publishes. What no row names is garbage.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from penstock import events
from penstock.artifacts import Artifact, artifact_type
from penstock.dsl import Component
from penstock.errors import PenstockError, RunCanceled, StorageError
from penstock.events import NodeState
from penstock.gates import Verdict, blocks
from penstock.orchestration.execution import ArtifactValue, Request, Result
from penstock.orchestration.key import cache_key, key_parts
from penstock.orchestration.plan import PlanNode, load_component
from penstock.storage.payload import read_manifest, write_manifest
from penstock.storage.refusal import storage_error

if TYPE_CHECKING:
    from penstock.metadata.records import CachedResult, Lease, MetricRecord, NewArtifact, StoredArtifact
    from penstock.metadata.store import Store

__all__ = ["Executor", "NodeOutcome", "RunContext", "launch", "skip"]

LEASE_SECONDS = 60.0


class Executor(Protocol):
    """Runs a request somewhere: a child process, this process, a pod."""

    def execute(self, request: Request, log: Path, emit: Callable[[dict[str, Any]], None]) -> Result:
        """Runs the node to its end; raises a `PenstockError` if it fails."""
        ...


@dataclass(frozen=True)
class RunContext:
    """What all nodes of one run share.

    Attributes:
        directory: The project's directory.
        root: Where payloads and logs go.
        no_cache: Ids of nodes that run even if their result is there; True for all.
    """

    run: str
    pipeline: str
    directory: Path
    root: Path
    store: Store
    executor: Executor
    listener: events.Listener
    beam_options: Mapping[str, Any] = field(default_factory=dict)
    no_cache: bool | Collection[str] = False

    def log_path(self, node: str) -> Path:
        """The file that takes all output of a node."""
        return self.root / self.pipeline / "runs" / self.run / f"{node}.log"


@dataclass(frozen=True)
class NodeOutcome:
    """How a node ended in a run.

    Attributes:
        outputs: The artifacts of each output; an output may have none (a resolver without an answer).
        blocked: A gate that holds back what depends on it.
        reason: Why it was reused, skipped or failed, in a few words.
    """

    state: NodeState
    seconds: float = 0.0
    reason: str = ""
    outputs: Mapping[str, list[StoredArtifact]] = field(default_factory=dict)
    blocked: bool = False
    note: str = ""
    verdicts: tuple[Verdict, ...] = ()
    error: PenstockError | None = None


def skip(node: PlanNode, context: RunContext, reason: str) -> NodeOutcome:
    """Records that a node is not run, and why."""
    context.store.skip(context.run, node.id, node.component, reason)
    outcome = NodeOutcome(NodeState.SKIPPED, reason=reason)
    _tell_end(node, context, outcome)
    return outcome


def launch(node: PlanNode, context: RunContext, upstream: Mapping[str, NodeOutcome]) -> NodeOutcome:
    """Runs one node, or reuses what it left before.

    Args:
        node: The node; all that it waits for has ended well.
        context: What the run's nodes share.
        upstream: The outcome of each node that it reads from.

    Returns:
        The outcome; a failure of the node is an outcome, not an exception.

    Raises:
        RunCanceled: The run was canceled while the node ran.
        StoreError: The metadata store refused.
    """
    began = time.monotonic()
    log = context.log_path(node.id)
    try:
        outcome = _launch(node, context, upstream, log)
    except RunCanceled as error:
        outcome = NodeOutcome(NodeState.CANCELED, error=error, reason="canceled")
    except PenstockError as error:
        outcome = NodeOutcome(NodeState.FAILED, error=error, reason=error.message.partition("\n")[0])
    outcome = replace(outcome, seconds=time.monotonic() - began)
    _tell_end(node, context, outcome)
    return outcome


def _tell_end(node: PlanNode, context: RunContext, outcome: NodeOutcome) -> None:
    log = context.log_path(node.id)
    if outcome.note:
        context.listener(events.NodeNote(time.time(), node.id, outcome.note))
    context.listener(
        events.NodeEnded(
            time.time(),
            node.id,
            outcome.state,
            outcome.seconds,
            outcome.reason,
            outcome.blocked,
            outcome.error.to_json() if outcome.error else None,
            str(log) if log.exists() else None,
        )
    )


def _launch(node: PlanNode, context: RunContext, upstream: Mapping[str, NodeOutcome], log: Path) -> NodeOutcome:
    inputs = {
        name: artifacts[0]
        for name, source in node.inputs.items()
        if (artifacts := upstream[source.node].outputs.get(source.output))
    }
    values = {name: _value(upstream[source.node].outputs[source.output][0]) for name, source in node.values.items()}
    try:
        component = load_component(node.ref, context.directory)
        digests = {name: found.digest or "" for name, found in inputs.items()}
        parts = key_parts(node, component, digests, values, context.directory)
        if node.query is not None:
            return _resolve(node, context, inputs, parts)
        key = cache_key(parts)
        if context.no_cache is not True and node.id not in (context.no_cache or ()):
            cached = context.store.find_cached(key)
            if cached is not None and _usable(cached, component, node, values, context.directory):
                return _reuse(node, context, inputs, key, cached)
    except PenstockError as error:
        context.store.skip(context.run, node.id, node.component, error.message, state=NodeState.FAILED, error=error)
        raise
    return _execute(node, context, inputs, values, key, log)


def _value(artifact: StoredArtifact) -> Any:
    kind = artifact_type(artifact.type)
    return kind(artifact.uri).read()  # type: ignore[attr-defined]  # the graph's check lets only values in


def _usable(
    cached: CachedResult, component: Component, node: PlanNode, values: Mapping[str, Any], directory: Path
) -> bool:
    """Whether what was published is still there, and the world outside still as the component left it."""
    for artifacts in cached.outputs.values():
        for artifact in artifacts:
            if read_manifest(Path(artifact.uri)) is None:
                return False
    if component.is_current is None:
        return True
    parameters = {**_absolute(node, component, directory), **values}
    return component.is_current(parameters, {name: _instance(found[0]) for name, found in cached.outputs.items()})


def _absolute(node: PlanNode, component: Component, directory: Path) -> dict[str, Any]:
    return {
        name: str(directory / value) if component.parameters[name].kind and value and "://" not in value else value
        for name, value in node.parameters.items()
    }


def _instance(artifact: StoredArtifact) -> Artifact:
    return _as_value(artifact).instance()


def _as_value(artifact: StoredArtifact) -> ArtifactValue:
    return ArtifactValue(
        artifact.type, artifact.uri, dict(artifact.properties), dict(artifact.custom_properties), artifact.id
    )


def _reuse(
    node: PlanNode, context: RunContext, inputs: Mapping[str, StoredArtifact], key: str, cached: CachedResult
) -> NodeOutcome:
    reason = f"unchanged since run {cached.run_id}"
    context.store.reuse(
        context.run,
        node.id,
        node.component,
        key,
        cached,
        reason,
        inputs={name: [artifact.id] for name, artifact in inputs.items()},
    )
    for verdict in cached.verdicts:
        context.listener(events.NodeVerdict(time.time(), node.id, verdict))
    return NodeOutcome(
        NodeState.REUSED,
        reason=reason,
        outputs=cached.outputs,
        blocked=cached.blocked,
        note=cached.note,
        verdicts=cached.verdicts,
    )


def _resolve(
    node: PlanNode, context: RunContext, inputs: Mapping[str, StoredArtifact], parts: dict[str, Any]
) -> NodeOutcome:
    """Answers a resolver's query; the same answer as last time is a reuse."""
    assert node.query is not None
    query = node.query
    other = inputs.get(query["other_than"]) if query["other_than"] else None
    answer = context.store.resolve(
        context.pipeline, query["type"], blessed=query["blessed"], other_than_digest=other.digest if other else None
    )
    outputs = {query["output"]: [answer] if answer else []}
    key = cache_key({**parts, "answer": answer.digest if answer else None})
    reason = (
        f"{query['type']} {answer.id}" if answer else f"no {'blessed ' if query['blessed'] else ''}{query['type']} yet"
    )
    reused = context.store.answer(
        context.run,
        node.id,
        node.component,
        key,
        inputs={name: [artifact.id] for name, artifact in inputs.items()},
        outputs=outputs,
        reason=reason,
    )
    state = NodeState.REUSED if reused else NodeState.COMPLETE
    return NodeOutcome(state, outputs=outputs, reason=f"same answer: {reason}" if reused else reason, note=reason)


def _execute(
    node: PlanNode,
    context: RunContext,
    inputs: Mapping[str, StoredArtifact],
    values: Mapping[str, Any],
    key: str,
    log: Path,
) -> NodeOutcome:
    store = context.store
    parameters = {**node.parameters, **values}
    lease = store.begin_execution(
        context.run,
        node.id,
        node.component,
        inputs={name: [artifact.id] for name, artifact in inputs.items()},
        parameters=parameters,
        key=key,
        log=str(log),
        lease_seconds=LEASE_SECONDS,
    )
    context.listener(events.NodeStarted(time.time(), node.id, str(log)))
    # The token keeps two stores that share a root from writing to one place.
    place = context.root / context.pipeline / node.id / f"{lease.execution_id}-{secrets.token_hex(3)}"
    said = _Said(node.id, context.listener)
    try:
        with _Heartbeat(store, lease):
            request = Request(
                node=node.id,
                pipeline=context.pipeline,
                run=context.run,
                ref=node.ref,
                directory=str(context.directory),
                inputs={name: _as_value(artifact) for name, artifact in inputs.items()},
                outputs={name: ArtifactValue(kind, str(place / name)) for name, kind in node.outputs.items()},
                parameters=parameters,
                beam_options=context.beam_options,
            )
            try:
                place.mkdir(parents=True)
                log.parent.mkdir(parents=True, exist_ok=True)
                result = context.executor.execute(request, log, said.emit)
                new = _finished(result)
            except OSError as error:
                raise storage_error(error).with_facts(node=node.id) from error
        blocked = blocks(node.gate or "off", said.verdicts)
        outputs = store.publish(
            lease,
            outputs=new,
            key=key,
            verdicts=said.verdicts,
            metrics=said.metrics,
            blocked=blocked,
            note=said.note,
        )
    except RunCanceled as error:
        _give_up(store, lease, NodeState.CANCELED, error)
        raise
    except PenstockError as error:
        _give_up(store, lease, NodeState.FAILED, error)
        raise
    return NodeOutcome(
        NodeState.COMPLETE, outputs=outputs, blocked=blocked, note=said.note, verdicts=tuple(said.verdicts)
    )


def _finished(result: Result) -> dict[str, list[NewArtifact]]:
    """Seals the payloads with their manifests. Nothing is published yet."""
    from penstock.metadata.records import NewArtifact

    new = {}
    for name, artifact in result.outputs.items():
        content = result.contents[name]
        write_manifest(Path(artifact.uri), content)
        instance = artifact.instance()
        new[name] = [NewArtifact.of(instance, digest=content.digest, size=content.size, algorithm=content.algorithm)]
    return new


def _give_up(store: Store, lease: Lease, state: NodeState, error: PenstockError) -> None:
    """Records a failure; if the store itself refuses, the first error is the one to tell."""
    try:
        store.fail(lease, state, error)
    except PenstockError as second:
        error.add_note(f"The failure could not be recorded: {second}")


@dataclass
class _Said:
    """What a running node said of itself, passed on to the listener as it comes and kept for publishing."""

    node: str
    listener: events.Listener
    verdicts: list[Verdict] = field(default_factory=list)
    metrics: list[MetricRecord] = field(default_factory=list)
    note: str = ""

    def emit(self, event: dict[str, Any]) -> None:
        now = time.time()
        kind = event.pop("type")
        if kind == "progress":
            self.listener(events.NodeProgress(now, self.node, **event))
        elif kind == "metric":
            self.metrics.append(_metric(event))
            self.listener(events.NodeMetric(now, self.node, **event))
        elif kind == "verdict":
            verdict = Verdict.from_json(event["verdict"])
            self.verdicts.append(verdict)
            self.listener(events.NodeVerdict(now, self.node, verdict))
        elif kind == "note":
            self.note = event["text"]
        elif kind == "warning":
            self.listener(events.NodeWarning(now, self.node, event["text"]))


def _metric(event: Mapping[str, Any]) -> MetricRecord:
    from penstock.metadata.records import MetricRecord

    return MetricRecord(event["name"], event["value"], event["step"])


class _Heartbeat:
    """Keeps a lease alive while a node runs."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{os.getpid()}", daemon=True)

    def _beat(self) -> None:
        while not self._stop.wait(LEASE_SECONDS / 4):
            try:
                self._store.heartbeat(self._lease)
            except (PenstockError, StorageError):
                return  # a lost lease is told when the node publishes

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
