"""Statistics of the splits of examples: on a pool of threads in this process, or on the profile's Beam runner."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from penstock.artifacts import Examples, ExampleStatistics
from penstock.data.examples import RowGroup, arrow_schema, read_row_group, row_groups
from penstock.data_validation.files import STATISTICS_FILE
from penstock.data_validation.statistics import SlicedSummary, serialized
from penstock.data_validation.summary_file import SUMMARY_FILE, packed, read_summary
from penstock.data_validation.summary_options import SummaryOptions
from penstock.dsl import Context
from penstock.errors import DataError

__all__ = ["generate_statistics", "summarised_by_threads", "summarised_on_beam", "write_statistics"]

# However many cores there are, the rows are summed up in as many parts: every machine gives the same last digits.
_PARTS = 16


def generate_statistics(
    examples: Examples,
    directories: Mapping[str, Path],
    ctx: Context,
    options: SummaryOptions | None = None,
    earlier: ExampleStatistics | None = None,
) -> None:
    """Writes ``FeatureStats.pb`` and ``Summary.zip`` of each split to the directory that is given for it.

    Args:
        examples: The examples.
        directories: A directory for each split wanted.
        ctx: The running node.
        options: What is computed beside the statistics of every column.
        earlier: Statistics of earlier spans, whose examples count as if they were here too.

    Raises:
        DataError: A file is damaged, or a column has no statistics; names it. Or the earlier statistics do not fit.
    """
    options = options or SummaryOptions()
    for directory in directories.values():
        directory.mkdir(parents=True, exist_ok=True)
    drive = summarised_on_beam if ctx.beam_options.get("runner") else summarised_by_threads
    for split, summary in drive(examples, directories, ctx, options).items():
        if earlier is not None and split in earlier.splits:
            _add_earlier(summary, earlier.split_path(split, SUMMARY_FILE))
        write_statistics(summary, split, directories[split])


def write_statistics(summary: SlicedSummary, split: str, directory: Path) -> None:
    """Writes ``FeatureStats.pb`` and ``Summary.zip`` of a split to a directory that is there."""
    (directory / STATISTICS_FILE).write_bytes(serialized(summary, split))
    (directory / SUMMARY_FILE).write_bytes(packed(summary))


def summarised_by_threads(
    examples: Examples, directories: Mapping[str, Path], ctx: Context, options: SummaryOptions
) -> dict[str, SlicedSummary]:
    """Sums the rows up in this process, a part on each core; Arrow and numpy leave Python's lock while they work."""
    groups = {split: row_groups(examples, split) for split in directories}
    total = sum(group.rows for each in groups.values() for group in each)
    done, lock = 0, threading.Lock()
    ctx.progress(0, total, unit="rows")

    def read(rows: int) -> None:
        nonlocal done
        with lock:
            done += rows
            ctx.progress(done, total, unit="rows")

    found = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for split in directories:
            new = partial(SlicedSummary, arrow_schema(examples, split), options)
            whole = new()
            size = -(-len(groups[split]) // _PARTS) or 1
            parts = [groups[split][at : at + size] for at in range(0, len(groups[split]), size)]
            for part in pool.map(partial(_summed, new=new, read=read), parts):
                whole.merge(part)
            found[split] = whole
    return found


def summarised_on_beam(
    examples: Examples, directories: Mapping[str, Path], ctx: Context, options: SummaryOptions
) -> dict[str, SlicedSummary]:
    """Combines the rows on the Beam runner of the profile, whose workers leave each summary in its directory."""
    from penstock.data.beam_io import ReadRowGroups
    from penstock.data_validation.beam_statistics import WriteSummary

    paths = {split: directory / SUMMARY_FILE for split, directory in directories.items()}
    with ctx.beam() as pipeline:
        for split, path in paths.items():
            batches = pipeline | f"Read {split}" >> ReadRowGroups(row_groups(examples, split))
            batches | f"Summary of {split}" >> WriteSummary(str(path), arrow_schema(examples, split), options)
    return {split: read_summary(path) for split, path in paths.items()}


def _summed(
    groups: Sequence[RowGroup], *, new: Callable[[], SlicedSummary], read: Callable[[int], None]
) -> SlicedSummary:
    summary = new()
    for group in groups:
        summary.add(read_row_group(group))
        read(group.rows)
    return summary


def _add_earlier(summary: SlicedSummary, path: Path) -> None:
    earlier = read_summary(path)
    if earlier.options != summary.options:
        raise DataError(
            f"The earlier statistics were made with other options: {earlier.options}, not {summary.options}.",
            hint="Run StatisticsGen on the earlier spans with the same schema, slices, weight, crosses and domains.",
            path=str(path),
        )
    summary.merge(earlier)
