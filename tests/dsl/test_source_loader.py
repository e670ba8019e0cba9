from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.dsl.user_code import load_module


@pytest.fixture
def bytecode_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own default, whatever the environment of the tests says."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def write(path: Path, text: str) -> None:
    """Writes a file that always has one and the same modification time."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.usefixtures("bytecode_is_written")
@pytest.mark.parametrize("edited", ["main.py", "helper.py", "inside/__init__.py", "inside/deep.py"])
def test_an_edit_within_the_same_second_is_seen(tmp_path: Path, edited: str) -> None:
    """A user's module, its helper, or a module of its package, changed without a change of size or time, runs anew."""
    write(
        tmp_path / "main.py",
        "import helper, inside.deep\nWORD = 'one'\nALL = (WORD, helper.WORD, inside.WORD, inside.deep.WORD)\n",
    )
    for name in ("helper.py", "inside/__init__.py", "inside/deep.py"):
        write(tmp_path / name, "WORD = 'one'\n")
    for path in tmp_path.rglob("*.py"):  # as the user's own tests would leave them
        subprocess.run([sys.executable, "-m", "py_compile", str(path)], check=True)
    assert load_module(tmp_path / "main.py").ALL == ("one",) * 4
    write(tmp_path / edited, (tmp_path / edited).read_text().replace("'one'", "'two'"))
    assert sorted(load_module(tmp_path / "main.py").ALL) == ["one", "one", "one", "two"]


@pytest.mark.usefixtures("bytecode_is_written")
def test_nothing_is_left_beside_the_users_files(tmp_path: Path) -> None:
    """Loading a module with a helper writes nothing into the user's directory."""
    write(tmp_path / "main.py", "import helper\n")
    write(tmp_path / "helper.py", "WORD = 'one'\n")
    load_module(tmp_path / "main.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "main.py"]


@pytest.mark.usefixtures("bytecode_is_written")
def test_an_environment_in_the_directory_keeps_its_byte_code(tmp_path: Path) -> None:
    """A package installed in an environment below the user's directory is imported with byte code as ever."""
    installed = tmp_path / ".venv" / "lib" / "site-packages"
    installed.mkdir(parents=True)
    write(installed / "installed_for_this_test.py", "WORD = 'one'\n")
    write(tmp_path / "main.py", f"import sys\nsys.path.append({str(installed)!r})\nimport installed_for_this_test\n")
    try:
        load_module(tmp_path / "main.py")
    finally:
        sys.path.remove(str(installed))
    assert list(installed.rglob("*.pyc"))
