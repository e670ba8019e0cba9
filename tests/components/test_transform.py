"""Transform: what it writes, and what it says when the user's function or the data is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.artifacts import Examples, Schema, TransformGraph
from penstock.components.transform import Transform
from penstock.data.examples import arrow_schema, read_table, row_count, write_split
from penstock.dsl.context import Context
from penstock.errors import DataError, UsageError, UserCodeError

pytestmark = pytest.mark.component

ROWS = 300
SCHEMA = """
feature { name: "fare" type: FLOAT }
feature { name: "hour" type: INT }
feature { name: "company" type: BYTES }
"""
FEATURES = """
import tensorflow as tf
import tensorflow_transform as tft

def flat(column):
    return tf.reshape(tf.sparse.to_dense(column, default_value="" if column.dtype == tf.string else 0), [-1])

def preprocessing_fn(inputs):
    fare = flat(inputs["fare"])
    return {
        "fare_xf": tft.scale_to_z_score(fare),
        "company_xf": tft.compute_and_apply_vocabulary(flat(inputs["company"]), num_oov_buckets=1),
        "dear": fare > 10.0,
        "pair": tf.stack([fare, fare], axis=1),
        "words": inputs["company"],
    }

def scaled(inputs, custom_config):
    return {"x": flat(inputs["fare"]) * custom_config["factor"]}

def with_bug(inputs):
    fare = inputs["fare"]
    return {"x": 1 / 0}

def misspelt(inputs):
    return {"x": flat(inputs["compani"])}

def gives_nothing(inputs):
    pass

def gives_a_number(inputs):
    return {"x": 1.0}

def gives_one_value(inputs):
    return {"x": tf.constant(1.0)}

def gives_no_shape(inputs):
    return {"x": tf.sparse.to_dense(inputs["fare"])}

def plain(inputs):
    return {"x": flat(inputs["fare"])}

def asserts(inputs):
    fare = flat(inputs["fare"])
    with tf.control_dependencies([tf.debugging.assert_less(fare, 5.0, message="too dear")]):
        return {"x": tf.identity(fare)}
"""

Run = Callable[..., tuple[TransformGraph, Examples]]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """Rows in a train and an eval split, the eval fares ten times as high."""
    random = np.random.default_rng(0)
    examples = Examples(str(tmp_path_factory.mktemp("examples")))
    examples.splits = ["train", "eval"]
    for split, factor in (("train", 1), ("eval", 10)):
        table = pa.table(
            {
                "fare": random.uniform(3, 20, ROWS) * factor,
                "hour": pa.array(random.integers(0, 24, ROWS), mask=random.random(ROWS) < 0.1),
                "company": pa.array(random.choice(["a", "b", "c"], ROWS).tolist(), mask=random.random(ROWS) < 0.3),
            }
        )
        write_split(examples, split, table.to_batches(), table.schema)
    return examples


@pytest.fixture
def run(examples: Examples, tmp_path: Path) -> Run:
    """Runs Transform on the examples with the module file above."""

    def run(function: str = "preprocessing_fn", *, schema: str = SCHEMA, **arguments: Any) -> tuple[Any, Any]:
        module_file = tmp_path / "features.py"
        module_file.write_text(FEATURES)
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(schema)
        graph, transformed = TransformGraph(str(tmp_path / "graph")), Examples(str(tmp_path / "transformed"))
        Transform.function(
            examples=arguments.pop("examples", examples),
            schema=Schema(str(tmp_path / "schema")),
            transform_graph=graph,
            transformed_examples=transformed,
            module_file=str(module_file),
            preprocessing_fn=function,
            ctx=Context(temp_dir=tmp_path / "temp", emit=arguments.pop("emit", lambda _: None)),
            **arguments,
        )
        return graph, transformed

    return run


def line_of(text: str) -> int:
    """The line of the module file that holds the text."""
    return FEATURES[: FEATURES.index(text)].count("\n") + 1


def test_every_split_is_transformed_by_what_the_train_split_says(run: Run, examples: Examples) -> None:
    """Means and vocabularies come from train alone; columns are flat int64 and float32, vectors and lists as such."""
    events: list[dict[str, Any]] = []
    graph, transformed = run(emit=events.append)
    assert transformed.splits == ["train", "eval"]
    assert {field.name: field.type for field in arrow_schema(transformed, "eval")} == {
        "fare_xf": pa.float32(),
        "company_xf": pa.int64(),
        "dear": pa.int64(),
        "pair": pa.list_(pa.float32(), 2),
        "words": pa.list_(pa.binary()),
    }
    raw = {split: read_table(examples, split)["fare"].to_numpy() for split in examples.splits}
    for split in examples.splits:
        expected = (raw[split] - raw["train"].mean()) / raw["train"].std()
        np.testing.assert_allclose(read_table(transformed, split)["fare_xf"].to_numpy(), expected, atol=2e-5)
        assert row_count(transformed, split) == ROWS
    words = read_table(transformed, "train")["words"].to_pylist()
    companies = read_table(examples, "train")["company"].to_pylist()
    assert words == [[] if company is None else [company.encode()] for company in companies]
    for name in ("transform_fn/saved_model.pb", "transformed_metadata/schema.pbtxt", "metadata/schema.pbtxt"):
        assert graph.path(name).is_file()
    assert {"type": "note", "text": "5 features of 600 rows"} in events


def test_the_function_gets_custom_config_if_it_takes_it(run: Run, examples: Examples) -> None:
    """An argument of that name is filled in from the node's parameter."""
    _, transformed = run("scaled", custom_config={"factor": 2.0})
    fares = read_table(examples, "train")["fare"].to_numpy()
    np.testing.assert_allclose(read_table(transformed, "train")["x"].to_numpy(), fares * 2, rtol=1e-6)


def test_what_the_function_raises_names_the_users_line_first(run: Run) -> None:
    """The innermost frame of the error is the user's own line."""
    with pytest.raises(UserCodeError, match=r"with_bug raised ZeroDivisionError: division by zero") as caught:
        run("with_bug")
    first = caught.value.frames[0]
    assert (Path(first["path"]).name, first["line"], first["function"]) == ("features.py", line_of("1 / 0"), "with_bug")
    assert re.search(rf"features\.py:{line_of('1 / 0')} in with_bug", str(caught.value))


def test_a_column_that_is_not_there_is_named(run: Run) -> None:
    """Instead of a bare KeyError: which column, the nearest there is, and the user's line."""
    with pytest.raises(
        UserCodeError, match=r"the examples have no column 'compani'. Did you mean 'company'?"
    ) as caught:
        run("misspelt")
    assert caught.value.frames[0]["line"] == line_of('inputs["compani"]')


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("gives_nothing", "gives_nothing must return a dictionary of tensors, and returned None"),
        ("gives_a_number", "returned a float for 'x', expected a tensor"),
        ("gives_one_value", "returned a single value for 'x', expected one for each row"),
        ("gives_no_shape", r"shape \(None, None\) for 'x'.*tf.reshape"),
    ],
)
def test_what_is_no_dictionary_of_tensors_is_refused(run: Run, function: str, message: str) -> None:
    """The error says what came back, what is expected, and where the function stands."""
    with pytest.raises(UserCodeError, match=message) as caught:
        run(function)
    assert caught.value.location.endswith(f"features.py:{line_of('def ' + function)}")


def test_a_graph_that_fails_on_the_data_says_what_tensorflow_said(run: Run) -> None:
    """An assertion inside the graph has no Python line; its own message is shown."""
    with pytest.raises(UserCodeError, match=r"(?s)graph of asserts failed on the data:.*too dear"):
        run("asserts")


def test_data_that_does_not_fit_the_schema_is_a_data_error(run: Run) -> None:
    """The error is the one raised in the Beam stage, not Beam's wrapping of it."""
    with pytest.raises(DataError, match=r"'fare' holds double, and the schema says INT") as caught:
        run("plain", schema=SCHEMA.replace("FLOAT", "INT"))
    assert "while running" not in str(caught.value)


def test_no_train_split_is_a_data_error(run: Run, examples: Examples) -> None:
    """What is analyzed is the split called train."""
    other = Examples(examples.uri)
    other.splits = ["eval"]
    with pytest.raises(DataError, match=r"no split 'train' to analyze"):
        run(examples=other)


def test_a_function_that_is_not_there_is_a_usage_error(run: Run) -> None:
    """The error offers the nearest name in the module file."""
    with pytest.raises(UsageError, match=r"no function 'preprocesing_fn'.\n.*'preprocessing_fn'"):
        run("preprocesing_fn")
