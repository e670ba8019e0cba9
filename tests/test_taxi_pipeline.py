"""The main job, from the command line: the Chicago taxi pipeline from rows to a pushed model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import Examples
from penstock.data.examples import read_table

pytestmark = pytest.mark.component

NODES = [
    "CsvExampleGen",
    "StatisticsGen",
    "SchemaGen",
    "LatestStatistics",
    "ExampleValidator",
    "Transform",
    "Trainer",
    "LatestBlessedModel",
    "Evaluator",
    "Pusher",
]


@dataclass(frozen=True)
class Finished:
    """A taxi project after its first run."""

    directory: Path
    data: Path
    text: str
    environment: dict[str, str]

    def penstock(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of Penstock's."""
        command = [sys.executable, "-P", "-m", "penstock", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment, timeout=280)

    def json(self, *words: str) -> list[dict[str, Any]]:
        """The rows that a command prints."""
        done = self.penstock(*words, "--json")
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows


@pytest.fixture(scope="module")
def finished(repository: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The taxi pipeline, run once on the real trips."""
    directory = tmp_path_factory.mktemp("main") / "chicago_taxi"
    ignore = shutil.ignore_patterns(".penstock", "serving", "data", "__pycache__")
    shutil.copytree(repository / "examples" / "chicago_taxi", directory, ignore=ignore)
    environment = {**os.environ, "XDG_STATE_HOME": str(directory.parent / "state"), "NO_COLOR": "1"}
    project = Finished(directory, taxi_csv, "", environment)
    done = project.penstock("run", str(directory), "--set", f"data.path={taxi_csv}")
    assert done.returncode == 0, done.stdout + done.stderr
    return Finished(directory, taxi_csv, done.stdout + done.stderr, environment)


def test_the_run_ends_with_a_pushed_model_on_one_screen(finished: Finished) -> None:
    """All nodes complete; evaluation, verdicts, the pushed model and the next commands follow, in 60 lines."""
    lines = finished.text.splitlines()
    assert len(lines) <= 60
    for node in NODES:
        assert sum(f"✔ complete  {node}" in line or f"{node}  " in line for line in lines) >= 1
    assert finished.text.count("✔ complete") == 2 * len(NODES)
    for expected in ("evaluation  over", "auc 0.9", "worst of 24 by trip_start_hour", "verdicts", "pushed", "next"):
        assert expected in finished.text
    assert "Traceback" not in finished.text
    versions = [entry.name for entry in (finished.directory / "serving" / "chicago_taxi").iterdir()]
    assert len(versions) == 1
    assert versions[0].isdigit()


def test_an_unchanged_run_reuses_every_node_without_tensorflow(finished: Finished) -> None:
    """With nothing changed every node is reported as reused; TensorFlow, Beam and Arrow are never imported."""
    code = (
        "import json, sys\nfrom penstock.cli import main\n"
        f"code = main(['run', {str(finished.directory)!r}, '--set', 'data.path={finished.data}', '--json'])\n"
        "heavy = [m for m in ('tensorflow', 'apache_beam', 'pyarrow', 'pandas', 'keras') if m in sys.modules]\n"
        "print(json.dumps({'code': code, 'heavy': heavy}))"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=finished.environment)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1] == {"code": 0, "heavy": []}
    result = next(event for event in events if event.get("event") == "run_result" or event.get("type") == "run_result")
    assert {node: state["state"] for node, state in result["nodes"].items()} == dict.fromkeys(NODES, "reused")
    assert len(list((finished.directory / "serving" / "chicago_taxi").iterdir())) == 1


ELSEWHERE = """
import json, sys
import tensorflow as tf
import csv
assert not [name for name in sys.modules if name.startswith("penstock")]
model = tf.saved_model.load(sys.argv[1])
with open(sys.argv[2], newline="") as file:
    rows = [row for row, _ in zip(csv.DictReader(file), range(100))]
examples = []
for row in rows:
    example = tf.train.Example()
    for name, text in row.items():
        if text == "":
            continue
        feature = example.features.feature[name]
        kind = json.loads(sys.argv[3])[name]
        if kind == "int":
            feature.int64_list.value.append(int(text))
        elif kind == "float":
            feature.float_list.value.append(float(text))
        else:
            feature.bytes_list.value.append(text.encode())
    examples.append(example.SerializeToString())
serialized = tf.constant(examples)
served = model.signatures["serving_default"](examples=serialized)
transformed = model.signatures["transform_features"](examples=serialized)
print(json.dumps({
    "served": next(iter(served.values())).numpy().ravel().tolist(),
    "transformed": {name: value.numpy().ravel().tolist() for name, value in transformed.items()},
}))
"""


def test_the_pushed_model_scores_raw_rows_without_penstock(finished: Finished, tmp_path: Path) -> None:
    """Loaded where there is no Penstock it scores 100 raw rows as the transformed training examples score, to 1e-6."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import tensorflow as tf

    rows = finished.json("artifacts", "list", "-C", str(finished.directory))
    raw, made = (
        read_table(_examples(next(row for row in rows if (row["type"], row["node_id"]) == ("Examples", node))), "train")
        for node in ("CsvExampleGen", "Transform")
    )
    # Both stand in the same order: row i of the one is row i of the other.
    kinds = {
        field.name: "int" if pa.types.is_integer(field.type) else "float" if pa.types.is_floating(field.type) else "str"
        for field in raw.schema
    }
    table = raw.slice(0, 100)
    file = tmp_path / "rows.csv"
    pyarrow.csv.write_csv(table, file)
    (version,) = (finished.directory / "serving" / "chicago_taxi").iterdir()
    command = [sys.executable, "-I", "-c", ELSEWHERE, str(version), str(file), json.dumps(kinds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=finished.environment)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])

    model = tf.saved_model.load(str(version))
    signature = model.signatures["predict_transformed"]
    wanted = signature.structured_input_signature[1]
    head = made.slice(0, 100)
    inputs = {}
    for name, spec in wanted.items():
        column = head.column(name).combine_chunks()
        values = np.asarray(column.to_pylist(), dtype=spec.dtype.as_numpy_dtype)
        inputs[name] = tf.reshape(tf.constant(values), [100, *spec.shape[1:]])
    expected = next(iter(signature(**inputs).values())).numpy().ravel()
    np.testing.assert_allclose(told["served"], expected, rtol=0, atol=1e-6)
    for name, values in told["transformed"].items():
        if name in head.column_names:
            np.testing.assert_allclose(values, np.ravel(head.column(name).to_pylist()), rtol=0, atol=1e-6)


def _examples(row: dict[str, Any]) -> Examples:
    return Examples(row["uri"], properties=row["properties"])


def test_a_stricter_bound_blocks_the_push(finished: Finished) -> None:
    """A threshold that the model misses ends the run as blocked, with exit code 3, before the Pusher."""
    done = finished.penstock(
        "run",
        str(finished.directory),
        "--set",
        f"data.path={finished.data}",
        "--set",
        "evaluator.thresholds.0.min=0.99",
    )
    assert done.returncode == 3
    text = done.stdout + done.stderr
    assert "Evaluator" in text
    assert "0.99" in text
    assert "skipped   Pusher" in text
    assert text.count("reused    ") >= 6


def test_lineage_leads_from_the_pushed_model_to_the_data(finished: Finished) -> None:
    """The whole provenance of the pushed model is told by one command."""
    artifacts = finished.json("artifacts", "list", "-C", str(finished.directory))
    pushed = next(row for row in artifacts if row["type"] == "PushedModel")
    done = finished.penstock("artifacts", "lineage", str(pushed["id"]), "--up", "-C", str(finished.directory))
    for node in ("Pusher", "Trainer", "Transform", "SchemaGen", "StatisticsGen", "CsvExampleGen"):
        assert node in done.stdout
