"""Servers of PostgreSQL for conformance tests: private ones, made in a temporary directory and gone with the tests."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "s3cret/@%"
_QUOTED = "s3cret%2F%40%25"
_CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
ssl = on
# Nothing here is to survive a power loss, and a test counts no more than a few rows.
fsync = off
shared_buffers = '32MB'
max_connections = 60
"""


class Server:
    """A running server that a password is needed for; its owner is ``penstock``.

    Attributes:
        certificate: The server's own certificate, which names 127.0.0.1.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate = directory / "server.crt"
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        how = ["--username=penstock", "--pwfile=password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        self._run([str(_program("initdb")), "--pgdata=data", "--no-sync", *how])
        (directory / "data" / "postgresql.auto.conf").write_text(f"port = {self.port}{_CONFIG}")
        subject = ["-days", "2", "-subj", "/CN=penstock", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", "data/server.key", "-out", "data/server.crt"]
        self._run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files])
        shutil.copy(directory / "data" / "server.crt", self.certificate)

    def url(self, database: str, *, user: str = "penstock", password: str | None = _QUOTED, options: str = "") -> str:
        """The URL of a database; the password as it stands in one."""
        name = user if password is None else f"{user}:{password}"
        return f"postgresql://{name}@127.0.0.1:{self.port}/{database}{options}"

    def new_database(self, options: str = "") -> str:
        """Makes an empty database and returns its name; ``options`` are those of ``CREATE DATABASE``."""
        name = f"store_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return name

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs a statement as the owner."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Starts it and waits until it answers."""
        import psycopg

        with (self.directory / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [str(_program("postgres")), "-D", "data"], cwd=self.directory, stdout=log, stderr=log, **_as_user()
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.directory / "log.txt").read_text()[-2000:]
                assert time.monotonic() < deadline, (self.directory / "log.txt").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it: SIGINT breaks off connections, SIGQUIT does without a checkpoint, as a crash does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, check=False, timeout=120, **_as_user()
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:] or done.stdout[-2000:]}"


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A server of its own, started; the test is skipped where PostgreSQL is not installed."""
    if _program("initdb") is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql, or `make postgres`.")
    with tempfile.TemporaryDirectory(prefix="penstock-postgres-") as name:
        directory = Path(name)
        (directory / "password").write_text(PASSWORD)
        directory.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
            (directory / "password").chmod(0o644)
        server = Server(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _program(name: str) -> Path | None:
    """A program of the newest version that is installed; Debian does not put them on the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = shutil.which(name)
    return versions[-1] if versions else Path(found) if found else None


def _as_user() -> dict[str, Any]:
    # The server refuses to run as root.
    return {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
