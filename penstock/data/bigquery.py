"""What a BigQuery query returns as input: read by Beam's source, staged as Parquet, taken from there as any Parquet is.

Beam runs the query into a temporary table and reads that through the Storage API, in as many streams as BigQuery gives.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from penstock.artifacts import Examples
from penstock.data.examples import open_writer
from penstock.data.ingest.flow import ingest
from penstock.data.ingest.job import Job
from penstock.data.parquet import ParquetReader
from penstock.dsl import Context
from penstock.errors import DataError, PenstockError, UsageError

__all__ = ["ingest_bigquery", "query_version"]

_BATCH = 16_384
_ANSWER = re.compile(r'"message": ("(?:[^"\\]|\\.)*")')


def query_version(project: str, query: str) -> str:
    """The first row that a query returns, as text.

    Raises:
        DataError: BigQuery refuses.
        UsageError: The extra ``gcp`` is not installed.
    """
    with _told(project):
        from google.cloud import bigquery

        client = bigquery.Client(project=project)
        row = next(iter(client.query_and_wait(query)), None)
    return json.dumps(None if row is None else list(row.values()), default=str)


def ingest_bigquery(
    project: str, query: str, temp_dataset: str, version_query: str, examples: Examples, job: Job, ctx: Context
) -> None:
    """Writes what a query in GoogleSQL returns as the splits of ``examples``; see `penstock.data.ingest.flow.ingest`.

    Raises:
        UsageError: The extra ``gcp`` is not installed.
        DataError: BigQuery refuses, or returns what Examples cannot hold.
    """
    source = f"bigquery:{project}"
    # Before the rows: what changes while they are read is then seen the next time.
    version = query_version(project, version_query) if version_query else ""
    staging = Path(examples.uri, ".staging")
    try:
        with _told(project):
            _stage(project, query, temp_dataset, str(staging), ctx)
        paths = sorted(map(str, staging.glob("*.parquet")))
        if not paths:
            raise DataError("The query returns no rows.", path=source, hint="At least one row is expected.")
        ingest(ParquetReader(tuple(paths)), source, examples, job, ctx)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    examples.custom_properties.update(source=source)
    if version_query:
        examples.custom_properties.update(source_version=version)


def _stage(project: str, query: str, temp_dataset: str, directory: str, ctx: Context) -> None:
    import apache_beam as beam
    from apache_beam.io.gcp.bigquery import ReadFromBigQuery
    from apache_beam.io.gcp.internal.clients import bigquery as protocol
    from apache_beam.options.pipeline_options import GoogleCloudOptions

    options: dict[str, Any] = {}
    if temp_dataset:
        options["temp_dataset"] = protocol.DatasetReference(projectId=project, datasetId=temp_dataset)
    pipeline = ctx.beam()
    pipeline.options.view_as(GoogleCloudOptions).project = project  # who pays, and where temporary tables lie
    with pipeline:
        rows = pipeline | "Read" >> ReadFromBigQuery(
            method=ReadFromBigQuery.Method.DIRECT_READ,
            use_native_datetime=True,  # the rows come as Arrow, and times as times
            query=query,
            use_standard_sql=True,
            **options,
        )
        (
            rows
            | "Batch" >> beam.BatchElements(min_batch_size=_BATCH, max_batch_size=_BATCH)
            | "Stage" >> beam.Map(_written, directory)
        )


def _written(rows: Sequence[dict[str, Any]], directory: str) -> None:
    """One file for a batch, named for its rows: a second try writes the same again."""
    try:
        batch = pa.RecordBatch.from_pylist(list(rows))
    except pa.ArrowException as error:
        raise DataError(
            f"BigQuery returns rows that are not of one type: {error}.", hint="Cast the column in the query."
        ) from error
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    Path(directory).mkdir(parents=True, exist_ok=True)
    path = Path(directory, f"{hashlib.sha256(sink.getvalue()).hexdigest()[:24]}.parquet")
    temporary = path.with_suffix(".part")
    with open_writer(temporary, batch.schema) as writer:
        writer.write_batch(batch)
    temporary.replace(path)


@contextmanager
def _told(project: str) -> Iterator[None]:
    """What Google's libraries raise, as what to do about it."""
    try:
        import google.auth
        import google.cloud.bigquery_storage  # Beam does without it, and fails later
        from google.api_core.exceptions import GoogleAPIError
    except ImportError as error:
        raise UsageError(
            f"Reading BigQuery needs {error.name}, which is not installed.", hint="Run: pip install 'penstock[gcp]'"
        ) from error
    try:
        google.auth.default()  # where there are none, Beam would open a browser and wait for somebody to log in
        yield
    except PenstockError:
        raise
    except google.auth.exceptions.GoogleAuthError as error:
        raise DataError(
            f"Google does not know who is asking: {_said(error)}",
            hint="Run: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS.",
            path=f"bigquery:{project}",
        ) from error
    except (GoogleAPIError, RuntimeError) as error:
        raise DataError(
            f"BigQuery refuses: {_said(error)}",
            hint="Try the query in the console; may this account run jobs in the project, and make datasets there "
            "(or give temp_dataset)?",
            path=f"bigquery:{project}",
        ) from error


def _said(error: BaseException) -> str:
    """What a service answered, without the request around it; Beam hands errors on as text."""
    answer = _ANSWER.search(str(error))
    if answer:
        return str(json.loads(answer[1]))[:500]
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
