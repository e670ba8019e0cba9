from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from penstock.metadata import Store, open_store
from tests.metadata.databases import beside

WORKER = Path(__file__).with_name("worker.py")
PROCESSES = 8


def at_once(url: str, act: str, count: int) -> list[str]:
    """Lets eight processes begin at one moment; returns what each printed, and fails with the error of any."""
    command = [sys.executable, str(WORKER), url, act]
    processes = [
        subprocess.Popen(
            [*command, f"w{at}", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results = [process.communicate(timeout=240) for process in processes]
    assert [error for _, error in results] == [""] * PROCESSES
    assert [process.returncode for process in processes] == [0] * PROCESSES
    return [out for out, _ in results]


def test_eight_processes_open_a_new_store_at_once(url: str) -> None:
    """All succeed; there is one version row, and each seed type once."""
    at_once(url, "open", 0)
    assert beside(url, "SELECT schema_version FROM MLMDEnv") == [(10,)]
    assert beside(url, "SELECT count(*), count(DISTINCT name), max(id) FROM Type") == [(9, 9, 9)]
    if url.startswith("sqlite:"):
        assert beside(url, "PRAGMA journal_mode") == [("wal",)]


def test_eight_processes_publish_at_once(url: str) -> None:
    """Nothing is lost, torn or there twice: executions, artifacts, keys, types, contexts."""
    count = 15
    at_once(url, "publish", count)
    with open_store(url, read_only=True) as store:
        digests = {artifact.digest for artifact in store.artifacts(limit=10_000)}
        assert digests == {f"w{w}.{n}.{at}" for w in range(PROCESSES) for n in range(count) for at in range(3)}
        for w in range(PROCESSES):
            assert [node.state for node in store.nodes(f"w{w}")] == ["complete"] * count
            for n in range(count):
                cached = store.find_cached(f"w{w}.{n}")
                assert cached is not None
                assert [one.digest for one in cached.outputs["out"]] == [f"w{w}.{n}.{at}" for at in range(3)]
        _check_unique(store, count)


def _check_unique(store: Store, count: int) -> None:
    with store.database.read() as transaction:
        (twice,) = transaction.row(
            "SELECT count(*) FROM (SELECT 1 FROM Type GROUP BY type_kind, name, version HAVING count(*) > 1) AS twice"
        )
        assert twice == 0
        (executions,) = transaction.row("SELECT count(*) FROM Execution WHERE last_known_state = 3")
        assert executions == PROCESSES * count
        (leases,) = transaction.row("SELECT count(*) FROM penstock_lease")
        assert leases == 0
        if store.url.startswith("sqlite:"):
            assert transaction.row("PRAGMA integrity_check")[0] == "ok"
