from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import penstock
from penstock.artifacts import HTML, Model, Schema
from penstock.errors import UsageError
from penstock.gates import Verdict
from penstock.metadata.records import StoredArtifact
from penstock.ui.notebook import Verdicts, explorer, latest_run, metrics_over_runs
from tests.ui.conftest import Journal, planned
from tests.views.test_evaluation import written

Displayed = Callable[[Any], dict[str, str]]


@pytest.fixture
def project(tmp_path: Path, journal: Journal) -> Path:
    """A project whose store is the journal's."""
    (tmp_path / "pipeline.yaml").write_text(
        f"name: toy\nprofiles:\n  local: {{pipeline_root: .penstock, metadata: '{journal.url}'}}\n"
    )
    return tmp_path


def test_an_artifact_is_a_frame_with_tables_and_text_beside_it(displayed: Displayed, tmp_path: Path) -> None:
    """A cell holds the whole page in a sandboxed frame, tables for readers that strip frames, and plain text."""
    shown = displayed(written(tmp_path))
    assert set(shown) == {"text/plain", "text/html"}
    assert shown["text/plain"].startswith("Evaluation\n")
    assert "hour=5" in shown["text/plain"]
    html = shown["text/html"]
    assert '<iframe class="penstock-frame" sandbox="allow-scripts"' in html
    before, _, page = html.partition('srcdoc="')
    assert "<table>" in before
    assert "Content-Security-Policy" in page
    assert '"' not in page.partition('"></iframe>')[0]
    assert "http://" not in before


def test_what_cannot_be_shown_says_why(displayed: Displayed, tmp_path: Path) -> None:
    """Of an artifact whose payload is gone the cell says so; no traceback."""
    shown = displayed(Schema(str(tmp_path / "gone"), id=7))
    assert set(shown) == {"text/plain"}
    assert shown["text/plain"].startswith("Schema(uri=")
    assert "gone" in shown["text/plain"].partition("\n")[2]


def test_a_type_without_a_view_shows_its_files(displayed: Displayed, tmp_path: Path) -> None:
    """Files with their sizes and the properties that are set are shown of any artifact."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "weights").write_bytes(b"123")
    text = displayed(Model(str(tmp_path), custom_properties={"note": "<b>best</b>"}, id=3))["text/plain"]
    assert "Model 3" in text
    assert "sub/weights      3" in text
    assert "<b>best</b>" in text


def test_a_page_of_a_component_stands_in_a_sandbox(displayed: Displayed, tmp_path: Path) -> None:
    """An HTML artifact is its page, in a frame that cannot see the notebook."""
    (tmp_path / "index.html").write_text('<b title="a">5 % paid in cash</b>')
    html = displayed(HTML(str(tmp_path)))["text/html"]
    assert 'sandbox="allow-scripts"' in html
    assert "&lt;b title=&quot;a&quot;&gt;5 % paid in cash&lt;/b&gt;" in html


def test_verdicts_and_components_are_shown(displayed: Displayed) -> None:
    """What failed comes first; a component shows what it reads, takes and makes."""
    verdicts = Verdicts((Verdict("auc", "pass"), Verdict("auc max_drop", "fail", "hour=4", 0.7, 0.8, ">=", n=12)))
    text = displayed(verdicts)["text/plain"]
    assert text.index("auc max_drop") < text.index("auc           pass")
    assert displayed(verdicts.failing[0])["text/plain"].splitlines()[0] == "Verdicts"
    text = displayed(penstock.Trainer)["text/plain"]
    for word in ("Trainer", "transform_graph", "optional", "module_file", "model_run"):
        assert word in text


def test_the_reason_that_held_a_run_back_comes_first(
    displayed: Displayed, project: Path, chain: dict[str, StoredArtifact]
) -> None:
    """`latest_run` gives nodes by name and their artifacts by output; shown, it begins with what failed."""
    run = latest_run("toy", project=project)
    assert list(run) == ["Make", "Check", "Push"]
    assert run["Make"]["page"].id == chain["Make"].id
    assert [one.check for one in run.verdicts.failing] == ["depth"]
    text = displayed(run)["text/plain"]
    assert text.splitlines()[0] == "toy, run r1"
    assert text.index("depth on hour=4 failed.") < text.index("Make")
    assert "2 rows" in text
    html = displayed(run)["text/html"]
    assert "Check: complete" in html.partition("srcdoc=")[2]
    assert "length" in displayed(run["Check"])["text/plain"]


def test_lineage_is_shown_up_and_down(displayed: Displayed, project: Path, chain: dict[str, StoredArtifact]) -> None:
    """Of an artifact in the middle both what it was made from and what became of it are drawn."""
    run = latest_run(project=project)
    text = displayed(run.lineage(run["Check"]["page"]))["text/plain"]
    for one in chain.values():
        assert f"{one.type} {one.id}" in text
    with pytest.raises(UsageError, match="is in no store"):
        run.lineage(Model("/nowhere"))


@pytest.mark.usefixtures("chain")
def test_names_that_are_not_there_offer_the_nearest(project: Path) -> None:
    """An unknown pipeline, node or output is an error that says what there is."""
    run = latest_run(project=project)
    with pytest.raises(UsageError, match="no node 'Chek'") as found:
        _ = run["Chek"]
    assert "'Check'" in str(found.value.hint)
    with pytest.raises(UsageError, match="no output 'pag'"):
        _ = run["Make"]["pag"]
    with pytest.raises(UsageError, match="another"):
        latest_run("another", project=project)


def test_metrics_are_shown_over_runs(displayed: Displayed, project: Path, journal: Journal, tmp_path: Path) -> None:
    """Evaluations of several runs stand side by side, oldest first; one that is damaged is named and left out."""
    files = {one.name: one.read_text() for one in Path(written(tmp_path / "e").uri).iterdir()}
    for run, content in (("r1", files), ("r2", {"results.json": "{"}), ("r3", files)):
        journal.finish(journal.start(journal.begin(run, planned("Make")), "Make"), content, type="ModelEvaluation")
        journal.end(run)
    text = displayed(metrics_over_runs(project=project))["text/plain"]
    assert "run r2 cannot be read" in text
    assert text.index("\nr1 ") < text.index("\nr3 ")


def test_a_selection_comes_back(tmp_path: Path) -> None:
    """The widget holds the view's model and script; what is selected in it is a value in Python."""
    widget = explorer(written(tmp_path))
    assert widget.data["metrics"] == ["example_count", "auc"]
    assert widget.selection == {}
    told = []
    widget.observe(lambda change: told.append(change["new"]), "selection")
    widget.set_state({"selection": {"name": "hour=4"}})
    assert told == [{"name": "hour=4"}]
    widget.close()
