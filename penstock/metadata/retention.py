"""What a store keeps of payloads, and what it lets go: pins, collections, and what stays in any case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from penstock.errors import UsageError
from penstock.metadata import artifacts, collection, kept, pins, removals
from penstock.metadata.database import Database
from penstock.metadata.mlmd.nodes import live
from penstock.metadata.owners import process_owner
from penstock.metadata.records import Collected, Derivation, Holding, Lease, Marked

__all__ = ["Retention"]


class Retention:
    """The payloads of a store; every method is one transaction. See `penstock.metadata.store.Store.retention`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pin(self, artifact_id: int, reason: str, author: str) -> None:
        """Keeps an artifact's payload whatever is collected.

        Raises:
            UsageError: There is no such artifact, or its payload is gone.
        """
        with self._database.write() as transaction:
            found = artifacts.artifact(transaction, artifact_id)
            if not live(transaction, [artifact_id]):
                why = found.collected.words if found.collected else found.state.lower()
                raise UsageError(
                    f"{found.type} {artifact_id} cannot be pinned: its payload was {why}.",
                    hint="Make it again, and pin what that makes: penstock run.",
                )
            pins.put(transaction, artifact_id, reason, author, pinned=True)

    def unpin(self, artifact_id: int, reason: str, author: str) -> None:
        """Takes an artifact's pin out; one that has none is a `UsageError`."""
        with self._database.write() as transaction:
            found = artifacts.artifact(transaction, artifact_id)
            if found.pin is None:
                raise UsageError(f"{found.type} {artifact_id} is not pinned.", hint="See: penstock artifacts list.")
            pins.put(transaction, artifact_id, reason, author, pinned=False)

    def now(self) -> int:
        """The time by which the store's own times are told, in milliseconds since the epoch."""
        with self._database.read() as transaction:
            return transaction.now

    def survey(self, keep_last: int, *, keep_inputs: bool = False) -> tuple[dict[int, Holding], dict[int, str]]:
        """The payloads there are, and those that stay, each with why; see `kept.kept`."""
        with self._database.read() as transaction:
            return kept.holdings(transaction), kept.kept(transaction, keep_last, keep_inputs=keep_inputs)

    def results(self, artifact_ids: Collection[int]) -> list[tuple[int, ...]]:
        """The artifacts that were published together: of any of them only all can be reused."""
        with self._database.read() as transaction:
            return kept.results(transaction, artifact_ids)

    def derivations(self) -> list[Derivation]:
        """Every execution of ours that did its work, in an order in which what one reads was made before it."""
        with self._database.read() as transaction:
            return kept.derivations(transaction)

    def collected(self, artifact_ids: Iterable[int]) -> dict[int, Collected]:
        """What was done with payloads, by artifact; those of which nothing was done are left out."""
        with self._database.read() as transaction:
            return collection.collected(transaction, artifact_ids)

    def mark(self, wanted: Mapping[int, str], keep_last: int, *, keep_inputs: bool = False) -> list[Marked]:
        """Marks payloads for deletion, but for those that stay, and that a run has begun to use since they were chosen.

        Args:
            wanted: The policy that each falls to, by artifact.
            keep_last: See `kept.kept`.
            keep_inputs: The same.

        Returns:
            What is marked now. From here on none of it is given out, and it is to be deleted and `finish` called.
        """
        with self._database.write(durable=True) as transaction:
            # Who reuses one looks at its state and records the use in one transaction, too: one of us sees the other.
            stays = kept.kept(transaction, keep_last, keep_inputs=keep_inputs)
            return collection.mark(transaction, wanted, process_owner(), stays)

    def unfinished(self) -> list[Marked]:
        """What was marked by a process that died before it was deleted."""
        with self._database.read() as transaction:
            return collection.unfinished(transaction)

    def finish(self, artifact_ids: Collection[int]) -> None:
        """Says that payloads are deleted, once they are. Digests and lineage stay."""
        with self._database.write() as transaction:
            collection.finish(transaction, artifact_ids)

    def of_key(self, key: str) -> tuple[str, Collected] | None:
        """The run that made what a cache key leads to, and what was done with it; nothing if nothing was."""
        with self._database.read() as transaction:
            return collection.of_key(transaction, key)

    def uris(self, *, without: Iterable[int] = (), live: bool = False) -> dict[int, str]:
        """Where every artifact lies that is not deleted, or is LIVE, those of other programs included, by artifact."""
        left = set(without)
        with self._database.read() as transaction:
            return {one: uri for one, uri in collection.uris(transaction, live=live).items() if one not in left}

    # Removing rows.

    def examples(self) -> set[int]:
        """Every LIVE artifact of type Examples, of whatever program."""
        with self._database.read() as transaction:
            return removals.examples(transaction)

    def source_of(self, artifact_id: int) -> int:
        """The last execution whose result a holding is part of."""
        with self._database.read() as transaction:
            return removals.source_of(transaction, artifact_id)

    def outputs_of(self, execution_id: int) -> dict[str, int]:
        """The artifacts that an execution made, by output."""
        with self._database.read() as transaction:
            return removals.outputs_of(transaction, execution_id)

    def replaced(self, artifact_ids: Collection[int]) -> set[int]:
        """What must be rebuilt when these artifacts are replaced; see `removals.replaced`."""
        with self._database.read() as transaction:
            return removals.replaced(transaction, artifact_ids)

    def in_use(self) -> dict[int, str]:
        """What runs that are under way have read, made or reused, by artifact with the run."""
        with self._database.read() as transaction:
            return kept.in_use(transaction)

    def begin_removal(self, source_id: int, read: Mapping[str, int], writes: Callable[[int], tuple[str, str]]) -> Lease:
        """Begins the execution that will replace artifacts of a result; see `removals.begin`."""
        with self._database.write(durable=True) as transaction:
            return removals.begin(transaction, source_id, read, writes)

    def commit_removal(
        self,
        replacements: Sequence[removals.Replacement],
        held: Collection[int],
        looked_at: Collection[int],
        policy: str,
        *,
        delete_all: bool,
    ) -> list[Marked]:
        """Replaces the artifacts that hold rows, all at once; see `removals.commit`."""
        with self._database.write(durable=True) as transaction:
            return removals.commit(transaction, replacements, held, looked_at, policy, delete_all=delete_all)
