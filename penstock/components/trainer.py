"""`Trainer`: calls the user's ``run_fn``, and holds it to leaving a model that can be served."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from penstock.artifacts import Examples, HyperParameters, Model, ModelRun, Schema, TransformGraph
from penstock.dsl.annotations import Input, ModuleFile, Output
from penstock.dsl.component import component
from penstock.dsl.context import Context
from penstock.errors import DataError, UserCodeError, did_you_mean

__all__ = ["EvalArgs", "TrainArgs", "Trainer"]


@dataclass(frozen=True)
class TrainArgs:
    """How long to train, and on what.

    Attributes:
        num_steps: Batches to train for; None leaves it to ``run_fn``.
        splits: The splits whose files are ``fn_args.train_files``.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    num_steps: int | None = None
    splits: list[str] = field(default_factory=lambda: ["train"])


@dataclass(frozen=True)
class EvalArgs:
    """How long to evaluate after training, and on what.

    Attributes:
        num_steps: Batches to evaluate on; None means all.
        splits: The splits whose files are ``fn_args.eval_files``.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    num_steps: int | None = None
    splits: list[str] = field(default_factory=lambda: ["eval"])


@component
def Trainer(
    examples: Input[Examples],
    schema: Input[Schema],
    model: Output[Model],
    model_run: Output[ModelRun],
    transform_graph: Input[TransformGraph] | None = None,
    base_model: Input[Model] | None = None,
    hyperparameters: Input[HyperParameters] | None = None,
    *,
    module_file: ModuleFile,
    run_fn: str = "run_fn",
    train_args: TrainArgs = TrainArgs(),
    eval_args: EvalArgs = EvalArgs(),
    custom_config: dict[str, Any] | None = None,
    ctx: Context,
) -> None:
    """Trains a model: calls the user's ``run_fn(fn_args)``, which must save one to ``fn_args.serving_model_dir``.

    Args:
        examples: What to train on, as a rule the Transform's ``transformed_examples``.
        schema: The schema of the raw examples.
        model: The SavedModel.
        model_run: Logs and checkpoints.
        transform_graph: The Transform's graph, for `penstock.models.export` to seal into the model.
        base_model: A model to start from.
        hyperparameters: The tuner's choice.
        module_file: The Python file that defines ``run_fn(fn_args)``, see `penstock.models.FnArgs`.
        run_fn: The function's name, if it has another.
        train_args: Steps and splits to train on.
        eval_args: Steps and splits to evaluate on.
        custom_config: Passed on in ``fn_args``. A ``seed`` in it seeds Python, NumPy and Keras, and the order of rows.
        ctx: The running node.
    """
    import penstock.models  # noqa: F401, I001  # chooses Keras 3 before anything loads TensorFlow
    import keras

    from penstock.dsl.user_code import boundary, function_of, load_module
    from penstock.models.dataset import accessor
    from penstock.models.fn_args import FnArgs
    from penstock.models.progress import ProgressCallback

    config = dict(custom_config or {})
    seed = config.get("seed")
    train_files = _files(examples, train_args.splits)
    eval_files = _files(examples, eval_args.splits)
    function = function_of(load_module(module_file), run_fn)
    if seed is not None:
        keras.utils.set_random_seed(int(seed))
    progress = ProgressCallback(ctx)
    for directory in (ctx.temp_dir, model.path(), model_run.path()):
        directory.mkdir(parents=True, exist_ok=True)
    fn_args = FnArgs(
        working_dir=str(ctx.temp_dir),
        train_files=train_files,
        eval_files=eval_files,
        train_steps=train_args.num_steps,
        eval_steps=eval_args.num_steps,
        schema_path=str(schema.file),
        transform_graph_path=str(transform_graph.path()) if transform_graph else None,
        data_accessor=accessor(int(seed or 0)),
        serving_model_dir=str(model.serving),
        eval_model_dir=str(ctx.temp_dir / "eval_model"),
        model_run_dir=str(model_run.path()),
        base_model=str(base_model.serving) if base_model else None,
        hyperparameters=_read_hyperparameters(hyperparameters) if hyperparameters else None,
        custom_config=config,
        callbacks=[progress],
    )
    with boundary(run_fn):
        function(fn_args)
    signatures = _check_saved(model.serving, run_fn, module_file, ctx)
    ctx.note(progress.summary() or f"signatures {', '.join(signatures)}")


def _files(examples: Examples, splits: list[str]) -> list[str]:
    return [str(path) for split in splits for path in examples.files(split)]


def _read_hyperparameters(artifact: HyperParameters) -> dict[str, Any]:
    path = artifact.path("best_hyperparameters.txt")
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise DataError(f"The tuner's result cannot be read: {error}.", path=str(path)) from error


def _check_saved(serving: Path, run_fn: str, module_file: str, ctx: Context) -> list[str]:
    """Holds ``run_fn`` to its promise, a SavedModel with a signature that can be served; gives all their names."""
    from penstock.models.signatures import saved_signatures

    if not (serving / "saved_model.pb").is_file():
        raise UserCodeError(
            f"{run_fn} saved no model, expected a SavedModel at {serving}{_instead(serving)}.",
            hint="End it with penstock.models.export(model, fn_args), or model.export(fn_args.serving_model_dir).",
            function=run_fn,
            path=module_file,
        )
    signatures = saved_signatures(serving)
    if "serving_default" not in signatures:
        raise UserCodeError(
            f"The model that {run_fn} saved has no signature 'serving_default'. "
            f"{did_you_mean('serving_default', signatures) or 'It has no signatures at all.'}",
            hint="Save with penstock.models.export(model, fn_args), or name one of the signatures so.",
            function=run_fn,
            path=module_file,
        )
    default = signatures["serving_default"]
    if not default.takes_examples:
        ctx.warn(
            f"The model's serving_default takes {', '.join(default.inputs)}, not serialized tf.train.Example protos: "
            "it cannot be evaluated on raw examples. penstock.models.export saves one that can."
        )
    return sorted(signatures)


def _instead(serving: Path) -> str:
    found = sorted(path.name for path in serving.parent.rglob("*") if path.is_file())
    return f", found only {', '.join(found[:5])}" if found else ""
