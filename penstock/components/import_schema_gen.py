"""ImportSchemaGen: the curated schema, a file in the user's repository."""

from __future__ import annotations

from penstock.artifacts import Schema
from penstock.dsl import Context, InputPath, Output, component

__all__ = ["ImportSchemaGen"]


@component
def ImportSchemaGen(schema: Output[Schema], *, schema_file: InputPath, ctx: Context) -> None:
    """Publishes the curated schema file, in place of one that SchemaGen infers.

    It waits for nothing, so that StatisticsGen may know the schema too.

    Args:
        schema: ``schema.pbtxt``.
        schema_file: The curated schema, the text form of ``tensorflow_metadata``'s Schema.
        ctx: The running node.
    """
    from penstock.data_validation.files import parse_schema, write_schema

    proto = parse_schema(schema_file)
    write_schema(schema, proto)
    required = sum(feature.presence.min_fraction == 1 for feature in proto.feature)
    ctx.note(f"curated: {len(proto.feature)} features, {required} required in every row")
