"""LatestBlessedModel: the newest model of this pipeline that was blessed, as the baseline for a new one."""

from __future__ import annotations

from penstock.artifacts import Model
from penstock.dsl import Input, Output, Query, resolver

__all__ = ["LatestBlessedModel"]


@resolver(Query(Model, output="model", blessed=True, other_than="other_than"))
def LatestBlessedModel(model: Output[Model], other_than: Input[Model] | None = None) -> None:
    """The newest blessed model of this pipeline.

    ``other_than`` is never the answer, nor is another model of the same content: a candidate that was blessed in an
    earlier run is not compared with itself, and a second, unchanged run is all reuse. With no blessed model yet the
    output is empty, and an optional input that it is connected to stays empty.
    """
