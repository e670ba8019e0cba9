"""Statistics, schemas and anomalies held beside those of TensorFlow Data Validation 1.16.1.

It runs in an environment of its own with its own versions of everything: ``PENSTOCK_CONFORMANCE_DIR`` names a
directory for such environments, where it is installed the first time (about 3 GB).
"""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.inference import infer_schema
from penstock.data_validation.statistics import DatasetSummary
from tests.peers import peer_python

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(1800)]

THEIR_ERROR = 0.01
"""The error of their quantiles, as a share of the ranks."""

GENERATED = {
    "all_missing": {"i": pa.array([None] * 5, pa.int64()), "s": pa.array([None] * 5, pa.string()), "n": pa.nulls(5)},
    "one_value": {"i": [7] * 9, "f": [0.25] * 9, "s": ["only"] * 9},
    "nan": {"some": [1.0, math.nan, 3.0, math.nan], "only": [math.nan] * 4},
    "infinite": {"f": [1.0, 2.0, 10.0, math.inf, -math.inf, math.inf]},
    "unicode": {"s": ["é", "日本", "🚕", "é", "", " "]},
    "huge": {"i": [2**62, -(2**62), 2**62 + 1, 0]},
    "boolean": {"i": [0, 1, 1], "s": ["true", "false", "true"], "one": ["SET"] * 3, "two": [0, 2, 1]},
    "digits": {"s": ["1", "-20", "+3"], "mixed": ["1", "2.5", "x"]},
    "ties": {"s": ["b", "a", "c", "a", "b", "c", "d"]},
    "domain_of_100": {"s": [f"v{i:03d}" for i in range(100)]},
    "domain_of_101": {"s": [f"v{i:03d}" for i in range(101)]},
    "many": {
        "f": np.random.default_rng(1).lognormal(0, 2, 20_000),
        "i": np.random.default_rng(2).integers(-50, 1000, 20_000),
        "s": [f"id-{i % 3001}" for i in range(20_000)],
    },
}

PERTURBATIONS: dict[str, tuple[dict[str, object], str]] = {
    "column_gone": ({"a": [1]}, "feature { name: 'b' type: INT presence { min_count: 1 } }"),
    "column_gone_as_may_be": ({"a": [1]}, "feature { name: 'b' type: INT }"),
    "column_deprecated": ({"a": [1]}, "feature { name: 'b' type: INT presence { min_count: 1 } deprecated: true }"),
    "column_new": ({"a": [1], "b": ["x"]}, ""),
    "type_string": ({"a": [1], "b": ["x"]}, "feature { name: 'b' type: INT }"),
    "type_int_for_float": ({"a": [1], "b": [2]}, "feature { name: 'b' type: FLOAT }"),
    "none": ({"a": [1], "b": pa.nulls(1)}, "feature { name: 'b' type: INT presence { min_fraction: 1 } }"),
    "none_as_may_be": ({"a": [1], "b": pa.nulls(1)}, "feature { name: 'b' type: INT }"),
    "few": ({"a": [1, 1], "b": [2, None]}, "feature { name: 'b' type: INT presence { min_count: 2 } }"),
    "some_missing": ({"a": [1, 1], "b": [2, None]}, "feature { name: 'b' type: INT presence { min_fraction: 0.6 } }"),
    "enough": ({"a": [1, 1], "b": [2, None]}, "feature { name: 'b' type: INT presence { min_fraction: 0.5 } }"),
    "shape": ({"a": [1, 1], "b": [2, None]}, "feature { name: 'b' type: INT shape { dim { size: 1 } } }"),
    "value_count": ({"a": [1], "b": [2]}, "feature { name: 'b' type: INT value_count { min: 2 max: 3 } }"),
    "unknown_string": ({"a": [1], "b": ["x"]}, "feature { name: 'b' type: BYTES string_domain { value: 'y' } }"),
    "unknown_tolerated": (
        {"a": [1, 1], "b": ["x", "y"]},
        "feature { name: 'b' type: BYTES distribution_constraints { min_domain_mass: 0 } string_domain { value: 'y'} }",
    ),
    "bool_string": ({"a": [1], "b": ["x"]}, "feature { name: 'b' type: BYTES bool_domain { true_value: 'y' } }"),
    "bool_big": ({"a": [1], "b": [2]}, "feature { name: 'b' type: INT bool_domain { } }"),
    "bool_small": ({"a": [1], "b": [-1]}, "feature { name: 'b' type: INT bool_domain { } }"),
    "bool_float": ({"a": [1], "b": [1.5]}, "feature { name: 'b' type: FLOAT bool_domain { } }"),
    "int_small": ({"a": [1], "b": [-1]}, "feature { name: 'b' type: INT int_domain { min: 0 } }"),
    "int_big": ({"a": [1], "b": [9]}, "feature { name: 'b' type: INT int_domain { max: 8 } }"),
    "int_string_big": ({"a": [1], "b": ["9"]}, "feature { name: 'b' type: BYTES int_domain { max: 8 } }"),
    "int_string_not": ({"a": [1], "b": ["9x"]}, "feature { name: 'b' type: BYTES int_domain { } }"),
    "float_small": ({"a": [1], "b": [-1.0]}, "feature { name: 'b' type: FLOAT float_domain { min: 0 } }"),
    "float_big": ({"a": [1], "b": [9.0]}, "feature { name: 'b' type: FLOAT float_domain { max: 8 } }"),
    "float_string_not": ({"a": [1], "b": ["9x"]}, "feature { name: 'b' type: BYTES float_domain { } }"),
    "nan_found": ({"a": [1], "b": [math.nan]}, "feature { name: 'b' type: FLOAT float_domain { disallow_nan: true } }"),
    "inf_found": ({"a": [1], "b": [math.inf]}, "feature { name: 'b' type: FLOAT float_domain { disallow_inf: true } }"),
    "examples_few": ({"a": [1]}, "dataset_constraints { min_examples_count: 2 }"),
}


@pytest.fixture(scope="session")
def tfdv_python() -> Path:
    """The Python of an environment with TensorFlow Data Validation, made if it is not there yet."""
    return peer_python("tfdv")


@pytest.fixture(scope="session")
def answers(tfdv_python: Path, tmp_path_factory: pytest.TempPathFactory, taxi_csv: Path) -> Path:
    """The directory with their answers for the real trips, the generated datasets and the perturbations."""
    directory = tmp_path_factory.mktemp("tfdv")
    convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(taxi_csv, convert_options=convert), directory / "taxi.parquet")
    for name, columns in GENERATED.items():
        pyarrow.parquet.write_table(pa.table(columns), directory / f"{name}.parquet")
    for name, (columns, schema) in PERTURBATIONS.items():
        pyarrow.parquet.write_table(pa.table(columns), directory / f"{name}.parquet")
        (directory / f"{name}.schema.pbtxt").write_text(f"feature {{ name: 'a' type: INT }} {schema}")
    environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    script = Path(__file__).with_name("tfdv_peer.py")
    subprocess.run([str(tfdv_python), str(script), str(directory)], check=True, env=environment, capture_output=True)
    return directory


def ours(answers: Path, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    table = pyarrow.parquet.read_table(answers / f"{name}.parquet")
    whole = DatasetSummary(table.schema)
    for batch in table.to_batches(max_chunksize=1000):
        part = DatasetSummary()
        part.add(batch)
        whole.merge(part)
    return whole.to_proto(name)


def theirs(answers: Path, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    content = (answers / f"{name}.stats.pb").read_bytes()
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets[0]


@pytest.mark.parametrize("name", ["taxi", *GENERATED])
def test_statistics_are_theirs(answers: Path, name: str) -> None:
    """Counts and strings equal, moments to 1e-9, quantiles and histograms within their sketch's error."""
    one, other = ours(answers, name), theirs(answers, name)
    assert one.num_examples == other.num_examples
    expected = {feature.path.step[0]: feature for feature in other.features}
    table = pyarrow.parquet.read_table(answers / f"{name}.parquet")
    assert set(expected) == set(table.column_names)
    for feature in one.features:
        column = feature.path.step[0]
        peer = expected[column]
        assert feature.type == peer.type
        assert feature.WhichOneof("stats") == peer.WhichOneof("stats")
        assert feature.string_stats == peer.string_stats
        assert feature.num_stats.common_stats == peer.num_stats.common_stats
        if feature.HasField("num_stats"):
            same_numbers(feature.num_stats, peer.num_stats, table[column].drop_null().to_numpy())


def same_numbers(
    one: statistics_pb2.NumericStatistics, other: statistics_pb2.NumericStatistics, values: np.ndarray
) -> None:
    assert (one.num_zeros, one.min, one.max) == (other.num_zeros, other.min, other.max)
    assert one.mean == pytest.approx(other.mean, rel=1e-9, nan_ok=True)
    if np.isfinite(values).all():  # of infinite numbers their deviation is 0 and ours NaN
        assert one.std_dev == pytest.approx(other.std_dev, rel=1e-9, abs=1e-9 * max(abs(one.min), abs(one.max)))
    known = np.sort(values[~np.isnan(values)])
    tolerance = 2 * THEIR_ERROR * len(known) + 1
    assert [(h.type, h.num_nan) for h in one.histograms] == [(h.type, h.num_nan) for h in other.histograms]
    for mine, peer in zip(one.histograms, other.histograms, strict=True):
        assert len(mine.buckets) == len(peer.buckets)
        for a, b in zip(mine.buckets, peer.buckets, strict=True):
            assert a.sample_count == pytest.approx(b.sample_count, abs=tolerance)
            if mine.type == statistics_pb2.Histogram.STANDARD:
                assert a.high_value == pytest.approx(b.high_value, rel=1e-9, abs=1e-9)
            else:
                ranks = np.searchsorted(known, [a.high_value, b.high_value], side="right")
                assert abs(int(ranks[0]) - int(ranks[1])) <= tolerance
    if len(known):
        medians = np.searchsorted(known, [one.median, other.median])
        assert abs(int(medians[0]) - int(medians[1])) <= tolerance


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize("name", ["taxi", *GENERATED])
def test_inferred_schemas_are_theirs(answers: Path, name: str, form: str) -> None:
    """Field by field, without shapes and with them, from our statistics."""
    text = (answers / f"{name}.{form}.pbtxt").read_text(encoding="utf-8")
    inferred = infer_schema([ours(answers, name)], infer_feature_shape=form == "dense")
    assert inferred == text_format.Parse(text, schema_pb2.Schema())


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_anomalies_are_theirs(answers: Path, name: str) -> None:
    """The same types of anomalies on the same features."""
    schema = text_format.Parse((answers / f"{name}.schema.pbtxt").read_text(), schema_pb2.Schema())
    found = sorted((anomaly.feature, anomaly.type) for anomaly in find_anomalies(ours(answers, name), schema))
    proto = anomalies_pb2.Anomalies.FromString((answers / f"{name}.anomalies.pb").read_bytes())
    infos = [*proto.anomaly_info.items()] + (
        [("", proto.dataset_anomaly_info)] if proto.dataset_anomaly_info.reason else []
    )
    expected = [
        (feature, anomalies_pb2.AnomalyInfo.Type.Name(reason.type)) for feature, info in infos for reason in info.reason
    ]
    assert found == sorted(expected)
