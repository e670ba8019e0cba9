"""One mark, word and colour for each state and outcome; never colour alone. Without Unicode the marks are ASCII."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BLOCKED", "Mark", "mark", "mark_of_node"]


@dataclass(frozen=True)
class Mark:
    """How a state looks: a sign, the same in ASCII, the word, and rich's name of the style."""

    sign: str
    ascii: str
    word: str
    style: str

    def text(self, *, ascii_only: bool = False) -> str:
        """Sign and word."""
        return f"{self.ascii if ascii_only else self.sign} {self.word}"


BLOCKED = Mark("▣", "!", "blocks", "yellow")
_MARKS = {
    known.word: known
    for known in (
        Mark("·", ".", "pending", "dim"),
        Mark("▸", ">", "running", "cyan"),
        Mark("✔", "+", "complete", "green"),
        Mark("↻", "=", "reused", "blue"),
        Mark("✘", "x", "failed", "bold red"),
        Mark("↷", "-", "skipped", "yellow"),
        Mark("■", "#", "canceled", "magenta"),
        Mark("▣", "!", "blocked", "yellow"),
        Mark("✔", "+", "pass", "green"),
        Mark("✘", "x", "fail", "bold red"),
        Mark("?", "?", "undefined", "yellow"),
        Mark("✔", "+", "ok", "green"),
        Mark("!", "!", "limited", "yellow"),
        Mark("✘", "x", "broken", "bold red"),
        Mark("·", ".", "absent", "dim"),
        Mark("↻", "=", "reuse", "blue"),
        Mark("▸", ">", "run", "cyan"),
        Mark("?", "?", "depends", "yellow"),
        Mark("↷", "-", "skip", "yellow"),
    )
}


def mark(word: str) -> Mark:
    """The mark of a state or outcome; a word without one of its own stands alone."""
    return _MARKS.get(word, Mark(" ", " ", word, ""))


def mark_of_node(state: str, *, blocked: bool = False) -> Mark:
    """The mark of a node: a gate that did its work and holds the run back says so."""
    return BLOCKED if blocked and state in ("complete", "reused") else mark(state)
