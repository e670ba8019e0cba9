from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import Examples, ExampleStatistics
from penstock.data.examples import write_split
from penstock.data_validation.files import STATISTICS_FILE
from penstock.data_validation.generate import generate_statistics
from penstock.data_validation.summary_file import SUMMARY_FILE, read_summary
from penstock.data_validation.summary_options import Slice, SummaryOptions
from penstock.dsl import Context
from penstock.errors import DataError

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


def read(path: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
    return statistics_pb2.DatasetFeatureStatisticsList.FromString((path / STATISTICS_FILE).read_bytes())


def without_sums(found: statistics_pb2.DatasetFeatureStatisticsList) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Without what depends, in the last digits, on the order of the rows."""
    for dataset in found.datasets:
        for feature in dataset.features:
            feature.num_stats.ClearField("mean")
            feature.num_stats.ClearField("std_dev")
    return found


@pytest.mark.component
def test_threads_and_beam_give_the_same_statistics(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """Counts, quantiles and frequent values are equal, of slices too; means and deviations but for the last digits."""
    options = SummaryOptions(slices=(Slice((("pay", None),)),))
    paths = {name: {split: tmp_path / name / split for split in examples.splits} for name in ("threads", "beam")}
    generate_statistics(examples, paths["threads"], ctx, options)
    ctx.beam_options = {"runner": "FnApiRunner"}
    generate_statistics(examples, paths["beam"], ctx, options)
    for split in examples.splits:
        one, other = (read(paths[name][split]) for name in ("threads", "beam"))
        for mine, theirs in zip(one.datasets, other.datasets, strict=True):
            for a, b in zip(mine.features, theirs.features, strict=True):
                assert a.num_stats.mean == pytest.approx(b.num_stats.mean, rel=1e-12)
                assert a.num_stats.std_dev == pytest.approx(b.num_stats.std_dev, rel=1e-12)
        assert without_sums(one) == without_sums(other)
        assert read_summary(paths["beam"][split] / SUMMARY_FILE).whole.examples == one.datasets[0].num_examples


def test_the_number_of_cores_changes_nothing(
    tmp_path: Path, examples: Examples, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One core and seven sum up in the same order: the files are equal byte for byte."""
    for cores in (1, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        generate_statistics(examples, {"train": tmp_path / str(cores)}, ctx)
    for name in (STATISTICS_FILE, SUMMARY_FILE):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "7" / name).read_bytes()


def test_earlier_spans_count_without_being_read_again(tmp_path: Path, ctx: Context) -> None:
    """The first span's statistics and the second's examples give the statistics of both spans' examples."""
    generator = np.random.default_rng(3)
    rows = pa.table(
        {
            "fare": generator.normal(size=150_000),
            "hour": generator.integers(0, 24, 150_000),
            "pay": generator.choice(["Cash", "Card"], 150_000),
            "tags": pa.array([["a"], None, []] * 50_000),
        }
    )
    options = SummaryOptions("hour", (Slice((("pay", None),)),), crosses=True, domains=True)
    spans = {"both": rows, "first": rows.slice(0, 90_000), "second": rows.slice(90_000)}
    found = {}
    for name, part in spans.items():
        examples = Examples(str(tmp_path / name))
        write_split(examples, "train", part.to_batches(), rows.schema)
        examples.splits = ["train"]
        spans_before = ExampleStatistics(str(tmp_path / "statistics-first")) if name == "second" else None
        if spans_before is not None:
            spans_before.splits = ["train"]
        directory = tmp_path / f"statistics-{name}" / "Split-train"
        generate_statistics(examples, {"train": directory}, ctx, options, spans_before)
        found[name] = read(directory)
    both, merged = found["both"], found["second"]
    assert [dataset.name for dataset in merged.datasets] == ["All Examples", "pay_Card", "pay_Cash"]
    for a, b in zip(both.datasets, merged.datasets, strict=True):
        assert a.num_examples == b.num_examples
        assert a.weighted_num_examples == b.weighted_num_examples
        assert b.cross_features[0].num_cross_stats.covariance == pytest.approx(
            a.cross_features[0].num_cross_stats.covariance, rel=1e-9
        )
        for one, other in zip(a.features, b.features, strict=True):
            assert one.string_stats == other.string_stats
            assert one.num_stats.common_stats == other.num_stats.common_stats
            assert other.num_stats.mean == pytest.approx(one.num_stats.mean, rel=1e-9, abs=1e-12)
            assert other.num_stats.median == pytest.approx(one.num_stats.median, abs=0.01)
            for mine, theirs in zip(one.num_stats.histograms, other.num_stats.histograms, strict=True):
                counts = [[bucket.sample_count for bucket in histogram.buckets] for histogram in (mine, theirs)]
                assert counts[0] == pytest.approx(counts[1], abs=0.004 * a.num_examples)


def test_earlier_statistics_with_other_options_are_an_error(tmp_path: Path, examples: Examples, ctx: Context) -> None:
    """What was not computed then cannot be merged now; the message names both."""
    generate_statistics(examples, {"train": tmp_path / "then" / "Split-train"}, ctx)
    earlier = ExampleStatistics(str(tmp_path / "then"))
    earlier.splits = ["train"]
    with pytest.raises(DataError, match="made with other options"):
        generate_statistics(examples, {"train": tmp_path / "now"}, ctx, SummaryOptions(crosses=True), earlier)


def test_progress_counts_the_rows_of_all_splits(
    tmp_path: Path, examples: Examples, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """It begins at none, ends at all, and never goes back."""
    generate_statistics(examples, {split: tmp_path / split for split in examples.splits}, ctx)
    done = [event["done"] for event in events if event["type"] == "progress"]
    assert done[0] == 0
    assert done[-1] == ROWS
    assert done == sorted(done)
    assert {event["total"] for event in events if event["type"] == "progress"} == {ROWS}
