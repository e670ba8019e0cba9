from __future__ import annotations

import json
from pathlib import Path

from penstock.metadata import open_store
from tests.cli.conftest import Invoke, Stored
from tests.metadata.restoring import restored


def test_a_check_tells_what_is_broken_and_changes_nothing(invoke: Invoke, stored: Stored) -> None:
    """Payloads without a manifest: the exit code is 1, each is named, and it is said what to do."""
    result = invoke("store", "check", "-C", stored.directory)
    assert result.exit_code == 1
    assert "payload-has-a-manifest  3 LIVE artifacts without a readable manifest.json." in result.stdout
    assert f"artifact {stored.ids['Make']}: {stored.directory}/payloads/Make" in result.stdout
    assert "The next run that needs one makes it again." in result.stdout
    assert invoke("store", "check", "-C", stored.directory).stdout == result.stdout


def test_a_repair_says_what_it_did(invoke: Invoke, stored: Stored) -> None:
    """Rows that name nothing are removed, and the report's JSON says so; payloads that are gone stay an error."""
    with (
        open_store(f"sqlite:///{stored.directory}/.penstock/metadata.db") as store,
        store.database.write() as transaction,
    ):
        transaction.execute("INSERT INTO Attribution (context_id, artifact_id) VALUES (1, 99)")
    report = json.loads(invoke("store", "check", "--repair", "--json", "-C", stored.directory).stdout)
    found = {one["check"]: one["repaired"] for one in report["findings"]}
    assert found["attribution.artifact_id"] == "removed 1 of Attribution"
    assert found["payload-has-a-manifest"] == ""
    assert report["ok"] is False


def test_a_store_that_is_not_there_is_not_made(invoke: Invoke, stored: Stored) -> None:
    """Not even to be repaired."""
    for file in (stored.directory / ".penstock").iterdir():
        file.unlink()
    result = invoke("store", "check", "--repair", "-C", stored.directory)
    assert result.exit_code == 1
    assert "no metadata store" in result.stderr
    assert list((stored.directory / ".penstock").iterdir()) == []


def test_a_store_of_tfx_is_imported_and_shows_everywhere(invoke: Invoke, stored: Stored, tmp_path: Path) -> None:
    """Its runs, nodes, artifacts and lineage, beside our own; a second time it is nothing new."""
    tfx = restored("tfx_1_16.sql", tmp_path / "metadata.db")
    place = ("-C", stored.directory)
    result = invoke("store", "import", tfx, *place)
    assert result.exit_code == 0, result.stderr
    assert "17 artifacts, 16 executions, 20 contexts taken in." in result.stdout
    assert "17 payloads not on this machine" in result.stdout
    assert "2 runs. See: penstock runs list" in result.stdout
    assert "nothing new." in invoke("store", "import", tfx, *place).stdout
    runs = json.loads(invoke("runs", "list", "--json", *place).stdout)
    assert {(one["pipeline"], one["state"], one["origin"]) for one in runs} == {
        ("toy", "failed", None),
        ("chicago_taxi_native_keras", "failed", str(tfx)),
        ("chicago_taxi_native_keras", "complete", str(tfx)),
    }
    assert "from" in invoke("runs", "list", *place).stdout.splitlines()[0]
    shown = invoke("runs", "show", "2026-11-21T11:46", *place).stdout
    assert f"from {tfx}" in shown
    assert "Trainer.model_run" in shown
    pushed = json.loads(invoke("artifacts", "list", "--type", "PushedModel", "--json", *place).stdout)[0]
    assert "The payload is gone" in invoke("artifacts", "show", pushed["id"], *place).stdout
    lineage = invoke("artifacts", "lineage", pushed["id"], *place).stdout
    assert "made by CsvExampleGen in run 2026-11-21T11:44:06.108847" in lineage
    why = invoke("why", "Trainer", "--run", "2026-11-21T11:46", *place)
    assert why.exit_code in (0, 2), why.stderr
    assert "Traceback" not in why.stderr


def test_an_import_makes_the_store_and_reports_as_json(invoke: Invoke, tmp_path: Path) -> None:
    """In a project that has run nothing yet."""
    (tmp_path / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    tfx = restored("tfx_1_16.sql", tmp_path / "metadata.db")
    report = json.loads(invoke("store", "import", tfx, "--json", "-C", tmp_path).stdout)
    assert (report["version"], report["new"]["Artifact"], len(report["absent"])) == (10, 17, 17)


def test_an_import_of_something_else_is_an_error(invoke: Invoke, stored: Stored) -> None:
    """A file that is not there, and one that is no store."""
    for name in ("none.db", "pipeline.yaml"):
        result = invoke("store", "import", stored.directory / name, "-C", stored.directory)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error: " in result.stderr


def test_a_store_is_exported(invoke: Invoke, stored: Stored, tmp_path: Path) -> None:
    """To a file that is not overwritten; with and without our own tables."""
    url = f"sqlite:///{tmp_path}/out.db"
    assert "out.db: 3 artifacts, 4 executions" in invoke("store", "export", "--to", url, "-C", stored.directory).stdout
    again = invoke("store", "export", "--to", url, "-C", stored.directory)
    assert again.exit_code == 1
    assert "give --overwrite" in again.stderr
    options = ("--overwrite", "--mlmd-only", "--json", "-C", stored.directory)
    report = json.loads(invoke("store", "export", "--to", url, *options).stdout)
    assert (report["rows"]["Artifact"], "penstock_run" in report["rows"]) == (3, False)
