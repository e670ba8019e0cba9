"""What Kubeflow Pipelines tells a task and wants to hear from it: its executor input and output, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.errors import UsageError

__all__ = ["ExecutorInput", "local_path"]

# Where its launcher keeps the files of a bucket in the pod: it brings inputs there and takes outputs from there.
_MOUNTS = {"gs://": "gcs", "minio://": "minio", "s3://": "s3"}


def local_path(uri: str, buckets: Path = Path("/")) -> Path:
    """The file in the pod that stands for a URI that Kubeflow Pipelines gave.

    Args:
        uri: A file's place, or one in a bucket.
        buckets: Where the directories are that stand for buckets.

    >>> str(local_path("gs://bucket/run/trainer/model"))
    '/gcs/bucket/run/trainer/model'
    """
    for scheme, mount in _MOUNTS.items():
        if uri.startswith(scheme):
            return buckets / mount / uri.removeprefix(scheme)
    return Path(uri.removeprefix("file://"))


@dataclass(frozen=True)
class ExecutorInput:
    """What a task is told.

    Attributes:
        parameters: Value of each input parameter.
        inputs: The artifact of each input, as Kubeflow describes it: name, uri, type, metadata.
        outputs: The artifact to be made of each output; its uri is where Kubeflow wants it.
        output_file: Takes the task's answer.
        buckets: Where the directories are that stand for buckets in this pod.
    """

    parameters: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    output_file: Path
    buckets: Path = Path("/")

    @classmethod
    def from_json(cls, text: str, buckets: Path = Path("/")) -> ExecutorInput:
        """The executor input in a text; what is none is a `UsageError`."""
        try:
            value = json.loads(text)
            inputs, outputs = value.get("inputs", {}), value["outputs"]
            return cls(
                parameters=dict(inputs.get("parameterValues", {})),
                inputs={name: _first(listed) for name, listed in inputs.get("artifacts", {}).items()},
                outputs={name: _first(listed) for name, listed in outputs.get("artifacts", {}).items()},
                output_file=local_path(outputs["outputFile"], buckets),
                buckets=buckets,
            )
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise UsageError(
                f"This is no executor input of Kubeflow Pipelines: {text[:200]!r} ({error!r}).",
                hint="A task is given it as --executor-input '{{$}}'.",
            ) from error

    def output_path(self, name: str) -> Path:
        """The file that Kubeflow takes as an output."""
        return local_path(self.outputs[name]["uri"], self.buckets)

    def answer(self, metadata: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, str]) -> None:
        """Writes the executor output: each output artifact with its metadata, and output parameters."""
        artifacts = {
            name: {"artifacts": [{**self.outputs[name], "metadata": dict(known)}]} for name, known in metadata.items()
        }
        self.output_file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"artifacts": artifacts, "parameterValues": dict(parameters)}, indent=1, sort_keys=True)
        self.output_file.write_text(text)


def _first(listed: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(listed["artifacts"][0])
