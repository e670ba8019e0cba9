from __future__ import annotations

import pyarrow as pa
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.statistics import DatasetSummary
from penstock.data_validation.summary_options import SummaryOptions

SCHEMA = text_format.Parse(
    "feature { name: 'price' type: FLOAT } feature { name: 'day' type: INT } "
    "sparse_feature { name: 'prices' value_feature { name: 'price' } index_feature { name: 'day' } }",
    schema_pb2.Schema(),
)


def summarised(*batches: dict[str, pa.Array]) -> statistics_pb2.DatasetFeatureStatistics:
    summary = DatasetSummary(options=SummaryOptions().of_schema(SCHEMA))
    for columns in batches:
        summary.add(pa.record_batch(columns))
    return summary.to_proto("train")


def custom(statistics: statistics_pb2.DatasetFeatureStatistics) -> dict[str, float]:
    (feature,) = (one for one in statistics.features if one.path.step == ["prices"])
    return {
        one.name: one.rank_histogram.buckets[0].sample_count if one.rank_histogram.buckets else one.num
        for one in feature.custom_stats
    }


def test_parts_that_fit_are_no_anomaly() -> None:
    """As many days as prices in every example, and none of either in the rest."""
    found = summarised({"price": [[1.0, 2.0], None], "day": [[1, 2], None]})
    assert set(custom(found).values()) == {0.0}
    assert list(find_anomalies(found, SCHEMA)) == []


def test_parts_that_do_not_fit_are_told_apart() -> None:
    """Missing values and missing indices are counted where the other part is there; lengths are compared."""
    found = summarised({"price": [[1.0], [2.0], None], "day": [[1, 2, 3], None, [4]]})
    assert custom(found) == {"missing_value": 1, "missing_index": 1, "max_length_diff": 2, "min_length_diff": -1}
    assert {(one.feature, one.type.removeprefix("SPARSE_FEATURE_")) for one in find_anomalies(found, SCHEMA)} == {
        ("prices", "MISSING_VALUE"),
        ("prices", "MISSING_INDEX"),
        ("prices", "LENGTH_MISMATCH"),
    }


def test_a_part_that_a_batch_lacks_is_missing_there() -> None:
    """Files need not have all columns; a flat column has one value or none."""
    found = summarised({"price": [1.0, None]}, {"price": [2.0], "day": [5]}, {"day": [7]})
    assert custom(found)["missing_index"] == 1
    assert custom(found)["missing_value"] == 1
