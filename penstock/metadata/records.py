"""What the store takes and gives: frozen values, no rows and no SQL."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from penstock.artifacts import Artifact
from penstock.events import NodeState, RunState
from penstock.gates import Verdict
from penstock.storage.input_files import InputFile

__all__ = [
    "Abandoned",
    "Answer",
    "CachedResult",
    "Collected",
    "Cost",
    "Derivation",
    "Edge",
    "Holder",
    "Holding",
    "KeyedExecution",
    "Lease",
    "Lineage",
    "LogLine",
    "Marked",
    "MetricRecord",
    "NewArtifact",
    "NodeRecord",
    "Pin",
    "Provenance",
    "Recovery",
    "RunRecord",
    "StoredArtifact",
    "StoredExecution",
    "VerdictRecord",
]


@dataclass(frozen=True)
class RunRecord:
    """A run of a pipeline.

    Attributes:
        id: Unique in the store.
        plan: The plan as a JSON value, or as its text. Listings (`Store.runs`) leave it and ``packages`` out: they are
            None there.
        dirty: Whether the git tree had changes that no commit holds; None outside of git.
        packages: The version of each installed package.
        owner: The process that drives it (`penstock.metadata.owners`); the store fills in this one where it is None.
        started_ms: Milliseconds since the epoch; the store fills it in where it is None.
        origin: None for a run of Penstock's own in this store; else which tool, or which imported file, it is from.
    """

    id: str
    pipeline: str
    plan: Any = None
    profile: str | None = None
    git_commit: str | None = None
    dirty: bool | None = None
    packages: Mapping[str, str] | None = None
    user: str | None = None
    penstock_version: str | None = None
    owner: str | None = None
    state: RunState = RunState.RUNNING
    started_ms: int | None = None
    ended_ms: int | None = None
    origin: str | None = None


@dataclass(frozen=True)
class NodeRecord:
    """A node of a run, as its last attempt left it.

    Attributes:
        execution_id: The attempt; None for a node that was never begun.
        reason: Why it was reused, skipped or failed.
        error: A `PenstockError` as JSON.
        blocked: Whether it is a gate that held the run back.
    """

    run_id: str
    node_id: str
    component: str
    state: NodeState
    execution_id: int | None = None
    reason: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None
    error: Mapping[str, Any] | None = None
    log: str | None = None
    blocked: bool = False
    note: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs, and for what never ran."""
        if self.started_ms is None or self.ended_ms is None:
            return None
        return (self.ended_ms - self.started_ms) / 1000


@dataclass(frozen=True)
class Lease:
    """The right to end an execution; it is lost where it is not renewed (`Store.heartbeat`) within ``seconds``."""

    execution_id: int
    fence: int
    run_id: str
    node_id: str
    seconds: float


@dataclass(frozen=True)
class Holder:
    """An execution that is computing what a cache key stands for."""

    execution_id: int
    run_id: str
    node_id: str


@dataclass(frozen=True)
class Abandoned:
    """Where a dead execution was writing: the directory or URI of its payloads, and its temporary directory."""

    execution_id: int
    uri: str
    temporary: str


@dataclass(frozen=True)
class NewArtifact:
    """An artifact to publish.

    Attributes:
        type: The name of its type.
        uri: Where its payload lies.
        properties: Values of properties that the type declares.
        custom_properties: Any others.
        digest: What identifies its content.
        size: Bytes of the payload.
        declares: The Python type of each property that the type declares; None for those of the `Artifact` subclass
            of that name, or if this process has none, of the properties given.
        base_type: One of MLMD's own types that the type is one of; found likewise where ``declares`` is None.
        algorithm: How the digest was made.
    """

    type: str
    uri: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    custom_properties: Mapping[str, Any] = field(default_factory=dict)
    digest: str | None = None
    size: int | None = None
    declares: Mapping[str, builtins.type] | None = None
    base_type: str | None = None
    algorithm: str = "sha256"

    @classmethod
    def of(
        cls, artifact: Artifact, *, digest: str | None = None, size: int | None = None, algorithm: str = "sha256"
    ) -> Self:
        """What is to be published of an artifact object."""
        kind = builtins.type(artifact)
        return cls(
            kind.type_name,
            artifact.uri,
            dict(artifact.properties),
            dict(artifact.custom_properties),
            digest,
            size,
            kind.declares,
            kind.base_type,
            algorithm,
        )


class Collected(NamedTuple):
    """What was done with a payload, each time in milliseconds since the epoch.

    Attributes:
        policy: What asked for it, as it was typed: ``store gc --older-than 30d``.
        bytes: What it held.
        stale_ms: Since then it must be rebuilt: rows that it was made from have been removed.
        marked_ms: Since then it is given out no more.
        deleted_ms: Since then it is gone.
    """

    policy: str
    bytes: int
    stale_ms: int | None = None
    marked_ms: int | None = None
    deleted_ms: int | None = None

    @property
    def words(self) -> str:
        """All of it in a few words."""
        at = self.deleted_ms or self.marked_ms or self.stale_ms or 0
        day = time.strftime("%Y-%m-%d", time.localtime(at / 1000))
        if self.deleted_ms is not None:
            return f"deleted on {day} by {self.policy}"
        if self.marked_ms is not None:
            return f"being deleted since {day} by {self.policy}"
        return f"made from rows that were removed on {day} by {self.policy}"


class Pin(NamedTuple):
    """That an artifact is to be kept, who asked for it and why."""

    artifact_id: int
    reason: str
    author: str
    at_ms: int


class Marked(NamedTuple):
    """A payload that is to be deleted, with the bytes that it holds."""

    artifact_id: int
    uri: str
    bytes: int


@dataclass(frozen=True)
class Holding:
    """A payload that lies in a root of ours.

    Attributes:
        id: Its artifact.
        execution_id: The execution that made it, in this run and for this node of this pipeline.
        used_ms: When it was last made, read, reused or handed on, in milliseconds since the epoch.
    """

    id: int
    type: str
    uri: str
    bytes: int
    digest: str
    execution_id: int
    run_id: str
    node_id: str
    pipeline: str
    used_ms: int


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact in the store.

    Attributes:
        state: ``LIVE``, ``DELETED`` ...: MLMD's name for it.
        execution_id: The execution that made it, where that is known; so for ``pipeline``, ``run_id``, ``node_id``.
        output: The name of the output it was published under.
        collected: What was done with its payload, if anything was.
        pin: That it is to be kept, if somebody asked for it.
    """

    id: int
    type: str
    uri: str
    state: str
    name: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    custom_properties: Mapping[str, Any] = field(default_factory=dict)
    digest: str | None = None
    algorithm: str | None = None
    size: int | None = None
    created_ms: int = 0
    updated_ms: int = 0
    execution_id: int | None = None
    pipeline: str | None = None
    run_id: str | None = None
    node_id: str | None = None
    output: str | None = None
    collected: Collected | None = None
    pin: Pin | None = None

    def load(self) -> Artifact:
        """The artifact as components see it; a type that this process does not know becomes a plain `Artifact`."""
        from penstock.artifacts import find_type

        properties, custom = dict(self.properties), dict(self.custom_properties)
        kind = find_type(self.type) or Artifact
        return kind(self.uri, properties=properties, custom_properties=custom, id=self.id)


@dataclass(frozen=True)
class StoredExecution:
    """An execution in the store, with the ids of the artifacts it read and made by the name of the input or output.

    Attributes:
        component: The name of its type.
        state: ``RUNNING``, ``COMPLETE``, ``CACHED`` ...: MLMD's name for it.
        source_id: The execution that did the work: another one where this one reused its results.
        parameters: As JSON values; empty for executions of other programs, whose properties are in ``properties``.
    """

    id: int
    component: str
    state: str
    inputs: Mapping[str, list[int]] = field(default_factory=dict)
    outputs: Mapping[str, list[int]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    custom_properties: Mapping[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    updated_ms: int = 0
    pipeline: str | None = None
    run_id: str | None = None
    node_id: str | None = None
    source_id: int | None = None
    key: str | None = None
    error: Mapping[str, Any] | None = None
    log: str | None = None
    blocked: bool = False
    note: str = ""


@dataclass(frozen=True)
class CachedResult:
    """What an execution with the same key has published already; every artifact of it is LIVE."""

    key: str
    execution_id: int
    run_id: str
    outputs: Mapping[str, list[StoredArtifact]]
    created_ms: int
    blocked: bool = False
    note: str = ""
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class KeyedExecution:
    """An execution of which it is known what its cache key was made of.

    Attributes:
        source_id: The execution that did the work: another one where this one reused its results.
        parts: By name, as `penstock.orchestration.key.key_parts` made them.
        state: ``COMPLETE``, ``CACHED``, ``FAILED`` ...: MLMD's name for it.
    """

    id: int
    source_id: int
    run_id: str
    node_id: str
    key: str
    parts: Mapping[str, Any]
    state: str


class Cost(NamedTuple):
    """What an execution took, in seconds, and wrote, in bytes."""

    seconds: float
    bytes: int


@dataclass(frozen=True)
class VerdictRecord:
    """A verdict and the node of the run that it stands for; ``execution_id`` is where it was first found."""

    node_id: str
    execution_id: int
    verdict: Verdict


class MetricRecord(NamedTuple):
    """A number that an execution recorded; NaN and infinities are kept."""

    name: str
    value: float
    step: int | None = None


@dataclass(frozen=True)
class LogLine:
    """A line of a run's log; ``node_id`` is None for what concerns the whole run."""

    at_ms: int
    level: str
    text: str
    node_id: str | None = None


@dataclass(frozen=True)
class Edge:
    """An execution read (``input``) or made (``output``) an artifact, under a name and at a place in its list."""

    artifact_id: int
    execution_id: int
    direction: Literal["input", "output"]
    key: str = ""
    index: int = 0


@dataclass(frozen=True)
class Lineage:
    """What an artifact was made from, or what was made from it: a graph of artifacts and executions."""

    root: int
    artifacts: Mapping[int, StoredArtifact]
    executions: Mapping[int, StoredExecution]
    edges: tuple[Edge, ...]


class Answer(NamedTuple):
    """A resolver's node found an artifact and handed it on to other nodes of its run."""

    artifact_id: int
    run_id: str
    node_id: str


@dataclass(frozen=True)
class Provenance:
    """What an execution depended on besides artifacts.

    Attributes:
        files: The input files that it was given, by parameter.
        parameters: The configuration, as JSON values.
        parts: What its cache key was made of, the digests of its code among it (`penstock.orchestration.key`); None
            where that is not known.
        git_commit: The project's commit when its run began.
        dirty: Whether the work tree differed from it.
    """

    files: Mapping[str, tuple[InputFile, ...]]
    parameters: Mapping[str, Any]
    parts: Mapping[str, Any] | None
    git_commit: str | None
    dirty: bool | None


class Derivation(NamedTuple):
    """An execution that did its work, with the artifacts that it read and made."""

    execution_id: int
    run_id: str
    node_id: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Recovery:
    """What `Store.recover` found dead and marked as failed."""

    executions: tuple[int, ...] = ()
    runs: tuple[str, ...] = ()
