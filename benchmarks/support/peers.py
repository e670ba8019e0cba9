"""Environments with other software, to run beside ours: pinned, byte-compiled, made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["MissingPeerError", "bench_dir", "peer_python"]

ROOT = Path(__file__).resolve().parent.parent.parent
# Those of the conformance tests serve benchmarks too.
PINS = (ROOT / "benchmarks" / "peers", ROOT / "requirements" / "peers")


class MissingPeerError(Exception):
    """What keeps a peer from being run here, in one sentence."""


def bench_dir() -> Path:
    """Where environments and results of benchmarks are kept: ``PENSTOCK_BENCH_DIR``, or ``build/bench``."""
    path = Path(os.environ.get("PENSTOCK_BENCH_DIR") or ROOT / "build" / "bench").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def peer_python(name: str, version: str) -> Path:
    """The Python of an environment that holds what ``<name>.txt`` pins, in one of `PINS`.

    Its modules are compiled to byte code, as pip does and uv does not: without that TensorFlow takes two to three
    times as long to import, which would be no fair comparison.

    Raises:
        MissingPeerError: There is no such Python on this machine, or a package cannot be installed.
    """
    pins = next(file for place in PINS if (file := place / f"{name}.txt").is_file())
    environment = bench_dir() / "peers" / name
    python, made = environment / "bin" / "python", environment / "pins.txt"
    if made.is_file() and made.read_text() == pins.read_text():
        return python
    base = _python(version)
    print(f"Setting up {name} in an environment of its own; the first time takes minutes.", flush=True)
    _run([base, "-m", "venv", "--clear", str(environment)])
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    installer = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    _run([*installer, "--quiet", "--requirement", str(pins)])
    library = next((environment / "lib").glob("python*")) / "site-packages"
    # Some packages ship files for other Pythons, which do not compile: that is no fault.
    subprocess.run([str(python), "-m", "compileall", "-q", "-j", "0", str(library)], capture_output=True, check=False)
    shutil.copy(pins, made)
    return python


def _python(version: str) -> str:
    """A Python of this version that starts, and has what environments are made with."""
    seen = os.pathsep.join([os.environ["PATH"], *(str(path) for path in _pyenv(version))])
    for place in seen.split(os.pathsep):
        found = shutil.which(f"python{version}", path=place)
        if (
            found
            and not subprocess.run([found, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        ):
            return found
    raise MissingPeerError(f"There is no Python {version} on this machine: put python{version} on PATH.")


def _starts(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _pyenv(version: str) -> list[Path]:
    """Where pyenv keeps its Pythons of a version: its own commands on PATH start only the chosen ones."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob(f"versions/{version}.*/bin"))


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = (done.stderr or done.stdout).strip()[-2000:]
        raise MissingPeerError(f"{' '.join(command)} failed:\n{last}")
