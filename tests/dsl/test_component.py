from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from penstock.artifacts import HTML, Examples, Float, JsonValue, Model
from penstock.dsl import Context, Input, InputPath, Node, Output, Pipeline, check, component
from penstock.errors import GraphError


class Share(NamedTuple):
    cash_share: float
    by_company: dict[str, float]


@component
def Source(examples: Output[Examples], *, path: InputPath, rows: int = 10) -> None:
    """Makes examples.

    More about it.
    """


@component
def Count(
    examples: Input[Examples],
    report: Output[HTML],
    model: Input[Model] | None = None,
    *,
    ctx: Context,
    deep: float = 1.0,
) -> Share:
    """Counts."""
    raise NotImplementedError


def test_a_signature_declares_the_component() -> None:
    """Inputs, outputs, parameters and returned values are told apart by their annotations."""
    assert {name: (spec.type, spec.optional) for name, spec in Count.inputs.items()} == {
        "examples": (Examples, False),
        "model": (Model, True),
    }
    assert {name: (spec.type, spec.value) for name, spec in Count.outputs.items()} == {
        "report": (HTML, False),
        "cash_share": (Float, True),
        "by_company": (JsonValue, True),
    }
    assert list(Count.parameters) == ["deep"]
    assert Count.context == "ctx"
    assert Source.parameters["path"].kind == "data"
    assert Source.parameters["path"].required
    assert Source.doc.startswith("Makes examples.")


def no_annotation(examples) -> None: ...  # type: ignore[no-untyped-def] # the fault that is tested # noqa: ANN001
def wrong_output(report: Output[int]) -> None: ...  # type: ignore[type-var, unused-ignore] # the fault that is tested
def wrong_return() -> int: ...
def variadic(**anything: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (no_annotation, "'examples' has no annotation"),
        (wrong_output, "no artifact type"),
        (wrong_return, "annotated to return <class 'int'>"),
        (variadic, "each argument needs a name"),
    ],
)
def test_an_unclear_signature_is_refused(function: Any, expected: str) -> None:
    """A signature that does not say what an argument is, is refused when it is declared."""
    with pytest.raises(GraphError, match=expected):
        component(function)


def test_the_graph_follows_the_channels() -> None:
    """Reading an output, a value, or naming a node in after() puts a node downstream."""
    with Pipeline("p") as pipeline:
        source = Source(path="x")
        count = Count(examples=source.outputs["examples"])
        last = Source(node_id="Last", path="y", rows=count.outputs["cash_share"]).after(source)
    check(pipeline)
    assert count.upstream == ["Source"]
    assert last.upstream == ["Count", "Source"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (lambda s: Count(examples=s), r'Did you mean Source.outputs\["examples"\]\?'),
        (lambda _: Count(examples="x"), "takes an output of another node, not 'x'"),
        (
            lambda s: Count(examples=s.outputs["examples"], model=s.outputs["examples"]),
            "takes Model, but Source.outputs",
        ),
        (lambda s: Count(examples=s.outputs["exampels"]), r"no output 'exampels'.\s+Did you mean 'examples'\?"),
        (lambda s: Count(exampels=s.outputs["examples"]), r"no argument 'exampels'.\s+Did you mean 'examples'\?"),
        (lambda _: Count(), "needs 'examples'"),
        (lambda _: Source(path="y"), "Two nodes are called Source"),
        (lambda _: Source(node_id="../b", path="x"), "'../b' is no id for a node"),
        (lambda s: Source(node_id="b", path=s.outputs["examples"]), "is given an artifact"),
        (lambda _: Source(node_id="b", path="x", rows="many"), r"rows of Source: .*integer.*found 'many'"),
    ],
)
def test_a_wrong_connection_is_refused(place: Callable[[Node], Node], expected: str) -> None:
    """Each wrong way to connect a node has its own message, with the node, the argument and what to do."""
    with pytest.raises(GraphError) as caught:
        _checked(place)
    assert re.search(expected, str(caught.value))


def _checked(place: Callable[[Node], Node]) -> None:
    with Pipeline("p") as pipeline:
        place(Source(path="x"))
    check(pipeline)


def test_a_circle_is_refused() -> None:
    """Nodes that wait for each other are named in order."""
    with Pipeline("p") as pipeline:
        first = Source(node_id="a", path="x")
        second = Source(node_id="b", path="x").after(first)
        first.after(second)
    with pytest.raises(GraphError, match=r"in a circle: [ab] -> [ab] -> [ab]"):
        check(pipeline)


def test_an_empty_pipeline_is_refused() -> None:
    """A pipeline without nodes does nothing, and says so."""
    with pytest.raises(GraphError, match="no nodes"):
        check(Pipeline("p"))


def test_a_component_outside_a_pipeline_is_refused() -> None:
    """Calling a component where there is no pipeline says how it is meant."""
    with pytest.raises(GraphError, match="outside of a pipeline"):
        Source(path="x")


def test_channels_of_another_pipeline_are_refused() -> None:
    """Two pipelines share nothing."""
    with Pipeline("first"):
        foreign = Source(path="x").outputs["examples"]
    with Pipeline("second") as second:
        Count(examples=foreign)
    with pytest.raises(GraphError, match="in the pipeline 'first'"):
        check(second)
