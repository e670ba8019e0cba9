"""TFMA's ``EvalConfig``, as a text proto, read as the Evaluator's own parameters.

What has no equivalent is an error with file and line; nothing is left out silently. A threshold that names no slices
holds on every slice of the config, as in TFMA. Imports neither TFMA nor TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from penstock.errors import UsageError
from penstock.evaluation.asked import MetricItem, MetricValue
from penstock.evaluation.given import Given
from penstock.evaluation.pbtxt_lines import line_of, lines_of
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.slices import SliceValue
from penstock.evaluation.task_names import BY_CLASS, METRIC_NAMES, TASK_NAMES, Task
from penstock.evaluation.tfma_names import TFMA_CLASSES
from penstock.evaluation.tfma_protos import config_pb2
from penstock.evaluation.thresholds import Threshold

__all__ = ["read_eval_config", "with_eval_config"]

# Classes of Keras', which TFMA takes too, and others that only the vectorised engine computes, by its names for them.
_KERAS = {
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalAccuracy": "categorical_accuracy",
    "CategoricalCrossEntropy": "categorical_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "RootMeanSquaredError": "root_mean_squared_error",
    "SparseCategoricalAccuracy": "categorical_accuracy",
    "SparseCategoricalCrossentropy": "categorical_crossentropy",
}
_AVERAGES = {"micro_average": "", "macro_average": "_macro", "weighted_macro_average": "_weighted"}


def read_eval_config(path: str, task: Task = "binary") -> dict[str, Any]:
    """The Evaluator's parameters that a file with an ``EvalConfig`` stands for; those that it leaves out are not there.

    Args:
        path: The text proto.
        task: What a score means, which the file does not say.

    Raises:
        UsageError: The file is not there or no ``EvalConfig``, or says something that Penstock has no equivalent of.
    """
    from google.protobuf import text_format

    try:
        text = Path(path).read_text(encoding="utf-8")
        message = text_format.Parse(text, config_pb2().EvalConfig())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The EvalConfig {path} cannot be read: {getattr(error, 'strerror', error)}.") from error
    except text_format.ParseError as error:
        line = error.GetLine()
        said = str(error).partition(" : ")[2] or str(error)
        raise UsageError(f"{path}{f':{line}' if line else ''}: this is no EvalConfig: {said}") from error
    return _Reader(path, lines_of(text), task).parameters(message)


def with_eval_config(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The Evaluator's parameters with those that the file in ``eval_config`` stands for, if there is one.

    Raises:
        UsageError: Both say something of the same, or what `read_eval_config` raises.
    """
    path = parameters.get("eval_config")
    if not path:
        return dict(parameters)
    said = read_eval_config(path, parameters.get("task", "binary"))
    for name in said:
        if parameters.get(name) not in (None, "", [], [[]]):
            raise UsageError(
                f"Both pipeline.yaml and {path} say {name}.",
                hint="Leave out one of them; what the file does not say may stand in pipeline.yaml.",
            )
    return {**parameters, **said}


class _Reader:
    """Reads one file; knows where in it each field stands."""

    def __init__(self, path: str, lines: dict[str, int], task: Task) -> None:
        self._path, self._lines, self._task = path, lines, task
        self._known = METRIC_NAMES if task == "binary" else TASK_NAMES[task]

    def parameters(self, config: Any) -> dict[str, Any]:
        self._only(config, "", {"model_specs", "slicing_specs", "metrics_specs", "options"})
        found = self._models(config.model_specs)
        slices: list[SliceValue] = [
            self._slice(one, f"slicing_specs[{index}]") for index, one in enumerate(config.slicing_specs)
        ]
        found["slices"] = slices or [[]]
        least = self._options(config.options, found)
        metrics: dict[str, MetricValue] = {}
        thresholds: list[Threshold] = []
        for index, spec in enumerate(config.metrics_specs):
            at = f"metrics_specs[{index}]"
            self._spec(spec, at, config, found)
            for number, one in enumerate(spec.metrics):
                place = f"{at}.metrics[{number}]"
                value = self._metric(one, place, spec, at)
                name = value if isinstance(value, str) else value.name
                metrics[name] = value
                if one.HasField("threshold"):
                    thresholds += self._bounds(name, one.threshold, found["slices"], f"{place}.threshold", least)
                thresholds += self._per_slice(name, one.per_slice_thresholds, f"{place}.per_slice_thresholds", least)
            for number, (name, threshold) in enumerate(spec.thresholds.items()):
                thresholds += self._bounds(name, threshold, found["slices"], f"{at}.thresholds[{number}]", least)
            for number, (name, several) in enumerate(spec.per_slice_thresholds.items()):
                place = f"{at}.per_slice_thresholds[{number}].value.thresholds"
                thresholds += self._per_slice(name, several.thresholds, place, least)
        return {**found, "metrics": list(metrics.values()) or ["example_count"], "thresholds": thresholds}

    def _refuse(self, at: str, what: str, hint: str = "") -> NoReturn:
        """Raises the error of a field."""
        line = line_of(self._lines, at)
        where = f"{self._path}:{line}" if line else self._path
        raise UsageError(f"{where}: {what}", hint=hint or None)

    def _only(self, message: Any, at: str, allowed: set[str], hint: str = "") -> None:
        """Refuses the first field that is set and not among those allowed."""
        for field, _ in message.ListFields():
            if field.name not in allowed:
                self._refuse(
                    f"{at}.{field.name}".lstrip("."),
                    f"{field.name} has no equivalent here.",
                    hint or _HINTS.get(field.name, ""),
                )

    def _models(self, specs: Any) -> dict[str, Any]:
        taken = {"name", "model_type", "signature_name", "preprocessing_function_names", "label_key", "is_baseline"}
        found: dict[str, Any] = {}
        keys: dict[bool, str] = {}
        for index, spec in enumerate(specs):
            at = f"model_specs[{index}]"
            self._only(spec, at, taken | {"prediction_key", "example_weight_key", "label_keys"})
            if spec.is_baseline in keys:
                self._refuse(at, "there is more than one candidate, or more than one baseline.", "One of each.")
            if spec.signature_name not in ("", "serving_default"):
                self._refuse(
                    f"{at}.signature_name", f"the signature {spec.signature_name!r} is not evaluated.", _SIGNED
                )
            if set(spec.preprocessing_function_names) - {"transform_features"}:
                self._refuse(
                    f"{at}.preprocessing_function_names[0]", "preprocessing is by transform_features.", _SIGNED
                )
            if spec.model_type not in ("", "tf_keras", "tf_generic"):
                self._refuse(f"{at}.model_type", f"models of the type {spec.model_type!r} are not evaluated.", _SIGNED)
            keys[spec.is_baseline] = spec.prediction_key
            if len(spec.label_keys) > 1:
                self._refuse(f"{at}.label_keys[1]", "there are labels of several outputs.", _HINTS["output_names"])
            output, label = next(iter(spec.label_keys.items()), ("", spec.label_key))
            for name, value in (("label", label), ("output", output), ("weight", spec.example_weight_key)):
                if value and found.setdefault(name, value) != value:
                    self._refuse(f"{at}.label_key", f"the models have different {name}s.", "Both are held to the same.")
        if any(keys.values()):
            found["predictions"] = Given(prediction=keys.get(False, ""), baseline=keys.get(True, ""))
        return found

    def _slice(self, spec: Any, at: str) -> SliceValue:
        self._only(spec, at, {"feature_keys", "feature_values"})
        return [*spec.feature_keys, *({name: value} for name, value in sorted(spec.feature_values.items()))]

    def _options(self, options: Any, found: dict[str, Any]) -> int:
        """Takes the intervals; gives the least number of examples of a slice."""
        allowed = {"compute_confidence_intervals", "confidence_intervals", "min_slice_size", "include_default_metrics"}
        self._only(options, "options", allowed)
        if options.include_default_metrics.value:
            self._refuse("options.include_default_metrics", "metrics that a model was compiled with are not read.")
        if options.compute_confidence_intervals.value:
            by_bootstrap = (
                options.confidence_intervals.method == config_pb2().ConfidenceIntervalOptions.POISSON_BOOTSTRAP
            )
            found["confidence_intervals"] = ConfidenceIntervals("poisson_bootstrap" if by_bootstrap else "jackknife")
        return int(options.min_slice_size.value) or 1

    def _spec(self, spec: Any, at: str, config: Any, found: dict[str, Any]) -> None:
        allowed = {"metrics", "model_names", "binarize", "aggregate", "example_weights", "query_key", "thresholds"}
        self._only(spec, at, allowed | {"per_slice_thresholds", "output_names"})
        for name in spec.output_names:
            if found.setdefault("output", name) != name:
                self._refuse(f"{at}.output_names", "there are several outputs.", _HINTS["output_names"])
        if spec.model_names and set(spec.model_names) != {one.name for one in config.model_specs}:
            self._refuse(
                f"{at}.model_names[0]", "metrics of some of the models only are not computed.", "Leave it out."
            )
        if spec.query_key and found.setdefault("query", spec.query_key) != spec.query_key:
            self._refuse(f"{at}.query_key", "there is more than one query key.", "One Evaluator for each of them.")
        weights = spec.example_weights
        if (weights.weighted and "weight" not in found) or (weights.unweighted and "weight" in found):
            self._refuse(
                f"{at}.example_weights", "all metrics are weighted if there is a weight, or none.", "Leave it out."
            )
        self._only(spec.binarize, f"{at}.binarize", {"top_k_list"}, "Write a class of your own: module_file.")
        self._only(spec.aggregate, f"{at}.aggregate", {*_AVERAGES, "class_weights"})
        if set(spec.aggregate.class_weights.values()) - {1.0}:
            self._refuse(f"{at}.aggregate.class_weights[0]", "a mean over classes counts each class once.")

    def _metric(self, metric: Any, at: str, spec: Any, spec_at: str) -> MetricValue:
        self._only(metric, at, {"class_name", "module", "config", "threshold", "per_slice_thresholds"})
        if metric.module and not metric.module.startswith(
            ("tensorflow_model_analysis", "tf_keras", "keras", "tf.keras")
        ):
            hint = "Put the class into a file of yours, and name that beside metrics: module_file: metrics.py."
            self._refuse(f"{at}.module", f"the module {metric.module!r} is not imported from here.", hint)
        try:
            config = dict(json.loads(metric.config)) if metric.config else {}
        except ValueError as error:
            self._refuse(f"{at}.config", f"the config of {metric.class_name} is not JSON: {error}.")
        known = TFMA_CLASSES.get(metric.class_name)
        plain = known.name if known else _KERAS.get(metric.class_name, "")
        if not plain:
            self._refuse(f"{at}.class_name", f"there is no metric class {metric.class_name!r}.", _CLASSES)
        best = list(spec.binarize.top_k_list.values)
        if best and not (known and "top_k_list" in known.needs):
            self._refuse(f"{spec_at}.binarize", f"{metric.class_name} has no values for the best k of a row.", _CLASSES)
        if best:
            config.setdefault("top_k_list", best)
        average = next((end for name, end in _AVERAGES.items() if getattr(spec.aggregate, name)), "")
        if average and plain not in BY_CLASS:
            self._refuse(f"{spec_at}.aggregate", f"there is no mean over classes of {metric.class_name}.")
        name = str(config.get("name", plain)) + average
        if plain + average in self._known and set(config) <= {"name"} and name in (plain + average, *self._same(plain)):
            return name
        if average or not known:
            self._refuse(f"{at}.config", f"{metric.class_name} is computed with its default arguments only.")
        config.pop("name", None)
        return MetricItem(metric.class_name, config, name=name)

    def _same(self, plain: str) -> Iterable[str]:
        """Other names of a metric."""
        from penstock.evaluation.metrics import METRICS
        from penstock.evaluation.task_metrics import TASK_METRICS

        every = METRICS if self._task == "binary" else TASK_METRICS[self._task]
        return [name for name, one in every.items() if one.name == plain]

    def _per_slice(self, name: str, thresholds: Any, at: str, least: int) -> list[Threshold]:
        found = []
        for index, one in enumerate(thresholds):
            place = f"{at}[{index}]"
            slices = [self._slice(spec, f"{place}.slicing_specs[{n}]") for n, spec in enumerate(one.slicing_specs)]
            found += self._bounds(name, one.threshold, slices, f"{place}.threshold", least)
        return found

    def _bounds(self, name: str, threshold: Any, slices: list[SliceValue], at: str, least: int) -> list[Threshold]:
        bounds: dict[str, Any] = {}
        value, change = threshold.value_threshold, threshold.change_threshold
        if value.HasField("lower_bound"):
            bounds["min"] = value.lower_bound.value
        if value.HasField("upper_bound"):
            bounds["max"] = value.upper_bound.value
        if threshold.HasField("change_threshold"):
            place = f"{at}.change_threshold"
            self._only(change, place, {"absolute", "direction"}, "Write the bound as an absolute change.")
            higher = change.direction == config_pb2().MetricDirection.HIGHER_IS_BETTER
            if not change.direction or not change.HasField("absolute"):
                self._refuse(place, "a change threshold needs a direction and an absolute bound.")
            far = -change.absolute.value if higher else change.absolute.value
            if far < 0:
                hint = "The nearest bound is 0: no worse than the baseline."
                self._refuse(f"{place}.absolute", "a model cannot be held to being better by a distance.", hint)
            bounds["max_drop" if higher else "max_rise"] = far
        return [Threshold(name, slices=tuple(slices), min_examples=least, **bounds)] if bounds else []


_SIGNED = "The signature serving_default is evaluated, and transform_features if it computes the label."
_CLASSES = "Known are TFMA's classes of numbers; plots are kept where auc is asked for."
_HINTS = {
    "cross_slicing_specs": "Gaps between groups are bounded in `fairness`.",
    "cross_slice_thresholds": "Gaps between groups are bounded in `fairness`.",
    "slice_keys_sql": "Write slices in pipeline.yaml: {expression: ...}.",
    "prediction_keys": "One Evaluator for each output.",
    "output_names": "One Evaluator for each output.",
}
