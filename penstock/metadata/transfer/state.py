"""An import under way: what its parts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.types import TypeKind
from penstock.metadata.transfer.source import Source
from penstock.metadata.transfer.types import TypeMap

__all__ = ["Import"]


@dataclass
class Import:
    """Which row of theirs is which of ours, and what is to be told.

    Attributes:
        identity: What tells their store from every other.
        origin: Where their runs come from, as people are told.
        tell: Is told what comes next.
        ids: Our id by theirs, of each kind of node.
        fresh: Their ids of the nodes that are new here, of each kind.
        new: How many rows are new, by table.
        updated: How many rows were brought up to date, by table.
        left: How many times something was not taken over as it was, by what it was.
    """

    source: Source
    transaction: Transaction
    identity: str
    origin: str
    tell: Callable[[str], None]
    types: TypeMap
    ids: dict[TypeKind, dict[int, int]] = field(default_factory=dict)
    fresh: dict[TypeKind, set[int]] = field(default_factory=dict)
    new: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
