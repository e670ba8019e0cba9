from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import StoreError
from penstock.metadata import Store, open_store
from penstock.metadata.checks.check import check_store
from penstock.metadata.mlmd.nodes import Artifact, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.mlmd.values import AnyMessage, Value
from penstock.metadata.records import RunRecord, StoredArtifact
from penstock.metadata.tables import OWN
from penstock.metadata.transfer import exporting
from penstock.metadata.transfer.exporting import export_store
from tests.metadata.databases import ON_SQLITE

EVERY_KIND: dict[str, Value] = {
    "int": -(2**63),
    "double": 1e-300,
    "string": "' \" \\ \n ü \U0001f600",
    "struct": {"a": [1, None, {"b": "x"}]},
    "proto": AnyMessage("t", b"\0\xff"),
    "bool": False,
}


@pytest.fixture
def full(store: Store, taxi: dict[str, StoredArtifact]) -> Store:
    """A store with a run to a pushed model, one that goes on, every kind of value, and metrics that are no numbers."""
    assert taxi
    store.begin_run(RunRecord("r2", "taxi", plan={"nodes": []}))
    lease = store.begin_execution("r2", "trainer", "Trainer", key="k")
    store.publish(lease, outputs={}, key="k", metrics=[("loss", math.nan, 1), ("loss", -math.inf, None)])
    store.begin_execution("r2", "running", "Trainer")
    with store.database.write() as transaction:
        put_type(transaction, Type(TypeKind.ARTIFACT, "Thing"))
        insert(transaction, [Artifact(type="Thing", uri="/t", custom_properties=EVERY_KIND)])
        transaction.execute("INSERT INTO penstock_place VALUES (7, 'h:1:1', '/p', '/t')")
    return store


def rows(path: Path | None) -> dict[str, list[Any]]:
    """Every row of every table of a file."""
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names if name != "sqlite_sequence"
        }


@ON_SQLITE
@pytest.mark.parametrize("page", [1, 3, 20_000])
def test_an_export_holds_every_row_with_its_id(
    full: Store, tmp_path: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of a page; what concerns processes at work on the store is left out."""
    monkeypatch.setattr(exporting, "_PAGE", page)
    done = export_store(full, f"sqlite:///{tmp_path}/out.db")
    before, after = rows(full.database.path), rows(done.path)
    assert after.pop("penstock_lease") == after.pop("penstock_place") == []
    assert len(before.pop("penstock_lease")) == len(before.pop("penstock_place")) == 1
    assert {name: sorted(found, key=repr) for name, found in after.items()} == {
        name: sorted(found, key=repr) for name, found in before.items()
    }
    assert after["EventPath"] == before["EventPath"]
    assert done.rows == {name: len(found) for name, found in after.items()}
    assert done.bytes == done.path.stat().st_size
    assert not list(tmp_path.glob("out.db-*"))
    assert not list(tmp_path.glob(".out*"))


def test_penstock_goes_on_with_an_export(full: Store, tmp_path: Path) -> None:
    """The same cache, verdicts and values; new ids follow on the old ones, and the store is well."""
    export_store(full, f"sqlite:///{tmp_path}/out.db")
    with open_store(f"sqlite:///{tmp_path}/out.db") as copy:
        assert copy.runs() == full.runs()
        assert copy.find_cached("k") == full.find_cached("k")
        assert copy.artifacts(type="Thing")[0].custom_properties == EVERY_KIND
        assert math.isnan(copy.metrics(6)[0].value)
        assert copy.abandoned() == []
        highest = max(one.execution_id or 0 for run in full.runs() for one in full.nodes(run.id))
        assert copy.begin_execution("r2", "next", "N").execution_id == highest + 1
        found = {one.check for one in check_store(copy).findings if one.severity == "broken"}
        assert found == {"payload-is-there", "running-has-a-lease"}


def test_an_export_for_other_tools_holds_mlmds_tables_only(full: Store, tmp_path: Path) -> None:
    """Fifteen of them; Penstock opens it too, as it opens any store of theirs."""
    done = export_store(full, f"sqlite:///{tmp_path}/out.db", own=False)
    assert not set(rows(done.path)) & set(OWN.tables)
    assert len(rows(done.path)) == 15
    with open_store(f"sqlite:///{tmp_path}/out.db") as copy:
        assert {one.id for one in copy.runs()} == {"r1", "r2"}


@ON_SQLITE
def test_a_file_that_is_there_is_kept(full: Store, tmp_path: Path) -> None:
    """Unless it is to be replaced; never the store itself, nor one that another program has open."""
    target, url = tmp_path / "out.db", f"sqlite:///{tmp_path}/out.db"
    target.write_text("precious")
    with pytest.raises(StoreError, match=r"out.db is there already.\n.*--overwrite"):
        export_store(full, url)
    assert target.read_text() == "precious"
    export_store(full, url, overwrite=True)
    with open_store(url):
        pass
    with closing(sqlite3.connect(target)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM penstock_runlog")
        with pytest.raises(StoreError, match="another program has out.db open"):
            export_store(full, url, overwrite=True)
    with pytest.raises(StoreError, match="is the store itself"):
        export_store(full, full.url, overwrite=True)
    with pytest.raises(StoreError, match="There is no directory"):
        export_store(full, f"sqlite:///{tmp_path}/none/out.db")
    with pytest.raises(StoreError, match="MySQL is not supported"):
        export_store(full, "mysql://host/db")


@ON_SQLITE
def test_an_interrupted_export_leaves_no_file(full: Store, tmp_path: Path) -> None:
    """Stopped at its last step: neither the file nor a part of it, and what was there before is whole."""
    url = f"sqlite:///{tmp_path}/out.db"

    def stop(done: int, total: int, _text: str) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_store(full, url, progress=stop)
    assert not list(tmp_path.glob("*out*"))
    export_store(full, url)
    before = (tmp_path / "out.db").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        export_store(full, url, overwrite=True, progress=stop)
    assert (tmp_path / "out.db").read_bytes() == before


def test_a_store_is_exported_while_others_write(full: Store, url: str, tmp_path: Path) -> None:
    """What is in the file is one moment of the store: when the export began."""
    seen: list[int] = []

    def write(done: int, _total: int, _text: str) -> None:
        if not seen:
            with open_store(url) as other:
                other.begin_run(RunRecord("meanwhile", "taxi"))
        seen.append(done)

    export_store(full, f"sqlite:///{tmp_path}/out.db", progress=write)
    with open_store(f"sqlite:///{tmp_path}/out.db") as copy:
        assert {one.id for one in copy.runs()} == {"r1", "r2"}
    assert {one.id for one in full.runs()} == {"r1", "r2", "meanwhile"}
    assert seen == sorted(seen)
