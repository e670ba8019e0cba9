"""The second engine: TFMA on Beam, for the metrics that the vectorised one does not know.

The contract is TFMA's own between extractors and evaluators. Each row becomes one ``Extracts``, made of what the
scoring has kept: labels, predictions (by model, where there are two), weights, features (the query and the columns that
a metric's arguments name), and slice keys, the row's slices as the vectorised engine finds them. So no model runs
again, buckets and expressions are slices like any other, and the keys that come out are the keys that went in.
Its `metrics_plots_and_validations_evaluator` does the rest. Importing TFMA takes 15 s of CPU: only `compute` does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import apache_beam as beam  # noqa: TID253  # this module is Beam's: nothing light imports it
import numpy as np
import pyarrow as pa

from penstock.data.examples import read_row_group
from penstock.dsl.user_code import boundary, function_of, user_frames
from penstock.errors import DataError, PenstockError, UsageError
from penstock.evaluation.asked import TfmaMetric
from penstock.evaluation.predictions import LABEL, PREDICTION, WEIGHT, read_part
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult
from penstock.evaluation.rows import EvaluationPlan, Rows, scored_batch
from penstock.evaluation.scoring import Part
from penstock.evaluation.slices import SliceKey
from penstock.evaluation.tfma_protos import config_pb2

__all__ = ["compute", "eval_config"]

_FILE = "tfma.json"
_AVERAGES = {"macro": "macro_average", "weighted": "weighted_macro_average"}


def eval_config(plan: EvaluationPlan, metrics: Sequence[TfmaMetric], query: str, module: ModuleType | None) -> Any:
    """TFMA's ``EvalConfig`` of these metrics; a spec for each query key and way of averaging.

    Raises:
        UsageError: A class of the user's is not in their module, or is no metric.
    """
    protos = config_pb2()
    config = protos.EvalConfig()
    several = len(plan.layout.models) > 1
    for name in plan.layout.models:
        spec = config.model_specs.add(is_baseline=several and name == BASELINE)
        if several:
            spec.name = name
        if plan.weight is not None:
            spec.example_weight_key = plan.weight
    specs: dict[tuple[str, str], Any] = {}
    for metric in metrics:
        kind = (query if metric.known.query else "", metric.average)
        if kind not in specs:
            specs[kind] = config.metrics_specs.add(query_key=kind[0])
            specs[kind].model_names.extend(plan.layout.models if several else [""])
            if metric.average:
                setattr(specs[kind].aggregate, _AVERAGES[metric.average], True)
                specs[kind].aggregate.class_weights.update(dict.fromkeys(range(plan.layout.classes), 1.0))
        arguments = {**metric.config, **({"name": metric.name} if metric.name else {})}
        added = specs[kind].metrics.add(class_name=metric.tfma_class, config=json.dumps(arguments))
        if metric.own:
            added.module = _class_in(module, metric)
    return config


def compute(
    plan: EvaluationPlan,
    parts: Sequence[Part],
    directory: Path,
    asked: tuple[Sequence[TfmaMetric], str, ModuleType | None],
    pipeline: Any,
    result: EvaluationResult,
) -> list[str]:
    """Puts the values of metrics into a result, for each model and slice.

    Args:
        plan: What was evaluated.
        parts: The row groups that were scored.
        directory: Where the evaluation and its predictions lie.
        asked: The metrics; the column that says which rows belong to one query, if there is one; and the user's module,
            if a metric's class is in it.
        pipeline: A Beam pipeline, not yet entered.
        result: Takes the values; a metric that TFMA leaves out on a slice is not a number there.

    Returns:
        The names of the metrics, one for each of the best k or whatever else a class looks at.

    Raises:
        UsageError: TFMA does not take the arguments of a metric, or gives something else than a number.
        UserCodeError: A class of the user's raised.
        DataError: A row has no query, or no value of a column that an argument names.
    """
    metrics, query, module = asked
    alone = [one for one in metrics if one.known.compares and len(plan.layout.models) == 1]
    computed = [one for one in metrics if one not in alone]
    found: dict[str, dict[str, dict[SliceKey, float]]] = {model: {} for model in plan.layout.models}
    if computed:
        rows = _Extracts(plan, str(directory), _features(computed, query), query)
        names = ", ".join(dict.fromkeys(one.tfma_class for one in computed))
        with _told(names):
            _run(pipeline, parts, rows, eval_config(plan, computed, query, module), f"{directory}/{_FILE}")
        file = directory / _FILE
        for key, values in json.loads(file.read_text()):
            for model, name, value in values:
                slices = found[model or CANDIDATE].setdefault(name, {})
                slices[tuple((column, one) for column, one in key)] = value
        file.unlink()
    given = [name for by_name in found.values() for name in by_name]
    every = list(dict.fromkeys([*given, *(one.name or one.known.name for one in alone)]))
    for model, by_name in found.items():
        for name in every:
            of_slices = by_name.get(name, {})
            result.values[model][name] = [of_slices.get(key, math.nan) for key in result.slices]
    return every


def _run(pipeline: Any, parts: Sequence[Part], rows: beam.DoFn, config: Any, file: str) -> None:
    from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as evaluators

    by_query: dict[str, list[Any]] = {}
    for spec in config.metrics_specs:
        by_query.setdefault(spec.query_key, []).append(spec)
    with pipeline as entered:
        extracts = entered | "RowGroups" >> beam.Create(parts) | "Rows" >> beam.ParDo(rows)
        found = []
        for query, specs in by_query.items():
            # The steps of the public evaluator but its last, a validation that on a worker imports each class by the
            # name of its module, where no module of the user's can be imported.
            grouped = extracts | f"Queries {query}" >> evaluators._GroupByQueryKey(query) if query else extracts  # noqa: SLF001 - see above
            computed = evaluators._ComputeMetricsAndPlots(eval_config=config, metrics_specs=specs)  # noqa: SLF001 - see above
            found.append((grouped | f"Metrics {query}" >> computed)["metrics"])
        (
            found
            | beam.Flatten()
            | "Numbers" >> beam.Map(_numbers)
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Write" >> beam.Map(_write, file)
        )


@contextmanager
def _told(names: str) -> Iterator[None]:
    """What TFMA raises as what is to be done about it; what a class of the user's raises as theirs."""
    try:
        yield
    except PenstockError:
        raise
    except Exception as error:
        own = _of_users(error)
        if own is not None:
            with boundary(f"A metric of {names}"):
                raise own from None
        if not isinstance(error, (ValueError, TypeError, KeyError, NotImplementedError)):
            raise
        raise UsageError(
            f"TFMA does not compute {names} of these rows: {str(error).splitlines()[0][:300]}",
            hint="Each class and its arguments: help(tensorflow_model_analysis.metrics).",
        ) from error


def _of_users(error: BaseException) -> BaseException | None:
    """What code of the user's raised, behind what TFMA and Beam made of it."""
    found, one = None, error if user_frames(error) else None
    while one is not None and user_frames(one):
        found, one = one, one.__cause__ or one.__context__
    return found


def _class_in(module: ModuleType | None, metric: TfmaMetric) -> str:
    """The module that a class of the user's is in, by the name that TFMA imports it by."""
    from tensorflow_model_analysis.metrics import metric_types

    assert module is not None
    found = function_of(module, metric.tfma_class)
    if not isinstance(found, type) or not issubclass(found, metric_types.Metric):
        raise UsageError(
            f"{metric.tfma_class} is no metric class of TFMA's kind.",
            hint="Derive it from tensorflow_model_analysis.metrics.Metric; a plain function is {function: name}.",
            path=module.__file__,
            metric=metric.name,
        )
    return module.__name__


def _features(metrics: Sequence[TfmaMetric], query: str) -> list[str]:
    """The columns that TFMA is to see: the query, and those that an argument called a key names."""
    named = [value for one in metrics for name, value in one.config.items() if name.endswith("_key")]
    return list(dict.fromkeys([*([query] if query else []), *map(str, named)]))


class _Extracts(beam.DoFn):
    """Part -> Extracts, one for each row that has a label, a weight and predictions."""

    def __init__(self, plan: EvaluationPlan, directory: str, features: Sequence[str], query: str) -> None:
        super().__init__()
        self._plan, self._directory, self._features, self._query = plan, directory, features, query

    def process(self, part: Part) -> Iterator[dict[str, Any]]:
        from tensorflow_model_analysis import constants

        plan = self._plan
        columns = sorted({name for spec in plan.slices for name in spec.reads})
        from_rows = [name for name in self._features if name != plan.label]
        batch = read_row_group(part.group, [*dict.fromkeys([*columns, *from_rows])])
        tables = [read_part(self._directory, name, (part.number, part.of)) for name in plan.layout.models]
        labels = tables[0][LABEL]
        weights = tables[0][WEIGHT] if plan.weight is not None else None
        rows = Rows(batch, [table[PREDICTION] for table in tables], labels, weights)
        scored = scored_batch(plan, rows)
        assert scored.numbers is not None
        features = {name: batch.column(name).take(pa.array(scored.numbers)) for name in from_rows}
        for name, column in features.items():
            if column.null_count:
                role = "query" if name == self._query else "value"
                raise DataError(
                    f"{column.null_count:,} rows have no {role} {name!r}, which ranks are made by.",
                    hint="Leave such rows out of the examples, or fill them in.",
                    column=name,
                    path=part.group.path,
                )
        lists = {name: column.to_pylist() for name, column in features.items()}
        scores = dict(zip(plan.layout.models, scored.predictions, strict=True))
        kind = np.int64 if plan.layout.task == "multiclass" else np.float64
        for row in range(len(scored.labels)):
            keys = [one.keys[one.codes[row]] for one in scored.slices if one.codes[row] >= 0]
            label = np.atleast_1d(scored.labels[row]).astype(kind)
            # Copies, because TFMA writes into some.
            each = {name: np.array(np.atleast_1d(values[row])) for name, values in scores.items()}
            made = {name: np.atleast_1d(np.array(values[row])) for name, values in lists.items()}
            if plan.label in self._features:
                made[plan.label] = label
            extracts = {
                constants.LABELS_KEY: label,
                constants.PREDICTIONS_KEY: each if len(each) > 1 else each[CANDIDATE],
                constants.FEATURES_KEY: made,
                constants.SLICE_KEY_TYPES_KEY: _tuples(keys),
            }
            if scored.weights is not None:
                extracts[constants.EXAMPLE_WEIGHTS_KEY] = np.array([scored.weights[row]])
            yield extracts


def _tuples(keys: Sequence[SliceKey]) -> Any:
    """Slice keys as the array of tuples that TFMA takes, [slices]; NumPy would make columns of the tuples."""
    found = np.empty(len(keys), dtype=object)
    for index, key in enumerate(keys):
        found[index] = key
    return found


def _numbers(sliced: tuple[SliceKey, Mapping[Any, Any]]) -> tuple[SliceKey, list[tuple[str, str, float]]]:
    """A slice's values as (model, name, number); differences of the models, which follow from them, are left out."""
    key, metrics = sliced
    found = []
    for one, value in metrics.items():
        if one.is_diff and one._replace(is_diff=False) in metrics:
            continue
        name = one.name if one.sub_key is None else f"{one.name}@{one.sub_key.top_k or one.sub_key.k}"
        if one.sub_key is not None and one.sub_key.class_id is not None:
            if one.aggregation_type is None:
                continue  # what a mean over the classes is made of
            name = one.name
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" or array.size != 1:
            raise UsageError(
                f"TFMA's metric {name!r} is {'several numbers' if array.size > 1 else 'no number'} on each slice.",
                hint="Give its class one threshold, one recall and so on at a time, each under a name of its own.",
                metric=name,
            )
        found.append((one.model_name, name, float(array.reshape(-1)[0])))
    return key, found


def _write(slices: list[Any], file: str) -> None:
    """Writes the table where the artifact lies, from whichever worker it is on."""
    from apache_beam.io.filesystems import FileSystems

    with FileSystems.create(file) as stream:
        stream.write(json.dumps(slices).encode())
