"""Version 1: the tables of the first stores, as far as they are not there."""

from __future__ import annotations

from typing import Any

from alembic.operations import Operations
from sqlalchemy import Column, Integer, PrimaryKeyConstraint

from penstock.metadata.mlmd.tables import BOOLEAN, DOUBLE, INT, LONG, TEXT

revision = "1"
down_revision = None


def upgrade(operations: Operations) -> None:
    """Makes every table of version 1 that is missing."""

    def table(name: str, *parts: Any) -> None:
        operations.create_table(name, *parts, if_not_exists=True)

    def index(name: str, of: str, *columns: str) -> None:
        operations.create_index(name, of, columns, if_not_exists=True)

    table("penstock_env", _key("key", TEXT), _required("value", TEXT))
    table(
        "penstock_run",
        _key("id", TEXT),
        *(_required("pipeline", TEXT), _required("state", TEXT), _required("started_ms", LONG)),
        *(Column("ended_ms", LONG), Column("plan", TEXT), Column("profile", TEXT), Column("git_commit", TEXT)),
        *(Column("dirty", BOOLEAN), Column("packages", TEXT), Column("user_name", TEXT)),
        *(Column("penstock_version", TEXT), Column("owner", TEXT)),
    )
    index("penstock_run_pipeline", "penstock_run", "pipeline", "started_ms")
    index("penstock_run_started", "penstock_run", "started_ms")
    index("penstock_run_state", "penstock_run", "state")
    table(
        "penstock_node",
        *(_required("run_id", TEXT), _required("node_id", TEXT), _required("component", TEXT)),
        *(Column("execution_id", INT), _required("state", TEXT), _required("reason", TEXT)),
        *(Column("started_ms", LONG), Column("ended_ms", LONG), Column("error", TEXT), Column("log", TEXT)),
        *(_required("blocked", BOOLEAN), _required("note", TEXT)),
        PrimaryKeyConstraint("run_id", "node_id"),
    )
    table(
        "penstock_execution",
        *(_key("execution_id", INT), _required("run_id", TEXT), _required("node_id", TEXT)),
        *(_required("source_id", INT), Column("cache_key", TEXT), _required("parameters", TEXT)),
        *(Column("error", TEXT), Column("log", TEXT), _required("blocked", BOOLEAN), _required("note", TEXT)),
    )
    index("penstock_execution_run", "penstock_execution", "run_id", "node_id")
    table(
        "penstock_lease",
        *(_key("execution_id", INT), _required("owner", TEXT), _required("fence", LONG)),
        *(_required("heartbeat_ms", LONG), _required("expires_ms", LONG)),
    )
    table(
        "penstock_place",
        *(_key("execution_id", INT), _required("owner", TEXT), _required("uri", TEXT), _required("temporary", TEXT)),
    )
    table(
        "penstock_content",
        *(_key("artifact_id", INT), _required("algorithm", TEXT), _required("digest", TEXT), Column("size", LONG)),
    )
    index("penstock_content_digest", "penstock_content", "digest")
    table(
        "penstock_cache",
        *(_key("key", TEXT), _required("execution_id", INT), _required("created_ms", LONG)),
        _required("valid", BOOLEAN),
    )
    table(
        "penstock_verdict",
        *(_required("execution_id", INT), _required("position", INT), _required("check_name", TEXT)),
        *(_required("outcome", TEXT), _required("subject", TEXT), _required("verdict", TEXT)),
        PrimaryKeyConstraint("execution_id", "position"),
    )
    table(
        "penstock_metric",
        *(_required("execution_id", INT), _required("position", INT), _required("name", TEXT)),
        *(Column("step", LONG), Column("value", DOUBLE)),
        PrimaryKeyConstraint("execution_id", "position"),
    )
    table(
        "penstock_runlog",
        Column("id", Integer, primary_key=True, autoincrement=True),
        *(_required("run_id", TEXT), Column("node_id", TEXT), _required("at_ms", LONG)),
        *(_required("level", TEXT), _required("message", TEXT)),
    )
    index("penstock_runlog_run", "penstock_runlog", "run_id", "node_id")
    table("penstock_key", _key("key", TEXT), _required("parts", TEXT))
    table("penstock_source", _key("digest", TEXT), _required("names", TEXT))
    table(
        "penstock_file",
        *(_key("path", TEXT), _required("device", TEXT), _required("inode", TEXT), _required("size", LONG)),
        *(_required("mtime_ns", LONG), _required("ctime_ns", LONG), _required("digest", TEXT)),
    )


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _key(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False, autoincrement=False)
