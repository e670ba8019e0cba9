"""Version 4: an index of the few runs that are not Penstock's own, which every opening of a store asks for."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import text

revision = "4"
down_revision = "3"


def upgrade(operations: Operations) -> None:
    """Adds the index ``penstock_run_origin``."""
    foreign = text("origin IS NOT NULL")
    operations.create_index(
        "penstock_run_origin", "penstock_run", ["origin"], sqlite_where=foreign, postgresql_where=foreign
    )
