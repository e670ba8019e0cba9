"""A toy project with the shapes of a real one, compiled, and run from the compiled file."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.orchestration.kubeflow.compile import Compiled, compile_project
from penstock.orchestration.project import load_project
from tests.orchestration.conftest import Scratch

PROFILES = """
profiles:
  local: {}
  kubeflow: {runner: kubeflow, image: "registry.example/toy:1", pipeline_root: "${ROOT}", metadata: "${STORE}"}
"""

SHAPES = """
@component
def Train(page: Input[HTML], model: Output[Model], *, times: int) -> None:
    print("training", times)
    model.path("weights").write_text(page.path("index.html").read_text() * times)

@component
def Judge(model: Input[Model], blessing: Output[ModelBlessing], baseline: Input[Model] | None = None) -> None:
    print("baseline", baseline and baseline.id)
    blessing.path("BLESSED").touch()
    blessing.custom_properties["blessed"] = 1

@component
def Push(model: Input[Model], blessing: Input[ModelBlessing], page: Output[HTML], *, to: Destination) -> None:
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    Path(to).write_text(model.path("weights").read_text())
    page.path("index.html").write_text(to)
---
page = Make(text=config["make"].get("text", "abc")).outputs["page"]
measured = Measure(page=page)
check = Check(page=page)
model = Train(page=page, times=measured.outputs["length"]).after(check).outputs["model"]
baseline = LatestBlessedModel(other_than=model).outputs["model"]
blessing = Judge(model=model, baseline=baseline).outputs["blessing"]
Push(model=model, blessing=blessing, to="pushed/model")
"""
"""A query, a value that becomes a parameter, an optional input, an edge without data, a gate, an outside effect."""


def compiled(project: Scratch, *overrides: str) -> Compiled:
    """The project compiled for its profile ``kubeflow``."""
    loaded = load_project(project.directory, overrides=overrides, profile="kubeflow", as_written=True)
    return compile_project(loaded)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """An empty project; what `penstock` remembers of projects goes to the test's directory as well."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = tmp_path / "toy"
    directory.mkdir()
    return Scratch(directory)
