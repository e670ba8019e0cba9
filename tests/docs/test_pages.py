"""The documentation as a whole: it has an index, and its reference is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from penstock.orchestration.standard import STANDARD_COMPONENTS, config_schema, section_name
from tests.docs.reference import PAGE, render

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_index_lists_every_page() -> None:
    """Every page but the decisions, which are listed by their directory, is linked from the index."""
    index = (DOCS / "index.md").read_text()
    linked = set(re.findall(r"\]\(([^):]+\.md)\)", index))
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if "adr" not in page.parts}
    assert pages - linked == {"index.md"}


def test_the_way_in_leads_to_the_documentation() -> None:
    """README and CONTRIBUTING link the index or its pages on extending."""
    for name in ("README.md", "CONTRIBUTING.md"):
        assert re.search(r"\(docs/(index|extend/\w+)\.md\)", (DOCS.parent / name).read_text()), name


def test_the_reference_is_the_schemas() -> None:
    """docs/pipeline-yaml.md is what the schema gives: python tests/docs/reference.py writes it anew."""
    assert PAGE.read_text() == render(), "Run: python tests/docs/reference.py"


def test_every_key_of_the_schema_is_described() -> None:
    """Each parameter of a standard component has a description, for editors and for the reference."""
    schema = config_schema()
    for component in STANDARD_COMPONENTS:
        for name, value in schema["properties"][section_name(component.name)]["properties"].items():
            assert value["description"], f"{component.name}.{name}"
