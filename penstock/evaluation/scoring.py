"""From row groups to the sums of every slice: the Beam computation of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import apache_beam as beam  # noqa: TID253  # this module is Beam's: nothing light imports it
import numpy as np
from apache_beam.utils.shared import Shared  # noqa: TID253

from penstock.data.examples import RowGroup, read_row_group
from penstock.data.tf_examples import encode_examples
from penstock.errors import PenstockError
from penstock.evaluation.accumulator import Layout, ScoredBatch
from penstock.evaluation.given import GivenFile
from penstock.evaluation.labels import wide_numbers
from penstock.evaluation.predictions import LABEL, PREDICTION, WEIGHT, read_part, write_part
from penstock.evaluation.rows import EvaluationPlan, Rows, labels_of, scored_batch
from penstock.evaluation.task_accumulator import accumulator_for

__all__ = ["CombineMetrics", "Part", "ReadScored", "ScoreRowGroups"]

# An `Accumulator`, or a `TaskAccumulator`: the layout says which, and all of them are alike.
Accumulated = Any


class CombineMetrics(beam.CombineFn):
    """Sums scored batches into an `Accumulator`; merging in any order gives the same sums up to rounding."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    def create_accumulator(self, *_args: Any, **_kwargs: Any) -> Accumulated:
        return accumulator_for(self._layout)

    def add_input(self, accumulator: Accumulated, batch: ScoredBatch, *_args: Any, **_kwargs: Any) -> Accumulated:
        accumulator.add(batch)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Any], *_args: Any, **_kwargs: Any) -> Accumulated:
        # Into the first of them, as Beam allows: with 100,000 slices a copy takes gigabytes.
        rest = iter(accumulators)
        merged = next(rest, None) or accumulator_for(self._layout)
        for accumulator in rest:
            merged.merge(accumulator)
        return merged

    def compact(self, accumulator: Accumulated, *_args: Any, **_kwargs: Any) -> Accumulated:
        accumulator.compact()
        return accumulator

    def extract_output(self, accumulator: Accumulated, *_args: Any, **_kwargs: Any) -> Accumulated:
        accumulator.compact()
        return accumulator


class _Models:
    """The loaded models; a class of our own, because `Shared` keeps what it holds by weak reference."""

    def __init__(self, plan: EvaluationPlan) -> None:
        self.loaded = [
            None if plan.column_of(name) else plan.load(path)
            for name, path in zip(plan.layout.models, plan.models, strict=True)
        ]
        self.file = None
        if plan.predictions_file and plan.given is not None:
            self.file = GivenFile(plan.predictions_file, plan.given)


# Who wants to know how many rows are done, by the DoFn's id. Workers in other processes find nobody here, and say
# nothing; a callback in the DoFn itself would have to be pickled.
_listeners: dict[str, Callable[[int], None]] = {}


@dataclass(frozen=True)
class Part:
    """A row group to score, and which of how many it is."""

    group: RowGroup
    number: int
    of: int

    @classmethod
    def each(cls, groups: Sequence[RowGroup]) -> list[Part]:
        """The row groups of a split in their order."""
        return [cls(group, number, len(groups)) for number, group in enumerate(groups)]


@beam.typehints.with_input_types(Part)
@beam.typehints.with_output_types(ScoredBatch)
class ScoreRowGroups(beam.DoFn):
    """Part -> ScoredBatch: reads the rows and scores them with every model, each loaded once per worker.

    Args:
        plan: What is computed.
        directory: Where the predictions are kept; not kept if not given.
    """

    def __init__(self, plan: EvaluationPlan, directory: str | None = None) -> None:
        super().__init__()
        self._plan = plan
        self._directory = directory
        self._shared = Shared()
        self.id = uuid4().hex

    def setup(self) -> None:
        self._models: _Models | None = None

    def process(self, part: Part) -> Iterator[ScoredBatch]:
        group = part.group
        try:
            yield self._scored(part)
        except PenstockError as error:
            # Beam would turn the exception into text: it travels as a value and is raised where the result is read.
            known = error.with_facts(path=group.path)
            yield ScoredBatch([], np.zeros(0), (), counts={"rows": group.rows}, error=known.to_json())
        listener = _listeners.get(self.id)
        if listener is not None:
            listener(group.rows)

    def _scored(self, part: Part) -> ScoredBatch:
        plan = self._plan
        batch = read_row_group(part.group)
        if self._models is None:
            self._models = self._shared.acquire(lambda: _Models(plan), tag=(plan.models, plan.predictions_file))
        models = self._models
        given = models.file.found(batch) if models.file is not None else {}
        examples = encode_examples(batch) if any(models.loaded) else None
        label = None
        if plan.given is not None and plan.given.label:
            label = labels_of(plan, given[plan.given.label])
        elif plan.transformed_label:
            assert models.loaded[0] is not None
            label = models.loaded[0].transform(examples, [plan.label])[plan.label]
        predictions = []
        for name, model in zip(plan.layout.models, models.loaded, strict=True):
            column = plan.column_of(name)
            values = model.predict(examples) if not column else None
            if values is None:
                values = wide_numbers(given[column] if column in given else batch.column(column), column, "prediction")
            predictions.append(values)
        rows = Rows.of(plan, batch, predictions, label)
        scored = scored_batch(plan, rows)
        if self._directory is not None:
            for name, prediction in zip(plan.layout.models, rows.predictions, strict=True):
                write_part(self._directory, name, (part.number, part.of), prediction, rows.labels, rows.weights)
        return scored

    @contextmanager
    def heard_by(self, listener: Callable[[int], None] | None) -> Iterator[None]:
        """Meanwhile tells the listener the number of rows of each row group that is scored in this process."""
        if listener is not None:
            _listeners[self.id] = listener
        try:
            yield
        finally:
            _listeners.pop(self.id, None)


class ReadScored(ScoreRowGroups):
    """Part -> ScoredBatch: the rows with the predictions that `ScoreRowGroups` kept of them; no model is loaded."""

    def _scored(self, part: Part) -> ScoredBatch:
        plan = self._plan
        columns = sorted({name for spec in plan.slices for name in spec.reads})
        batch = read_row_group(part.group, columns)
        assert self._directory is not None
        tables = [read_part(self._directory, name, (part.number, part.of)) for name in plan.layout.models]
        weights = tables[0][WEIGHT] if plan.weight is not None else None
        return scored_batch(plan, Rows(batch, [table[PREDICTION] for table in tables], tables[0][LABEL], weights))
