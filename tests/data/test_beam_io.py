"""Record batches in Beam."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.artifacts import Examples
from penstock.data import examples as data
from penstock.dsl import Context

pytestmark = pytest.mark.component
SCHEMA = pa.schema([("n", pa.int64()), ("s", pa.string())])


def batch(start: int, stop: int) -> pa.RecordBatch:
    numbers = range(start, stop)
    return pa.RecordBatch.from_arrays(
        [pa.array(numbers, pa.int64()), pa.array([f"v{i}" for i in numbers])],
        SCHEMA.names,
    )


def test_the_coder_writes_a_slice_and_not_its_parent() -> None:
    """A slice travels as its own rows only and comes back equal."""
    from penstock.data.beam_io import RecordBatchCoder

    coder = RecordBatchCoder()
    piece = batch(0, 100_000).slice(500, 10)
    encoded = coder.encode(piece)
    assert len(encoded) < 2_000
    assert coder.decode(encoded).equals(piece)


def test_the_coder_is_registered_for_record_batches() -> None:
    """Importing the module makes Beam send record batches by this coder."""
    from apache_beam.coders import registry

    from penstock.data.beam_io import RecordBatchCoder

    assert isinstance(registry.get_coder(pa.RecordBatch), RecordBatchCoder)


def test_rows_read_and_written_keep_their_order(tmp_path: Path) -> None:
    """Row groups read by Beam and written again give the same rows in the same order, in one process."""
    from penstock.data.beam_io import ReadRowGroups, WriteParquet

    source = Examples(str(tmp_path / "in"))
    data.write_split(source, "train", [batch(i * 100, i * 100 + 100) for i in range(30)], SCHEMA)
    groups = data.row_groups(source, "train")
    assert len(groups) == 30
    target = Examples(str(tmp_path / "out"))
    with Context(temp_dir=tmp_path).beam() as pipeline:
        (pipeline | ReadRowGroups(groups, ["s", "n"]) | WriteParquet(target.path("Split-train")))
    assert [file.name for file in target.files("train")] == ["data-00000-of-00001.parquet"]
    assert data.read_table(target, "train").equals(data.read_table(source, "train", columns=["s", "n"]))
    assert sorted(path.name for path in target.path("Split-train").iterdir()) == ["data-00000-of-00001.parquet"]


def test_no_rows_become_one_empty_file_of_the_schema(tmp_path: Path) -> None:
    """A collection without rows is written as an empty file when its schema is given, else not at all."""
    from penstock.data.beam_io import ReadRowGroups, WriteParquet

    with Context(temp_dir=tmp_path).beam() as pipeline:
        rows = pipeline | ReadRowGroups([])
        rows | "with" >> WriteParquet(tmp_path / "with", SCHEMA)
        rows | "without" >> WriteParquet(tmp_path / "without")
    assert pq.read_table(tmp_path / "with" / "data-00000-of-00001.parquet").schema == SCHEMA
    assert not (tmp_path / "without").exists()
