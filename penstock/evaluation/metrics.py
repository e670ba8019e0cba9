"""The metrics asked for by name: what has to be summed for them, and their values from the sums.

Values equal TFMA's to 1e-6, areas under curves at the same thresholds; a conformance suite holds them together. The
differences are deliberate:

- A metric that is undefined on a slice is not a number. TFMA gives an area under a curve the value 0 where only one
  class occurs.
- Cross entropy takes 0 log 0 for 0 and the log of 0 for infinite: a prediction of exactly 0 or 1 costs nothing where
  it is right. TFMA's is then not a number.
- ``example_count`` is the number of rows, with weights too. TFMA then gives their weight under this name; here that
  is ``weighted_example_count``.
- A prediction that is not finite makes every metric of its slices that depends on predictions undefined. TFMA fails.
- Float features are sliced by their 32-bit value, and a feature that is not a number counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penstock.errors import UsageError, did_you_mean
from penstock.evaluation.accumulator import Accumulator, Layout
from penstock.evaluation.asked import TfmaMetric
from penstock.evaluation.binary_metrics import METRICS, Interval, Metric, Sums
from penstock.evaluation.histogram import Floats
from penstock.evaluation.task_accumulator import TaskAccumulator
from penstock.evaluation.task_metrics import TASK_METRICS, TaskSums
from penstock.evaluation.task_names import BY_CLASS, Task
from penstock.evaluation.tfma_names import TFMA_CLASSES

__all__ = ["METRICS", "Metric", "Sums", "as_tfma", "computed", "layout_for", "named"]


def named(names: Iterable[str], task: Task = "binary") -> dict[str, Metric]:
    """The metrics of a config, by the names written there, without repetition.

    Raises:
        UsageError: The task has no metric of a name; offers the nearest.
    """
    known = METRICS if task == "binary" else TASK_METRICS[task]
    found: dict[str, Metric] = {}
    for name in names:
        if name not in known:
            raise UsageError(f"There is no metric {name!r}.", hint=did_you_mean(name, known), metric=name)
        found[name] = known[name]
    return found


def as_tfma(metric: Metric, name: str, task: Task) -> TfmaMetric | None:
    """A metric of ours as TFMA computes it, under a name; nothing where TFMA has none, nor for the number of rows."""
    if metric.tfma_class not in TFMA_CLASSES or metric.name == "example_count":
        return None
    base, _, end = metric.name.rpartition("_")
    average = end if task != "binary" and base in BY_CLASS and end in ("macro", "weighted") else ""
    return TfmaMetric(name, metric.tfma_class, average=average)


def layout_for(metrics: Iterable[Metric], models: tuple[str, ...], task: Task = "binary", classes: int = 0) -> Layout:
    """What has to be summed for these metrics."""
    histogram = any(metric.histogram for metric in metrics)
    return Layout(models=models, histogram=histogram, task=task, classes=classes)


def computed(
    accumulator: Accumulator | TaskAccumulator, metrics: Mapping[str, Metric]
) -> tuple[dict[str, dict[str, Floats]], dict[str, dict[str, Interval]]]:
    """Values and intervals by model and metric, each [slices] in the accumulator's order."""
    values: dict[str, dict[str, Floats]] = {}
    intervals: dict[str, dict[str, Interval]] = {}
    for index, model in enumerate(accumulator.layout.models):
        sums = Sums(accumulator, index) if isinstance(accumulator, Accumulator) else TaskSums(accumulator, index)
        values[model] = {name: metric.compute(sums) for name, metric in metrics.items()}
        # The closed forms count rows; with weights they would promise too much.
        closed = {name: metric.interval for name, metric in metrics.items() if metric.interval and sums.unweighted}
        intervals[model] = {name: interval(sums) for name, interval in closed.items()}
    return values, intervals
