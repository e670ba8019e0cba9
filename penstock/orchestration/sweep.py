"""Sweeping: at the start of a run, what dead attempts were writing is removed.

Before an attempt makes anything, the store has noted where it will write, on the disk for good. So whatever is noted
and belongs to no lease is garbage, and nothing else has to be looked at: where nothing died this is one query.
What a living run writes is safe at every moment: its place is noted in the same transaction that leases it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import StorageError
from penstock.orchestration.workspace import Place, Workspace

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = ["sweep"]

# The child of a run that was killed ends by itself within this time; it only has to notice.
_PATIENCE_SECONDS = 10.0


def sweep(store: Store, workspace: Workspace) -> list[str]:
    """Removes what dead attempts left in the root and in temporary directories.

    What cannot be removed now (a process still works there, or the root refuses) is left to the next sweep.

    Args:
        store: The store, after `Store.recover`.
        workspace: The root.

    Returns:
        Where something was removed.
    """
    workspace.sweep()
    swept = []
    for left in store.abandoned():
        place = Place(left.uri, Path(left.uri), Path(left.temporary))
        try:
            if workspace.discard(place, wait=_PATIENCE_SECONDS):
                swept.append(left)
        except StorageError:
            continue
    if swept:
        store.forget_places([left.execution_id for left in swept])
    return [left.uri for left in swept]
