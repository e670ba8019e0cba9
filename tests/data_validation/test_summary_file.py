from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_file import packed, read_summary, unpacked
from penstock.data_validation.summary_options import Slice, SummaryOptions
from penstock.errors import DataError


@pytest.fixture(scope="module")
def summary() -> SlicedSummary:
    """One with everything in it: sketches of numbers and strings, weights, slices, crosses and domains."""
    size = 210_000
    rows = pa.table(
        {
            "x": np.random.default_rng(1).normal(size=size),
            "id": [f"trip {at}" for at in range(size)],
            "weight": np.arange(size) % 4,
            "tags": pa.array([["a", "b"], None, []] * (size // 3)),
            "nothing": pa.nulls(size),
        }
    )
    options = SummaryOptions("weight", (Slice((("tags", None),)),), crosses=True, domains=True)
    found = SlicedSummary(rows.schema, options)
    for batch in rows.to_batches(max_chunksize=70_000):
        found.add(batch)
    return found


def test_what_is_read_is_what_was_written(summary: SlicedSummary) -> None:
    """The statistics are equal to the last bit, and what is read merges."""
    content = packed(summary)
    again = unpacked(content, "Summary.zip")
    assert again.to_proto("train") == summary.to_proto("train")
    again.merge(unpacked(content, "Summary.zip"))
    assert again.whole.examples == 2 * summary.whole.examples
    assert again.to_proto("train").datasets[0].features[0].num_stats.mean == pytest.approx(
        summary.to_proto("train").datasets[0].features[0].num_stats.mean, rel=1e-9
    )


def archive(document: object, members: dict[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("summary.json", json.dumps(document))
        for name, content in (members or {}).items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "does not hold a summary"),
        (archive({}), "does not hold a summary"),
        (archive({"format": 9}), "of format 9, and this version reads 2"),
        (archive({"format": 2, "summary": 3}), "does not hold the summary of a dataset"),
        (archive({"format": 2, "summary": {"object": "Popen", "fields": {}}}), "does not hold a summary"),
        (archive({"format": 2, "summary": {"array": [1], "member": 0}}, {"0.arrow": b"x"}), "does not hold a summary"),
    ],
)
def test_what_is_no_summary_is_an_error(content: bytes, expected: str) -> None:
    """Damaged, of another version, or made up: the message says what to do."""
    with pytest.raises(DataError, match=expected) as caught:
        unpacked(content, "Summary.zip")
    assert "Run StatisticsGen again" in str(caught.value.hint)


def test_statistics_of_before_have_none(tmp_path: Path) -> None:
    """Those of another tool, or of an older version."""
    with pytest.raises(DataError, match="kept without what merges them"):
        read_summary(tmp_path / "Summary.zip")
