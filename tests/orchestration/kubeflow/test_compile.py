from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("kfp", reason="Compiling needs the extra kubeflow.")

import yaml  # type: ignore[import-untyped]  # what Kubeflow reads the file with
from google.protobuf import json_format

from penstock.errors import ConfigError, UsageError
from penstock.orchestration.kubeflow import compile as compile_module
from penstock.orchestration.plan import Plan, make_plan
from penstock.orchestration.project import load_project
from tests.orchestration.conftest import Scratch
from tests.orchestration.kubeflow.conftest import PROFILES, SHAPES, compiled
from tests.orchestration.kubeflow.ir_runner import parse


def test_the_file_holds_what_kubeflow_knows_and_the_whole_plan(toy: Scratch) -> None:
    """No field is unknown to Kubeflow, there is a task for each node, and the plan comes back as it was."""
    result = compiled(toy.write(SHAPES, config=PROFILES))
    spec, executors = parse(result.text)
    tasks = spec.root.dag.tasks
    assert {task.task_info.name: name for name, task in tasks.items()} == result.tasks
    parameters = spec.root.input_definitions.parameters
    project = load_project(toy.directory, profile="kubeflow", as_written=True)
    read = Plan.from_json(json.loads(parameters["penstock_plan"].default_value.string_value))
    assert read == make_plan(project.pipeline, project.directory)
    assert result.notes == (
        "The pods need the Kubernetes secret 'penstock' with: ROOT, STORE.",
        "Push.to (pushed/model) lies in the pod and is lost with it: name a volume that stays.",
    )
    assert len(executors) == len(tasks)
    (secret,) = executors["exec-train"].secret_as_env
    assert secret.secret_name == "penstock"
    assert [pair.env_var for pair in secret.key_to_env] == ["ROOT", "STORE"]


def test_edges_come_from_what_is_read_and_waited_for(toy: Scratch) -> None:
    """Inputs, values and `after` become edges; Kubeflow's cache is off; gates say whether they block, as a text."""
    spec, _ = parse(compiled(toy.write(SHAPES, config=PROFILES)).text)
    tasks = spec.root.dag.tasks
    train = tasks["train"]
    assert sorted(train.dependent_tasks) == ["check", "make", "measure"]
    sources = {name: one.task_output_artifact for name, one in train.inputs.artifacts.items()}
    assert {name: (one.producer_task, one.output_artifact_key) for name, one in sources.items()} == {
        "page": ("make", "page"),
        "times": ("measure", "length"),
    }
    assert not [name for name, task in tasks.items() if task.caching_options.enable_cache]
    gates = {name for name, one in spec.components.items() if one.output_definitions.parameters}
    assert gates == {"comp-check"}
    blocked = spec.components["comp-check"].output_definitions.parameters["penstock_blocked"]
    assert json_format.MessageToDict(blocked) == {"parameterType": "STRING"}
    types = spec.components["comp-train"].output_definitions.artifacts
    assert types["model"].artifact_type.schema_title == "system.Model"


def test_equal_projects_give_equal_text(toy: Scratch, tmp_path: Path) -> None:
    """Neither the place of the project, nor hash seeds, nor the environment are in the file; a parameter is."""
    toy.write(SHAPES, config=PROFILES)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    code = (
        "import sys; from penstock.orchestration.project import load_project as load;"
        "from penstock.orchestration.kubeflow.compile import compile_project;"
        "print(compile_project(load(sys.argv[1], profile='kubeflow', as_written=True)).text, end='')"
    )
    other = Scratch(moved).write(SHAPES, config=PROFILES)
    done = subprocess.run(
        [sys.executable, "-c", code, str(other.directory)],
        env={**os.environ, "ROOT": "/never", "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == compiled(toy).text
    assert compiled(toy, "make.text=other").text != done.stdout
    assert str(tmp_path) not in done.stdout


@pytest.mark.parametrize(
    ("profile", "message", "key"),
    [
        ('{runner: local, image: i, pipeline_root: "gs://b"}', "runs on 'local'", "runner"),
        ('{runner: kubeflow, pipeline_root: "gs://b", metadata: m}', "no image", "image"),
        ("{runner: kubeflow, image: i, metadata: m}", "other pods don't see", "pipeline_root"),
        ("{runner: kubeflow, image: i, pipeline_root: here, metadata: m}", "other pods don't see", "pipeline_root"),
        ('{runner: kubeflow, image: i, pipeline_root: "gs://b"}', "cannot be shared by pods", "metadata"),
        ('{runner: kubeflow, image: i, pipeline_root: /b, metadata: "x://me:hunter2@host/db"}', "password", "metadata"),
        (
            '{runner: kubeflow, image: i, pipeline_root: /b, metadata: "postgresql://h/db?password=hunter2"}',
            "password",
            "metadata",
        ),
    ],
)
def test_what_pods_cannot_do_with_is_refused(toy: Scratch, profile: str, message: str, key: str) -> None:
    """A profile that lacks something, or that would only work on one machine, is refused by its place in the file."""
    toy.write("---\nMake()\n", config=f"profiles:\n  p: {profile}\n")
    with pytest.raises(ConfigError, match=message) as refused:
        compile_module.compile_project(load_project(toy.directory, profile="p", as_written=True))
    assert refused.value.line == 3
    assert refused.value.key == f"profiles.p.{key}"
    assert refused.value.hint
    assert "hunter2" not in str(refused.value)


def test_a_password_in_a_variable_stays_there(toy: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a variable holds on the machine that compiles is not in the file; the variable's name is."""
    monkeypatch.setenv("STORE", "postgresql://me:hunter2@host/db")
    text = compiled(toy.write("---\nMake()\n", config=PROFILES)).text
    assert "hunter2" not in text
    assert "${STORE}" in text


def test_a_plan_that_no_process_can_be_told_is_refused(toy: Scratch) -> None:
    """A parameter of a hundred thousand bytes is refused when compiling, not by the pod."""
    toy.write(f"---\nMake(text={'x' * 100_000!r})\n", config=PROFILES)
    with pytest.raises(UsageError, match=r"is 10\d,\d\d\d bytes long"):
        compiled(toy)


def test_without_kfp_it_says_what_to_install(toy: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kfp is not installed, the error names the extra."""
    toy.write("---\nMake()\n", config=PROFILES)
    monkeypatch.setitem(sys.modules, "kfp", None)
    with pytest.raises(UsageError, match="needs kfp") as refused:
        compiled(toy)
    assert "penstock[kubeflow]" in str(refused.value.hint)


def test_pods_need_no_kfp() -> None:
    """What runs in a pod imports neither kfp nor anything that computes before the node does."""
    code = "import sys, penstock.orchestration.kubeflow.launch; print(*{m.split('.')[0] for m in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert {"kfp", "kubernetes", "tensorflow", "apache_beam", "pandas"}.isdisjoint(done.stdout.split())
    assert "penstock" in done.stdout.split()


def test_the_file_is_readable_as_kubeflow_reads_it(toy: Scratch) -> None:
    """One document for the pipeline, one for Kubernetes, names that both take."""
    documents = list(yaml.safe_load_all(compiled(toy.write(SHAPES, config=PROFILES, name="My_Toy.1")).text))
    assert [sorted(one) for one in documents] == [
        ["components", "deploymentSpec", "pipelineInfo", "root", "schemaVersion", "sdkVersion"],
        ["platforms"],
    ]
    assert documents[0]["pipelineInfo"]["name"] == "my-toy-1"
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in documents[0]["root"]["dag"]["tasks"])
