"""`export`: a trained Keras model as a SavedModel that scores raw examples, the transform graph sealed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError
from penstock.models.fn_args import FnArgs

if TYPE_CHECKING:
    import tensorflow_transform as tft

__all__ = ["export"]


def export(
    model: Any, transform: FnArgs | tft.TFTransformOutput | str | Path, serving_dir: str | Path | None = None
) -> None:
    """Saves a Keras model and its transform graph as one SavedModel; stands for the serving code of a TFX module file.

    The SavedModel has three signatures:

    * ``serving_default``: ``examples``, serialized ``tf.train.Example`` protos of raw columns, to predictions.
      Columns that the predictions do not depend on, such as the label's, may be absent.
    * ``transform_features``: the same input to every transformed feature, the label among them; what TFMA calls
      as ``preprocessing_function_names``.
    * ``predict_transformed``: transformed features to predictions.

    Args:
        model: A Keras 3 model whose inputs are named as the transformed features they take.
        transform: ``fn_args``, or what tf.Transform wrote: a directory or a ``tft.TFTransformOutput``.
        serving_dir: Where the SavedModel goes; ``fn_args.serving_model_dir`` if not given.

    Raises:
        UsageError: There is no transform graph, or the model has an input that the graph does not make.
    """
    if isinstance(transform, FnArgs):
        serving_dir = serving_dir or transform.serving_model_dir
        if transform.transform_graph_path is None:
            raise UsageError(
                "penstock.models.export seals the transform graph into the model, and this Trainer was given none.",
                hint="Feed the Trainer transform_graph=..., or save with model.export(fn_args.serving_model_dir).",
            )
        transform = transform.transform_graph_path
    if serving_dir is None:
        raise UsageError("penstock.models.export needs a directory to save to.", hint="Pass serving_dir=...")

    from penstock.models.signatures import save

    save(model, transform, str(serving_dir))
