"""ExampleValidator: the gate that holds bad data back."""

from __future__ import annotations

from penstock.artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.severity import Severity, check_severity
from penstock.dsl import Context, Input, Output, component
from penstock.gates import Gate

__all__ = ["ExampleValidator"]


@component(version="2", check=check_severity)
def ExampleValidator(
    statistics: Input[ExampleStatistics],
    schema: Input[Schema],
    anomalies: Output[ExampleAnomalies],
    *,
    baseline_statistics: Input[ExampleStatistics] | None = None,
    serving_statistics: Input[ExampleStatistics] | None = None,
    examples: Input[Examples] | None = None,
    drift: dict[str, DriftBound] | None = None,
    skew: dict[str, DriftBound] | None = None,
    serving_split: str = "serving",
    environments: dict[str, str] | None = None,
    severity: dict[str, Severity | dict[str, Severity]] | None = None,
    exclude_splits: list[str] | None = None,
    gate: Gate = "block",  # noqa: ARG001  # the launcher acts on it
    ctx: Context,
) -> None:
    """Holds every split against the schema, and bounded features against earlier and against served data.

    Bad data is a result, not an error: each check leaves a verdict, and the gate decides what follows. It blocks unless
    told otherwise, because a validation that nothing waits for is found out about by its consequences; a schema
    inferred from the same data finds nothing but an empty split, so that blocking costs nobody who has not curated one.

    Args:
        statistics: Statistics of the data at hand.
        schema: What it must fit.
        anomalies: One ``SchemaDiff.pb`` for each split, and ``verdicts.json``.
        baseline_statistics: Statistics of an earlier span or run, as `LatestStatistics` finds them. Without them the
            verdicts on drift are undefined.
        serving_statistics: Statistics of data as it is served, where they are not a split of ``statistics``.
        examples: The data themselves. They are only read where an anomaly was found, to name rows and values.
        drift: Bounds, by feature, on the distance of each split from the same split of the baseline:
            ``{payment_type: {linf: 0.05}}``. They go before those that the schema sets. Where chance alone would
            exceed a bound, because there are too few values, the verdict is undefined.
        skew: Bounds, by feature, on the distance of the first split from data as it is served.
        serving_split: The split that holds data as it is served. If there is none, verdicts on skew are undefined.
        environments: The schema's environment that a split is of, by split: ``{serving: SERVING}``. Features that are
            ``not_in_environment`` need not be there, and must not.
        severity: How serious a type of anomaly is, for all features or by feature: ``{SCHEMA_NEW_COLUMN: warning,
            FLOAT_TYPE_BIG_FLOAT: {fare: ignore}}``. A warning is a failed verdict that holds nothing back; what is
            ignored leaves none. Otherwise an anomaly is an ``error``.
        exclude_splits: Splits not to look at.
        gate: What a failed verdict does: ``block`` what waits for this node, ``warn``, or nothing (``off``).
        ctx: The running node.
    """
    import json

    from penstock.data_validation.comparisons import baselines, comparisons, environments_of
    from penstock.data_validation.files import read_schema, read_statistics, write_anomalies
    from penstock.data_validation.splits import kept_splits
    from penstock.data_validation.validation import validate

    splits = kept_splits(statistics, exclude_splits, ctx.node)
    datasets = {split: read_statistics(statistics, split) for split in splits}
    wanted = read_schema(schema)
    found = validate(
        datasets,
        wanted,
        comparisons(
            datasets, wanted, drift or {}, skew or {}, baseline_statistics, serving_statistics, serving_split, ctx.node
        ),
        environments=environments_of(environments or {}, wanted, ctx.node),
        before=baselines(datasets, baseline_statistics),
        policy=severity,
    )
    if examples is not None:
        found.point_out(examples)
    for split in splits:
        write_anomalies(anomalies, split, found.to_proto(split))
    anomalies.splits = splits
    if "span" in statistics.properties:
        anomalies.properties["span"] = statistics.properties["span"]
    verdicts = list(found.verdicts())
    text = json.dumps([verdict.to_json() for verdict in verdicts], indent=1, ensure_ascii=False)
    anomalies.path("verdicts.json").write_text(text + "\n", encoding="utf-8")
    for verdict in verdicts:
        ctx.verdict(verdict)
    failed = sum(verdict.outcome == "fail" for verdict in verdicts)
    undefined = sum(verdict.outcome == "undefined" for verdict in verdicts)
    note = f"{failed or 'no'} {'anomaly' if failed == 1 else 'anomalies'}"
    ctx.note(f"{note}, {undefined} undefined" if undefined else note)
