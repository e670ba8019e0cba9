"""Evaluator: metrics of a model on slices of the evaluation set, held against thresholds and a baseline."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from penstock.artifacts import Examples, Model, ModelBlessing, ModelEvaluation
from penstock.dsl.annotations import Input, InputPath, ModuleFile, Output
from penstock.dsl.component import component
from penstock.dsl.context import Context
from penstock.errors import UsageError
from penstock.evaluation.asked import Engine, FunctionMetric, MetricValue, TfmaMetric, values_of
from penstock.evaluation.fairness.options import Fairness
from penstock.evaluation.fairness.results import FairnessResult
from penstock.evaluation.fairness.verdicts import judge_fairness
from penstock.evaluation.given import Given
from penstock.evaluation.names import check_parameters, measured
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.results import BASELINE, CANDIDATE, EvaluationResult
from penstock.evaluation.slices import SliceValue
from penstock.evaluation.task_names import Task
from penstock.evaluation.thresholds import Threshold
from penstock.gates import Gate

__all__ = ["Evaluator"]

# What is computed where no metrics are named.
USUAL: dict[Task, list[MetricValue]] = {
    "binary": ["auc", "accuracy", "precision", "recall", "calibration"],
    "regression": ["rmse", "mae", "r2", "calibration"],
    "multiclass": ["accuracy", "categorical_crossentropy", "auc_macro", "f1_score_macro"],
    "multilabel": ["exact_match", "hamming_loss", "auc_macro", "f1_score"],
}


@component(version="2", check=check_parameters, measured=measured)
def Evaluator(
    examples: Input[Examples],
    blessing: Output[ModelBlessing],
    evaluation: Output[ModelEvaluation],
    model: Input[Model] | None = None,
    baseline_model: Input[Model] | None = None,
    *,
    label: str = "",
    output: str = "",
    slices: list[SliceValue] = [[]],  # noqa: B006  # read as a declaration, never changed
    metrics: list[MetricValue] | None = None,
    task: Task = "binary",
    classes: list[int | str] = [],  # noqa: B006  # read as a declaration, never changed
    thresholds: list[Threshold] = [],  # noqa: B006  # read as a declaration, never changed
    split: str = "eval",
    weight: str | None = None,
    query: str | None = None,
    engine: Engine = "auto",
    module_file: ModuleFile = "",
    confidence_intervals: ConfidenceIntervals | None = None,
    fairness: Fairness | None = None,
    predictions: Given | None = None,
    predictions_file: InputPath = "",
    eval_config: InputPath = "",
    gate: Gate = "block",  # noqa: ARG001  # the launcher reads it, with the verdicts
    ctx: Context,
) -> None:
    """Computes metrics of the model, and of a baseline on the same rows, on every slice, and blesses the model or not.

    A model is blessed unless a verdict failed, or it was held to absolute bounds (``min``, ``max``) and every one of
    them is undefined: then nothing is known in its favour. A comparison with a baseline that is not there is undefined
    and does not hold a model back; nor does a model without thresholds need any to be blessed. What a failed verdict
    does to the run is the gate's business; the blessing says what the verdicts say. Where only bounds have changed
    since an earlier evaluation, that one is judged anew and no model runs.

    Args:
        examples: Raw examples; the model must take them as they are.
        blessing: ``BLESSED`` or ``NOT_BLESSED``.
        evaluation: ``results.json``, ``verdicts.json``, the predictions, and TFMA's files.
        model: The candidate: a SavedModel with the signature ``serving_default`` over serialized examples. Not needed
            where ``predictions`` names its predictions.
        baseline_model: What thresholds ``max_drop`` and ``max_rise`` compare with.
        label: A column of the examples, or a feature that the model's signature ``transform_features`` gives; of a
            binary task numbers between 0 and 1. Rows without it are left out.
        output: Of a model with several outputs the one that is held against the label.
        slices: ``[]`` is the whole set, ``[a]`` every value of a column, ``[a, b]`` a cross, ``{a: 1}`` one value,
            ``{column: a, buckets: [1, 5]}`` or ``{column: a, quantiles: 4}`` the buckets of a number,
            ``{expression: a > 5 and b == 'x'}`` the rows where it is true; all of these in crosses too.
        metrics: Names of metrics; if not given, the usual ones of the task (binary: auc, accuracy, precision, recall,
            calibration). A metric class of TFMA's is named too, or given as ``{class_name: NDCG, config: {...}}``.
        task: What a score means: of the positive class (``binary``), a number (``regression``), one of each of several
            classes that exclude one another (``multiclass``) or do not (``multilabel``).
        classes: Of several classes or labels, their names in the order of the scores. A label is a name or position,
            of several labels a list of one 0 or 1 for each.
        thresholds: Bounds on metrics; metrics and slices that only they name are computed too.
        split: The split evaluated.
        weight: A column of example weights. Rows without one are left out.
        query: The column that says which rows belong to one query, for metrics of rankings.
        engine: What computes metrics: the vectorised engine those that it knows and TFMA on Beam all others (``auto``),
            or one of the two.
        module_file: The Python file with metrics of your own: ``{function: profit}`` for a function
            ``profit(labels, predictions, weights)`` over the rows of a slice, or ``{class_name: ...}``.
        confidence_intervals: How the 95 % intervals of metrics are found; if not given by formulas, for the metrics
            that have one.
        fairness: Groups whose rates are held against one another, how far they may be apart, and rows that are scored
            again with one column changed.
        predictions: Columns that hold predictions, in place of a model, or labels that came later.
        predictions_file: The file that has those columns, if the examples do not: Parquet, CSV or JSON Lines. Rows that
            it does not know are left out.
        eval_config: A file with TFMA's ``EvalConfig`` as a text proto, which stands for label, slices, metrics,
            thresholds, weight, query and confidence intervals; what has no equivalent is an error with its line.
        gate: Whether a failed threshold holds the run back.
        ctx: The running node.
    """
    from penstock.evaluation import tfma_format
    from penstock.evaluation.evaluate import wanted
    from penstock.evaluation.thresholds import blessed

    asked: dict[str, Any] = {
        "label": label,
        "output": output,
        "slices": slices,
        "metrics": metrics,
        "thresholds": thresholds,
        "split": split,
        "weight": weight,
        "query": query,
        "engine": engine,
        "module_file": module_file,
        "confidence_intervals": confidence_intervals,
        "fairness": fairness,
        "task": task,
        "classes": classes,
        "predictions": predictions,
        "predictions_file": predictions_file,
    }
    if eval_config:
        from penstock.evaluation.eval_config import with_eval_config

        asked = with_eval_config({**asked, "eval_config": eval_config})
        del asked["eval_config"]
        check_parameters(asked)
    asked["metrics"] = USUAL[task] if asked["metrics"] is None else asked["metrics"]
    given = asked.pop("predictions")
    models = {CANDIDATE: "" if model is None else str(model.serving)}
    if baseline_model is not None or (given is not None and given.baseline):
        models[BASELINE] = "" if baseline_model is None else str(baseline_model.serving)
    before = ctx.earlier.get("evaluation")
    if isinstance(before, ModelEvaluation):
        from penstock.evaluation.rejudge import rejudged

        result = rejudged(before, evaluation, asked["thresholds"])
    else:
        result = _measured(examples, models, evaluation, ctx, given=given, **asked)
    found, others, specs = wanted(
        asked["metrics"], asked["slices"], asked["thresholds"], task, fairness, engine, own=bool(module_file)
    )
    functions = {one.name: one for one in others if isinstance(one, FunctionMetric)}
    by_tfma = [one for one in others if isinstance(one, TfmaMetric)]
    fair = FairnessResult.read(evaluation.path())
    if fairness is not None and fair is not None:
        result.verdicts.extend(judge_fairness(fairness, fair))
        result.write_verdicts(evaluation.path())
    tfma_format.write(
        evaluation.path(),
        result,
        {**found, **functions, **values_of(by_tfma, (name for name, by in result.engines.items() if by == "tfma"))},
        specs,
        asked["thresholds"],
        weight=asked["weight"],
        data=str(examples.split_path(split)),
        models=models,
        fairness=fair,
    )
    good = blessed(result.verdicts)
    blessing.path().mkdir(parents=True, exist_ok=True)
    blessing.path("BLESSED" if good else "NOT_BLESSED").touch()
    blessing.custom_properties["blessed"] = int(good)
    _tell(ctx, result, label=asked["label"], weight=asked["weight"])


def _measured(
    examples: Examples, models: dict[str, str], evaluation: ModelEvaluation, ctx: Context, **asked: Any
) -> EvaluationResult:
    """Runs the models on the examples, and everything that follows from their predictions."""
    from penstock.data.examples import arrow_schema
    from penstock.evaluation.evaluate import prepare
    from penstock.models.inference import Scorer, computes_label, serving_signatures

    label, given, output = asked["label"], asked["given"], asked["output"]
    scored_by = {CANDIDATE: given.prediction if given else "", BASELINE: given.baseline if given else ""}
    missing = [name for name, path in models.items() if not path and not scored_by[name]]
    if missing:
        raise UsageError(
            f"There is neither a model nor a column of predictions for the {missing[0]}.",
            hint="Give the Evaluator a model, or name the column: predictions: {prediction: score}.",
        )
    signatures = {
        name: serving_signatures(path, output) for name, path in models.items() if path and not scored_by[name]
    }
    late = bool(given and given.label)
    columns = arrow_schema(examples, asked["split"]).names
    transformed = not late and computes_label(signatures.get(CANDIDATE, {}), label, columns)
    prepared = prepare(examples, models, load=partial(Scorer, output=output), transformed_label=transformed, **asked)
    if prepared.others:
        own = ", ".join(one.name for one in prepared.by_functions)
        theirs = ", ".join(one.name or one.tfma_class for one in prepared.by_tfma)
        said = [f"{theirs}: by TFMA on Beam; "] * bool(theirs) + [f"{own}: by functions of your own; "] * bool(own)
        # What stands in the node's log.
        sys.stdout.write(f"{''.join(said)}the other {len(prepared.metrics)} metrics: by the vectorised engine.\n")
    done = 0

    def scored(rows: int) -> None:
        nonlocal done
        done += rows
        ctx.progress(done, prepared.rows, unit="rows")

    ctx.progress(0, prepared.rows, unit="rows")

    def resampled(done: int, total: int) -> None:
        ctx.progress(done, total, unit="slices")

    return prepared.run(ctx.beam, evaluation.path(), scored, resampled)


def _tell(ctx: Context, result: EvaluationResult, *, label: str, weight: str | None) -> None:
    """Warns of rows left out, and hands on verdicts, the metrics of the whole set and a note."""
    reasons = {
        "missing_label": f"label {label!r}",
        "missing_weight": f"weight {weight!r}",
        "missing_prediction": "prediction",
    }
    for reason, what in reasons.items():
        left_out = result.counts.get(reason, 0)
        if left_out:
            ctx.warn(f"{left_out:,} of {result.counts['rows']:,} rows have no {what} and were left out.")
    for verdict in result.verdicts:
        ctx.verdict(verdict)
    overall = {name: column[0] for name, column in result.values[CANDIDATE].items() if not result.slices[0]}
    for name, value in overall.items():
        ctx.metric(name, value)
    shown = "auc" if "auc" in overall else next((name for name in result.metrics[1:] if name in overall), None)
    note = f"{shown.upper() if shown == 'auc' else shown} {overall[shown]:.3f}" if shown else f"{len(result.n)} slices"
    failed = sum(verdict.outcome == "fail" for verdict in result.verdicts)
    ctx.note(f"{note}, {failed} of {len(result.verdicts)} checks failed" if failed else note)
