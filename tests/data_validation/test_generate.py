from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples
from penstock.data.examples import write_split
from penstock.data_validation.generate import generate_statistics, run_with_beam, run_with_threads
from penstock.dsl import Context

ROWS = 6000


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """A split of 30 row groups and one without rows."""
    generator = np.random.default_rng(8)
    rows = pa.table(
        {
            "fare": pa.array(generator.lognormal(2, 1, ROWS), mask=generator.random(ROWS) < 0.1),
            "hour": pa.array(generator.integers(0, 24, ROWS)),
            "pay": pa.array(generator.choice(["Cash", "Card", "Coin"], ROWS)),
        }
    )
    found = Examples(str(tmp_path / "examples"))
    write_split(found, "train", rows.to_batches(max_chunksize=200), rows.schema)
    write_split(found, "eval", [], rows.schema)
    found.splits = ["train", "eval"]
    return found


def read(path: Path) -> statistics_pb2.DatasetFeatureStatistics:
    (found,) = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes()).datasets
    return found


@pytest.mark.component
def test_threads_and_beam_give_the_same_statistics(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """Counts, quantiles and frequent values are equal; means and deviations differ in the last digits at most."""
    splits = {split: f"{split}.pb" for split in examples.splits}
    ours = {split: tmp_path / "threads" / name for split, name in splits.items()}
    beams = {split: tmp_path / "beam" / name for split, name in splits.items()}
    for path in (tmp_path / "threads", tmp_path / "beam"):
        path.mkdir()
    run_with_threads(examples, ours, ctx)
    run_with_beam(examples, beams, ctx)
    for split in splits:
        one, other = read(ours[split]), read(beams[split])
        for a, b in zip(one.features, other.features, strict=True):
            assert a.num_stats.mean == pytest.approx(b.num_stats.mean, rel=1e-12)
            assert a.num_stats.std_dev == pytest.approx(b.num_stats.std_dev, rel=1e-12)
            for feature in (a, b):
                feature.num_stats.ClearField("mean")
                feature.num_stats.ClearField("std_dev")
        assert one == other


def test_the_number_of_cores_changes_nothing(
    tmp_path: Path, examples: Examples, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One core and seven sum up in the same order: the files are equal byte for byte."""
    for cores in (1, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        generate_statistics(examples, {"train": tmp_path / str(cores) / "train.pb"}, ctx)
    assert (tmp_path / "1" / "train.pb").read_bytes() == (tmp_path / "7" / "train.pb").read_bytes()


def test_progress_counts_the_rows_of_all_splits(
    tmp_path: Path, examples: Examples, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """It begins at none, ends at all, and never goes back."""
    generate_statistics(examples, {split: tmp_path / f"{split}.pb" for split in examples.splits}, ctx)
    done = [event["done"] for event in events if event["type"] == "progress"]
    assert done[0] == 0
    assert done[-1] == ROWS
    assert done == sorted(done)
    assert {event["total"] for event in events if event["type"] == "progress"} == {ROWS}
