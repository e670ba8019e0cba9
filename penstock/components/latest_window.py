"""LatestWindow: the window of spans that a new span is added to."""

from __future__ import annotations

from penstock.artifacts import Examples
from penstock.dsl import Input, Output, Query, resolver

__all__ = ["LatestWindow"]


@resolver(Query(Examples, output="window", other_than="other_than", window=True))
def LatestWindow(window: Output[Examples], other_than: Input[Examples]) -> None:
    """The window that SpanWindow made of the latest span before that of ``other_than``, read with the same settings.

    A later window is never the answer, nor one of the same span, so that a second, unchanged run is all reuse, and a
    span that comes again in another version takes the place of the first. The first run has no answer.
    """
