"""Random examples with everything that statistics are made of, random splits of them, and what must not differ then."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_options import Slice, SummaryOptions

__all__ = ["OPTIONS", "SCHEMA", "examples", "parts_of", "same_statistics", "statistics_of"]

SCHEMA = pa.schema(
    [
        ("weight", pa.float64()),
        ("int", pa.int64()),
        ("code", pa.int64()),
        ("float", pa.float64()),
        ("constant", pa.float64()),
        ("word", pa.string()),
        ("nothing", pa.null()),
        ("list", pa.list_(pa.float64())),
        ("tags", pa.list_(pa.string())),
        ("nested", pa.list_(pa.list_(pa.binary()))),
        ("day", pa.string()),
        ("text", pa.string()),
        ("image", pa.binary()),
    ]
)

OPTIONS = SummaryOptions(
    "weight",
    (Slice((("word", None),)), Slice((("int", "1"), ("tags", None)))),
    crosses=True,
    domains=True,
).of_schema(
    text_format.Parse(
        "feature { name: 'code' type: INT int_domain { is_categorical: true } } "
        "feature { name: 'image' type: BYTES image_domain { } } "
        "sparse_feature { name: 'sparse' value_feature { name: 'list' } index_feature { name: 'tags' } } "
        "weighted_feature { name: 'weighted' feature { step: 'tags' } weight_feature { step: 'word' } }",
        schema_pb2.Schema(),
    )
)

_SUMS = {"mean", "std_dev", "covariance", "correlation"}
"""What is summed up in floating point, where the order shows in the last digits."""


def examples(seed: int) -> pa.RecordBatch:
    """Up to 400 examples; weights are multiples of a quarter, so that their sums are exact."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(0, 400))

    def column(name: str, values: npt.NDArray[Any], missing: float = 0.2) -> pa.Array:
        return pa.array(values.tolist(), SCHEMA.field(name).type, mask=random.random(rows) < missing)

    def lists(name: str, of: list[Any]) -> pa.Array:
        made = [[of[at] for at in random.integers(0, len(of), random.integers(0, 4))] for _ in range(rows)]
        return pa.array([None if random.random() < 0.2 else one for one in made], SCHEMA.field(name).type)

    columns = [
        column("weight", random.integers(0, 20, rows) / 4.0, 0.0),
        column("int", random.integers(-2, 3, rows)),
        column("code", random.integers(-2, 900, rows)),
        column("float", random.choice([0.0, -0.0, math.nan, math.inf, 1.5, *random.normal(1e3, 1.0, 5)], rows)),
        column("constant", np.full(rows, 0.1)),
        column("word", random.choice(["Cash", "Card", "", "é"], rows)),
        pa.nulls(rows),
        lists("list", [0.0, 2.5, -7.25, math.nan, None]),
        lists("tags", ["a", "b", None]),
        lists("nested", [[], [b"a"], [b"\xff", b"bc"], None]),
        column("day", np.array([f"2018-{at % 12 + 1:02d}-{at % 28 + 1:02d}" for at in range(rows)], object), 0.05),
        column("text", np.array([f"the quick brown fox number {at % 7}" for at in range(rows)], object), 0.05),
        column("image", np.array([b"\x89PNG\r\n\x1a\n" + bytes([at % 9]) for at in range(rows)], object), 0.05),
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def parts_of(batch: pa.RecordBatch, seed: int) -> list[pa.RecordBatch]:
    """The examples in parts of any size, empty ones too, in any order."""
    random = np.random.default_rng(seed)
    cuts = sorted(random.integers(0, batch.num_rows + 1, random.integers(0, 9)).tolist())
    bounds = [0, *cuts, batch.num_rows]
    parts = [batch.slice(start, stop - start) for start, stop in itertools.pairwise(bounds)]
    return [parts[at] for at in random.permutation(len(parts))]


def statistics_of(batch: pa.RecordBatch) -> statistics_pb2.DatasetFeatureStatisticsList:
    """In one go."""
    whole = SlicedSummary(SCHEMA, OPTIONS)
    whole.add(batch)
    return whole.to_proto("train")


def same_statistics(one: Any, other: Any, at: str = "") -> None:
    """Every field equal to the last bit, save means and deviations: those to 1e-9 of the numbers' size."""
    names = {field.name for field, _ in (*one.ListFields(), *other.ListFields())}
    for name in names:
        a, b, field = getattr(one, name), getattr(other, name), one.DESCRIPTOR.fields_by_name[name]
        if name in _SUMS:
            assert a == pytest.approx(b, rel=1e-9, abs=1e-6, nan_ok=True), f"{at}.{name}"
        elif field.message_type is None:
            # As text, in which NaN equals NaN.
            assert str(a) == str(b), f"{at}.{name}"
        elif field.is_repeated:
            assert len(a) == len(b), f"{at}.{name}"
            for nth, (x, y) in enumerate(zip(a, b, strict=True)):
                same_statistics(x, y, f"{at}.{name}[{nth}]")
        else:
            same_statistics(a, b, f"{at}.{name}")
