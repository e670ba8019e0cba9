"""Pointers: what passes between tasks in place of payloads.

Kubeflow Pipelines copies every artifact into and out of every pod. So what it is given is a file of a few hundred
bytes, whose metadata names the artifact in our store and where its payload lies; nodes read it there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.errors import StoreError
from penstock.orchestration.kubeflow.executor import ExecutorInput
from penstock.orchestration.launcher import NodeOutcome
from penstock.orchestration.plan import PlanNode

if TYPE_CHECKING:
    from penstock.metadata.records import StoredArtifact
    from penstock.metadata.store import Store

__all__ = ["read_pointers", "write_pointers"]


def write_pointers(node: PlanNode, outcome: NodeOutcome, given: ExecutorInput) -> dict[str, dict[str, Any]]:
    """Writes a pointer for each output that Kubeflow asks for, and returns their metadata.

    An output without an artifact (of a node that was skipped, or a query without an answer) points to nothing.
    """
    pointers = {}
    for name in given.outputs:
        found = outcome.outputs.get(name)
        pointer = {"node": node.id, "output": name, "state": outcome.state.value}
        pointers[name] = pointer | (_metadata(found[0]) if found else {})
        file = given.output_path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(pointers[name], indent=1, sort_keys=True))
    return pointers


def _metadata(artifact: StoredArtifact) -> dict[str, Any]:
    return {
        "artifact_id": artifact.id,
        "artifact_type": artifact.type,
        "payload_uri": artifact.uri,
        "digest": artifact.digest or "",
        "size": artifact.size or 0,
        **{f"property_{name}": value for name, value in {**artifact.properties, **artifact.custom_properties}.items()},
    }


def read_pointers(
    node: PlanNode, outcomes: Mapping[str, NodeOutcome], given: ExecutorInput, store: Store
) -> dict[str, NodeOutcome]:
    """The outcomes of what a node waits for, with the artifacts that its pointers name.

    Args:
        node: The node that is to run.
        outcomes: What the store recorded of the run's nodes, without artifacts.
        given: What Kubeflow told the node's task.
        store: Where the artifacts are known.

    Raises:
        StoreError: A predecessor has not ended in this store, or an artifact is not that of the pointer.
    """
    upstream: dict[str, NodeOutcome] = {}
    for name in node.upstream:
        if name not in outcomes:
            raise StoreError(
                f"Node {node.id} waits for {name}, of which the metadata store {store.url} knows nothing in this run.",
                hint="Do all pods use the same store?",
                node=node.id,
            )
        upstream[name] = outcomes[name]
    for argument, source in {**node.inputs, **node.values}.items():
        artifact = _artifact(node, argument, given, store)
        before = upstream[source.node]
        outputs = {**before.outputs, source.output: [artifact] if artifact else []}
        upstream[source.node] = replace(before, outputs=outputs)
    return upstream


def _artifact(node: PlanNode, argument: str, given: ExecutorInput, store: Store) -> StoredArtifact | None:
    metadata = given.inputs.get(argument, {}).get("metadata", {})
    if "artifact_id" not in metadata:
        return None
    artifact = store.artifact(int(metadata["artifact_id"]))  # a number in JSON of protobuf's may be 3.0
    if (artifact.digest or "") != metadata["digest"] or artifact.uri != metadata["payload_uri"]:
        raise StoreError(
            f"Node {node.id}: artifact {artifact.id} of the metadata store {store.url} lies at {artifact.uri}, "
            f"but {argument} points to {metadata['payload_uri']}.",
            hint="Do all pods use the same store?",
            node=node.id,
            argument=argument,
        )
    return artifact
