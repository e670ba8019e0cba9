from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.statistics import DatasetSummary
from penstock.data_validation.summary_options import SummaryOptions
from penstock.errors import DataError

Summarise = Callable[..., statistics_pb2.DatasetFeatureStatistics]

SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("s", pa.string()),
        ("n", pa.null()),
        ("l", pa.list_(pa.float64())),
        ("m", pa.list_(pa.list_(pa.binary()))),
    ]
)

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**40), 2**40) | st.integers(0, 3),
        st.none()
        | st.floats(-1e9, 1e9).filter(lambda number: abs(number) > 1e-100)
        | st.sampled_from([0.0, -0.0, math.nan]),
        st.none() | st.text(max_size=5) | st.sampled_from(["Cash", "Card"]),
        st.none(),
        st.none() | st.lists(st.none() | st.sampled_from([0.0, 1.5, 2.5]), max_size=3),
        st.none() | st.lists(st.none() | st.lists(st.sampled_from([b"a", b"\xff", b"bc"]), max_size=2), max_size=2),
    ),
    max_size=60,
)


def batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    columns = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(SCHEMA)]
    return pa.record_batch(columns, schema=SCHEMA)


def counts_of(proto: statistics_pb2.DatasetFeatureStatistics) -> statistics_pb2.DatasetFeatureStatistics:
    """The statistics without what floating point sums enter: means and deviations."""
    exact = statistics_pb2.DatasetFeatureStatistics.FromString(proto.SerializeToString())
    for feature in exact.features:
        feature.num_stats.ClearField("mean")
        feature.num_stats.ClearField("std_dev")
    return exact


@settings(max_examples=150)
@given(ROWS, st.lists(st.integers(0, 60), max_size=5), st.randoms(use_true_random=False))
def test_any_split_and_order_gives_the_same_statistics(
    rows: list[tuple[object, ...]], cuts: list[int], random: object
) -> None:
    """Counts, extremes, histograms and rankings are equal to the last bit, moments to 1e-9 of the numbers' size."""
    whole = DatasetSummary(SCHEMA)
    whole.add(batch(rows))
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = []
    for start, stop in itertools.pairwise(bounds):
        part = DatasetSummary(SCHEMA if start % 2 else None)
        part.add(batch(rows).slice(start, stop - start))
        parts.append(pickle.loads(pickle.dumps(part)))  # noqa: S301  # as Beam moves it between workers
    random.shuffle(parts)  # type: ignore[attr-defined]
    merged = DatasetSummary(SCHEMA)
    for part in parts:
        merged.merge(part)
    expected, found = whole.to_proto("train"), merged.to_proto("train")
    assert counts_of(found) == counts_of(expected)
    for one, other in zip(expected.features, found.features, strict=True):
        size = max(abs(one.num_stats.min), abs(one.num_stats.max), 1e-300)
        assert other.num_stats.mean == pytest.approx(one.num_stats.mean, rel=1e-9, abs=1e-9 * size)
        assert other.num_stats.std_dev == pytest.approx(one.num_stats.std_dev, rel=1e-9, abs=1e-9 * size)


def test_numbers_are_those_of_numpy(summarise: Summarise) -> None:
    """Mean, population deviation, zeros, extremes and median of the values that are there."""
    values = np.random.default_rng(5).gamma(2.0, size=1001).round(1)
    proto = summarise({"x": pa.array(values.tolist() + [None] * 9)})
    (feature,) = proto.features
    numbers = feature.num_stats
    assert proto.num_examples == 1010
    assert feature.type == statistics_pb2.FeatureNameStatistics.FLOAT
    assert (numbers.common_stats.num_non_missing, numbers.common_stats.num_missing) == (1001, 9)
    assert numbers.common_stats.tot_num_values == 1001
    assert (numbers.common_stats.min_num_values, numbers.common_stats.max_num_values) == (1, 1)
    assert numbers.mean == pytest.approx(values.mean(), rel=1e-12)
    assert numbers.std_dev == pytest.approx(values.std(), rel=1e-12)
    assert numbers.num_zeros == np.count_nonzero(values == 0)
    assert (numbers.min, numbers.median, numbers.max) == (values.min(), np.median(values), values.max())
    standard, quantiles = numbers.histograms
    truth, _ = np.histogram(-values, bins=10)  # mirrored, because NumPy's buckets hold their lower bound
    assert [bucket.sample_count for bucket in standard.buckets] == truth[::-1].tolist()
    assert sum(bucket.sample_count for bucket in quantiles.buckets) == pytest.approx(1001)


def test_nan_is_counted_and_left_out(summarise: Summarise) -> None:
    """NaN is a value that is there, but part of no mean, extreme or bucket."""
    (some, only) = summarise({"some": [1.0, math.nan, 3.0], "only": [math.nan] * 3}).features
    assert some.num_stats.mean == 2.0
    assert some.num_stats.common_stats.num_non_missing == 3
    assert [histogram.num_nan for histogram in some.num_stats.histograms] == [1, 1]
    assert [histogram.num_nan for histogram in only.num_stats.histograms] == [3, 3]
    assert not only.num_stats.histograms[0].buckets


def test_infinities_make_the_mean_infinite_and_the_range_stays_finite(summarise: Summarise) -> None:
    """Extremes and mean tell of infinite values, the histogram's buckets still resolve the finite ones."""
    (feature,) = summarise({"x": [0.0, 10.0, math.inf, -math.inf, math.inf]}).features
    numbers = feature.num_stats
    assert (numbers.min, numbers.max, numbers.median) == (-math.inf, math.inf, 10.0)
    assert math.isnan(numbers.std_dev)
    finite = [bucket for bucket in numbers.histograms[0].buckets if math.isfinite(bucket.low_value)]
    assert (finite[0].low_value, finite[-1].high_value, len(finite)) == (0.0, 10.0, 10)


def test_huge_integers_keep_their_counts(summarise: Summarise) -> None:
    """Integers that no float64 tells apart are still counted one by one, and do not overflow a sum."""
    (feature,) = summarise({"x": [2**62, 2**62 + 1, 2**62 + 1]}).features
    assert feature.num_stats.common_stats.num_non_missing == 3
    assert feature.num_stats.mean == pytest.approx(2.0**62)


def test_a_column_without_values_is_all_missing(summarise: Summarise) -> None:
    """Untyped it is written as strings, typed as its type, in both cases with nothing but what is missing."""
    untyped, typed = summarise({"u": pa.nulls(3), "t": pa.array([None] * 3, pa.int64())}).features
    assert untyped.type == statistics_pb2.FeatureNameStatistics.STRING
    assert typed.type == statistics_pb2.FeatureNameStatistics.INT
    assert untyped.string_stats.common_stats.num_missing == 3
    assert typed.num_stats.common_stats.num_missing == 3
    assert not typed.num_stats.histograms


def test_a_column_that_some_batches_lack_is_missing_there() -> None:
    """Examples of a batch without the column count as missing it."""
    summary = DatasetSummary()
    summary.add(pa.record_batch({"a": [1, 2]}))
    summary.add(pa.record_batch({"b": ["x"]}))
    first, second = summary.to_proto("train").features
    assert (first.num_stats.common_stats.num_non_missing, first.num_stats.common_stats.num_missing) == (2, 1)
    assert (second.string_stats.common_stats.num_non_missing, second.string_stats.common_stats.num_missing) == (1, 2)


def test_no_examples_keep_their_columns(summarise: Summarise) -> None:
    """An empty split still says which columns it has, and of what type."""
    proto = summarise(SCHEMA.empty_table())
    assert proto.num_examples == 0
    assert [feature.path.step[0] for feature in proto.features] == SCHEMA.names


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [([1], ["x"], "INT in some files and STRING"), ([1], [1.5], "INT in some files and FLOAT")],
)
def test_a_column_of_two_types_is_an_error(first: list[object], second: list[object], expected: str) -> None:
    """It is found whether the batches meet in one summary or in a merge, and names the column."""
    one, other = DatasetSummary(), DatasetSummary()
    one.add(pa.record_batch({"fare": first}))
    other.add(pa.record_batch({"fare": second}))
    with pytest.raises(DataError, match=expected) as caught:
        one.merge(other)
    assert caught.value.column == "fare"
    with pytest.raises(DataError, match=expected):
        one.add(pa.record_batch({"fare": second}))


def test_a_type_without_statistics_is_an_error(summarise: Summarise) -> None:
    """A column of structs, say, names itself and its type."""
    with pytest.raises(DataError, match=r"'tags' is of type struct<a: int64>"):
        summarise({"tags": [{"a": 1}]})


def test_lists_count_their_values_apart_from_their_examples(summarise: Summarise) -> None:
    """Missing lists are told apart from empty ones; a null within a list is a value that is not known."""
    numbers, strings = summarise(
        {"n": [[1.0, None], [], None, [4.0]], "s": [["a", None, "a"], None, None, []]}
    ).features
    common = numbers.num_stats.common_stats
    assert (common.num_non_missing, common.num_missing, common.tot_num_values) == (3, 1, 3)
    assert (common.min_num_values, common.max_num_values, common.avg_num_values) == (0, 2, 1.0)
    assert numbers.num_stats.mean == 2.5
    assert numbers.num_stats.histograms[0].num_nan == 1
    assert strings.string_stats.unique == 1
    assert strings.string_stats.top_values[0].frequency == 2


def test_nested_lists_tell_presence_level_by_level(summarise: Summarise) -> None:
    """Each level counts what is missing in the one around it; numbers of values are those of the innermost."""
    (feature,) = summarise({"n": [[[1, 2], None], [], None, [[], [3]]]}).features
    common = feature.num_stats.common_stats
    outer, inner = common.presence_and_valency_stats
    assert (outer.num_missing, outer.num_non_missing, outer.tot_num_values, outer.max_num_values) == (1, 3, 4, 2)
    assert (inner.num_missing, inner.num_non_missing, inner.tot_num_values, inner.min_num_values) == (1, 3, 3, 0)
    assert (common.min_num_values, common.max_num_values, common.tot_num_values) == (0, 2, 3)
    names = [custom.name for custom in feature.custom_stats]
    assert names[:2] == ["level_2_value_list_length_quantiles", "level_2_value_list_length_standard"]


def test_lists_of_nothing_known_join_lists_of_a_type() -> None:
    """A file whose lists are all empty, and so of no type, fits one whose lists hold numbers."""
    one, other = DatasetSummary(), DatasetSummary()
    one.add(pa.record_batch({"n": pa.array([[], None], pa.list_(pa.null()))}))
    other.add(pa.record_batch({"n": [[1, 2]]}))
    one.merge(other)
    (feature,) = one.to_proto("train").features
    assert feature.type == statistics_pb2.FeatureNameStatistics.INT
    assert feature.num_stats.common_stats.num_non_missing == 2
    with pytest.raises(DataError, match="values nested 1 deep in some files and values nested 2 deep"):
        one.add(pa.record_batch({"n": [[[1]]]}))


def test_other_types_are_counted_as_the_numbers_they_stand_for(summarise: Summarise) -> None:
    """Truth values, decimals and times: 0 and 1, numbers, and units since 1970."""
    columns = {
        "bool": [True, False, None],
        "decimal": pa.array([Decimal("1.5"), None, Decimal("2.5")], pa.decimal128(5, 2)),
        "time": pa.array([None, 3, 5], pa.timestamp("us")),
        "day": pa.array([None, 3, 5], pa.date32()),
        "days": pa.array([[3, 5], None, []], pa.list_(pa.date32())),
        "category": pa.array(["a", None, "a"]).dictionary_encode(),
    }
    found = {feature.path.step[0]: feature for feature in summarise(columns).features}
    means = {name: feature.num_stats.mean for name, feature in found.items()}
    assert means == {"bool": 0.5, "decimal": 2.0, "time": 4.0, "day": 4.0, "days": 4.0, "category": 0.0}
    kinds = [statistics_pb2.FeatureNameStatistics.Type.Name(feature.type) for feature in found.values()]
    assert kinds == ["INT", "FLOAT", "INT", "INT", "INT", "STRING"]
    assert found["category"].string_stats.top_values[0].frequency == 2


def test_bytes_that_are_no_text_are_counted_and_ranked_together(summarise: Summarise) -> None:
    """They stay apart in the number of distinct values, and have one name in the ranking."""
    (feature,) = summarise({"b": pa.array([b"\xff", b"\xc3", b"ok", b"\xff"], pa.binary())}).features
    strings = feature.string_stats
    assert (strings.unique, strings.invalid_utf8_count) == (3, 3)
    assert [(top.value, top.frequency) for top in strings.top_values] == [("__BYTES_VALUE__", 3), ("ok", 1)]


def test_weights_count_beside_the_examples() -> None:
    """Mean, deviation, ranking and presence, each with the weights and without them; weight 0 counts for nothing."""
    summary = DatasetSummary(options=SummaryOptions(weight_column="w"))
    summary.add(pa.record_batch({"w": [1.0, 2.0, 0.0], "x": [1.0, 4.0, 9.0], "s": ["a", None, "b"]}))
    proto = summary.to_proto("train")
    _, number, string = proto.features
    assert proto.weighted_num_examples == 3.0
    assert number.num_stats.mean == pytest.approx(14 / 3)
    weighted = number.num_stats.weighted_numeric_stats
    assert (weighted.mean, weighted.std_dev) == (3.0, pytest.approx(2**0.5))
    common = string.string_stats.common_stats
    assert (common.num_missing, common.weighted_common_stats.num_missing) == (1, 2.0)
    assert string.string_stats.weighted_string_stats.top_values[0].value == "a"


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1.0, None], r"holds no weight in 1 of 2 rows, None"),
        ([1.0, -2.0], r"holds no weight in 1 of 2 rows, -2.0"),
        ([math.inf, math.nan], r"holds no weight in 2 of 2 rows, inf"),
        (["1", "2"], "is of type string"),
        ([[1.0], [2.0]], "is of type list"),
    ],
)
def test_what_is_no_weight_is_an_error(weights: list[object], expected: str) -> None:
    """Missing, negative, not finite or not a number: the message shows one."""
    summary = DatasetSummary(options=SummaryOptions(weight_column="w"))
    with pytest.raises(DataError, match=expected) as caught:
        summary.add(pa.record_batch({"w": weights}))
    assert caught.value.column == "w"
