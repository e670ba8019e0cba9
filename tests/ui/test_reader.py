from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penstock.errors import StoreError
from penstock.metadata.records import RunRecord
from penstock.metadata.store import open_store
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader
from tests.ui.conftest import BASE, as_json


def write_run(url: str, run: str) -> None:
    with open_store(url) as store:
        store.begin_run(RunRecord(run, "toy"))


def test_pages_wait_for_a_store_and_follow_a_new_one(tmp_path: Path) -> None:
    """Before there is a store the page says so and asks again; a store that is deleted and made anew is read anew."""
    url = f"sqlite:///{tmp_path}/store/metadata.db"
    reader = StoreReader(url)
    with TestClient(create_app(reader), base_url=BASE) as client:
        answer = client.get("/runs")
        assert answer.status_code == 503
        assert "There is no metadata store" in answer.text
        assert 'data-refresh="5"' in answer.text
        assert not (tmp_path / "store").exists()
        write_run(url, "first")
        assert [run["id"] for run in as_json(client, "/runs")["runs"]] == ["first"]
        shutil.rmtree(tmp_path / "store")
        write_run(url, "second")
        assert [run["id"] for run in as_json(client, "/runs")["runs"]] == ["second"]
    reader.close()


def test_the_store_is_not_written(tmp_path: Path) -> None:
    """The reader's store refuses to write."""
    url = f"sqlite:///{tmp_path}/metadata.db"
    write_run(url, "first")
    reader = StoreReader(url)
    with pytest.raises(StoreError, match="reading only"):
        reader.store().begin_run(RunRecord("second", "toy"))
    reader.close()


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    """A file that is no store gives a page with the reason, not a traceback."""
    (tmp_path / "metadata.db").write_text("hello")
    reader = StoreReader(f"sqlite:///{tmp_path}/metadata.db")
    with TestClient(create_app(reader), base_url=BASE) as client:
        answer = client.get("/runs", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert "is not an SQLite database" in answer.json()["message"]
