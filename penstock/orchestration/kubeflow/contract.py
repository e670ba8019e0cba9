"""What the compiled file and the pods agree on: names of parameters, and how places are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["BLOCKED", "PLAN", "PROFILE", "task_names"]

# Parameters of the pipeline, and of every task. Inputs of components are Python names too: these begin as none should.
PLAN = "penstock_plan"
PROFILE = "penstock_profile"

BLOCKED = "penstock_blocked"
"""Output parameter of every gate: the text ``true`` or ``false``, which conditions in every interpreter understand."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def task_names(nodes: Iterable[str]) -> dict[str, str]:
    """A name that Kubernetes takes for each node's id, no two alike.

    >>> task_names(["CsvExampleGen", "Trainer", "trainer"])
    {'CsvExampleGen': 'csv-example-gen', 'Trainer': 'trainer', 'trainer': 'trainer-2'}
    """
    names: dict[str, str] = {}
    for node in nodes:
        base = _OTHER.sub("-", _HUMP.sub("-", node).lower()).strip("-") or "node"
        name, number = base, 1
        while name in names.values():
            number += 1
            name = f"{base}-{number}"
        names[node] = name
    return names
