from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_file import packed, unpacked
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
