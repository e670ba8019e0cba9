"""Many trips, made of the real ones by repeating them; and measurements in processes of their own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.peers import ROOT

__all__ = ["TRIPS", "check", "fresh", "measured", "written"]

TRIPS = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared")) / "data" / "chicago_taxi" / "trips.csv"


def check(parser: argparse.ArgumentParser, path: Path) -> None:
    """Ends with a usage error if there are no trips."""
    if not path.is_file():
        parser.error(f"there is no {path}; examples/chicago_taxi/data.py makes trips, --path names a file.")


def written(path: Path, rows: int, target: Path) -> int:
    """Writes the trips as CSV as often as makes ``rows`` of them, at least once, and returns how often."""
    header, _, body = path.read_bytes().partition(b"\n")
    times = -(-rows // body.count(b"\n"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(times):
            file.write(body)
    return times


def measured(command: Sequence[str]) -> dict[str, float]:
    """The last line that a process prints, which is JSON; the benchmark ends if it fails."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def fresh(path: Path) -> Path:
    """An empty directory."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
