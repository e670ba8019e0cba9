"""What the toy's components compute."""

from __future__ import annotations


def poem(subject: str, lines: int) -> list[str]:
    """A poem of so many lines."""
    return [f"Line {number} of {subject}" for number in range(1, lines + 1)]
