"""Takes in another program's store: its rows get ids of this one, and its runs show like Penstock's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import StoreError
from penstock.metadata import contexts
from penstock.metadata.adoption import WENT_ON, adopt
from penstock.metadata.mlmd.nodes import Artifact, ArtifactState, Context, Execution, Node
from penstock.metadata.mlmd.types import TypeKind
from penstock.metadata.store import Store
from penstock.metadata.transfer.links import put_links
from penstock.metadata.transfer.nodes import put_nodes
from penstock.metadata.transfer.source import opened_source
from penstock.metadata.transfer.state import Import
from penstock.metadata.transfer.types import put_types
from penstock.storage.locations import is_remote, local_path

__all__ = ["Imported", "import_store"]

Progress = Callable[[int, int, str], None]
_NODES: tuple[type[Node], ...] = (Context, Artifact, Execution)
_STEPS = 8


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        version: MLMD's schema version of the file.
        new: How many rows are new, by table.
        updated: How many rows of an earlier import were brought up to date, by table.
        runs: The runs that are new or went on.
        absent: Artifacts, by their new id, whose payload is on no path of this machine, and their URIs.
        notes: What could not be taken over as it was, a sentence each.
    """

    version: int
    new: Mapping[str, int]
    updated: Mapping[str, int]
    runs: tuple[str, ...]
    absent: Mapping[int, str]
    notes: tuple[str, ...]


def import_store(store: Store, path: Path, *, progress: Progress | None = None) -> Imported:
    """Takes in the whole of a file of MLMD's, such as TFX's ``metadata.db``, or what is new in it since the last time.

    It happens as a whole or not at all, and the file is not changed. URIs stay as they are.

    Args:
        store: Where to.
        path: The file, of MLMD's schema version 6 to 10.
        progress: Is told how much is done, of how much, and what comes next.

    Raises:
        StoreError: The file cannot be read or holds what MLMD does not have, or one of its runs is here already.
    """
    steps = iter(range(_STEPS))
    tell = progress or (lambda _done, _total, _text: None)
    own = store.database.path
    if own is not None and path.exists() and path.samefile(own):
        raise StoreError(f"{path} is the store itself.", hint="Name another file.", path=str(path))
    with opened_source(path) as source, store.database.write() as transaction:
        types = put_types(source, transaction)
        doing = Import(
            source,
            transaction,
            source.identity(),
            str(path.absolute()),
            lambda text: tell(next(steps), _STEPS, text),
            types,
        )
        for like in _NODES:
            doing.tell(f"{like.table.lower()}s")
            put_nodes(doing, like)
        put_links(doing)
        doing.tell("runs")
        runs = adopt(transaction, _touched_runs(doing), doing.origin)
    return Imported(source.version, dict(doing.new), dict(doing.updated), runs, _absent(store, doing), _notes(doing))


def _touched_runs(doing: Import) -> list[int]:
    """The contexts of runs that are new here, or whose executions this import brought or changed."""
    rows = doing.transaction.rows_in(
        "SELECT c.id FROM Context c JOIN Type t ON t.id = c.type_id LEFT JOIN penstock_run r ON r.id = c.name"
        " WHERE c.id IN ({}) AND t.type_kind = 2 AND t.name = ? AND (r.id IS NULL OR EXISTS (SELECT 1"
        " FROM Association s JOIN Execution x ON x.id = s.execution_id"
        " LEFT JOIN penstock_execution e ON e.execution_id = x.id"
        " LEFT JOIN penstock_node n ON n.run_id = e.run_id AND n.node_id = e.node_id"
        f" WHERE s.context_id = c.id AND (e.execution_id IS NULL OR ({WENT_ON}))))",
        doing.ids[TypeKind.CONTEXT].values(),
        contexts.RUN,
    )
    return [row[0] for row in rows]


def _absent(store: Store, doing: Import) -> dict[int, str]:
    """The LIVE artifacts that came new and whose payload is not on this machine, remote ones left out."""
    ours = doing.ids[TypeKind.ARTIFACT]
    with store.database.read() as transaction:
        rows = transaction.rows_in(
            "SELECT id, uri FROM Artifact WHERE id IN ({}) AND state = ? AND uri <> ''",
            (ours[one] for one in doing.fresh[TypeKind.ARTIFACT]),
            int(ArtifactState.LIVE),
        )
    return {row[0]: row[1] for row in rows if not is_remote(row[1]) and not local_path(row[1]).exists()}


def _notes(doing: Import) -> tuple[str, ...]:
    other = ("Penstock's own tables in the file were left out: digests, verdicts and cache stay there.",)
    return (
        *(other if doing.source.is_penstock else ()),
        *doing.types.notes,
        *(f"{text}: {count:,}." for text, count in doing.left.items() if count),
    )
