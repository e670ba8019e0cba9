"""Run by TFX's own Python: its CsvExampleGen on a directory of CSV files, and what that costs.

``python tfx_ingest.py DATA_DIRECTORY WORK_DIRECTORY``. The last line printed is JSON: CPU seconds of the imports, CPU
and wall seconds of the pipeline of this one component, rows, peak memory in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(data: str, work: str) -> None:
    """Runs and reports."""
    began = time.process_time()
    from tfx import v1 as tfx
    from tfx_bsl.coders import csv_decoder  # noqa: F401  # what the component imports when it runs

    imports = time.process_time() - began
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="ingest",
        pipeline_root=str(Path(work, "pipelines")),
        components=[tfx.components.CsvExampleGen(input_base=data)],
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(Path(work, "metadata.db"))
        ),
        # Its default, a pool of processes, takes more CPU time.
        beam_pipeline_args=["--direct_running_mode=in_memory"],
    )
    began, began_wall = time.process_time(), time.monotonic()
    tfx.orchestration.LocalDagRunner().run(pipeline)
    cpu, wall = time.process_time() - began, time.monotonic() - began_wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(_records(path) for path in Path(work).rglob("data_tfrecord-*.gz"))
    print(json.dumps({"imports": imports, "cpu": cpu, "wall": wall, "rows": rows, "peak_mb": peak}))


def _records(path: Path) -> int:
    import tensorflow as tf

    return sum(1 for _ in tf.compat.v1.io.tf_record_iterator(str(path), tf.io.TFRecordOptions("GZIP")))


if __name__ == "__main__":
    main(*sys.argv[1:])
