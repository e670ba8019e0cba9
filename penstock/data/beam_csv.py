"""The conversion of CSV shards as a Beam transform, for runners that spread it over machines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import apache_beam as beam

from penstock.data.csv.blocks import Shard
from penstock.data.csv.convert import Job, run_shard

__all__ = ["ConvertShards"]


class _Convert(beam.DoFn):
    def __init__(self, job: Job, reports: str) -> None:
        self._job = job
        self._reports = reports

    def process(self, element: tuple[int, Iterable[Shard]]) -> None:
        for shard in element[1]:
            report = run_shard(shard, self._job)
            path = Path(self._reports, f"{shard.index:05d}.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
            temporary.write_text(report.to_json())
            temporary.replace(path)  # a second try of the same shard replaces the whole report


class ConvertShards(beam.PTransform):
    """Reads and writes each shard where there is a free worker, and leaves its report as ``<reports>/<index>.json``."""

    def __init__(self, shards: Sequence[Shard], job: Job, reports: str) -> None:
        super().__init__()
        self._shards = [(shard.index, shard) for shard in shards]
        self._job = job
        self._reports = reports

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        """PBegin -> an empty PCollection."""
        return (
            begin
            | "Shards" >> beam.Create(self._shards, reshuffle=False).with_output_types(tuple[int, Shard])
            | "Spread" >> beam.GroupByKey()
            | "Convert" >> beam.ParDo(_Convert(self._job, self._reports))
        )
