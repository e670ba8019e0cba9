"""Run by the Python that has TensorFlow Data Validation: statistics of one file, and what they cost.

``python tfdv_statistics.py csv TRIPS.csv`` or ``python tfdv_statistics.py dataframe TRIPS.parquet``. The last line
printed is JSON: CPU seconds of the imports and of the statistics, rows, peak memory in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time


def main(kind: str, path: str) -> None:
    """Computes and reports; a data frame is loaded before the clock starts."""
    began = time.process_time()
    import pandas as pd
    import tensorflow_data_validation as tfdv

    imports = time.process_time() - began
    loaded = [pd.read_parquet(path)] if kind == "dataframe" else []
    began = time.process_time()
    from_csv, from_dataframe = tfdv.generate_statistics_from_csv, tfdv.generate_statistics_from_dataframe
    found = from_dataframe(loaded[0]) if loaded else from_csv(path)
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = found.datasets[0].num_examples
    print(json.dumps({"imports": imports, "cpu": cpu, "rows": rows, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
