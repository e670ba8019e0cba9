"""From row groups to the sums of every slice: the Beam computation of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import apache_beam as beam  # noqa: TID253  # this module is Beam's: nothing light imports it
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.utils.shared import Shared  # noqa: TID253

from penstock.data.examples import RowGroup, read_row_group
from penstock.data.tf_examples import encode_examples
from penstock.errors import DataError, PenstockError
from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.histogram import Floats
from penstock.evaluation.predictions import write_part
from penstock.evaluation.slices import SliceSpec, assign

__all__ = ["CombineMetrics", "EvaluationPlan", "Model", "Part", "Rows", "ScoreRowGroups", "scored_batch"]


class Model(Protocol):
    """A loaded model: what scores serialized ``tf.train.Example`` protos."""

    def predict(self, examples: pa.BinaryArray, /) -> Floats:
        """The predictions, [rows]."""

    def transform(self, examples: pa.BinaryArray, names: Sequence[str], /) -> dict[str, Floats]:
        """Transformed features by name, each [rows]."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What is computed.

    Attributes:
        layout: The sums kept.
        models: Where each model of the layout lies, the candidate first.
        load: Loads a model from there, on each worker; sent to the workers by name, so a module's function or class.
        slices: The slice specs.
        label: The label's name.
        transformed_label: Whether the candidate computes it (`transform_features`) or it is a raw column.
        weight: The raw column of the example weights, or None.
    """

    layout: Layout
    models: tuple[str, ...]
    load: Callable[[str], Model]
    slices: tuple[SliceSpec, ...]
    label: str
    transformed_label: bool = False
    weight: str | None = None


@dataclass(frozen=True)
class Rows:
    """The rows of a batch as they were read and scored, none left out yet.

    Attributes:
        batch: The raw rows.
        predictions: For each model, [rows].
        labels: [rows]; not a number where a row has none.
        weights: [rows], likewise; None where every row weighs 1.
    """

    batch: pa.RecordBatch
    predictions: Sequence[Floats]
    labels: Floats
    weights: Floats | None

    @classmethod
    def of(
        cls,
        plan: EvaluationPlan,
        batch: pa.RecordBatch,
        predictions: Sequence[Floats],
        transformed_label: Floats | None = None,
    ) -> Rows:
        """The rows of a raw batch; the label is its column unless the model has computed it.

        Raises:
            DataError: The label or the weight is no number.
        """
        labels = _numbers(batch, plan.label, "label") if transformed_label is None else transformed_label
        weights = None if plan.weight is None else _numbers(batch, plan.weight, "weight")
        return cls(batch, predictions, labels, weights)


def scored_batch(plan: EvaluationPlan, rows: Rows) -> ScoredBatch:
    """Rows ready to be summed; those without a label or a weight are left out and counted.

    Raises:
        DataError: A label is not within 0 and 1, or a weight is negative.
    """
    labels, weights, predictions = rows.labels, rows.weights, list(rows.predictions)
    missing_label = np.isnan(labels)
    missing_weight = np.zeros(len(labels), bool) if weights is None else np.isnan(weights) & ~missing_label
    counts = {
        "rows": rows.batch.num_rows,
        "missing_label": int(missing_label.sum()),
        "missing_weight": int(missing_weight.sum()),
    }
    kept = ~(missing_label | missing_weight)
    columns = sorted({name for spec in plan.slices for name in spec.columns})
    sliced = rows.batch.select(columns)
    if not kept.all():
        sliced = sliced.filter(pa.array(kept)) if columns else sliced
        labels = labels[kept]
        weights = None if weights is None else weights[kept]
        predictions = [prediction[kept] for prediction in predictions]
    _check(labels, (labels < 0) | (labels > 1), "label", plan.label, "between 0 and 1")
    if weights is not None:
        _check(weights, ~((weights >= 0) & np.isfinite(weights)), "weight", plan.weight or "", "finite and not below 0")
    if not columns:
        # A batch without columns forgets how many rows it has.
        sliced = pa.record_batch({"": pa.nulls(len(labels))})
    return ScoredBatch(assign(plan.slices, sliced), labels, tuple(predictions), weights, counts)


def _numbers(batch: pa.RecordBatch, name: str, role: str) -> Floats:
    column = batch.column(name)
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(batch.num_rows, np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise DataError(
            f"The {role} {name!r} is of type {kind}, not a number.",
            hint=f"Compute a number from it in preprocessing_fn and name that as the {role}.",
            column=name,
        )
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _check(values: Floats, wrong: np.typing.NDArray[np.bool_], role: str, name: str, wanted: str) -> None:
    if wrong.any():
        raise DataError(
            f"The {role} {name!r} must be {wanted}: {int(wrong.sum()):,} of {len(values):,} rows are not, "
            f"the first is {values[wrong][0]:g}.",
            column=name,
        )


class CombineMetrics(beam.CombineFn):
    """Sums scored batches into an `Accumulator`; merging in any order gives the same sums up to rounding."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    def create_accumulator(self, *_args: Any, **_kwargs: Any) -> Accumulator:
        return Accumulator(self._layout)

    def add_input(self, accumulator: Accumulator, batch: ScoredBatch, *_args: Any, **_kwargs: Any) -> Accumulator:
        accumulator.add(batch)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Accumulator], *_args: Any, **_kwargs: Any) -> Accumulator:
        merged = Accumulator(self._layout)
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def compact(self, accumulator: Accumulator, *_args: Any, **_kwargs: Any) -> Accumulator:
        accumulator.compact()
        return accumulator

    def extract_output(self, accumulator: Accumulator, *_args: Any, **_kwargs: Any) -> Accumulator:
        accumulator.compact()
        return accumulator


class _Models:
    """The loaded models; a class of our own, because `Shared` keeps what it holds by weak reference."""

    def __init__(self, plan: EvaluationPlan) -> None:
        self.loaded = [plan.load(path) for path in plan.models]


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
        batch = read_row_group(part.group)
        examples = encode_examples(batch)
        if self._models is None:
            self._models = self._shared.acquire(lambda: _Models(self._plan), tag=self._plan.models)
        models = self._models.loaded
        label = None
        if self._plan.transformed_label:
            label = models[0].transform(examples, [self._plan.label])[self._plan.label]
        rows = Rows.of(self._plan, batch, [model.predict(examples) for model in models], label)
        scored = scored_batch(self._plan, rows)
        if self._directory is not None:
            for name, prediction in zip(self._plan.layout.models, rows.predictions, strict=True):
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
