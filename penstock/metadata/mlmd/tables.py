"""MLMD's fifteen tables and their indices, schema version 10, spelled as its own client creates them.

Names are unquoted, so that PostgreSQL folds them to lower case as MLMD's statements there do. There are no foreign
keys, views or triggers: MLMD's own migrations drop and rename these tables.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import UserDefinedType

__all__ = [
    "BOOLEAN",
    "DOUBLE",
    "INT",
    "LONG",
    "MLMD",
    "SCHEMA_VERSION",
    "SEEDS",
    "TABLE_NAMES",
    "TEXT",
    "Spelled",
    "postgresql_index",
]

SCHEMA_VERSION = 10

# The types that every MLMD store has first, in this order: (name, type_kind).
SEEDS = (
    ("mlmd.Dataset", 1),
    ("mlmd.Model", 1),
    ("mlmd.Metrics", 1),
    ("mlmd.Statistics", 1),
    ("mlmd.Train", 0),
    ("mlmd.Transform", 0),
    ("mlmd.Process", 0),
    ("mlmd.Evaluate", 0),
    ("mlmd.Deploy", 0),
)

MLMD = MetaData()


class Spelled(UserDefinedType[Any]):
    """A column type written exactly so in each database."""

    cache_ok = True

    def __init__(self, sqlite: str, postgresql: str | None = None) -> None:
        self.sqlite = sqlite
        self.postgresql = postgresql or sqlite


@compiles(Spelled, "sqlite")
def _in_sqlite(kind: Spelled, _compiler: Any, **_: Any) -> str:
    return kind.sqlite


@compiles(Spelled, "postgresql")
def _in_postgresql(kind: Spelled, _compiler: Any, **_: Any) -> str:
    return kind.postgresql


INT = Spelled("INT")
LONG = Spelled("INT", "BIGINT")
FLAG = Spelled("TINYINT(1)", "BOOLEAN")
SMALL = Spelled("TINYINT(1)", "SMALLINT")
NAME = Spelled("VARCHAR(255)")
TEXT = Spelled("TEXT")
BYTES = Spelled("BLOB", "BYTEA")
DOUBLE = Spelled("DOUBLE", "DOUBLE PRECISION")
BOOLEAN = Spelled("BOOLEAN")


def _table(name: str, *parts: Any) -> Table:
    return Table(quoted_name(name, quote=False), MLMD, *parts, sqlite_autoincrement=True)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _required(name: str, kind: Spelled) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _index(table: Table, name: str, *columns: str, **options: Any) -> Index:
    return Index(name, *(table.c[column] for column in columns), **options)


def postgresql_index(table: Table, statement: str) -> None:
    """Gives a table an index with options of PostgreSQL's own.

    SQLAlchemy's options for them import that dialect (a thirtieth of a second) in every process that knows the tables.
    """
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so


def _node(name: str, *own: Column[Any], name_required: bool = False) -> Table:
    """One of the three tables of nodes with its properties' table and their indices."""
    times = (f"{moment}_time_since_epoch" for moment in ("create", "last_update"))
    table = _table(
        name,
        _id(),
        _required("type_id", INT),
        *own,
        Column("name", NAME, nullable=not name_required),
        Column("external_id", NAME, unique=True),
        *(Column(moment, LONG, nullable=False, server_default=text("0")) for moment in times),
        UniqueConstraint("type_id", "name"),
    )
    low = name.lower()
    for moment in ("create", "last_update"):
        _index(table, f"idx_{low}_{moment}_time_since_epoch", f"{moment}_time_since_epoch")
    _index(table, f"idx_{low}_external_id", "external_id")
    properties = _table(
        f"{name}Property",
        _required(f"{low}_id", INT),
        _required("name", NAME),
        _required("is_custom_property", FLAG),
        Column("int_value", LONG),
        Column("double_value", DOUBLE),
        Column("string_value", TEXT),
        Column("byte_value", BYTES),
        Column("proto_value", BYTES),
        Column("bool_value", BOOLEAN),
        PrimaryKeyConstraint(f"{low}_id", "name", "is_custom_property"),
    )
    for kind in ("int", "double", "string"):
        columns = ("name", "is_custom_property", f"{kind}_value")
        partial = text(f"{kind}_value IS NOT NULL")
        index = _index(properties, f"idx_{low}_property_{kind}", *columns, sqlite_where=partial)
        if kind == "string":
            # PostgreSQL refuses a row whose indexed text is longer than 2.7 kB: there the index has its beginning.
            index.ddl_if(dialect="sqlite")
            beginning = func.left(properties.c.string_value, 200)
            Index(index.name, properties.c.name, properties.c.is_custom_property, beginning).ddl_if(
                dialect="postgresql"
            )
    return table


_type = _table(
    "Type",
    _id(),
    _required("name", NAME),
    Column("version", NAME),
    _required("type_kind", SMALL),
    Column("description", TEXT),
    Column("input_type", TEXT),
    Column("output_type", TEXT),
    Column("external_id", NAME, unique=True),
)
_index(_type, "idx_type_name", "name")
_index(_type, "idx_type_external_id", "external_id")
_table(
    "TypeProperty",
    _required("type_id", INT),
    _required("name", NAME),
    Column("data_type", INT),
    PrimaryKeyConstraint("type_id", "name"),
)
_table(
    "ParentType",
    _required("type_id", INT),
    _required("parent_type_id", INT),
    PrimaryKeyConstraint("type_id", "parent_type_id"),
)
_artifact = _node("Artifact", Column("uri", TEXT), Column("state", INT))
_index(_artifact, "idx_artifact_uri", "uri").ddl_if(dialect="sqlite")
# In PostgreSQL a hash, because a URI too may be longer than its other indices take.
postgresql_index(_artifact, "CREATE INDEX idx_artifact_uri ON Artifact USING hash (uri)")
_node("Execution", Column("last_known_state", INT))
_node("Context", name_required=True)
_event = _table(
    "Event",
    _id(),
    _required("artifact_id", INT),
    _required("execution_id", INT),
    _required("type", INT),
    Column("milliseconds_since_epoch", LONG),
    UniqueConstraint("artifact_id", "execution_id", "type"),
)
_index(_event, "idx_event_execution_id", "execution_id")
_path = _table(
    "EventPath",
    _required("event_id", INT),
    _required("is_index_step", FLAG),
    Column("step_index", INT),
    Column("step_key", TEXT),
)
_index(_path, "idx_eventpath_event_id", "event_id")
_parent = _table(
    "ParentContext",
    _required("context_id", INT),
    _required("parent_context_id", INT),
    PrimaryKeyConstraint("context_id", "parent_context_id"),
)
_index(_parent, "idx_parentcontext_parent_context_id", "parent_context_id")
for _link, _member in (("Association", "execution_id"), ("Attribution", "artifact_id")):
    _table(_link, _id(), _required("context_id", INT), _required(_member, INT), UniqueConstraint("context_id", _member))
_table("MLMDEnv", Column("schema_version", Integer, primary_key=True, autoincrement=False))

TABLE_NAMES = tuple(str(name) for name in MLMD.tables)
