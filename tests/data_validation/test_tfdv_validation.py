"""Schemas and anomalies held beside those of TensorFlow Data Validation 1.16.1, on its own statistics.

Ours are held beside its statistics elsewhere; here both sides see the same, lists and nested lists too.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from penstock.data_validation.anomalies import find_anomalies
from penstock.data_validation.comparisons import bounds_of
from penstock.data_validation.inference import infer_schema
from penstock.data_validation.validation import Comparison, validate
from tests.data_validation.perturbations import CASES, DATA, FEATURES, Case, merged_schema, merged_table
from tests.peers import peer_python

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(1800)]

Found = set[tuple[str, str]]


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with their answers."""
    directory = tmp_path_factory.mktemp("tfdv_validation")
    pyarrow.parquet.write_table(merged_table(), directory / "merged.parquet")
    for name, columns in DATA.items():
        pyarrow.parquet.write_table(pa.table(columns), directory / f"{name}.parquet")
    cases = [Case("merged", "merged", merged_schema()), *CASES]
    lines = [json.dumps({name: value for name, value in dataclasses.asdict(case).items() if value}) for case in cases]
    (directory / "cases.jsonl").write_text("\n".join(lines))
    environment = {"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    script = Path(__file__).with_name("tfdv_validation_peer.py")
    command = [str(peer_python("tfdv")), str(script), str(directory)]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return directory


def statistics(answers: Path, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    content = (answers / f"{name}.stats.pb").read_bytes()
    return statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets[0]


def theirs(answers: Path, name: str) -> Found:
    proto = anomalies_pb2.Anomalies.FromString((answers / f"{name}.anomalies.pb").read_bytes())
    return of_proto(proto)


def of_proto(proto: anomalies_pb2.Anomalies) -> Found:
    found = {
        (".".join(info.path.step), anomalies_pb2.AnomalyInfo.Type.Name(reason.type))
        for info in [*proto.anomaly_info.values(), proto.dataset_anomaly_info]
        for reason in info.reason
    }
    return found | ({("", "DATASET_LOW_NUM_EXAMPLES")} if proto.data_missing else set())


@pytest.mark.parametrize("name", ["merged", *DATA])
def test_inferred_schemas_are_theirs(answers: Path, name: str) -> None:
    """Field by field, without shapes and with them."""
    for form in ("sparse", "dense"):
        expected = schema_pb2.Schema.FromString((answers / f"{name}.{form}.pb").read_bytes())
        assert infer_schema([statistics(answers, name)], infer_feature_shape=form == "dense") == expected


def test_anomalies_of_features_are_theirs(answers: Path) -> None:
    """The same types on every one of hundreds of features that do not fit what the schema says of them."""
    expected = theirs(answers, "merged")
    schema = text_format.Parse(merged_schema(), schema_pb2.Schema())
    found = {(anomaly.feature, anomaly.type) for anomaly in find_anomalies(statistics(answers, "merged"), schema)}
    differing = {
        name: (sorted(one for at, one in found if at == name), sorted(one for at, one in expected if at == name))
        for name in FEATURES
        if {one for at, one in found if at == name} != {one for at, one in expected if at == name}
    }
    assert differing == {}
    assert len({feature for feature, _ in expected}) > 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_anomalies_of_datasets_are_theirs(answers: Path, case: Case) -> None:
    """Columns, numbers of examples, environments, drift and skew."""
    schema = text_format.Parse(case.schema, schema_pb2.Schema())
    comparisons = [
        Comparison(what, ("train",), bounds_of(schema, f"{what}_comparator"), statistics(answers, other), other)  # type: ignore[arg-type]
        for what, other in (("drift", case.previous), ("skew", case.serving))
        if other
    ]
    before = {"train": statistics(answers, case.previous)} if case.previous else {}
    found = validate(
        {"train": statistics(answers, case.data)},
        schema,
        comparisons,
        environments={"train": case.environment},
        before=before,
    )
    assert of_proto(found.to_proto("train")) == theirs(answers, case.name)
