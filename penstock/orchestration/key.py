"""The cache key: a digest over everything that decides a node's result, and nothing else.

Content counts: code, parameters, inputs, data files, library versions. Locations, runner and parallelism don't.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.dsl import Component
from penstock.orchestration.code import CodeDigest, closure_digest, library_versions
from penstock.orchestration.plan import PlanNode
from penstock.storage.input_files import NoMemory, data_digest

__all__ = ["cache_key", "code_of", "key_parts"]


def key_parts(
    node: PlanNode, component: Component, inputs: Mapping[str, str], values: Mapping[str, Any], directory: Path
) -> dict[str, Any]:
    """The parts of a node's cache key, by name, as JSON.

    Args:
        node: The node.
        component: Its component.
        inputs: The content digest of each input.
        values: What the parameters that come from other nodes turned out to be.
        directory: The project's, from which relative paths start.
    """
    parameters = dict(values)
    data: dict[str, str] = {}
    for name, value in node.parameters.items():
        kind = component.parameters[name].kind
        if kind is None:
            parameters[name] = value
        elif value and kind == "data":
            data[name] = data_digest(str(directory / value), NoMemory())
    code = code_of(node, component, directory)
    return {
        "component": component.name,
        "version": component.version,
        "code": code.digest,
        "libraries": library_versions(code.libraries),
        "parameters": parameters,
        "data": data,
        "inputs": dict(inputs),
        "outputs": dict(node.outputs),
    }


def code_of(node: PlanNode, component: Component, directory: Path) -> CodeDigest:
    """The code that a node runs: its component's, and that of the module files it is given."""
    given = [value for name, value in node.parameters.items() if value and component.parameters[name].kind == "module"]
    function = component.function
    place = (Path(function.__code__.co_filename), function.__name__)
    return closure_digest([directory / value for value in given], function=place)


def cache_key(parts: Mapping[str, Any]) -> str:
    """The key itself: SHA-256 over the parts as canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
