from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from penstock.artifacts import ExampleAnomalies
from penstock.data_validation.bounds import DriftBound
from penstock.data_validation.files import write_anomalies
from penstock.data_validation.inference import infer_schema
from penstock.data_validation.validation import Comparison, validate
from penstock.errors import DataError
from penstock.views import Cell, view
from tests.views.conftest import summarised


@pytest.fixture
def anomalies(tmp_path: Path) -> ExampleAnomalies:
    """What ExampleValidator writes of rows with a new payment type, a vanished column, and drift."""
    before = summarised({"payment": ["Cash", "Card"] * 50, "fare": [1.5] * 100})
    now = {"train": summarised({"payment": ["Cash", "Crypto"] * 50}), "eval": summarised({"payment": ["Crypto"] * 9})}
    schema = infer_schema([before])
    drift = [Comparison("drift", ("train",), {"payment": DriftBound(linf=0.1)}, before, "before")]
    found = validate(now, schema, drift)
    artifact = ExampleAnomalies(str(tmp_path), id=4)
    artifact.splits = list(now)
    for split in now:
        write_anomalies(artifact, split, found.to_proto(split))
    artifact.path("verdicts.json").write_text(json.dumps([verdict.to_json() for verdict in found.verdicts()]))
    return artifact


def test_anomalies_come_with_evidence(anomalies: ExampleAnomalies) -> None:
    """Each anomaly is there once with its splits, the sentence that tells it, and what was found."""
    found = view(anomalies)
    assert found is not None
    model = found.model()
    by_type: dict[str, Any] = {one["type"]: one for one in model["anomalies"]}
    unexpected = by_type["ENUM_TYPE_UNEXPECTED_STRING_VALUES"]
    assert (unexpected["feature"], unexpected["splits"]) == ("payment", ["train", "eval"])
    assert "Crypto" in unexpected["message"]
    assert "Crypto" in json.dumps(unexpected["evidence"])
    assert by_type["SCHEMA_MISSING_COLUMN"]["feature"] == "fare"
    assert [one["value"] for one in model["distances"]] == [0.5]
    assert [str(row[-1]) for row in found.tables[1].rows] == ["fail"]


def test_what_would_be_accepted_is_shown_with_its_command(anomalies: ExampleAnomalies) -> None:
    """The lines of the schema that would change; of a bound that the config sets, what to write there."""
    found = view(anomalies)
    assert found is not None
    by_type: dict[str, Any] = {one["type"]: one for one in found.model()["anomalies"]}
    unexpected = by_type["ENUM_TYPE_UNEXPECTED_STRING_VALUES"]
    assert unexpected["command"] == "penstock schema accept payment"
    assert unexpected["schema_change"] == ['+  value: "Crypto"']
    assert by_type["COMPARATOR_L_INFTY_HIGH"]["config_change"] == "drift: {payment: {linf: 0.5}}"
    cells = {str(row[2]): row[-1] for row in found.tables[0].rows}
    assert {(str(cell), cell.note) for cell in cells.values() if isinstance(cell, Cell)} >= {
        ("penstock schema accept payment", '+  value: "Crypto"'),
        ("example_validator in pipeline.yaml", "drift: {payment: {linf: 0.5}}"),
    }


def test_the_worst_comes_first_and_leads_on(tmp_path: Path) -> None:
    """Errors stand before warnings; features lead to their statistics and to what the schema expects."""
    artifact = ExampleAnomalies(str(tmp_path), properties={"split_names": '["train"]'})
    proto = anomalies_pb2.Anomalies(data_missing=True)
    for name, severity in (("a", "WARNING"), ("b", "ERROR")):
        proto.anomaly_info[name].severity = anomalies_pb2.AnomalyInfo.Severity.Value(severity)
        proto.anomaly_info[name].short_description = "Odd"
    proto.dataset_anomaly_info.severity = anomalies_pb2.AnomalyInfo.ERROR
    write_anomalies(artifact, "train", proto)
    found = view(artifact, {"statistics": "/s", "schema": "/x"})
    assert found is not None
    cells = [[cell for cell in row if isinstance(cell, Cell)] for row in found.tables[0].rows]
    assert [(str(row[0]), str(row[1])) for row in cells] == [("(the whole)", "error"), ("b", "error"), ("a", "warning")]
    assert (cells[1][0].link, cells[1][-2].link) == ("/s#column=b", "/x#column=b")
    assert found.notes == ("train has no examples.",)


def test_no_anomalies_is_said(tmp_path: Path) -> None:
    """Where nothing was found, that is what stands there."""
    artifact = ExampleAnomalies(str(tmp_path), properties={"split_names": '["train"]'})
    write_anomalies(artifact, "train", anomalies_pb2.Anomalies())
    found = view(artifact)
    assert found is not None
    assert found.notes == ("No anomalies in train.",)
    assert found.tables == ()


def test_damaged_verdicts_name_their_file(anomalies: ExampleAnomalies) -> None:
    """A file of verdicts that is none is an error with its path."""
    anomalies.path("verdicts.json").write_text('[{"a": 1}]')
    with pytest.raises(DataError, match="verdicts cannot be read"):
        view(anomalies)
