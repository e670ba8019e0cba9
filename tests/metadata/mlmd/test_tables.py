from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from penstock.metadata import open_store
from penstock.metadata.mlmd.tables import SEEDS
from tests.metadata.databases import ON_SQLITE, beside

# The tables that the ml_metadata 1.17.1 client makes in an empty file, as SQLite's pragmas tell of them.
EXPECTED = json.loads(Path(__file__).with_name("schema_10.json").read_text())


def shape(connection: sqlite3.Connection, table: str) -> dict[str, Any]:
    """Columns as (name, type, required, default, place in the key); indices as (name, unique, partial, columns)."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    indices = connection.execute(f"PRAGMA index_list({table})").fetchall()
    return {
        "columns": [[name, kind, bool(required), default, key] for _, name, kind, required, default, key in columns],
        "indices": sorted(
            (
                [
                    name if origin == "c" else None,
                    bool(unique),
                    bool(partial),
                    [row[2] for row in connection.execute(f"PRAGMA index_info({name})")],
                ]
                for _, name, unique, origin, partial in indices
            ),
            key=lambda index: (index[0] or "", index[3]),
        ),
    }


def relaxed(expected: dict[str, Any]) -> dict[str, Any]:
    """The one difference that is allowed: an integer primary key says NOT NULL, which it is in any case."""
    columns = [
        [name, kind, required or (key == 1 and kind == "INTEGER"), default, key]
        for name, kind, required, default, key in expected["columns"]
    ]
    return {**expected, "columns": columns}


@ON_SQLITE
def test_a_new_store_has_mlmds_tables_and_indices_to_the_letter(url: str, tmp_path: Path) -> None:
    """15 tables and 40 indices equal those that MLMD's own client makes, types and defaults included."""
    open_store(url).close()
    with closing(sqlite3.connect(tmp_path / "state" / "metadata.db")) as connection:
        found = {table: shape(connection, table) for table in EXPECTED}
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        extra = connection.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    assert found == {table: relaxed(expected) for table, expected in EXPECTED.items()}
    assert sum(len(table["indices"]) for table in found.values()) == 40
    assert all(name.startswith("penstock_") for name in names - EXPECTED.keys() - {"sqlite_sequence"})
    assert extra == (0,)


def test_a_new_store_has_mlmds_version_and_seed_types(url: str) -> None:
    """One row says version 10, and the nine types of MLMD's own have the ids 1 to 9."""
    for _ in range(2):
        open_store(url).close()
    assert beside(url, "SELECT * FROM MLMDEnv") == [(10,)]
    seeds = beside(url, "SELECT id, name, type_kind, version FROM Type ORDER BY id")
    assert seeds == [(at, name, kind, None) for at, (name, kind) in enumerate(SEEDS, 1)]
