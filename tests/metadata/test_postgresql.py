"""What only a server has: who may come in, TLS, restarts. Whatever both databases do is in the other modules."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from penstock.cli.root import app
from penstock.errors import StoreError
from penstock.metadata import Store, open_store
from penstock.metadata.database import Database
from penstock.metadata.records import NewArtifact, RunRecord
from penstock.metadata.store import store_exists
from tests.metadata.databases import ON_POSTGRESQL, beside
from tests.postgres import PASSWORD, Server, running_server


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u@h:port/db", "wrong URL"),
        ("postgresql://u:s3/cret@h/db", r"u:\*\*\*@h/db has a wrong URL.\n.*%2F"),
        ("postgresql://u:12/cret@h/db", "has a wrong URL"),
        ("postgresql://u@h/db?sslmod=require", 'invalid URI query parameter: "sslmod"'),
        ("postgresql://u@h", "names no database"),
        ("postgresql://u@h/", "names no database"),
    ],
)
def test_a_url_that_libpq_cannot_read_is_refused(url: str, message: str) -> None:
    """The message shows the form, and of a password that is not escaped no part."""
    with pytest.raises(StoreError, match=message) as caught:
        open_store(url)
    assert "cret" not in _everything(caught.value)
    assert "postgresql://user" in (caught.value.hint or "")


def test_without_psycopg_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with an extra."""
    monkeypatch.delitem(sys.modules, "penstock.metadata.postgresql", raising=False)
    monkeypatch.delitem(sys.modules, "penstock.metadata.libpq", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"needs psycopg.*\n.*pip install 'penstock\[postgres\]'"):
        open_store("postgresql://u@h/db")


def test_a_server_that_is_not_there_is_named() -> None:
    """With its address, and with what the library said of it."""
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/db cannot be reached: .*refused.*\nCheck host and port"):
        open_store("postgresql://u:s3cret@127.0.0.1:1/db")
    with pytest.raises(StoreError, match="cannot be reached"):
        store_exists("postgresql://u@127.0.0.1:1/db")


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("user", "password", "database", "message"),
    [
        ("penstock", "wrong", "postgres", "does not let the user in: the password is wrong or missing"),
        ("penstock", None, "postgres", "does not let the user in: the password is wrong or missing"),
        ("nobody", "s3cret", "postgres", "does not let the user in"),
        ("penstock", "s3cret%2F%40%25", "gone", r"has no database gone\.\nMake it.*createdb gone"),
    ],
)
def test_who_may_not_come_in_is_told_why(
    postgres: Server, user: str, password: str | None, database: str, message: str
) -> None:
    """Wrong or no password, unknown user, unknown database."""
    with pytest.raises(StoreError, match=message) as caught:
        open_store(postgres.url(database, user=user, password=password))
    assert "s3cret" not in _everything(caught.value)


@pytest.mark.conformance
def test_a_password_is_shown_nowhere(postgres: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not in the store's own words, and not by `penstock doctor`, whether it opens or not."""
    url = postgres.url(postgres.new_database())
    monkeypatch.chdir(tmp_path)
    for there in (url, url.replace("s3cret", "wr0ng-s3cret")):
        monkeypatch.setenv("PENSTOCK_METADATA", there)
        told = CliRunner().invoke(app, ["doctor", "--json"]).output
        assert "penstock:***@" in told
        assert "s3cret" not in told
    with open_store(url) as store:
        store.begin_run(RunRecord("r1", "taxi"))
        assert "s3cret" not in f"{store.url} {store.database!r} {vars(store.database)}"
        with pytest.raises(StoreError) as caught, store.database.write() as transaction:
            transaction.execute("SELECT nothing")
    assert "s3cret" not in _everything(caught.value)
    assert PASSWORD not in _everything(caught.value)


@pytest.mark.conformance
def test_rights_that_are_missing_are_named(postgres: Server, store_on_server: str) -> None:
    """Who may not make tables; who may read a store, and only that."""
    name = store_on_server.rpartition("/")[2]
    postgres.execute(f"DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    empty = postgres.new_database()
    with pytest.raises(StoreError, match=r"does not allow.*permission denied for schema public.*\n.*own"):
        open_store(postgres.url(empty, user="reader"))
    reader = postgres.url(name, user="reader")
    with pytest.raises(StoreError, match="does not allow the user to do that: permission denied"):
        open_store(reader, read_only=True)
    postgres.execute("GRANT pg_read_all_data TO reader")
    with open_store(reader, read_only=True) as store:
        assert store.run("r1").pipeline == "taxi"
    with open_store(reader) as store, pytest.raises(StoreError, match="does not allow the user to do that"):
        store.begin_run(RunRecord("r2", "taxi"))


@pytest.mark.conformance
def test_a_server_that_is_too_old_is_refused(store_on_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the version that it is, and the one that it would have to be."""
    monkeypatch.setattr("penstock.metadata.postgresql.OLDEST", 99)
    with pytest.raises(StoreError, match=r"is on a server of PostgreSQL \d\d\.\nPenstock needs 99 or later"):
        open_store(store_on_server)


@pytest.mark.conformance
def test_a_database_that_cannot_hold_every_text_is_refused(postgres: Server) -> None:
    """PostgreSQL makes databases of other encodings where the system has such a locale."""
    name = postgres.new_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(StoreError, match=r"encoding SQL_ASCII.*\n.*ENCODING 'UTF8'"):
        open_store(postgres.url(name))
    with pytest.raises(psycopg.errors.UndefinedTable):
        postgres.execute("SELECT * FROM mlmdenv", name)


@pytest.mark.conformance
@pytest.mark.parametrize("table", ["studies", "elsewhere.type"])
def test_a_database_of_another_program_is_refused_and_left_alone(postgres: Server, table: str) -> None:
    """Whatever schema its tables are in: ML Metadata's client would stumble over them."""
    name = postgres.new_database()
    postgres.execute(f"CREATE SCHEMA elsewhere; CREATE TABLE {table} (id int)", name)
    for read_only in (False, True):
        with pytest.raises(StoreError, match=f"another program: it has the tables {table}.\nGive the metadata store a"):
            open_store(postgres.url(name), read_only=read_only)
    tables = postgres.execute("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'elsewhere')", name)
    assert tables == [(1,)]


@pytest.mark.conformance
def test_nobody_who_only_reads_makes_a_store(postgres: Server) -> None:
    """An empty database is no store, and stays empty."""
    url = postgres.url(postgres.new_database())
    assert not store_exists(url)
    for options in ({"read_only": True}, {"create": False}):
        with pytest.raises(StoreError, match=r"no metadata store at postgresql://.*\nRun a pipeline first"):
            open_store(url, **options)
    assert not store_exists(url)
    open_store(url).close()
    assert store_exists(url)


@pytest.mark.conformance
def test_connections_are_encrypted_and_the_server_is_who_it_says(postgres: Server, store_on_server: str) -> None:
    """``verify-full`` with the server's certificate; a certificate that is another's, or none, is refused."""
    trusted = f"sslrootcert={postgres.certificate}"
    for options in ("?sslmode=require", f"?sslmode=verify-full&{trusted}"):
        with open_store(store_on_server + options) as store, store.database.read() as transaction:
            (encrypted,) = transaction.row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            assert encrypted
    with open_store(f"{store_on_server}?sslmode=disable") as store, store.database.read() as transaction:
        assert not transaction.row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0]
    for options in ("sslrootcert=system", "sslrootcert=/gone.crt", f"{trusted}&host=localhost"):
        with pytest.raises(StoreError, match=r"cannot be reached by TLS: .*\nCheck sslmode and sslrootcert"):
            open_store(f"{store_on_server}?sslmode=verify-full&{options}")


@pytest.mark.conformance
def test_a_writer_that_waits_too_long_for_another_says_so(
    store_on_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says that another process holds the lock, and for how long it was waited."""
    monkeypatch.setattr(Database, "busy_seconds", 0.2)
    with open_store(store_on_server) as first, open_store(store_on_server) as impatient, first.database.write():
        with pytest.raises(StoreError, match=r"locked by another process.\nIt was waited for"):
            impatient.begin_run(RunRecord("r2", "taxi"))
        assert impatient.run().id == "r1"


@ON_POSTGRESQL
def test_a_reader_sees_one_moment(store: Store, url: str) -> None:
    """However many statements it needs, and whatever is committed meanwhile; and it cannot write."""
    with open_store(url, read_only=True) as reader, reader.database.read() as transaction:
        assert transaction.row("SELECT pipeline FROM penstock_run")[0] == "taxi"
        with store.database.write() as writer:
            writer.execute("UPDATE penstock_run SET pipeline = 'changed'")
        assert transaction.row("SELECT pipeline FROM penstock_run")[0] == "taxi"
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            transaction.execute("DELETE FROM penstock_run")


@ON_POSTGRESQL
def test_what_must_be_on_the_disk_is_whatever_the_server_is_set_to(store: Store, url: str) -> None:
    """A durable transaction turns ``synchronous_commit`` on for itself; all others are as the server is set."""
    name = url.rpartition("/")[2]
    beside(url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    with open_store(url) as other:
        for durable, setting in ((True, "on"), (False, "off"), (True, "on")):
            with other.database.write(durable=durable) as transaction:
                assert transaction.row("SHOW synchronous_commit")[0] == setting
    with store.database.write(durable=True) as transaction:
        assert transaction.row("SHOW synchronous_commit")[0] == "on"


@ON_POSTGRESQL
def test_times_are_the_servers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a lease does not seem lost to a machine whose clock is ahead."""
    lease = store.begin_execution("r1", "n", "N", owner="elsewhere:1:1")
    monkeypatch.setattr("penstock.metadata.database.now_ms", lambda: 2**60)
    assert store.recover().executions == ()
    store.heartbeat(lease)
    assert store.runs()[0].started_ms == pytest.approx(time.time() * 1000, abs=60_000)


@ON_POSTGRESQL
def test_long_texts_are_stored_although_they_are_indexed(store: Store) -> None:
    """PostgreSQL's trees take 2.7 kB; properties and URIs may be longer."""
    long = "".join(chr(0x4E00 + at % 20_000) for at in range(100_000))
    lease = store.begin_execution("r1", "n", "N", parameters={"text": long})
    (made,) = store.publish(lease, outputs={"o": [NewArtifact("Long", f"/p/{long}", {"text": long})]})["o"]
    assert store.artifact(made.id).uri == f"/p/{long}"
    assert store.artifact(made.id).properties == {"text": long}


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test may stop."""
    with running_server() as server:
        yield server


@pytest.mark.conformance
def test_a_server_that_is_restarted_is_waited_for(own_server: Server) -> None:
    """Open stores go on with new connections, even if it is away for a moment; what was committed is there."""
    with open_store(own_server.url(own_server.new_database())) as store:
        store.begin_run(RunRecord("r1", "taxi"))
        own_server.stop()
        back = threading.Timer(1, own_server.start)
        back.start()
        lease = store.begin_execution("r1", "n", "N")
        back.join()
        store.publish(lease, outputs={"o": [NewArtifact("Model", "/m")]}, key="k")
        assert store.find_cached("k") is not None
        with (
            pytest.raises(StoreError, match=r"(cannot be reached|broke the connection off)") as caught,
            store.database.write() as writer,
        ):
            writer.execute("UPDATE penstock_run SET pipeline = 'changed'")
            own_server.stop()
            own_server.start()
            writer.execute("UPDATE penstock_run SET pipeline = 'changed'")
        assert "s3cret" not in _everything(caught.value)
        assert store.run("r1").pipeline == "taxi"


@pytest.fixture
def store_on_server(postgres: Server) -> str:
    """The URL of a store with the run ``r1``."""
    url = postgres.url(postgres.new_database())
    with open_store(url) as store:
        store.begin_run(RunRecord("r1", "taxi"))
    return url


def _everything(error: BaseException) -> str:
    """All that anybody could print or keep of an error: itself, what it carries, and what caused it."""
    return f"{''.join(traceback.format_exception(error))} {vars(error)} {pickle.dumps(error)!r}"


@ON_POSTGRESQL
def test_a_process_that_has_tensorflow_can_open_it(url: str) -> None:
    """A notebook, say: libpq keeps to its own OpenSSL, though TensorFlow was loaded first."""
    code = (
        "import sys, tensorflow; from penstock.metadata import open_store\n"
        "with open_store(sys.argv[1]) as store: print(store.runs())"
    )
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr[-2000:]
