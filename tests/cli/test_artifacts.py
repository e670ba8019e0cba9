from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.data.examples import write_split
from penstock.metadata import open_store
from penstock.metadata.records import NewArtifact, RunRecord
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


@pytest.mark.parametrize("name", ["Model", "payloads/Train", "{id}"])
def test_an_artifact_is_meant_by_id_place_or_type(
    invoke: Invoke, stored: Stored, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number, the directory of its payload, or its type: the latest run's that has one."""
    monkeypatch.chdir(stored.directory)
    found = json.loads(invoke("artifacts", "show", name.format(id=stored.ids["Train"]), "--json").stdout)
    assert found["id"] == stored.ids["Train"]


@pytest.mark.parametrize("name", ["Nothing", "999", "-1", "9" * 40, "s3://bucket/x", "", "a\nb", "%s", "'; --"])
def test_a_name_that_nothing_has_is_a_usage_error(invoke: Invoke, stored: Stored, name: str) -> None:
    """Whatever it is made of."""
    result = invoke("artifacts", "show", "-C", stored.directory, "--", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no artifact" in result.stderr


def test_a_type_that_several_have_asks_for_the_number(invoke: Invoke, stored: Stored) -> None:
    """And names them with the outputs that they are."""
    with open_store(f"sqlite:///{stored.directory}/.penstock/metadata.db") as store:
        lease = store.begin_execution(RUN, "Other", "Other")
        other = store.publish(lease, outputs={"best": [NewArtifact("Model", "/m")]})["best"][0]
    result = invoke("artifacts", "show", "Model", "-C", stored.directory)
    assert result.exit_code == 2
    assert f"{stored.ids['Train']} (Train.model), {other.id} (Other.best)" in result.stderr


def test_a_type_that_the_latest_run_did_not_make_is_found_before_it(invoke: Invoke, stored: Stored) -> None:
    """A blocked run pushes nothing: what is meant is what the run before it made."""
    with open_store(f"sqlite:///{stored.directory}/.penstock/metadata.db") as store:
        store.begin_run(RunRecord("later", store.run(RUN).pipeline))
        lease = store.begin_execution("later", "Read", "Read")
        store.publish(lease, outputs={"rows": [NewArtifact("Examples", "/rows")]})
    found = invoke("artifacts", "show", "Model", "-C", stored.directory, "--json")
    assert json.loads(found.stdout)["id"] == stored.ids["Train"]


def test_a_pin_has_a_reason_and_an_author(invoke: Invoke, stored: Stored) -> None:
    """Both are shown with the artifact until it is unpinned; without a reason nothing is pinned."""
    train = stored.ids["Train"]
    project = ("-C", stored.directory)
    assert invoke("artifacts", "pin", train, *project).exit_code == 2
    assert invoke("artifacts", "pin", train, "--reason", " ", *project).exit_code == 2
    result = invoke("artifacts", "pin", "Model", "--reason", "for the \x1b[31maudit", "--author", "ada", *project)
    assert (result.exit_code, result.stdout) == (0, f"Model {train} is pinned.\n")
    assert "for the audit" in (out := invoke("artifacts", "show", train, *project).stdout)
    assert "pinned    by ada" in out
    pin = json.loads(invoke("artifacts", "show", train, "--json", *project).stdout)["pin"]
    assert (pin["author"], pin["reason"]) == ("ada", "for the \x1b[31maudit")
    assert "pinned" in invoke("artifacts", "list", *project).stdout
    assert invoke("artifacts", "unpin", train, "--reason", "over", *project).exit_code == 0
    assert "pinned" not in invoke("artifacts", "show", train, *project).stdout
    assert invoke("artifacts", "unpin", train, "--reason", "over", *project).exit_code == 2


def test_what_was_collected_says_so(invoke: Invoke, stored: Stored) -> None:
    """When, by which policy, and what makes it again, in the list, with the artifact and in its lineage."""
    train = stored.ids["Train"]
    with open_store(f"sqlite:///{stored.directory}/.penstock/metadata.db") as store:
        store.retention.mark({train: "store gc --older-than 30d"}, 0)
        store.retention.finish([train])
    out = invoke("artifacts", "show", train, "-C", stored.directory).stdout
    assert re.search(r"collected +deleted on \d{4}-\d\d-\d\d by store gc --older-than 30d\n", out)
    assert "penstock run" in out
    assert "deleted" in invoke("artifacts", "list", "-C", stored.directory).stdout
    assert "deleted on" in invoke("artifacts", "lineage", train, "-C", stored.directory).stdout


def test_lineage_can_be_bounded_and_drawn(invoke: Invoke, stored: Stored) -> None:
    """--depth counts executions; dot and mermaid give text for those programs."""
    lineage = ("artifacts", "lineage", stored.ids["Train"], "-C", stored.directory)
    assert "Make" not in invoke(*lineage, "--depth", 0).stdout
    assert "made by Make" not in invoke(*lineage, "--depth", 1).stdout
    assert invoke(*lineage, "--format", "dot").stdout.startswith("digraph lineage {\n")
    assert invoke(*lineage, "--format", "mermaid").stdout.startswith("flowchart LR\n")
