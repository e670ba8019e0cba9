"""Record batches as serialized tf.train.Example protos."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from penstock.data.tf_examples import encode_examples
from penstock.errors import DataError


def test_missing_values_have_no_values_and_null_columns_are_left_out() -> None:
    """Each row's proto holds its values; a missing one is a feature of no values."""
    batch = pa.record_batch(
        {
            "n": pa.array([1, None, -3], pa.int64()),
            "x": pa.array([0.5, None, 2.0], pa.float64()),
            "s": pa.array([None, "", "ü"], pa.string()),
            "flag": pa.array([True, False, None]),
            "nothing": pa.nulls(3),
        }
    )
    rows = [decode(proto) for proto in encode_examples(batch).to_pylist()]
    assert rows == [
        {"n": [1], "x": [0.5], "s": [], "flag": [1]},
        {"n": [], "x": [], "s": [b""], "flag": [0]},
        {"n": [-3], "x": [2.0], "s": ["ü".encode()], "flag": []},
    ]


def test_a_slice_encodes_its_own_rows() -> None:
    """The rows of a slice are encoded, not those of the batch it was cut from."""
    batch = pa.record_batch({"n": pa.array([1, None, 3, 4], pa.int64()), "s": ["a", "b", None, "d"]})
    assert [decode(proto) for proto in encode_examples(batch.slice(1, 2)).to_pylist()] == [
        {"n": [], "s": [b"b"]},
        {"n": [3], "s": []},
    ]


def test_lists_and_vectors_keep_their_values() -> None:
    """Lists and fixed-size lists give one value for each of their elements."""
    batch = pa.record_batch(
        {
            "vector": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
            "words": pa.array([["a", "b"], []], pa.list_(pa.string())),
        }
    )
    rows = [decode(proto) for proto in encode_examples(batch).to_pylist()]
    assert rows == [
        {"vector": [1.0, 2.0], "words": [b"a", b"b"]},
        {"vector": [3.0, 4.0], "words": []},
    ]


def test_no_columns_with_values_give_empty_protos() -> None:
    """Rows with no value at all are empty protos, one for each row."""
    assert encode_examples(pa.record_batch({"nothing": pa.nulls(2)})).to_pylist() == [
        b"",
        b"",
    ]


def test_a_type_that_does_not_fit_is_named() -> None:
    """A column that the proto cannot hold is an error that names the column."""
    with pytest.raises(DataError, match="Column 'when'"):
        encode_examples(pa.record_batch({"when": pa.array([0], pa.timestamp("s"))}))


def test_encoding_imports_no_tensorflow() -> None:
    """Encoding works in a process that never imports TensorFlow or Beam."""
    code = (
        "import pyarrow as pa, sys; from penstock.data.tf_examples import encode_examples\n"
        "encode_examples(pa.record_batch({'n': [1]}))\n"
        "assert not {'tensorflow', 'apache_beam'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def decode(proto: bytes) -> dict[str, list[object]]:
    """The features of a proto, read by TensorFlow's own message class."""
    example_pb2 = pytest.importorskip("tensorflow.core.example.example_pb2")
    example = example_pb2.Example.FromString(proto)
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value) if feature.WhichOneof("kind") else []
        for name, feature in example.features.feature.items()
    }
