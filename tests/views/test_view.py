from __future__ import annotations

import json

import pytest

from penstock.views.view import Cell, View, jsonable, shown, url_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-∞"),
        (-0.5, "-0.5"),
        (1.5e-7, "1.5e-7"),
        (True, "True"),
        (10**18, f"{10**18:,}"),
    ],
)
def test_a_value_is_shown_for_a_person(value: float, text: str) -> None:
    """Numbers that JSON lacks have signs of their own; counts are whole however large they are."""
    assert shown(value) == text


def test_a_model_is_json() -> None:
    """Numbers that JSON lacks become texts, halves of letters question marks, and tuples lists."""
    value = jsonable({"a": (float("inf"), float("nan"), None, True), 1: "\ud800"})
    assert value == {"a": ["inf", "nan", None, True], "1": "?"}
    json.dumps(value, allow_nan=False).encode()


def test_a_link_names_the_column_in_full() -> None:
    """Whatever a column is called, the address leads to it; without a page there is no link."""
    assert url_of({"schema": "/artifacts/3"}, "schema", "a/b #1") == "/artifacts/3#column=a%2Fb%20%231"
    assert url_of({}, "schema", "a") == ""


def test_a_view_without_a_module_has_that_of_tables() -> None:
    """The script of any view is one module: the kit, and the view's own part after it."""
    script = View("x", "X", {}).script()
    assert script.count("export function render") == 1
    assert "import " not in script
    assert str(Cell(0.5, "note", text="half")) == "half"
