"""Examples as tf.data: what comes out, in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from penstock.errors import DataError
from penstock.models.dataset import accessor, record_batches, tf_dataset
from penstock.models.fn_args import DatasetOptions

pytestmark = pytest.mark.component

ROWS = 1000


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two files of 1,000 rows in all, with row groups of 100."""
    for part in range(2):
        ids = np.arange(part * 500, part * 500 + 500)
        table = pa.table(
            {
                "id": ids,
                "half": ids / 2,
                "word": [f"w{number}" for number in ids],
                "pair": pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(ids, 2).astype(np.float32)), 2),
                "label": ids % 2,
            }
        )
        pq.write_table(table, tmp_path / f"data-{part}.parquet", row_group_size=100)
    return [str(tmp_path / f"data-{part}.parquet") for part in range(2)]


def ids(dataset: tf.data.Dataset) -> list[int]:
    """The ids of all rows, in the order they come."""
    return [int(number) for features, _ in dataset.as_numpy_iterator() for number in features["id"]]


def test_batches_hold_tensors_of_each_column(files: list[str]) -> None:
    """Integers are int64, floats float32, text bytes, fixed-size lists matrices; the label stands apart."""
    options = DatasetOptions(batch_size=8, label_key="label", num_epochs=1, shuffle=False)
    features, label = next(tf_dataset(files, options).as_numpy_iterator())
    assert {name: (value.dtype.kind, value.shape) for name, value in features.items()} == {
        "id": ("i", (8,)),
        "half": ("f", (8,)),
        "word": ("O", (8,)),
        "pair": ("f", (8, 2)),
    }
    assert features["word"][3] == b"w3"
    assert features["pair"][3].tolist() == [3.0, 3.0]
    assert features["half"].dtype == np.float32
    assert label.tolist() == [0, 1] * 4


def test_rows_stay_together_when_shuffled(files: list[str]) -> None:
    """All columns of a row move alike, and each row comes once an epoch."""
    options = DatasetOptions(batch_size=64, label_key="label", num_epochs=1, shuffle_buffer_size=300)
    seen = []
    for features, label in tf_dataset(files, options).as_numpy_iterator():
        assert (features["id"] % 2 == label).all()
        assert (features["half"] * 2 == features["id"]).all()
        assert [f"w{number}".encode() for number in features["id"]] == features["word"].tolist()
        seen.extend(features["id"].tolist())
    assert sorted(seen) == list(range(ROWS))
    assert seen != list(range(ROWS))


def test_the_order_is_fixed_by_the_seed(files: list[str]) -> None:
    """Two datasets of one seed give the same order, of another seed another one."""
    options = DatasetOptions(batch_size=64, label_key="label", num_epochs=2, shuffle_buffer_size=300)
    first = ids(tf_dataset(files, options, seed=1))
    assert first == ids(tf_dataset(files, options, seed=1))
    assert first == ids(accessor(1).tf_dataset_factory(files, options))
    assert first != ids(tf_dataset(files, options, seed=2))
    assert first[:ROWS] != first[ROWS:], "each epoch has an order of its own"
    seeded = DatasetOptions(batch_size=64, label_key="label", num_epochs=2, shuffle_buffer_size=300, shuffle_seed=1)
    assert first == ids(tf_dataset(files, seeded, seed=5)), "a seed in the options comes first"


def test_each_iteration_has_another_order(files: list[str]) -> None:
    """As with tf.data's own shuffle, an epoch of Keras's that starts anew does not repeat the last one."""
    dataset = tf_dataset(files, DatasetOptions(batch_size=64, label_key="label", num_epochs=1))
    assert ids(dataset) != ids(dataset)


def test_without_shuffling_rows_come_in_order(files: list[str]) -> None:
    """Files in order, row groups in order, rows in order."""
    options = DatasetOptions(batch_size=64, label_key="label", num_epochs=1, shuffle=False)
    assert ids(tf_dataset(files, options)) == list(range(ROWS))


@pytest.mark.parametrize(("drop", "batches", "last"), [(False, 16, 40), (True, 15, 64)])
def test_the_last_batch_may_be_dropped(files: list[str], drop: bool, batches: int, last: int) -> None:
    """The dataset knows its number of batches beforehand, the dropped one not counted."""
    dataset = tf_dataset(files, DatasetOptions(batch_size=64, num_epochs=1, drop_final_batch=drop))
    sizes = [len(features["id"]) for features in dataset.as_numpy_iterator()]
    assert (len(sizes), sizes[-1]) == (batches, last)
    assert int(dataset.cardinality()) == batches


def test_without_a_number_of_epochs_it_goes_on_for_ever(files: list[str]) -> None:
    """As TFX's datasets do; Keras is told by steps_per_epoch when to stop."""
    dataset = tf_dataset(files, DatasetOptions(batch_size=400))
    assert int(dataset.cardinality()) == tf.data.INFINITE_CARDINALITY
    assert sum(1 for _ in dataset.take(10)) == 10


def test_lists_of_any_length_are_ragged(tmp_path: Path) -> None:
    """A list column becomes a RaggedTensor, batched like the rest."""
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"tags": [["a"], [], None, ["b", "c"], ["d"]], "n": range(5)}), path)
    options = DatasetOptions(batch_size=2, num_epochs=1, shuffle=False)
    batches = list(tf_dataset(str(path), options))
    assert [batch["tags"].to_list() for batch in batches] == [[[b"a"], []], [[], [b"b", b"c"]], [[b"d"]]]


def test_missing_floats_are_nan_and_missing_text_is_empty(tmp_path: Path) -> None:
    """Raw examples can be trained on where tensors can say missing."""
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"x": [1.0, None], "s": ["a", None]}), path)
    batch = next(tf_dataset(str(path), DatasetOptions(batch_size=2, shuffle=False)).as_numpy_iterator())
    assert np.isnan(batch["x"]).tolist() == [False, True]
    assert batch["s"].tolist() == [b"a", b""]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"label_key": "lable"}, "no column 'lable'.\n.*'label'"), ({}, "'gap' misses 1 values")],
)
def test_what_no_tensor_can_hold_is_a_data_error(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """A missing column offers the nearest; a missing integer names the column."""
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"gap": [1, None], "label": [0, 1]}), path)
    with pytest.raises(DataError, match=message):
        tf_dataset(str(path), DatasetOptions(batch_size=2, num_epochs=1, **options))


def test_no_files_is_a_data_error(tmp_path: Path) -> None:
    """The error names the pattern."""
    with pytest.raises(DataError, match=r"no files to read at .*/\*\.parquet"):
        tf_dataset(f"{tmp_path}/*.parquet", DatasetOptions(batch_size=2))


def test_tfx_options_are_taken_too(files: list[str]) -> None:
    """A TFX module file passes tfx_bsl's own option classes."""
    from tfx_bsl.tfxio import dataset_options

    options = dataset_options.TensorFlowDatasetOptions(batch_size=100, label_key="label", num_epochs=1)
    assert sorted(ids(accessor().tf_dataset_factory(files, options, None))) == list(range(ROWS))
    batches = list(record_batches(files, dataset_options.RecordBatchesOptions(batch_size=40, num_epochs=1)))
    assert sum(batch.num_rows for batch in batches) == ROWS
    assert max(batch.num_rows for batch in batches) == 40
