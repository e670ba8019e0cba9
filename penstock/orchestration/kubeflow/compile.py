"""Compiling a plan to Kubeflow Pipelines' IR: a container task for each node, edges from what it reads and waits for.

The tasks hold no logic: each starts `penstock.orchestration.kubeflow.launch`, which decides about reuse and gates as
on any other platform. Kubeflow's own cache is switched off; it knows neither our store nor our keys.
"""

from __future__ import annotations

import inspect
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.config import Config, Profile
from penstock.errors import ConfigError, UsageError
from penstock.metadata.location import has_password
from penstock.orchestration.kubeflow.contract import BLOCKED, PLAN, PROFILE, task_names
from penstock.orchestration.plan import Plan, PlanNode, make_plan
from penstock.orchestration.project import Project

__all__ = ["SECRET", "Compiled", "compile_project"]

SECRET = "penstock"  # noqa: S105  # the name of the Kubernetes secret, not what it holds
"""Name of the Kubernetes secret whose keys are the variables that the profile names."""

_LAUNCH = ["python3", "-P", "-m", "penstock.orchestration.kubeflow.launch"]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# The whole executor input is one argument of a process, of which Linux takes no more than 131,072 bytes.
_LONGEST = 96_000
_KINDS = {
    "Examples": "system.Dataset",
    "Model": "system.Model",
    "PushedModel": "system.Model",
}
_VERSION = "0.0.1"


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline.

    Attributes:
        text: The file: YAML, the pipeline's specification and, where it needs one, that for Kubernetes.
        tasks: The name of each node's task.
        variables: Variables that the pods need, from the Kubernetes secret `SECRET`.
        notes: What the pods must find or will lose, a sentence each, for a person to read.
    """

    text: str
    tasks: Mapping[str, str]
    variables: tuple[str, ...]
    notes: tuple[str, ...]


def compile_project(project: Project) -> Compiled:
    """Compiles a project that was loaded ``as_written``; equal projects give equal text.

    Raises:
        ConfigError: The profile is none for Kubeflow, or lacks what pods need.
        UsageError: kfp is not installed, or the plan is too long.
    """
    profile = _checked(project.config)
    plan = make_plan(project.pipeline, project.directory)
    where = {key: getattr(profile, key) for key in ("name", "runner", "pipeline_root", "metadata", "beam")}
    parameters = {PLAN: _canonical(plan.to_json()), PROFILE: _canonical(where)}
    length = sum(map(len, parameters.values()))
    if length > _LONGEST:
        raise UsageError(
            f"The plan of {plan.pipeline} is {length:,} bytes long; a pod can be told {_LONGEST:,}.",
            hint="Give long parameters as files of the project.",
        )
    variables = tuple(sorted(set(_VARIABLE.findall(parameters[PROFILE]))))
    tasks = task_names(node.id for node in plan.nodes)
    documents = _documents(plan, tasks, parameters, str(profile.image), variables)
    return Compiled(_yaml(plan, documents), tasks, variables, tuple(_notes(project, plan, variables)))


def _checked(config: Config) -> Profile:
    profile = config.profile

    def wrong(key: str, message: str, hint: str) -> ConfigError:
        keys = ("profiles", profile.name, key)
        return ConfigError(message, hint=hint, key=".".join(keys), **config.origin(keys).facts())

    if profile.runner != "kubeflow":
        hint = "Choose a profile with runner: kubeflow (--profile NAME)."
        raise wrong("runner", f"The profile {profile.name!r} runs on {profile.runner!r}.", hint)
    if not profile.image:
        hint = "Add image: with a container image that holds Penstock and, as its working directory, the project."
        raise wrong("image", f"The profile {profile.name!r} names no image for the pods.", hint)
    if not re.match(r"[a-z][a-z0-9+]*://|/|\$\{", profile.pipeline_root):
        message = f"pipeline_root: {profile.pipeline_root} is a directory of one machine, which other pods don't see."
        raise wrong("pipeline_root", message, "Use a bucket, or the absolute path of a volume that every pod mounts.")
    if profile.metadata.startswith("sqlite:"):
        message = "metadata: a file of SQLite cannot be shared by pods."
        raise wrong("metadata", message, "Use a database server; write ${PENSTOCK_METADATA} to keep its password out.")
    if has_password(profile.metadata):
        message = "metadata: the URL holds a password, which everybody could read in the compiled file."
        raise wrong("metadata", message, "Write ${PENSTOCK_METADATA}; the pods find it in a secret.")
    return profile


def _documents(
    plan: Plan, tasks: Mapping[str, str], parameters: Mapping[str, str], image: str, variables: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The documents of the file, lowered by the SDK."""
    try:
        from google.protobuf import json_format
        from kfp import components, dsl, kubernetes
    except ImportError as error:
        raise UsageError(
            f"Compiling for Kubeflow needs kfp, which cannot be imported: {error}.",
            hint="Install the extra: pip install 'penstock[kubeflow]'.",
        ) from error

    made = {
        node.id: components.load_component_from_text(json.dumps(_component(plan, node, tasks[node.id], image)))
        for node in plan.nodes
    }

    def body(*values: Any) -> None:
        placed: dict[str, Any] = {}
        for node in plan.nodes:
            read = {
                name: placed[source.node].outputs[source.output]
                for name, source in {**node.inputs, **node.values}.items()
            }
            task = made[node.id](**dict(zip(parameters, values, strict=True)), **read)
            task.set_display_name(node.id)
            task.set_caching_options(enable_caching=False)
            if node.waits_for:
                task.after(*(placed[name] for name in node.waits_for))
            if variables:
                kubernetes.use_secret_as_env(task, SECRET, {name: name for name in variables})
            placed[node.id] = task

    # The SDK reads the signature of what it is given, and calls it by position.
    one = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [inspect.Parameter(name, one, annotation=str, default=text) for name, text in parameters.items()]
    body.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]  # inspect looks for it
    body.__annotations__ = dict.fromkeys(parameters, str)
    (name,) = task_names([plan.pipeline]).values()
    pipeline = dsl.pipeline(name=name, description=f"Compiled by Penstock from {plan.pipeline}.")(body)
    documents = [pipeline.pipeline_spec, pipeline.platform_spec]
    return [value for value in map(json_format.MessageToDict, documents) if value]


def _component(plan: Plan, node: PlanNode, name: str, image: str) -> dict[str, Any]:
    """One node as a pipeline of its own in IR, which is how the SDK takes components in."""
    read = {**node.inputs, **node.values}
    definitions: dict[str, Any] = {
        "inputDefinitions": {
            "artifacts": {
                # An artifact is always there, if only to say that there is none (a query without an answer).
                argument: _artifact(plan.node(source.node).outputs[source.output])
                for argument, source in read.items()
            },
            "parameters": {parameter: {"parameterType": "STRING"} for parameter in (PLAN, PROFILE)},
        },
        "outputDefinitions": {
            "artifacts": {output: _artifact(type_name) for output, type_name in node.outputs.items()},
            "parameters": {BLOCKED: {"parameterType": "STRING"}} if node.gate else {},
        },
    }
    arguments = ["--node", node.id, "--run", "{{$.pipeline_job_uuid}}", "--executor-input", "{{$}}"]
    container = {"image": image, "command": _LAUNCH, "args": arguments}
    return {
        "components": {f"comp-{name}": {"executorLabel": f"exec-{name}", **definitions}},
        "deploymentSpec": {"executors": {f"exec-{name}": {"container": container}}},
        "pipelineInfo": {"name": name},
        "root": {
            "dag": {"tasks": {name: {"componentRef": {"name": f"comp-{name}"}, "taskInfo": {"name": name}}}},
            "inputDefinitions": definitions["inputDefinitions"],
        },
        "schemaVersion": "2.1.0",
    }


def _artifact(type_name: str) -> dict[str, Any]:
    kind = _KINDS.get(type_name, "system.Artifact")
    return {"artifactType": {"schemaTitle": kind, "schemaVersion": _VERSION}}


def _notes(project: Project, plan: Plan, variables: tuple[str, ...]) -> Iterator[str]:
    if variables:
        yield f"The pods need the Kubernetes secret {SECRET!r} with: {', '.join(variables)}."
    for node in plan.nodes:
        specs = project.pipeline.nodes[node.id].component.parameters
        for name, value in node.parameters.items():
            if not value or specs[name].kind is None:
                continue
            for path in value.values() if isinstance(value, Mapping) else [value]:
                if path.startswith("/"):
                    yield f"{node.id}.{name} lies outside the project: the pods must find it at {path}."
                elif specs[name].kind == "destination" and "://" not in path:
                    yield f"{node.id}.{name} ({path}) lies in the pod and is lost with it: name a volume that stays."


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _yaml(plan: Plan, documents: list[dict[str, Any]]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 10**9  # the plan is one long string
    yaml.explicit_start = False
    stream = io.StringIO()
    stream.write(f"# {plan.pipeline} for Kubeflow Pipelines, compiled by penstock compile. Do not edit.\n")
    yaml.dump_all([json.loads(_canonical(one)) for one in documents], stream)
    return stream.getvalue()
