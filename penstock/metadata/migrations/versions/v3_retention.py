"""Version 3: pins, collections, and which input files each execution was given."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Column, Integer, PrimaryKeyConstraint

from penstock.metadata.mlmd.tables import BOOLEAN, INT, LONG, TEXT

revision = "3"
down_revision = "2"


def upgrade(operations: Operations) -> None:
    """Adds ``penstock_input_file``, ``penstock_pin`` and ``penstock_gc``."""
    operations.create_table(
        "penstock_input_file",
        Column("execution_id", INT, nullable=False),
        Column("parameter", TEXT, nullable=False),
        Column("path", TEXT, nullable=False),
        Column("size", LONG, nullable=False),
        Column("digest", TEXT, nullable=False),
        PrimaryKeyConstraint("execution_id", "parameter", "path"),
    )
    operations.create_table(
        "penstock_pin",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("artifact_id", INT, nullable=False),
        Column("pinned", BOOLEAN, nullable=False),
        Column("reason", TEXT, nullable=False),
        Column("author", TEXT, nullable=False),
        Column("at_ms", LONG, nullable=False),
    )
    operations.create_index("penstock_pin_artifact", "penstock_pin", ["artifact_id"])
    operations.create_table(
        "penstock_gc",
        Column("artifact_id", INT, primary_key=True, nullable=False, autoincrement=False),
        Column("policy", TEXT, nullable=False),
        Column("bytes", LONG, nullable=False),
        Column("owner", TEXT),
        Column("stale_ms", LONG),
        Column("marked_ms", LONG),
        Column("deleted_ms", LONG),
    )
