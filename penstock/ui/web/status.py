"""How states look: an icon, a word and a colour, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mark", "mark"]


@dataclass(frozen=True)
class Mark:
    """The look of a state: ``icon`` names a symbol of the page's icons, ``tone`` a colour of its style sheet."""

    word: str
    icon: str
    tone: str


_MARKS = {
    "pending": Mark("pending", "pending", "quiet"),
    "not run": Mark("not run", "pending", "quiet"),
    "running": Mark("running", "running", "running"),
    "complete": Mark("complete", "complete", "good"),
    "reused": Mark("reused", "reused", "reused"),
    "failed": Mark("failed", "failed", "bad"),
    "skipped": Mark("skipped", "skipped", "quiet"),
    "canceled": Mark("canceled", "canceled", "canceled"),
    "blocked": Mark("blocked", "blocked", "held"),
    "blocks": Mark("blocks", "blocked", "held"),
    "lost": Mark("lost", "failed", "bad"),
    "pass": Mark("pass", "complete", "good"),
    "fail": Mark("fail", "failed", "bad"),
    "undefined": Mark("undefined", "undefined", "held"),
}


def mark(word: str) -> Mark:
    """The look of a state or an outcome; one that is not known is shown as it is called, without colour."""
    return _MARKS.get(word, Mark(word, "pending", "quiet"))
