"""Pusher: puts a blessed model where servers look for it, as a new version, all at once or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from penstock.artifacts import Artifact, Model, ModelBlessing, PushedModel
from penstock.dsl import Context, Destination, Input, Output, component
from penstock.errors import GraphError, NodeError, UsageError
from penstock.storage.destinations import Pushed, check_address, destination_of

__all__ = ["Pusher"]

_RECORD = "pushed.json"


def _check(parameters: Mapping[str, Any]) -> None:
    """Refuses an address that no destination is known for, before anything runs."""
    try:
        check_address(parameters.get("push_destination", ""))
    except UsageError as error:
        raise GraphError(error.message, hint=error.hint, argument="push_destination") from error


def _is_current(parameters: Mapping[str, Any], outputs: Mapping[str, Artifact]) -> bool:
    """Whether the newest version at the destination still is the one that was pushed, and as it was.

    Where the destination lies does not count: it may have been moved together with the project.
    """
    try:
        record = json.loads(outputs["pushed_model"].path(_RECORD).read_text())
    except (OSError, ValueError):
        return False
    if record["pushed"] is None:  # the model was not blessed: nothing was left there that could change
        return True
    try:
        there = destination_of(parameters["push_destination"]).current()
    except Exception:  # noqa: BLE001  # a destination that cannot be asked tells so when it is pushed to
        return False
    pushed = Pushed.from_json(record["pushed"])
    return there is not None and (there.version, there.content) == (pushed.version, pushed.content)


@component(is_current=_is_current, check=_check)
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
        push_destination: A directory, which is made if it is not there; or an address whose scheme a plug-in knows,
            and which gives versions in its own way.
        ctx: The running node.

    Raises:
        NodeError: The model has no ``Format-Serving`` directory.
        OSError, StorageError: The destination cannot be written; nothing of this version is left there.
    """
    if model_blessing is not None and not model_blessing.blessed:
        ctx.warn("The model is not blessed, so it was not pushed.")
        ctx.note("not pushed: the model is not blessed")
        _record(pushed_model, push_destination, None)
        return
    if not model.serving.is_dir():
        raise NodeError(
            f"The model has no serving part: {model.serving} is missing.",
            hint="Does run_fn export to serving_model_dir?",
        )
    pushed = destination_of(push_destination).push(model.serving)
    _record(pushed_model, push_destination, pushed)
    ctx.note(f"version {pushed.version} at {_short(push_destination)}")


def _record(pushed_model: PushedModel, destination: str, pushed: Pushed | None) -> None:
    value = {"destination": destination, "pushed": pushed.to_json() if pushed else None}
    pushed_model.path(_RECORD).write_text(json.dumps(value, indent=1))
    pushed_model.custom_properties |= {
        "pushed": int(pushed is not None),
        "pushed_destination": pushed.uri if pushed else "",
        "pushed_version": pushed.version if pushed else "",
    }


def _short(address: str) -> str:
    near = address if "://" in address else os.path.relpath(address)
    return near if len(near) < len(address) else address
