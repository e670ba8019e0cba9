from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.root import app
from penstock.metadata import open_store
from penstock.orchestration.workspace import Workspace
from tests.cli.conftest import Invoke
from tests.orchestration.payloads import Payloads


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Payloads]:
    """A project with two runs of two nodes; the first run's model is pinned, its examples from a file that changed."""
    (tmp_path / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    data = tmp_path / "trips.csv"
    data.write_text("a\n1\n")
    with open_store(f"sqlite:///{tmp_path}/.penstock/metadata.db") as store:
        payloads = Payloads(store, Workspace(tmp_path / ".penstock"))
        for number in (1, 2):
            payloads.run(f"r{number}", state=None, started_ms=number)
            payloads.node(f"r{number}", "Gen", {"examples": "Examples"}, data=data)
            payloads.node(f"r{number}", "Train", {"model": "Model"}, {"examples": "Gen"})
            if number == 1:
                store.retention.pin(payloads.last["Train"].id, "audit", "ada")
            store.end_run(f"r{number}", "complete")  # type: ignore[arg-type] # its value
        data.write_text("a\n2\n")
        yield payloads


def directory(project: Payloads) -> Path:
    return Path(project.workspace.root).parent


def test_a_dry_run_shows_and_changes_nothing(invoke: Invoke, project: Payloads) -> None:
    """What would go and why, what stays, and that the pinned model could not be made again."""
    result = invoke("store", "gc", "--keep-last", 1, "--dry-run", "-C", directory(project))
    assert result.exit_code == 0, result.stderr
    assert "1 payload, 1000 B, can go" in result.stdout
    assert "nothing keeps it" in result.stdout
    assert "1 of 1 cannot be made again" in result.stdout
    assert "trips.csv has changed" in result.stdout
    assert "pinned" in result.stdout
    assert project.state("Gen") == ("LIVE", True)
    value = json.loads(invoke("store", "gc", "--keep-last", 1, "--dry-run", "--json", "-C", directory(project)).stdout)
    assert [one["node_id"] for one in value["going"]] == ["Gen"]
    assert (value["bytes"], value["left_bytes"], value["done"]) == (1000, 3000, None)
    assert value["irreproducible"][0]["rebuildable"] is False


def test_it_asks_before_it_deletes(project: Payloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """No leaves everything; where nobody can be asked, --yes must be said."""
    command = ["store", "gc", "--keep-last", "1", "-C", str(directory(project))]
    result = CliRunner().invoke(app, command, prog_name="penstock")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    for answer, left in (("n\n", 4), ("y\n", 3)):
        CliRunner().invoke(app, command, input=answer, prog_name="penstock")
        assert len(project.store.retention.uris(live=True)) == left


def test_a_real_run_says_what_it_did(invoke: Invoke, project: Payloads) -> None:
    """And a second one finds nothing more."""
    command = ("store", "gc", "--keep-last", 1, "--older-than", "0m", "--yes", "-C", directory(project))
    result = invoke(*command)
    assert result.exit_code == 0, result.stderr
    assert "Deleted 1 payload, 1000 B. Digests and lineage are kept." in result.stdout
    gone = next(one for one in project.store.artifacts(type="Examples") if one.state == "DELETED")
    assert gone.collected is not None
    assert gone.collected.policy == "store gc --keep-last 1 --older-than 0m"
    assert invoke(*command).stdout.startswith("Nothing can go.")
    value = json.loads(invoke(*command, "--json").stdout)
    assert (value["going"], value["done"]) == ([], None)
    assert "store check" not in invoke("store", "check", "-C", directory(project)).stderr
    assert invoke("store", "check", "-C", directory(project)).exit_code == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--older-than", "soon"),
        ("--older-than", "30"),
        ("--max-size", "-1"),
        ("--max-size", "big"),
        ("--keep-last", "-1"),
    ],
)
def test_amounts_that_are_none_are_refused(invoke: Invoke, project: Payloads, option: str, value: str) -> None:
    """With how they are written; nothing is deleted."""
    result = invoke("store", "gc", option, value, "--yes", "-C", directory(project))
    assert result.exit_code == 2
    assert len(project.store.retention.uris(live=True)) == 4


@pytest.mark.parametrize(("typed", "bytes_"), [("2.5KB", 2500), ("3 KiB", 3072), ("2500", 2500), ("1gb", 10**9)])
def test_sizes_are_read_as_people_type_them(invoke: Invoke, project: Payloads, typed: str, bytes_: int) -> None:
    """Decimal and binary units, with or without."""
    result = invoke("store", "gc", "--max-size", typed, "--dry-run", "--json", "-C", directory(project))
    assert json.loads(result.stdout)["policy"]["max_bytes"] == bytes_


def test_without_a_project_it_says_what_is_missing(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What deletes must be told where: the project that ran last is not taken."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = invoke("store", "gc", "--yes")
    assert result.exit_code == 2
    assert "-C DIR" in result.stderr
