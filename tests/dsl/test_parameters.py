"""Parameters that do not fit: the error says what is wrong where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from penstock.dsl import component
from penstock.dsl.parameters import validated
from penstock.errors import GraphError


@dataclass(frozen=True)
class Item:
    """What may stand in place of a name."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    times: int = 1


@component
def Named(*, names: list[str | Item]) -> None:
    """Takes names."""


@pytest.mark.parametrize(
    ("value", "at", "message"),
    [
        ([3], [0], "valid string, found 3"),
        (["a", {"nam": "a"}], [1], "found"),
        ([{"name": "a", "times": "often"}], [0, "times"], "valid integer, .* found 'often'"),
    ],
)
def test_of_text_or_a_mapping_the_error_is_that_of_what_stands_there(value: Any, at: list[Any], message: str) -> None:
    """Not that a mapping is no text."""
    assert validated(Named, "names", ["a", {"name": "b"}], "Named") == ["a", Item("b")]
    with pytest.raises(GraphError, match=message) as raised:
        validated(Named, "names", value, "Named")
    assert raised.value.facts["at"][: len(at)] == at
    if isinstance(value[-1], dict):
        assert "valid string" not in raised.value.message
