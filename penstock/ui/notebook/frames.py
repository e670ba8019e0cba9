"""A view as the output of a cell: a sandboxed frame, tables where frames are not allowed, and plain text."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

from penstock.views import View, plain
from penstock.views.page import body

__all__ = ["bundle", "frame"]

_HOST = Path(__file__).parent / "static" / "host.js"
_ROWS = 20


def bundle(view: View) -> dict[str, str]:
    """The view by MIME type, as IPython shows it."""
    return {"text/plain": plain(view), "text/html": frame(view.html(), view.title, fallback=_static(view))}


def frame(page: str, title: str, *, fallback: str = "") -> str:
    """A page in a frame that runs scripts, and can neither see the notebook nor ask anybody for anything.

    Args:
        page: A whole HTML document.
        title: What a screen reader says of it.
        fallback: What is seen where a reader strips frames (as GitHub does, and JupyterLab of a notebook that it does
            not trust); a style hides it where the frame is.
    """
    return (
        '<div class="penstock-output">\n'
        "<style>.penstock-output:has(> iframe) > .penstock-static { display: none }</style>\n"
        f'<div class="penstock-static">{fallback}</div>\n'
        f'<iframe class="penstock-frame" sandbox="allow-scripts" title="{escape(title)}" width="100%" height="480"'
        f' style="border: 0" srcdoc="{escape(page)}"></iframe>\n'
        f"<script>{_HOST.read_text(encoding='utf-8')}</script>\n</div>"
    )


def _static(view: View) -> str:
    cut = [
        replace(one, rows=one.rows[:_ROWS], left_out=one.left_out + max(0, len(one.rows) - _ROWS))
        for one in view.tables
    ]
    return f"<b>{escape(view.title)}</b>\n{body(replace(view, tables=tuple(cut)))}"
