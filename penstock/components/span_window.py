"""SpanWindow: the newest span and those before it as one, without reading them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.artifacts import Examples
from penstock.dsl import Context, Input, Output, component
from penstock.errors import GraphError

__all__ = ["SpanWindow"]


def _check(parameters: Mapping[str, Any]) -> None:
    if parameters.get("num_spans", 1) < 1:
        raise GraphError(
            f"num_spans is {parameters['num_spans']}; a number of spans from 1 is expected.",
            hint="3 keeps the newest span and the two before it.",
            argument="num_spans",
        )


@component(check=_check)
def SpanWindow(
    examples: Input[Examples],
    window: Output[Examples],
    *,
    earlier: Input[Examples] | None = None,
    num_spans: int,
    ctx: Context,
) -> None:
    """Puts the examples of a span together with those of the spans before it that went through.

    Files are taken over as they are, and nothing of what was ingested before is read again but for its digest; only
    where a span has more columns, or wider types, are the files of the others written anew. A column that a span lacks
    is missing in its rows. Place it ``.after`` the gate, so that no span is in the window that was held back.

    Args:
        examples: Those of one span.
        window: Those of up to ``num_spans`` spans, this one the last.
        earlier: The window of the span before, as `LatestWindow` finds it.
        num_spans: How many spans to keep, this one included; the last ones that went through, whatever their numbers.
        ctx: The running node.

    Raises:
        DataError: A column has types in two spans that contradict each other.
        UsageError: The examples are of no span.
    """
    from penstock.data.window import build_window

    build_window(examples, earlier, window, num_spans, ctx)
