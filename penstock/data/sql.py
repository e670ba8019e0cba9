"""The rows of a query as input: read with a cursor on the server where the database has such, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import add
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa

from penstock.artifacts import Examples
from penstock.data.databases import connected, shown
from penstock.data.ingest.flow import Rows, Types, ingest
from penstock.data.ingest.job import Job
from penstock.data.ingest.rejected import Rejections
from penstock.data.ingest.shards import Block, Shard
from penstock.dsl import Context
from penstock.errors import DataError, UsageError

__all__ = ["SourceVersion", "SqlReader", "ingest_sql", "source_version"]

_BATCH = 16_384

# What PostgreSQL says of a column (pg_type.dat), so that one that begins with missing values has its type at once.
_POSTGRESQL = {
    **dict.fromkeys((16, 20, 21, 23, 26, 1082, 1083, 1114, 1184, 1186), pa.int64()),
    **dict.fromkeys((700, 701, 1700), pa.float64()),
    **dict.fromkeys((18, 19, 25, 1042, 1043, 2950), pa.string()),
    17: pa.binary(),
}


class SourceVersion(NamedTuple):
    """A database without its password, and what a query says about the state of its data."""

    source: str
    version: str


def source_version(url: str, query: str) -> SourceVersion:
    """Asks for the state of the data: the first row of a query that changes when they do.

    Raises:
        UsageError: The query returns no columns.
        DataError: The database refuses.
    """
    with connected(url) as connection, closing(_run(connection, query, "version_query")) as result:
        row = result.fetchone()
    return SourceVersion(shown(url), json.dumps(None if row is None else list(row), default=str))


def ingest_sql(url: str, query: str, version_query: str, examples: Examples, job: Job, ctx: Context) -> None:
    """Writes what a query returns as the splits of ``examples``; see `penstock.data.ingest.flow.ingest`.

    Raises:
        UsageError: The URL or the query is not usable.
        DataError: The database refuses, or returns what Examples cannot hold.
    """
    # Before the rows: what changes while they are read is then seen the next time.
    version = source_version(url, version_query) if version_query else SourceVersion(shown(url), "")
    ingest(SqlReader(url, query, frozenset(job.declared)), version.source, examples, job, ctx)
    examples.custom_properties.update(source=version.source)
    if version_query:
        examples.custom_properties.update(source_version=version.version)


@dataclass(frozen=True)
class SqlReader:
    """The result of one query, as one shard."""

    url: str
    query: str
    declared: frozenset[str] = field(default=frozenset())
    lists: ClassVar[bool] = False

    def shards(self) -> list[Shard]:
        """One: what a query returns has no parts that could be asked for alone."""
        return [Shard(0, (Block(shown(self.url), 0, None, 1, 1),))]

    def batches(self, block: Block, known: Types, reject: Rejections) -> Iterator[Rows]:
        """The rows in the order in which they come, at most `_BATCH` at a time."""
        first = block.row
        with connected(self.url) as connection, closing(_run(connection, self.query, "query")) as result:
            types = _types(result, connection.dialect.name)
            for rows in result.partitions(_BATCH):
                arrays = [
                    self._array(list(values), name, kind, block.path, first)
                    for values, (name, kind) in zip(zip(*rows, strict=True), types.items(), strict=True)
                ]
                yield Rows(pa.RecordBatch.from_arrays(arrays, list(types)), partial(add, first))
                first += len(rows)

    def _array(self, values: list[Any], name: str, kind: pa.DataType, path: str, first: int) -> pa.Array:
        present = [value for value in values if value is not None]
        if not present:
            return pa.nulls(len(values), kind)
        with suppress(pa.ArrowException, OverflowError, ValueError, TypeError):
            array = pa.array(values)
            if not isinstance(array, pa.ExtensionArray):  # a UUID is text here, and not its bytes
                return array
        if all(isinstance(value, (int, float, Decimal)) for value in present):
            return pa.array([None if value is None else float(value) for value in values])
        if name in self.declared or len({type(value) for value in present}) == 1:
            return pa.array([_plain(value) for value in values])
        expected = type(present[0]).__name__
        row, value = next(
            (at, one) for at, one in enumerate(values) if one is not None and type(one) is not type(present[0])
        )
        raise DataError(
            f"Row {first + row:,} of the query, column {name!r}: {str(value)[:200]!r} is {type(value).__name__}, where "
            f"{expected} stands before.",
            hint=f"Cast it in the query, or declare types: {{{name}: string}} under data.",
            path=path,
            row=first + row,
            column=name,
        )


def _plain(value: Any) -> Any:
    """A value of a type that Arrow has no place for: bytes as such, anything else as text."""
    if isinstance(value, memoryview):
        return value.tobytes()
    return value if value is None or isinstance(value, (bytes, str)) else str(value)


def _run(connection: Any, query: str, parameter: str) -> Any:
    """The result of a query, as the driver understands it: no part of it is taken for a parameter."""
    streaming = connection.execution_options(stream_results=True, no_parameters=True, max_row_buffer=_BATCH)
    result = streaming.exec_driver_sql(query.strip().rstrip(";"))
    if not result.returns_rows:
        result.close()
        raise UsageError(
            f"{parameter} returns no columns: it is no SELECT, and what it changed was rolled back.",
            hint="Write a query that returns rows: SELECT ... FROM ...",
        )
    return result


def _types(result: Any, dialect: str) -> dict[str, pa.DataType]:
    """The columns, and the stored types of those of which the database tells it beforehand; null for the others."""
    names: Sequence[str] = [str(name) for name in result.keys()]  # noqa: SIM118 - not a mapping
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise UsageError(
                f"The query returns {names.count(name)} columns named {name!r}.",
                hint="Give each column a name of its own: SELECT a.id AS a_id, b.id AS b_id ...",
                column=name,
            )
    told = _POSTGRESQL if dialect == "postgresql" else {}
    return {name: told.get(about[1], pa.null()) for name, about in zip(names, result.cursor.description, strict=True)}
