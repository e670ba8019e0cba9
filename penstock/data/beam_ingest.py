"""The work on shards of input as a Beam transform, for runners that spread it over machines."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import apache_beam as beam

from penstock.data.ingest.job import Run
from penstock.data.ingest.shards import Shard

__all__ = ["RunShards"]


class _Run(beam.DoFn):
    def __init__(self, run: Run, reports: str) -> None:
        self._run = run
        self._reports = reports

    def process(self, element: tuple[int, Iterable[Shard]]) -> None:
        for shard in element[1]:
            report = self._run(shard)
            path = Path(self._reports, f"{shard.index:05d}.pickle")
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
            temporary.write_bytes(pickle.dumps(report))
            temporary.replace(path)  # a second try of the same shard replaces the whole report


class RunShards(beam.PTransform):
    """Reads and writes each shard where there is a free worker; its report is left as ``<reports>/<index>.pickle``."""

    def __init__(self, shards: Sequence[Shard], run: Run, reports: str) -> None:
        super().__init__()
        self._shards = [(shard.index, shard) for shard in shards]
        self._run = run
        self._reports = reports

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """PBegin -> an empty PCollection."""
        return (
            begin
            | "Shards" >> beam.Create(self._shards, reshuffle=False).with_output_types(tuple[int, Shard])
            | "Spread" >> beam.GroupByKey()
            | "Run" >> beam.ParDo(_Run(self._run, self._reports))
        )
