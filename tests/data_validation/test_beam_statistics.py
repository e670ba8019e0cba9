from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples
from penstock.data.beam_io import ReadRowGroups
from penstock.data.examples import read_table, row_groups, write_split
from penstock.data_validation.beam_statistics import SummaryFn, WriteSummary
from penstock.data_validation.statistics import DatasetSummary
from penstock.data_validation.summary_file import read_summary, unpacked

pytestmark = pytest.mark.component


def table(rows: int) -> pa.Table:
    generator = np.random.default_rng(8)
    values = generator.lognormal(2, 1, rows)
    return pa.table(
        {
            "fare": pa.array(values, mask=generator.random(rows) < 0.1),
            "hour": pa.array(generator.integers(0, 24, rows)),
            "pay": pa.array(generator.choice(["Cash", "Card", "Coin"], rows)),
        }
    )


def in_process(rows: pa.Table, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    summary = DatasetSummary(rows.schema)
    for batch in rows.combine_chunks().to_batches():
        summary.add(batch)
    return summary.to_proto(name)


@pytest.mark.parametrize("workers", [1, 3])
def test_beam_gives_what_one_pass_in_process_gives(tmp_path: Path, workers: int) -> None:
    """Several files, bundles and workers: the file written equals the statistics of the whole table."""
    examples = Examples(str(tmp_path / "examples"))
    rows = table(3000)
    batches = [rows.slice(start, 300).combine_chunks().to_batches()[0] for start in range(0, 3000, 300)]
    write_split(examples, "train", [], rows.schema)
    for at, batch in enumerate(batches):
        pa.parquet.write_table(
            pa.Table.from_batches([batch]), examples.split_path("train", f"data-0000{at + 1}-of-00011.parquet")
        )
    options = PipelineOptions.from_dictionary(
        {"runner": "FnApiRunner", "direct_num_workers": workers, "direct_running_mode": "multi_threading"}
        if workers > 1
        else {"runner": "FnApiRunner"}
    )
    path = tmp_path / "Summary.zip"
    with beam.Pipeline(options=options) as pipeline:
        read = pipeline | ReadRowGroups(row_groups(examples, "train"))
        _ = read | WriteSummary(str(path), rows.schema)
    (found,) = read_summary(path).to_proto("train").datasets
    expected = in_process(read_table(examples, "train"), "train")
    assert found.num_examples == 3000
    for one, other in zip(found.features, expected.features, strict=True):
        assert one.num_stats.mean == pytest.approx(other.num_stats.mean, rel=1e-12)
        assert one.num_stats.std_dev == pytest.approx(other.num_stats.std_dev, rel=1e-12)
        for feature in (one, other):
            feature.num_stats.ClearField("mean")
            feature.num_stats.ClearField("std_dev")
        assert one == other


def test_merging_nothing_gives_the_columns_without_examples() -> None:
    """Where no batch arrives, Beam still asks for the result."""
    rows = table(100)
    combine = SummaryFn(rows.schema)
    content = combine.extract_output(combine.merge_accumulators([combine.create_accumulator()]))
    (nothing,) = unpacked(content, "Summary.zip").to_proto("train").datasets
    assert nothing.num_examples == 0
    assert [feature.path.step[0] for feature in nothing.features] == ["fare", "hour", "pay"]
    assert nothing == in_process(rows.slice(0, 0), "train")
