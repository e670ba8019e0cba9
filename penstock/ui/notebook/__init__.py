"""Penstock in a notebook: artifacts, runs, verdicts and components are shown by evaluating them in a cell.

`latest_run` and `run` (also as ``penstock.latest_run`` and ``penstock.run``) give a `Run`; they have IPython show what
they give, as ``%load_ext penstock`` does. What is shown is a page in a sandboxed frame that asks for nothing from
anywhere, so that it works offline, in JupyterLab, Notebook 7, VS Code and exported HTML alike.
"""

from penstock.ui.notebook.formatters import register
from penstock.ui.notebook.running import run
from penstock.ui.notebook.runs import NodeResult, Run, Verdicts, latest_run, metrics_over_runs
from penstock.ui.notebook.widget import explorer

__all__ = ["NodeResult", "Run", "Verdicts", "explorer", "latest_run", "metrics_over_runs", "register", "run"]
