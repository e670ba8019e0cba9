"""Penstock's own tables beside MLMD's: what MLMD has no place for, and what hot queries read.

Their version is the row ``schema_version`` of ``penstock_env``; MLMD's own version is never touched. What is changed
here needs a version more, and a migration to it in `penstock.metadata.migrations`: a test says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table

from penstock.metadata.mlmd.tables import BOOLEAN, DOUBLE, INT, LONG, TEXT, postgresql_index

__all__ = ["OWN", "OWN_VERSION"]

OWN_VERSION = 4
OWN = MetaData()


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _key(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False, autoincrement=False)


_env = Table("penstock_env", OWN, _key("key", TEXT), _required("value", TEXT))

# A run whose origin is null is Penstock's own; others were found in MLMD's tables, or imported from a file.
_run = Table(
    "penstock_run",
    OWN,
    _key("id", TEXT),
    _required("pipeline", TEXT),
    _required("state", TEXT),
    _required("started_ms", LONG),
    Column("ended_ms", LONG),
    Column("plan", TEXT),
    Column("profile", TEXT),
    Column("git_commit", TEXT),
    Column("dirty", BOOLEAN),
    Column("packages", TEXT),
    Column("user_name", TEXT),
    Column("penstock_version", TEXT),
    Column("owner", TEXT),
    Column("origin", TEXT),
)
Index("penstock_run_pipeline", _run.c.pipeline, _run.c.started_ms)
Index("penstock_run_started", _run.c.started_ms)
Index("penstock_run_state", _run.c.state)
Index("penstock_run_origin", _run.c.origin, sqlite_where=_run.c.origin.is_not(None)).ddl_if(dialect="sqlite")
postgresql_index(_run, "CREATE INDEX penstock_run_origin ON penstock_run (origin) WHERE origin IS NOT NULL")

# A node of a run as it stands now: its last attempt.
_node = Table(
    "penstock_node",
    OWN,
    _required("run_id", TEXT),
    _required("node_id", TEXT),
    _required("component", TEXT),
    Column("execution_id", INT),
    _required("state", TEXT),
    _required("reason", TEXT),
    Column("started_ms", LONG),
    Column("ended_ms", LONG),
    Column("error", TEXT),
    Column("log", TEXT),
    _required("blocked", BOOLEAN),
    _required("note", TEXT),
    PrimaryKeyConstraint("run_id", "node_id"),
)

# Every attempt. source_id is the execution that did the work: another one where this one reused it.
_execution = Table(
    "penstock_execution",
    OWN,
    _key("execution_id", INT),
    _required("run_id", TEXT),
    _required("node_id", TEXT),
    _required("source_id", INT),
    Column("cache_key", TEXT),
    _required("parameters", TEXT),
    Column("error", TEXT),
    Column("log", TEXT),
    _required("blocked", BOOLEAN),
    _required("note", TEXT),
)
Index("penstock_execution_run", _execution.c.run_id, _execution.c.node_id)

_lease = Table(
    "penstock_lease",
    OWN,
    _key("execution_id", INT),
    _required("owner", TEXT),
    _required("fence", LONG),
    _required("heartbeat_ms", LONG),
    _required("expires_ms", LONG),
)

# Where executions that have published nothing yet write: whatever is noted here and has no lease is garbage.
_place = Table(
    "penstock_place",
    OWN,
    _key("execution_id", INT),
    _required("owner", TEXT),
    _required("uri", TEXT),
    _required("temporary", TEXT),
)

_content = Table(
    "penstock_content",
    OWN,
    _key("artifact_id", INT),
    _required("algorithm", TEXT),
    _required("digest", TEXT),
    Column("size", LONG),
)
Index("penstock_content_digest", _content.c.digest)

_cache = Table(
    "penstock_cache",
    OWN,
    _key("key", TEXT),
    _required("execution_id", INT),
    _required("created_ms", LONG),
    _required("valid", BOOLEAN),
)

_verdict = Table(
    "penstock_verdict",
    OWN,
    _required("execution_id", INT),
    _required("position", INT),
    _required("check_name", TEXT),
    _required("outcome", TEXT),
    _required("subject", TEXT),
    _required("verdict", TEXT),
    PrimaryKeyConstraint("execution_id", "position"),
)

# A value that is null is NaN: SQLite has no NaN.
_metric = Table(
    "penstock_metric",
    OWN,
    _required("execution_id", INT),
    _required("position", INT),
    _required("name", TEXT),
    Column("step", LONG),
    Column("value", DOUBLE),
    PrimaryKeyConstraint("execution_id", "position"),
)

_runlog = Table(
    "penstock_runlog",
    OWN,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _required("run_id", TEXT),
    Column("node_id", TEXT),
    _required("at_ms", LONG),
    _required("level", TEXT),
    _required("message", TEXT),
)
Index("penstock_runlog_run", _runlog.c.run_id, _runlog.c.node_id)

# What a cache key was made of, so that two keys can be compared: JSON, the code in it by the digest of each file.
_key_parts = Table("penstock_key", OWN, _key("key", TEXT), _required("parts", TEXT))

# The digests of the functions and assignments in a source file, by the digest over all of them.
_source = Table("penstock_source", OWN, _key("digest", TEXT), _required("names", TEXT))

# Digests of input files with what the file system said of them; see penstock.storage.input_files.
_file = Table(
    "penstock_file",
    OWN,
    _key("path", TEXT),
    _required("device", TEXT),
    _required("inode", TEXT),
    _required("size", LONG),
    _required("mtime_ns", LONG),
    _required("ctime_ns", LONG),
    _required("digest", TEXT),
)

# Which node of another store became which one of ours; kind is MLMD's number, see TypeKind.
_import = Table(
    "penstock_import",
    OWN,
    _required("source", TEXT),
    _required("kind", INT),
    _required("their_id", INT),
    _required("our_id", INT),
    PrimaryKeyConstraint("source", "kind", "their_id"),
)

# The input files outside the store that an execution was given, as they were then.
_input_file = Table(
    "penstock_input_file",
    OWN,
    _required("execution_id", INT),
    _required("parameter", TEXT),
    _required("path", TEXT),
    _required("size", LONG),
    _required("digest", TEXT),
    PrimaryKeyConstraint("execution_id", "parameter", "path"),
)

# Who pinned or unpinned an artifact, when and why; of several the last one holds.
_pin = Table(
    "penstock_pin",
    OWN,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _required("artifact_id", INT),
    _required("pinned", BOOLEAN),
    _required("reason", TEXT),
    _required("author", TEXT),
    _required("at_ms", LONG),
)
Index("penstock_pin_artifact", _pin.c.artifact_id)

# Payloads that were, or are being, deleted, and why. One that has only stale_ms is there, but must be rebuilt: rows
# that it was made from have been removed.
_gc = Table(
    "penstock_gc",
    OWN,
    _key("artifact_id", INT),
    _required("policy", TEXT),
    _required("bytes", LONG),
    Column("owner", TEXT),
    Column("stale_ms", LONG),
    Column("marked_ms", LONG),
    Column("deleted_ms", LONG),
)
