"""Runs a compiled pipeline task by task, as Kubeflow Pipelines would: from the file alone, each task as a process.

It knows nothing of Penstock. What a task is told and what it answers goes through Kubeflow's own messages, in which a
field that they don't have is an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # what Kubeflow reads the file with
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb


@dataclass
class Task:
    """How one task ended."""

    code: int | None  # none: it was never started, because a task before it failed
    output: str = ""
    answer: pb.ExecutorOutput = field(default_factory=pb.ExecutorOutput)

    def metadata(self, artifact: str) -> dict[str, Any]:
        """What is known of an output artifact."""
        known: dict[str, Any] = json_format.MessageToDict(self.answer.artifacts[artifact].artifacts[0].metadata)
        return known


def parse(text: str) -> tuple[pb.PipelineSpec, dict[str, Any]]:
    """The pipeline's specification, and the executors' Kubernetes settings; an unknown field is an error."""
    spec, *platforms = list(yaml.safe_load_all(text))
    executors: dict[str, Any] = {}
    for document in platforms:
        platform = json_format.ParseDict(document, pb.PlatformSpec())
        for name, config in platform.platforms["kubernetes"].deployment_spec.executors.items():
            executors[name] = json_format.ParseDict(
                json_format.MessageToDict(config), kubernetes_executor_config_pb2.KubernetesExecutorConfig()
            )
    return json_format.ParseDict(spec, pb.PipelineSpec()), executors


class IrRunner:
    """Runs the tasks of one pipeline, again and again; each run has an id of its own.

    Args:
        text: The compiled file.
        directory: The working directory of the tasks, which in a pod is its image's.
        root: Where outputs of tasks are to lie: a directory, or one in a bucket.
        secret: What the secret holds; a task gets the keys that the file gives it.
        disks: Each task gets a directory in it for its own disk, so that tasks share nothing else.
    """

    def __init__(self, text: str, directory: Path, root: str, secret: Mapping[str, str], disks: Path) -> None:
        self.spec, self.executors = parse(text)
        self.directory = directory
        self.root = root
        self.secret = dict(secret)
        self.disks = disks
        self.run_id = ""
        self.tasks: dict[str, Task] = {}

    def run(self, *, only: int | None = None) -> dict[str, Task]:
        """Runs all tasks one after another (or the first ``only``), each when those it depends on have ended."""
        self.run_id, self.tasks = str(uuid.uuid4()), {}
        waiting = dict(self.spec.root.dag.tasks)
        while waiting and (only is None or len(self.tasks) < only):
            name = next(name for name in sorted(waiting) if self._needs(waiting[name]) <= self.tasks.keys())
            self.run_task(name)
            del waiting[name]
        return self.tasks

    def run_task(self, name: str) -> Task:
        """Runs one task of the current run, again if need be."""
        spec = self.spec.root.dag.tasks[name]
        assert not spec.caching_options.enable_cache
        if any(self.tasks[before].code != 0 for before in self._needs(spec)):
            self.tasks[name] = Task(None)
        else:
            self.tasks[name] = self._finished(name, self.executor_input(name))
        return self.tasks[name]

    def executor_input(self, name: str) -> pb.ExecutorInput:
        """What a task of the current run is told."""
        spec = self.spec.root.dag.tasks[name]
        component = self.spec.components[spec.component_ref.name]
        place = f"{self.root}/{self.run_id}/{name}"
        told = pb.ExecutorInput()
        for key, source in spec.inputs.parameters.items():
            given = self.spec.root.input_definitions.parameters[source.component_input_parameter]
            told.inputs.parameter_values[key].CopyFrom(given.default_value)
        for key, artifact in spec.inputs.artifacts.items():
            before = self.tasks[artifact.task_output_artifact.producer_task].answer
            made = before.artifacts[artifact.task_output_artifact.output_artifact_key]
            wanted = component.input_definitions.artifacts[key].artifact_type.schema_title
            assert [one.type.schema_title for one in made.artifacts] == [wanted]
            told.inputs.artifacts[key].CopyFrom(made)
        for key, output in component.output_definitions.artifacts.items():
            one = told.outputs.artifacts[key].artifacts.add()
            one.name, one.uri = f"{name}-{key}", f"{place}/{key}"
            one.type.CopyFrom(output.artifact_type)
        for key in component.output_definitions.parameters:
            told.outputs.parameters[key].output_file = f"{place}/parameter-{key}"
        told.outputs.output_file = f"{place}/executor-output.json"
        return told

    def start(self, name: str, told: pb.ExecutorInput) -> subprocess.Popen[str]:
        """Starts a task of the current run."""
        component = self.spec.components[self.spec.root.dag.tasks[name].component_ref.name]
        deployment = json_format.MessageToDict(self.spec.deployment_spec)
        container = deployment["executors"][component.executor_label]["container"]
        placeholders = {
            "{{$}}": json_format.MessageToJson(told, indent=None),
            "{{$.pipeline_job_uuid}}": self.run_id,
        }
        arguments = [placeholders.get(one, one) for one in [*container["command"], *container["args"]]]
        assert not [one for one in arguments if one.startswith("{{")]
        assert arguments[0] == "python3"
        config = self.executors.get(component.executor_label)
        given = [pair.env_var for one in config.secret_as_env for pair in one.key_to_env] if config else []
        disk = self._disk(name)
        disk.mkdir(parents=True, exist_ok=True)
        own = {"TMPDIR": str(disk), "XDG_CACHE_HOME": str(disk / "cache"), "XDG_STATE_HOME": str(disk / "state")}
        return subprocess.Popen(
            # In a pod, buckets stand at /; here several pods share that.
            [sys.executable, *arguments[1:], "--buckets", str(disk)],
            cwd=self.directory,
            env={**os.environ, **own, **{variable: self.secret[variable] for variable in given}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _finished(self, name: str, told: pb.ExecutorInput) -> Task:
        component = self.spec.components[self.spec.root.dag.tasks[name].component_ref.name]
        with self.start(name, told) as process:
            output, _ = process.communicate()
        task = Task(process.returncode, output)
        file = self._local(name, told.outputs.output_file)
        if task.code == 0:
            json_format.Parse(file.read_text(), task.answer)
            assert task.answer.artifacts.keys() == component.output_definitions.artifacts.keys()
            assert task.answer.parameter_values.keys() == component.output_definitions.parameters.keys()
            for key, listed in task.answer.artifacts.items():
                (one,) = listed.artifacts
                payload = json.loads(self._local(name, one.uri).read_text())
                assert payload == json_format.MessageToDict(one.metadata), key
        return task

    def _needs(self, spec: pb.PipelineTaskSpec) -> set[str]:
        read = {one.task_output_artifact.producer_task for one in spec.inputs.artifacts.values()}
        return {*spec.dependent_tasks, *read}

    def _disk(self, task: str) -> Path:
        return self.disks / self.run_id / task

    def _local(self, task: str, uri: str) -> Path:
        """The file on a task's disk that stands for a URI, as Kubeflow has it."""
        return self._disk(task) / "s3" / uri.removeprefix("s3://") if uri.startswith("s3://") else Path(uri)
