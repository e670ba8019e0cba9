"""Between Arrow columns and tf.Transform's tensors."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.errors import DataError
from penstock.models.tensors import TensorColumns, flat_batch, flat_schema, raw_schema, read_schema

SCHEMA = text_format.Parse(
    """
    feature { name: "hour" type: INT }
    feature { name: "fare" type: FLOAT }
    feature { name: "company" type: BYTES }
    """,
    schema_pb2.Schema(),
)


def test_missing_values_become_empty_lists() -> None:
    """A flat column becomes a list of one value for each row, of none where the value is missing."""
    batch = pa.record_batch({"company": ["a", None, "c"], "fare": [1.5, 2.5, None], "hour": [None, 7, 8]})
    converted = TensorColumns(SCHEMA).convert(batch)
    assert converted.to_pydict() == {
        "hour": [[], [7], [8]],
        "fare": [[1.5], [2.5], []],
        "company": [[b"a"], [], [b"c"]],
    }
    assert converted.schema == TensorColumns(SCHEMA).arrow_schema


def test_a_column_without_any_value_becomes_empty_lists() -> None:
    """Arrow's null type fits any type that the schema gives."""
    batch = pa.record_batch({"hour": pa.nulls(2), "fare": pa.nulls(2), "company": pa.nulls(2)})
    assert TensorColumns(SCHEMA).convert(batch).to_pydict() == {name: [[], []] for name in ("hour", "fare", "company")}


def test_integers_fit_a_float_feature() -> None:
    """A curated schema may say FLOAT of a column that this time holds whole numbers only."""
    batch = pa.record_batch({"hour": [1], "fare": pa.array([3]), "company": ["a"]})
    assert TensorColumns(SCHEMA).convert(batch).column(1).to_pylist() == [[3.0]]


@pytest.mark.parametrize("hour", [pa.array([1.5]), pa.array(["noon"])])
def test_values_that_do_not_fit_the_schema_are_refused(hour: pa.Array) -> None:
    """The error names the column and what the schema says."""
    batch = pa.record_batch({"hour": hour, "fare": [1.0], "company": ["a"]})
    with pytest.raises(DataError, match=r"column 'hour'.*schema says INT") as caught:
        TensorColumns(SCHEMA).convert(batch)
    assert caught.value.column == "hour"


def test_a_fixed_shape_is_dense_and_forbids_missing_values() -> None:
    """A feature with a shape is a dense tensor, and a row without a value for it an error."""
    schema = text_format.Parse('feature { name: "hour" type: INT shape {} }', schema_pb2.Schema())
    columns = TensorColumns(schema)
    assert columns.representations()["hour"].WhichOneof("kind") == "dense_tensor"
    with pytest.raises(DataError, match=r"'hour' misses 1 value"):
        columns.convert(pa.record_batch({"hour": pa.array([1, None])}))


def test_the_raw_schema_holds_what_the_examples_have() -> None:
    """Deprecated and absent features are left out; an unknown type counts as text, an optional shape as none."""
    schema = text_format.Parse(
        """
        feature { name: "kept" type: INT }
        feature { name: "gone" type: INT }
        feature { name: "old" type: INT lifecycle_stage: DEPRECATED }
        feature { name: "never" }
        feature { name: "dense" type: INT shape {} presence { min_fraction: 1 } }
        feature { name: "optional" type: INT shape {} presence { min_fraction: 0.9 } }
        """,
        schema_pb2.Schema(),
    )
    raw = raw_schema(schema, ["kept", "old", "never", "dense", "optional"])
    assert {feature.name: feature.type for feature in raw.feature} == {
        "kept": schema_pb2.INT,
        "never": schema_pb2.BYTES,
        "dense": schema_pb2.INT,
        "optional": schema_pb2.INT,
    }
    assert [feature.name for feature in raw.feature if feature.HasField("shape")] == ["dense"]


def test_an_unreadable_schema_is_a_data_error(tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "schema.pbtxt"
    path.write_text("feature { nam: 1 }")
    with pytest.raises(DataError, match=r"cannot be read") as caught:
        read_schema(path)
    assert caught.value.path == str(path)


def test_transformed_features_become_flat_columns() -> None:
    """One value a row is a flat column, a vector a fixed-size list, anything else a list."""
    schema = text_format.Parse(
        """
        feature { name: "one" type: INT shape {} }
        feature { name: "also_one" type: FLOAT shape { dim { size: 1 } } }
        feature { name: "vector" type: FLOAT shape { dim { size: 2 } } }
        feature { name: "words" type: BYTES }
        """,
        schema_pb2.Schema(),
    )
    flat = flat_schema(schema)
    assert [field.type for field in flat] == [
        pa.int64(),
        pa.float32(),
        pa.list_(pa.float32(), 2),
        pa.list_(pa.binary()),
    ]
    lists = pa.record_batch(
        {
            "vector": pa.array([[1, 2], [3, 4]], pa.large_list(pa.float32())),
            "one": pa.array([[1], [2]], pa.large_list(pa.int64())),
            "also_one": pa.array([[1], [2]], pa.large_list(pa.float32())),
            "words": pa.array([[b"a", b"b"], []], pa.large_list(pa.large_binary())),
        }
    )
    assert flat_batch(lists, flat).to_pydict() == {
        "one": [1, 2],
        "also_one": [1.0, 2.0],
        "vector": [[1.0, 2.0], [3.0, 4.0]],
        "words": [[b"a", b"b"], []],
    }


def test_the_columns_travel_between_processes() -> None:
    """Beam pickles them: what comes back converts alike."""
    batch = pa.record_batch({"company": ["a"], "fare": [1.5], "hour": [3]})
    again = pickle.loads(pickle.dumps(TensorColumns(SCHEMA)))  # noqa: S301
    assert again.convert(batch).equals(TensorColumns(SCHEMA).convert(batch))
