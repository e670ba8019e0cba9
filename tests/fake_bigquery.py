"""A fake of BigQuery on this machine: the REST calls and the Storage API's streams that Beam's source makes.

It runs no SQL: a query gets the rows it was given, or an error. Real are the wire, Beam's source and Google's clients.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery_storage_v1 import BigQueryReadClient, types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

_SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"


class FakeBigQuery:
    """Queries and what they return, each as the batches of one stream each; and what was asked of it.

    Attributes:
        results: Batches by query; a text is an error.
        datasets: The datasets there are.
        requests: Method and path of every REST call.
        jobs: The configuration of every query that was run.
    """

    def __init__(self) -> None:
        self.results: dict[str, list[pa.RecordBatch] | str] = {}
        self.datasets: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.jobs: list[dict[str, Any]] = []
        self._tables: dict[str, list[pa.RecordBatch]] = {}
        self._streams: list[pa.RecordBatch] = []

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:  # noqa: PLR0911 - one a call
        """A status and a JSON value for a REST call."""
        self.requests.append((method, path))
        match method, path.partition("?")[0].strip("/").split("/"):
            case "POST", [*_, "projects", project, "jobs"]:
                return self._job(project, body)
            case "GET", [*_, "projects", project, "jobs", job]:
                return 200, {"jobReference": {"projectId": project, "jobId": job}, "status": {"state": "DONE"}}
            case "GET", [*_, "datasets"]:
                return 200, {"datasets": [{"datasetReference": {"datasetId": one}} for one in sorted(self.datasets)]}
            case "POST", [*_, "datasets"]:
                self.datasets.add(body["datasetReference"]["datasetId"])
                return 200, body
            case "GET", [*_, "datasets", dataset]:
                return (200, {}) if dataset in self.datasets else _error(404, f"Not found: Dataset {dataset}")
            case "DELETE", [*_, "datasets", dataset]:
                self.datasets.discard(dataset)
                return 204, {}
            case "DELETE", [*_, "tables", table]:
                self._tables.pop(table, None)
                return 204, {}
            case "GET", [*_, "tables", table]:
                return 200, {"numBytes": str(sum(one.nbytes for one in self._tables[table])), "location": "EU"}
        return _error(501, f"The fake has no {method} {path}")

    def _job(self, project: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        configuration = body["configuration"]
        found = self.results[configuration["query"]["query"]]
        if isinstance(found, str):
            return _error(400, found)
        if not configuration.get("dryRun"):
            self.jobs.append(configuration)
            self._tables[configuration["query"]["destinationTable"]["tableId"]] = found
        statistics = {"query": {"referencedTables": []}, "totalBytesProcessed": "1"}
        reference = body.get("jobReference", {"projectId": project, "jobId": "job"})
        return 200, {"jobReference": reference, "status": {"state": "DONE"}, "statistics": statistics}

    def session(self, request: types.CreateReadSessionRequest, _context: Any) -> types.ReadSession:
        """A stream for each batch of a table."""
        table = request.read_session.table.rpartition("/")[2]
        first = len(self._streams)
        self._streams += self._tables[table]
        streams = [types.ReadStream(name=f"streams/{at}") for at in range(first, len(self._streams))]
        schema = self._tables[table][0].schema.serialize().to_pybytes() if streams else b""
        return types.ReadSession(
            streams=streams, data_format="ARROW", arrow_schema=types.ArrowSchema(serialized_schema=schema)
        )

    def rows(self, request: types.ReadRowsRequest, _context: Any) -> Iterator[types.ReadRowsResponse]:
        """The rows of a stream."""
        batch = self._streams[int(request.read_stream.rpartition("/")[2])]
        yield types.ReadRowsResponse(
            row_count=batch.num_rows,
            arrow_schema=types.ArrowSchema(serialized_schema=batch.schema.serialize().to_pybytes()),
            arrow_record_batch=types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes()),
        )


def _error(status: int, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": "invalid"}]}}


@contextlib.contextmanager
def running_bigquery(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBigQuery]:
    """The fake, listening; Beam's source and Google's clients of this process go to it, without credentials."""
    import httplib2
    from apache_beam.io.gcp import bigquery as beam_bigquery
    from apache_beam.io.gcp.bigquery_tools import BigQueryWrapper
    from apache_beam.io.gcp.internal.clients.bigquery import BigqueryV2

    fake = FakeBigQuery()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value = fake.answer(self.command, self.path, json.loads(body) if body else {})
            content = b"" if status == 204 else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the base class's names

        def log_message(self, *arguments: Any) -> None:
            pass

    rest = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    methods = {
        "CreateReadSession": grpc.unary_unary_rpc_method_handler(
            fake.session, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
        ),
        "ReadRows": grpc.unary_stream_rpc_method_handler(
            fake.rows, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
        ),
    }
    storage = grpc.server(ThreadPoolExecutor(4))
    storage.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
    port = storage.add_insecure_port("127.0.0.1:0")
    storage.start()
    url = f"http://127.0.0.1:{rest.server_port}"
    channels: list[grpc.Channel] = []

    def read_client() -> BigQueryReadClient:
        channels.append(grpc.insecure_channel(f"127.0.0.1:{port}"))
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channels[-1]))

    def rest_client(_options: Any) -> BigqueryV2:
        return BigqueryV2(
            url=f"{url}/bigquery/v2/", http=httplib2.Http(), get_credentials=False, response_encoding="utf8"
        )

    monkeypatch.setattr(BigQueryWrapper, "_bigquery_client", staticmethod(rest_client))
    monkeypatch.setattr(beam_bigquery.bq_storage, "BigQueryReadClient", read_client)
    monkeypatch.setattr("google.auth.default", lambda *_, **__: (AnonymousCredentials(), "taxi"))
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
    try:
        yield fake
    finally:
        for channel in channels:
            channel.close()
        storage.stop(None).wait()
        rest.shutdown()
        rest.server_close()
