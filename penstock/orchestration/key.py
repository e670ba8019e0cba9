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
from penstock.dsl.parameters import absolute
from penstock.orchestration.code import CodeDigest, closure_digest, library_versions
from penstock.orchestration.plan import PlanNode
from penstock.storage.input_files import FileMemory, InputFile, data_digest, data_files, digest_of

__all__ = ["cache_key", "code_of", "key_parts", "measured_key", "sources_of"]


def key_parts(
    node: PlanNode,
    component: Component,
    inputs: Mapping[str, str],
    values: Mapping[str, Any],
    directory: Path,
    memory: FileMemory | None = None,
    found: dict[str, list[InputFile]] | None = None,
) -> dict[str, Any]:
    """The parts of a node's cache key, by name, as JSON.

    Args:
        node: The node.
        component: Its component.
        inputs: The content digest of each input.
        values: What the parameters that come from other nodes turned out to be.
        directory: The project's, from which relative paths start.
        memory: Knows the digests of data files that did not change.
        found: Takes the data files themselves, by the parameter that names them.
    """
    parameters = dict(values)
    data: dict[str, str] = {}
    for name, value in node.parameters.items():
        kind = component.parameters[name].kind
        if kind is None:
            parameters[name] = value
        elif value and kind == "data":
            paths = absolute(value, directory)
            for place, path in paths.items() if isinstance(paths, Mapping) else [("", paths)]:
                files = data_files(path, memory)
                data[f"{name}.{place}" if place else name] = digest_of(files)
                if found is not None:
                    found.setdefault(name, []).extend(files)
    code = code_of(node, component, directory)
    return {
        "component": component.name,
        "version": component.version,
        "code": {label: _digest(names) for label, names in code.files.items()},
        "libraries": library_versions(code.libraries),
        "parameters": parameters,
        "data": data,
        "files": {_short(file, directory): data_digest(str(file), memory) for file in code.data_files},
        "inputs": dict(inputs),
        "outputs": dict(node.outputs),
    }


def measured_key(component: Component, parts: Mapping[str, Any]) -> str | None:
    """The key of what a component measures, whatever it is then held against; None if it does not say."""
    if component.measured is None:
        return None
    return cache_key({**parts, "parameters": dict(component.measured(parts["parameters"])), "measured": True})


def _short(file: Path, directory: Path) -> str:
    return file.relative_to(directory).as_posix() if file.is_relative_to(directory) else file.name


def code_of(node: PlanNode, component: Component, directory: Path) -> CodeDigest:
    """The code that a node runs: its component's, and that of the module files it is given."""
    given = [value for name, value in node.parameters.items() if value and component.parameters[name].kind == "module"]
    function = component.function
    place = (Path(function.__code__.co_filename), function.__name__, function.__module__)
    return closure_digest([directory / value for value in given], function=place)


def sources_of(node: PlanNode, component: Component, directory: Path) -> dict[str, Mapping[str, str]]:
    """The digests of the names in each source file of a node's code, by the digest that stands for it in the key."""
    return {_digest(names): names for names in code_of(node, component, directory).files.values()}


def cache_key(parts: Mapping[str, Any]) -> str:
    """The key itself: SHA-256 over the parts as canonical JSON."""
    return _digest(parts)


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
