"""Many trips, made of the real ones by repeating them; and measurements in processes of their own."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from support.peers import ROOT

__all__ = ["TRIPS", "check", "fresh", "measured", "read_parquet", "timed", "written"]

Work = Callable[[Path], int]
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


def timed(importing: Callable[[], Work], base: Path) -> None:
    """One measurement, in the process it is for: prints what `measured` reads.

    Args:
        importing: Imports what the work needs, and returns the work, which returns a number of rows.
        base: What the work is given.
    """
    began = time.process_time()
    work = importing()
    imports = time.process_time() - began
    began, began_wall = time.process_time(), time.monotonic()
    rows = work(base)
    cpu, wall = time.process_time() - began, time.monotonic() - began_wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"imports": imports, "cpu": cpu, "wall": wall, "rows": rows, "peak_mb": peak}))


def read_parquet() -> Work:
    """Imports what it needs and returns the work: the floor, pyarrow reading the ingested examples."""
    import pyarrow.parquet as pq

    def work(base: Path) -> int:
        rows = 0
        for path in sorted((base / "examples").rglob("*.parquet")):
            with pq.ParquetFile(path) as file:
                rows += sum(file.read_row_group(at).num_rows for at in range(file.num_row_groups))
        return rows

    return work
