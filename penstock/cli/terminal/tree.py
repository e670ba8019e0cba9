"""A graph of nodes as indented lines: the longest chain runs straight down, what branches off it is indented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Line", "layout"]


@dataclass(frozen=True)
class Line:
    """One node's line: what to draw before its name, and its id."""

    prefix: str
    node: str


def layout(nodes: Mapping[str, Sequence[str]], *, ascii_only: bool = False) -> list[Line]:
    """The lines of a graph.

    Each node hangs on the one of its upstream nodes that is deepest in the graph. Of the nodes that hang on one, the
    one with the longest chain behind it continues straight down, after the others.

    Args:
        nodes: Ids in topological order, each with the ids it waits for.
        ascii_only: Draw with ASCII characters.
    """
    depth: dict[str, int] = {}
    children: dict[str | None, list[str]] = {None: []}
    for node, upstream in nodes.items():
        known = [one for one in upstream if one in depth]
        parent = max(known, key=lambda one: depth[one], default=None)
        depth[node] = depth[parent] + 1 if parent is not None else 0
        children.setdefault(parent, []).append(node)
    height: dict[str, int] = {}
    for node in reversed(list(nodes)):
        height[node] = 1 + max((height[child] for child in children.get(node, [])), default=-1)
    branch, bar = ("|- ", "|  ") if ascii_only else ("├─ ", "│  ")
    lines: list[Line] = []

    def draw(start: str, first: str, rest: str) -> None:
        node: str | None = start
        while node is not None:
            lines.append(Line(first, node))
            below = children.get(node, [])
            node = max(below, key=lambda one: height[one], default=None)
            for side in below:
                if side != node:
                    draw(side, rest + branch, rest + bar)
            first = rest

    for root in children[None]:
        draw(root, "", "")
    return lines
