"""The worker of Penstock's store: penstock_store.py PATH."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from store_worker import CONTEXTS, INPUTS, OUTPUTS, artifact_values, contexts_of, execution_values, measured, serve

from penstock.metadata import open_store
from penstock.metadata.executions import Attempt
from penstock.metadata.mlmd.links import Event, EventType, associate, attribute, put_events
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState, insert
from penstock.metadata.mlmd.queries import find
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import Kind
from penstock.metadata.records import Lease, NewArtifact, RunRecord


class Ours:
    """The same work as the client's, in one transaction of Penstock's store, with the same rows."""

    def __init__(self, path: Path) -> None:
        self._store = open_store(f"sqlite:///{path}")
        with self._store.database.write() as transaction:
            for kind, name, values in (
                (TypeKind.ARTIFACT, "Made", artifact_values(0, 0)),
                (TypeKind.EXECUTION, "Step", execution_values(0)),
                (TypeKind.CONTEXT, "Group", {}),
            ):
                declared = {key: Kind.of(type(value)) for key, value in values.items()}
                put_type(transaction, Type(kind, name, declared))
            contexts = find(transaction, Context, type="Group")
            if not contexts:
                contexts = insert(
                    transaction, [Context(type="Group", name=f"context{at}") for at in range(2 * CONTEXTS)]
                )
            made = find(transaction, Artifact, type="Made")
            if not made:
                made = insert(transaction, [Artifact(type="Made", uri=f"/source/{at}") for at in range(INPUTS)])
        self._contexts = [one.id or 0 for one in contexts]
        self._number = (len(made) - INPUTS) // OUTPUTS
        self._last = [one.id or 0 for one in made][-OUTPUTS:][:INPUTS]

    def put(self, count: int, *, durable: bool = False) -> dict[str, Any]:
        """Puts executions, each after the last one."""
        return measured(lambda: self._put(durable=durable), count)

    def node(self, count: int) -> dict[str, Any]:
        """Begins, keeps alive and publishes nodes of a run, and takes the time of each step."""
        run = f"run{self._number}.{time.time_ns()}"
        self._store.begin_run(RunRecord(run, "benchmark"))
        leases: list[Lease] = []
        inputs = {"in": list(self._last)}

        def begin() -> None:
            node = f"node{len(leases)}"
            places = (f"/payloads/{run}/{node}", f"/temporary/{run}/{node}")
            attempt = Attempt(
                *(run, node, "Step", inputs, execution_values(0)), key=f"{run}.{node}", places=lambda _: places
            )
            lease = self._store.claim(attempt)
            assert isinstance(lease, Lease)
            leases.append(lease)

        def publish() -> None:
            lease = next(ending)
            new = [
                NewArtifact("Made", f"/made/{run}/{lease.node_id}/{at}", artifact_values(0, at), digest=f"{run}{at}")
                for at in range(OUTPUTS)
            ]
            self._store.publish(lease, outputs={"out": new}, key=f"{run}.{lease.node_id}")

        began = measured(begin, count)
        kept, ending = iter(leases), iter(leases)
        return {
            "begin, which waits for the disk": began,
            "heartbeat": measured(lambda: self._store.heartbeat(next(kept)), count),
            "publish": measured(publish, count),
            "log line": measured(lambda: self._store.log(run, None, "info", "a line"), count),
        }

    def lineage(self, depth: int | None, times: int) -> dict[str, Any]:
        """The ancestors of the newest artifact."""
        graph = self._store.lineage(self._last[0], "up", depth=depth)
        taken = measured(lambda: self._store.lineage(self._last[0], "up", depth=depth), times)
        found = {"artifacts": len(graph.artifacts), "executions": len(graph.executions), "events": len(graph.edges)}
        return {**taken, **found}

    def _put(self, *, durable: bool) -> None:
        self._number += 1
        number = self._number
        with self._store.database.write(durable=durable) as transaction:
            properties = execution_values(number)
            execution = Execution(type="Step", state=ExecutionState.COMPLETE, properties=properties)
            (execution_id,) = (one.id or 0 for one in insert(transaction, [execution]))
            outputs = [
                Artifact(
                    type="Made",
                    uri=f"/made/{number}/{at}",
                    state=ArtifactState.LIVE,
                    properties=artifact_values(number, at),
                )
                for at in range(OUTPUTS)
            ]
            made = [one.id or 0 for one in insert(transaction, outputs)]
            read = [Event(one, execution_id, EventType.INPUT, ("in", at)) for at, one in enumerate(self._last)]
            wrote = [Event(one, execution_id, EventType.OUTPUT, ("out", at)) for at, one in enumerate(made)]
            put_events(transaction, [*read, *wrote])
            contexts = contexts_of(number, self._contexts)
            associate(transaction, contexts, [execution_id])
            attribute(transaction, contexts, [*self._last, *made])
        self._last = made[:INPUTS]


if __name__ == "__main__":
    ours = Ours(Path(sys.argv[1]))
    serve({"put": ours.put, "node": ours.node, "lineage": ours.lineage})
