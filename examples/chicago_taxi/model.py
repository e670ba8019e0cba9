"""The taxi model: wide and deep, in Keras 3.

The *wide* half is a linear model over every categorical value, quick to learn that cash trips record no tips. The
*deep* half is a small network over the numbers and over embeddings of the categories, for what only their
combination says.
"""

from __future__ import annotations

import keras
import numpy as np
from features import (
    BUCKETIZED,
    BUCKETS,
    CATEGORICAL,
    DENSE,
    LABEL,
    OOV_BUCKETS,
    VOCABULARIES,
    VOCABULARY_SIZE,
    transformed,
)

from penstock.models import DatasetOptions, FnArgs, export

EMBEDDING_SIZE = 8
HIDDEN = [64, 32]
# A thousand steps go through a small sample many times over; without dropout the model would learn it by heart.
DROPOUT = 0.3


def build_model(learning_rate: float = 0.002) -> keras.Model:
    """The compiled model; its inputs are the transformed features, its output the probability of a big tip."""
    sizes = {
        **dict.fromkeys(BUCKETIZED, BUCKETS),
        **dict.fromkeys(VOCABULARIES, VOCABULARY_SIZE + OOV_BUCKETS),
        **CATEGORICAL,
    }
    numbers = {transformed(name): keras.Input((1,), name=transformed(name), dtype="float32") for name in DENSE}
    categories = {transformed(name): keras.Input((1,), name=transformed(name), dtype="int64") for name in sizes}

    # All categories share one table, each with rows of its own: one look-up instead of one for each of them.
    total = sum(sizes.values())
    first_rows = np.cumsum([0, *sizes.values()])[:-1]
    rows = keras.ops.concatenate(list(categories.values()), axis=1) + first_rows
    wide = keras.ops.sum(keras.layers.Embedding(total, 1, embeddings_initializer="zeros")(rows), axis=1)
    embedded = keras.layers.Flatten()(keras.layers.Embedding(total, EMBEDDING_SIZE)(rows))

    hidden = keras.layers.Dropout(DROPOUT)(keras.layers.Concatenate()([*numbers.values(), embedded]))
    for units in HIDDEN:
        hidden = keras.layers.Dropout(DROPOUT)(keras.layers.Dense(units, activation="relu")(hidden))
    logit = keras.layers.Add()([keras.layers.Dense(1)(hidden), wide])
    probability = keras.layers.Activation("sigmoid")(logit)

    model = keras.Model({**numbers, **categories}, probability)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=[keras.metrics.AUC(name="auc")],
        steps_per_execution=50,  # a step takes less time than asking Python for the next one
    )
    return model


def run_fn(fn_args: FnArgs) -> None:
    """Trains the model and exports it; the Trainer calls this.

    ``custom_config`` may set ``batch_size`` and ``learning_rate``.
    """
    config = fn_args.custom_config
    options = DatasetOptions(batch_size=config.get("batch_size", 256), label_key=LABEL)
    once = DatasetOptions(batch_size=4096, label_key=LABEL, num_epochs=1, shuffle=False)
    train = fn_args.data_accessor.tf_dataset_factory(fn_args.train_files, options)
    evaluation = fn_args.data_accessor.tf_dataset_factory(fn_args.eval_files, once)

    model = build_model(config.get("learning_rate", 0.002))
    model.fit(
        train,
        steps_per_epoch=fn_args.train_steps or 1000,
        validation_data=evaluation,
        validation_steps=fn_args.eval_steps,
        callbacks=[*fn_args.callbacks, keras.callbacks.CSVLogger(f"{fn_args.model_run_dir}/history.csv")],
        shuffle=False,  # the dataset shuffles
        verbose=0,
    )
    export(model, fn_args)
