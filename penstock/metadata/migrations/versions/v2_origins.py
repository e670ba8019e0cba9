"""Version 2: runs say which other tool or file they come from, and imports remember which row became which."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Column, PrimaryKeyConstraint

from penstock.metadata.mlmd.tables import INT, TEXT

revision = "2"
down_revision = "1"


def upgrade(operations: Operations) -> None:
    """Adds ``penstock_run.origin`` and the table ``penstock_import``."""
    operations.add_column("penstock_run", Column("origin", TEXT))
    operations.create_table(
        "penstock_import",
        Column("source", TEXT, nullable=False),
        Column("kind", INT, nullable=False),
        Column("their_id", INT, nullable=False),
        Column("our_id", INT, nullable=False),
        PrimaryKeyConstraint("source", "kind", "their_id"),
    )
