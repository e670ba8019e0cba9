"""Where the nodes of a DAG are drawn: layers from top to bottom, few crossings, long edges straight.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures" (1981):
each node in the layer below the last node that it waits for, then an order within the layers that sorts every node by
the mean place of its neighbours, then coordinates. An edge over several layers is led through a point in each.
"""

from __future__ import annotations

import graphlib
import itertools
import math
from bisect import bisect_right, insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Box", "Layout", "Spacing", "crossings", "lay_out"]

_ORDER_SWEEPS = 12
_PLACE_SWEEPS = 48
# How strongly a line is kept straight by how many of its ends are waypoints: long lines bend least. The weights are
# those of E. Gansner and others, "A technique for drawing directed graphs" (1993), section 4.
_STRAIGHTNESS = (1.0, 2.0, 8.0)


@dataclass(frozen=True)
class Spacing:
    """Sizes in pixels.

    Attributes:
        waypoint: The room that an edge takes where it passes between nodes.
        columns: The most nodes beside each other; more wait a row longer.
    """

    height: float = 44
    column_gap: float = 24
    row_gap: float = 30
    waypoint: float = 10
    columns: int = 6


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        """The middle of its width."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Layout:
    """A drawn graph: a box for each node, and for each edge (from, to) the points it goes through."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    edges: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]


# A node of the graph, or the waypoint of a node's edges in a layer.
_Place = tuple[str, int]


def lay_out(
    upstream: Mapping[str, Collection[str]], widths: Mapping[str, float], spacing: Spacing | None = None
) -> Layout:
    """Places the nodes of an acyclic graph; the same graph is always drawn the same way.

    Args:
        upstream: For each node the nodes that its edges come from; those that are not nodes themselves are ignored.
        widths: The width of each node, in pixels.
        spacing: Heights and gaps.

    Raises:
        graphlib.CycleError: The graph has a cycle.
    """
    spacing = spacing or Spacing()
    if not upstream:
        return Layout(0, 0, {}, {})
    layer_of = _layers(upstream, spacing.columns)
    edges = [
        (before, node) for node, several in upstream.items() for before in dict.fromkeys(several) if before in layer_of
    ]
    layers, links = _with_waypoints(layer_of, edges)
    layers = _ordered(layers, links)
    width_of = {
        place: widths[place[0]] if layer_of[place[0]] == place[1] else spacing.waypoint
        for row in layers
        for place in row
    }
    centres = _coordinates(layers, links, width_of, layer_of, spacing)
    left = min(centres[place] - width_of[place] / 2 for place in centres)
    step = spacing.height + spacing.row_gap
    boxes = {
        node: Box(centres[node, layer] - widths[node] / 2 - left, layer * step, widths[node], spacing.height)
        for node, layer in layer_of.items()
    }
    drawn = {}
    for before, node in edges:
        points = [(boxes[before].centre, boxes[before].y + spacing.height)]
        for layer in range(layer_of[before] + 1, layer_of[node]):
            x = centres[before, layer] - left
            points += [(x, layer * step), (x, layer * step + spacing.height)]
        drawn[before, node] = (*points, (boxes[node].centre, boxes[node].y))
    right = max(centres[place] + width_of[place] / 2 for place in centres)
    return Layout(right - left, len(layers) * step - spacing.row_gap, boxes, drawn)


def _layers(upstream: Mapping[str, Collection[str]], columns: int) -> dict[str, int]:
    known = {node: [one for one in several if one in upstream] for node, several in upstream.items()}
    layer_of: dict[str, int] = {}
    taken: dict[int, int] = {}
    for node in graphlib.TopologicalSorter(known).static_order():
        layer = 1 + max((layer_of[one] for one in known[node]), default=-1)
        while taken.get(layer, 0) >= columns:
            layer += 1
        layer_of[node] = layer
        taken[layer] = taken.get(layer, 0) + 1
    return {node: layer_of[node] for node in upstream}


def _with_waypoints(
    layer_of: Mapping[str, int], edges: Sequence[tuple[str, str]]
) -> tuple[list[list[_Place]], dict[_Place, list[_Place]]]:
    """The layers with waypoints among the nodes, and what each place is linked to in the layer below.

    All long edges of a node share its waypoints, so that they are drawn as one line that branches.
    """
    layers: list[list[_Place]] = [[] for _ in range(1 + max(layer_of.values()))]
    for node, layer in layer_of.items():
        layers[layer].append((node, layer))
    links: dict[_Place, list[_Place]] = {}
    for before, node in edges:
        for layer in range(layer_of[before], layer_of[node]):
            here = (before, layer)
            there = (before, layer + 1) if layer + 1 < layer_of[node] else (node, layer + 1)
            known = links.setdefault(here, [])
            if there not in known:
                known.append(there)
            if there[0] == before and there not in layers[layer + 1]:
                layers[layer + 1].append(there)
    return layers, links


def crossings(upper: Sequence[_Place], lower: Sequence[_Place], links: Mapping[_Place, Sequence[_Place]]) -> int:
    """How many pairs of lines cross between two layers in this order."""
    position = {place: index for index, place in enumerate(lower)}
    seen: list[int] = []
    count = 0
    for place in upper:
        ends = [position[end] for end in links.get(place, ())]
        count += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return count


def _ordered(layers: list[list[_Place]], links: Mapping[_Place, Sequence[_Place]]) -> list[list[_Place]]:
    """The layers in the best order that sweeping down and up finds."""
    above = _reversed(links)
    best, best_count = layers, _total(layers, links)
    current = layers
    for sweep in range(_ORDER_SWEEPS):
        if best_count == 0:
            break
        down = sweep % 2 == 0
        current = [list(row) for row in current]
        rows = range(1, len(current)) if down else range(len(current) - 2, -1, -1)
        neighbours = above if down else links
        for row in rows:
            fixed = {place: index for index, place in enumerate(current[row - 1 if down else row + 1])}
            own = {place: index for index, place in enumerate(current[row])}
            current[row].sort(key=lambda place: _mean([fixed[one] for one in neighbours.get(place, ())], own[place]))
        count = _total(current, links)
        if count < best_count:
            best, best_count = current, count
    return best


def _coordinates(
    layers: Sequence[Sequence[_Place]],
    links: Mapping[_Place, Sequence[_Place]],
    width_of: Mapping[_Place, float],
    layer_of: Mapping[str, int],
    spacing: Spacing,
) -> dict[_Place, float]:
    """The centre of each place: near its neighbours', in order, without overlaps."""
    above = _reversed(links)
    waypoints = {place for row in layers for place in row if layer_of[place[0]] != place[1]}
    centres: dict[_Place, float] = {}
    for row in layers:
        at = 0.0
        for place in row:
            centres[place] = at + width_of[place] / 2
            at += width_of[place] + spacing.column_gap
        for place in row:
            centres[place] -= (at - spacing.column_gap) / 2
    for sweep in range(_PLACE_SWEEPS):
        for row in layers if sweep % 2 == 0 else reversed(layers):
            wanted, pulls = [], []
            for place in row:
                near = [
                    (centres[one], _STRAIGHTNESS[(one in waypoints) + (place in waypoints)])
                    for one in (*above.get(place, ()), *links.get(place, ()))
                ]
                pull = sum(weight for _, weight in near)
                wanted.append(sum(x * weight for x, weight in near) / pull if near else centres[place])
                pulls.append(pull or _STRAIGHTNESS[0])
            gaps = [(width_of[a] + width_of[b]) / 2 + spacing.column_gap for a, b in itertools.pairwise(row)]
            centres.update(zip(row, _spread(wanted, pulls, gaps), strict=True))
    _straighten(layers, waypoints, centres, width_of, spacing)
    return centres


def _straighten(
    layers: Sequence[Sequence[_Place]],
    waypoints: Collection[_Place],
    centres: dict[_Place, float],
    width_of: Mapping[_Place, float],
    spacing: Spacing,
) -> None:
    """Makes each long line straight where its neighbours leave a free column for it."""
    free: dict[str, tuple[float, float]] = {}
    for row in layers:
        for index, place in enumerate(row):
            if place not in waypoints:
                continue
            low, high = free.get(place[0], (-math.inf, math.inf))
            for side, other in ((-1, index - 1), (1, index + 1)):
                if 0 <= other < len(row):
                    gap = (width_of[place] + width_of[row[other]]) / 2 + spacing.column_gap
                    bound = centres[row[other]] - side * gap
                    low, high = (max(low, bound), high) if side < 0 else (low, min(high, bound))
            free[place[0]] = low, high
    for node, (low, high) in free.items():
        line = [place for place in waypoints if place[0] == node]
        if low <= high:
            x = min(max(sum(centres[place] for place in line) / len(line), low), high)
            centres.update(dict.fromkeys(line, x))


def _spread(wanted: Sequence[float], pulls: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep the gaps: pooling of adjacent violators."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # weight, mean, members
    for one, pull, offset in zip(wanted, pulls, offsets, strict=True):
        weight, mean, members = pull, one - offset, 1
        while blocks and blocks[-1][1] > mean:
            other_weight, other_mean, other_members = blocks.pop()
            mean = (mean * weight + other_mean * other_weight) / (weight + other_weight)
            weight, members = weight + other_weight, members + other_members
        blocks.append((weight, mean, members))
    means = [mean for _, mean, members in blocks for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _reversed(links: Mapping[_Place, Sequence[_Place]]) -> dict[_Place, list[_Place]]:
    above: dict[_Place, list[_Place]] = {}
    for place, ends in links.items():
        for end in ends:
            above.setdefault(end, []).append(place)
    return above


def _total(layers: Sequence[Sequence[_Place]], links: Mapping[_Place, Sequence[_Place]]) -> int:
    return sum(crossings(upper, lower, links) for upper, lower in itertools.pairwise(layers))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
