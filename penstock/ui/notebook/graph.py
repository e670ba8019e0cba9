"""A graph as a view draws it: where its boxes and lines are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from penstock.ui.web.dag import path_of
from penstock.ui.web.layout import lay_out
from penstock.views.view import Tone, cut

__all__ = ["MODULE", "MOST_NODES", "Box", "drawn"]

MODULE: Final = Path(__file__).parent / "static" / "graph.js"
MOST_NODES: Final = 150
_LONGEST = 28
_MARGIN = 4


@dataclass(frozen=True)
class Box:
    """A node: its title, the words under it, whether they are good or bad news, and what it waits for."""

    title: str
    under: str
    tone: Tone = ""
    upstream: Sequence[str] = ()


def drawn(boxes: Mapping[str, Box]) -> dict[str, Any] | None:
    """The graph of some nodes by id; None where there are none, or too many to be seen at once."""
    if not boxes or len(boxes) > MOST_NODES:
        return None
    titles = {name: cut(box.title, _LONGEST) for name, box in boxes.items()}
    widths = {
        name: 28 + max(8.0 * len(titles[name]), 7.0 * len(cut(box.under, _LONGEST))) for name, box in boxes.items()
    }
    layout = lay_out({name: [one for one in box.upstream if one in boxes] for name, box in boxes.items()}, widths)
    nodes = [
        {
            "x": round(place.x + _MARGIN, 1),
            "y": round(place.y + _MARGIN, 1),
            "width": round(place.width, 1),
            "height": round(place.height, 1),
            "title": titles[name],
            "under": cut(boxes[name].under, _LONGEST),
            "tone": boxes[name].tone,
            "says": f"{boxes[name].title}: {boxes[name].under}",
        }
        for name, place in layout.boxes.items()
    ]
    return {
        "width": round(layout.width + 2 * _MARGIN, 1),
        "height": round(layout.height + 2 * _MARGIN, 1),
        "nodes": nodes,
        "edges": [path_of(points) for points in layout.edges.values()],
        "says": "; ".join(str(node["says"]) for node in nodes),
    }
