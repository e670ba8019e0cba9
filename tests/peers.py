"""Environments with the software of peers, which conformance tests hold beside ours: pinned, made once, kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def peer_python(name: str) -> Path:
    """The Python of an environment that holds what ``requirements/peers/<name>.txt`` pins.

    It is made in ``PENSTOCK_CONFORMANCE_DIR`` the first time, and made anew when the pins change. Where that is not
    set, or the pins' Python (3.11) is not there, the test is skipped; where the installation fails, it fails.
    """
    root = os.environ.get("PENSTOCK_CONFORMANCE_DIR")
    if not root:
        pytest.skip("PENSTOCK_CONFORMANCE_DIR is not set: it names the directory for environments of other software.")
    base = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which("python3.11")
    if base is None:
        pytest.skip(f"What {name} pins is for Python 3.11, and there is no python3.11.")
    pins = ROOT / "requirements" / "peers" / f"{name}.txt"
    environment = Path(root).resolve() / name
    python, made = environment / "bin" / "python", environment / "pins.txt"
    environment.parent.mkdir(parents=True, exist_ok=True)
    with (environment.parent / f"{name}.lock").open("w") as lock:  # tests of several processes ask for it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_file() or made.read_text() != pins.read_text():
            _run([base, "-m", "venv", "--clear", str(environment)])
            uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
            if uv:
                _run([uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(pins)])
            else:
                _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pins)])
            shutil.copy(pins, made)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:] or done.stdout[-2000:]}"
