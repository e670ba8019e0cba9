"""What can be made again when payloads go: from input files that are as they were, by code that is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from penstock.errors import StorageError
from penstock.storage.input_files import InputFile, Recalling, data_files

if TYPE_CHECKING:
    from penstock.metadata.records import Derivation, Provenance
    from penstock.metadata.store import Store

__all__ = ["FORGET", "Irreproducible", "irreproducible"]

FORGET = "store forget"


@dataclass(frozen=True)
class Irreproducible:
    """A payload that stays, and that was made from payloads that go.

    Attributes:
        gone: The artifacts among what it was made from, directly, whose payloads are not there then.
        rebuildable: Whether those can be made again: every input file that they go back to is as it was.
        why: What they are made again from, or what hinders it.
        commit: The commit of the code that made them.
        dirty: Whether there were changes that no commit holds.
    """

    id: int
    type: str
    node_id: str
    run_id: str
    gone: tuple[int, ...]
    rebuildable: bool
    why: str
    commit: str | None
    dirty: bool | None


def irreproducible(store: Store, going: Collection[int]) -> tuple[Irreproducible, ...]:
    """What stays when the payloads ``going`` go, and was made from one of them; digests and lineage stay anyway."""
    if not going:
        return ()
    derivations = store.retention.derivations()
    maker = {one: derivation for derivation in reversed(derivations) for one in derivation.outputs}
    live = set(store.retention.uris(without=going, live=True))
    touched: dict[int, set[int]] = {}
    for derivation in derivations:
        lost = tuple(one for one in derivation.inputs if one not in live)
        if lost and any(one in live for one in derivation.outputs):
            above = _needed(lost, maker, live)
            if not above.isdisjoint(going):
                touched[derivation.execution_id] = above
    if not touched:
        return ()
    needed = {maker[one].execution_id for above in touched.values() for one in above if one in maker}
    obstacles = _Obstacles(store, needed | touched.keys())
    hindered = obstacles.of_artifacts(derivations, live)
    found = []
    for derivation in derivations:
        if derivation.execution_id not in touched:
            continue
        lost = tuple(one for one in derivation.inputs if one not in live)
        obstacle = next((hindered[one] for one in lost if hindered.get(one, "")), "")
        own = obstacles.provenance.get(derivation.execution_id)
        for one in derivation.outputs:
            if one in live:
                kind = store.artifact(one).type
                why = obstacle or obstacles.source({maker[a].execution_id for a in touched[derivation.execution_id]})
                names = (one, kind, derivation.node_id, derivation.run_id)
                commit = (own.git_commit, own.dirty) if own else (None, None)
                found.append(Irreproducible(*names, lost, not obstacle, why, *commit))
    return tuple(found)


def _needed(lost: Collection[int], maker: Mapping[int, Derivation], live: Collection[int]) -> set[int]:
    """What must be made again to have these again."""
    found: set[int] = set()
    ahead = list(lost)
    while ahead:
        one = ahead.pop()
        if one not in found and one not in live:
            found.add(one)
            ahead += maker[one].inputs if one in maker else ()
    return found


class _Obstacles:
    """What hinders executions from being repeated; each input file is looked at once."""

    def __init__(self, store: Store, execution_ids: Collection[int]) -> None:
        self.wanted = set(execution_ids)
        self.provenance: Mapping[int, Provenance] = store.provenance(execution_ids)
        self._memory = Recalling(store)
        self._files: dict[InputFile, str] = {}
        self._store = store

    def of_artifacts(self, derivations: Collection[Derivation], live: Collection[int]) -> dict[int, str]:
        """What hinders each artifact that is not there from being made again; empty where nothing does."""
        every = [one for derivation in derivations for one in derivation.outputs]
        removed = {one for one, how in self._store.retention.collected(every).items() if how.policy.startswith(FORGET)}
        found: dict[int, str] = {}
        for derivation in derivations:
            if derivation.execution_id not in self.wanted:
                continue
            hindrance = next((found[one] for one in derivation.inputs if one not in live and found.get(one)), "")
            hindrance = hindrance or self._of(derivation)
            for one in derivation.outputs:
                found[one] = f"rows were removed from artifact {one}" if one in removed else hindrance
        return found

    def _of(self, derivation: Derivation) -> str:
        known = self.provenance.get(derivation.execution_id)
        if known is None or known.parts is None:
            return f"it is not known what {derivation.node_id} read in run {derivation.run_id}"
        for name in known.parts.get("data") or {}:
            if name not in known.files:
                return f"it is not known which files {derivation.node_id} read in run {derivation.run_id}"
        return next((why for several in known.files.values() for file in several if (why := self._of_file(file))), "")

    def _of_file(self, file: InputFile) -> str:
        if file not in self._files:
            try:
                now = data_files(file.path, self._memory)
            except StorageError:
                now = []
            same = [one.digest for one in now] == [file.digest]
            self._files[file] = "" if same else f"{PurePath(file.path).name} {'has changed' if now else 'is gone'}"
        return self._files[file]

    def source(self, execution_ids: Collection[int]) -> str:
        """The input files that executions read, in a few words."""
        names = {
            PurePath(file.path).name
            for one in execution_ids
            if one in self.provenance
            for several in self.provenance[one].files.values()
            for file in several
        }
        shown = ", ".join(sorted(names)[:3]) + (" ..." if len(names) > 3 else "")
        return f"from {shown}, unchanged" if names else "from what is there"
