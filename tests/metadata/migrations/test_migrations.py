from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from penstock.errors import StoreError
from penstock.events import NodeState, RunState
from penstock.metadata import migrations, open_store
from penstock.metadata.checks.check import check_store
from penstock.metadata.records import RunRecord
from penstock.metadata.tables import OWN, OWN_VERSION
from tests.metadata.databases import beside
from tests.metadata.restoring import STORES, restored
from tests.postgres import Server


@pytest.fixture(params=sorted(STORES.glob("version_*.sql")), ids=lambda path: path.stem)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store as an older Penstock left it."""
    return restored(request.param.name, tmp_path / "older.db")


def shape(path: Path) -> dict[str, Any]:
    """The columns and indices of every table, however they came to be."""
    with closing(sqlite3.connect(path)) as connection:
        names = sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return {
            name: (
                sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})")),
                sorted(
                    (row[1], row[2], tuple(part[2] for part in connection.execute(f"PRAGMA index_info({row[1]})")))
                    for row in connection.execute(f"PRAGMA index_list({name})")
                ),
            )
            for name in names
        }


def rows(path: Path) -> dict[str, list[Any]]:
    """Every row of every table but those that a migration is to change."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
            if name != "penstock_env"
        }


def version(path: Path) -> int:
    """The version of a store's own tables."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT value FROM penstock_env WHERE key = 'schema_version'").fetchone()[0])


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_every_released_store_becomes_like_a_new_one(older: Path, tmp_path: Path) -> None:
    """The same tables, columns and indices; every row is there, and the store works and is well."""
    before = rows(older)
    open_store(url(tmp_path / "new.db")).close()
    with open_store(url(older)) as store:
        assert shape(older) == shape(tmp_path / "new.db")
        after = rows(older)
        for name, old in before.items():
            assert [row[: len(old[0])] for row in after[name]] == old if old else after[name] == [], name
        assert [one.state for one in store.runs()] == [RunState.FAILED, RunState.COMPLETE, RunState.COMPLETE]
        (newest, *_) = store.runs()
        assert {one.node_id: one.state for one in store.nodes(newest.id)}["Train"] is NodeState.FAILED
        assert [one.check for one in check_store(store).findings] == ["payload-is-there"]
        store.begin_run(RunRecord("new", "toy"))
        store.begin_execution("new", "Make", "Make")
    open_store(url(older), read_only=True).close()


def test_the_file_is_kept_as_it_was(older: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Beside it, under a name with its version, whole; a person is told where."""
    before, was, number = rows(older), shape(older), version(older)
    open_store(url(older)).close()
    copy = older.with_name(f"older.db.version-{number}")
    assert (rows(copy), shape(copy)) == (before, was)
    assert f"upgraded from version {number} to {OWN_VERSION}. As it was it is kept in {copy}." in caplog.text
    assert sorted(path.name for path in older.parent.glob("older.db.v*")) == [copy.name]
    copy.unlink()
    open_store(url(older)).close()
    assert not copy.exists()


def test_versions_are_numbered_without_a_gap() -> None:
    """Each follows the one before, and the last is the one that new stores are made with."""
    every = list(ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions())
    numbers = [(one.revision, one.down_revision) for one in reversed(every)]
    assert numbers == [(str(n), str(n - 1) if n > 1 else None) for n in range(1, OWN_VERSION + 1)]


def test_a_reader_of_an_older_store_is_told_what_to_do(older: Path) -> None:
    """Reading never migrates: the file stays byte for byte."""
    before = older.read_bytes()
    with pytest.raises(
        StoreError, match=rf"older Penstock \(version {version(older)} .*\n.*penstock store check --repair"
    ):
        open_store(url(older), read_only=True)
    assert older.read_bytes() == before


@pytest.mark.parametrize("table", ["penstock_place", "penstock_key", "penstock_source", "penstock_file"])
def test_a_table_that_early_stores_lacked_is_added(tmp_path: Path, table: str) -> None:
    """Version 1 was made by several commits, each with a table more."""
    path = restored("version_1.sql", tmp_path / "early.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DROP TABLE {table}")
    open_store(url(path)).close()
    open_store(url(tmp_path / "new.db")).close()
    assert shape(path) == shape(tmp_path / "new.db")


def test_a_migration_that_fails_leaves_the_old_version(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it had done already is undone, and the next opening migrates."""
    before, was, number = rows(older), shape(older), version(older)

    def fail(*_: Any) -> None:
        raise OSError("the plug was pulled")

    with monkeypatch.context() as patch:
        patch.setattr("penstock.metadata.database.Transaction.execute", fail)
        with pytest.raises(OSError, match="plug"):
            open_store(url(older))
    assert (rows(older), shape(older)) == (before, was)
    assert version(older) == number
    open_store(url(older)).close()
    open_store(url(older), read_only=True).close()


def test_a_migration_that_is_killed_leaves_the_old_version(older: Path) -> None:
    """Killed when every table is changed and nothing committed; what lies beside the file is no hindrance."""
    before, was = rows(older), shape(older)
    code = (
        "import os, signal, sys\n"
        "from penstock.metadata import open_store\n"
        "from penstock.metadata.database import Transaction\n"
        "Transaction.execute = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "open_store(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, url(older)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (rows(older), shape(older)) == (before, was)
    with open_store(url(older)) as store:
        assert len(store.runs()) == 3


def test_a_copy_that_cannot_be_made_stops_the_migration(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: nothing is changed, and it is said how much room is needed."""

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    before, number = rows(older), version(older)
    monkeypatch.setattr("penstock.metadata.migrations.backup.os.fsync", full)
    with pytest.raises(
        StoreError, match=r"could not be copied to .*No space left.*\nFree 0 MiB .* nothing was changed"
    ):
        open_store(url(older))
    assert rows(older) == before
    assert not older.with_name(f"older.db.version-{number}").exists()


def test_processes_that_open_at_once_migrate_once(older: Path) -> None:
    """One migrates, the others wait and then find it done."""
    code = (
        "import sys; from penstock.metadata import open_store\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with open_store(sys.argv[1]) as store: print(len(store.runs()))"
    )
    command = [sys.executable, "-c", code, url(older)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60) for one in processes]
    assert [out for out, _ in said] == ["3\n"] * 4
    assert ["was upgraded" in error for _, error in said].count(True) == 1


def test_alembic_is_loaded_only_where_a_migration_is_due(older: Path, tmp_path: Path) -> None:
    """Not for a new store, nor for one of the present version: it takes 0.4 s to import."""
    open_store(url(older)).close()
    code = (
        "import sys; from penstock.metadata import open_store\n"
        "for path in sys.argv[1:]: open_store(path).close()\n"
        "open_store(sys.argv[1], read_only=True).close()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('alembic', 'mako')))"
    )
    command = [sys.executable, "-c", code, url(older), url(tmp_path / "new.db")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "[]"
    assert (tmp_path / "new.db").exists()


@pytest.mark.conformance
def test_a_store_on_postgresql_becomes_like_a_new_one(postgres: Server) -> None:
    """Made of version 1 by its own migration; rows stay, and the schema is that of a new one."""

    def catalogue(url: str) -> list[Any]:
        columns = (
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        indices = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
        return [beside(url, columns), beside(url, indices)]

    old, new = (postgres.url(postgres.new_database()) for _ in range(2))
    open_store(new).close()
    with open_store(old) as store:
        store.begin_run(RunRecord("r1", "taxi"))
        with store.database.write() as transaction:
            for table in set(OWN.tables) - {"penstock_env", "penstock_run"}:
                transaction.execute(f"DROP TABLE {table}")
            transaction.execute("ALTER TABLE penstock_run DROP COLUMN origin")
            transaction.execute("UPDATE penstock_env SET value = '1' WHERE key = 'schema_version'")
    with pytest.raises(StoreError, match="older Penstock"):
        open_store(old, read_only=True)
    with open_store(old) as store:
        assert [one.id for one in store.runs()] == ["r1"]
    assert catalogue(old) == catalogue(new)
