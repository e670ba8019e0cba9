"""The component that the README prints works as printed, in a pipeline of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

IMPORTS = """\
from typing import NamedTuple
import pyarrow.compute as pc
from penstock import HTML, Config, CsvExampleGen, Examples, Input, Output, Pipeline, component, read_table
"""

PIPELINE = """
def create_pipeline(config: Config) -> Pipeline:
    with Pipeline(config.name) as pipeline:
        examples = CsvExampleGen(input_base=config.data.path, splits=config.data.splits).outputs["examples"]
        CashShare(examples=examples)
    return pipeline
"""


def test_the_printed_component_runs(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CashShare writes its page and gives its value, from the text in the README."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    readme = (repository / "README.md").read_text()
    (printed,) = [text for text in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "CashShare" in text]
    (tmp_path / "pipeline.py").write_text(IMPORTS + printed + PIPELINE)
    (tmp_path / "pipeline.yaml").write_text("name: cash\ndata: {path: trips.csv, splits: {train: 1, eval: 1}}\n")
    rows = [f"{number},{('Cash', 'Credit Card', 'Cash')[number % 3]}" for number in range(300)]
    (tmp_path / "trips.csv").write_text("\n".join(["fare,payment_type", *rows]) + "\n")
    command = [sys.executable, "-P", "-m", "penstock", "run", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    (page,) = tmp_path.glob(".penstock/cash/CashShare/*/report/index.html")
    (value,) = tmp_path.glob(".penstock/cash/CashShare/*/cash_share/value")
    share = json.loads(value.read_text())
    assert 0.55 < share < 0.78
    assert page.read_text() == f"<b>{share:.1%}</b> paid in cash"
