"""BigQueryExampleGen: what a query of BigQuery returns in, examples in splits out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from penstock.artifacts import Artifact, Examples
from penstock.dsl import Context, Output, component
from penstock.errors import PenstockError

__all__ = ["BigQueryExampleGen"]

_SPLITS = {"train": 2, "eval": 1}
_NO_TYPES: dict[str, str] = {}
_ALL_COLUMNS: list[str] = []


def _is_current(parameters: Mapping[str, Any], outputs: Mapping[str, Artifact]) -> bool:
    """Whether BigQuery, asked again, tells of the same state as when it was read."""
    from penstock.data.bigquery import query_version

    if not parameters["version_query"]:
        return False
    try:
        now = query_version(parameters["project"], parameters["version_query"])
    except PenstockError:  # it tells so when it is read
        return False
    return outputs["examples"].custom_properties.get("source_version") == now


@component(is_current=_is_current)
def BigQueryExampleGen(
    examples: Output[Examples],
    *,
    project: str,
    query: str,
    temp_dataset: str = "",
    version_query: str = "",
    splits: dict[str, int] = _SPLITS,
    types: dict[str, str] = _NO_TYPES,
    on_error: Literal["fail", "skip"] = "fail",
    max_skipped: int = 100,
    split_by: list[str] = _ALL_COLUMNS,
    sample: float = 1.0,
    ctx: Context,
) -> None:
    """Reads what a query of BigQuery returns, with Beam's source over the Storage API, and shares it out to splits.

    Needs the extra ``gcp``. Credentials are those of the environment, as Google's libraries find them. The node runs
    each time, unless ``version_query`` says that nothing has changed; what comes after it is reused all the same where
    the rows are the same.

    Args:
        examples: Parquet files by split.
        project: The project that pays, and in which the query's temporary table lies.
        query: One ``SELECT`` in GoogleSQL.
        temp_dataset: A dataset of the project for the temporary table; one is made and removed if it is not given.
        version_query: A query whose first row changes when the data do. The examples are reused as long as it returns
            the same.
        splits: Names and weights of the splits, as ratios.
        types: Types that are declared, by column: see docs/ingest.md.
        on_error: What a row does that is not usable: ``fail`` stops, ``skip`` leaves it out and reports it.
        max_skipped: How many rows may be left out.
        split_by: Columns whose values decide about a row's split, so that rows that are equal in them are never in two
            splits; all columns if none are given.
        sample: The share of the rows that is kept, for quick runs; chosen by the values that decide about splits.
        ctx: The running node.

    Raises:
        UsageError: The extra is not installed; splits or types are not usable.
        DataError: BigQuery refuses, or a value is not usable.
    """
    from penstock.data.bigquery import ingest_bigquery
    from penstock.data.ingest.job import Job

    job = Job.of(examples.uri, splits, types, on_error, max_skipped, split_by, sample)
    ingest_bigquery(project, query, temp_dataset, version_query, examples, job, ctx)
