"""The pages on extending Penstock: what they show is run, as it stands there."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import penstock
from tests.conftest import ROOT
from tests.docs.conftest import Shell, blocks, commands, missing

PAGES = sorted((ROOT / "docs/extend").glob("*.md"))

pytestmark = pytest.mark.component  # each page runs some pipelines, every node in a process of its own


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, shell: Callable[..., Shell]) -> None:
    """The files that a page shows are written, its commands are run in order, and print what the page says."""
    here = shell()
    here.write(page)
    ran = 0
    for block in blocks(page):
        if block.language != "console":
            continue
        for command, expected in commands(block):
            output = here.run(command)
            lost = missing(expected, output)
            assert lost is None, f"$ {command}\ndid not print: {lost}\nbut:\n{output}"
            ran += 1
    assert ran


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_code_is_a_file(page: Path) -> None:
    """No code stands on a page that nothing runs: each block names the file it is, and is valid Python where it is."""
    for block in blocks(page):
        assert block.file or block.language == "console", block.text
        if block.language == "python":
            ast.parse(block.text, block.file)


def test_the_option_that_the_page_adds_works(tmp_path: Path, shell: Callable[..., Shell]) -> None:
    """The patch on the page applies to Penstock as it is, and the new option does what it says, in the schema too."""
    patched = tmp_path / "patched"
    source = Path(penstock.__file__).parent
    shutil.copytree(source, patched / "penstock", ignore=shutil.ignore_patterns("__pycache__"))
    (patch,) = [block.text for block in blocks(ROOT / "docs/extend/node-option.md") if block.language == "diff"]
    command = ["git", "apply", "-C1", "-"]
    subprocess.run(command, cwd=patched, input=patch, text=True, check=True, env={**os.environ, "GIT_DIR": "/nowhere"})
    here = shell(patched)
    (here.directory / "pipeline.py").write_text(
        "import os\nfrom penstock import HTML, Output, Pipeline, component\n"
        "@component\ndef Nice(page: Output[HTML]) -> None:\n"
        "    page.path('index.html').write_text(str(os.nice(0)))\n"
        "def create_pipeline(config):\n    with Pipeline('p') as pipeline:\n        Nice()\n    return pipeline\n"
    )
    (here.directory / "pipeline.yaml").write_text("name: p\nprofiles: {local: {nodes: {Nice: {nice: 7}}}}\n")
    output = here.run("penstock run .")
    (page,) = here.directory.glob(".penstock/p/Nice/*/page/index.html")
    assert int(page.read_text()) == min(os.nice(0) + 7, 19), output
    assert "reused" in here.run("penstock run . --set profiles.local.nodes.Nice.nice=8")
    assert "less than or equal to 19" in here.run("penstock run . --set profiles.local.nodes.Nice.nice=20")
    assert '"nice"' in here.run("penstock config schema")


def test_the_table_of_options_is_whole() -> None:
    """The page on options has a row for each option, and no other."""
    import dataclasses

    from penstock.dsl.options import NodeOptions

    table = (ROOT / "docs/extend/node-option.md").read_text().partition("## Where")[0]
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert rows == [one.name for one in dataclasses.fields(NodeOptions)]


def test_the_tables_of_fields_are_whole() -> None:
    """The pages on verdicts and types name every field of a verdict, and all that a type says of itself."""
    import dataclasses

    from penstock import Artifact, Verdict

    verdicts = (ROOT / "docs/extend/verdict.md").read_text()
    assert [one.name for one in dataclasses.fields(Verdict) if f"`{one.name}`" not in verdicts] == []
    types = (ROOT / "docs/extend/artifact-type.md").read_text()
    said = [name for name in vars(Artifact)["__annotations__"] if not name.startswith("_")]
    assert [name for name in said if f"| `{name}` |" not in types] == []


def test_json_of_a_page_is_json() -> None:
    """A word on the helper above: what `...` stands for is anything, and lines are found in their order."""
    assert missing(["a ... c", "d"], "a b c\nx\nd") is None
    assert missing(["d", "a"], "a\nd") == "a"
    assert missing([json.dumps({"a": 1})], '{"a": 1}') is None
