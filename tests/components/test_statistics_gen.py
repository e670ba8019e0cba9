from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples, ExampleStatistics
from penstock.components import StatisticsGen
from penstock.data.examples import write_split
from penstock.data_validation.files import read_statistics
from penstock.dsl import Context
from penstock.errors import DataError, UsageError

SCHEMA = pa.schema([("fare", pa.float64()), ("pay", pa.string())])


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Three rows to train with, none to evaluate with."""
    found = Examples(str(tmp_path / "examples"), properties={"span": 7})
    batch = pa.record_batch({"fare": [1.0, None, 3.0], "pay": ["Cash", "Card", "Cash"]}, schema=SCHEMA)
    write_split(found, "train", [batch], SCHEMA)
    write_split(found, "eval", [], SCHEMA)
    found.splits = ["train", "eval"]
    return found


@pytest.mark.component
def test_every_split_has_statistics(
    tmp_path: Path, examples: Examples, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """One file a split, its dataset named for the split; an empty split has its columns; span and note are there."""
    statistics = ExampleStatistics(str(tmp_path / "statistics"))
    StatisticsGen.function(examples=examples, statistics=statistics, ctx=ctx)
    assert statistics.splits == ["train", "eval"]
    assert statistics.properties["span"] == 7
    train, test = (read_statistics(statistics, split) for split in statistics.splits)
    assert (train.name, train.num_examples, test.name, test.num_examples) == ("train", 3, "eval", 0)
    assert train.features[0].num_stats.mean == 2.0
    assert [feature.path.step[0] for feature in test.features] == ["fare", "pay"]
    assert {"type": "note", "text": "3 rows x 2 columns"} in events


@pytest.mark.component
def test_excluded_splits_are_left_out(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """An excluded split has no statistics."""
    statistics = ExampleStatistics(str(tmp_path / "statistics"))
    StatisticsGen.function(examples=examples, statistics=statistics, exclude_splits=["eval"], ctx=ctx)
    assert statistics.splits == ["train"]
    with pytest.raises(DataError, match="no split 'eval'"):
        read_statistics(statistics, "eval")


def test_splits_that_cannot_be_excluded_are_an_error(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """A mistyped split offers the nearest, and one split must be left."""
    statistics = ExampleStatistics(str(tmp_path / "statistics"))
    with pytest.raises(UsageError, match="'evla'") as caught:
        StatisticsGen.function(examples=examples, statistics=statistics, exclude_splits=["evla"], ctx=ctx)
    assert "'eval'" in str(caught.value.hint)
    with pytest.raises(UsageError, match="every split"):
        StatisticsGen.function(examples=examples, statistics=statistics, exclude_splits=["train", "eval"], ctx=ctx)


@pytest.mark.component
def test_the_real_taxi_trips(tmp_path: Path, taxi_csv: Path, ctx: Context) -> None:
    """15,002 trips, 18 columns; the figures are those of an independent look at the file."""
    import pyarrow.compute as pc
    import pyarrow.csv

    convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    trips = pyarrow.csv.read_csv(taxi_csv, convert_options=convert)
    examples = Examples(str(tmp_path / "taxi"))
    write_split(examples, "train", trips.to_batches(), trips.schema)
    examples.splits = ["train"]
    statistics = ExampleStatistics(str(tmp_path / "statistics"))
    StatisticsGen.function(examples=examples, statistics=statistics, ctx=ctx)
    found = {feature.path.step[0]: feature for feature in read_statistics(statistics, "train").features}
    assert list(found) == trips.column_names
    assert found["fare"].num_stats.mean == pytest.approx(pc.mean(trips["fare"]).as_py(), rel=1e-9)
    assert found["tips"].num_stats.std_dev == pytest.approx(pc.stddev(trips["tips"]).as_py(), rel=1e-9)
    assert found["company"].string_stats.common_stats.num_missing == trips["company"].null_count == 5140
    assert found["company"].string_stats.unique == pc.count_distinct(trips["company"]).as_py() == 61


@pytest.mark.component
def test_slices_weights_and_earlier_spans(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """Slices are datasets of their own, the whole counts the span before too, and read as the split's statistics."""
    spans = [ExampleStatistics(str(tmp_path / name)) for name in ("first", "second")]
    wanted = {"slices": [["pay"], {"pay": "Cash"}], "weight": "row", "crosses": True}
    schema = SCHEMA.append(pa.field("row", pa.int64()))
    batch = pa.record_batch(
        {"fare": [1.0, None, 3.0], "pay": ["Cash", "Card", "Cash"], "row": [1, 2, 3]}, schema=schema
    )
    write_split(examples, "train", [batch], schema)
    StatisticsGen.function(examples=examples, statistics=spans[0], exclude_splits=["eval"], ctx=ctx, **wanted)
    StatisticsGen.function(
        examples=examples, statistics=spans[1], earlier_statistics=spans[0], exclude_splits=["eval"], ctx=ctx, **wanted
    )
    whole = read_statistics(spans[1], "train")
    assert (whole.name, whole.num_examples, whole.weighted_num_examples) == ("All Examples", 6, 12.0)
    content = spans[1].split_path("train", "FeatureStats.pb").read_bytes()
    datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets
    assert [(one.name, one.num_examples) for one in datasets[1:]] == [("pay_Card", 2), ("pay_Cash", 4)]


def test_columns_that_are_not_there_are_an_error(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """A mistyped weight or slice is found before anything is read, and offers the nearest."""
    statistics = ExampleStatistics(str(tmp_path / "statistics"))
    with pytest.raises(UsageError, match="no column 'pya'"):
        StatisticsGen.function(examples=examples, statistics=statistics, slices=[["pya"]], ctx=ctx)
    with pytest.raises(UsageError, match="no column 'fair'") as caught:
        StatisticsGen.function(examples=examples, statistics=statistics, weight="fair", ctx=ctx)
    assert "fare" in str(caught.value.hint)
