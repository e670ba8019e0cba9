"""What the user's ``run_fn`` is given: `FnArgs`, with TFX's names, and the options of its datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    import tensorflow as tf

__all__ = ["DataAccessor", "DatasetOptions", "FnArgs"]


@dataclass(frozen=True)
class DatasetOptions:
    """How a dataset is batched and shuffled; the names are those of tfx_bsl's ``TensorFlowDatasetOptions``.

    Attributes:
        batch_size: Rows in a batch.
        drop_final_batch: Leave out a last batch that is not full.
        num_epochs: How often the data is gone through; None means for ever.
        shuffle: Whether rows come in random order, another one each epoch.
        shuffle_buffer_size: Rows that are shuffled together; row groups are shuffled besides.
        shuffle_seed: Fixes the order; None means the seed of the node, so that a run can be repeated.
        label_key: The column that is split off as the label; None gives features only.
    """

    batch_size: int
    drop_final_batch: bool = False
    num_epochs: int | None = None
    shuffle: bool = True
    shuffle_buffer_size: int = 524_288
    shuffle_seed: int | None = None
    label_key: str | None = None


@dataclass(frozen=True)
class DataAccessor:
    """Reads examples: files, options and a schema (which may be left out) to a dataset or to record batches.

    Both factories also take tfx_bsl's option classes. ``data_view_decode_fn`` is always None; TFX has it.
    """

    tf_dataset_factory: Callable[..., tf.data.Dataset]
    record_batch_factory: Callable[..., Iterator[pa.RecordBatch]]
    data_view_decode_fn: None = None


@dataclass
class FnArgs:
    """Arguments of ``run_fn``; the fields are TFX's, and ``callbacks`` is added.

    Attributes:
        working_dir: A scratch directory that is gone when the node has ended.
        train_files: Parquet files to train on.
        eval_files: Parquet files to evaluate on.
        train_steps: Batches to train for; None if the pipeline does not say.
        eval_steps: Batches to evaluate on; None for all.
        schema_path: The schema of the raw examples, ``schema.pbtxt``.
        schema_file: The same, under its older name.
        transform_graph_path: tf.Transform's output directory; None without a Transform node.
        transform_output: The same, under its older name.
        data_accessor: Makes datasets of the files.
        serving_model_dir: Where the SavedModel must go.
        eval_model_dir: A directory for a second SavedModel; Keras models need none.
        model_run_dir: A directory for logs and checkpoints, such as TensorBoard's.
        base_model: SavedModel to start from; None if the pipeline gives none.
        hyperparameters: The tuner's choice, a KerasTuner ``HyperParameters`` config; None without a tuner.
        custom_config: Whatever the pipeline passes on.
        callbacks: Keras callbacks that report progress and metrics; pass them to ``model.fit``.
    """

    working_dir: str
    train_files: Sequence[str]
    eval_files: Sequence[str]
    train_steps: int | None
    eval_steps: int | None
    schema_path: str
    transform_graph_path: str | None
    data_accessor: DataAccessor
    serving_model_dir: str
    eval_model_dir: str
    model_run_dir: str
    base_model: str | None = None
    hyperparameters: dict[str, Any] | None = None
    custom_config: dict[str, Any] = field(default_factory=dict)
    callbacks: list[Any] = field(default_factory=list)

    @property
    def schema_file(self) -> str:
        return self.schema_path

    @property
    def transform_output(self) -> str | None:
        return self.transform_graph_path
