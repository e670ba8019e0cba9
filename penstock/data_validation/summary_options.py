"""What statistics are asked for beyond those of every column: `SummaryOptions`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

__all__ = ["Composite", "Slice", "SummaryOptions"]


@dataclass(frozen=True)
class Slice:
    """Examples with the same values of some columns.

    Attributes:
        columns: The columns by name, in ascending order, each with the one value wanted, as text, or None for every
            value that occurs.
    """

    columns: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Composite:
    """A feature made of several columns.

    Attributes:
        name: What the schema calls it.
        value: The column of its values.
        others: Those that go with each value: of indices, or of the weights.
        weighted: Whether it is a weighted feature, and not a sparse one.
    """

    name: str
    value: str
    others: tuple[str, ...]
    weighted: bool


@dataclass(frozen=True)
class SummaryOptions:
    """What is computed beside the statistics of every column.

    Attributes:
        weight_column: Holds the weight of each example.
        slices: What is summed up apart as well.
        crosses: Whether pairs of numeric columns are.
        domains: Whether columns are searched for natural language, times and images.
        categorical: Columns of integers that are names, not quantities.
        files: Columns of bytes that are not ranked, as images.
        composites: Sparse and weighted features.
    """

    weight_column: str | None = None
    slices: tuple[Slice, ...] = ()
    crosses: bool = False
    domains: bool = False
    categorical: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    composites: tuple[Composite, ...] = ()

    def of_schema(self, schema: schema_pb2.Schema) -> SummaryOptions:
        """These options with what a schema knows of the columns, by TFDV's rules."""
        from tensorflow_metadata.proto.v0 import schema_pb2

        sparse = [
            Composite(
                one.name, one.value_feature.name, tuple(index.name for index in one.index_feature), weighted=False
            )
            for one in schema.sparse_feature
        ]
        weighted = [
            Composite(one.name, ".".join(one.feature.step), (".".join(one.weight_feature.step),), weighted=True)
            for one in schema.weighted_feature
        ]
        return replace(
            self,
            categorical=tuple(
                one.name
                for one in schema.feature
                if one.type == schema_pb2.INT
                and (
                    one.int_domain.is_categorical
                    or one.WhichOneof("domain_info") in ("bool_domain", "natural_language_domain")
                )
            ),
            files=tuple(one.name for one in schema.feature if one.HasField("image_domain")),
            composites=(*sparse, *weighted),
        )
