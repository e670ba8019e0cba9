"""SchemaGen: a schema inferred from statistics."""

from __future__ import annotations

from penstock.artifacts import ExampleStatistics, Schema
from penstock.dsl import Context, Input, Output, component

__all__ = ["SchemaGen"]


@component
def SchemaGen(
    statistics: Input[ExampleStatistics],
    schema: Output[Schema],
    *,
    infer_feature_shape: bool = False,
    exclude_splits: list[str] | None = None,
    ctx: Context,
) -> None:
    """Infers a schema from the statistics of all splits.

    An inferred schema says what this data happens to be, so that the data always fits it: it is a draft. Keep it as a
    file (``penstock schema infer``), correct it, and read it with `ImportSchemaGen`; then validation means something.

    No shapes are inferred unless asked for. A shape makes a feature a dense tensor, in the transform graph and so in
    the serving signature, and a dense feature that is missing from a request is an error there; without one it is a
    sparse tensor, and a missing value is an empty one that ``preprocessing_fn`` fills in. What every example of the
    training data has need not be in every request. (TFX infers shapes unless told not to, and its taxi pipeline tells.)

    Args:
        statistics: Statistics of the examples.
        schema: ``schema.pbtxt``.
        infer_feature_shape: Give a fixed shape to each feature that every example has.
        exclude_splits: Splits that the schema is not inferred from.
        ctx: The running node.
    """
    from penstock.data_validation.files import read_statistics, write_schema
    from penstock.data_validation.inference import infer_schema
    from penstock.data_validation.splits import kept_splits

    splits = kept_splits(statistics, exclude_splits, ctx.node)
    proto = infer_schema(
        (read_statistics(statistics, split) for split in splits), infer_feature_shape=infer_feature_shape
    )
    write_schema(schema, proto)
    required = sum(feature.presence.min_fraction == 1 for feature in proto.feature)
    ctx.note(f"inferred: {len(proto.feature)} features, {required} required in every row")
