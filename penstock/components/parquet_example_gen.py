"""ParquetExampleGen: Parquet files in, examples in splits out."""

from __future__ import annotations

from penstock.artifacts import Examples
from penstock.dsl import Context, InputPath, Output, component

__all__ = ["ParquetExampleGen"]

_SPLITS = {"train": 2, "eval": 1}


@component
def ParquetExampleGen(
    examples: Output[Examples],
    *,
    input_base: InputPath,
    splits: dict[str, int] = _SPLITS,
    ctx: Context,
) -> None:
    """Reads Parquet files and shares their rows out to splits.

    Columns keep their types as far as Examples have them: see docs/ingest.md. All files must have the same columns, in
    any order. A row's split follows from its values alone.

    Args:
        examples: Parquet files by split.
        input_base: A Parquet file, a directory of ``*.parquet`` or ``*.pq`` files, or a pattern.
        splits: Names and weights of the splits, as ratios.
        ctx: The running node.

    Raises:
        DataError: The data is not usable; names file, row and column.
        UsageError: Splits are not usable.
    """
    from penstock.data.parquet import ingest_parquet

    ingest_parquet(input_base, examples, splits, ctx)
