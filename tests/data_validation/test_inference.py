from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.inference import infer_schema
from penstock.errors import DataError

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]


def only(schema: schema_pb2.Schema) -> schema_pb2.Feature:
    (feature,) = schema.feature
    return feature


def test_what_every_example_has_is_required(summarise: Summarise) -> None:
    """Always there: a minimum share of 1; sometimes: at least once; never: nothing is asked."""
    schema = infer_schema([summarise({"always": [1.5, 2], "some": [1.5, None], "never": pa.nulls(2)})])
    always, some, never = schema.feature
    assert (always.presence.min_fraction, always.presence.min_count) == (1.0, 1)
    assert (some.presence.min_fraction, some.presence.min_count) == (0.0, 1)
    assert (never.presence.min_fraction, never.presence.min_count) == (0.0, 0)
    assert (always.value_count.min, always.value_count.max) == (1, 1)
    assert not never.HasField("value_count")
    assert [feature.type for feature in schema.feature] == [schema_pb2.FLOAT, schema_pb2.FLOAT, schema_pb2.BYTES]


def test_shapes_are_given_to_what_is_always_there_and_only_if_asked_for(summarise: Summarise) -> None:
    """A feature with missing values never gets a shape; without shapes the number of values is said instead."""
    statistics = [summarise({"always": [1.5, 2], "some": [1.5, None]})]
    always, some = infer_schema(statistics, infer_feature_shape=True).feature
    assert [dim.size for dim in always.shape.dim] == [1]
    assert not always.HasField("value_count")
    assert not some.HasField("shape")
    assert not any(feature.HasField("shape") for feature in infer_schema(statistics).feature)


@pytest.mark.parametrize(
    ("values", "domain"),
    [
        (["b", "a", "é", "b"], "domain"),
        ([str(i) + "x" for i in range(100)], "domain"),
        ([str(i) + "x" for i in range(101)], None),
        (["12", "-3", "+4"], "int_domain"),
        (["12", "3.5"], "domain"),
        (["99999999999999999999"], "domain"),
        (["true", "false"], "bool_domain"),
        (["1"], "bool_domain"),
        (["true", "1"], "domain"),
        ([0, 1, 1], "bool_domain"),
        ([0, 0], None),
        ([0, 2], None),
        ([0.0, 1.0], None),
    ],
)
def test_domains_follow_the_values(summarise: Summarise, values: list[Any], domain: str | None) -> None:
    """Few strings are a domain, words of truth boolean, digits integers, 0 and 1 boolean, other numbers nothing."""
    feature = only(infer_schema([summarise({"x": values})]))
    assert feature.WhichOneof("domain_info") == domain


def test_the_values_of_a_domain_are_sorted_and_stand_once(summarise: Summarise) -> None:
    """The domain has the feature's name, and the values of all splits in the order of their bytes."""
    schema = infer_schema([summarise({"pay": ["b", "Z", "é"]}), summarise({"pay": ["a", "b", None]}, "eval")])
    (domain,) = schema.string_domain
    assert (domain.name, list(domain.value)) == ("pay", ["Z", "a", "b", "é"])
    assert only(schema).presence.min_fraction == 0.0


def test_the_words_for_true_and_false_are_kept(summarise: Summarise) -> None:
    """A boolean domain of strings says which word is which."""
    domain = only(infer_schema([summarise({"x": ["set", "clear"]})])).bool_domain
    assert (domain.true_value, domain.false_value) == ("set", "clear")


@pytest.mark.parametrize("shapes", [True, False])
def test_the_data_that_a_schema_is_inferred_from_fits_it(summarise: Summarise, shapes: bool) -> None:
    """No anomalies in any split, also when a rare value or a whole column is in one split only."""
    train = summarise({"a": [1, 2, 3], "rare": pa.array([None, None, 7]), "only": ["x", "y", None]})
    test = summarise({"a": [5, 6], "rare": pa.array([None, None], pa.int64())}, "eval")
    schema = infer_schema([train, test], infer_feature_shape=shapes)
    assert [list(find_anomalies(dataset, schema)) for dataset in (train, test)] == [[], []]


def test_an_empty_split_changes_nothing(summarise: Summarise) -> None:
    """Its columns without a value take nothing back of what the other splits say."""
    train = summarise({"a": [1, 2], "s": ["x", "y"]})
    empty = summarise(pa.table({"a": pa.array([], pa.int64()), "s": pa.array([], pa.string())}), "eval")
    assert infer_schema([train, empty]) == infer_schema([train]) == infer_schema([empty, train])


def test_two_types_in_two_splits_are_an_error(summarise: Summarise) -> None:
    """It names the feature, both types and both splits."""
    with pytest.raises(DataError, match="'a' is INT in the split 'train' and BYTES in 'eval'"):
        infer_schema([summarise({"a": [1]}), summarise({"a": ["x"]}, "eval")])
