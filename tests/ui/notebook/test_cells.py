from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import nbclient
import nbformat
import pytest

from penstock import Pipeline
from penstock.errors import UsageError
from penstock.ui.notebook.cells import carry_over

IMPORTS = """
from __future__ import annotations
import math as m
from typing import NamedTuple
from penstock import HTML, Output, component
"""
COMPONENT = """
SIZE = 3
def area():
    return m.floor(SIZE ** 2)

class Found(NamedTuple):
    area: int

@component
def Measure(page: Output[HTML]) -> Found:
    page.path("index.html").write_text(f"area {area()}")
    return Found(area())

raise SystemExit  # what is no definition is not carried over
"""
Run = Callable[[str], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a cell as IPython does: in ``__main__``, with its source known to linecache alone."""
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    cells: list[str] = []

    def run(cell: str) -> None:
        cells.append(cell)
        name = f"/nowhere/ipykernel/{len(cells)}.py"
        monkeypatch.setitem(linecache.cache, name, (len(cell), None, cell.splitlines(keepends=True), name))
        code = compile(cell.replace("raise SystemExit", "pass"), name, "exec", flags=annotations.compiler_flag)
        exec(code, vars(main))  # noqa: S102 - a cell of this test

    return run


def placed() -> Pipeline:
    """A pipeline of the component that a cell made."""
    with Pipeline("toy") as pipeline:
        vars(sys.modules["__main__"])["Measure"]()
    return pipeline


def test_a_component_of_a_cell_is_loaded_from_a_file(run: Run, tmp_path: Path) -> None:
    """With what its cell defines and what other cells imported; the same cell is the same file."""
    run(IMPORTS)
    run(COMPONENT)
    names = []
    for _ in range(2):
        pipeline = placed()
        carry_over(pipeline, tmp_path)
        function = pipeline.nodes["Measure"].component.function
        names.append(function.__code__.co_filename)
        assert Path(names[-1]).parent == tmp_path / ".penstock" / "cells"
        assert function.__globals__["area"]() == 9
        carry_over(pipeline, tmp_path)  # a second time there is nothing to do
    run(COMPONENT.replace("SIZE = 3", "SIZE = 4  # larger"))
    pipeline = placed()
    carry_over(pipeline, tmp_path)
    assert pipeline.nodes["Measure"].component.function.__globals__["area"]() == 16
    assert len({*names, pipeline.nodes["Measure"].component.function.__code__.co_filename}) == 2


def test_what_another_cell_made_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value, or a module of the working directory, is not there in the node's process: it says what to do."""
    run(IMPORTS)
    run("SIZE = 3")
    run(COMPONENT.replace("SIZE = 3", ""))
    with pytest.raises(UsageError, match="uses what another cell made: SIZE") as found:
        carry_over(placed(), tmp_path)
    assert "%%writefile components.py" in str(found.value.hint)
    (tmp_path / "helpers.py").write_text("x = 1")
    monkeypatch.syspath_prepend(tmp_path)
    run(f"from helpers import x\n{COMPONENT}")
    with pytest.raises(UsageError, match="uses helpers, a module of"):
        carry_over(placed(), tmp_path)


@pytest.mark.component
def test_a_cell_is_run_in_a_real_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Components of cells run in processes of their own, are reused, and what changes in a cell runs again."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    run = "import penstock\nwith penstock.Pipeline('toy') as pipeline:\n    Measure()\nfound = penstock.run(pipeline)\n"
    told = "print(found['Measure'].record.state.value, found['Measure']['page'].path('index.html').read_text())"
    component = COMPONENT.partition("raise")[0]
    sources = [IMPORTS, component, run + told, run + told, component.replace("= 3", "= 4"), run + told]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources])
    nbclient.NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    texts = [out["text"] for cell in notebook.cells for out in cell.outputs if out.get("name") == "stdout"]
    assert texts == ["complete area 9\n", "reused area 9\n", "complete area 16\n"]
