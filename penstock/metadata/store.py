"""The metadata store: what runs, executions and artifacts there are, and how they hang together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from penstock.errors import PenstockError
from penstock.events import NodeState, RunState
from penstock.gates import Verdict
from penstock.metadata import (
    artifacts,
    claims,
    executions,
    history,
    leases,
    lineage,
    moves,
    places,
    provenance,
    recovery,
    results,
    runs,
    setup,
)
from penstock.metadata.database import Database
from penstock.metadata.executions import Attempt
from penstock.metadata.owners import process_owner
from penstock.metadata.records import (
    Abandoned,
    Answer,
    CachedResult,
    Cost,
    Holder,
    KeyedExecution,
    Lease,
    Lineage,
    LogLine,
    MetricRecord,
    NewArtifact,
    NodeRecord,
    Provenance,
    Recovery,
    RunRecord,
    StoredArtifact,
    StoredExecution,
    VerdictRecord,
)
from penstock.metadata.retention import Retention
from penstock.storage.input_files import FileFacts

__all__ = ["Store", "open_store", "store_exists"]

LEASE_SECONDS = 60.0


def open_store(url: str, *, read_only: bool = False, create: bool = True) -> Store:
    """Opens a metadata store and makes it if there is none.

    Args:
        url: ``sqlite:///path/metadata.db``, or ``postgresql://user@host:port/database`` for a database that is there.
        read_only: Refuse to write; then it must be there.
        create: Make it, and for SQLite its directory, if there is none.

    Raises:
        StoreError: It is no store, is of a newer version, cannot be written, or is not there and not to be made.
    """
    return Store(setup.opened(url, read_only=read_only, create=create))


def store_exists(url: str) -> bool:
    """Whether there is a store at a URL; what is there may still be refused.

    Raises:
        StoreError: It is no URL of a store, or its server cannot be reached.
    """
    return setup.exists(url)


class Store:
    """A metadata store that is open; a context manager. Threads of one process may share it.

    Every method is one transaction: it happens as a whole, or raises a `StoreError` and changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def retention(self) -> Retention:
        """What is kept of payloads, and what is let go."""
        return Retention(self.database)

    @property
    def url(self) -> str:
        """The URL it was opened with, without its password."""
        return self.database.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self.database.close()

    # Writes of the launcher.

    def begin_run(self, run: RunRecord) -> None:
        """Records that a run has begun."""
        with self.database.write() as transaction:
            runs.begin(transaction, run)

    def join_run(self, run: RunRecord) -> bool:
        """Begins a run that several processes work on, each for itself, unless one of them has; says whether it did.

        A run that had ended goes on. One of another pipeline is a `StoreError`.
        """
        with self.database.write() as transaction:
            return runs.join(transaction, run)

    def end_run(self, run_id: str, state: RunState) -> None:
        """Records how a run ended."""
        with self.database.write() as transaction:
            runs.end(transaction, run_id, state)

    def begin_execution(  # noqa: PLR0913 - what is known of an execution when it begins
        self,
        run_id: str,
        node_id: str,
        component: str,
        *,
        inputs: Mapping[str, Sequence[int]] | None = None,
        parameters: Mapping[str, Any] | None = None,
        key: str | None = None,
        owner: str | None = None,
        log: str | None = None,
        reason: str = "",
        lease_seconds: float = LEASE_SECONDS,
    ) -> Lease:
        """Records that a node begins to run and leases the execution to its owner, who must keep renewing it.

        Args:
            run_id: A run that has begun.
            node_id: The node in its pipeline.
            component: The component's name; it becomes MLMD's type of the execution.
            inputs: Ids of the artifacts it reads, by input.
            parameters: JSON values.
            key: The cache key, if it has one.
            owner: The process that works on it; this one where it is None (`penstock.metadata.owners`).
            log: The file that takes its output.
            reason: Why it runs and is not reused.
            lease_seconds: How long the lease lasts without a heartbeat.
        """
        attempt = Attempt(run_id, node_id, component, inputs or {}, parameters or {}, key, log, reason)
        with self.database.write() as transaction:
            return executions.begin(transaction, attempt, owner or process_owner(), lease_seconds)

    def claim(
        self,
        attempt: Attempt,
        *,
        known: int | None = None,
        alone: bool = True,
        lease_seconds: float = LEASE_SECONDS,
    ) -> Lease | Holder | None:
        """Begins an execution as `begin_execution` does, unless another one computes the same key at this moment.

        What was begun survives a power loss, so that whatever is written from then on is known to the store.

        Args:
            attempt: What is to begin. Without a key it always begins.
            alone: False to begin in any case.
            known: The execution whose result the key leads to, as far as the caller knows and cannot use it.
            lease_seconds: How long the lease lasts without a heartbeat.

        Returns:
            The lease; or who computes the key; or nothing if a result has been published that the caller does not
            know, and should look at.
        """
        with self.database.write(durable=True) as transaction:
            if attempt.key is None or not alone:
                return executions.begin(transaction, attempt, process_owner(), lease_seconds)
            return claims.claim(transaction, attempt, process_owner(), lease_seconds, known)

    def forget_places(self, execution_ids: Iterable[int]) -> None:
        """Forgets where dead executions were writing, once nothing is there any more."""
        with self.database.write() as transaction:
            places.forget(transaction, execution_ids)

    def heartbeat(self, lease: Lease) -> None:
        """Keeps a lease for another ``lease.seconds``; a lost one is a `StoreError`."""
        with self.database.write() as transaction:
            leases.renew(transaction, lease)

    def publish(
        self,
        lease: Lease,
        *,
        outputs: Mapping[str, Sequence[NewArtifact]],
        key: str | None = None,
        measured: str | None = None,
        verdicts: Iterable[Verdict] = (),
        metrics: Iterable[tuple[str, float, int | None]] = (),
        blocked: bool = False,
        note: str = "",
    ) -> dict[str, list[StoredArtifact]]:
        """Publishes what an execution made and ends it as COMPLETE.

        Args:
            lease: The right to do so; it is given back.
            outputs: The artifacts by output; they become LIVE.
            key: Under which the results may be reused; None if never.
            measured: A second key, under which they are found by an execution that measures the same and only judges
                it anew.
            verdicts: What the checks of a gate found.
            metrics: Numbers that it recorded: name, value and step, as in `MetricRecord`.
            blocked: Whether it is a gate that holds the run back.
            note: A short sentence for people.

        Returns:
            The artifacts with their ids.

        Raises:
            StoreError: The lease is lost, or a value cannot be stored. Then nothing is written.
        """
        with self.database.write() as transaction:
            stored = results.publish(
                transaction,
                lease,
                outputs,
                key=key,
                verdicts=verdicts,
                metrics=metrics,
                blocked=blocked,
                note=note,
            )
            if measured is not None:
                results.put_key(transaction, measured, lease.execution_id)
            return stored

    def fail(
        self,
        lease: Lease,
        state: NodeState = NodeState.FAILED,
        error: PenstockError | None = None,
        *,
        cleared: bool = False,
    ) -> None:
        """Ends an execution as FAILED or CANCELED, and says why; ``cleared`` says that it left nothing behind."""
        with self.database.write() as transaction:
            executions.fail(transaction, lease, state, error, cleared=cleared)

    def reuse(  # noqa: PLR0913 - the same
        self,
        run_id: str,
        node_id: str,
        component: str,
        key: str,
        cached: CachedResult,
        reason: str = "",
        *,
        inputs: Mapping[str, Sequence[int]] | None = None,
        parameters: Mapping[str, Any] | None = None,
        log: str | None = None,
    ) -> int | None:
        """Records that a node takes the results of an earlier execution instead of running.

        Args:
            run_id: A run that has begun.
            node_id: The node in its pipeline.
            component: The component's name.
            key: The cache key.
            cached: What `find_cached` found under the key.
            reason: Why it is reused.
            inputs: What the node would have read; if None, it and the parameters are the earlier execution's.
            parameters: As for `begin_execution`.
            log: The file that would have taken its output.

        Returns:
            The id of the execution that stands for the reuse; None, and nothing is recorded, if a result is no
            longer LIVE.
        """
        attempt = Attempt(run_id, node_id, component, inputs or {}, parameters or {}, key, log)
        with self.database.write() as transaction:
            return results.reuse(transaction, attempt, cached, reason, as_before=inputs is None)

    def answer(
        self,
        run_id: str,
        node_id: str,
        component: str,
        key: str,
        *,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, Sequence[StoredArtifact]],
        reason: str = "",
    ) -> bool | None:
        """Records what a resolver's query found: artifacts that are there already, or none.

        Returns:
            Whether the same key was answered before, so that this answer counts as reused; None, and nothing is
            recorded, if an answer is no longer LIVE.
        """
        attempt = Attempt(run_id, node_id, component, inputs, key=key)
        with self.database.write() as transaction:
            return results.answer(transaction, attempt, outputs, reason)

    def skip(
        self,
        run_id: str,
        node_id: str,
        component: str,
        reason: str,
        *,
        state: NodeState = NodeState.SKIPPED,
        error: PenstockError | None = None,
    ) -> None:
        """Records that a node of a run was never begun: skipped, canceled, or failed before it could be."""
        with self.database.write() as transaction:
            runs.pipeline_of(transaction, run_id)
            at, facts = transaction.now, None if error is None else json.loads(json.dumps(error.to_json(), default=str))
            runs.put_node(transaction, NodeRecord(run_id, node_id, component, state, None, reason, None, at, facts))

    def put_key(
        self, key: str, parts: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Keeps what a cache key was made of; ``sources`` are the digests within source files, by the file's digest."""
        with self.database.write() as transaction:
            history.put_key(transaction, key, parts, sources or {})

    def move_artifacts(self, uris: Mapping[int, str], roots: Mapping[str, str]) -> None:
        """Writes where payloads lie now whose root was moved, by artifact, and the logs with them: old root to new."""
        with self.database.write() as transaction:
            moves.move(transaction, uris, roots)

    def remember_files(self, digests: Mapping[FileFacts, str]) -> None:
        """Keeps the digests of input files with what the file system says of them."""
        with self.database.write() as transaction:
            history.remember_files(transaction, digests)

    def log(self, run_id: str, node_id: str | None, level: str, text: str) -> None:
        """Adds a line to a run's log."""
        with self.database.write() as transaction:
            runs.add_log(transaction, run_id, node_id, level, text)

    def recover(self, now: int | None = None) -> Recovery:
        """Marks as failed what dead processes left running; ``now`` is in milliseconds since the epoch."""
        return recovery.recover(self.database, now)

    # Reads.

    def find_cached(self, key: str) -> CachedResult | None:
        """The results published under a key, if every artifact of them is still LIVE."""
        with self.database.read() as transaction:
            return results.find_cached(transaction, key)

    def artifacts_outside(self, root: str) -> dict[int, str]:
        """The URIs of LIVE artifacts that do not lie in a root, by id; those of other programs are left out."""
        with self.database.read() as transaction:
            return moves.outside(transaction, root)

    def was_answered(self, key: str) -> bool:
        """Whether a resolver's query with this key, which its answer is part of, was answered before."""
        with self.database.read() as transaction:
            return results.was_answered(transaction, key)

    def keyed_executions(
        self,
        *,
        pipeline: str | None = None,
        node: str | None = None,
        component: str | None = None,
        before: int | None = None,
        limit: int = 1,
    ) -> list[KeyedExecution]:
        """Executions whose key's parts are known and that fit every condition, the newest first.

        ``before`` is an execution's id: only earlier ones.
        """
        with self.database.read() as transaction:
            return history.executions(
                transaction, pipeline=pipeline, node=node, component=component, before=before, limit=limit
            )

    def sources(self, digests: Iterable[str]) -> dict[str, dict[str, str]]:
        """The digests of the names in source files, by the digest of the file."""
        with self.database.read() as transaction:
            return history.sources(transaction, digests)

    def costs(self, pipeline: str, node: str, *, limit: int = 9) -> list[Cost]:
        """What the last executions of a node took and wrote, the newest first; those that reused do not count."""
        with self.database.read() as transaction:
            return history.costs(transaction, pipeline, node, limit)

    def recall_files(self, facts: Iterable[FileFacts]) -> dict[str, str]:
        """The digests of those input files of which every fact is as it was when they were read, by path."""
        with self.database.read() as transaction:
            return history.recall_files(transaction, facts)

    def holder(self, key: str) -> Holder | None:
        """Who computes a key at this moment."""
        with self.database.read() as transaction:
            return claims.holder(transaction, key)

    def abandoned(self) -> list[Abandoned]:
        """Where executions were writing whose process is surely gone; `recover` first."""
        with self.database.read() as transaction:
            return places.abandoned(transaction)

    def places_in_use(self) -> list[str]:
        """Where every artifact lies that is not deleted, and where attempts write that have published nothing yet."""
        with self.database.read() as transaction:
            return places.in_use(transaction)

    def runs(self, pipeline: str | None = None, *, limit: int = 50, offset: int = 0) -> list[RunRecord]:
        """Runs, the newest first, without their plans and packages."""
        with self.database.read() as transaction:
            return runs.listing(transaction, pipeline, limit, offset)

    def run(self, run_id: str = "latest", *, pipeline: str | None = None) -> RunRecord:
        """The run of that id, or of the only one that begins so, or ``latest``; no such run is a `UsageError`."""
        with self.database.read() as transaction:
            return runs.find(transaction, run_id, pipeline)

    def nodes(self, run_id: str) -> list[NodeRecord]:
        """The nodes of a run in the order they began."""
        with self.database.read() as transaction:
            return runs.nodes(transaction, run_id)

    def reads(self, run_id: str) -> dict[str, list[str]]:
        """Of which other nodes of a run each node read something, for those that did."""
        with self.database.read() as transaction:
            return runs.reads(transaction, run_id)

    def logs(self, run_id: str, node_id: str | None = None, *, limit: int = 1000) -> list[LogLine]:
        """The last lines of a run's log, or of one of its nodes, the oldest first."""
        with self.database.read() as transaction:
            return runs.log(transaction, run_id, node_id, limit)

    def artifacts(
        self,
        *,
        type: str | None = None,
        run: str | None = None,
        pipeline: str | None = None,
        node: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[StoredArtifact]:
        """Artifacts that fit every condition given, the newest first; run, pipeline and node say what put them out."""
        with self.database.read() as transaction:
            return artifacts.listing(
                transaction, type=type, run=run, pipeline=pipeline, node=node, limit=limit, offset=offset
            )

    def artifact(self, artifact_id: int) -> StoredArtifact:
        """The artifact of that id; an unknown one is a `UsageError`."""
        with self.database.read() as transaction:
            return artifacts.artifact(transaction, artifact_id)

    def execution(self, execution_id: int) -> StoredExecution:
        """The execution of that id; an unknown one is a `UsageError`."""
        with self.database.read() as transaction:
            return artifacts.execution(transaction, execution_id)

    def lineage(self, artifact_id: int, direction: lineage.Direction = "up", *, depth: int | None = None) -> Lineage:
        """What an artifact was made from (``up``), or what was made from it, at most ``depth`` executions away."""
        with self.database.read() as transaction:
            return lineage.trace(transaction, artifact_id, direction, depth)

    def provenance(self, execution_ids: Iterable[int]) -> dict[int, Provenance]:
        """What executions depended on besides artifacts: input files, code, parameters, commit; by execution."""
        with self.database.read() as transaction:
            return provenance.read(transaction, execution_ids)

    def answers(self, artifact_ids: Iterable[int]) -> list[Answer]:
        """The resolvers that found artifacts and handed them on to other nodes of their runs."""
        with self.database.read() as transaction:
            return provenance.answers(transaction, artifact_ids)

    def named(self, name: str) -> list[int]:
        """The artifacts at a URI, the newest first, or else those of a type that the latest run made or reused."""
        with self.database.read() as transaction:
            return artifacts.named(transaction, name)

    def verdicts(self, run_id: str) -> list[VerdictRecord]:
        """What the gates of a run found; for a gate that was reused, what it found when it ran."""
        with self.database.read() as transaction:
            return results.verdicts(transaction, run_id)

    def metrics(self, execution_id: int) -> list[MetricRecord]:
        """The numbers that an execution recorded, or for one that was reused, when it ran; in the order recorded."""
        with self.database.read() as transaction:
            return results.metrics(transaction, execution_id)

    def resolve(
        self,
        pipeline: str,
        type: str,
        *,
        blessed: bool = False,
        other_than: StoredArtifact | None = None,
        predecessor: bool = False,
        window: bool = False,
    ) -> StoredArtifact | None:
        """The newest LIVE artifact of a type in a pipeline, or the one blessed last; see `artifacts.resolve`."""
        with self.database.read() as transaction:
            return artifacts.resolve(
                transaction,
                pipeline,
                type,
                blessed=blessed,
                other_than=other_than,
                predecessor=predecessor,
                window=window,
            )
