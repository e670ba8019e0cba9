"""What artifacts look like: `view` gives one artifact's view, `compare` that of two held side by side.

A `View` is a JSON model and tables, made without any markup. Pages, notebooks, reports and Kubeflow show its HTML, one
self-contained document that needs no network; the terminal prints its tables.
"""

from penstock.views.diff import compare
from penstock.views.page import Fragment, fragment
from penstock.views.registry import view
from penstock.views.text import plain
from penstock.views.view import Bars, Cell, Row, Table, View

__all__ = ["Bars", "Cell", "Fragment", "Row", "Table", "View", "compare", "fragment", "plain", "view"]
