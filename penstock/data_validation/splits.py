"""Which splits of an artifact a component works on."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.artifacts import Examples, ExampleStatistics
from penstock.errors import DataError, UsageError, did_you_mean

__all__ = ["kept_splits"]


def kept_splits(artifact: Examples | ExampleStatistics, exclude: Iterable[str] | None, node: str) -> list[str]:
    """The artifact's splits without the excluded ones, in their order.

    Raises:
        UsageError: A split to exclude does not exist, or none is left.
        DataError: The artifact has no splits.
    """
    if not artifact.splits:
        raise DataError(f"The {artifact.type_name} given to {node} have no splits.", path=artifact.uri, node=node)
    excluded = set(exclude or ())
    for split in sorted(excluded - set(artifact.splits)):
        raise UsageError(
            f"Node {node} excludes the split {split!r}, which the {artifact.type_name} do not have.",
            hint=did_you_mean(split, artifact.splits),
            node=node,
            argument="exclude_splits",
        )
    kept = [split for split in artifact.splits if split not in excluded]
    if not kept:
        raise UsageError(
            f"Node {node} excludes every split: {', '.join(artifact.splits)}.",
            hint="Leave one in.",
            node=node,
            argument="exclude_splits",
        )
    return kept
