"""Code that lies outside of the project: components of packages, and libraries that change without their version."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.dsl import Component
from penstock.orchestration import packages
from penstock.orchestration.key import code_of
from penstock.orchestration.plan import PlanNode, _ref

COMPONENTS = """
    from __future__ import annotations
    import yaml
    from penstock import HTML, Output, component
    from acme.nodes import other
    from .text import shout
    from .. import shared

    @component
    def Toy(page: Output[HTML]) -> None:
        "Says something."
        page.path("index.html").write_text(shout(shared.WORD))

    @component
    def Other(page: Output[HTML]) -> None:
        page.path("index.html").write_text(other.WORD)
    """

ACME = {
    "acme/__init__.py": "from acme.nodes.toy import Toy\nfrom acme import unrelated\n",
    "acme/shared.py": "WORD = 'toy'\n",
    "acme/unrelated.py": "X = 1\n",
    "acme/nodes/__init__.py": "",
    "acme/nodes/toy.py": COMPONENTS,
    "acme/nodes/other.py": "WORD = 'other'\n",
    "acme/nodes/text.py": "from acme.deep.voice import loud\ndef shout(text):\n    return loud(text)\n",
    "acme/deep/__init__.py": "from acme.deep.nothing import Y\n",
    "acme/deep/nothing.py": "Y = 1\n",
    "acme/deep/voice.py": "def loud(text):\n    return text.upper()\n",
    "lone.py": "Z = 1\n",
}

Write = Callable[[dict[str, str]], None]
Install = Callable[..., Path]


def _write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(textwrap.dedent(text))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages on the path, as an installer does or as they lie in a checkout, and takes them away again."""

    def put(files: dict[str, str], *, where: str = "checkout", distribution: str | None = None) -> Path:
        directory = tmp_path / where
        _write(directory, files)
        if distribution:
            info = directory / f"{distribution.replace('-', '_')}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
            (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
        monkeypatch.syspath_prepend(directory)
        _forget()
        return directory

    yield put
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("acme", "lone")]:
        del sys.modules[name]
    for cached in (packages.source_base, packages.version_of, packages._found_in, packages._top_level):
        cached.cache_clear()
    importlib.invalidate_caches()


def _toy(name: str = "Toy") -> Component:
    found = getattr(importlib.import_module("acme.nodes.toy"), name)
    assert isinstance(found, Component)
    return found


def _code(component: Component) -> dict[str, object]:
    return dict(code_of(PlanNode("n", component.name, "", "1"), component, Path("/")).files)


@pytest.mark.parametrize("distribution", [None, "acme-nodes"], ids=["checkout", "installed"])
def test_a_component_of_a_package_counts_with_its_packages_source(install: Install, distribution: str | None) -> None:
    """The function and what it imports of its own package count, by absolute and relative imports; no more."""
    install(ACME, distribution=distribution)
    assert set(_code(_toy())) == {
        "acme/nodes/toy.py",
        "acme/nodes/text.py",
        "acme/shared.py",
        "acme/deep/__init__.py",
        "acme/deep/nothing.py",
        "acme/deep/voice.py",
    }


@pytest.mark.parametrize(
    ("file", "before", "after", "counts"),
    [
        ("acme/deep/voice.py", "upper", "title", True),
        ("acme/nodes/toy.py", "shout(shared", "shout(3 * shared", True),
        ("acme/nodes/toy.py", "(other.WORD", "(2 * other.WORD", False),
        ("acme/nodes/other.py", "other", "others", False),
        ("acme/__init__.py", "unrelated", "shared", False),
        ("acme/nodes/toy.py", "Says something", "Says nothing", False),
        ("acme/nodes/text.py", "def shout", "# loudly\ndef shout", False),
    ],
)
def test_what_changes_in_a_package_is_seen_whatever_its_version(
    install: Install, file: str, before: str, after: str, counts: bool
) -> None:
    """An installed package that is changed by hand gives other keys, unless only words for people changed."""
    directory = install(ACME, distribution="acme-nodes")
    first = _code(_toy())
    text = (directory / file).read_text()
    assert before in text
    (directory / file).write_text(text.replace(before, after))
    _forget()
    assert (_code(_toy()) != first) is counts


def test_what_a_package_re_exports_is_found(install: Install) -> None:
    """A name that is imported from the package itself leads to its __init__.py, and from there to where it is made."""
    toy = ACME["acme/nodes/toy.py"].replace("from .text import shout", "from . import shout")
    install(ACME | {"acme/nodes/__init__.py": "from acme.nodes.text import shout\n", "acme/nodes/toy.py": toy})
    assert {"acme/nodes/__init__.py", "acme/nodes/text.py", "acme/deep/voice.py"} <= set(_code(_toy()))


def _users(directory: Path, body: str) -> Component:
    from penstock.dsl.user_code import load_module

    _write(directory, {"pipeline.py": f"from penstock import HTML, Output, component\n{body}"})
    found = load_module(directory / "pipeline.py").Mine
    assert isinstance(found, Component)
    return found


MINE = """
from acme.deep.voice import loud
import lone
import yaml

@component
def Mine(page: Output[HTML]) -> None:
    page.path("index.html").write_text(loud(yaml.dump(lone.Z)))
"""


def test_a_library_in_a_checkout_counts_by_its_source(install: Install, tmp_path: Path) -> None:
    """What is found on PYTHONPATH, or installed editable, may change without its version: its source counts."""
    install(ACME)
    code = code_of(PlanNode("n", "Mine", "", "1"), _users(tmp_path / "mine", MINE), tmp_path / "mine")
    assert {"acme/deep/voice.py", "lone.py", "pipeline.py"} <= set(code.files)
    assert code.libraries == {"yaml"}


def test_an_installed_library_counts_with_its_version(install: Install, tmp_path: Path) -> None:
    """What was installed counts with the version of its distribution, whatever that is called."""
    install(ACME, distribution="acme-nodes")
    code = code_of(PlanNode("n", "Mine", "", "1"), _users(tmp_path / "mine", MINE), tmp_path / "mine")
    assert set(code.files) == {"pipeline.py"}
    assert code.libraries == {"acme", "lone", "yaml"}
    assert packages.version_of("acme") == "1.0"
    assert packages.version_of("lone") == "1.0"
    assert packages.version_of("yaml")
    assert packages.version_of("no_such_package") is None


def test_an_environment_in_the_projects_directory_is_not_the_project(install: Install, tmp_path: Path) -> None:
    """A component installed in `.venv` beside pipeline.py is found by its module's name, not as a user's file."""
    place = ".venv/lib/python3.11/site-packages"
    install(ACME, where=place, distribution="acme-nodes")
    assert _ref(_toy(), tmp_path) == "acme.nodes.toy:Toy"
    assert packages.source_base("acme") is None


def test_a_package_in_the_project_is_the_users(tmp_path: Path) -> None:
    """A component in a package of the project finds what lies beside pipeline.py, wherever in the package it is."""
    from penstock.dsl.user_code import load_module

    files = {
        "pipeline.py": "from parts.nodes.mine import Mine\n",
        "helpers.py": "W = 1\n",
        "parts/__init__.py": "",
        "parts/nodes/__init__.py": "",
        "parts/nodes/mine.py": """
            from penstock import HTML, Output, component
            import helpers
            @component
            def Mine(page: Output[HTML]) -> None:
                page.path("index.html").write_text(str(helpers.W))
            """,
    }
    _write(tmp_path, files)
    component = load_module(tmp_path / "pipeline.py").Mine
    code = code_of(PlanNode("n", "Mine", "", "1"), component, tmp_path)
    assert set(code.files) == {"parts/nodes/mine.py", "helpers.py"}
    assert _ref(component, tmp_path) == "parts/nodes/mine.py:Mine"
