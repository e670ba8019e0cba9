"""StatisticsGen: statistics of every column of every split, in one pass over the examples."""

from __future__ import annotations

from penstock.artifacts import Examples, ExampleStatistics
from penstock.dsl import Context, Input, Output, component

__all__ = ["StatisticsGen"]


@component
def StatisticsGen(
    examples: Input[Examples],
    statistics: Output[ExampleStatistics],
    *,
    exclude_splits: list[str] | None = None,
    ctx: Context,
) -> None:
    """Computes statistics of every column of every split.

    Counts, missing values, moments, quantiles and histograms of numbers; distinct and most frequent values of strings.
    Written as ``tensorflow_metadata``'s ``DatasetFeatureStatisticsList``, which TensorFlow's tools read.

    Args:
        examples: The examples.
        statistics: One ``FeatureStats.pb`` for each split.
        exclude_splits: Splits to leave out.
        ctx: The running node.
    """
    from penstock.data_validation.files import STATISTICS_FILE, read_statistics
    from penstock.data_validation.generate import generate_statistics
    from penstock.data_validation.splits import kept_splits

    splits = kept_splits(examples, exclude_splits, ctx.node)
    generate_statistics(examples, {split: statistics.split_path(split, STATISTICS_FILE) for split in splits}, ctx)
    statistics.splits = splits
    if "span" in examples.properties:
        statistics.properties["span"] = examples.properties["span"]
    counts = [read_statistics(statistics, split) for split in splits]
    rows = sum(int(count.num_examples) for count in counts)
    ctx.note(f"{rows:,} rows x {max((len(count.features) for count in counts), default=0)} columns")
