"""What IPython is told of Penstock's objects: they are shown as views."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from penstock.artifacts import Artifact
from penstock.dsl import Component
from penstock.errors import PenstockError
from penstock.gates import Verdict
from penstock.ui.notebook.frames import bundle, frame
from penstock.ui.notebook.runs import NodeResult, Run, Verdicts
from penstock.ui.notebook.shown import artifact_view, component_view, node_view, run_view, verdicts_view
from penstock.views import View, plain
from penstock.views.found import slices_found

__all__ = ["register"]

_LARGEST_PAGE = 8 * 1024 * 1024


def register(shell: Any = None) -> None:
    """Has IPython show artifacts, runs, nodes, verdicts, components and views; once is enough, twice does no harm.

    Args:
        shell: An ``InteractiveShell``; the one that this process runs in, if not given. Without one nothing happens.
    """
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return
    formatter = shell.display_formatter.mimebundle_formatter
    viewed: dict[type, Callable[[Any], View]] = {
        Component: component_view,
        NodeResult: node_view,
        Run: run_view,
        Verdict: lambda verdict: verdicts_view((verdict,)),
        Verdicts: verdicts_view,
        View: lambda view: view,
    }
    for kind, make in viewed.items():
        formatter.for_type(kind, _guarded(_bundled(make)))
    formatter.for_type(Artifact, _guarded(_artifact))
    # By its name: what searches slices is imported when they are searched.
    formatter.for_type_by_name("penstock.evaluation.finder.report", "Report", _guarded(_bundled(slices_found)))
    # IPython's own way with tuples comes before what a bundle says of plain text.
    texts = shell.display_formatter.formatters["text/plain"]
    texts.for_type(Verdicts, lambda verdicts, printer, _: printer.text(plain(verdicts_view(verdicts))))


def _artifact(artifact: Artifact) -> dict[str, str]:
    page = artifact.path("index.html")
    if artifact.type_name == "HTML" and page.is_file() and page.stat().st_size <= _LARGEST_PAGE:
        return {"text/plain": repr(artifact), "text/html": frame(page.read_text("utf-8", "replace"), repr(artifact))}
    return bundle(artifact_view(artifact))


def _bundled(make: Callable[[Any], View]) -> Callable[[Any], dict[str, str]]:
    return lambda value: bundle(make(value))


def _guarded(make: Callable[[Any], dict[str, str]]) -> Callable[[Any], dict[str, str]]:
    """What cannot be shown, as a payload that is gone, says why in place of a traceback."""

    def guarded(value: Any) -> dict[str, str]:
        try:
            return make(value)
        except PenstockError as error:
            return {"text/plain": f"{value!r}\nCannot be shown: {error}"}

    return guarded
