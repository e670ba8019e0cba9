from __future__ import annotations

import pyarrow as pa
import pytest

from penstock.errors import DataError, UsageError
from penstock.evaluation.fairness.measure import check_counterfactuals, edited
from penstock.evaluation.fairness.options import Counterfactual, Fairness
from penstock.evaluation.slices import Scalar


@pytest.mark.parametrize(
    ("column", "values", "after"),
    [
        (pa.array(["a", "b", None, "a"]), {"a": "c"}, ["c", "b", None, "c"]),
        (pa.array([1, 2, None, 1]), {"1": 5}, [5, 2, None, 5]),
        (pa.array([0.5, 2.0, None, 0.5]), {"0.5": 1}, [1.0, 2.0, None, 1.0]),
        (pa.array(["a", "b", None, "a"]).dictionary_encode(), {"a": "b"}, ["b", "b", None, "b"]),
        (pa.array(["a", "b", None, "b"]), {"a": "b", "b": "a"}, ["b", "a", None, "a"]),
        (pa.nulls(4), {"a": "b"}, [None] * 4),
    ],
    ids=["text", "integers", "floats", "dictionary", "both ways", "missing"],
)
def test_a_column_is_edited_in_its_own_type(column: pa.Array, values: dict[str, Scalar], after: list[object]) -> None:
    """Only rows with a value that is named; a missing one stays missing."""
    found, mask = edited(column, Counterfactual("x", values))
    assert found.to_pylist() == after
    assert found.type == column.type
    assert mask.tolist() == [str(value) in values for value in column.to_pylist()]


def test_a_value_of_another_type_is_refused() -> None:
    """By the column's name."""
    with pytest.raises(DataError, match="'x' does not fit its type, int64"):
        edited(pa.array([1, 2]), Counterfactual("x", {"1": "many"}))


def test_a_counterfactual_needs_its_column_and_a_model() -> None:
    """Before anything runs."""
    fairness = Fairness(counterfactual=(Counterfactual("pya", {"a": "b"}),))
    with pytest.raises(UsageError, match="no column 'pya'"):
        check_counterfactuals(fairness, ["pay"], "model")
    with pytest.raises(UsageError, match="there is no model"):
        check_counterfactuals(fairness, ["pya"], "")


@pytest.mark.parametrize(("values", "rate"), [({}, None), ({"a": "b"}, 1.5)])
def test_a_counterfactual_that_means_nothing_is_refused(values: dict[str, Scalar], rate: float | None) -> None:
    """No values, or a share above 1."""
    with pytest.raises(ValueError, match="counterfactual of x"):
        Counterfactual("x", dict(values), rate)
