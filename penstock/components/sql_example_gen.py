"""SqlExampleGen: what a query returns in, examples in splits out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from penstock.artifacts import Artifact, Examples
from penstock.dsl import Context, Output, component
from penstock.errors import GraphError, PenstockError, UsageError

__all__ = ["SqlExampleGen"]

_SPLITS = {"train": 2, "eval": 1}
_NO_TYPES: dict[str, str] = {}
_ALL_COLUMNS: list[str] = []


def _check(parameters: Mapping[str, Any]) -> None:
    from penstock.data.databases import check_url

    try:
        if "url" in parameters:
            check_url(parameters["url"])
    except UsageError as error:
        raise GraphError(error.message, hint=error.hint, argument="url") from error


def _is_current(parameters: Mapping[str, Any], outputs: Mapping[str, Artifact]) -> bool:
    """Whether the database, asked again, tells of the same state as when it was read."""
    from penstock.data.sql import source_version

    if not parameters["version_query"]:
        return False
    then = outputs["examples"].custom_properties
    try:
        now = source_version(parameters["url"], parameters["version_query"])
    except PenstockError:  # it tells so when it is read
        return False
    return (then.get("source"), then.get("source_version")) == now


@component(is_current=_is_current, check=_check)
def SqlExampleGen(
    examples: Output[Examples],
    *,
    url: str,
    query: str,
    version_query: str = "",
    splits: dict[str, int] = _SPLITS,
    types: dict[str, str] = _NO_TYPES,
    on_error: Literal["fail", "skip"] = "fail",
    max_skipped: int = 100,
    split_by: list[str] = _ALL_COLUMNS,
    sample: float = 1.0,
    ctx: Context,
) -> None:
    """Reads what a query returns from any database that SQLAlchemy has a driver for and shares it out to splits.

    A database has no digest: the node runs each time, unless ``version_query`` says that nothing has changed. What
    comes after it is reused all the same where the rows are the same.

    Args:
        examples: Parquet files by split.
        url: SQLAlchemy's URL of the database; a password is written as a variable of the environment,
            ``postgresql://reader:${TRIPS_PASSWORD}@host/trips``.
        query: One ``SELECT``, as the database understands it. Nothing in it is replaced.
        version_query: A query whose first row changes when the data do: ``SELECT max(updated), count(*) FROM trips``.
            The examples are reused as long as it returns the same from the same database.
        splits: Names and weights of the splits, as ratios.
        types: Types that are declared, by column: see docs/ingest.md.
        on_error: What a row does that is not usable: ``fail`` stops, ``skip`` leaves it out and reports it.
        max_skipped: How many rows may be left out.
        split_by: Columns whose values decide about a row's split, so that rows that are equal in them are never in two
            splits; all columns if none are given.
        sample: The share of the rows that is kept, for quick runs; chosen by the values that decide about splits.
        ctx: The running node.

    Raises:
        UsageError: URL, query, splits or types are not usable.
        DataError: The database refuses, or a value is not usable; names row and column.
    """
    from penstock.data.ingest.job import Job
    from penstock.data.sql import ingest_sql

    job = Job.of(examples.uri, splits, types, on_error, max_skipped, split_by, sample)
    ingest_sql(url, query, version_query, examples, job, ctx)
