from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from penstock.metadata import open_store
from tests.metadata.databases import ON_SQLITE
from tests.metadata.kills import COMPLETE, check_acknowledged, check_goes_on, executions, kill_writers

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("PENSTOCK_STORE_KILLS", "40"))


@pytest.fixture
def seed() -> int:
    """What the moments of the kills follow from: ``PENSTOCK_SEED``, or any."""
    chosen = int(os.environ.get("PENSTOCK_SEED", random.SystemRandom().randrange(10**6)))
    print(f"PENSTOCK_SEED={chosen}")
    return chosen


@ON_SQLITE
def test_what_was_acknowledged_outlives_its_writer(url: str, tmp_path: Path, seed: int) -> None:
    """Writers are killed at random moments (``PENSTOCK_STORE_KILLS``); every acknowledged id is there, and whole."""
    began = time.monotonic()
    acknowledged = kill_writers(url, KILLS, seed)
    with closing(sqlite3.connect(tmp_path / "state" / "metadata.db")) as connection:
        found = executions(connection.execute)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check_acknowledged(acknowledged, found, KILLS)
    with open_store(url) as store:
        check_goes_on(store, found)
    complete = sum(one["state"] == COMPLETE for one in found.values())
    print(
        f"{KILLS} kills in {time.monotonic() - began:.0f} s: {len(acknowledged.begun)} executions begun and"
        f" {len(acknowledged.ended)} ended were acknowledged; {len(found)} are there, {complete} of them complete"
    )
    assert complete > KILLS


def test_who_is_killed_while_a_store_is_made_leaves_one_that_can_be_opened(tmp_path: Path, seed: int) -> None:
    """Whatever of it was made: the next one makes the rest, and nothing twice."""
    for number in range(max(1, KILLS // 5)):
        path = tmp_path / f"{number}.db"
        acknowledged = kill_writers(f"sqlite:///{path}", 1, seed + number, longest=0.05)
        with open_store(f"sqlite:///{path}") as store, closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT schema_version FROM MLMDEnv").fetchall() == [(10,)]
            seeds = "SELECT count(*), count(DISTINCT name) FROM Type WHERE name LIKE 'mlmd.%'"
            assert connection.execute(seeds).fetchone() == (9, 9)
            found = executions(connection.execute)
            check_acknowledged(acknowledged, found, 1)
            check_goes_on(store, found)
