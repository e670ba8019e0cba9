"""Intervals of 11 metrics on 188 slices of 131,000 trips: the Poisson bootstrap and the jackknife, reading not counted.

    make bench NAME=bootstrap
    make bench NAME=bootstrap ARGS="--rows 1000000 --times 1"

The trips are the real ones, repeated, with made-up predictions. CPU seconds are of all threads of one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from support.peers import ROOT
from support.timing import machine

TRIPS = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared")) / "data" / "chicago_taxi" / "trips.csv"
SLICES = [[], ["trip_start_hour"], ["payment_type"], ["company"], ["trip_start_hour", "payment_type"]]
METRICS = ["example_count", "auc", "auc_precision_recall", "binary_accuracy", "precision", "recall", "f1_score"]
METRICS += ["calibration", "mean_label", "mean_prediction", "binary_crossentropy"]


def main() -> None:
    """Measures each method, and prints a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=131_000, help="how many rows (131,000)")
    parser.add_argument("--times", type=int, default=5, help="how often each is measured (5)")
    given = parser.parse_args()
    if not TRIPS.is_file():
        parser.error(f"there is no {TRIPS}; PENSTOCK_SHARED names the directory that data/chicago_taxi lies in.")

    from penstock.evaluation.accumulator import ScoredBatch
    from penstock.evaluation.metrics import layout_for, named
    from penstock.evaluation.resampling.options import ConfidenceIntervals
    from penstock.evaluation.resampling.resample import resample
    from penstock.evaluation.slices import assign, parse

    table = pc.read_csv(TRIPS, convert_options=pc.ConvertOptions(strings_can_be_null=True))
    table = table.select(["trip_start_hour", "payment_type", "company"])
    table = pa.concat_tables([table] * -(-given.rows // table.num_rows)).slice(0, given.rows)
    rng = np.random.default_rng(0)
    score = rng.beta(2, 5, given.rows)
    label = (rng.random(given.rows) < score).astype(np.float64)
    slices = assign(parse(SLICES), table.combine_chunks().to_batches()[0])
    batch = ScoredBatch(slices, label, (score,), numbers=np.arange(given.rows))
    metrics = named(METRICS)
    layout = layout_for(metrics.values(), ("candidate",))
    print(f"{machine()}; load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}")
    print(f"{given.rows:,} rows, {sum(len(one.keys) for one in slices)} slices, {len(metrics)} metrics")
    for intervals in (ConfidenceIntervals("poisson_bootstrap"), ConfidenceIntervals("jackknife")):
        cpu, wall = [], []
        for _ in range(given.times):
            began, started = time.process_time(), time.monotonic()
            resample(batch, layout, metrics, intervals)
            cpu.append(time.process_time() - began)
            wall.append(time.monotonic() - started)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{intervals.method:<18} {intervals.samples:>4} replicates  {statistics.median(cpu):>7.2f} CPU s  "
            f"{statistics.median(wall):>7.2f} s  peak {peak:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
