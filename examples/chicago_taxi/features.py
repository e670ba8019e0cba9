"""Features of the taxi model: raw trips in, numbers out.

tf.Transform calls `preprocessing_fn` once to see what it needs to know of the whole training split (means,
quantiles, vocabularies), computes that in a full pass, and seals the result into a graph. Training and serving run
that same graph.
"""

from __future__ import annotations

import math

import tensorflow as tf
import tensorflow_transform as tft

LABEL = "big_tipper"

DENSE = ["trip_miles", "fare", "trip_seconds"]
BUCKETIZED = ["pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"]
VOCABULARIES = ["payment_type", "company", "pickup_census_tract", "dropoff_census_tract"]
# Bounded integers with their number of values; a missing value is 0.
CATEGORICAL = {
    "trip_start_hour": 24,
    "trip_start_day": 8,
    "trip_start_month": 13,
    "pickup_community_area": 78,
    "dropoff_community_area": 78,
}

BUCKETS = 10
VOCABULARY_SIZE = 1000
OOV_BUCKETS = 10


def transformed(name: str) -> str:
    """The name of a feature after the transform."""
    return f"{name}_xf"


def preprocessing_fn(inputs: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
    """Transforms raw columns into the model's features and the label.

    Args:
        inputs: The raw columns; sparse, because each may miss a value.

    Returns:
        Dense tensors of shape ``[batch]``: float32 z-scores, int64 buckets and vocabulary indices, and the label.
    """
    outputs = {}
    for name in DENSE:
        outputs[transformed(name)] = tft.scale_to_z_score(_dense(inputs[name]))
    for name in BUCKETIZED:
        outputs[transformed(name)] = tft.bucketize(_dense(inputs[name]), BUCKETS)
    for name in VOCABULARIES:
        outputs[transformed(name)] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name]), top_k=VOCABULARY_SIZE, num_oov_buckets=OOV_BUCKETS, vocab_filename=name
        )
    for name, size in CATEGORICAL.items():
        outputs[transformed(name)] = tf.clip_by_value(tf.cast(_dense(inputs[name]), tf.int64), 0, size - 1)

    # No comparison with NaN is true: a trip without a fare counts as not tipped well.
    fare = _dense(inputs["fare"], missing=math.nan)
    outputs[LABEL] = tf.cast(_dense(inputs["tips"]) > 0.2 * fare, tf.int64)
    return outputs


def _dense(column: tf.SparseTensor | tf.Tensor, missing: float = 0) -> tf.Tensor:
    """A column as shape ``[batch]``; a missing number becomes ``missing``, a missing string an empty one."""
    if isinstance(column, tf.SparseTensor):
        one_each = tf.SparseTensor(column.indices, column.values, [column.dense_shape[0], 1])
        column = tf.sparse.to_dense(one_each, default_value="" if column.dtype == tf.string else missing)
    return tf.reshape(column, [-1])
