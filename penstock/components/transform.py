"""`Transform`: raw examples to features, by a graph that training and serving share."""

from __future__ import annotations

from typing import Any

from penstock.artifacts import Examples, Schema, TransformGraph
from penstock.dsl.annotations import Input, ModuleFile, Output
from penstock.dsl.component import component
from penstock.dsl.context import Context

__all__ = ["Transform"]


@component
def Transform(
    examples: Input[Examples],
    schema: Input[Schema],
    transform_graph: Output[TransformGraph],
    transformed_examples: Output[Examples],
    *,
    module_file: ModuleFile,
    preprocessing_fn: str = "preprocessing_fn",
    custom_config: dict[str, Any] | None = None,
    ctx: Context,
) -> None:
    """Runs the user's ``preprocessing_fn`` by tf.Transform: analyzes the train split, transforms every split.

    Args:
        examples: Raw examples with a split ``train``.
        schema: Says which columns are integers, floats or text.
        transform_graph: tf.Transform's output, for the Trainer to seal into the model.
        transformed_examples: The features, in the same splits.
        module_file: The Python file that defines ``preprocessing_fn(inputs)``.
        preprocessing_fn: The function's name, if it has another.
        custom_config: Passed to the function if it takes ``custom_config``.
        ctx: The running node.
    """
    import penstock.models  # noqa: F401  # chooses Keras 3 before anything loads TensorFlow
    from penstock.data.examples import row_count
    from penstock.dsl.user_code import function_of, load_module
    from penstock.models.preprocessing import UserFunction, transform

    function = function_of(load_module(module_file), preprocessing_fn)
    transformed_examples.splits = examples.splits
    features = transform(
        examples,
        schema.file,
        UserFunction(function, preprocessing_fn, module_file, custom_config),
        transform_graph,
        transformed_examples,
        ctx,
    )
    rows = sum(row_count(transformed_examples, split) for split in transformed_examples.splits)
    ctx.note(f"{len(features)} features of {rows:,} rows")
