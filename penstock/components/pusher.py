"""Pusher: puts a blessed model where servers look for it, as a new version, all at once or not at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.artifacts import Artifact, Model, ModelBlessing, PushedModel
from penstock.dsl import Context, Destination, Input, Output, component
from penstock.errors import NodeError

__all__ = ["Pusher"]

_RECORD = "pushed.json"


def _is_current(parameters: Mapping[str, Any], outputs: Mapping[str, Artifact]) -> bool:
    """Whether the newest version at the destination still is the one that was pushed, file by file by size."""
    try:
        record = json.loads(outputs["pushed_model"].path(_RECORD).read_text())
    except (OSError, ValueError):
        return False
    destination = Path(parameters["push_destination"])
    if record["destination"] != str(destination):
        return False
    if record["version"] is None:  # the model was not blessed: nothing was left there that could change
        return True
    there = destination / str(record["version"])
    return max(_versions(destination), default=None) == record["version"] and _sizes(there) == record["files"]


@component(is_current=_is_current)
def Pusher(
    model: Input[Model],
    pushed_model: Output[PushedModel],
    model_blessing: Input[ModelBlessing] | None = None,
    *,
    push_destination: Destination,
    ctx: Context,
) -> None:
    """Copies the serving model to ``push_destination/<version>``, where TensorFlow Serving looks for it.

    The version is the time in seconds since the epoch, raised if a newer one is there. The files are copied beside
    it first and renamed at once, so that no server ever sees half a model. A model that is not blessed is not pushed.

    Args:
        model: The model to push.
        pushed_model: Where it went.
        model_blessing: The evaluator's word on it; without one the model is pushed as it is.
        push_destination: A directory; it is made if it is not there.
        ctx: The running node.

    Raises:
        NodeError: The model has no ``Format-Serving`` directory.
        OSError: The destination cannot be written; nothing of this version is left there.
    """
    destination = Path(push_destination)
    if model_blessing is not None and not model_blessing.blessed:
        ctx.warn("The model is not blessed, so it was not pushed.")
        ctx.note("not pushed: the model is not blessed")
        _record(pushed_model, destination, None)
        return
    if not model.serving.is_dir():
        raise NodeError(
            f"The model has no serving part: {model.serving} is missing.",
            hint="Does run_fn export to serving_model_dir?",
        )
    destination.mkdir(parents=True, exist_ok=True)
    for left_over in destination.glob(".pushing-*"):  # an earlier push was killed while it copied
        shutil.rmtree(left_over, ignore_errors=True)
    version = max(int(time.time()), max(_versions(destination), default=0) + 1)
    temporary = destination / f".pushing-{version}-{os.getpid()}"
    try:
        shutil.copytree(model.serving, temporary)
        temporary.rename(destination / str(version))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _record(pushed_model, destination, version)
    ctx.note(f"version {version} at {_short(destination)}")


def _record(pushed_model: PushedModel, destination: Path, version: int | None) -> None:
    files = _sizes(destination / str(version)) if version else {}
    value = {"destination": str(destination), "version": version, "files": files}
    pushed_model.path(_RECORD).write_text(json.dumps(value, indent=1))
    pushed_model.custom_properties |= {
        "pushed": int(version is not None),
        "pushed_destination": str(destination / str(version)) if version else "",
        "pushed_version": str(version or ""),
    }


def _versions(destination: Path) -> list[int]:
    if not destination.is_dir():
        return []
    return [int(entry.name) for entry in destination.iterdir() if entry.name.isdigit() and entry.is_dir()]


def _sizes(directory: Path) -> dict[str, int]:
    return {
        path.relative_to(directory).as_posix(): path.stat().st_size
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def _short(path: Path) -> str:
    near = os.path.relpath(path)
    return near if len(near) < len(str(path)) else str(path)
