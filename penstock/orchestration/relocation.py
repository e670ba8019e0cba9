"""A project that was moved takes its payloads along: the store is told where they lie now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.orchestration.workspace import Workspace

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = ["follow_move"]


def follow_move(store: Store, workspace: Workspace) -> int:
    """Finds payloads that are gone from where the store says and lie at the same place in the root instead.

    Args:
        store: The store, to be written.
        workspace: The root as it is now; nothing is followed to a remote one.

    Returns:
        How many artifacts were found again.
    """
    if workspace.remote:
        return 0
    outside = store.artifacts_outside(workspace.root)
    moved = {one: place for one, uri in outside.items() if (place := workspace.moved(uri)) is not None}
    if moved:
        tails = {one: place.removeprefix(workspace.root) for one, place in moved.items()}
        roots = {outside[one].removesuffix(tail): workspace.root for one, tail in tails.items()}
        store.move_artifacts(moved, roots)
    return len(moved)
