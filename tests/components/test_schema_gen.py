from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import ExampleStatistics, Schema
from penstock.components import SchemaGen
from penstock.data_validation.files import read_schema
from penstock.dsl import Context

StatisticsOf = Callable[..., ExampleStatistics]
SPLITS = {"train": {"fare": [1.0, 2.0], "pay": ["Cash", None]}, "eval": {"fare": [1.0, None], "pay": ["Coin", "Cash"]}}


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return Schema(str(tmp_path / "schema"))


def test_a_schema_is_inferred_from_all_splits(
    statistics_of: StatisticsOf, schema: Schema, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """What one split lacks is not required, what one has is allowed; the note says what was done."""
    SchemaGen.function(statistics=statistics_of(**SPLITS), schema=schema, ctx=ctx)
    fare, pay = (proto := read_schema(schema)).feature
    assert fare.presence.min_fraction == pay.presence.min_fraction == 0.0
    assert list(proto.string_domain[0].value) == ["Cash", "Coin"]
    assert events == [{"type": "note", "text": "inferred: 2 features, 0 required in every row"}]


def test_an_excluded_split_says_nothing(statistics_of: StatisticsOf, schema: Schema, ctx: Context) -> None:
    """The schema is that of the other splits."""
    SchemaGen.function(statistics=statistics_of(**SPLITS), schema=schema, exclude_splits=["eval"], ctx=ctx)
    assert read_schema(schema).feature[0].presence.min_fraction == 1.0


@pytest.mark.component
@pytest.mark.parametrize(("shapes", "dense"), [(False, set()), (True, {"always"})])
def test_shapes_decide_what_transform_reads_as_dense(
    statistics_of: StatisticsOf, schema: Schema, ctx: Context, shapes: bool, dense: set[str]
) -> None:
    """Without shapes all is sparse, so that a request may lack some; with them, what is always there is dense."""
    import tensorflow as tf
    from tensorflow_transform.tf_metadata import schema_utils

    statistics = statistics_of(train={"always": [1.0, 2.0], "some": ["a", None]})
    SchemaGen.function(statistics=statistics, schema=schema, infer_feature_shape=shapes, ctx=ctx)
    spec = schema_utils.schema_as_feature_spec(read_schema(schema)).feature_spec
    assert set(spec) == {"always", "some"}
    assert {name for name, feature in spec.items() if isinstance(feature, tf.io.FixedLenFeature)} == dense
    assert all(isinstance(spec[name], tf.io.VarLenFeature) for name in set(spec) - dense)
