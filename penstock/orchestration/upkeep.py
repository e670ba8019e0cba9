"""What every run and every collection begins with: what dead processes left is cleared away or brought to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.orchestration.collection import finish_collections
from penstock.orchestration.relocation import follow_move
from penstock.orchestration.sweep import sweep
from penstock.orchestration.workspace import Workspace

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = ["clear_up"]


def clear_up(store: Store, workspace: Workspace) -> None:
    """Marks as failed what died, finds payloads of a root that was moved, removes leftovers, finishes collections."""
    store.recover()
    follow_move(store, workspace)
    sweep(store, workspace)
    finish_collections(store, workspace)
