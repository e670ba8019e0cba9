from __future__ import annotations

import graphlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.ui.web.layout import Layout, Spacing, crossings, lay_out

Graph = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Acyclic graphs: each node comes after some of those before it."""
    count = draw(st.integers(1, 14))
    names = [f"n{index}" for index in range(count)]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4)) if index else []
        for index, name in enumerate(names)
    }


def drawn(graph: Graph, width: float = 100) -> Layout:
    return lay_out(graph, dict.fromkeys(graph, width))


@given(graphs())
def test_nodes_lie_below_what_they_wait_for_and_never_overlap(graph: Graph) -> None:
    """Whatever the graph: every edge goes down, boxes keep their distance, nothing lies outside of the drawing."""
    layout = drawn(graph)
    assert set(layout.boxes) == set(graph)
    for node, several in graph.items():
        for before in several:
            assert layout.boxes[before].y + layout.boxes[before].height < layout.boxes[node].y
    for one, other in itertools.combinations(layout.boxes.values(), 2):
        if one.y == other.y:
            assert abs(one.centre - other.centre) >= 100 + Spacing().column_gap - 1e-6
    for box in layout.boxes.values():
        assert box.x >= -1e-6
        assert box.x + box.width <= layout.width + 1e-6
        assert box.y + box.height <= layout.height + 1e-6


@given(graphs())
def test_edges_join_their_nodes_and_pass_beside_the_others(graph: Graph) -> None:
    """An edge begins under its first node, ends over its second, and enters no box between."""
    layout = drawn(graph)
    assert set(layout.edges) == {(before, node) for node, several in graph.items() for before in several}
    for (before, node), points in layout.edges.items():
        assert points[0] == (layout.boxes[before].centre, layout.boxes[before].y + layout.boxes[before].height)
        assert points[-1] == (layout.boxes[node].centre, layout.boxes[node].y)
        for x, y in points[1:-1]:
            for box in layout.boxes.values():
                assert not (box.x < x < box.x + box.width and box.y <= y <= box.y + box.height)


@given(graphs())
def test_the_same_graph_is_drawn_the_same_way(graph: Graph) -> None:
    """Two layouts of one graph are equal, so that a page that is refreshed doesn't jump."""
    assert drawn(graph) == drawn(graph)


def test_order_within_layers_undoes_crossings() -> None:
    """Two chains whose nodes are named crosswise are drawn without a crossing."""
    graph: Graph = {"a": [], "b": [], "d": ["b"], "c": ["a"], "f": ["c"], "e": ["d"]}
    boxes = drawn(graph).boxes
    left_to_right = [sorted(layer, key=lambda node: boxes[node].x) for layer in (["a", "b"], ["c", "d"], ["e", "f"])]
    assert left_to_right in ([["a", "b"], ["c", "d"], ["f", "e"]], [["b", "a"], ["d", "c"], ["e", "f"]])


def test_crossings_are_counted() -> None:
    """Lines cross where the order of their upper ends is not that of their lower ends."""
    links = {("a", 0): [("y", 1)], ("b", 0): [("x", 1), ("y", 1)]}
    upper = [("a", 0), ("b", 0)]
    assert crossings(upper, [("x", 1), ("y", 1)], links) == 1
    assert crossings(upper, [("y", 1), ("x", 1)], links) == 0


def test_long_edges_are_straight() -> None:
    """An edge that passes three layers does so in one column."""
    graph: Graph = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"], "e": ["d", "a"]}
    points = drawn(graph).edges["a", "e"]
    assert len({round(x, 3) for x, _ in points[1:-1]}) == 1


def test_a_chain_is_one_column() -> None:
    """Nodes that each wait for one other are drawn under each other, however wide they are."""
    graph: Graph = {"a": [], "b": ["a"], "c": ["b"]}
    layout = lay_out(graph, {"a": 80, "b": 200, "c": 120})
    assert {round(box.centre, 3) for box in layout.boxes.values()} == {100}
    assert layout.width == pytest.approx(200)


def test_a_wide_fan_is_drawn_in_rows() -> None:
    """Of twenty nodes that could all stand beside each other at most six do, in the order they were given."""
    graph: Graph = {"first": [], **{f"n{number:02d}": ["first"] for number in range(20)}}
    boxes = drawn(graph).boxes
    rows: dict[float, list[str]] = {}
    for node, box in boxes.items():
        rows.setdefault(box.y, []).append(node)
    assert [len(row) for row in rows.values()] == [1, 6, 6, 6, 2]
    assert sum(rows.values(), []) == list(graph)  # noqa: RUF017  # short


def test_edges_from_elsewhere_are_left_out() -> None:
    """A node that waits for something the graph does not have is drawn without that edge."""
    assert drawn({"a": ["gone"]}).edges == {}


def test_nothing_is_drawn_of_nothing() -> None:
    """An empty graph has no size."""
    assert drawn({}) == Layout(0, 0, {}, {})


def test_a_cycle_is_refused() -> None:
    """A graph with a cycle has no layers."""
    with pytest.raises(graphlib.CycleError):
        drawn({"a": ["b"], "b": ["a"]})
