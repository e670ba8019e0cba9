"""What the workers of both stores have in common: the work they are given, and how they take orders and time it.

A worker reads orders from standard input, one JSON line each, and answers each with one. It knows the standard library
only, so that any environment can run it.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["CONTEXTS", "INPUTS", "OUTPUTS", "artifact_values", "contexts_of", "execution_values", "measured", "serve"]

# An execution reads two artifacts of the one before it and makes three, in two contexts that the one before it was not
# in: 43 new rows, 12 of them properties.
INPUTS, OUTPUTS, CONTEXTS = 2, 3, 2


def contexts_of(number: int, contexts: Sequence[Any]) -> Sequence[Any]:
    """Those of twice ``CONTEXTS`` contexts that an execution is in."""
    return contexts[:CONTEXTS] if number % 2 else contexts[CONTEXTS:]


def execution_values(number: int) -> dict[str, Any]:
    """The properties of an execution."""
    return {"number": number, "rate": number + 0.5, "note": f"execution {number} of the benchmark"}


def artifact_values(number: int, at: int) -> dict[str, Any]:
    """The properties of an artifact that an execution makes."""
    return {"span": number, "share": at + 0.25, "digest": f"{number:032x}{at:032x}"}


def measured(work: Callable[[], Any], times: int) -> dict[str, Any]:
    """Does something several times; the seconds that one took on average, CPU and wall, and of all the longest."""
    gc.collect()
    longest = 0.0
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        began = time.perf_counter()
        work()
        longest = max(longest, time.perf_counter() - began)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / times, "wall": wall / times, "longest": longest}


def serve(acts: Mapping[str, Callable[..., Any]], **about: Any) -> None:
    """Answers orders ``{"act": name, ...}`` until there are no more; first says what the start and imports took."""
    print(json.dumps({"cpu": time.process_time(), **about}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(acts[order.pop("act")](**order)), flush=True)
