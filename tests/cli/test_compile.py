from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

KUBEFLOW = "profiles.kubeflow={runner: kubeflow, image: i, pipeline_root: 'gs://b', metadata: '${STORE}'}"


def test_a_pipeline_is_compiled_to_a_file(invoke: Invoke, runnable: Path, tmp_path: Path) -> None:
    """The file is written and named; what the pods need besides is told on standard error."""
    pytest.importorskip("kfp", reason="Compiling needs the extra kubeflow.")
    file = tmp_path / "out.yaml"
    arguments = ["compile", runnable, "--set", KUBEFLOW, "--profile", "kubeflow"]
    done = invoke(*arguments, "-o", file)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"{file}: ")
    assert "STORE" in done.stderr
    assert invoke(*arguments, "-o", "-").stdout == file.read_text()
    assert "penstock.orchestration.kubeflow.launch" in file.read_text()


def test_a_profile_of_this_machine_is_refused(invoke: Invoke, runnable: Path) -> None:
    """Compiling for a local profile is a mistake of usage that names the way out."""
    done = invoke("compile", runnable)
    assert done.exit_code == 2
    assert "--profile NAME" in done.stderr


def test_a_place_that_cannot_be_written_is_told(invoke: Invoke, runnable: Path, tmp_path: Path) -> None:
    """A file in a directory that is not there is an error with its path, not a traceback."""
    pytest.importorskip("kfp", reason="Compiling needs the extra kubeflow.")
    place = tmp_path / "missing" / "out.yaml"
    done = invoke("compile", runnable, "--set", KUBEFLOW, "--profile", "kubeflow", "-o", place)
    assert done.exit_code != 0
    assert str(place) in done.stderr
    assert "Traceback" not in done.stderr
