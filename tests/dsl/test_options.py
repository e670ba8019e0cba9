from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from penstock import HTML, Output, Pipeline, component
from penstock.dsl.options import NodeOptions, checked, merged, schema
from penstock.errors import GraphError


@component
def Make(page: Output[HTML]) -> None: ...


def test_options_are_given_to_a_node_and_add_up() -> None:
    """`.options()` returns the node; a second call changes what it names and leaves the rest."""
    with Pipeline("p"):
        node = Make().options(timeout=5, beam={"a": 1}).options(retries=1, beam={"b": 2})
    assert node.given_options == {"timeout": 5, "beam": {"a": 1, "b": 2}, "retries": 1}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tiemout": 5}, r"Make: there is no option 'tiemout'\.\nDid you mean 'timeout'\?"),
        ({"timeout": 0}, "option timeout: Input should be greater than 0, found 0"),
        ({"timeout": True}, "option timeout: .*valid number, found True"),
        ({"timeout": "5"}, "option timeout: .*valid number, found '5'"),
        ({"timeout": math.inf}, "option timeout: .*finite"),
        ({"retries": -1}, "option retries: .*greater than or equal to 0"),
        ({"retries": 1.5}, "option retries: .*integer"),
        ({"retries": 101}, "option retries: .*less than or equal to 100"),
        ({"beam": None}, "option beam: .*dictionary"),
        ({"beam": {"x": object()}}, "option beam: .*not JSON serializable"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_written(given: dict[str, Any], told: str) -> None:
    """An unknown option, a wrong type and a value out of bounds name the node and the option, at once."""
    with Pipeline("p"), pytest.raises(GraphError, match=told) as caught:
        Make().options(**given)
    assert caught.value.facts["option"] in given


def test_a_limit_can_be_lifted() -> None:
    """None is a value of `timeout`: it lies over a limit that stands below."""
    assert merged({"timeout": 5.0}, checked({"timeout": None}, "n")) == {"timeout": None}


def test_options_survive_json_and_other_versions() -> None:
    """The options of a stored plan come back; one that only another version knows is left out."""
    options = NodeOptions(timeout=2.5, retries=3, beam={"runner": "FlinkRunner"})
    assert NodeOptions.from_json({**dataclasses.asdict(options), "priority": 7}) == options


def test_the_schema_has_every_option() -> None:
    """The JSON Schema describes each field with its default and closes the set."""
    described = schema()
    assert set(described["properties"]) == {one.name for one in dataclasses.fields(NodeOptions)}
    assert described["additionalProperties"] is False
    assert all({"description", "default"} <= set(one) for one in described["properties"].values())
