from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from penstock.data_validation.strings import EXACT_BYTES, LONG, RANKS, StringSummary, counted


def filled(values: list[str], parts: int, exact_distinct: int = 100_000) -> StringSummary:
    whole = StringSummary(exact_distinct)
    for part in np.array_split(np.array(values, dtype=object), parts):
        summary = StringSummary(exact_distinct)
        summary.add(counted(pa.array(part, pa.string()), None))
        whole.merge(pickle.loads(pickle.dumps(summary)))  # noqa: S301  # as Beam moves it between workers
    return whole


def test_counts_are_exact_and_ranked() -> None:
    """Most frequent first, of equal counts the greater value first, lengths in bytes."""
    proto = filled(["b", "a", "c", "ä", "b"], 2).to_proto(5)
    assert proto.unique == 4
    assert [(top.value, top.frequency) for top in proto.top_values] == [("b", 2), ("ä", 1), ("c", 1), ("a", 1)]
    assert [bucket.label for bucket in proto.rank_histogram.buckets] == ["b", "ä", "c", "a"]
    assert proto.avg_length == pytest.approx(6 / 5)


@pytest.mark.parametrize("parts", [1, 7])
def test_more_values_than_ranks_keep_the_most_frequent(parts: int) -> None:
    """The rank histogram holds a thousand values, the top values twenty; the number of distinct ones is exact."""
    values = [f"v{i % 1500:04d}" for i in range(4000)]
    proto = filled(values, parts).to_proto(len(values))
    assert proto.unique == 1500
    assert len(proto.rank_histogram.buckets) == RANKS
    assert len(proto.top_values) == 20
    expected = sorted(Counter(values).items(), key=lambda item: (item[1], item[0]), reverse=True)[:RANKS]
    assert [(b.label, b.sample_count) for b in proto.rank_histogram.buckets] == expected


@pytest.mark.parametrize("parts", [1, 4])
def test_too_many_distinct_values_are_sketched_within_the_stated_error(parts: int) -> None:
    """Distinct values within 4 %, the frequent ones found with counts within (values / sketch size)."""
    common = ["cash"] * 20_000 + ["card"] * 10_000
    values = common + [f"id-{i}" for i in range(30_000)]
    np.random.default_rng(4).shuffle(values)
    proto = filled(values, parts, exact_distinct=1000).to_proto(len(values))
    assert proto.unique == pytest.approx(30_002, rel=0.04)
    assert [top.value for top in proto.top_values[:2]] == ["cash", "card"]
    assert [top.frequency for top in proto.top_values[:2]] == pytest.approx([20_000, 10_000], abs=6)


def test_long_strings_do_not_undo_the_bound() -> None:
    """A few very long strings go to the sketch, where they are one placeholder; their length still counts."""
    length = EXACT_BYTES // 3
    proto = filled([letter * length for letter in "abcd"] + ["short"] * 9, 2).to_proto(13)
    assert proto.unique == 5
    assert proto.avg_length == pytest.approx((4 * length + 45) / 13)
    assert [(top.value, top.frequency) for top in proto.top_values] == [
        ("short", 9),
        (LONG, 4),
    ]


def test_no_strings_have_no_members() -> None:
    """Without any value the proto is empty."""
    assert not StringSummary().to_proto(0).ListFields()
