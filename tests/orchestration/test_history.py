from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from penstock.orchestration.history import changes, told, without
from penstock.orchestration.plan import PlanNode, Source

PARTS: dict[str, Any] = {
    "component": "Trainer",
    "version": "1",
    "code": {"penstock/components/trainer.py": "p1", "model.py": "m1"},
    "libraries": {"python": "3.11", "keras": "3.15.0"},
    "parameters": {"train_args": {"num_steps": 60, "splits": ["train"]}, "label": "tip"},
    "data": {"input_base": "d1"},
    "files": {"words.txt": "f1"},
    "inputs": {"examples": "e1"},
    "outputs": {"model": "Model"},
}
SOURCES = {
    "m1": {"run_fn": "1", "build": "2", "(order)": "3"},
    "m2": {"run_fn": "9", "build": "2", "(order)": "3"},
    "m3": {"run_fn": "1", "(order)": "4", "more": "5"},
    "m4": {"run_fn": "1", "build": "2", "(order)": "8"},
    "p1": {"Trainer": "1"},
    "p2": {"Trainer": "2"},
}
NODE = PlanNode(
    "Trainer", "Trainer", "x:y", "1", {"examples": Source("Transform", "out")}, {"input_base": "../data/trips.csv"}
)


def _sources(digests: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    return {digest: SOURCES[digest] for digest in digests if digest in SOURCES}


def _texts(**parts: Any) -> list[str]:
    return [change.text for change in changes(PARTS, {**PARTS, **parts}, _sources, NODE)]


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        ({}, []),
        ({"code": {**PARTS["code"], "model.py": "m2"}}, ["model.py: run_fn changed"]),
        ({"code": {**PARTS["code"], "model.py": "m3"}}, ["model.py: build is gone", "model.py: more is new"]),
        ({"code": {**PARTS["code"], "model.py": "m4"}}, ["model.py: the order of its definitions changed"]),
        ({"code": {**PARTS["code"], "model.py": "unknown"}}, ["model.py changed"]),
        ({"code": {**PARTS["code"], "helper.py": "h"}}, ["helper.py is used now"]),
        ({"code": {"model.py": "m1"}}, ["penstock/components/trainer.py is no longer used"]),
        (
            {"code": {"penstock/components/trainer.py": "p2", "model.py": "m2"}},
            ["model.py: run_fn changed", "penstock/components/trainer.py: Trainer changed"],
        ),
        (
            {"parameters": {"train_args": {"num_steps": 90, "splits": ["train"]}, "label": "tip"}},
            ["train_args.num_steps 60 -> 90"],
        ),
        (
            {"parameters": {"train_args": {"num_steps": 60, "splits": ["a"]}, "other": None}},
            ['train_args.splits ["train"] -> ["a"]', 'label is gone, was "tip"', "other is new: null"],
        ),
        ({"parameters": {**PARTS["parameters"], "label": "x" * 50}}, [f'label "tip" -> "{"x" * 38}…']),
        ({"data": {"input_base": "d2"}}, ["trips.csv changed (input_base)"]),
        ({"files": {"words.txt": "f2"}}, ["the data file words.txt changed"]),
        ({"files": {}}, ["the data file words.txt is no longer declared"]),
        ({"inputs": {"examples": "e2"}}, ["other examples from Transform"]),
        ({"inputs": {}}, ["there is no examples now from Transform"]),
        ({"libraries": {"python": "3.11", "keras": "3.16.0"}}, ["keras 3.15.0 -> 3.16.0"]),
        ({"libraries": {"python": "3.11", "numpy": "2"}}, ["keras is no longer used", "numpy 2 is used now"]),
        (
            {"libraries": {"python": "3.12", "keras": "3.15.0"}, "code": {"model.py": "m9"}},
            ["python 3.11 -> 3.12"],
        ),
        ({"version": "2"}, ["component version 1 -> 2"]),
    ],
)
def test_each_part_of_a_key_is_told(parts: dict[str, Any], texts: list[str]) -> None:
    """What differs is named down to the function, the parameter, the file or the version; users' code first."""
    assert _texts(**parts) == texts


def test_a_change_carries_both_values() -> None:
    """For a script a change has its kind, its name and the value before and after."""
    parts = {**PARTS, "parameters": {**PARTS["parameters"], "label": 1}}
    (change,) = changes(PARTS, parts, _sources, NODE)
    assert change.to_json() == {
        "kind": "parameter",
        "name": "label",
        "before": "tip",
        "after": 1,
        "text": 'label "tip" -> 1',
    }


def test_true_and_one_are_different_values() -> None:
    """JSON's values are compared with their types: a key over 1 is not the key over true."""
    before = {**PARTS, "parameters": {"x": 1}}
    assert changes(before, {**PARTS, "parameters": {"x": True}}, _sources)


def test_what_is_told_is_bounded() -> None:
    """Three changes are told, of the others how many there are."""
    parts = {**PARTS, "parameters": {f"p{i}": i for i in range(6)}}
    found = changes({**PARTS, "parameters": {}}, parts, _sources)
    assert told(found) == "p0 is new: 0; p1 is new: 1; p2 is new: 2; and 3 more"


def test_what_is_not_made_yet_is_left_out() -> None:
    """Inputs and parameters that come from other nodes can be left out of a comparison."""
    assert without(PARTS, {"examples", "label"})["inputs"] == {}
    assert "label" not in without(PARTS, {"label"})["parameters"]
    assert without(PARTS, ()) == PARTS
