"""Anomalies held beside those of TensorFlow Data Validation 1.16.1, each side with statistics of its own.

It runs in an environment of its own with its own versions of everything: ``PENSTOCK_CONFORMANCE_DIR`` names a
directory for such environments, where it is installed the first time (about 3 GB).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.comparisons import bounds_of
from penstock.data_validation.statistics import DatasetSummary
from penstock.data_validation.validation import Comparison, validate
from tests.data_validation.real_perturbations import NONE, curated, perturbed
from tests.peers import peer_python

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(1800)]

Found = set[tuple[str, str]]

REAL = ["taxi", "penguins"]

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
def answers(tmp_path_factory: pytest.TempPathFactory, taxi_csv: Path) -> Path:
    """The directory with their answers, all from one process."""
    directory = tmp_path_factory.mktemp("tfdv")
    cases = []
    for name, (columns, text) in PERTURBATIONS.items():
        pyarrow.parquet.write_table(pa.table(columns), directory / f"{name}.parquet")
        cases.append({"name": name, "data": name, "schema": f"feature {{ name: 'a' type: INT }} {text}"})
    files = {"taxi": taxi_csv, "penguins": taxi_csv.parent.parent / "penguin" / "penguins.csv"}
    for name, file in files.items():
        rows = pyarrow.csv.read_csv(file, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
        after, before = perturbed(rows)
        pyarrow.parquet.write_table(after, directory / f"{name}.parquet")
        pyarrow.parquet.write_table(before, directory / f"{name}_before.parquet")
        schema = text_format.MessageToString(curated(rows, before.column_names))
        cases.append({"name": name, "data": name, "schema": schema, "previous": f"{name}_before"})
    (directory / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    script = Path(__file__).with_name("tfdv_validation_peer.py")
    command = [str(peer_python("tfdv")), str(script), str(directory)]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return directory


def statistics(answers: Path, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    """Ours, of the data of that name."""
    table = pyarrow.parquet.read_table(answers / f"{name}.parquet")
    whole = DatasetSummary(table.schema)
    for batch in table.to_batches(max_chunksize=1000):
        part = DatasetSummary()
        part.add(batch)
        whole.merge(part)
    return whole.to_proto(name)


def both(answers: Path, name: str) -> tuple[Found, Found]:
    """Our anomalies of a case and theirs, as features and types."""
    lines = (answers / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    (case,) = (one for one in map(json.loads, lines) if one["name"] == name)
    schema = text_format.Parse(case["schema"], schema_pb2.Schema())
    comparisons, before = [], {}
    if "previous" in case:
        before = {"train": statistics(answers, case["previous"])}
        bounds = bounds_of(schema, "drift_comparator")
        comparisons = [Comparison("drift", ("train",), bounds, before["train"], "before")]
    found = validate({"train": statistics(answers, case["data"])}, schema, comparisons, before=before)
    theirs = anomalies_pb2.Anomalies.FromString((answers / f"{name}.anomalies.pb").read_bytes())
    return types_of(found.to_proto("train")), types_of(theirs)


def types_of(proto: anomalies_pb2.Anomalies) -> Found:
    return {
        (".".join(info.path.step), anomalies_pb2.AnomalyInfo.Type.Name(reason.type))
        for info in [*proto.anomaly_info.values(), proto.dataset_anomaly_info]
        for reason in info.reason
    }


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_anomalies_are_theirs(answers: Path, name: str) -> None:
    """The same types of anomalies on the same features."""
    found, expected = both(answers, name)
    assert found == expected


@pytest.mark.parametrize("name", REAL)
def test_anomalies_of_real_data_are_theirs(answers: Path, name: str) -> None:
    """Every column changed in every way of its kind: the same types, none where nothing was changed.

    Save drift between strings and what are numbers now: of these there is no distance, theirs is that from nothing.
    """
    found, expected = both(answers, name)
    codes = {feature for feature, type_ in found if feature.endswith("|codes") and type_ == "UNEXPECTED_DATA_TYPE"}
    assert sorted(found - expected) == []
    assert expected - found <= {(feature, "COMPARATOR_L_INFTY_HIGH") for feature in codes}
    assert not [feature for feature, _ in found if feature.endswith(NONE)]
    assert len({feature for feature, _ in found}) == {"taxi": 248, "penguins": 69}[name]
