"""Answers: one value as a page for a person or as JSON for a program, from the same address."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from penstock.ui.web import text
from penstock.ui.web.status import mark

__all__ = ["answer", "error_answer", "to_jsonable", "wants_json"]

_PATIENCE = 5
_TEMPLATES = Path(__file__).parent / "templates"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(url=text.url, mark=mark)
    environment.filters.update(
        duration=text.duration,
        first_line=text.first_line,
        iso=text.iso,
        number=text.number,
        plain=text.plain,
        shown=text.shown,
        size=text.size,
        when=text.when,
    )
    return environment


_ENVIRONMENT = _environment()


def answer(
    request: Request, template: str, page: Any, *, status: int = 200, refresh: int | None = None, **extra: Any
) -> Response:
    """The page, or its value as JSON where the request prefers that; unchanged since last time, it is not sent again.

    Args:
        request: What was asked.
        template: Name of the page's template, which sees ``page`` and ``extra``.
        page: A dataclass: what the JSON holds, and all that the template shows.
        status: The HTTP status.
        refresh: After how many seconds the page asks for itself again; None if it does not change.
        **extra: What only the template needs: drawings.
    """
    if wants_json(request):
        body = json.dumps(to_jsonable(page), ensure_ascii=False, allow_nan=False).encode()
        kind = "application/json"
    else:
        known = {"store": request.app.state.reader.place, "refresh": refresh, **extra}
        body = _ENVIRONMENT.get_template(template).render(page=page, **known).encode(errors="replace")
        kind = "text/html; charset=utf-8"
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if status == 200 and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, kind)


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why there is no page, and what to do."""

    status: int
    title: str
    message: str
    hint: str | None = None


def error_answer(request: Request, status: int, title: str, message: str, hint: str | None = None) -> Response:
    """A page that says what is wrong and what to do, or the same as JSON."""
    page = Problem(status, title, message, hint)
    # A store that is not there yet appears by itself.
    return answer(request, "error.html", page, status=status, refresh=_PATIENCE if status == 503 else None)


def wants_json(request: Request) -> bool:
    """Whether the request would rather have JSON than a page."""
    weights = {"application/json": 0.0, "text/html": 0.0}
    for part in ",".join(request.headers.getlist("accept")).split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind in weights:
            weights[kind] = max(weights[kind], _quality(parameters))
    return weights["application/json"] > weights["text/html"]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def to_jsonable(value: Any) -> Any:
    """A value of dataclasses, mappings and sequences as a JSON value; NaN and infinities become strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_jsonable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
