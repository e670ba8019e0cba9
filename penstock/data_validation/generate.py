"""Statistics of the splits of examples: on a pool of threads in this process, or on the profile's Beam runner."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from penstock.artifacts import Examples
from penstock.data.examples import RowGroup, arrow_schema, read_row_group, row_groups
from penstock.data_validation.statistics import DatasetSummary, serialized
from penstock.dsl import Context

__all__ = ["generate_statistics", "run_with_beam", "run_with_threads"]

# However many cores there are, the rows are summed up in as many parts: every machine gives the same last digits.
_PARTS = 16


def generate_statistics(examples: Examples, paths: Mapping[str, Path], ctx: Context) -> None:
    """Writes the statistics of each split that ``paths`` names to the file that it gives for it.

    Raises:
        DataError: A file is damaged, or a column has no statistics; names it.
    """
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    drive = run_with_beam if ctx.beam_options.get("runner") else run_with_threads
    drive(examples, paths, ctx)


def run_with_threads(examples: Examples, paths: Mapping[str, Path], ctx: Context) -> None:
    """Sums the rows up in this process, a part on each core; Arrow and numpy leave Python's lock while they work."""
    groups = {split: row_groups(examples, split) for split in paths}
    total = sum(group.rows for each in groups.values() for group in each)
    done, lock = 0, threading.Lock()
    ctx.progress(0, total, unit="rows")

    def read(rows: int) -> None:
        nonlocal done
        with lock:
            done += rows
            ctx.progress(done, total, unit="rows")

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for split, path in paths.items():
            schema = arrow_schema(examples, split)
            size = -(-len(groups[split]) // _PARTS) or 1
            parts = [groups[split][at : at + size] for at in range(0, len(groups[split]), size)]
            whole = DatasetSummary(schema)
            for part in pool.map(lambda part, schema=schema: _summed(part, schema, read), parts):
                whole.merge(part)
            path.write_bytes(serialized(whole, split))


def _summed(groups: Sequence[RowGroup], schema: pa.Schema, read: Callable[[int], None]) -> DatasetSummary:
    summary = DatasetSummary(schema)
    for group in groups:
        summary.add(read_row_group(group))
        read(group.rows)
    return summary


def run_with_beam(examples: Examples, paths: Mapping[str, Path], ctx: Context) -> None:
    """Combines the rows on the Beam runner of the profile."""
    from penstock.data.beam_io import ReadRowGroups
    from penstock.data_validation.beam_statistics import WriteStatistics

    with ctx.beam() as pipeline:
        for split, path in paths.items():
            batches = pipeline | f"Read {split}" >> ReadRowGroups(row_groups(examples, split))
            batches | f"Statistics of {split}" >> WriteStatistics(str(path), split, arrow_schema(examples, split))
