"""Runs in an environment of its own that holds the ``ml_metadata`` client: reads a store, or writes into one.

Usage: mlmd_client.py PATH dump | lookups | write | tfx_run | delete ID | downgrade VERSION
Prints a JSON value. Knows nothing of Penstock.
"""

# The client has no types, and is not in the environment that is checked.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN003, ANN201

from __future__ import annotations

import base64
import json
import sys

from google.protobuf import any_pb2, json_format, struct_pb2
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

KINDS = {"int": 1, "double": 0.125, "string": 'a "b" \\c', "bool": True}


def value_of(value):
    """A property's value as [kind, JSON value]."""
    kind = value.WhichOneof("value")
    if kind == "struct_value":
        return ["struct", json_format.MessageToDict(value.struct_value)]
    if kind == "proto_value":
        return ["proto", [value.proto_value.type_url, base64.b64encode(value.proto_value.value).decode()]]
    return [kind.removesuffix("_value"), getattr(value, kind)]


def values_of(properties):
    return {name: value_of(properties[name]) for name in sorted(properties)}


def type_of(one, base):
    properties = {name: int(one.properties[name]) for name in sorted(one.properties)}
    return {"id": one.id, "name": one.name, "version": one.version, "properties": properties, "base": base}


def node_of(one, **more):
    return {
        "id": one.id,
        "type": one.type,
        "name": one.name,
        "external_id": one.external_id,
        "properties": values_of(one.properties),
        "custom_properties": values_of(one.custom_properties),
        "created": one.create_time_since_epoch,
        "updated": one.last_update_time_since_epoch,
        **more,
    }


def event_of(one):
    path = [step.key if step.WhichOneof("value") == "key" else step.index for step in one.path.steps]
    return [one.artifact_id, one.execution_id, int(one.type), path, one.milliseconds_since_epoch]


def dump(store):
    """Everything that the client can read, in one order."""
    seeds = ["DATASET", "MODEL", "METRICS", "STATISTICS"]
    bases = {
        number: f"mlmd.{name.capitalize()}"
        for name, number in pb.ArtifactType.SystemDefinedBaseType.items()
        if name in seeds
    }
    artifacts = sorted(store.get_artifacts(), key=lambda one: one.id)
    executions = sorted(store.get_executions(), key=lambda one: one.id)
    contexts = sorted(store.get_contexts(), key=lambda one: one.id)
    events = store.get_events_by_execution_ids([one.id for one in executions]) if executions else []
    return {
        "artifact_types": sorted(
            (type_of(one, bases.get(one.base_type)) for one in store.get_artifact_types()),
            key=lambda one: one["id"],
        ),
        "execution_types": sorted(
            (type_of(one, None) for one in store.get_execution_types()), key=lambda one: one["id"]
        ),
        "context_types": sorted((type_of(one, None) for one in store.get_context_types()), key=lambda one: one["id"]),
        "artifacts": [node_of(one, uri=one.uri, state=int(one.state)) for one in artifacts],
        "executions": [node_of(one, state=int(one.last_known_state)) for one in executions],
        "contexts": [node_of(one) for one in contexts],
        "events": sorted(event_of(one) for one in events),
        "attributions": sorted(
            [context.id, one.id] for context in contexts for one in store.get_artifacts_by_context(context.id)
        ),
        "associations": sorted(
            [context.id, one.id] for context in contexts for one in store.get_executions_by_context(context.id)
        ),
        "parents": sorted(
            [context.id, one.id] for context in contexts for one in store.get_parent_contexts_by_context(context.id)
        ),
    }


def ids(nodes):
    return sorted(one.id for one in nodes)


def lookups(store):
    """What people ask the client for: by type, name, uri, context, external id, filter, and lineage."""
    options = metadata_store.ListOptions
    pushed = store.get_artifacts_by_type("PushedModel")[-1]
    query = pb.LineageSubgraphQueryOptions(
        starting_artifacts=pb.LineageSubgraphQueryOptions.StartingNodes(filter_query=f"id = {pushed.id}"),
        max_num_hops=20,
        direction=pb.LineageSubgraphQueryOptions.Direction.UPSTREAM,
    )
    graph = store.get_lineage_subgraph(query, ["artifacts", "executions", "events"])
    run = store.get_context_by_type_and_name("pipeline_run", "r1")
    return {
        "by_type": {name: ids(store.get_artifacts_by_type(name)) for name in ("Examples", "Model", "PushedModel")},
        "by_uri": ids(store.get_artifacts_by_uri("/p/3")),
        "by_type_and_name": store.get_artifact_by_type_and_name("Thing", "named").uri,
        "by_external_id": ids(store.get_artifacts_by_external_ids(["ext"])),
        "by_run": ids(store.get_artifacts_by_context(run.id)),
        "executions_by_run": ids(store.get_executions_by_context(run.id)),
        "pipeline_of_run": [one.name for one in store.get_parent_contexts_by_context(run.id)],
        "contexts_of_model": sorted(
            one.name for one in store.get_contexts_by_artifact(store.get_artifacts_by_uri("/p/3")[0].id)
        ),
        "blessed": ids(store.get_artifacts(options(filter_query="custom_properties.blessed.int_value = 1"))),
        "in_pipeline": ids(
            store.get_artifacts(
                options(filter_query="contexts_c.name = 'taxi' AND contexts_c.type = 'pipeline' AND state = LIVE")
            )
        ),
        "with_events": ids(store.get_artifacts(options(filter_query="events_0.type = INPUT AND type = 'Model'"))),
        "by_double": ids(store.get_artifacts(options(filter_query="custom_properties.double.double_value > 0.1"))),
        "failed": ids(store.get_executions(options(filter_query="last_known_state = FAILED"))),
        "newest": [
            one.id
            for one in store.get_artifacts(options(limit=2, order_by=metadata_store.OrderByField.ID, is_asc=False))
        ],
        "lineage": {
            "artifacts": ids(graph.artifacts),
            "executions": ids(graph.executions),
            "events": sorted([one.artifact_id, one.execution_id, int(one.type)] for one in graph.events),
        },
    }


def fill(node):
    """Gives a node every kind of property, declared and not."""
    for name, value in KINDS.items():
        setattr(node.properties[name], f"{name}_value", value)
        setattr(node.custom_properties[f"my_{name}"], f"{name}_value", value)
    node.properties["struct"].struct_value.CopyFrom(
        json_format.ParseDict({"a": [1, None, {"b": "x"}]}, struct_pb2.Struct())
    )
    node.properties["proto"].proto_value.CopyFrom(any_pb2.Any(type_url="type.googleapis.com/t", value=b"\x00\xff"))


def declare(kind, name):
    declared = kind(name=name)
    for property_name, number in {"int": 1, "double": 2, "string": 3, "struct": 4, "proto": 5, "bool": 6}.items():
        declared.properties[property_name] = number
    return declared


def write(store):
    """A type of each kind, an execution with input, output and contexts, and changes to what is there already."""
    artifact_type = declare(pb.ArtifactType, "ClientArtifact")
    artifact_type.base_type = pb.ArtifactType.MODEL
    artifact_type_id = store.put_artifact_type(artifact_type)
    execution_type_id = store.put_execution_type(declare(pb.ExecutionType, "ClientExecution"))
    context_type_id = store.put_context_type(declare(pb.ContextType, "ClientContext"))
    contexts = [pb.Context(type_id=context_type_id, name=name) for name in ("outer", "inner")]
    execution = pb.Execution(type_id=execution_type_id, last_known_state=pb.Execution.COMPLETE, external_id="client")
    made = pb.Artifact(type_id=artifact_type_id, uri="/client", state=pb.Artifact.LIVE, name="made by the client")
    for node in (contexts[0], execution, made):
        fill(node)
    pairs = [(made, pb.Event(type=pb.Event.OUTPUT))]
    pairs[0][1].path.steps.add().key = "out"
    pairs[0][1].path.steps.add().index = 0
    there = [one for one in store.get_artifacts() if one.type != "ClientArtifact"]
    if there:
        there[0].custom_properties["touched"].string_value = "by the client"
        event = pb.Event(type=pb.Event.INPUT)
        event.path.steps.add().key = "in"
        pairs.append((there[0], event))
    store.put_execution(execution, pairs, contexts)
    outer, inner = (store.get_context_by_type_and_name("ClientContext", name).id for name in ("outer", "inner"))
    store.put_parent_contexts([pb.ParentContext(child_id=inner, parent_id=outer)])
    return dump(store)


def tfx_run(store):
    """A run as TFX writes it: three executions in the contexts of a pipeline, a run and a node; the last one goes on.

    Done again, the last one ends.
    """
    kinds = {name: store.put_context_type(pb.ContextType(name=name)) for name in ("pipeline", "pipeline_run", "node")}
    maker = store.put_execution_type(pb.ExecutionType(name="tfx.components.made.component.Made"))
    made = store.put_artifact_type(pb.ArtifactType(name="Examples"))
    there = [one for one in store.get_executions() if one.type == "tfx.components.made.component.Made"]
    if there:
        last = max(there, key=lambda one: one.id)
        last.last_known_state = pb.Execution.COMPLETE
        store.put_executions([last])
        return last.id
    pipeline = pb.Context(type_id=kinds["pipeline"], name="elsewhere")
    run = pb.Context(type_id=kinds["pipeline_run"], name="tfx-run")
    below = []
    for number, state in enumerate((pb.Execution.COMPLETE, pb.Execution.CACHED, pb.Execution.RUNNING)):
        node = pb.Context(type_id=kinds["node"], name=f"elsewhere.Node{number}")
        pairs = [(one, pb.Event(type=pb.Event.INPUT)) for one in below]
        if number < 2:
            artifact = pb.Artifact(type_id=made, uri=f"/tfx/{number}", state=pb.Artifact.LIVE)
            pairs.append((artifact, pb.Event(type=pb.Event.OUTPUT)))
        execution = pb.Execution(type_id=maker, last_known_state=state)
        execution.custom_properties["steps"].int_value = number
        _, artifacts, contexts = store.put_execution(execution, pairs, [pipeline, run, node])
        below = [one for one in store.get_artifacts_by_id(artifacts) if one.uri == f"/tfx/{number}"]
        pipeline, run = store.get_contexts_by_id(contexts[:2])
    store.put_parent_contexts([pb.ParentContext(child_id=run.id, parent_id=pipeline.id)])
    return run.id


def delete(store, artifact_id):
    """Says of an artifact that it is deleted."""
    (one,) = store.get_artifacts_by_id([int(artifact_id)])
    one.state = pb.Artifact.DELETED
    return store.put_artifacts([one])


if __name__ == "__main__":
    path, act, *arguments = sys.argv[1:]
    config = pb.ConnectionConfig()
    if path.startswith("{"):
        for name, value in json.loads(path).items():
            setattr(config.postgresql, name, value)
        config.postgresql.ssloption.sslmode = "disable"
        KINDS["string"] = 'a "b" c'  # with a backslash it builds SQL that PostgreSQL does not understand
    else:
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    if act == "downgrade":
        metadata_store.downgrade_schema(config, int(arguments[0]))
        print("null")
    else:
        acts = {"dump": dump, "lookups": lookups, "write": write, "tfx_run": tfx_run, "delete": delete}
        print(json.dumps(acts[act](metadata_store.MetadataStore(config), *arguments)))
