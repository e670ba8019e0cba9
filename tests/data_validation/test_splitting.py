from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.artifacts import Examples
from penstock.data.beam_io import ReadRowGroups
from penstock.data.examples import row_groups, write_split
from penstock.data_validation.beam_statistics import WriteSummary
from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_file import packed, read_summary, unpacked
from penstock.dsl import Context
from tests.data_validation.splitting import OPTIONS, SCHEMA, examples, parts_of, same_statistics, statistics_of

SEEDS = st.integers(0, 2**32 - 1)


pytestmark = pytest.mark.component


@settings(max_examples=5, deadline=None)
@given(SEEDS, SEEDS)
def test_any_split_and_order_gives_the_same_statistics(rows: int, cuts: int) -> None:
    """Lists, nested lists, weights, slices, crosses and domains, whether parts travel as pickles or as files."""
    batch = examples(rows)
    merged = SlicedSummary(SCHEMA, OPTIONS)
    for at, part in enumerate(parts_of(batch, cuts)):
        summary = SlicedSummary(SCHEMA if at % 2 else None, OPTIONS)
        summary.add(part)
        if at % 3:
            merged.merge(pickle.loads(pickle.dumps(summary)))  # noqa: S301  # as Beam moves it between workers
        else:
            merged.merge(unpacked(packed(summary), "Summary.zip"))
    same_statistics(merged.to_proto("train"), statistics_of(batch))


def test_any_split_gives_the_same_statistics_on_beam(tmp_path: Path) -> None:
    """Datasets each split into files in its own way, which become the bundles of three workers."""
    datasets = {f"seed {seed}": examples(seed) for seed in range(3)}
    written = Examples(str(tmp_path / "examples"))
    for at, (name, batch) in enumerate(datasets.items()):
        write_split(written, name, [], SCHEMA)
        for nth, part in enumerate(parts_of(batch, at)):
            file = written.split_path(name, f"data-{nth + 1:05d}-of-00011.parquet")
            pyarrow.parquet.write_table(pa.Table.from_batches([part]), file)
    options = {"direct_num_workers": 3, "direct_running_mode": "multi_threading"}
    with Context(temp_dir=tmp_path, beam_options=options).beam() as pipeline:
        for name in datasets:
            batches = pipeline | f"Read {name}" >> ReadRowGroups(row_groups(written, name))
            _ = batches | f"Write {name}" >> WriteSummary(str(tmp_path / f"{name}.zip"), SCHEMA, OPTIONS)
    for name, batch in datasets.items():
        same_statistics(read_summary(tmp_path / f"{name}.zip").to_proto("train"), statistics_of(batch))
