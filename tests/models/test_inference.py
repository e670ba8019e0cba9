"""Scoring through the signatures of real SavedModels, made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.data.tf_examples import encode_examples
from penstock.errors import DataError, UsageError
from penstock.models.inference import Scorer, Signature, computes_label, read_signatures, serving_signatures

SIGNATURES = {
    "serving_default": Signature("serving_default", ("examples",), ("output_0",)),
    "transform_features": Signature("transform_features", ("examples",), ("big_tipper", "fare_z")),
}


def save(path: Path, *outputs: str, signature: str = "serving_default", width: int = 1) -> str:
    """A SavedModel that predicts sigmoid(x), x being 0 where it is missing, under each of the output's names."""
    import tensorflow as tf

    spec = {"x": tf.io.FixedLenFeature([], tf.float32, 0.0)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: Any) -> dict[str, Any]:
        score = tf.sigmoid(tf.io.parse_example(examples, spec)["x"])
        return {output: tf.repeat(score[:, None], width, axis=1) for output in outputs or ("output_0",)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def transform(examples: Any) -> dict[str, Any]:
        x = tf.io.parse_example(examples, spec)["x"]
        positive = tf.cast(x > 0, tf.int64)[:, None]
        return {"positive": positive, "text": tf.strings.as_string(x), "x": x, "pair": tf.stack([x, x], axis=1)}

    tf.saved_model.save(tf.Module(), str(path), {signature: serve, "transform_features": transform})
    return str(path)


def examples(*values: float | None) -> pa.BinaryArray:
    """Serialized examples with one feature, x."""
    return encode_examples(pa.record_batch({"x": pa.array(values, pa.float64())}))


@pytest.mark.component
def test_predictions_and_transformed_features_come_flat(tmp_path: Path) -> None:
    """From [rows, 1] or [rows], missing values included, in more rows than go in at once."""
    scorer = Scorer(save(tmp_path / "model"))
    np.testing.assert_allclose(scorer.predict(examples(0.0, None, 1.0)), [0.5, 0.5, 0.7310586], atol=1e-6)
    found = scorer.transform(examples(2.0, None), ["positive", "x"])
    assert {name: column.tolist() for name, column in found.items()} == {"positive": [1.0, 0.0], "x": [2.0, 0.0]}
    many = scorer.predict(examples(*np.linspace(-3, 3, 20_000).tolist()))
    np.testing.assert_allclose(many, 1 / (1 + np.exp(-np.linspace(-3, 3, 20_000))), atol=1e-6)
    assert scorer.predict(examples()).shape == (0,)


@pytest.mark.component
def test_several_scores_a_row_are_given_as_they_are(tmp_path: Path) -> None:
    """[rows, scores], which a task of several classes takes; whether they fit the task is not the scorer's to say."""
    assert Scorer(save(tmp_path / "wide", width=3)).predict(examples(1.0, 2.0)).shape == (2, 3)


@pytest.mark.component
def test_what_is_no_prediction_is_refused(tmp_path: Path) -> None:
    """Several numbers of a feature a row, text, and examples that the graph cannot parse; each names the signature."""
    scorer = Scorer(save(tmp_path / "model"))
    with pytest.raises(DataError, match=r"has the shape \[2, 2\] for 2 rows"):
        scorer.transform(examples(1.0, 2.0), ["pair"])
    with pytest.raises(DataError, match="of type string, not a number"):
        scorer.transform(examples(1.0), ["text"])
    with pytest.raises(DataError, match=r"signature 'serving_default' failed: .*x"):
        scorer.predict(encode_examples(pa.record_batch({"x": pa.array(["text"])})))


@pytest.mark.component
def test_signatures_are_read_without_loading_the_model(tmp_path: Path) -> None:
    """And one that cannot score examples is refused with the list of what is there."""
    assert read_signatures(save(tmp_path / "model"))["transform_features"].outputs == ("pair", "positive", "text", "x")
    with pytest.raises(UsageError, match="no signature 'serving_default'; it has: serve, transform_features"):
        serving_signatures(save(tmp_path / "other", signature="serve"))
    with pytest.raises(UsageError, match="several outputs: a, b"):
        serving_signatures(save(tmp_path / "several", "a", "b"))
    assert serving_signatures(tmp_path / "several", "b")
    with pytest.raises(UsageError, match="no output 'c'"):
        serving_signatures(tmp_path / "several", "c")
    assert serving_signatures(save(tmp_path / "named", "extra", "predictions"))
    with pytest.raises(DataError, match="no SavedModel here"):
        read_signatures(tmp_path / "nothing")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "saved_model.pb").write_bytes(b"\xff" * 10)
    with pytest.raises(DataError, match="damaged"):
        read_signatures(tmp_path / "broken")


def test_a_label_is_a_column_or_a_transformed_feature() -> None:
    """A raw column goes first."""
    assert not computes_label(SIGNATURES, "tips", ["tips", "fare"])
    assert computes_label(SIGNATURES, "big_tipper", ["tips", "fare"])
    assert not computes_label(SIGNATURES, "big_tipper", ["big_tipper"])


def test_an_unknown_label_is_met_with_both_lists() -> None:
    """The columns, the transformed features, and the nearest of them."""
    with pytest.raises(UsageError, match=r"columns tips, fare; .* gives: big_tipper, fare_z") as caught:
        computes_label(SIGNATURES, "big_tiper", ["tips", "fare"])
    assert caught.value.hint == "Did you mean 'big_tipper'?"
    with pytest.raises(UsageError, match="it has no signature 'transform_features'"):
        computes_label({}, "big_tipper", ["tips"])
