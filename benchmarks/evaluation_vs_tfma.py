"""Metrics of trips by slice, from predictions to results in TFMA's format: beside TFMA, and of a million rows.

    make bench NAME=evaluation_vs_tfma
    make bench NAME=evaluation_vs_tfma ARGS="--only million --only keys"     # 100,000 slices: minutes

The trips are the real ones, repeated, with made-up predictions in a column: inference counts on neither side, nor do
imports. Each measurement is a process of its own; CPU seconds are of all threads; peak memory is the process's, what
imports take included. TFMA is given the rows as record batches and writes its files as well.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from support.peers import ROOT
from support.timing import machine

TRIPS = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared")) / "data" / "chicago_taxi" / "trips.csv"
SLICES: list[list[str]] = [[], ["trip_start_hour"], ["payment_type"], ["company"], ["trip_start_hour", "payment_type"]]
# By our names, and the class of each in TFMA.
METRICS = {
    "example_count": "ExampleCount",
    "auc": "AUC",
    "auc_precision_recall": "AUCPrecisionRecall",
    "binary_accuracy": "BinaryAccuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1_score": "F1Score",
    "calibration": "Calibration",
    "mean_label": "MeanLabel",
    "mean_prediction": "MeanPrediction",
    "binary_crossentropy": "BinaryCrossEntropy",
}
CASES = {
    "ours": ("Penstock", 131_000),
    "tfma": ("TFMA", 131_000),
    "million": ("Penstock", 1_000_000),
    "keys": ("Penstock, 100 keys of 1,000 values", 131_000),
    "keys_million": ("Penstock, 100 keys of 1,000 values", 1_000_000),
}


def main() -> None:
    """Measures each case in turn, and prints a line for it; the ratio of the first two at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*CASES], action="append", help="only this case")
    parser.add_argument("--times", type=int, default=5, help="how often ours are measured (5); TFMA is measured once")
    parser.add_argument("--child", choices=[*CASES], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child)
        return
    if not TRIPS.is_file():
        parser.error(f"there is no {TRIPS}; PENSTOCK_SHARED names the directory that data/chicago_taxi lies in.")
    print(f"{machine()}; load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}")
    median: dict[str, float] = {}
    for name in given.only or ("ours", "tfma", "million"):
        times = 1 if name == "tfma" else given.times
        runs = sorted((run(name) for _ in range(times)), key=lambda one: one["cpu"])
        found = runs[len(runs) // 2]
        median[name] = found["cpu"]
        print(
            f"{CASES[name][0]:<36} {found['rows']:>10,.0f} rows {found['slices']:>8,.0f} slices "
            f"{found['cpu']:>8.2f} CPU s  (imports {found['imports']:.2f})  "
            f"{found['peak_mb']:>6,.0f} MB, {found['own_mb']:,.0f} MB its own",
            flush=True,
        )
    if {"ours", "tfma"} <= median.keys():
        print(f"TFMA takes {median['tfma'] / median['ours']:.0f} times the CPU of Penstock")


def run(name: str) -> dict[str, float]:
    """One measurement in a fresh process."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "0", "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, __file__, "--child", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(name: str) -> None:
    """Imports, makes the rows, measures from there, and prints a line of JSON."""
    began = time.process_time()
    measured = _tfma() if name == "tfma" else _penstock()
    imports = time.process_time() - began
    with tempfile.TemporaryDirectory() as directory:
        evaluate = measured(name, CASES[name][1], Path(directory))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        slices, rows = evaluate()
        cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "cpu": cpu,
                "imports": imports,
                "rows": rows,
                "slices": slices,
                "peak_mb": peak / 1024,
                "own_mb": (peak - before) / 1024,
            }
        )
    )


def trips(rows: int) -> Any:
    """The trips' slicing features, a label, and predictions that know something of it, as an Arrow table."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv

    one = pyarrow.csv.read_csv(TRIPS).select(["trip_start_hour", "payment_type", "company", "tips", "fare"])
    table = pa.concat_tables([one] * -(-rows // one.num_rows)).slice(0, rows).combine_chunks()
    rng = np.random.default_rng(1)
    big = pc.fill_null(pc.greater(table["tips"], pc.multiply(table["fare"], 0.2)), pa.scalar(value=False))
    label = big.to_numpy().astype(np.int64)
    prediction = 1 / (1 + np.exp(-(2.0 * label - 1 + rng.normal(size=rows))))
    table = table.select(["trip_start_hour", "payment_type", "company"])
    return table.append_column("label", pa.array(label)).append_column("prediction", pa.array(prediction))


def _penstock() -> Any:
    import apache_beam as beam
    import numpy as np
    import pyarrow as pa

    from penstock.artifacts import Examples
    from penstock.data.examples import write_split
    from penstock.evaluation import tfma_format, tfma_protos
    from penstock.evaluation.evaluate import prepare
    from penstock.evaluation.given import Given

    tfma_protos.validation_result_pb2()

    def measured(name: str, rows: int, directory: Path) -> Any:
        table, slices = trips(rows), SLICES
        if name.startswith("keys"):
            rng = np.random.default_rng(2)
            slices = [[], *([f"key{at}"] for at in range(100))]
            for at in range(100):
                table = table.append_column(f"key{at}", pa.array(rng.integers(0, 1000, rows).astype(np.int16)))
        examples = Examples(str(directory / "examples"))
        examples.splits = ["eval"]
        write_split(examples, "eval", table.to_batches(), table.schema)
        del table

        def evaluate() -> tuple[int, int]:
            prepared = prepare(
                examples,
                {"candidate": ""},
                load=str,
                label="label",
                transformed_label=False,
                slices=slices,
                metrics=[*METRICS],
                thresholds=[],
                split="eval",
                given=Given(prediction="prediction"),
            )
            out = directory / "evaluation"
            result = prepared.run(lambda: beam.Pipeline(runner="FnApiRunner"), out)
            tfma_format.write(out, result, prepared.metrics, prepared.slices, [])
            return len(result.slices), result.n[0]

        return evaluate

    return measured


def _tfma() -> Any:
    import apache_beam as beam
    import pyarrow as pa
    import tensorflow_model_analysis as tfma
    from tensorflow_model_analysis.proto import config_pb2 as protos
    from tfx_bsl.arrow import table_util

    config = protos.EvalConfig(
        model_specs=[protos.ModelSpec(label_key="label", prediction_key="prediction")],
        slicing_specs=[protos.SlicingSpec(feature_keys=names) for names in SLICES],
        metrics_specs=[protos.MetricsSpec(metrics=[protos.MetricConfig(class_name=name) for name in METRICS.values()])],
    )

    def measured(_: str, rows: int, directory: Path) -> Any:
        table = trips(rows)
        parts = [pa.Table.from_batches([one]).combine_chunks() for one in table.to_batches(max_chunksize=10_000)]
        # Each batch owns its memory: a pickled slice would carry the whole table along.
        batches = [table_util.CanonicalizeRecordBatch(pa.RecordBatch.from_pydict(one.to_pydict())) for one in parts]

        def evaluate() -> tuple[int, int]:
            writers = tfma.default_writers(str(directory), eval_config=config)
            with beam.Pipeline(runner="FnApiRunner") as pipeline:
                _ = (
                    pipeline
                    | beam.Create(batches)
                    | tfma.ExtractEvaluateAndWriteResults(eval_config=config, writers=writers)
                )
            found = tfma.load_eval_result(str(directory)).slicing_metrics
            return len(found), rows

        return evaluate

    return measured


if __name__ == "__main__":
    main()
