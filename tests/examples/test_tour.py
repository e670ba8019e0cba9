"""The tour of the taxi example, executed as a reader would execute it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

TOUR = "tour.ipynb"


def taxi_project(repository: Path, trips: Path, directory: Path) -> Path:
    """The example in a directory of its own, with the real trips."""
    ignore = shutil.ignore_patterns(".penstock", "serving", "data", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(repository / "examples" / "chicago_taxi", directory, ignore=ignore)
    (directory / "data").mkdir()
    shutil.copy(trips, directory / "data" / "trips.csv")
    return directory


def shown(cell: Any) -> dict[str, str]:
    """What a cell shows last, by MIME type; an output that was replaced counts as it was at the end."""
    return dict(cell.outputs[-1].get("data", {"text/plain": cell.outputs[-1].get("text", "")}))


@pytest.mark.conformance
def test_the_tour_shows_every_view(
    repository: Path, taxi_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On real trips every cell of the tour runs, and shows a frame, its tables and the same as plain text."""
    directory = taxi_project(repository, taxi_csv, tmp_path / "taxi")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    notebook = nbformat.read(directory / TOUR, as_version=4)
    nbclient.NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(directory)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    progress = cells[0].outputs[0]["data"]["text/plain"]
    assert progress.startswith("chicago_taxi run "), progress
    assert ": complete in " in progress
    titles = [shown(cell)["text/plain"].partition("\n")[0] for cell in cells]
    assert titles[0].startswith("chicago_taxi, run ")
    assert titles[1:4] == ["Statistics", "Anomalies", "Evaluation"]
    assert titles[4].startswith("trip_start_hour=")
    assert titles[5:8] == ["Verdicts", "Evaluation", "Metrics over runs"]
    assert titles[8].startswith("Lineage of Model ")
    for cell in (*cells[:4], *cells[5:]):
        assert 'sandbox="allow-scripts"' in shown(cell)["text/html"]
    assert "baseline" in shown(cells[6])["text/html"]
    assert len([line for line in shown(cells[4])["text/plain"].splitlines() if "trip_start_hour=" in line]) == 3


def test_the_tour_is_committed_without_outputs(repository: Path) -> None:
    """What a run of the tour shows is not kept in the repository."""
    cells = nbformat.read(repository / "examples" / "chicago_taxi" / TOUR, as_version=4).cells
    assert [cell.id for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
