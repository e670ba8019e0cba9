from __future__ import annotations

from typing import Any

import pytest

from penstock.components import ExampleValidator
from penstock.data_validation.bounds import DriftBound
from penstock.dsl.parameters import validated
from penstock.errors import GraphError


def test_bounds_come_from_a_mapping() -> None:
    """What pipeline.yaml says becomes bounds."""
    value = validated(ExampleValidator, "drift", {"payment_type": {"linf": 0.05}}, "ExampleValidator")
    assert value == {"payment_type": DriftBound(linf=0.05)}


@pytest.mark.parametrize("bound", [{"linff": 0.05, "linf": 0.1}, {}, {"linf": 1.5}, {"jensen_shannon": -1}, 0.05])
def test_a_bound_that_bounds_nothing_is_an_error(bound: Any) -> None:
    """A mistyped name, no bound at all, or one that no distance could pass is found before anything runs."""
    with pytest.raises(GraphError, match="drift") as caught:
        validated(ExampleValidator, "drift", {"payment_type": bound}, "ExampleValidator")
    assert caught.value.node == "ExampleValidator"
