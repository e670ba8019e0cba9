"""Collecting payloads that nothing needs: what can go and why, what could not be made again, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import StorageError, UsageError
from penstock.orchestration.rebuilding import Irreproducible, irreproducible
from penstock.orchestration.workspace import Workspace

if TYPE_CHECKING:
    from penstock.metadata.records import Holding, Marked
    from penstock.metadata.store import Store

__all__ = ["Collection", "Done", "Policy", "collect", "delete_marked", "finish_collections", "planned_collection"]

_AT_ONCE = 50
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Policy:
    """What a collection may take.

    Attributes:
        keep_last: Runs of each pipeline that ended well whose payloads stay.
        older_than_ms: Only what nothing made, read or reused for so long.
        max_bytes: Only so much, what was used longest ago first, that no more than this is left.
        keep_inputs: Leave also what the kept payloads were made from.
        name: The policy as it was typed.
    """

    keep_last: int = 5
    older_than_ms: int | None = None
    max_bytes: int | None = None
    keep_inputs: bool = False
    name: str = "store gc"


@dataclass(frozen=True)
class Going:
    """A payload that a collection takes, and why it may."""

    id: int
    type: str
    pipeline: str
    node_id: str
    run_id: str
    uri: str
    bytes: int
    used_ms: int
    why: str


@dataclass(frozen=True)
class Collection:
    """What a collection would do.

    Attributes:
        going: What it takes, what was used longest ago first.
        kept: Why payloads stay: for each reason how many, and how many bytes.
        elsewhere: Payloads in other roots, which this collection does not look at.
        irreproducible: Kept artifacts that were made from payloads that go, or went before.
        left_bytes: What is left in the root.
        over_bytes: By how much that is more than the size that was asked for.
    """

    root: str
    policy: Policy
    going: tuple[Going, ...]
    kept: Mapping[str, tuple[int, int]]
    elsewhere: int
    irreproducible: tuple[Irreproducible, ...]
    left_bytes: int
    over_bytes: int = 0

    @property
    def bytes(self) -> int:
        """What it frees."""
        return sum(one.bytes for one in self.going)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        value = asdict(self)
        value["kept"] = [{"why": why, "artifacts": n, "bytes": size} for why, (n, size) in self.kept.items()]
        return value | {"bytes": self.bytes}


@dataclass(frozen=True)
class Done:
    """What a collection did; ``refused`` are payloads that could not be deleted, with why: the next one tries again."""

    deleted: int
    bytes: int
    refused: tuple[str, ...] = ()
    spared: int = 0


def planned_collection(store: Store, workspace: Workspace, policy: Policy, now_ms: int) -> Collection:
    """What a collection would take, keep and make irreproducible now. Changes nothing.

    Raises:
        UsageError: The policy is not usable.
    """
    for name, value in (("--keep-last", policy.keep_last), ("--max-size", policy.max_bytes or 0)):
        if value < 0:
            raise UsageError(f"{name} is {value}, but cannot be negative.", hint="Give 0 or more.")
    there, stays = store.retention.survey(policy.keep_last, keep_inputs=policy.keep_inputs)
    here = {one: found for one, found in there.items() if workspace.has(found.uri)}
    shared = _shared({one: found.uri for one, found in here.items()}, store.retention.uris(without=here))
    stays |= dict.fromkeys(shared.difference(stays), "another artifact lies in it")
    free = [found for one, found in here.items() if one not in stays]
    chosen = _chosen(store, free, policy, now_ms, total=sum(one.bytes for one in here.values()))
    left = {one: stays.get(one, "not old enough, or not needed to reach the size") for one in here if one not in chosen}
    kept: dict[str, tuple[int, int]] = {}
    for one, why in sorted(left.items()):
        n, size = kept.get(_kind(why), (0, 0))
        kept[_kind(why)] = (n + 1, size + here[one].bytes)
    going = [_going(here[one], why) for one, why in chosen.items()]
    left_bytes = sum(here[one].bytes for one in left)
    return Collection(
        workspace.root,
        policy,
        tuple(sorted(going, key=lambda one: (one.used_ms, one.id))),
        kept,
        len(there) - len(here),
        irreproducible(store, chosen),
        left_bytes,
        max(left_bytes - policy.max_bytes, 0) if policy.max_bytes is not None else 0,
    )


def _kind(why: str) -> str:
    """A reason without what it says of the one artifact."""
    for sign in ("pinned", "in use", "of run", "of the last run", "made together"):
        if why.startswith(sign):
            return {"of run": "of the last runs", "of the last run": "of the last runs"}.get(sign, sign)
    return why


def _going(found: Holding, why: str) -> Going:
    return Going(
        found.id, found.type, found.pipeline, found.node_id, found.run_id, found.uri, found.bytes, found.used_ms, why
    )


def _chosen(store: Store, free: Sequence[Holding], policy: Policy, now_ms: int, *, total: int) -> dict[int, str]:
    """What of the payloads that may go goes, with why: results as a whole, for one alone is of no use."""
    by_id = {one.id: one for one in free}
    together = [[by_id[one] for one in members if one in by_id] for members in store.retention.results(by_id)]
    together.sort(key=lambda members: (max(one.used_ms for one in members), members[0].id))
    chosen: dict[int, str] = {}
    everything = policy.older_than_ms is None and policy.max_bytes is None
    for members in together:
        fresh = [one for one in members if one.id not in chosen]
        idle = now_ms - max(one.used_ms for one in members)
        if everything:
            why = "nothing keeps it"
        elif policy.older_than_ms is not None and idle > policy.older_than_ms:
            why = f"not used for {_days(idle)}"
        elif policy.max_bytes is not None and total > policy.max_bytes:
            why = f"over the size, not used for {_days(idle)}"
        else:
            continue
        chosen |= dict.fromkeys((one.id for one in fresh), why)
        total -= sum(one.bytes for one in fresh)
    return chosen


def _days(milliseconds: int) -> str:
    hours = milliseconds / 3_600_000
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _shared(own: Mapping[int, str], others: Mapping[int, str]) -> set[int]:
    """Payloads in which, or above which, another artifact lies: other programs may write such rows."""
    places = {uri.rstrip("/") for uri in others.values()}
    above = places.union(*map(_above, places))
    return {one for one, uri in own.items() if uri in above or not places.isdisjoint(_above(uri))}


def _above(uri: str) -> set[str]:
    parts = uri.split("/")
    return {"/".join(parts[:n]) for n in range(1, len(parts))}


def collect(
    store: Store, workspace: Workspace, planned: Collection, progress: Progress = lambda _done, _all, _text: None
) -> Done:
    """Does what was planned, but for what is in use, or was kept, since then.

    Whatever kills it: what is marked is given out no more, and the next collection or run goes on.
    """
    policy = planned.policy
    wanted = {one.id: policy.name for one in planned.going}
    marked = store.retention.mark(wanted, policy.keep_last, keep_inputs=policy.keep_inputs)
    done = delete_marked(store, workspace, marked, progress)
    return Done(done.deleted, done.bytes, done.refused, len(wanted) - len(marked))


def finish_collections(store: Store, workspace: Workspace) -> Done:
    """Deletes what a collection had marked that died; one query where none did."""
    mine = [one for one in store.retention.unfinished() if workspace.has(one.uri)]
    return delete_marked(store, workspace, mine)


def delete_marked(
    store: Store, workspace: Workspace, marked: Sequence[Marked], progress: Progress = lambda _done, _all, _text: None
) -> Done:
    """Deletes payloads that are marked, and says so in the store, some at a time."""
    refused: list[str] = []
    deleted = size = 0
    for start in range(0, len(marked), _AT_ONCE):
        gone: list[Marked] = []
        for one in marked[start : start + _AT_ONCE]:
            try:
                workspace.delete(one.uri)
            except StorageError as error:
                refused.append(str(error))
            else:
                gone.append(one)
        store.retention.finish([one.artifact_id for one in gone])
        deleted, size = deleted + len(gone), size + sum(one.bytes for one in gone)
        progress(min(start + _AT_ONCE, len(marked)), len(marked), "")
    return Done(deleted, size, tuple(refused))
