from __future__ import annotations

from pathlib import Path

import pytest

import penstock
from penstock.errors import UsageError
from penstock.events import NodeEnded, NodeProgress, NodeStarted, NodeState, RunEnded, RunStarted, RunState
from penstock.orchestration.run_view import RunView
from penstock.ui.notebook.running import _bundle


def test_progress_is_a_line_for_each_node_and_one_at_the_end() -> None:
    """While a run goes on each node has its state and how far it is; then only how it ended is left."""
    view = RunView()
    assert _bundle(view)["text/plain"] == "Planning …"
    view(RunStarted(1.0, "r1", "toy", {"Make": [], "<b>": ["Make"]}))
    view(NodeStarted(1.0, "Make", "log"))
    view(NodeProgress(1.5, "Make", 3, 10, "rows"))
    shown = _bundle(view)
    assert "3 of 10 rows" in shown["text/plain"]
    assert "pending" in shown["text/plain"]
    assert 'value="0.300"' in shown["text/html"]
    assert "&lt;b&gt;" in shown["text/html"]
    view(NodeEnded(2.0, "Make", NodeState.FAILED, 1.0))
    view(RunEnded(2.0, "r1", RunState.FAILED, 1.0, {"Make": NodeState.FAILED}))
    assert _bundle(view)["text/plain"] == "toy run r1: failed in 1.0 s"


@pytest.mark.component
def test_a_pipeline_of_a_cell_is_run_and_reused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, penguins_csv: Path
) -> None:
    """Without a project results lie in .penstock; up to a node only what it needs is run, and the rest later reused."""
    monkeypatch.chdir(tmp_path)
    with penstock.Pipeline("birds") as pipeline:
        examples = penstock.CsvExampleGen(input_base=str(penguins_csv), splits={"train": 2, "eval": 1})
        statistics = penstock.StatisticsGen(examples=examples.outputs["examples"])
        penstock.SchemaGen(statistics=statistics.outputs["statistics"])
    first = penstock.run(pipeline, until="StatisticsGen")
    assert list(first) == ["CsvExampleGen", "StatisticsGen"]
    assert (tmp_path / ".penstock" / "metadata.db").is_file()
    second = penstock.run(pipeline)
    assert [node.record.state for node in second.nodes.values()] == ["reused", "reused", "complete"]
    assert second["CsvExampleGen"]["examples"].id == first["CsvExampleGen"]["examples"].id
    with pytest.raises(UsageError, match="no node 'Statistics'"):
        penstock.run(pipeline, until="Statistics")
    with pytest.raises(UsageError, match=r"no pipeline\.yaml"):
        penstock.run(pipeline, overrides=["a.b=1"])
