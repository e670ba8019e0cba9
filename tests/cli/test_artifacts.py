from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.data.examples import write_split
from tests.cli.conftest import RUN, Invoke, Stored


def test_artifacts_are_listed_newest_first(invoke: Invoke, stored: Stored) -> None:
    """Id, type, the output that carries it, its run, size and place."""
    result = invoke("artifacts", "list", "-C", stored.directory)
    assert result.exit_code == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["id", "type", "output", "run", "size", "payload"]
    assert [row[1] for row in rows[1:]] == ["Model", "ExampleStatistics", "Examples"]
    assert rows[1][:6] == [str(stored.ids["Train"]), "Model", "Train.model", RUN, "2.0", "KiB"]


@pytest.mark.parametrize(
    ("options", "types"),
    [
        (["--type", "Model"], ["Model"]),
        (["--node", "Count"], ["ExampleStatistics"]),
        (["--run", "latest", "--limit", "1"], ["Model"]),
        (["--type", "Schema"], []),
    ],
)
def test_a_listing_can_be_narrowed(invoke: Invoke, stored: Stored, options: list[str], types: list[str]) -> None:
    """By type, node, run and number; --json gives one array."""
    found = json.loads(invoke("artifacts", "list", *options, "--json", "-C", stored.directory).stdout)
    assert [artifact["type"] for artifact in found] == types


def test_one_artifact_is_shown_with_its_files(invoke: Invoke, stored: Stored) -> None:
    """Who made it, its digest, its files with sizes."""
    out = invoke("artifacts", "show", stored.ids["Train"], "-C", stored.directory).stdout
    assert out.startswith(f"Model {stored.ids['Train']}\n")
    assert f"made by   Train.model in run {RUN}" in out
    assert "sha256:digest-of-Train" in out
    assert "1 file\n  part  2.0 KiB" in out


def test_a_payload_that_is_gone_is_told(invoke: Invoke, stored: Stored) -> None:
    """The facts are still shown; that the directory is missing is said."""
    payload = stored.directory / "payloads" / "Train"
    (payload / "part").unlink()
    payload.rmdir()
    result = invoke("artifacts", "show", stored.ids["Train"], "-C", stored.directory)
    assert result.exit_code == 0
    assert "The payload is gone" in result.stdout


@pytest.mark.parametrize("command", ["show", "lineage"])
def test_an_unknown_artifact_is_a_usage_error(invoke: Invoke, stored: Stored, command: str) -> None:
    """A number that no artifact has: exit code 2."""
    result = invoke("artifacts", command, 999, "-C", stored.directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "999" in result.stderr


def test_lineage_goes_up_to_the_data(invoke: Invoke, stored: Stored) -> None:
    """From a model back to the examples; what has two ways to it is told once and named again."""
    result = invoke("artifacts", "lineage", stored.ids["Train"], "--up", "-C", stored.directory)
    lines = [line.split("  /")[0].split("  ../")[0].split(" in run")[0] for line in result.stdout.splitlines()]
    bare = [line.split("  ")[0] if not line.startswith((" ", "│")) else line for line in lines]
    assert bare[0] == f"Model {stored.ids['Train']}"
    assert "└─ made by Train" in result.stdout
    assert "   ├─ make: Examples" in result.stdout
    assert "   └─ count: ExampleStatistics" in result.stdout
    assert result.stdout.count("made by Make") == 1
    assert result.stdout.rstrip().endswith("(see above)")


def test_lineage_goes_down_to_what_was_made(invoke: Invoke, stored: Stored) -> None:
    """From the examples to everything that was made from them."""
    out = invoke("artifacts", "lineage", stored.ids["Make"], "--down", "-C", stored.directory).stdout
    assert "read by Count" in out
    assert "model: Model" in out
    assert "read by Push" in out


@pytest.mark.parametrize("options", [["--format", "json"], ["--json"]])
def test_lineage_as_json_is_a_graph(invoke: Invoke, stored: Stored, options: list[str]) -> None:
    """Artifacts, executions and the edges between them, as one document."""
    graph = json.loads(invoke("artifacts", "lineage", stored.ids["Train"], *options, "-C", stored.directory).stdout)
    assert graph["root"] == stored.ids["Train"]
    assert {artifact["type"] for artifact in graph["artifacts"]} == {"Model", "Examples", "ExampleStatistics"}
    assert {execution["node_id"] for execution in graph["executions"]} == {"Make", "Count", "Train"}
    ids = {artifact["id"] for artifact in graph["artifacts"]}
    assert {edge["artifact_id"] for edge in graph["edges"]} <= ids


def test_examples_are_exported_as_tfrecord(invoke: Invoke, stored: Stored, tmp_path: Path) -> None:
    """One file a split, as the JSON says; what is not Examples, and a split that there is none of, are refused."""
    examples = Examples(str(stored.directory / "payloads" / "Make"))
    for split, values in {"train": [1, 2, None], "eval": [3]}.items():
        write_split(examples, split, [pa.record_batch({"n": values})], pa.schema([("n", pa.int64())]))
    result = invoke("artifacts", "export", stored.ids["Make"], tmp_path / "out", "--json", "-C", stored.directory)
    assert result.exit_code == 0, result.stderr
    written = json.loads(result.stdout)
    assert {split: facts["rows"] for split, facts in written.items()} == {"train": 3, "eval": 1}
    assert all(Path(facts["path"]).is_file() for facts in written.values())
    refused = invoke("artifacts", "export", stored.ids["Train"], tmp_path / "out", "-C", stored.directory)
    assert (refused.exit_code, "is Model, not Examples" in refused.stderr) == (2, True)
    refused = invoke("artifacts", "export", stored.ids["Make"], tmp_path, "--split", "evel", "-C", stored.directory)
    assert (refused.exit_code, "'eval'" in refused.stderr) == (2, True)
