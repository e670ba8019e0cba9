"""Forgetting: the rows of one person are removed from published examples, and what must be rebuilt is named.

Artifacts never change. So each one that holds such rows is copied without them; the copies take the place of the
originals in one commit, and the originals' payloads are deleted. Before that commit nothing has happened, after it
whoever comes next finishes. The values themselves are kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.artifacts import Examples
from penstock.errors import DataError, PenstockError, StorageError, UsageError
from penstock.orchestration.collection import Done, delete_marked
from penstock.orchestration.rebuilding import FORGET
from penstock.orchestration.workspace import Place, Workspace
from penstock.storage.digests import typed_content
from penstock.storage.locations import is_remote

if TYPE_CHECKING:
    from penstock.data.row_removal import Values
    from penstock.metadata.records import Holding, Lease, NewArtifact
    from penstock.metadata.removals import Replacement
    from penstock.metadata.store import Store

__all__ = ["Derived", "Held", "Removal", "Source", "Unread", "forget", "planned_removal"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Held:
    """Examples that hold rows, by the file that they are in; ``execution_id`` is the last that put them out."""

    id: int
    node_id: str
    run_id: str
    pipeline: str
    uri: str
    execution_id: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Derived:
    """What was made from examples that hold rows, and must be rebuilt.

    Attributes:
        deleted: Whether its payload is deleted, because it holds rows itself or everything was asked for.
        pushed_to: Where it was pushed: that copy is not the store's to delete.
    """

    id: int
    type: str
    node_id: str
    run_id: str
    deleted: bool
    pushed_to: str = ""


@dataclass(frozen=True)
class Source:
    """An input file that still has such rows, which is the user's to change."""

    path: str
    rows: int


@dataclass(frozen=True)
class Unread:
    """Something that may hold such rows, and could not be looked into."""

    what: str
    why: str


@dataclass(frozen=True)
class Removal:
    """What a removal would do.

    Attributes:
        held: The examples that are replaced.
        derived: What must be rebuilt.
        sources: Input files with such rows.
        unread: What was not looked into.
        looked_at: Every artifact of type Examples that there is.
    """

    column: str
    values: int
    held: tuple[Held, ...]
    derived: tuple[Derived, ...]
    sources: tuple[Source, ...]
    unread: tuple[Unread, ...]
    looked_at: frozenset[int]
    delete_all: bool

    @property
    def rows(self) -> int:
        """How many rows are removed."""
        return sum(sum(one.rows.values()) for one in self.held)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        value = asdict(self) | {"rows": self.rows, "examples": len(self.looked_at)}
        del value["looked_at"]
        return value


def planned_removal(
    store: Store,
    workspace: Workspace,
    column: str,
    values: Values,
    *,
    delete_all: bool = False,
    progress: Progress = lambda _done, _all, _text: None,
) -> Removal:
    """Looks which published examples hold rows with one of the values in a column. Changes nothing.

    Args:
        store: The store.
        workspace: The root; examples elsewhere are named, not looked into.
        column: The column.
        values: The values.
        delete_all: Whether everything that was made from them is to be deleted, and not only other examples.
        progress: Told how many artifacts were looked into, of how many, and which is next.

    Raises:
        UsageError: No examples have such a column.
    """
    from penstock.data.row_removal import count_in_examples

    holdings, _ = store.retention.survey(0)
    every = sorted(store.retention.examples())
    found: dict[int, dict[str, int]] = {}
    unread: list[Unread] = []
    known = False
    for at, one in enumerate(every):
        progress(at, len(every), f"Examples {one}")
        holding = holdings.get(one)
        if holding is None or not workspace.has(holding.uri):
            where = store.artifact(one).uri
            unread.append(Unread(f"Examples {one} at {where}", "not a payload of this pipeline root"))
            continue
        try:
            rows = count_in_examples(Path(workspace.local(holding.uri)), column, values)
        except (DataError, StorageError) as error:
            unread.append(Unread(f"Examples {one} at {holding.uri}", error.message))
            continue
        known = known or rows is not None
        if rows and sum(rows.values()):
            found[one] = rows
    if every and not known:
        raise UsageError(f"No examples have a column {column!r}.", hint="Names of columns are exact.", column=column)
    below = store.retention.replaced(found) if found else set()
    first = {one: rows for one, rows in found.items() if one not in _below(store, found)}
    held = tuple(_held(store, holdings[one], rows) for one, rows in first.items())
    sources, unread_files = _sources(store, [one.id for one in held], column, values)
    return Removal(
        column,
        len(values),
        held,
        tuple(_derived(store, below | set(found) - set(first), set(every), delete_all=delete_all)),
        sources,
        (*unread, *unread_files),
        frozenset(every),
        delete_all,
    )


def _below(store: Store, found: Mapping[int, Any]) -> set[int]:
    """Those of the examples that were made from others of them: they are rebuilt from what replaces those."""
    return {one for other in found for one in store.retention.replaced([other])} & set(found)


def _held(store: Store, found: Holding, rows: Mapping[str, int]) -> Held:
    source = store.retention.source_of(found.id)
    return Held(found.id, found.node_id, found.run_id, found.pipeline, found.uri, source, rows)


def _derived(store: Store, below: set[int], examples: set[int], *, delete_all: bool) -> list[Derived]:
    derived = []
    for one in sorted(below):
        found = store.artifact(one)
        if found.state == "LIVE":
            pushed = str(found.custom_properties.get("pushed_destination") or "")
            names = (found.node_id or "", found.run_id or "")
            derived.append(Derived(one, found.type, *names, delete_all or one in examples, pushed))
    return derived


def _sources(
    store: Store, held: Sequence[int], column: str, values: Values
) -> tuple[tuple[Source, ...], tuple[Unread, ...]]:
    """The input files that the examples were made from, and that have such rows now."""
    from penstock.data.row_removal import count_in_csv

    paths: dict[str, None] = {}
    for one in held:
        known = store.provenance(store.lineage(one, "up").executions)
        paths |= {file.path: None for read in known.values() for several in read.files.values() for file in several}
    sources, unread = [], []
    for path in paths:
        if is_remote(path):
            unread.append(Unread(path, "it does not lie on this machine"))
            continue
        if not Path(path).exists():
            continue
        try:
            rows = count_in_csv(Path(path), column, values)
        except DataError as error:
            unread.append(Unread(path, error.message))
            continue
        if rows:
            sources.append(Source(path, rows))
    return tuple(sources), tuple(unread)


def forget(
    store: Store,
    workspace: Workspace,
    planned: Removal,
    values: Values,
    progress: Progress = lambda _done, _all, _text: None,
) -> Done:
    """Does what was planned, as a whole or not at all.

    Raises:
        StoreError: A run is using what would go, or published examples meanwhile. Nothing is changed.
        StorageError: The root cannot be written. Nothing is changed.
    """
    if not planned.held:
        return Done(0, 0)
    used = store.retention.in_use()
    for touched in (*(one.id for one in planned.held), *(one.id for one in planned.derived)):
        if touched in used:
            raise UsageError(
                f"Run {used[touched]} is using artifact {touched}.",
                hint="Nothing was changed. Do it again when the run has ended.",
            )
    begun: list[tuple[Lease, Place]] = []
    replacements: list[Replacement] = []
    try:
        for source_id, together in _by_execution(planned.held).items():
            names = {one: name for name, one in store.retention.outputs_of(source_id).items()}
            read = {names[one.id]: one.id for one in together}
            places = workspace.place(together[0].pipeline, together[0].node_id)
            lease = store.retention.begin_removal(source_id, read, places.noted)
            place = places(lease.execution_id)
            begun.append((lease, place))
            place.make()
            outputs = {}
            for one in together:
                progress(len(replacements), len(planned.held), f"Examples {one.id}")
                outputs[names[one.id]] = _copied(store, workspace, place, names[one.id], one, planned.column, values)
            replacements.append((lease, source_id, outputs))
        policy = f"{FORGET} --column {planned.column}"
        held = [one.id for one in planned.held]
        marked = store.retention.commit_removal(
            replacements, held, planned.looked_at, policy, delete_all=planned.delete_all
        )
    except BaseException as error:
        _undo(store, workspace, begun, error)
        raise
    for _, place in begun:
        workspace.finish(place)
    return delete_marked(store, workspace, marked, progress)


def _by_execution(held: Sequence[Held]) -> dict[int, list[Held]]:
    found: dict[int, list[Held]] = {}
    for one in held:
        found.setdefault(one.execution_id, []).append(one)
    return found


def _copied(
    store: Store, workspace: Workspace, place: Place, name: str, one: Held, column: str, values: Values
) -> NewArtifact:
    """The examples without the rows, sealed and not yet published."""
    from penstock.data.row_removal import copy_without
    from penstock.metadata.records import NewArtifact

    before = store.artifact(one.id)
    target = place.directory / name
    target.mkdir()
    copy_without(Path(workspace.local(one.uri)), target, column, values)
    properties, custom = dict(before.properties), dict(before.custom_properties)
    copy = Examples(str(target), properties=properties, custom_properties=custom)
    content = typed_content(copy)
    copy.uri = workspace.seal(place, name, content)
    return NewArtifact.of(copy, digest=content.digest, size=content.size, algorithm=content.algorithm)


def _undo(store: Store, workspace: Workspace, begun: Sequence[tuple[Lease, Place]], error: BaseException) -> None:
    """Removes what was written; whatever refuses, the first error is the one told, and the next sweep tries again."""
    for lease, place in begun:
        cleared = False
        try:
            cleared = workspace.discard(place)
        except StorageError as second:
            error.add_note(f"{place.uri} could not be removed: {second}")
        told = error if isinstance(error, PenstockError) else None
        try:
            store.fail(lease, error=told, cleared=cleared)
        except PenstockError as second:
            error.add_note(f"The failure could not be recorded: {second}")
