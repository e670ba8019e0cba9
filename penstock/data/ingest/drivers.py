"""Running shards: on a pool of threads in this process, or on the Beam runner of the profile.

Both start from the same descriptors and write the same bytes.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from penstock.data.ingest.job import Report, Run
from penstock.data.ingest.shards import Shard
from penstock.dsl import Context

__all__ = ["Work"]


class Work:
    """The shards of one ingest, and how far they are.

    Args:
        ctx: The running node; its Beam options decide who drives.
        directory: The Examples' directory.
    """

    def __init__(self, ctx: Context, directory: str) -> None:
        self._ctx = ctx
        self._directory = directory
        self._done = 0.0

    def run(self, shards: Sequence[Shard], run: Run) -> list[Report]:
        """The shards' reports, in order; once one has a problem, later shards need not have been looked at."""
        total = self._done + sum(shard.size for shard in shards)
        self._ctx.progress(self._done, total, unit="bytes")
        if self._ctx.beam_options.get("runner"):
            reports = self._with_beam(shards, run)
            self._ctx.progress(total, total, unit="bytes")
        else:
            reports = self._with_threads(shards, run, total)
        self._done = total
        return reports

    def _with_threads(self, shards: Sequence[Shard], run: Run, total: float) -> list[Report]:
        """One shard a core at a time; Arrow and numpy leave Python's lock while they work."""
        broken = shards[-1].index + 1  # the first shard with a problem: later ones need not be looked at any more
        done = self._done

        def run_one(shard: Shard) -> Report:
            return run(shard) if shard.index < broken else Report(shard.index)

        sizes = {shard.index: shard.size for shard in shards}
        reports: list[Report] = []
        with ThreadPoolExecutor(max_workers=min(len(shards), _cores())) as pool:
            for future in as_completed([pool.submit(run_one, shard) for shard in shards]):
                report = future.result()
                reports.append(report)
                if report.problem is not None:
                    broken = min(broken, report.shard)
                done += sizes[report.shard]
                self._ctx.progress(done, total, unit="bytes")
        return sorted(reports, key=lambda report: report.shard)

    def _with_beam(self, shards: Sequence[Shard], run: Run) -> list[Report]:
        """Reports travel as files beside the output."""
        from penstock.data.beam_ingest import RunShards

        directory = Path(self._directory, ".reports")
        try:
            with self._ctx.beam() as pipeline:
                pipeline | RunShards(shards, run, str(directory))
            # Written a moment ago by workers of this run.
            return [
                pickle.loads((directory / f"{shard.index:05d}.pickle").read_bytes())  # noqa: S301 - our own
                for shard in shards
            ]
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
