"""The toy plug-in, installed for real into a directory of its own, and `penstock` with that directory on its path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import penstock

SOURCE = Path(__file__).parent / "penstock_toy"
Penstock = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def toy_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the installed toy: its wheel is built, and unpacked as installers do. No network."""
    directory = tmp_path_factory.mktemp("toy")
    # The build writes into the directory that it builds from.
    source = shutil.copytree(SOURCE, directory / "source", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = directory.glob("*.whl")
    shutil.unpack_archive(wheel, directory / "installed", "zip")
    return directory / "installed"


@pytest.fixture
def toy(toy_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The installed toy on this process's path; its modules are gone afterwards."""
    monkeypatch.syspath_prepend(toy_directory)
    yield toy_directory
    for name in [name for name in sys.modules if name.partition(".")[0] == "penstock_toy"]:
        del sys.modules[name]


@pytest.fixture
def run_penstock(tmp_path: Path) -> Penstock:
    """Runs `penstock` as a program of its own, with directories of plug-ins on its path."""

    def run(*arguments: str, path: tuple[Path, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        ours = Path(penstock.__file__).resolve().parents[1]
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "PENSTOCK_METADATA")},
            "PYTHONPATH": os.pathsep.join(map(str, [*path, ours])),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            **variables,
        }
        command = [sys.executable, "-P", "-m", "penstock", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)

    return run
