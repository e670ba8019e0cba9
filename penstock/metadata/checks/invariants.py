"""What an invariant is: a name, a sentence, a question to the store, and where that is safe, a repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from penstock.metadata.database import Transaction

__all__ = ["Finding", "Invariant", "Severity", "found"]

Severity = Literal["broken", "odd"]
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """Something that does not hold.

    Attributes:
        check: The name of the invariant.
        severity: ``broken`` where something cannot work; ``odd`` where everything works and somebody should know.
        text: What was found, one sentence.
        count: How many rows, artifacts or directories.
        examples: The first of them.
        hint: What to do.
        repaired: What was done about it; empty if nothing was.
    """

    check: str
    severity: Severity
    text: str
    count: int
    examples: tuple[str, ...] = ()
    hint: str = ""
    repaired: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it keeps the store from being well."""
        return self.severity == "broken" and not self.repaired


Repair = Callable[[Transaction], str]


@dataclass(frozen=True)
class Invariant:
    """One thing that must hold.

    Attributes:
        name: As people read it in a list: ``events-have-both-ends``.
        look: Finds what does not hold, or nothing.
        repair: Sets it right within the transaction and says what it did; None where that would lose something.
    """

    name: str
    look: Callable[[Transaction], Finding | None]
    repair: Repair | None = field(default=None)


def found(
    check: str, rows: Sequence[object], text: str, *, severity: Severity = "broken", hint: str = ""
) -> Finding | None:
    """The finding of these rows, or None where there are none; ``{n}`` and ``{rows}`` in the text tell how many."""
    if not rows:
        return None
    n = len(rows)
    words = f"{n:,} row" if n == 1 else f"{n:,} rows"
    return Finding(check, severity, text.format(n=f"{n:,}", rows=words), n, tuple(map(str, rows[:_SHOWN])), hint)
