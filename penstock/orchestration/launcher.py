"""The launcher: one function runs one node, and every runner calls it.

Resolve, compute the key, reuse or execute, publish. Each attempt writes to a place of its own; the manifest is
written last; the store's commit alone publishes. What no row names is garbage.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from penstock import events
from penstock.artifacts import artifact_type
from penstock.dsl import Component
from penstock.errors import NodeError, PenstockError, RunCanceled, StorageError
from penstock.events import NodeState
from penstock.gates import Verdict, blocks
from penstock.orchestration.execution import ArtifactValue, Request, Result
from penstock.orchestration.history import reason_to_run
from penstock.orchestration.key import cache_key, key_parts, measured_key, sources_of
from penstock.orchestration.plan import PlanNode, absolute_paths, load_component, resolved
from penstock.orchestration.sweep import sweep
from penstock.orchestration.workspace import Place, Workspace
from penstock.storage.input_files import InputFile
from penstock.storage.refusal import storage_error

if TYPE_CHECKING:
    from penstock.metadata.records import CachedResult, Holder, Lease, MetricRecord, NewArtifact, StoredArtifact
    from penstock.metadata.store import Store

__all__ = ["Executor", "NodeOutcome", "RunContext", "answer_in_words", "launch", "skip", "usable", "value_of"]

LEASE_SECONDS = 60.0
WAIT_SECONDS = 0.1
BACK_OFF_SECONDS = 1.0  # before the first retry; twice as long before each further one
BACK_OFF_LIMIT_SECONDS = 300.0
_LETTING_GO_SECONDS = 5.0  # a process that was ended a moment ago


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
        root: Where payloads and logs go: a directory, or a URI that fsspec knows.
        no_cache: Ids of nodes that run even if their result is there; True for all.
        canceled: When set, nothing new is begun.
        slots: How many nodes may execute at once; one that only waits for another's result takes none.
    """

    run: str
    pipeline: str
    directory: Path
    root: str | Path
    store: Store
    executor: Executor
    listener: events.Listener
    beam_options: Mapping[str, Any] = field(default_factory=dict)
    no_cache: bool | Collection[str] = False
    canceled: threading.Event = field(default_factory=threading.Event)
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "workspace", Workspace(self.root))

    def log_path(self, node: str) -> Path:
        """The file on this machine that takes all output of a node."""
        return self.workspace.log(self.pipeline, self.run, node)

    def uses_cache(self, node: str) -> bool:
        """Whether a node may take a result that is there."""
        return self.no_cache is not True and node not in (self.no_cache or ())


@dataclass(frozen=True)
class NodeOutcome:
    """How a node ended in a run.

    Attributes:
        outputs: The artifacts of each output; an output may have none (a resolver without an answer).
        blocked: A gate that holds back what depends on it.
        reason: Why it ran, or was reused or skipped, or how it failed, in a few words.
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
    try:
        values = {
            name: value_of(upstream[source.node].outputs[source.output][0], context.workspace)
            for name, source in node.values.items()
        }
        component = load_component(node.ref, context.directory)
        node = resolved(node, component, values, context.directory)
        digests = {name: found.digest or "" for name, found in inputs.items()}
        files: dict[str, list[InputFile]] = {}
        parts = key_parts(node, component, digests, values, context.directory, context.store, files)
        if node.query is not None:
            return _resolve(node, component, context, inputs, parts)
    except PenstockError as error:
        _never_began(node, context, error)
        raise
    attempt = 1
    while True:
        try:
            turn = _turn(node, component, context, inputs, values, parts, files)
        except PenstockError as error:
            _never_began(node, context, error)
            raise
        if isinstance(turn, NodeOutcome):
            return turn
        try:
            return _execute(node, context, inputs, values, log, turn)
        except PenstockError as error:
            if not error.retryable or attempt > node.options.retries:
                error.with_facts(attempts=attempt if attempt > 1 else None)
                raise
            failed = error
        finally:
            context.slots.release()
        _back_off(node, context, attempt, failed, log)
        attempt += 1


def _never_began(node: PlanNode, context: RunContext, error: PenstockError) -> None:
    state = NodeState.CANCELED if isinstance(error, RunCanceled) else NodeState.FAILED
    context.store.skip(context.run, node.id, node.component, error.message, state=state, error=error)


def _back_off(node: PlanNode, context: RunContext, attempt: int, error: PenstockError, log: Path) -> None:
    """Waits before the next attempt, or until the run is canceled; says why, and begins a section of the log."""
    seconds = min(BACK_OFF_SECONDS * 2 ** (attempt - 1), BACK_OFF_LIMIT_SECONDS)
    attempts = node.options.retries + 1
    summary = error.message.partition("\n")[0]
    text = f"Attempt {attempt} of {attempts} failed: {summary} The next one begins in {seconds:g} s."
    context.listener(events.NodeWarning(time.time(), node.id, text))
    context.canceled.wait(seconds)
    with suppress(OSError), log.open("a") as file:  # a disk that refuses is told by the attempt itself
        file.write(f"---- {node.id}: attempt {attempt + 1} of {attempts} ----\n")


@dataclass(frozen=True)
class _Turn:
    """The right to execute, with a slot to be released, the place to do it in, and why it is done.

    Attributes:
        measured: The key of what is measured, whatever it is held against; None if the component does not say.
        earlier: What an earlier execution left that measured the same.
    """

    lease: Lease
    place: Place
    key: str
    reason: str
    measured: str | None
    earlier: Mapping[str, ArtifactValue]


def _turn(
    node: PlanNode,
    component: Component,
    context: RunContext,
    inputs: Mapping[str, StoredArtifact],
    values: Mapping[str, Any],
    parts: Mapping[str, Any],
    files: Mapping[str, Sequence[InputFile]],
) -> NodeOutcome | _Turn:
    """Takes the result that is there, or waits for the one that is being computed, or begins to compute it.

    Nobody who waits holds a lease or a slot, so runs that wait for each other's nodes cannot lock each other out.
    """
    from penstock.metadata.executions import Attempt
    from penstock.metadata.records import Lease

    key = cache_key(parts)
    places = context.workspace.place(context.pipeline, node.id)
    attempt = Attempt(
        context.run,
        node.id,
        node.component,
        inputs={name: [artifact.id] for name, artifact in inputs.items()},
        parameters={**node.parameters, **values},
        key=key,
        log=context.workspace.log_uri(context.pipeline, context.run, node.id),
        places=places.noted,
        files=files,
    )
    uses_cache = context.uses_cache(node.id)
    while True:
        known, cached = None, None
        if uses_cache:
            cached = context.store.find_cached(key)
            if cached is not None and usable(cached, component, node, values, context.workspace, context.directory):
                reused = _reuse(node, context, inputs, key, cached)
                if reused is None:
                    continue
                return reused
            known = cached.execution_id if cached is not None else None
        sources = sources_of(node, component, context.directory)
        reason = reason_to_run(
            context.store,
            context.pipeline,
            node,
            parts,
            sources,
            forced=not uses_cache,
            unusable=cached,
            leaves_effects=component.is_current is not None,
        )
        attempt = replace(attempt, reason=reason.text)
        claimed: Lease | Holder | None = None
        context.slots.acquire()
        try:
            if context.canceled.is_set():
                raise RunCanceled(f"{node.id} was canceled before it began.", node=node.id)
            context.store.put_key(key, parts, sources)
            claimed = context.store.claim(attempt, known=known, alone=uses_cache, lease_seconds=LEASE_SECONDS)
        finally:
            if not isinstance(claimed, Lease):
                context.slots.release()
        if isinstance(claimed, Lease):
            measured = measured_key(component, parts)
            earlier = _earlier(measured, context) if uses_cache else {}
            return _Turn(claimed, places(claimed.execution_id), key, reason.text, measured, earlier)
        if claimed is not None:
            _wait_for(claimed, node, context, key)


def _earlier(key: str | None, context: RunContext) -> dict[str, ArtifactValue]:
    """The outputs of the execution that measured the same, if all of them are still there."""
    found = context.store.find_cached(key) if key is not None else None
    if found is None:
        return {}
    artifacts = {name: one[0] for name, one in found.outputs.items()}
    if not all(context.workspace.is_whole(artifact.uri) for artifact in artifacts.values()):
        return {}
    return {name: _brought_in(artifact, context.workspace) for name, artifact in artifacts.items()}


def _wait_for(holder: Holder, node: PlanNode, context: RunContext, key: str) -> None:
    """Waits until an execution that computes the same key has ended, well or not."""
    context.listener(events.NodeWaiting(time.time(), node.id, holder.run_id, holder.node_id))
    while not context.canceled.wait(WAIT_SECONDS) and context.store.holder(key) == holder:
        pass
    if context.store.recover().executions:  # it died: what it left is cleared away like at the start of a run
        sweep(context.store, context.workspace)


def value_of(artifact: StoredArtifact, workspace: Workspace) -> Any:
    """The value that an artifact of a value type holds."""
    kind = artifact_type(artifact.type)
    return kind(workspace.local(artifact.uri)).read()  # type: ignore[attr-defined]  # the graph's check lets only values in


def usable(
    cached: CachedResult,
    component: Component,
    node: PlanNode,
    values: Mapping[str, Any],
    workspace: Workspace,
    directory: Path,
) -> bool:
    """Whether what was published is still there, and the world outside still as the component left it."""
    for artifacts in cached.outputs.values():
        for artifact in artifacts:
            if not workspace.is_whole(artifact.uri):
                return False
    if component.is_current is None:
        return True
    parameters = {**absolute_paths(node, component, directory), **values}
    outputs = {name: _brought_in(found[0], workspace).instance() for name, found in cached.outputs.items()}
    return component.is_current(parameters, outputs)


def _brought_in(artifact: StoredArtifact, workspace: Workspace) -> ArtifactValue:
    """An artifact as user code sees it: its payload lies on this machine."""
    local = workspace.local(artifact.uri)
    return ArtifactValue(artifact.type, local, dict(artifact.properties), dict(artifact.custom_properties), artifact.id)


def _reuse(
    node: PlanNode, context: RunContext, inputs: Mapping[str, StoredArtifact], key: str, cached: CachedResult
) -> NodeOutcome | None:
    """Takes the result that is there; nothing is taken of one that was collected since it was found."""
    reason = f"unchanged since run {cached.run_id}"
    execution = context.store.reuse(
        context.run,
        node.id,
        node.component,
        key,
        cached,
        reason,
        inputs={name: [artifact.id] for name, artifact in inputs.items()},
    )
    if execution is None:
        return None
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
    node: PlanNode,
    component: Component,
    context: RunContext,
    inputs: Mapping[str, StoredArtifact],
    parts: dict[str, Any],
) -> NodeOutcome:
    """Answers a resolver's query; the same answer as last time is a reuse."""
    assert node.query is not None
    query = node.query
    other = inputs.get(query["other_than"]) if query["other_than"] else None
    while True:
        answer = context.store.resolve(
            context.pipeline,
            query["type"],
            blessed=query["blessed"],
            other_than=other,
            predecessor=query.get("predecessor", False),
            window=query.get("window", False),
        )
        outputs = {query["output"]: [answer] if answer else []}
        asked = {**parts, "answer": answer.digest if answer else None}
        key = cache_key(asked)
        reason = answer_in_words(query, answer)
        context.store.put_key(key, asked, sources_of(node, component, context.directory))
        reused = context.store.answer(
            context.run,
            node.id,
            node.component,
            key,
            inputs={name: [artifact.id] for name, artifact in inputs.items()},
            outputs=outputs,
            reason=reason,
        )
        if reused is not None:  # else the answer was collected since it was found
            state = NodeState.REUSED if reused else NodeState.COMPLETE
            return NodeOutcome(state, outputs=outputs, note=f"{reason}, as before" if reused else reason)


def answer_in_words(query: Mapping[str, Any], answer: StoredArtifact | None) -> str:
    """What a resolver's query was answered with."""
    if answer is not None:
        return f"{query['type']} {answer.id}"
    kind = "blessed " if query["blessed"] else "earlier " if query.get("predecessor") or query.get("window") else ""
    return f"no {kind}{query['type']} yet"


def _execute(
    node: PlanNode,
    context: RunContext,
    inputs: Mapping[str, StoredArtifact],
    values: Mapping[str, Any],
    log: Path,
    turn: _Turn,
) -> NodeOutcome:
    store, workspace, lease, place = context.store, context.workspace, turn.lease, turn.place
    context.listener(events.NodeStarted(time.time(), node.id, str(log)))
    said = _Said(node.id, context.listener)
    try:
        with _Heartbeat(store, lease), _in_terms_of_storage(node):
            log.parent.mkdir(parents=True, exist_ok=True)
            place.make()
            request = Request(
                node=node.id,
                pipeline=context.pipeline,
                run=context.run,
                ref=node.ref,
                directory=str(context.directory),
                inputs={name: _brought_in(artifact, workspace) for name, artifact in inputs.items()},
                outputs={name: ArtifactValue(kind, str(place.directory / name)) for name, kind in node.outputs.items()},
                parameters={**node.parameters, **values},
                beam_options={**context.beam_options, **node.options.beam},
                earlier=turn.earlier,
                temporary=str(place.temporary),
                options=node.options,
            )
            try:
                result = context.executor.execute(request, log, said.emit)
            finally:
                _keep_log(node, context)
            new = _finished(result, workspace, place)
            workspace.finish(place)
        blocked = blocks(node.gate or "off", said.verdicts)
        outputs = store.publish(
            lease,
            outputs=new,
            key=turn.key,
            measured=turn.measured,
            verdicts=said.verdicts,
            metrics=said.metrics,
            blocked=blocked,
            note=said.note,
        )
    except PenstockError as error:
        state = NodeState.CANCELED if isinstance(error, RunCanceled) else NodeState.FAILED
        _give_up(context, turn, state, error)
        raise
    except BaseException as error:  # a fault of ours: nobody may wait for this node until its lease runs out
        _give_up(context, turn, NodeState.FAILED, NodeError(f"{type(error).__name__}: {error}", node=node.id))
        raise
    return NodeOutcome(
        NodeState.COMPLETE,
        reason=turn.reason,
        outputs=outputs,
        blocked=blocked,
        note=said.note,
        verdicts=tuple(said.verdicts),
    )


@contextmanager
def _in_terms_of_storage(node: PlanNode) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error).with_facts(node=node.id) from error


def _finished(result: Result, workspace: Workspace, place: Place) -> dict[str, list[NewArtifact]]:
    """Seals the payloads with their manifests. Nothing is published yet."""
    from penstock.metadata.records import NewArtifact

    new = {}
    for name, artifact in result.outputs.items():
        content = result.contents[name]
        sealed = replace(artifact, uri=workspace.seal(place, name, content)).instance()
        new[name] = [NewArtifact.of(sealed, digest=content.digest, size=content.size, algorithm=content.algorithm)]
    return new


def _keep_log(node: PlanNode, context: RunContext) -> None:
    """Takes the log out to a remote root; the node's own end says more than a log that could not be kept."""
    try:
        context.workspace.keep_log(context.pipeline, context.run, node.id)
    except StorageError as error:
        context.listener(events.NodeWarning(time.time(), node.id, f"The log was not kept: {error.message}"))


def _give_up(context: RunContext, turn: _Turn, state: NodeState, error: PenstockError) -> None:
    """Removes what was written and records the failure; whatever refuses, the first error is the one to tell."""
    cleared = False
    with suppress(StorageError):  # the next sweep tries again
        cleared = context.workspace.discard(turn.place, wait=_LETTING_GO_SECONDS)
    try:
        context.store.fail(turn.lease, state, error, cleared=cleared)
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
            with suppress(
                PenstockError
            ):  # a lost lease is told when the node publishes; a busy store, by the next beat
                self._store.heartbeat(self._lease)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
