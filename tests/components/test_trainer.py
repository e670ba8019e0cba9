"""Trainer: what run_fn is given, and what it must leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, HyperParameters, Model, ModelRun, Schema
from penstock.components.trainer import TrainArgs, Trainer
from penstock.data.examples import write_split
from penstock.dsl.context import Context
from penstock.dsl.parameters import validated
from penstock.errors import DataError, GraphError, UserCodeError

pytestmark = pytest.mark.component

MODULE = """
import json
from pathlib import Path

import keras
import tensorflow as tf
from penstock.models import DatasetOptions, export

def build():
    inputs = {"x": keras.Input((1,), name="x")}
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(inputs["x"]))
    model.compile("sgd", "binary_crossentropy")
    return model

def run_fn(fn_args):
    options = DatasetOptions(batch_size=10, label_key="y")
    model = build()
    model.fit(
        fn_args.data_accessor.tf_dataset_factory(fn_args.train_files, options),
        steps_per_epoch=fn_args.train_steps,
        epochs=2,
        shuffle=False,
        callbacks=fn_args.callbacks,
        verbose=0,
    )
    Path(fn_args.model_run_dir, "weights.json").write_text(json.dumps([w.tolist() for w in model.get_weights()]))
    model.export(fn_args.serving_model_dir, verbose=False)

def shows_args(fn_args):
    shown = {name: getattr(fn_args, name) for name in (
        "train_steps", "eval_steps", "schema_path", "schema_file", "transform_graph_path", "transform_output",
        "serving_model_dir", "eval_model_dir", "model_run_dir", "base_model", "hyperparameters", "custom_config",
        "working_dir", "train_files", "eval_files",
    )}
    Path(fn_args.model_run_dir, "args.json").write_text(json.dumps(shown))
    run_fn(fn_args)

def saves_nothing(fn_args):
    build()

def saves_elsewhere(fn_args):
    Path(fn_args.serving_model_dir).mkdir()
    build().save(fn_args.serving_model_dir + "/model.keras")

def names_its_signature_otherwise(fn_args):
    module = tf.Module()
    module.f = tf.function(lambda examples: {"n": tf.strings.length(examples)},
                           input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    tf.saved_model.save(module, fn_args.serving_model_dir, signatures={"serving": module.f})

def raises(fn_args):
    raise ValueError("no such luck")

def exports_without_a_graph(fn_args):
    export(build(), fn_args)
"""

Run = Callable[..., tuple[Model, ModelRun]]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """One number and a label that follows it, in two splits."""
    examples = Examples(str(tmp_path_factory.mktemp("examples")))
    examples.splits = ["train", "eval"]
    x = np.linspace(-1, 1, 200, dtype=np.float32)
    table = pa.table({"x": x, "y": (x > 0).astype(np.int64)})
    for split in examples.splits:
        write_split(examples, split, table.to_batches(), table.schema)
    return examples


@pytest.fixture
def run(examples: Examples, tmp_path: Path) -> Run:
    """Runs Trainer with a function of the module above, in a directory of its own each time."""

    def run(function: str = "run_fn", *, name: str = "one", **arguments: Any) -> tuple[Model, ModelRun]:
        base = tmp_path / name
        base.mkdir()
        module_file = tmp_path / "model.py"
        module_file.write_text(MODULE)
        (base / "schema.pbtxt").write_text('feature { name: "x" type: FLOAT }')
        model, model_run = Model(str(base / "model")), ModelRun(str(base / "model_run"))
        Trainer.function(
            examples=examples,
            schema=Schema(str(base)),
            model=model,
            model_run=model_run,
            module_file=str(module_file),
            run_fn=function,
            train_args=arguments.pop("train_args", TrainArgs(num_steps=20)),
            ctx=Context(temp_dir=base / "temp", emit=arguments.pop("emit", lambda _: None)),
            **arguments,
        )
        return model, model_run

    return run


def test_run_fn_gets_what_tfx_gives(run: Run, examples: Examples, tmp_path: Path) -> None:
    """The fields of FnArgs, the older names among them, and the tuner's choice as a dictionary."""
    hyperparameters = HyperParameters(str(tmp_path / "hyperparameters"))
    hyperparameters.path().mkdir()
    hyperparameters.path("best_hyperparameters.txt").write_text('{"values": {"units": 3}}')
    model, model_run = run("shows_args", custom_config={"depth": 2}, hyperparameters=hyperparameters)
    shown = json.loads(model_run.path("args.json").read_text())
    base = str(tmp_path / "one")
    assert shown == {
        "train_steps": 20,
        "eval_steps": None,
        "schema_path": f"{base}/schema.pbtxt",
        "schema_file": f"{base}/schema.pbtxt",
        "transform_graph_path": None,
        "transform_output": None,
        "serving_model_dir": str(model.serving),
        "eval_model_dir": f"{base}/temp/eval_model",
        "model_run_dir": model_run.uri,
        "base_model": None,
        "hyperparameters": {"values": {"units": 3}},
        "custom_config": {"depth": 2},
        "working_dir": f"{base}/temp",
        "train_files": [str(path) for path in examples.files("train")],
        "eval_files": [str(path) for path in examples.files("eval")],
    }


def test_a_seed_makes_training_repeatable(run: Run) -> None:
    """The same seed gives the same weights to the last bit, another seed others."""
    weights = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        _, model_run = run(name=name, custom_config={"seed": seed})
        weights[name] = model_run.path("weights.json").read_text()
    assert weights["first"] == weights["again"]
    assert weights["first"] != weights["other"]


def test_training_reports_its_progress_and_metrics(run: Run) -> None:
    """Steps out of all steps of all epochs, and the loss after each epoch at its step."""
    events: list[dict[str, Any]] = []
    run(emit=events.append)
    progress = [(event["done"], event["total"]) for event in events if event["type"] == "progress"]
    assert progress[0] == (0, 40)
    assert progress[-1] == (40, 40)
    assert progress == sorted(progress)
    losses = [event for event in events if event["type"] == "metric" and event["name"] == "loss"]
    assert [event["step"] for event in losses] == [20, 40]
    assert losses[1]["value"] < losses[0]["value"]
    notes = [event["text"] for event in events if event["type"] == "note"]
    assert notes == [f"40 steps, loss {losses[1]['value']:.4f}"]


def test_a_model_that_takes_no_examples_is_warned_of(run: Run) -> None:
    """Keras's own export takes features, which the Evaluator cannot feed from raw examples."""
    events: list[dict[str, Any]] = []
    run(emit=events.append)
    warnings = [event["text"] for event in events if event["type"] == "warning"]
    assert len(warnings) == 1
    assert "not serialized tf.train.Example" in warnings[0]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15 on NumPy 2.4
@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("saves_nothing", r"saves_nothing saved no model, expected a SavedModel at .*/model/Format-Serving\."),
        ("saves_elsewhere", r"saved no model, expected .*, found only model\.keras"),
        ("names_its_signature_otherwise", "no signature 'serving_default'.*'serving'"),
    ],
)
def test_a_run_fn_that_leaves_no_model_to_serve_is_refused(run: Run, function: str, message: str) -> None:
    """The error says where the model was expected, what is there instead, and what to call."""
    with pytest.raises(UserCodeError, match=message) as caught:
        run(function)
    assert "penstock.models.export(model, fn_args)" in (caught.value.hint or "")
    assert caught.value.path.endswith("model.py")


def test_what_run_fn_raises_names_the_users_line_first(run: Run) -> None:
    """The innermost frame of the error is the user's own line."""
    with pytest.raises(UserCodeError, match=r"raises raised ValueError: no such luck") as caught:
        run("raises")
    line = MODULE[: MODULE.index('raise ValueError("no')].count("\n") + 1
    assert (caught.value.frames[0]["line"], caught.value.frames[0]["function"]) == (line, "raises")


def test_export_without_a_transform_graph_says_what_to_do(run: Run) -> None:
    """Either a graph for the Trainer, or Keras's own export."""
    with pytest.raises(Exception, match=r"(?s)this Trainer was given none.*transform_graph=.*model.export"):
        run("exports_without_a_graph")


def test_a_split_that_is_not_there_is_a_data_error(run: Run) -> None:
    """The error offers the nearest."""
    with pytest.raises(DataError, match=r"no split 'trian'.\nDid you mean 'train'?"):
        run(train_args=TrainArgs(splits=["trian"]))


def test_a_damaged_tuners_result_is_a_data_error(run: Run, tmp_path: Path) -> None:
    """The error names the file."""
    hyperparameters = HyperParameters(str(tmp_path))
    hyperparameters.path("best_hyperparameters.txt").write_text("{")
    with pytest.raises(DataError, match=r"tuner's result cannot be read") as caught:
        run(hyperparameters=hyperparameters)
    assert caught.value.path.endswith("best_hyperparameters.txt")


def test_train_args_have_no_other_keys() -> None:
    """A mistyped key is an error when the pipeline is built, not a default in silence."""
    assert validated(Trainer, "train_args", {"num_steps": 5}, "trainer") == TrainArgs(num_steps=5)
    with pytest.raises(GraphError, match=r"train_args.*num_step"):
        validated(Trainer, "train_args", {"num_step": 5}, "trainer")
