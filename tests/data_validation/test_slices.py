from __future__ import annotations

import pyarrow as pa
import pytest

from penstock.data_validation.slices import cut
from penstock.data_validation.statistics import MOST_SLICES, SlicedSummary
from penstock.data_validation.summary_options import Slice, SummaryOptions
from penstock.errors import DataError

BATCH = pa.record_batch(
    {
        "row": [0, 1, 2, 3, 4],
        "pay": ["Cash", "Card", None, "Cash", "Card"],
        "hour": [4, 4, 4, 5, None],
        "tags": [["a", "b"], ["b", "b"], [], None, ["a"]],
    }
)


def rows(*columns: tuple[str, str | None]) -> dict[str, list[int]]:
    return {name: part["row"].to_pylist() for name, part in cut(BATCH, Slice(columns))}


def test_each_value_is_a_slice_named_for_it() -> None:
    """An example without a value is in none."""
    assert rows(("pay", None)) == {"pay_Cash": [0, 3], "pay_Card": [1, 4]}


def test_a_cross_holds_the_examples_that_have_both_values() -> None:
    """Only combinations that occur are slices."""
    assert rows(("hour", None), ("pay", None)) == {
        "hour_4_pay_Cash": [0],
        "hour_4_pay_Card": [1],
        "hour_5_pay_Cash": [3],
    }


def test_a_wanted_value_leaves_the_others_out() -> None:
    """Numbers are named by their text; a value that does not occur gives no slice."""
    assert rows(("hour", "4")) == {"hour_4": [0, 1, 2]}
    assert rows(("hour", "4"), ("pay", "Cash")) == {"hour_4_pay_Cash": [0]}
    assert rows(("hour", "6"), ("pay", None)) == {}


def test_several_values_are_in_several_slices_once_each() -> None:
    """The same value twice in a list does not count twice."""
    assert rows(("tags", None)) == {"tags_a": [0, 4], "tags_b": [0, 1]}
    assert rows(("pay", None), ("tags", None)) == {
        "pay_Cash_tags_a": [0],
        "pay_Cash_tags_b": [0],
        "pay_Card_tags_b": [1],
        "pay_Card_tags_a": [4],
    }


def test_slices_are_datasets_beside_the_whole() -> None:
    """The whole goes by the name that other tools look for; slices follow by name, with all columns."""
    summary = SlicedSummary(BATCH.schema, SummaryOptions(slices=(Slice((("pay", None),)),)))
    summary.add(BATCH)
    found = summary.to_proto("train").datasets
    assert [(dataset.name, dataset.num_examples) for dataset in found] == [
        ("All Examples", 5),
        ("pay_Card", 2),
        ("pay_Cash", 2),
    ]
    assert [feature.path.step[0] for feature in found[1].features] == BATCH.schema.names


def test_too_many_slices_are_an_error() -> None:
    """A column of ids would give each of them a summary of every column."""
    summary = SlicedSummary(options=SummaryOptions(slices=(Slice((("id", None),)),)))
    with pytest.raises(DataError, match="more than 1,000 slices"):
        summary.add(pa.record_batch({"id": list(range(MOST_SLICES + 1))}))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"pya": ["x"]}, "no column 'pay' to slice by"),
        ({"pay": pa.array([b"\xff"])}, "'pay' has values that are not UTF-8"),
    ],
)
def test_what_cannot_be_sliced_is_an_error(columns: dict[str, object], expected: str) -> None:
    """A column that is not there, and a value that has no name."""
    with pytest.raises(DataError, match=expected):
        list(cut(pa.record_batch(columns), Slice((("pay", None),))))
