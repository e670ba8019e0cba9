from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.artifacts import ExampleStatistics
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.comparisons import comparisons
from penstock.data_validation.files import STATISTICS_FILE
from penstock.errors import UsageError

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]
BOUNDS = {"pay": DriftBound(linf=0.1)}


@pytest.fixture
def datasets(summarise: Summarise) -> dict[str, statistics_pb2.DatasetFeatureStatistics]:
    return {name: summarise({"pay": ["Cash"]}, name) for name in ("train", "eval")}


def stored(root: Path, dataset: statistics_pb2.DatasetFeatureStatistics) -> ExampleStatistics:
    statistics = ExampleStatistics(str(root))
    statistics.splits = [dataset.name]
    path = statistics.split_path(dataset.name, STATISTICS_FILE)
    path.parent.mkdir(parents=True)
    path.write_bytes(statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset]).SerializeToString())
    return statistics


def test_each_split_is_compared_with_the_same_of_the_baseline(
    tmp_path: Path, datasets: dict[str, statistics_pb2.DatasetFeatureStatistics]
) -> None:
    """A split that the baseline lacks has nothing to be compared with, and says so."""
    baseline = stored(tmp_path / "stats", datasets["train"])
    train, test = comparisons(datasets, schema_pb2.Schema(), BOUNDS, {}, baseline, None, "serving", "v")
    assert (train.splits, train.other) == (("train",), datasets["train"])
    assert (test.splits, test.other) == (("eval",), None)
    assert "no split 'eval'" in test.why_not


def test_without_a_baseline_there_is_one_comparison_that_says_so(
    datasets: dict[str, statistics_pb2.DatasetFeatureStatistics],
) -> None:
    """The first run has nothing to compare with, which is said once for all splits; without bounds not at all."""
    (drift,) = comparisons(datasets, schema_pb2.Schema(), BOUNDS, {}, None, None, "serving", "v")
    assert drift.splits == ("train", "eval")
    assert "no earlier span or run" in drift.why_not
    assert comparisons(datasets, schema_pb2.Schema(), {}, {}, None, None, "serving", "v") == []


def test_skew_compares_the_first_split_with_the_serving_one(
    datasets: dict[str, statistics_pb2.DatasetFeatureStatistics],
) -> None:
    """The serving split is one of the splits, if it is there."""
    (skew,) = comparisons(datasets, schema_pb2.Schema(), {}, BOUNDS, None, None, "eval", "v")
    assert (skew.what, skew.splits, skew.other) == ("skew", ("train",), datasets["eval"])
    (absent,) = comparisons(datasets, schema_pb2.Schema(), {}, BOUNDS, None, None, "serving", "v")
    assert absent.other is None
    assert "'serving'" in absent.why_not


def test_a_bound_on_an_unknown_feature_is_an_error(
    datasets: dict[str, statistics_pb2.DatasetFeatureStatistics],
) -> None:
    """A mistyped feature would never drift; it is named, with the nearest one."""
    with pytest.raises(UsageError, match="'pya'") as caught:
        comparisons(datasets, schema_pb2.Schema(), {"pya": DriftBound(linf=0.1)}, {}, None, None, "serving", "v")
    assert "'pay'" in str(caught.value.hint)
