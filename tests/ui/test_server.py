from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import penstock
from penstock.errors import UsageError
from penstock.ui.web.server import address_of, listen
from tests.ui.conftest import Journal

Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `penstock ui` on a free port in a directory of its own, and gives its address once it has told it."""
    begun: list[subprocess.Popen[str]] = []

    def run(url: str, *options: str) -> tuple[subprocess.Popen[str], str]:
        environment = {
            **os.environ,
            "PENSTOCK_METADATA": url,
            "PYTHONPATH": os.pathsep.join(
                [str(Path(penstock.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
            ),
        }
        command = [sys.executable, "-m", "penstock", "ui", "--port", "0", *options]
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=tmp_path
        )
        begun.append(server)
        assert server.stdout is not None
        told = ""
        for line in server.stdout:
            told += line
            found = re.search(r"http://\S+", line)
            if found:
                return server, found.group()
        raise AssertionError(told)

    yield run
    for server in begun:
        server.kill()
        server.communicate()


def test_it_serves_until_it_is_interrupted(start: Start, journal: Journal) -> None:
    """The printed address answers at once; Ctrl-C ends the server, though a browser is connected."""
    journal.begin("r1")
    server, address = start(journal.url)
    runs = urllib.request.Request(f"{address}runs", headers={"Accept": "application/json"})  # noqa: S310  # our own
    with urllib.request.urlopen(runs) as answer:  # noqa: S310  # the same
        assert [run["id"] for run in json.load(answer)["runs"]] == ["r1"]
    host, _, port = address.removeprefix("http://").rstrip("/").partition(":")
    with socket.create_connection((host, int(port))) as idle:
        idle.sendall(b"GET /runs HTTP/1.1\r\nHost: localhost\r\n")  # never finished
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0


def test_it_starts_before_there_is_a_store(start: Start, tmp_path: Path) -> None:
    """Without a store the server starts all the same, and makes none."""
    server, address = start(f"sqlite:///{tmp_path}/none/metadata.db")
    assert server.stdout is not None
    assert "no store yet" in server.stdout.readline()
    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        urllib.request.urlopen(f"{address}runs")  # noqa: S310  # http
    refused.value.close()
    assert not (tmp_path / "none").exists()


def test_starting_loads_nothing_heavy(journal: Journal, tmp_path: Path) -> None:
    """The server imports no TensorFlow, Beam, Arrow or pandas."""
    code = (
        "import sys\n"
        "from penstock.ui.web import server, app, reader\n"
        "from penstock.orchestration import locate\n"
        "import uvicorn\n"
        f"reader.StoreReader({journal.url!r}).store().runs()\n"
        "heavy = {'tensorflow', 'apache_beam', 'pandas', 'pyarrow', 'numpy', 'keras'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(penstock.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.stdout == "[]\n"


def test_a_taken_port_is_told_with_another() -> None:
    """A port that is taken is an error that names it and a free one."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} of 127.0.0.1 is taken") as refused:
            listen("127.0.0.1", port)
    found = re.search(r"--port (\d+)", refused.value.hint or "")
    assert found
    assert int(found.group(1)) != port


def test_an_address_of_another_machine_is_refused() -> None:
    """A host that is not this machine, or is no name at all, is an error that says what the default is."""
    for host in ("192.0.2.1", "no such host"):
        with pytest.raises(UsageError, match="no address of this machine"):
            listen(host, 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:{}/"),
        ("0.0.0.0", "http://127.0.0.1:{}/"),  # noqa: S104  # what is tested
        ("localhost", "http://localhost:{}/"),
    ],
)
def test_the_address_can_be_opened_here(host: str, expected: str) -> None:
    """What is printed can be opened in a browser on this machine, also when the server listens everywhere."""
    with listen(host, 0) as taken:
        assert address_of(host, taken) == expected.format(taken.getsockname()[1])
