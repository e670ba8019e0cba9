"""Statistics of a million trips: from CSV and from the ingested examples, beside TFDV and beside reading alone.

    make bench NAME=statistics_1m
    make bench NAME=statistics_1m ARGS="--rows 10000000 --only examples"

The trips are the real ones, repeated. Each measurement is a process of its own; imports count apart, on both sides.
CPU seconds are of all threads; peak memory is the process's. The floor is pyarrow reading the same Parquet files.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from support.peers import ROOT, MissingPeerError, bench_dir, peer_python
from support.timing import machine
from support.trips import TRIPS, check, fresh, measured, read_parquet, timed, written

# What our measurements are called, and what each does.
OURS = {
    "csv": "CSV: statistics",
    "ingest": "CSV: ingest and statistics",
    "examples": "examples: statistics",
    "floor": "examples: pyarrow reads them",
}
THEIRS = {"csv": "TFDV: generate_statistics_from_csv", "dataframe": "TFDV: generate_statistics_from_dataframe, loaded"}


def main() -> None:
    """Makes the trips, measures, and prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=TRIPS, help="the trips, a CSV file")
    parser.add_argument("--rows", type=int, default=1_000_000, help="at least so many, by repeating them (1,000,000)")
    parser.add_argument("--only", choices=[*OURS], action="append", help="only this measurement of ours; no peer")
    parser.add_argument("--without-peer", action="store_true", help="only ours")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(*given.child)
        return
    check(parser, given.path)
    print(f"{machine()}; load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}")
    directory = bench_dir() / f"statistics_{given.rows}"
    made(given.path, given.rows, directory)
    for name in given.only or OURS:
        report(OURS[name], measured([sys.executable, __file__, "--child", name, str(directory)]))
    if given.without_peer or given.only:
        return
    try:
        python = peer_python("tfdv", "3.11")
    except MissingPeerError as error:
        print(f"TFDV is not here: {error}")
        return
    script = ROOT / "benchmarks" / "support" / "tfdv_statistics.py"
    for kind, label in THEIRS.items():
        path = directory / ("trips.csv" if kind == "csv" else "trips.parquet")
        report(label, measured([str(python), str(script), kind, str(path)]))


def report(label: str, found: dict[str, float]) -> None:
    """One line."""
    print(
        f"{label:<50} {found['rows']:>12,.0f} rows {found['cpu']:>8.2f} CPU s  (imports {found['imports']:.2f})"
        f"  {found['peak_mb']:>7,.0f} MB",
        flush=True,
    )


def made(path: Path, rows: int, directory: Path) -> None:
    """The trips as CSV, as Parquet and as examples with one split, unless they are there."""
    if (directory / "done").exists():
        return
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    from penstock.artifacts import Examples
    from penstock.data.examples import write_split

    times = written(path, rows, directory / "trips.csv")
    one = pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    block = pa.concat_tables([one] * min(times, 4)).combine_chunks()
    examples = Examples(str(directory / "examples"))
    repeated = (batch for _ in range(-(-times // min(times, 4))) for batch in block.to_batches())
    write_split(examples, "train", repeated, one.schema)
    if rows <= 2_000_000:
        pq.write_table(pa.concat_tables([one] * times), directory / "trips.parquet")
    (directory / "done").touch()


def child(name: str, directory: str) -> None:
    """One measurement of ours in this process."""
    works = {"csv": from_csv, "ingest": ingest_and_statistics, "examples": from_examples, "floor": read_parquet}
    timed(works[name], Path(directory))


def from_csv() -> Any:
    """Imports what it needs and returns the work."""
    from penstock.data_validation.files import read_statistics
    from penstock.data_validation.of_files import statistics_of_files
    from penstock.dsl import Context

    def work(base: Path) -> int:
        found = statistics_of_files(str(base / "trips.csv"), fresh(base / "of_csv"), Context(temp_dir=base))
        return int(read_statistics(found, "all").num_examples)

    return work


def ingest_and_statistics() -> Any:
    """Imports what it needs and returns the work."""
    from penstock.artifacts import Examples
    from penstock.components import CsvExampleGen
    from penstock.data.csv.ingest import ingest_csv  # noqa: F401  # imported before the clock starts
    from penstock.dsl import Context

    statistics = from_examples()

    def work(base: Path) -> int:
        examples = Examples(str(fresh(base / "ingested")))
        CsvExampleGen.function(examples=examples, input_base=str(base / "trips.csv"), ctx=Context(temp_dir=base))
        return int(statistics(base, examples))

    return work


def from_examples() -> Any:
    """Imports what it needs and returns the work."""
    from penstock.artifacts import Examples, ExampleStatistics
    from penstock.components import StatisticsGen
    from penstock.data_validation.files import read_statistics
    from penstock.data_validation.generate import generate_statistics  # noqa: F401  # imported before the clock starts
    from penstock.dsl import Context

    def work(base: Path, given: Examples | None = None) -> int:
        examples = given or Examples(str(base / "examples"), properties={"split_names": '["train"]'})
        statistics = ExampleStatistics(str(fresh(base / "statistics")))
        StatisticsGen.function(examples=examples, statistics=statistics, ctx=Context(temp_dir=base))
        return sum(int(read_statistics(statistics, split).num_examples) for split in statistics.splits)

    return work


if __name__ == "__main__":
    main()
