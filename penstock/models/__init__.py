"""Models: what ``run_fn`` is given, how it reads examples, and how it exports what it trained.

Written in a module file::

    from penstock.models import DatasetOptions, FnArgs, export


    def run_fn(fn_args: FnArgs) -> None:
        options = DatasetOptions(batch_size=256, label_key="big_tipper")
        train = fn_args.data_accessor.tf_dataset_factory(fn_args.train_files, options)
        model = ...
        model.fit(train, steps_per_epoch=fn_args.train_steps, callbacks=fn_args.callbacks)
        export(model, fn_args)
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# tf.Transform turns tf.keras into the legacy tf_keras for the whole process unless this is set before TensorFlow loads.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")

from penstock.models.export import export
from penstock.models.fn_args import DataAccessor, DatasetOptions, FnArgs

if TYPE_CHECKING:
    from penstock.models.progress import ProgressCallback

__all__ = ["DataAccessor", "DatasetOptions", "FnArgs", "ProgressCallback", "export"]


def __getattr__(name: str) -> Any:
    if name == "ProgressCallback":  # a subclass of Keras's Callback, which takes seconds to import
        from penstock.models.progress import ProgressCallback

        return ProgressCallback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
