from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from penstock.metadata import open_store
from tests.metadata.databases import beside
from tests.metadata.kills import (
    COMPLETE,
    Acknowledged,
    check_acknowledged,
    check_goes_on,
    crash_server,
    executions,
    kill_writers,
)
from tests.postgres import running_server

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("PENSTOCK_STORE_KILLS", "40"))


@pytest.fixture
def seed() -> int:
    """What the moments of the kills follow from: ``PENSTOCK_SEED``, or any."""
    chosen = int(os.environ.get("PENSTOCK_SEED", random.SystemRandom().randrange(10**6)))
    print(f"PENSTOCK_SEED={chosen}")
    return chosen


def test_what_was_acknowledged_outlives_its_writer(url: str, seed: int) -> None:
    """Writers are killed at random moments (``PENSTOCK_STORE_KILLS``); every acknowledged id is there, and whole."""
    began = time.monotonic()
    acknowledged = kill_writers(url, KILLS, seed)
    print(f"{KILLS} kills in {time.monotonic() - began:.0f} s")
    check(url, acknowledged, KILLS)
    if url.startswith("sqlite"):
        assert beside(url, "PRAGMA integrity_check") == [("ok",)]


def test_what_was_acknowledged_outlives_a_crash_of_the_server(seed: int) -> None:
    """PostgreSQL is stopped without a checkpoint, one time in twenty of those, while four write; then the same."""
    rounds = max(2, KILLS // 20)
    with running_server() as server:
        url = server.url(server.new_database())
        check(url, crash_server(server, url, rounds, seed), 4 * rounds)


def check(url: str, acknowledged: Acknowledged, kills: int) -> None:
    """Everything acknowledged is there and whole, as others and as Penstock read it."""
    found = executions(lambda sql: beside(url, sql))
    check_acknowledged(acknowledged, found, kills)
    with open_store(url) as store:
        check_goes_on(store, found)
    complete = sum(one["state"] == COMPLETE for one in found.values())
    print(
        f"{len(acknowledged.begun)} executions begun and {len(acknowledged.ended)} ended were acknowledged;"
        f" {len(found)} are there, {complete} of them complete"
    )
    assert complete > kills


def test_who_is_killed_while_a_store_is_made_leaves_one_that_can_be_opened(tmp_path: Path, seed: int) -> None:
    """Whatever of it was made: the next one makes the rest, and nothing twice."""
    for number in range(max(1, KILLS // 5)):
        path = tmp_path / f"{number}.db"
        acknowledged = kill_writers(f"sqlite:///{path}", 1, seed + number, after=0, longest=0.1)
        with open_store(f"sqlite:///{path}") as store, closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT schema_version FROM MLMDEnv").fetchall() == [(10,)]
            seeds = "SELECT count(*), count(DISTINCT name) FROM Type WHERE name LIKE 'mlmd.%'"
            assert connection.execute(seeds).fetchone() == (9, 9)
            found = executions(connection.execute)
            check_acknowledged(acknowledged, found, 1)
            check_goes_on(store, found)
