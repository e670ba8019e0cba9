"""One evaluation from examples and models to a result: what the Evaluator component runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from penstock.artifacts import Examples
from penstock.data.examples import RowGroup, arrow_schema, read_table, row_groups
from penstock.errors import UsageError, did_you_mean
from penstock.evaluation.accumulator import Accumulator
from penstock.evaluation.asked import Engine, FunctionMetric, MetricValue, TfmaMetric, name_of, resolved
from penstock.evaluation.fairness.options import Fairness
from penstock.evaluation.given import Given
from penstock.evaluation.metrics import METRICS, Metric, as_tfma, computed, layout_for, named
from penstock.evaluation.passes import join, passes
from penstock.evaluation.plots import PLOTS_FILE, gathered
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.results import BASELINE, CANDIDATE, RESULTS_FILE, EvaluationResult, read
from penstock.evaluation.slices import SliceSpec, SliceValue, check_columns, parse, sort_key, with_quantiles
from penstock.evaluation.task_accumulator import TaskAccumulator
from penstock.evaluation.task_metrics import TASK_METRICS
from penstock.evaluation.task_names import Task
from penstock.evaluation.task_plots import TASK_PLOTS_FILE, gather
from penstock.evaluation.thresholds import Threshold, judge

__all__ = ["Evaluation", "prepare", "tabulated", "wanted"]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation whose names have been checked and whose data has not been read.

    Attributes:
        plan: What Beam is to compute (`penstock.evaluation.scoring.EvaluationPlan`).
        groups: The row groups to read.
        metrics: The metrics of the vectorised engine by the names used, those of thresholds included.
        others: Those of TFMA, and those that functions of the user's compute.
        module_file: Where those functions are, and classes of the user's.
        query: The column that says which rows belong to one query.
        output: The model's output that is evaluated, where there are several.
        slices: The slice specs, those of thresholds included.
        thresholds: The bounds.
        split: The split's name.
        intervals: How confidence intervals are found.
        fairness: What is asked of fairness.
        fair_groups: The specs of its groups.
    """

    plan: Any
    groups: list[RowGroup]
    metrics: dict[str, Metric]
    slices: list[SliceSpec]
    thresholds: list[Threshold]
    split: str
    intervals: ConfidenceIntervals = field(default_factory=ConfidenceIntervals)
    fairness: Fairness | None = None
    fair_groups: Sequence[SliceSpec] = ()
    others: Sequence[TfmaMetric | FunctionMetric] = ()
    module_file: str = ""
    query: str = ""
    output: str = ""

    @property
    def by_tfma(self) -> list[TfmaMetric]:
        """The metrics that TFMA computes."""
        return [one for one in self.others if isinstance(one, TfmaMetric)]

    @property
    def by_functions(self) -> list[FunctionMetric]:
        """The metrics that functions of the user's compute."""
        return [one for one in self.others if isinstance(one, FunctionMetric)]

    @property
    def rows(self) -> int:
        """How many rows there are to read, in all passes together."""
        return sum(group.rows for group in self.groups) * len(self.passes)

    @cached_property
    def passes(self) -> list[tuple[SliceSpec, ...]]:
        """The specs of each pass over the rows (`penstock.evaluation.passes`)."""
        return passes(self.plan, self.groups)

    def run(
        self,
        pipeline: Callable[[], Any],
        directory: Path,
        listener: Callable[[int], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> EvaluationResult:
        """Computes every metric on every slice and the verdicts.

        Writes the predictions, ``results.json`` and ``verdicts.json``.

        Args:
            pipeline: Makes a Beam pipeline, which is entered; called once for each pass.
            directory: Where the files go; it is made.
            listener: Is told the number of rows of each row group scored, where the pipeline runs in this process.
            progress: Is told the number of slices resampled, and of all.

        Raises:
            DataError: No row has a label; or what `scored_batch` and the models raise.
        """
        import apache_beam as beam

        from penstock.dsl.user_code import load_module
        from penstock.evaluation.own_metrics import functions_of
        from penstock.evaluation.scoring import CombineMetrics, Part, ReadScored, ScoreRowGroups

        # Found before the models run: a function that is not there should not cost a scoring.
        module = load_module(self.module_file) if self.module_file else None
        functions = functions_of(module, self.by_functions) if module is not None else {}
        directory.mkdir(parents=True, exist_ok=True)
        several = len(self.passes) > 1
        places = [directory / f"pass-{number}" if several else directory for number in range(len(self.passes))]
        parts = Part.each(self.groups)
        results: list[EvaluationResult] = []
        for specs, place in zip(self.passes, places, strict=True):
            score = (ReadScored if results else ScoreRowGroups)(replace(self.plan, slices=specs), str(directory))
            with score.heard_by(listener), pipeline() as entered:
                (
                    entered
                    | "RowGroups" >> beam.Create(parts)
                    | "Score" >> beam.ParDo(score)
                    | "Sum" >> beam.CombineGlobally(CombineMetrics(self.plan.layout))
                    | "Write"
                    >> beam.Map(_write, str(place / RESULTS_FILE), self.plan.label, self.split, [*self.metrics])
                )
            results.append(read(place, empty=several))
        result = replace(join(directory, places, results) if several else results[0], output=self.output)
        result.engines.update(dict.fromkeys(result.metrics, "vectorised"))
        plots = gather(self.plan, self.groups, directory, result)
        if plots is not None:
            (directory / TASK_PLOTS_FILE).write_text(json.dumps(plots.to_json(), allow_nan=False))
        if self.intervals.method != "analytic" or functions:
            self._from_kept_rows(directory, result, functions, progress)
        result.metrics.extend(functions)
        result.engines.update(dict.fromkeys(functions, "function"))
        if self.by_tfma:
            from penstock.evaluation.tfma_engine import compute

            asked = (self.by_tfma, self.query, module)
            found = compute(self.plan, parts, directory, asked, pipeline(), result)
            result.metrics.extend(found)
            result.engines.update(dict.fromkeys(found, "tfma"))
            self._check_thresholds(result)
        (directory / RESULTS_FILE).write_text(json.dumps(result.to_json(), allow_nan=False))
        if self.fairness is not None:
            from penstock.evaluation.fairness.measure import measure

            measure(self.plan, self.groups, self.fair_groups, self.fairness, directory, listener).write(directory)
        result.verdicts.extend(judge(self.thresholds, result))
        result.write_verdicts(directory)
        return result

    def _from_kept_rows(
        self,
        directory: Path,
        result: EvaluationResult,
        functions: dict[str, Callable[..., Any]],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """What needs all rows at once: resampled intervals, and functions of the user's."""
        from penstock.evaluation.own_metrics import compute
        from penstock.evaluation.resampling.resample import kept_rows, resample

        rows = kept_rows(self.plan, self.groups, directory)
        if self.intervals.method != "analytic":
            resample(rows, self.plan.layout, self.metrics, self.intervals, progress).put(result)
        if functions:
            compute(functions, rows, result, self.module_file)

    def _check_thresholds(self, result: EvaluationResult) -> None:
        """What TFMA calls the values of a class is known only when they are there."""
        for threshold in self.thresholds:
            if threshold.metric not in result.engines:
                raise UsageError(
                    f"thresholds: TFMA gives no metric {threshold.metric!r}.",
                    hint=did_you_mean(threshold.metric, result.metrics),
                    metric=threshold.metric,
                )


def _write(accumulator: Accumulator | TaskAccumulator, file: str, label: str, split: str, metrics: list[str]) -> None:
    """Writes the table of metrics where the artifact lies, from whichever worker it is on, or the error met."""
    from apache_beam.io.filesystems import FileSystems

    if accumulator.error is None:
        content = tabulated(accumulator, label=label, split=split, metrics=metrics).to_json()
    else:
        content = {"error": accumulator.error}
    with FileSystems.create(file) as stream:
        stream.write(json.dumps(content, allow_nan=False).encode())
    plots = gathered(accumulator) if isinstance(accumulator, Accumulator) and accumulator.error is None else None
    if plots is not None:
        with FileSystems.create(f"{file.removesuffix(RESULTS_FILE)}{PLOTS_FILE}") as stream:
            stream.write(json.dumps(plots.to_json(), allow_nan=False).encode())


def tabulated(
    accumulator: Accumulator | TaskAccumulator, *, label: str, split: str, metrics: Sequence[str]
) -> EvaluationResult:
    """The metrics of every slice, the whole set first, without verdicts."""
    order = sorted(accumulator.slices, key=sort_key)
    index = [accumulator.slices[key] for key in order]
    values, intervals = computed(accumulator, named(metrics, accumulator.layout.task))
    return EvaluationResult(
        label=label,
        split=split,
        models=list(accumulator.layout.models),
        metrics=list(metrics),
        slices=order,
        n=accumulator.rows[index].astype(int).tolist(),
        values={
            model: {metric: column[index].tolist() for metric, column in columns.items()}
            for model, columns in values.items()
        },
        intervals={
            model: {
                metric: list(zip(low[index].tolist(), high[index].tolist(), strict=True))
                for metric, (low, high) in columns.items()
            }
            for model, columns in intervals.items()
        },
        counts=accumulator.counts,
    )


def prepare(  # noqa: PLR0913  # the Evaluator's arguments, less those that say where to write
    examples: Examples,
    models: Mapping[str, str],
    *,
    load: Callable[[str], Any],
    label: str,
    transformed_label: bool,
    slices: Sequence[SliceValue],
    metrics: Sequence[MetricValue],
    thresholds: Sequence[Threshold],
    split: str,
    weight: str | None = None,
    given: Given | None = None,
    predictions_file: str = "",
    confidence_intervals: ConfidenceIntervals | None = None,
    fairness: Fairness | None = None,
    task: Task = "binary",
    classes: Sequence[str | int] = (),
    engine: Engine = "auto",
    query: str | None = None,
    module_file: str = "",
    output: str = "",
) -> Evaluation:
    """Checks every name before anything is computed: split, columns, metrics, slices.

    Args:
        examples: The raw examples.
        models: Where the models lie: ``candidate`` and, if there is one, ``baseline``.
        load: Loads a model from there (`penstock.evaluation.rows.Model`).
        label: A column of the examples, or a feature that the candidate's graph computes.
        transformed_label: Which of the two.
        slices: Slice specs; those of thresholds are added.
        metrics: Names of metrics; those of thresholds are added, and the number of examples.
        thresholds: The bounds.
        split: The split to evaluate.
        weight: A column of the examples.
        given: Columns that hold predictions, or labels that came later.
        predictions_file: The file that has those columns, if the examples do not.
        confidence_intervals: How they are found; by formulas if not given.
        fairness: What is asked of fairness.
        task: What a score means.
        classes: Of several classes or labels, their names in the order of the scores.
        engine: Which engine computes metrics; chosen for each if ``auto``.
        query: A column of the examples: rows of one value are ranked against one another.
        module_file: The user's Python file with metrics.
        output: The model's output that is evaluated, where there are several; ``load`` knows it.

    Raises:
        UsageError: A name is unknown; offers the nearest.
        DataError: There is no such split.
    """
    from penstock.evaluation.fairness.measure import check_counterfactuals
    from penstock.evaluation.rows import EvaluationPlan

    found, others, specs = wanted(metrics, slices, thresholds, task, fairness, engine, own=bool(module_file))
    columns = arrow_schema(examples, split).names
    check_columns(specs, columns)
    specs = with_quantiles(specs, lambda name: _column(examples, split, name))
    groups = parse(fairness.groups) if fairness is not None else []
    groups = with_quantiles(groups, lambda name: _column(examples, split, name))
    if fairness is not None:
        if task != "binary":
            raise UsageError(
                f"fairness: rates at thresholds are those of a score between 0 and 1, and the task is {task}.",
                hint="Leave `fairness` out; slices and thresholds hold groups to bounds in every task.",
            )
        check_counterfactuals(fairness, columns, models[CANDIDATE] if not (given and given.prediction) else "")
    from_examples = given.wanted if given is not None and not predictions_file else ()
    for role, name in [("weight", weight), ("query", query), *(("predictions", name) for name in from_examples)]:
        if name is not None and name not in columns:
            raise UsageError(
                f"{role}: the examples have no column {name!r}.", hint=did_you_mean(name, columns), column=name
            )
    order = tuple(name for name in (CANDIDATE, BASELINE) if name in models)
    plan = EvaluationPlan(
        layout=layout_for(found.values(), order, task, len(classes)),
        models=tuple(str(models[name]) for name in order),
        load=load,
        slices=tuple(specs),
        label=label,
        transformed_label=transformed_label,
        weight=weight,
        given=given,
        predictions_file=predictions_file,
        classes=tuple(classes),
    )
    intervals = confidence_intervals or ConfidenceIntervals()
    read_from = row_groups(examples, split)
    return Evaluation(
        plan,
        read_from,
        found,
        specs,
        list(thresholds),
        split,
        intervals,
        fairness,
        groups,
        others,
        module_file,
        query or "",
        output,
    )


def _column(examples: Examples, split: str, name: str) -> Any:
    """The numbers of a column, [rows]."""
    from penstock.evaluation.labels import numbers

    column = read_table(examples, split, columns=[name])[name].combine_chunks()
    return numbers(column, name, "column to cut into quantiles")


def wanted(
    metrics: Sequence[MetricValue],
    slices: Sequence[SliceValue],
    thresholds: Sequence[Threshold],
    task: Task = "binary",
    fairness: Fairness | None = None,
    engine: Engine = "auto",
    *,
    own: bool = False,
) -> tuple[dict[str, Metric], list[TfmaMetric | FunctionMetric], list[SliceSpec]]:
    """The metrics of the vectorised engine, all others, and the slices, those that thresholds or groups name too."""
    known = METRICS if task == "binary" else TASK_METRICS[task]
    asked = {name_of(one): one for one in metrics}
    for threshold in thresholds:
        if threshold.metric not in asked and threshold.metric.partition("@")[0] not in asked:
            asked[threshold.metric] = threshold.metric
    names: list[str] = []
    others: list[TfmaMetric | FunctionMetric] = []
    for one in asked.values():
        found = resolved(one, known, engine, own=own)
        theirs = as_tfma(known[found], found, task) if isinstance(found, str) and engine == "tfma" else None
        if not isinstance(found, str):
            others.append(found)
        elif theirs is not None:
            others.append(theirs)
        else:
            names.append(found)
    groups = parse(fairness.groups) if fairness is not None else []
    specs = dict.fromkeys([*parse(slices), *groups, *(spec for one in thresholds for spec in parse(one.slices))])
    return named(["example_count", *names], task), others, list(specs)
