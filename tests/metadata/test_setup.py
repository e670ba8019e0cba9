from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.errors import StoreError
from penstock.metadata import open_store
from penstock.metadata.records import RunRecord
from tests.metadata.databases import ON_SQLITE, beside


def test_importing_penstock_and_its_records_loads_no_sqlalchemy() -> None:
    """It takes 0.2 s to import, which only those pay who open a store."""
    code = (
        "import sys, penstock, penstock.metadata, penstock.metadata.records, penstock.metadata.owners;"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql+psycopg://host/db", "names no driver: 'psycopg' is too much"),
        ("mysql://host/db", "MySQL is not supported"),
        ("mysql+pymysql://host/db", "MySQL is not supported"),
        ("oracle://host/db", "cannot be a 'oracle' database"),
        ("metadata.db", "is no URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///a.db?mode=ro", "has options"),
    ],
)
def test_other_urls_are_refused_with_one_that_would_do(url: str, message: str) -> None:
    """Each says why, and shows the form to use."""
    with pytest.raises(StoreError, match=message) as caught:
        open_store(url)
    assert "sqlite:///" in (caught.value.hint or "")


def test_a_relative_path_is_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes name a relative path, and directories on the way are made."""
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///a/b/metadata.db").close()
    assert (tmp_path / "a" / "b" / "metadata.db").exists()


def test_paths_with_special_characters_are_opened_for_writing_and_for_reading(tmp_path: Path) -> None:
    """Spaces, percent signs, hashes and letters beyond ASCII are part of the name."""
    url = f"sqlite:///{tmp_path}/a b/50%#1 ü/metadata.db"
    with open_store(url) as store:
        store.begin_run(RunRecord("r1", "taxi"))
    with open_store(url, read_only=True) as store:
        assert store.run().id == "r1"
    assert (tmp_path / "a b" / "50%#1 ü" / "metadata.db").exists()


@ON_SQLITE
@pytest.mark.parametrize("options", [{"read_only": True}, {"create": False}])
def test_a_store_that_is_not_there_is_not_made_for_a_reader(url: str, tmp_path: Path, options: dict[str, bool]) -> None:
    """The message says what would make one, and no directory is left behind."""
    with pytest.raises(StoreError, match=r"no metadata store at.*\n.*Run a pipeline"):
        open_store(url, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(url: str) -> None:
    """A store opened for reading refuses before anything is tried."""
    open_store(url).close()
    with open_store(url, read_only=True) as store, pytest.raises(StoreError, match="for reading only"):
        store.begin_run(RunRecord("r1", "taxi"))


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Text, and a file cut off in its header; a directory; an empty file is taken."""
    for content in (b"name: taxi\n", b"SQLite for"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(StoreError, match="is not an SQLite database"):
            open_store(f"sqlite:///{tmp_path}/file")
        assert (tmp_path / "file").read_bytes() == content
    with pytest.raises(StoreError, match="is a directory"):
        open_store(f"sqlite:///{tmp_path}")
    (tmp_path / "file").write_bytes(b"")
    open_store(f"sqlite:///{tmp_path}/file").close()


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    """A file with the right header and nothing behind it gives a StoreError with the path."""
    (tmp_path / "file").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError, match=f"{tmp_path}/file"):
        open_store(f"sqlite:///{tmp_path}/file")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Tables that are not MLMD's show that the path is mistaken."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE studies (id)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program: it has the tables studies"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE MLMDEnv SET schema_version = 11", "schema version 11; this Penstock knows 10.\nUse a newer Penstock"),
        ("UPDATE MLMDEnv SET schema_version = 6", "schema version 6.*\n.*enable_upgrade_migration"),
        ("INSERT INTO MLMDEnv VALUES (9)", "schema version 9, 10"),
        ("DELETE FROM MLMDEnv", "schema version none"),
        ("DROP TABLE MLMDEnv", "older than MLMD's schema versions"),
        ("DROP TABLE EventPath", "lacks the table EventPath"),
        ("UPDATE penstock_env SET value = '999' WHERE key = 'schema_version'", "newer Penstock.*\nUpgrade Penstock"),
    ],
)
def test_stores_of_other_versions_are_refused(url: str, change: str, message: str) -> None:
    """Newer, older, ambiguous and incomplete ones, each with what to do."""
    open_store(url).close()
    beside(url, change)
    for read_only in (False, True):
        with pytest.raises(StoreError, match=message):
            open_store(url, read_only=read_only)


def test_what_a_store_of_mlmds_client_lacks_is_added(url: str) -> None:
    """A database without Penstock's tables gets them; a reader may not, and says so."""
    with open_store(url) as store, store.database.read() as transaction:
        own = [name for name in transaction.tables() if name.startswith("penstock_")]
    beside(url, *(f"DROP TABLE {name}" for name in own))
    with pytest.raises(StoreError, match="Open it once for writing"):
        open_store(url, read_only=True)
    with open_store(url) as store:
        store.begin_run(RunRecord("r1", "taxi"))


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A directory that this process may read and not write, even where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        open_store(f"sqlite:///{directory}/there/metadata.db").close()
        is_root = os.geteuid() == 0
        (directory / "there").chmod(0o555)
        directory.chmod(0o555)
        if is_root:
            os.seteuid(65534)
        try:
            yield directory
        finally:
            if is_root:
                os.seteuid(0)
            for one in (directory, directory / "there"):
                one.chmod(0o755)


def test_a_directory_that_cannot_be_written_is_named(guarded: Path) -> None:
    """For a store that would have to be made there, in it or below it, and for one that is there."""
    for name in ("metadata.db", "below/metadata.db", "there/metadata.db"):
        with pytest.raises(StoreError, match=f"{guarded}.*\n.*choose another place"):
            open_store(f"sqlite:///{guarded}/{name}")


def test_a_store_in_a_directory_that_cannot_be_written_can_be_read(guarded: Path) -> None:
    """Although SQLite would make files beside a database in WAL mode."""
    with open_store(f"sqlite:///{guarded}/there/metadata.db", read_only=True) as store:
        assert store.runs() == []
