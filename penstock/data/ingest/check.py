"""What an example generator's parameters say that cannot be, told when the graph is checked. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.data.spans import SpanPattern
from penstock.errors import GraphError, UsageError

__all__ = ["check_input"]


def check_input(parameters: Mapping[str, Any]) -> None:
    """Raises a `GraphError` for placeholders, or splits by time, that do not go together."""
    base, times = parameters.get("input_base") or {}, parameters.get("split_by_time")
    if times is not None and base and isinstance(base, Mapping):
        raise GraphError(
            "The input has a path for each split, and split_by_time asks for others.",
            hint="Leave one of them out.",
            argument="split_by_time",
        )
    argument = "input_base"
    try:
        for path in base.values() if isinstance(base, Mapping) else [base]:
            SpanPattern.of(path)
        argument = "split_by_time"
        if times is not None and "splits" in parameters:
            times.names(parameters["splits"])
    except UsageError as error:
        raise GraphError(error.message, hint=error.hint, argument=argument) from error
