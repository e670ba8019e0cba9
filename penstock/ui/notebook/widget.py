"""An evaluation whose selection comes back to Python, by anywidget (the extra ``notebook``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penstock.artifacts import ModelEvaluation
from penstock.errors import UsageError
from penstock.views import view
from penstock.views.page import body

__all__ = ["explorer"]

_STATIC = Path(__file__).parent / "static"


def explorer(evaluation: ModelEvaluation) -> Any:
    """The evaluation's view as a widget; ``.selection`` is the slice that was last opened or chosen in it.

    It is ``{"slice": {"trip_start_hour": 4}, "name": "trip_start_hour=4", "metric": "auc", "n": 65}``, and empty
    before a slice was chosen. ``.observe(function, "selection")`` is told of each.

    Raises:
        UsageError: anywidget is not installed.
        DataError: The evaluation cannot be read.
    """
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise UsageError(
            "anywidget is not installed.", hint="pip install 'penstock[notebook]'; views need it only for selections."
        ) from error

    found = view(evaluation)
    assert found is not None
    code, style = found.script(), found.style()

    class Explorer(anywidget.AnyWidget):
        """The widget; its JavaScript is that of the view."""

        _esm = "\n".join([code, (_STATIC / "widget.js").read_text(encoding="utf-8")])
        _css = style
        data = traitlets.Dict().tag(sync=True)
        tables = traitlets.Unicode().tag(sync=True)
        selection = traitlets.Dict().tag(sync=True)

    return Explorer(data=found.model(), tables=body(found), selection={})
