"""LatestStatistics: the statistics that were in the place of these before, as the baseline for drift."""

from __future__ import annotations

from penstock.artifacts import ExampleStatistics
from penstock.dsl import Input, Output, Query, resolver

__all__ = ["LatestStatistics"]


@resolver(Query(ExampleStatistics, output="statistics", other_than="other_than", predecessor=True))
def LatestStatistics(statistics: Output[ExampleStatistics], other_than: Input[ExampleStatistics]) -> None:
    """Statistics of the last span, or of the last run whose data were others, that the same node made.

    Only of data that ExampleValidator let through: compared with what it held back, the next data of the same fault
    would pass. ``other_than`` is never the answer, nor are other statistics of the same content, so that a second,
    unchanged run is all reuse. The first run has no answer, and an optional input connected to it stays empty.
    """
