"""The worker of ``ml_metadata``, in an environment of its own: mlmd_store.py PATH."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ml_metadata
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb
from store_worker import CONTEXTS, INPUTS, OUTPUTS, artifact_values, contexts_of, execution_values, measured, serve

FIELDS = {int: "int_value", float: "double_value", str: "string_value"}
KINDS = {int: pb.INT, float: pb.DOUBLE, str: pb.STRING}
HOPS_OF_AN_EXECUTION = 2  # to it, and on to what it read


class Client:
    """The real client on one SQLite file, in the fastest of its ways."""

    def __init__(self, path: Path) -> None:
        config = pb.ConnectionConfig()
        config.sqlite.filename_uri = str(path)
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self._store = metadata_store.MetadataStore(config)
        artifact_type = _declare(pb.ArtifactType(name="Made"), artifact_values(0, 0))
        self._artifact_type = self._store.put_artifact_type(artifact_type)
        execution_type = _declare(pb.ExecutionType(name="Step"), execution_values(0))
        self._execution_type = self._store.put_execution_type(execution_type)
        self._contexts = [self._context(f"context{at}") for at in range(2 * CONTEXTS)]
        made = self._store.get_artifacts()
        self._number = (len(made) - INPUTS) // OUTPUTS if made else 0
        sources = [pb.Artifact(type_id=self._artifact_type, uri=f"/source/{at}") for at in range(INPUTS)]
        last = sorted(one.id for one in made)[-OUTPUTS:][:INPUTS]
        self._last = last or list(self._store.put_artifacts(sources))

    def put(self, count: int) -> dict[str, Any]:
        """Puts executions, each after the last one."""
        return measured(self._put, count)

    def lineage(self, depth: int, times: int, fields: list[str]) -> dict[str, Any]:
        """The ancestors of the newest artifact."""
        query = pb.LineageSubgraphQueryOptions(
            starting_artifacts=pb.LineageSubgraphQueryOptions.StartingNodes(filter_query=f"id = {self._last[0]}"),
            max_num_hops=depth * HOPS_OF_AN_EXECUTION,
            direction=pb.LineageSubgraphQueryOptions.Direction.UPSTREAM,
        )
        graph = self._store.get_lineage_subgraph(query, fields)
        taken = measured(lambda: self._store.get_lineage_subgraph(query, fields), times)
        found = {"artifacts": len(graph.artifacts), "executions": len(graph.executions), "events": len(graph.events)}
        return {**taken, **found}

    def _context(self, name: str) -> pb.Context:
        type_id = self._store.put_context_type(pb.ContextType(name="Group"))
        known = self._store.get_context_by_type_and_name("Group", name)
        if known is None:
            self._store.put_contexts([pb.Context(type_id=type_id, name=name)])
            known = self._store.get_context_by_type_and_name("Group", name)
        return known

    def _put(self) -> None:
        self._number += 1
        execution = pb.Execution(type_id=self._execution_type, last_known_state=pb.Execution.COMPLETE)
        _fill(execution, execution_values(self._number))
        pairs = [(None, _event(pb.Event.INPUT, "in", at, one)) for at, one in enumerate(self._last)]
        for at in range(OUTPUTS):
            uri = f"/made/{self._number}/{at}"
            artifact = pb.Artifact(type_id=self._artifact_type, uri=uri, state=pb.Artifact.LIVE)
            _fill(artifact, artifact_values(self._number, at))
            pairs.append((artifact, _event(pb.Event.OUTPUT, "out", at)))
        contexts = contexts_of(self._number, self._contexts)
        _, ids, _ = self._store.put_execution(execution, pairs, contexts, force_reuse_context=True)
        self._last = ids[INPUTS : 2 * INPUTS]


def _declare(kind: Any, values: dict[str, Any]) -> Any:
    for name, value in values.items():
        kind.properties[name] = KINDS[type(value)]
    return kind


def _fill(node: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(node.properties[name], FIELDS[type(value)], value)


def _event(kind: int, key: str, index: int, artifact_id: int | None = None) -> pb.Event:
    event = pb.Event(type=kind, artifact_id=artifact_id)
    event.path.steps.add().key = key
    event.path.steps.add().index = index
    return event


if __name__ == "__main__":
    client = Client(Path(sys.argv[1]))
    serve({"put": client.put, "lineage": client.lineage}, version=ml_metadata.__version__)
