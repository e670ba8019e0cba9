from __future__ import annotations

from penstock.ui.web.dag import MOST_NODES, drawing
from penstock.ui.web.run import NodeRow


def row(name: str, *upstream: str, state: str = "complete", seconds: float | None = 1.5) -> NodeRow:
    return NodeRow(name, name, state, seconds, "", "", dict.fromkeys(upstream, True), (), log=False, error=None)


def test_a_node_says_its_name_state_and_time() -> None:
    """The label that is spoken has everything that is seen, and the whole name where that is cut to fit."""
    long = "a_component_with_quite_a_long_name"
    drawn = drawing([row("Make"), row(long, "Make", state="running", seconds=75), row("Old", state="reused")])
    assert drawn is not None
    by_name = {node.row.id: node for node in drawn.nodes}
    assert by_name["Make"].says == "Make, complete, 1.5 s"
    assert by_name[long].says == f"{long}, running, 1 min 15 s"
    assert by_name[long].title.endswith("…")
    assert by_name["Old"].says == "Old, reused"


def test_boxes_and_lines_lie_inside_of_the_drawing() -> None:
    """Nothing is cut off at the drawing's edges."""
    drawn = drawing([row("a"), row("b", "a"), row("c", "a"), row("d", "b", "c", "a")])
    assert drawn is not None
    assert len(drawn.edges) == 5
    for node in drawn.nodes:
        assert 0 < node.x < node.x + node.width < drawn.width
        assert 0 < node.y < node.y + node.height < drawn.height
    assert all(edge.path.startswith("M") for edge in drawn.edges)


def test_states_do_not_move_the_boxes() -> None:
    """A graph stays where it is while its nodes run."""
    before = drawing([row("a", state="running", seconds=None), row("b", "a", state="pending", seconds=None)])
    after = drawing([row("a"), row("b", "a")])
    assert before is not None
    assert after is not None
    assert [(node.x, node.y, node.width) for node in before.nodes] == [
        (node.x, node.y, node.width) for node in after.nodes
    ]


def test_too_much_or_nothing_is_not_drawn() -> None:
    """Without nodes, or with more than can be seen at once, there is no drawing."""
    assert drawing([]) is None
    assert drawing([row(f"n{number}") for number in range(MOST_NODES + 1)]) is None
