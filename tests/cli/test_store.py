from __future__ import annotations

import json

from penstock.metadata import open_store
from tests.cli.conftest import Invoke, Stored


def test_a_check_tells_what_is_broken_and_changes_nothing(invoke: Invoke, stored: Stored) -> None:
    """Payloads without a manifest: the exit code is 1, each is named, and it is said what to do."""
    result = invoke("store", "check", "-C", stored.directory)
    assert result.exit_code == 1
    assert "payload-has-a-manifest  3 LIVE artifacts without a readable manifest.json." in result.stdout
    assert f"artifact {stored.ids['Make']}: {stored.directory}/payloads/Make" in result.stdout
    assert "penstock run --no-cache=NODE" in result.stdout
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
