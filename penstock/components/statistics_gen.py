"""StatisticsGen: statistics of every column of every split, in one pass over the examples."""

from __future__ import annotations

from penstock.artifacts import Examples, ExampleStatistics, Schema
from penstock.dsl import Context, Input, Output, component
from penstock.errors import UsageError, did_you_mean
from penstock.evaluation.slices import SliceValue, check_columns, parse

__all__ = ["StatisticsGen"]


@component(version="3")
def StatisticsGen(
    examples: Input[Examples],
    statistics: Output[ExampleStatistics],
    *,
    schema: Input[Schema] | None = None,
    earlier_statistics: Input[ExampleStatistics] | None = None,
    weight: str | None = None,
    slices: list[SliceValue] = [],  # noqa: B006  # read as a declaration, never changed
    crosses: bool = False,
    domains: bool = False,
    exclude_splits: list[str] | None = None,
    ctx: Context,
) -> None:
    """Computes statistics of every column of every split.

    Counts, missing values, moments, quantiles and histograms of numbers; distinct and most frequent values of strings.
    Written as ``tensorflow_metadata``'s ``DatasetFeatureStatisticsList``, which TensorFlow's tools read, and beside it
    as a summary that merges with those of other spans.

    Args:
        examples: The examples.
        statistics: One ``FeatureStats.pb`` and one ``Summary.zip`` for each split.
        schema: What is known of the columns, as `ImportSchemaGen` publishes it. Integers that it says are categorical
            are ranked as strings are, images only measured, and the parts of sparse and weighted features counted.
        earlier_statistics: Statistics of earlier spans, made with the same settings. Their examples are summed up with
            these, without being read again.
        weight: A column of example weights; every statistic is there with and without them.
        slices: Statistics of their own for each value of a column, ``[a]``, each cross, ``[a, b]``, or one value,
            ``{a: 1}``.
        crosses: Covariance and correlation of each pair of numeric columns.
        domains: Look for natural language, times and images; costs time.
        exclude_splits: Splits to leave out.
        ctx: The running node.
    """
    from penstock.data.examples import arrow_schema
    from penstock.data_validation.files import read_schema, read_statistics
    from penstock.data_validation.generate import generate_statistics
    from penstock.data_validation.splits import kept_splits
    from penstock.data_validation.summary_options import Slice, SummaryOptions

    splits = kept_splits(examples, exclude_splits, ctx.node)
    specs = [spec for spec in parse(slices) if spec.columns]
    columns = arrow_schema(examples, splits[0]).names
    check_columns(specs, columns)
    if weight is not None and weight not in columns:
        hint = did_you_mean(weight, columns)
        raise UsageError(f"weight: the examples have no column {weight!r}.", hint=hint, column=weight)
    held = [dict.fromkeys(spec.features) | {name: str(value) for name, value in spec.values} for spec in specs]
    wanted = tuple(Slice(tuple(sorted(one.items()))) for one in held)
    options = SummaryOptions(weight, wanted, crosses, domains)
    if schema is not None:
        options = options.of_schema(read_schema(schema))
    directories = {split: statistics.split_path(split) for split in splits}
    generate_statistics(examples, directories, ctx, options, earlier_statistics)
    statistics.splits = splits
    if "span" in examples.properties:
        statistics.properties["span"] = examples.properties["span"]
    counts = [read_statistics(statistics, split) for split in splits]
    rows = sum(int(count.num_examples) for count in counts)
    ctx.note(f"{rows:,} rows x {max((len(count.features) for count in counts), default=0)} columns")
