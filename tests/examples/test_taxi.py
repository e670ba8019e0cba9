"""The taxi example: both forms of its pipeline, and a model that scores raw and transformed trips alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from click.testing import CliRunner

from penstock import CsvExampleGen, SchemaGen, StatisticsGen, Trainer, Transform
from penstock.artifacts import Examples, ExampleStatistics, Model, ModelRun, Schema, TransformGraph
from penstock.components.trainer import TrainArgs
from penstock.data.examples import arrow_schema, read_table
from penstock.data.tf_examples import encode_examples
from penstock.dsl.context import Context
from penstock.dsl.user_code import load_module
from penstock.orchestration.plan import make_plan
from penstock.orchestration.project import load_project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "chicago_taxi"


@pytest.mark.parametrize("overrides", [(), ("data.sample=1%",)])
def test_both_forms_give_the_identical_plan(overrides: tuple[str, ...]) -> None:
    """pipeline.py is what pipeline.yaml alone stands for, and takes a sample too."""
    own = load_project(EXAMPLE, overrides=overrides)
    standard = load_project(EXAMPLE, standard=True, overrides=overrides)
    assert own.pipeline.nodes["CsvExampleGen"].parameters["sample"] == (0.01 if overrides else 1.0)
    assert make_plan(own.pipeline, own.directory) == make_plan(standard.pipeline, standard.directory)
    assert list(own.pipeline.nodes)[-1] == "Pusher"


@dataclass
class Run:
    """What the components left."""

    examples: Examples
    transformed: Examples
    model: Model

    def raw_rows(self, count: int, *, without: tuple[str, ...] = ()) -> tf.Tensor:
        """The first rows of the train split as serialized examples, without some columns."""
        batch = read_table(self.examples, "train").drop_columns(list(without)).slice(0, count).combine_chunks()
        return tf.constant(encode_examples(batch.to_batches()[0]).to_pylist())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The pipeline's components from synthetic trips to a model trained for 300 steps, without validation."""
    base = tmp_path_factory.mktemp("taxi")
    trips = base / "trips.csv"
    data = load_module(EXAMPLE / "data.py")
    assert CliRunner().invoke(data.main, ["--output", str(trips), "--rows", "6000"]).exit_code == 0
    context = Context(temp_dir=base / "temp")
    context.temp_dir.mkdir()
    examples, transformed = Examples(str(base / "examples")), Examples(str(base / "transformed"))
    statistics, schema = ExampleStatistics(str(base / "statistics")), Schema(str(base / "schema"))
    graph, model = TransformGraph(str(base / "graph")), Model(str(base / "model"))
    CsvExampleGen.function(examples=examples, input_base=str(trips), splits={"train": 2, "eval": 1}, ctx=context)
    StatisticsGen.function(examples=examples, statistics=statistics, ctx=context)
    SchemaGen.function(statistics=statistics, schema=schema, ctx=context)
    Transform.function(
        examples=examples,
        schema=schema,
        transform_graph=graph,
        transformed_examples=transformed,
        module_file=str(EXAMPLE / "features.py"),
        ctx=context,
    )
    Trainer.function(
        examples=transformed,
        schema=schema,
        transform_graph=graph,
        model=model,
        model_run=ModelRun(str(base / "model_run")),
        module_file=str(EXAMPLE / "model.py"),
        train_args=TrainArgs(num_steps=300),
        custom_config={"batch_size": 128, "seed": 1},
        ctx=context,
    )
    return Run(examples, transformed, model)


@pytest.mark.component
def test_raw_trips_are_scored_like_transformed_ones(run: Run) -> None:
    """100 raw rows through serving_default equal their transformed training rows through the model, to 1e-6."""
    signatures = tf.saved_model.load(str(run.model.serving)).signatures
    served = signatures["serving_default"](examples=run.raw_rows(100))["outputs"].numpy()
    rows = read_table(run.transformed, "train").slice(0, 100)
    names = list(signatures["predict_transformed"].structured_input_signature[1])
    predicted = signatures["predict_transformed"](**{name: tf.constant(rows[name].to_numpy()) for name in names})
    np.testing.assert_allclose(served, predicted["outputs"].numpy(), rtol=0, atol=1e-6)
    assert np.ptp(served) > 0.1, "the predictions must differ between trips, or equality says nothing"


@pytest.mark.component
def test_tips_are_not_needed_to_serve(run: Run) -> None:
    """Whoever asks for a prediction does not know the tip; leaving it out changes nothing."""
    serve = tf.saved_model.load(str(run.model.serving)).signatures["serving_default"]
    with_tips, without_tips = serve(examples=run.raw_rows(20)), serve(examples=run.raw_rows(20, without=("tips",)))
    np.testing.assert_array_equal(with_tips["outputs"], without_tips["outputs"])


@pytest.mark.component
def test_the_features_are_what_the_example_says(run: Run) -> None:
    """Z-scores, buckets from 0 to 9, bounded categories, and the label that tips and fares give."""
    raw, rows = read_table(run.examples, "train"), read_table(run.transformed, "train")
    assert {field.type for field in arrow_schema(run.transformed, "train")} == {pa.int64(), pa.float32()}
    for name in ("trip_miles", "fare", "trip_seconds"):
        values = rows[f"{name}_xf"].to_numpy()
        assert (abs(values.mean()), values.std()) == pytest.approx((0, 1), abs=1e-3)
    assert set(rows["pickup_latitude_xf"].to_pylist()) <= set(range(10))
    assert len(set(rows["pickup_latitude_xf"].to_pylist())) > 5
    for name, size in (("trip_start_hour", 24), ("trip_start_day", 8), ("dropoff_community_area", 78)):
        expected = np.nan_to_num(raw[name].to_numpy().astype(float))
        assert expected.max() < size
        np.testing.assert_array_equal(rows[f"{name}_xf"].to_numpy(), expected)
    tips, fare = raw["tips"].to_numpy().astype(np.float32), raw["fare"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(rows["big_tipper"].to_numpy(), tips > np.float32(0.2) * fare)


@pytest.mark.component
def test_the_model_passes_its_threshold(run: Run) -> None:
    """The AUC on the eval split is above the pipeline's bound of 0.80, on made-up and on real trips."""
    predict = tf.saved_model.load(str(run.model.serving)).signatures["predict_transformed"]
    rows = read_table(run.transformed, "eval")
    names = list(predict.structured_input_signature[1])
    scores = predict(**{name: tf.constant(rows[name].to_numpy()) for name in names})["outputs"].numpy().ravel()
    auc = tf.keras.metrics.AUC(num_thresholds=2000)
    auc.update_state(rows["big_tipper"].to_numpy(), scores)
    assert float(auc.result()) > 0.85
