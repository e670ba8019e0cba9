from __future__ import annotations

from pathlib import Path

from penstock.events import NodeState, RunState
from penstock.metadata import open_store
from tests.metadata.restoring import restored

FAILED, DONE = "2026-11-21T11:44:06.108847", "2026-11-21T11:46:59.955459"


def test_runs_of_tfx_show_like_our_own(tmp_path: Path) -> None:
    """A store that TFX made: its pipeline, two runs, each node's state, what reused what, and what read what."""
    path = restored("tfx_1_16.sql", tmp_path / "tfx.db")
    with open_store(f"sqlite:///{path}") as store:
        newest, oldest = store.runs()
        assert [(one.id, one.state, one.pipeline) for one in (oldest, newest)] == [
            (FAILED, RunState.FAILED, "chicago_taxi_native_keras"),
            (DONE, RunState.COMPLETE, "chicago_taxi_native_keras"),
        ]
        assert (newest.origin, newest.owner, newest.plan) == ("ml-metadata", None, None)
        assert (newest.ended_ms or 0) - (newest.started_ms or 0) == 40_544
        nodes = {one.node_id: one for one in store.nodes(DONE)}
        assert {name: one.state for name, one in nodes.items()} == {
            "CsvExampleGen": NodeState.REUSED,
            "latest_blessed_model_resolver": NodeState.COMPLETE,
            "StatisticsGen": NodeState.REUSED,
            "SchemaGen": NodeState.REUSED,
            "ExampleValidator": NodeState.REUSED,
            "Transform": NodeState.REUSED,
            "Trainer": NodeState.COMPLETE,
            "Evaluator": NodeState.COMPLETE,
            "Pusher": NodeState.COMPLETE,
        }
        assert nodes["latest_blessed_model_resolver"].component == "Resolver"
        assert store.execution(nodes["Transform"].execution_id or 0).source_id == 6
        trainer = store.execution(nodes["Trainer"].execution_id or 0)
        assert trainer.parameters["train_args"] == '{\n  "num_steps": 1000\n}'
        assert store.reads(DONE) == {
            "StatisticsGen": ["CsvExampleGen"],
            "SchemaGen": ["StatisticsGen"],
            "ExampleValidator": ["StatisticsGen", "SchemaGen"],
            "Transform": ["CsvExampleGen", "SchemaGen"],
            "Trainer": ["SchemaGen", "Transform"],
            "Evaluator": ["CsvExampleGen", "Trainer"],
            "Pusher": ["Trainer", "Evaluator"],
        }
        (pushed,) = store.artifacts(run=DONE, type="PushedModel")
        assert (pushed.node_id, pushed.output, pushed.run_id) == ("Pusher", "pushed_model", DONE)
        made_from = {one.type for one in store.lineage(pushed.id).artifacts.values()}
        assert made_from >= {"Model", "ModelBlessing", "TransformGraph", "Schema", "Examples"}
        assert {one.node_id: one.state for one in store.nodes(FAILED)}["Trainer"] is NodeState.FAILED


def test_what_tfx_made_is_never_taken_for_our_own(tmp_path: Path) -> None:
    """Its models have no digest, so nothing may depend on one: a resolver passes them over."""
    path = restored("tfx_1_16.sql", tmp_path / "tfx.db")
    with open_store(f"sqlite:///{path}") as store:
        assert store.artifacts(type="Model")
        assert store.resolve("chicago_taxi_native_keras", "Model") is None
        assert store.resolve("chicago_taxi_native_keras", "Model", blessed=True) is None
