"""Ingest of a million trips from CSV beside TFX's CsvExampleGen and beside reading alone; memory at ten million.

    make bench NAME=ingest_1m
    make bench NAME=ingest_1m ARGS="--peer-rows 1000000"
    make bench NAME=ingest_1m ARGS=--memory

The trips are the real ones, repeated. Each measurement is a process of its own and they take turns; imports count
apart, on both sides. CPU seconds are of all threads. TFX is 1.16 with its in-memory Beam runner, on fewer rows unless
told otherwise; its seconds are then scaled: what a pipeline of a hundred rows takes does not grow, the rest does. The
floors are pyarrow reading the same CSV file, and pyarrow reading the Parquet files that ours writes.

With --memory, ``penstock run`` of a pipeline from CSV to statistics, schema and validation, on one and on ten million
rows: the most memory that all its processes have at a time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.memory import peak_of_tree
from support.peers import ROOT, MissingPeerError, bench_dir, peer_python
from support.timing import machine
from support.trips import TRIPS, check, fresh, measured, read_parquet, timed, written

OURS = {"csv": "CsvExampleGen", "pyarrow_csv": "pyarrow reads the CSV", "pyarrow_parquet": "pyarrow reads the Parquet"}
PEER = "TFX 1.16, CsvExampleGen"
_FEW_ROWS = 100
FIXED = f"{PEER}, {_FEW_ROWS} rows"


def main() -> None:
    """Measures in turns, and prints each run, the medians and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=TRIPS, help="the trips, a CSV file")
    parser.add_argument("--rows", type=int, default=1_000_000, help="at least so many, by repeating them (1,000,000)")
    parser.add_argument("--peer-rows", type=int, default=100_000, help="the same for TFX (100,000)")
    parser.add_argument("--runs", type=int, default=3, help="how often each runs (3)")
    parser.add_argument("--without-peer", action="store_true", help="only ours")
    parser.add_argument("--memory", action="store_true", help="only the memory of whole runs")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(*given.child)
        return
    check(parser, given.path)
    print(f"{machine()}; load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}")
    if given.memory:
        for rows in (given.rows, 10 * given.rows):
            memory(given.path, rows)
        return
    directory = bench_dir() / f"ingest_{given.rows}"
    written(given.path, given.rows, directory / "trips.csv")
    programs = {label: ours(name, directory) for name, label in OURS.items()}
    tfx = None if given.without_peer else peer_if_possible()
    if tfx:
        programs[PEER] = peer(tfx, given.path, given.peer_rows)
        programs[FIXED] = peer(tfx, given.path, _FEW_ROWS)
    found: dict[str, list[dict[str, float]]] = {label: [] for label in programs}
    for number in range(given.runs):
        for label, program in programs.items():
            found[label].append(program())
            print(line(f"{label}, run {number + 1}", found[label][-1]), flush=True)
    print(f"\nmedians of {given.runs}")
    medians = {
        label: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for label, runs in found.items()
    }
    first = medians[OURS["csv"]]
    if tfx and given.peer_rows < given.rows:
        medians[f"{PEER}, scaled"] = scaled(medians[PEER], medians[FIXED], first["rows"])
    for label, median in medians.items():
        cpu, wall = median["cpu"] / first["cpu"], median["wall"] / first["wall"]
        print(f"{line(label, median)}   {cpu:6.2f} times the CPU, {wall:6.2f} times the wall time")


def scaled(median: dict[str, float], fixed: dict[str, float], rows: float) -> dict[str, float]:
    """What a measurement would be on more rows: what few rows take does not grow, the rest does as the rows."""
    more = (rows - fixed["rows"]) / (median["rows"] - fixed["rows"])
    return median | {"rows": rows} | {key: fixed[key] + (median[key] - fixed[key]) * more for key in ("cpu", "wall")}


def line(label: str, found: dict[str, float]) -> str:
    """One measurement."""
    return (
        f"{label:<42} {found['rows']:>10,.0f} rows {found['cpu']:>8.2f} CPU s {found['wall']:>8.2f} s wall"
        f"  (imports {found['imports']:.2f} CPU s)  {found['peak_mb']:>6,.0f} MB"
    )


def ours(name: str, directory: Path) -> Callable[[], dict[str, float]]:
    """One measurement of ours, to be run."""
    return lambda: measured([sys.executable, __file__, "--child", name, str(directory)])


def peer_if_possible() -> Path | None:
    """The Python that has TFX, or None after a sentence on why there is none here."""
    try:
        return peer_python("tfx", "3.10")
    except MissingPeerError as error:
        print(f"TFX is left out. {error}")
        return None


def peer(python: Path, path: Path, rows: int) -> Callable[[], dict[str, float]]:
    """TFX's component on so many rows, to be run; exactly so many if they are few."""
    directory = bench_dir() / f"ingest_tfx_{rows}"
    data = directory / "data" / "trips.csv"
    written(path, rows, data)
    if rows == _FEW_ROWS:
        data.write_bytes(b"".join(data.read_bytes().splitlines(keepends=True)[: rows + 1]))
    script = ROOT / "benchmarks" / "support" / "tfx_ingest.py"
    return lambda: measured([str(python), str(script), str(data.parent), str(fresh(directory / "work"))])


def child(name: str, directory: str) -> None:
    """One measurement of ours in this process."""
    timed({"csv": ingest, "pyarrow_csv": read_csv, "pyarrow_parquet": read_parquet}[name], Path(directory))


def ingest() -> Any:
    """Imports what it needs and returns the work."""
    from penstock.artifacts import Examples
    from penstock.components import CsvExampleGen
    from penstock.data.csv.ingest import ingest_csv  # noqa: F401  # imported before the clock starts
    from penstock.data.examples import row_count
    from penstock.dsl import Context

    def work(base: Path) -> int:
        examples = Examples(str(fresh(base / "examples")))
        CsvExampleGen.function(examples=examples, input_base=str(base / "trips.csv"), ctx=Context(temp_dir=base))
        return sum(row_count(examples, split) for split in examples.splits)

    return work


def read_csv() -> Any:
    """Imports what it needs and returns the work."""
    import pyarrow.csv

    def work(base: Path) -> int:
        options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
        return int(pyarrow.csv.read_csv(base / "trips.csv", convert_options=options).num_rows)

    return work


def memory(path: Path, rows: int) -> None:
    """A whole run on so many rows."""
    directory = fresh(bench_dir() / f"ingest_memory_{rows}")
    written(path, rows, directory / "trips.csv")
    (directory / "pipeline.yaml").write_text("name: memory\ndata: {path: trips.csv}\n")
    peak, cpu = peak_of_tree([sys.executable, "-m", "penstock", "run", "--quiet", str(directory)], ROOT)
    print(f"penstock run, CSV to validation {rows:>12,} rows {cpu:>8.2f} CPU s  {peak:>6,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
