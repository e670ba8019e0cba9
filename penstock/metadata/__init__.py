"""The metadata store: runs, executions, artifacts and lineage, in the format of ML Metadata, see `Store`.

with open_store("sqlite:///.penstock/metadata.db") as store:
    print(store.run("latest"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.metadata.store import Store, open_store

__all__ = ["Store", "open_store"]


def __getattr__(name: str) -> Any:
    # SQLAlchemy takes 0.2 s to import, which only those pay who open a store.
    if name in __all__:
        from penstock.metadata import store

        return getattr(store, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
