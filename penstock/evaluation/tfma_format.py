"""TFMA's result files, so that its readers and viewers open our evaluations.

``metrics-00000-of-00001.tfrecord`` holds a ``MetricsForSlice`` for each slice, ``eval_config.json`` an ``EvalRun``,
``validations.tfrecord`` one ``ValidationResult`` if there were thresholds. With a baseline the models are called
``candidate`` and ``baseline`` as in TFX; without one the model has no name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.data.tfrecord_framing import framed
from penstock.evaluation.asked import FunctionMetric, TfmaMetric
from penstock.evaluation.fairness.options import RATES
from penstock.evaluation.fairness.results import Estimate, FairnessResult
from penstock.evaluation.metrics import Metric
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult
from penstock.evaluation.slices import SliceKey, SliceSpec, parse
from penstock.evaluation.tfma_plots import plot_messages, slice_key_proto
from penstock.evaluation.tfma_protos import config_pb2, metrics_for_slice_pb2, tfma_version, validation_result_pb2
from penstock.evaluation.thresholds import Threshold

__all__ = ["write"]


def write(  # noqa: PLR0913  # what the files say, each by name
    directory: Path,
    result: EvaluationResult,
    metrics: Mapping[str, Metric | TfmaMetric | FunctionMetric],
    slices: Sequence[SliceSpec],
    thresholds: Sequence[Threshold],
    *,
    weight: str | None = None,
    data: str = "",
    models: Mapping[str, str] | None = None,
    fairness: FairnessResult | None = None,
) -> None:
    """Writes the files.

    Args:
        directory: Where to; it is made.
        result: The results, its verdicts included.
        metrics: The metrics by the names that the result has them under.
        slices: The slice specs.
        thresholds: The thresholds that the verdicts came from.
        weight: The column of the example weights.
        data: Where the examples lie, for display.
        models: Where the models lie by name (``candidate``, ``baseline``), for display.
        fairness: Rates of groups.
    """
    directory.mkdir(parents=True, exist_ok=True)
    named = BASELINE in result.models
    config = _eval_config(result, metrics, slices, thresholds, weight=weight, named=named)
    _write_config(directory / "eval_config.json", config, data, models or {}, named=named)
    weighted = weight is not None
    changes = [threshold.metric for threshold in thresholds if threshold.compares] if named else []
    rates = _fairness_indicators(fairness)

    def message(index: int) -> Any:
        found = _metrics_for_slice(index, result, metrics, changes, weighted=weighted, named=named)
        for name, rate in rates.get(result.slices[index], {}).items():
            entry = found.metric_keys_and_values.add()
            entry.key.name = name
            entry.key.model_name = CANDIDATE if named else ""
            entry.key.example_weighted.value = weighted
            entry.value.double_value.value = rate.value
            if not math.isnan(rate.low):
                entry.confidence_interval.lower_bound.double_value.value = rate.low
                entry.confidence_interval.upper_bound.double_value.value = rate.high
        for entry in found.metric_keys_and_values:
            entry.key.output_name = result.output
        return found

    messages = (message(index) for index in range(len(result.slices)))
    _write_records(directory / "metrics-00000-of-00001.tfrecord", messages)
    plots = plot_messages(directory, weighted=weighted, named=named, output=result.output)
    if plots is not None:
        _write_records(directory / "plots-00000-of-00001.tfrecord", plots)
    if thresholds:
        validation = _validation(result, metrics, thresholds, weighted=weighted, named=named)
        _write_records(directory / "validations.tfrecord", [validation])


def _fairness_indicators(fairness: FairnessResult | None) -> dict[SliceKey, dict[str, Estimate]]:
    """The rates of each group under the names of TFMA's fairness indicators: all thresholds with as many digits."""
    if fairness is None:
        return {}
    digits = max(1, *(len(str(threshold)) - 2 for threshold in fairness.thresholds))
    return {
        group.key: {
            f"fairness_indicators_metrics/{name}@{threshold:.{digits}f}": group.rates[f"{name}@{threshold:g}"]
            for threshold in fairness.thresholds
            for name in RATES
            if name != "precision"
        }
        for one in fairness.sets
        for group in one.groups
    }


def _metrics_for_slice(
    index: int,
    result: EvaluationResult,
    metrics: Mapping[str, Metric | TfmaMetric | FunctionMetric],
    changes: Sequence[str],
    *,
    weighted: bool,
    named: bool,
) -> Any:
    message = metrics_for_slice_pb2().MetricsForSlice(slice_key=slice_key_proto(result.slices[index]))
    for model in result.models:
        written = set()
        for name, metric in metrics.items():
            best = metric.top_k if isinstance(metric, TfmaMetric) else 0
            if (metric.name, best) in written:  # asked for by two of its names
                continue
            written.add((metric.name, best))
            entry = message.metric_keys_and_values.add()
            _fill_key(entry.key, metric, model, weighted=weighted, named=named)
            entry.value.double_value.value = result.values[model][name][index]
            interval = result.intervals.get(model, {}).get(name)
            if interval is not None and not math.isnan(interval[index][0]):
                low, high = interval[index]
                entry.confidence_interval.lower_bound.double_value.value = low
                entry.confidence_interval.upper_bound.double_value.value = high
                if result.resampling:
                    error = (high - low) / 2 / result.resampling["t"]
                    entry.confidence_interval.standard_error.double_value.value = error
                    entry.confidence_interval.degrees_of_freedom.value = result.resampling["degrees_of_freedom"]
    for name in dict.fromkeys(changes):
        entry = message.metric_keys_and_values.add()
        _fill_key(entry.key, metrics[name], CANDIDATE, weighted=weighted, named=named)
        entry.key.is_diff = True
        difference = result.values[CANDIDATE][name][index] - result.values[BASELINE][name][index]
        entry.value.double_value.value = difference
    return message


def _fill_key(
    key: Any, metric: Metric | TfmaMetric | FunctionMetric, model: str, *, weighted: bool, named: bool
) -> None:
    key.name = metric.name
    if isinstance(metric, TfmaMetric) and metric.top_k:
        key.sub_key.top_k.value = metric.top_k
    if named:
        key.model_name = model
    key.example_weighted.value = weighted and metric.weighted


def _eval_config(
    result: EvaluationResult,
    metrics: Mapping[str, Metric | TfmaMetric | FunctionMetric],
    slices: Sequence[SliceSpec],
    thresholds: Sequence[Threshold],
    *,
    weight: str | None,
    named: bool,
) -> Any:
    protos = config_pb2()
    config = protos.EvalConfig()
    for model in result.models:
        spec = config.model_specs.add(signature_name="serving_default")
        if result.output:
            spec.label_keys[result.output] = result.label
        else:
            spec.label_key = result.label
        if weight is not None:
            spec.example_weight_key = weight
        if named:
            spec.name = model
            spec.is_baseline = model == BASELINE
    if result.resampling:
        config.options.compute_confidence_intervals.value = True
        kinds = protos.ConfidenceIntervalOptions
        config.options.confidence_intervals.method = getattr(kinds, result.resampling["method"].upper())
    for slice_spec in slices:
        config.slicing_specs.append(_slicing_spec(slice_spec))
    metrics_spec = config.metrics_specs.add(output_names=[result.output] if result.output else [])
    configs: dict[str, Any] = {}
    for name, metric in metrics.items():
        if metric.name not in configs:
            arguments: dict[str, Any] = {"name": metric.name}
            if isinstance(metric, TfmaMetric):
                arguments = {**metric.config, **(arguments if metric.known.named else {})}
            configs[metric.name] = metrics_spec.metrics.add(class_name=metric.tfma_class, config=json.dumps(arguments))
        for threshold in thresholds:
            if threshold.metric == name:
                _add_thresholds(configs[metric.name], threshold, named=named)
    return config


def _slicing_spec(spec: SliceSpec) -> Any:
    values = {name: str(value) for name, value in spec.values}
    features = [*spec.features, *(one.name for one in spec.derived)]
    return config_pb2().SlicingSpec(feature_keys=features, feature_values=values)


def _add_thresholds(config: Any, threshold: Threshold, *, named: bool) -> None:
    for proto in _threshold_protos(threshold, named=named).values():
        added = config.per_slice_thresholds.add(threshold=proto)
        added.slicing_specs.extend(_slicing_spec(spec) for spec in parse(threshold.slices))


def _threshold_protos(threshold: Threshold, *, named: bool) -> dict[str, Any]:
    """The threshold as TFMA's protos, by kind of bound; without a baseline it has no change thresholds."""
    protos = config_pb2()
    found: dict[str, Any] = {}
    if threshold.min is not None:
        found["min"] = protos.MetricThreshold()
        found["min"].value_threshold.lower_bound.value = threshold.min
    if threshold.max is not None:
        found["max"] = protos.MetricThreshold()
        found["max"].value_threshold.upper_bound.value = threshold.max
    if threshold.max_drop is not None and named:
        found["max_drop"] = protos.MetricThreshold()
        found["max_drop"].change_threshold.absolute.value = -threshold.max_drop
        found["max_drop"].change_threshold.direction = protos.MetricDirection.HIGHER_IS_BETTER
    if threshold.max_rise is not None and named:
        found["max_rise"] = protos.MetricThreshold()
        found["max_rise"].change_threshold.absolute.value = threshold.max_rise
        found["max_rise"].change_threshold.direction = protos.MetricDirection.LOWER_IS_BETTER
    return found


def _validation(
    result: EvaluationResult,
    metrics: Mapping[str, Metric | TfmaMetric | FunctionMetric],
    thresholds: Sequence[Threshold],
    *,
    weighted: bool,
    named: bool,
) -> Any:
    from penstock.evaluation.thresholds import blessed

    validation = validation_result_pb2().ValidationResult(validation_ok=blessed(result.verdicts))
    protos = {
        (threshold.metric, kind, getattr(threshold, kind)): proto
        for threshold in thresholds
        for kind, proto in _threshold_protos(threshold, named=named).items()
    }
    by_slice: dict[SliceKey, Any] = {}
    for verdict in result.verdicts:
        if verdict.outcome != "fail" or "metric" not in verdict.evidence:  # TFMA knows no gaps between groups
            continue
        evidence = verdict.evidence
        key = tuple((name, value) for name, value in evidence["slice"])
        if key not in by_slice:
            by_slice[key] = validation.metric_validations_per_slice.add(slice_key=slice_key_proto(key))
        failure = by_slice[key].failures.add(message=verdict.message)
        compares = evidence["kind"] in ("max_drop", "max_rise")
        _fill_key(failure.metric_key, metrics[evidence["metric"]], CANDIDATE, weighted=weighted, named=named)
        failure.metric_key.is_diff = compares
        failure.metric_key.output_name = result.output
        observed = verdict.observed if verdict.observed is not None else math.nan
        failure.metric_value.double_value.value = observed - (verdict.baseline or 0.0) if compares else observed
        failure.metric_threshold.CopyFrom(protos[evidence["metric"], evidence["kind"], evidence["threshold"]])
    for spec in dict.fromkeys(spec for threshold in thresholds for spec in parse(threshold.slices)):
        matching = sum(spec.matches(key) for key in result.slices)
        if matching:
            validation.validation_details.slicing_details.add(
                slicing_spec=_slicing_spec(spec), num_matching_slices=matching
            )
        else:
            validation.missing_slices.append(_slicing_spec(spec))
    return validation


def _write_config(file: Path, config: Any, data: str, models: Mapping[str, str], *, named: bool) -> None:
    from google.protobuf import json_format

    locations = dict(models) if named else {"": models.get(CANDIDATE, "")}
    run = config_pb2().EvalRun(
        eval_config=config, version=tfma_version(), data_location=data, file_format="parquet", model_locations=locations
    )
    file.write_text(json_format.MessageToJson(run))


def _write_records(file: Path, messages: Iterable[Any]) -> None:
    with file.open("wb") as stream:
        for message in messages:
            stream.write(framed(message.SerializeToString()))
