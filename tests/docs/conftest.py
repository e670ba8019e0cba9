"""Pages of docs/ as they can be run: their files written, their commands typed into a shell, their output compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import penstock

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What `pip install .` does with a project of pure Python; environments are free to hold no pip.
_PIP = """\
test "$*" = "install ." || exit 2
"{python}" -m build --wheel --no-isolation --outdir "{bin}/wheels" . > "{bin}/build.txt" 2>&1 || cat "{bin}/build.txt"
for wheel in "{bin}"/wheels/*.whl; do "{python}" -m zipfile -e "$wheel" "{bin}/installed"; done
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its first line names, and its text."""

    language: str
    file: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(language, file, text) for language, file, text in _BLOCK.findall(page.read_text())]


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that it is said to print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *expected = part.splitlines()
        yield command, expected


def missing(expected: list[str], output: str) -> str | None:
    """The first line that is not in the output, after those before it; ``...`` stands for anything."""
    rest = iter(output.splitlines())
    for line in expected:
        pattern = ".*".join(re.escape(part.strip()) for part in line.split("..."))
        if not any(re.search(pattern, one) for one in rest):
            return line
    return None


@dataclass(frozen=True)
class Shell:
    """A shell in an empty directory, with `penstock`, `python` and `pip` of its own."""

    directory: Path
    bin: Path
    package: Path

    def run(self, command: str, **variables: str) -> str:
        """What a command prints, on both streams."""
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "PENSTOCK_METADATA")},
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(self.bin / "installed"), str(self.package)]),
            "XDG_STATE_HOME": str(self.bin / "state"),
            **variables,
        }
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def write(self, page: Path) -> None:
        """Writes every file that a page shows."""
        for block in blocks(page):
            if block.file:
                place = self.directory / block.file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(block.text)


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., Shell]:
    """Makes a shell; its penstock is the one that is tested, or another."""

    def make(package: Path | None = None) -> Shell:
        directory, binaries = tmp_path / "project", tmp_path / "bin"
        directory.mkdir()
        (binaries / "installed").mkdir(parents=True)
        scripts = {
            "penstock": f'exec "{sys.executable}" -P -m penstock "$@"\n',
            "python": f'exec "{sys.executable}" "$@"\n',
            "pip": _PIP.format(python=sys.executable, bin=binaries),
        }
        for name, text in scripts.items():
            (binaries / name).write_text(f"#!/usr/bin/env bash\n{text}")
            (binaries / name).chmod(0o755)
        return Shell(directory, binaries, package or Path(penstock.__file__).resolve().parents[1])

    return make
