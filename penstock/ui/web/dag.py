"""The graph of a run as it is drawn: boxes with a state, lines between them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.ui.web.layout import Layout, lay_out
from penstock.ui.web.run import NodeRow
from penstock.ui.web.text import brief, duration

__all__ = ["MOST_NODES", "Drawing", "DrawnEdge", "DrawnNode", "drawing", "path_of"]

MOST_NODES = 300
_MARGIN = 4
_LONGEST_NAME = 26
_PIXELS_PER_LETTER = 8.4  # of the widest of the usual fonts; what a browser takes is not known here
_BESIDE_NAME = 48
_NARROWEST = 160


@dataclass(frozen=True)
class DrawnNode:
    """A box; ``title`` is its name, cut to fit, and ``says`` what a screen reader says of it."""

    x: float
    y: float
    width: float
    height: float
    title: str
    under: str
    says: str
    row: NodeRow


@dataclass(frozen=True)
class DrawnEdge:
    """A line as an SVG path; ``reads`` is false where one node only waits for the other."""

    before: str
    node: str
    path: str
    reads: bool


@dataclass(frozen=True)
class Drawing:
    """What a page needs to draw a graph, in pixels."""

    width: float
    height: float
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]


def drawing(rows: Sequence[NodeRow]) -> Drawing | None:
    """The graph of these nodes, or None where there are too many to be seen at once."""
    if not rows or len(rows) > MOST_NODES:
        return None
    layout = _layout(tuple((row.id, tuple(row.upstream)) for row in rows))
    by_id = {row.id: row for row in rows}
    nodes = []
    for name, box in layout.boxes.items():
        row = by_id[name]
        seconds = None if row.state == "reused" else row.seconds
        says = ", ".join(part for part in (name, row.state, duration(seconds)) if part)
        under = "  ".join(part for part in (row.state, brief(seconds)) if part)
        nodes.append(
            DrawnNode(
                _rounded(box.x + _MARGIN),
                _rounded(box.y + _MARGIN),
                _rounded(box.width),
                _rounded(box.height),
                title=_cut(name),
                under=under,
                says=says,
                row=row,
            )
        )
    edges = [
        DrawnEdge(before, node, path_of(points), reads=by_id[node].upstream.get(before, False))
        for (before, node), points in layout.edges.items()
    ]
    return Drawing(
        _rounded(layout.width + 2 * _MARGIN), _rounded(layout.height + 2 * _MARGIN), tuple(nodes), tuple(edges)
    )


@functools.lru_cache(maxsize=64)
def _layout(graph: tuple[tuple[str, tuple[str, ...]], ...]) -> Layout:
    """The layout of a graph; a run's graph stays the same while its states change."""
    widths = {name: max(_NARROWEST, _BESIDE_NAME + _PIXELS_PER_LETTER * len(_cut(name))) for name, _ in graph}
    return lay_out(dict(graph), widths)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """A line through these points as an SVG path, bent where it goes from one column to another."""
    moved = [(_rounded(x + _MARGIN), _rounded(y + _MARGIN)) for x, y in points]
    commands = [f"M{moved[0][0]} {moved[0][1]}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(itertools.pairwise(moved)):
        if index % 2 or x1 == x2:  # every other piece runs beside the nodes of a layer
            commands.append(f"V{y2}")
        else:
            middle = _rounded((y1 + y2) / 2)
            commands.append(f"C{x1} {middle} {x2} {middle} {x2} {y2}")
    return "".join(commands)


def _rounded(value: float) -> float:
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
