"""The databases that the tests of the store run on: both, unless a test says otherwise."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import Server

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.conformance)]

ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For a test of what only a file has."""

ON_POSTGRESQL = pytest.mark.parametrize("url", BOTH[1:], indirect=True)
"""For a test of what only a server has."""


def beside(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Runs SQL past the store, as another program would, and returns the rows of the last statement."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            return [file.execute(one).fetchall() for one in statements][-1]
    import psycopg

    with psycopg.connect(url) as server:
        cursors = [server.execute(one.encode()) for one in statements]
        return cursors[-1].fetchall() if cursors[-1].description else []


def new_url(request: pytest.FixtureRequest, directory: Path) -> str:
    """Where a store may be made: in a new file, or in a new database of PostgreSQL, as ``request.param`` says."""
    if request.param == "sqlite":
        return f"sqlite:///{directory}/state/metadata.db"
    server: Server = request.getfixturevalue("postgres")
    return server.url(server.new_database())
