"""A store of its own for each test, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.events import RunState
from penstock.metadata import Store, open_store
from penstock.metadata.records import NewArtifact, RunRecord, StoredArtifact
from tests.metadata.databases import BOTH, new_url

Publish = Callable[..., dict[str, list[StoredArtifact]]]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made: in a new file, and as a conformance test in a new database of PostgreSQL."""
    return new_url(request, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store with the run ``r1`` of the pipeline ``taxi`` begun."""
    with open_store(url) as opened:
        opened.begin_run(RunRecord("r1", "taxi"))
        yield opened


@pytest.fixture
def publish(store: Store) -> Publish:
    """Begins and publishes an execution: ``publish("Trainer", {"model": [NewArtifact(...)]}, inputs={...})``."""

    def run(
        component: str,
        outputs: Mapping[str, Sequence[NewArtifact]],
        *,
        inputs: Mapping[str, Sequence[int]] | None = None,
        run_id: str = "r1",
        **rest: Any,
    ) -> dict[str, list[StoredArtifact]]:
        lease = store.begin_execution(run_id, component.lower(), component, inputs=inputs or {})
        return store.publish(lease, outputs=outputs, **rest)

    return run


@pytest.fixture
def taxi(store: Store, publish: Publish) -> dict[str, StoredArtifact]:
    """The run ``r1``, complete: examples to a blessed and pushed model, by the name of each output."""
    examples = publish("ExampleGen", {"examples": [NewArtifact("Examples", "/p/1", {"span": 0}, digest="e1")]})
    made = {"examples": examples["examples"][0]}

    def add(component: str, output: str, new: NewArtifact, *reads: str) -> None:
        outputs = publish(component, {output: [new]}, inputs={name: [made[name].id] for name in reads})
        made[output] = outputs[output][0]

    add("Transform", "transform_graph", NewArtifact("TransformGraph", "/p/2", digest="t1"), "examples")
    add("Trainer", "model", NewArtifact("Model", "/p/3", digest="m1"), "examples", "transform_graph")
    blessing = NewArtifact("ModelBlessing", "/p/4", custom_properties={"blessed": 1}, digest="b1")
    add("Evaluator", "blessing", blessing, "examples", "model")
    add("Pusher", "pushed_model", NewArtifact("PushedModel", "/p/5", digest="p1"), "model", "blessing")
    store.end_run("r1", RunState.COMPLETE)
    return made
