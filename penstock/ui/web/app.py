"""The web application: its addresses, and what each answers."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from penstock.errors import PenstockError, StoreError, UsageError
from penstock.ui.web.answers import answer, error_answer
from penstock.ui.web.artifact import artifact_page, diff_page, file_page
from penstock.ui.web.dag import drawing
from penstock.ui.web.log_file import log_file
from penstock.ui.web.node import log_of, node_page
from penstock.ui.web.payload import file_in, is_page
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.run import run_page
from penstock.ui.web.runs import runs_page
from penstock.ui.web.security import PREVIEW_POLICY, Guard, policy_with
from penstock.ui.web.text import url
from penstock.views import View, fragment

__all__ = ["create_app"]

# Seconds between two looks at what runs, and at whether a new run has begun.
_LIVE, _IDLE = 2, 10
_BYTES = "application/octet-stream"


def create_app(reader: StoreReader, *, hosts: Collection[str] = (), any_address: bool = False) -> ASGIApp:
    """The application that shows a store; nothing it answers writes anything.

    Args:
        reader: The store.
        hosts: Names under which it may be asked, see `penstock.ui.web.security.Guard`.
        any_address: Answer to every address written in digits.
    """
    app = Starlette(
        routes=[
            Route("/", _home),
            Route("/runs", _runs),
            # Ids are what people and other programs made them: they may hold a slash.
            Route("/runs/{run:path}/nodes/{node:path}", _node),
            Route("/runs/{run:path}/logs/{node:path}", _log),
            Route("/runs/{run:path}", _run),
            Route("/artifacts/{id:int}", _artifact),
            Route("/artifacts/{id:int}/diff/{other:int}", _diff),
            Route("/artifacts/{id:int}/files/{name:path}", _file),
            Route("/artifacts/{id:int}/download/{name:path}", _download),
            Route("/artifacts/{id:int}/preview/{name:path}", _preview),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        exception_handlers={HTTPException: _http_problem, PenstockError: _problem, Exception: _fault},
    )
    app.state.reader = reader
    return Guard(app, hosts, any_address=any_address)


def _reader(request: Request) -> StoreReader:
    return cast("StoreReader", request.app.state.reader)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


# Plain functions, which Starlette calls in threads: they read the store and files.


def _home(_: Request) -> Response:
    return RedirectResponse("/runs", status_code=307, headers={"Vary": "Accept"})


def _runs(request: Request) -> Response:
    page = request.query_params.get("page") or "1"
    if not page.isdecimal() or len(page) > 6 or int(page) < 1:
        raise UsageError(f"There is no page {page!r} of the runs.", hint="Pages are counted from 1.")
    pipeline = request.query_params.get("pipeline") or None
    found = runs_page(_reader(request), _now_ms(), pipeline=pipeline, page=int(page))
    return answer(request, "runs.html", found, refresh=_LIVE if found.running else _IDLE)


def _run(request: Request) -> Response:
    asked = request.path_params["run"]
    page = run_page(_reader(request), asked, _now_ms())
    if page.id != asked:  # `latest`, or the beginning of an id
        return RedirectResponse(url("runs", page.id), status_code=307, headers={"Vary": "Accept"})
    return answer(request, "run.html", page, refresh=_LIVE if page.running else None, drawing=drawing(page.nodes))


def _node(request: Request) -> Response:
    page = node_page(_reader(request), request.path_params["run"], request.path_params["node"], _now_ms())
    return answer(request, "node.html", page, refresh=_LIVE if page.running else None)


def _log(request: Request) -> Response:
    file = log_file(log_of(_reader(request), request.path_params["run"], request.path_params["node"]))
    return _attached(file, "text/plain; charset=utf-8")


def _artifact(request: Request) -> Response:
    page, view = artifact_page(_reader(request), request.path_params["id"])
    return _with_view(request, "artifact.html", page, view)


def _diff(request: Request) -> Response:
    page, view = diff_page(_reader(request), request.path_params["id"], request.path_params["other"])
    return _with_view(request, "diff.html", page, view)


def _with_view(request: Request, template: str, page: Any, view: View | None) -> Response:
    """A page with a view in it; the page's policy allows the view's own style and script, and no other."""
    if view is None:
        return answer(request, template, page, view_html="")
    part = fragment(view)
    response = answer(request, template, page, view_html=part)
    response.headers["Content-Security-Policy"] = policy_with(part.styles, part.scripts)
    return response


def _file(request: Request) -> Response:
    page = file_page(_reader(request), request.path_params["id"], request.path_params["name"])
    return answer(request, "file.html", page)


def _download(request: Request) -> Response:
    return _attached(_payload_file(request), _BYTES)


def _preview(request: Request) -> Response:
    file = _payload_file(request)
    if not is_page(file.name):
        raise UsageError("Only HTML pages have such a preview.", hint="Download the file instead.")
    return FileResponse(
        file,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": PREVIEW_POLICY, "Cache-Control": "private, no-cache"},
    )


def _payload_file(request: Request) -> Path:
    artifact = _reader(request).store().artifact(request.path_params["id"])
    return file_in(artifact.uri, request.path_params["name"])


def _attached(file: Path, kind: str) -> Response:
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, no-cache"}
    return FileResponse(file, media_type=kind, filename=file.name, headers=headers)


def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return error_answer(
            request, 404, "No such page", f"There is nothing at {request.url.path}.", "Start at the runs."
        )
    detail = error.detail if isinstance(error, HTTPException) else ""
    return error_answer(request, status, "Not answered", f"{detail}.", "These pages only show; they take GET requests.")


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, PenstockError)
    if isinstance(error, StoreError):
        return error_answer(request, 503, "The store cannot be read", error.message, error.hint)
    if isinstance(error, UsageError):
        return error_answer(request, 404, "Not found", error.message, error.hint)
    return error_answer(request, 500, "This page failed", error.message, error.hint)


def _fault(request: Request, _: Exception) -> Response:
    hint = "This is a fault of Penstock. The traceback is in the terminal that `penstock ui` runs in."
    return error_answer(request, 500, "This page failed", "Something went wrong while this page was made.", hint)
