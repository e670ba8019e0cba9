"""Evaluator: metrics of a model on slices of the evaluation set, held against thresholds and a baseline."""

from __future__ import annotations

from penstock.artifacts import Examples, Model, ModelBlessing, ModelEvaluation
from penstock.dsl.annotations import Input, Output
from penstock.dsl.component import component
from penstock.dsl.context import Context
from penstock.evaluation.names import check_metric_names
from penstock.evaluation.slices import SliceValue
from penstock.evaluation.thresholds import Threshold
from penstock.gates import Gate

__all__ = ["Evaluator"]

DEFAULT_METRICS = ["auc", "accuracy", "precision", "recall", "calibration"]


@component(check=check_metric_names)
def Evaluator(
    examples: Input[Examples],
    model: Input[Model],
    blessing: Output[ModelBlessing],
    evaluation: Output[ModelEvaluation],
    baseline_model: Input[Model] | None = None,
    *,
    label: str,
    slices: list[SliceValue] = [[]],  # noqa: B006  # read as a declaration, never changed
    metrics: list[str] = DEFAULT_METRICS,
    thresholds: list[Threshold] = [],  # noqa: B006
    split: str = "eval",
    weight: str | None = None,
    gate: Gate = "block",  # noqa: ARG001  # the launcher reads it, with the verdicts
    ctx: Context,
) -> None:
    """Computes metrics of the model, and of a baseline on the same rows, on every slice, and blesses the model or not.

    A model is blessed unless a verdict failed, or it was held to absolute bounds (``min``, ``max``) and every one of
    them is undefined: then nothing is known in its favour. A comparison with a baseline that is not there is undefined
    and does not hold a model back; nor does a model without thresholds need any to be blessed. What a failed verdict
    does to the run is the gate's business; the blessing says what the verdicts say.

    Args:
        examples: Raw examples; the model must take them as they are.
        model: The candidate: a SavedModel with the signature ``serving_default`` over serialized examples.
        blessing: ``BLESSED`` or ``NOT_BLESSED``.
        evaluation: ``results.json``, ``verdicts.json``, and TFMA's files.
        baseline_model: What thresholds ``max_drop`` and ``max_rise`` compare with.
        label: A column of the examples, or a feature that the model's signature ``transform_features`` gives; numbers
            between 0 and 1. Rows without it are left out.
        slices: ``[]`` is the whole set, ``[a]`` every value of a column, ``[a, b]`` a cross, ``{a: 1}`` one value.
        metrics: Names of metrics.
        thresholds: Bounds on metrics; metrics and slices that only they name are computed too.
        split: The split evaluated.
        weight: A column of example weights. Rows without one are left out.
        gate: Whether a failed threshold holds the run back.
        ctx: The running node.
    """
    from penstock.data.examples import arrow_schema
    from penstock.evaluation import tfma_format
    from penstock.evaluation.evaluate import prepare
    from penstock.evaluation.results import BASELINE, CANDIDATE
    from penstock.evaluation.thresholds import blessed
    from penstock.models.inference import Scorer, computes_label, serving_signatures

    models = {CANDIDATE: str(model.serving)}
    if baseline_model is not None:
        models[BASELINE] = str(baseline_model.serving)
    signatures = {name: serving_signatures(path) for name, path in models.items()}
    prepared = prepare(
        examples,
        models,
        load=Scorer,
        label=label,
        transformed_label=computes_label(signatures[CANDIDATE], label, arrow_schema(examples, split).names),
        slices=slices,
        metrics=metrics,
        thresholds=thresholds,
        split=split,
        weight=weight,
    )
    done = 0

    def scored(rows: int) -> None:
        nonlocal done
        done += rows
        ctx.progress(done, prepared.rows, unit="rows")

    ctx.progress(0, prepared.rows, unit="rows")
    result = prepared.run(ctx.beam(), evaluation.path(), scored)
    tfma_format.write(
        evaluation.path(),
        result,
        prepared.metrics,
        prepared.slices,
        thresholds,
        weight=weight,
        data=str(examples.split_path(split)),
        models=models,
    )
    good = blessed(result.verdicts)
    blessing.path().mkdir(parents=True, exist_ok=True)
    blessing.path("BLESSED" if good else "NOT_BLESSED").touch()
    blessing.custom_properties["blessed"] = int(good)

    for reason, what in (("missing_label", f"label {label!r}"), ("missing_weight", f"weight {weight!r}")):
        left_out = result.counts.get(reason, 0)
        if left_out:
            ctx.warn(f"{left_out:,} of {result.counts['rows']:,} rows have no {what} and were left out.")
    for verdict in result.verdicts:
        ctx.verdict(verdict)
    overall = {name: column[0] for name, column in result.values[CANDIDATE].items() if not result.slices[0]}
    for name, value in overall.items():
        ctx.metric(name, value)
    shown = "auc" if "auc" in overall else next((name for name in metrics if name in overall), None)
    note = f"{shown.upper() if shown == 'auc' else shown} {overall[shown]:.3f}" if shown else f"{len(result.n)} slices"
    failed = sum(verdict.outcome == "fail" for verdict in result.verdicts)
    ctx.note(f"{note}, {failed} of {len(result.verdicts)} checks failed" if failed else note)
