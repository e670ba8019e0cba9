from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.artifacts import ExampleAnomalies
from penstock.data_validation.comparisons import comparisons
from penstock.data_validation.files import write_anomalies
from penstock.data_validation.statistics import DatasetSummary
from penstock.data_validation.validation import validate
from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord
from tests.cli.conftest import Invoke

SCHEMA = """\
# Trips. Ask Ada.
feature {
  name: "fare"
  type: FLOAT
  float_domain {
    max: 100.0  # dollars
  }
}
feature { name: "pay" type: BYTES drift_comparator { infinity_norm { threshold: 0.1 } } }
dataset_constraints { min_examples_count: 5000 }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a curated schema and a run that found cents for dollars, drift, and too few examples."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    (root / "schema.pbtxt").write_text(SCHEMA)
    schema = text_format.Parse(SCHEMA, schema_pb2.Schema())
    now, then = (
        DatasetSummary(pa.schema([("fare", pa.float64()), ("pay", pa.string())])),
        DatasetSummary(pa.schema([("pay", pa.string())])),
    )
    now.add(pa.record_batch({"fare": [1250.0] * 1000, "pay": ["Cash"] * 1000}))
    then.add(pa.record_batch({"pay": ["Cash"] * 600 + ["Card"] * 400}))
    datasets = {"train": now.to_proto("train")}
    (drift,) = comparisons(datasets, schema, {}, {}, None, None, "serving", "v")
    drift = type(drift)(
        "drift", ("train",), drift.bounds, then.to_proto("then"), "the earlier train", in_schema=drift.in_schema
    )
    artifact = ExampleAnomalies(str(root / "anomalies"))
    artifact.splits = ["train"]
    write_anomalies(artifact, "train", validate(datasets, schema, [drift]).to_proto("train"))
    with open_store(f"sqlite:///{root}/.penstock/metadata.db") as store:
        store.begin_run(RunRecord("r1", "toy"))
        lease = store.begin_execution("r1", "ExampleValidator", "ExampleValidator")
        new = NewArtifact("ExampleAnomalies", artifact.uri, properties=artifact.properties)
        store.publish(lease, outputs={"anomalies": [new]})
    return root


def editor(root: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Makes $EDITOR a program that changes the file by each of the lines in turn, one at each call."""
    (root / "calls").write_text("0")
    script = root / "edit.sh"
    script.write_text(
        "#!/bin/sh\n"
        f"n=$(cat {root}/calls); echo $((n + 1)) > {root}/calls\n"
        + "".join(f'if [ "$n" = {nth} ]; then {line}; fi\n' for nth, line in enumerate(lines))
    )
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)


def test_show_prints_the_file_and_its_json(invoke: Invoke, project: Path) -> None:
    """As it is written, with its comments; as JSON what it means."""
    assert invoke("schema", "show", "-C", project).stdout == SCHEMA
    found = json.loads(invoke("schema", "show", "--json", "-C", project).stdout)
    assert [feature["name"] for feature in found["feature"]] == ["fare", "pay"]
    assert found["feature"][0]["float_domain"] == {"max": 100.0}


def test_show_names_the_line_that_means_nothing(invoke: Invoke, project: Path) -> None:
    """A damaged schema, or none, is an error with the file and what to do."""
    (project / "schema.pbtxt").write_text("feature {\n  nmae: 'fare'\n}\n")
    damaged = invoke("schema", "show", "-C", project)
    assert damaged.exit_code == 1
    assert "schema.pbtxt" in damaged.stderr
    assert "2" in damaged.stderr
    (project / "schema.pbtxt").unlink()
    missing = invoke("schema", "show", "-C", project)
    assert missing.exit_code != 0
    assert "schema.pbtxt" in missing.stderr


def test_edit_checks_what_is_left_before_it_is_kept(
    invoke: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake is named and may be mended at once; only what means something takes the file's place."""
    editor(project, monkeypatch, "sed -i s/100.0/oops/ $1", "sed -i s/oops/250.0/ $1")
    done = invoke("schema", "edit", "-C", project, input="y\n")
    assert done.exit_code == 0, done.stderr
    assert str(project / "schema.pbtxt") in done.stderr  # the file's own name, not that of a draft
    assert (project / "schema.pbtxt").read_text() == SCHEMA.replace("100.0", "250.0")
    assert (project / "calls").read_text().strip() == "2"


def test_edit_that_is_given_up_leaves_the_file(invoke: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changed is said so; a mistake that is not mended changes nothing."""
    editor(project, monkeypatch)
    assert "not changed" in invoke("schema", "edit", "-C", project).stdout
    editor(project, monkeypatch, "sed -i s/100.0/oops/ $1")
    assert invoke("schema", "edit", "-C", project, input="n\n").exit_code != 0
    assert (project / "schema.pbtxt").read_text() == SCHEMA


def test_accept_says_all_as_json(invoke: Invoke, project: Path) -> None:
    """What is accepted and the diff; with neither --yes nor --dry-run it would have to ask, and says so."""
    assert invoke("schema", "accept", "--json", "-C", project).exit_code == 2
    plan = json.loads(invoke("schema", "accept", "--json", "--dry-run", "-C", project).stdout)
    assert plan["run"] == "r1"
    assert sorted(plan["accepted"]) == ["", "fare", "pay"]
    assert (plan["edited_since"], plan["written"]) == ([], False)
    assert (project / "schema.pbtxt").read_text() == SCHEMA
    done = json.loads(invoke("schema", "accept", "--json", "--yes", "-C", project).stdout)
    assert done == {**plan, "written": True}
    text = (project / "schema.pbtxt").read_text()
    after = text_format.Parse(text, schema_pb2.Schema())
    assert "# dollars" in text
    assert after.feature[0].float_domain.max == 1250.0
    assert after.feature[1].drift_comparator.infinity_norm.threshold == pytest.approx(0.4)
    assert after.dataset_constraints.min_examples_count == 1000


@pytest.mark.parametrize(("feature", "changed"), [("pay", "threshold: 0.4"), ("", "min_examples_count: 1000")])
def test_accept_takes_one_feature_or_the_dataset(invoke: Invoke, project: Path, feature: str, changed: str) -> None:
    """Only what is named changes; a name without a suggestion is an error."""
    assert invoke("schema", "accept", feature, "--yes", "-C", project).exit_code == 0
    text = (project / "schema.pbtxt").read_text()
    assert changed in text
    assert "max: 100.0  # dollars" in text
    assert "no change of 'fares'" in invoke("schema", "accept", "fares", "--yes", "-C", project).stderr


def test_accept_leaves_what_was_edited_since(invoke: Invoke, project: Path) -> None:
    """Somebody else's correction is not undone, and is named."""
    (project / "schema.pbtxt").write_text(SCHEMA.replace("100.0", "90.0"))
    done = json.loads(invoke("schema", "accept", "--json", "--yes", "-C", project).stdout)
    assert (sorted(done["accepted"]), done["edited_since"]) == (["", "pay"], ["fare"])
    assert "max: 90.0  # dollars" in (project / "schema.pbtxt").read_text()


def test_infer_needs_a_run_with_a_schema_and_writes_over_nothing(invoke: Invoke, project: Path) -> None:
    """The curated file is a person's work."""
    assert "There is a schema at" in invoke("schema", "infer", "-C", project).stderr
    assert "has made no schema" in invoke("schema", "infer", "--force", "-C", project).stderr
    assert (project / "schema.pbtxt").read_text() == SCHEMA
