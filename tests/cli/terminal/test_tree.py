from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.terminal.tree import layout

TAXI = {
    "CsvExampleGen": [],
    "StatisticsGen": ["CsvExampleGen"],
    "SchemaGen": ["StatisticsGen"],
    "ExampleValidator": ["StatisticsGen", "SchemaGen"],
    "Transform": ["CsvExampleGen", "SchemaGen", "ExampleValidator"],
    "Trainer": ["Transform", "SchemaGen"],
    "LatestBlessedModel": ["Trainer"],
    "Evaluator": ["CsvExampleGen", "Trainer", "LatestBlessedModel"],
    "Pusher": ["Trainer", "Evaluator"],
}


def test_the_taxi_pipeline_is_a_straight_line() -> None:
    """A chain, whatever else its nodes read, is not indented."""
    assert [line.prefix + line.node for line in layout(TAXI)] == list(TAXI)


def test_a_branch_is_indented_below_what_it_reads() -> None:
    """Side branches come directly after their source; the longest chain goes on straight down."""
    graph = {**TAXI, "CashShare": ["CsvExampleGen"], "CardShare": ["CashShare"], "Report": ["Trainer"]}
    assert [line.prefix + line.node for line in layout(graph)] == [
        "CsvExampleGen",
        "├─ CashShare",
        "│  CardShare",
        "StatisticsGen",
        "SchemaGen",
        "ExampleValidator",
        "Transform",
        "Trainer",
        "├─ Report",
        "LatestBlessedModel",
        "Evaluator",
        "Pusher",
    ]


def test_ascii_where_the_terminal_has_no_unicode() -> None:
    """The same tree with signs that every terminal has."""
    graph = {"a": [], "b": ["a"], "c": ["a"], "d": ["c"]}
    text = "\n".join(line.prefix + line.node for line in layout(graph, ascii_only=True))
    assert text == "a\n|- b\nc\nd"


def test_a_chain_of_any_length_is_drawn() -> None:
    """A thousand nodes one after another do not exhaust the stack."""
    graph = {str(number): [str(number - 1)] if number else [] for number in range(5000)}
    assert [line.node for line in layout(graph)] == list(graph)


@given(st.lists(st.sets(st.integers(0, 20), max_size=4), max_size=21))
def test_every_node_is_drawn_once_below_one_it_waits_for(edges: list[set[int]]) -> None:
    """For any graph: each node once, and the node it hangs on stands above it."""
    graph = {str(node): [str(one) for one in sorted(before) if one < node] for node, before in enumerate(edges)}
    order = [line.node for line in layout(graph)]
    assert sorted(order) == sorted(graph)
    for node, upstream in graph.items():
        assert not upstream or any(order.index(one) < order.index(node) for one in upstream)
