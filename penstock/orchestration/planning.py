"""What a run would do, told before it: for each node reuse, run, or that it depends on an output not yet made.

Nothing is run and nothing is changed. Whether a result can be reused, and why not, is asked of the same functions
that the launcher asks, so that the run does what the plan said.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from penstock.dsl import Component
from penstock.orchestration.history import Change, Reason, reason_to_run, without
from penstock.orchestration.key import cache_key, key_parts, sources_of
from penstock.orchestration.launcher import answer_in_words, usable, value_of
from penstock.orchestration.plan import Plan, PlanNode, checked_nodes, load_component, make_plan, resolved
from penstock.orchestration.project import Project
from penstock.orchestration.workspace import Workspace
from penstock.storage.input_files import Recalling

if TYPE_CHECKING:
    from penstock.metadata.records import CachedResult, StoredArtifact
    from penstock.metadata.store import Store

__all__ = ["Action", "Planned", "PlannedNode", "Push", "plan_project"]

Action = Literal["reuse", "run", "depends", "skip"]

_CANDIDATES = 100


@dataclass(frozen=True)
class Push:
    """What a node would put outside the store.

    Attributes:
        destination: Where to.
        is_current: Whether the destination is as the node's last result left it; None if that cannot be known yet.
    """

    destination: str
    is_current: bool | None


@dataclass(frozen=True)
class PlannedNode:
    """What a run would do with one node.

    Attributes:
        action: ``depends``: it is reused or run, as an output turns out that is not made yet. ``skip``: a gate holds
            it back.
        reason: Why, in a few words.
        changes: What differs from the execution that it was compared with.
        run: The run whose result is reused, or that it was compared with.
        waits_on: The outputs not yet made that it reads, as ``node.output``.
        seconds: How long it took as a rule when it ran; None if it never did.
        bytes: How much it wrote as a rule, likewise.
        push: Set for a node that writes outside the store.
        resolved: What parameters turned out to be that are told now and not written, such as the newest span.
    """

    id: str
    component: str
    action: Action
    reason: str
    changes: tuple[Change, ...] = ()
    run: str | None = None
    waits_on: tuple[str, ...] = ()
    seconds: float | None = None
    bytes: int | None = None
    push: Push | None = None
    resolved: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """What a run would do, node by node, in an order in which each comes after what it waits for."""

    pipeline: str
    graph: Mapping[str, Sequence[str]]
    nodes: tuple[PlannedNode, ...]

    def count(self, action: Action) -> int:
        """How many nodes it would do this with."""
        return sum(node.action == action for node in self.nodes)

    @property
    def changes_something(self) -> bool:
        """Whether anything would run, or may."""
        return any(node.action in ("run", "depends") for node in self.nodes)

    def seconds(self, *actions: Action) -> float:
        """What the nodes with these actions took as a rule, one after another; those that never ran count nothing."""
        return sum(node.seconds or 0.0 for node in self.nodes if node.action in actions)

    def bytes(self, *actions: Action) -> int:
        """What the nodes with these actions wrote as a rule."""
        return sum(node.bytes or 0 for node in self.nodes if node.action in actions)

    @property
    def unknown(self) -> list[str]:
        """Nodes that would or may run, and of which no time is known."""
        return [node.id for node in self.nodes if node.action in ("run", "depends") and node.seconds is None]

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "pipeline": self.pipeline,
            "changes": self.changes_something,
            "nodes": [asdict(node) | {"upstream": list(self.graph[node.id])} for node in self.nodes],
            "totals": {
                **{action: self.count(action) for action in ("reuse", "run", "depends", "skip")},
                "seconds": {"least": self.seconds("run"), "most": self.seconds("run", "depends")},
                "bytes": {"least": self.bytes("run"), "most": self.bytes("run", "depends")},
                "unknown": self.unknown,
            },
            "pushes": [{"node": node.id, **asdict(node.push)} for node in self.nodes if node.push],
        }


def plan_project(project: Project, *, no_cache: bool | Collection[str] = False) -> Planned:
    """What `run_project` would do now with the same arguments. Reads the store, if there is one; writes nothing.

    Raises:
        UsageError: ``no_cache`` names a node that there is none of.
        StoreError: The store cannot be read.
    """
    from penstock.metadata.store import open_store, store_exists

    plan = make_plan(project.pipeline, project.directory)
    profile = project.config.profile
    there = store_exists(profile.metadata)
    with open_store(profile.metadata, read_only=True) if there else nullcontext() as store:
        planner = _Planner(plan, project, store, no_cache=checked_nodes(plan, no_cache=no_cache))
        nodes = tuple(planner.planned(node) for node in plan.nodes)
    return Planned(plan.pipeline, {node.id: node.upstream for node in plan.nodes}, nodes)


@dataclass
class _Reads:
    """What a node reads: what is there already, and what is not made yet."""

    inputs: dict[str, StoredArtifact] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def waits_on(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.unknown.values()))


class _Planner:
    """Goes through the nodes in order, and knows of each that went before what it would do and put out."""

    def __init__(self, plan: Plan, project: Project, store: Store | None, *, no_cache: bool | Collection[str]) -> None:
        self.plan = plan
        self.directory = project.directory
        self.workspace = Workspace(project.config.profile.pipeline_root)
        self.store = store
        self.memory = Recalling(store) if store is not None else None
        self.no_cache = no_cache
        self.outputs: dict[str, Mapping[str, list[StoredArtifact]] | None] = {}
        self.held_back: dict[str, str] = {}

    def planned(self, node: PlanNode) -> PlannedNode:
        """What a run would do with a node, all those before it having been asked for already."""
        held = next((self.held_back[name] for name in node.upstream if name in self.held_back), None)
        if held is not None:
            self.held_back[node.id] = f"{node.id} skipped"
            self.outputs[node.id] = {}
            return PlannedNode(node.id, node.component, "skip", held)
        component = load_component(node.ref, self.directory)
        reads = self._reads(node)
        written, node = node, resolved(node, component, reads.values, self.directory)
        parts = self._parts(node, component, reads)
        if node.query is not None:
            return self._resolver(node, reads, parts)
        if reads.unknown:
            return self._undecided(node, component, reads, parts)
        told = {
            name: value
            for name, value in node.parameters.items()
            if value != written.parameters[name] and component.parameters[name].kind is None
        }
        return replace(self._decided(node, component, reads, parts), resolved=told)

    def _reads(self, node: PlanNode) -> _Reads:
        reads = _Reads()
        for name, source in node.inputs.items():
            made = self.outputs[source.node]
            if made is None:
                reads.unknown[name] = f"{source.node}.{source.output}"
            elif made.get(source.output):
                reads.inputs[name] = made[source.output][0]
        for name, source in node.values.items():
            made = self.outputs[source.node]
            if made is None:
                reads.unknown[name] = f"{source.node}.{source.output}"
            else:
                reads.values[name] = value_of(made[source.output][0], self.workspace)
        return reads

    def _parts(self, node: PlanNode, component: Component, reads: _Reads) -> dict[str, Any]:
        digests = {name: found.digest or "" for name, found in reads.inputs.items()}
        return key_parts(node, component, digests, reads.values, self.directory, self.memory)

    def _forced(self, node: PlanNode) -> bool:
        return self.no_cache is True or (self.no_cache is not False and node.id in self.no_cache)

    def _decided(self, node: PlanNode, component: Component, reads: _Reads, parts: Mapping[str, Any]) -> PlannedNode:
        """Everything that the node reads is there: it is known what will be done."""
        cached, sound = None, False
        if self.store is not None and not self._forced(node):
            cached = self._found(cache_key(parts))
            sound = cached is not None and self._usable(cached, component, node, reads.values)
        if cached is not None and sound:
            self.outputs[node.id] = cached.outputs
            if cached.blocked:
                self.held_back[node.id] = f"the gate {node.id} blocks"
            push = self._push(node, component, is_current=True)
            words = f"unchanged since run {cached.run_id}"
            return PlannedNode(node.id, node.component, "reuse", words, run=cached.run_id, push=push)
        self.outputs[node.id] = None
        reason = self._reason(node, component, parts, unusable=cached)
        return self._runs(node, component, reason, is_current=False)

    def _undecided(self, node: PlanNode, component: Component, reads: _Reads, parts: Mapping[str, Any]) -> PlannedNode:
        """Something that the node reads is not made yet: it runs at any rate, or if that turns out another."""
        self.outputs[node.id] = None
        like, unusable = (None, None) if self._forced(node) else self._alike(node, component, reads, parts)
        if like is None:
            reason = self._reason(node, component, parts, unusable=unusable, unknown=reads.unknown)
            return self._runs(node, component, reason, waits_on=reads.waits_on)
        turn = "turn" if len(reads.waits_on) > 1 else "turns"
        words = f"reused if {' and '.join(reads.waits_on)} {turn} out as in run {like.run_id}"
        return self._runs(node, component, Reason(words, since=like.run_id), action="depends", waits_on=reads.waits_on)

    def _alike(
        self, node: PlanNode, component: Component, reads: _Reads, parts: Mapping[str, Any]
    ) -> tuple[CachedResult | None, CachedResult | None]:
        """A result that would be reused if what is not yet made turned out as it was then, or else one that is gone."""
        if self.store is None:
            return None, None
        gone = None
        wanted = cache_key(without(parts, reads.unknown))
        for earlier in self.store.keyed_executions(component=node.component, limit=_CANDIDATES):
            if cache_key(without(earlier.parts, reads.unknown)) == wanted:
                cached = self._found(earlier.key)
                if cached is not None and self._whole(cached, component):
                    return cached, None
                gone = gone or cached
        return None, gone

    def _found(self, key: str) -> CachedResult | None:
        """A result, as the run will find it: where its payloads lie now, if the root was moved."""
        cached = self.store.find_cached(key) if self.store is not None else None
        if cached is None:
            return None
        outputs = {name: [self._located(one) for one in several] for name, several in cached.outputs.items()}
        return replace(cached, outputs=outputs)

    def _located(self, artifact: StoredArtifact) -> StoredArtifact:
        moved = self.workspace.moved(artifact.uri)
        return artifact if moved is None else replace(artifact, uri=moved)

    def _whole(self, cached: CachedResult, component: Component) -> bool:
        if component.is_current is not None:  # it is asked when its parameters are known
            return True
        return all(self.workspace.is_whole(one.uri) for several in cached.outputs.values() for one in several)

    def _resolver(self, node: PlanNode, reads: _Reads, parts: Mapping[str, Any]) -> PlannedNode:
        """A resolver's query is answered now, if it is known what it may not be answered with."""
        assert node.query is not None
        query = node.query
        if reads.unknown:
            self.outputs[node.id] = None
            words = f"asks when {', '.join(reads.waits_on)} is made"
            return PlannedNode(node.id, node.component, "depends", words, waits_on=reads.waits_on, seconds=0.0, bytes=0)
        other = reads.inputs.get(query["other_than"]) if query["other_than"] else None
        answer = None
        if self.store is not None:
            answer = self.store.resolve(
                self.plan.pipeline,
                query["type"],
                blessed=query["blessed"],
                other_than=other,
                predecessor=query.get("predecessor", False),
                window=query.get("window", False),
            )
        self.outputs[node.id] = {query["output"]: [self._located(answer)] if answer else []}
        words = answer_in_words(query, answer)
        key = cache_key({**parts, "answer": answer.digest if answer else None})
        if self.store is not None and self.store.was_answered(key):
            return PlannedNode(node.id, node.component, "reuse", f"same answer: {words}")
        return PlannedNode(node.id, node.component, "run", f"answer: {words}", seconds=0.0, bytes=0)

    def _usable(self, cached: CachedResult, component: Component, node: PlanNode, values: Mapping[str, Any]) -> bool:
        return usable(cached, component, node, values, self.workspace, self.directory)

    def _reason(
        self,
        node: PlanNode,
        component: Component,
        parts: Mapping[str, Any],
        *,
        unusable: CachedResult | None = None,
        unknown: Collection[str] = (),
    ) -> Reason:
        return reason_to_run(
            self.store,
            self.plan.pipeline,
            node,
            parts,
            sources_of(node, component, self.directory),
            forced=self._forced(node),
            unusable=unusable,
            leaves_effects=component.is_current is not None,
            unknown=unknown,
        )

    def _runs(
        self,
        node: PlanNode,
        component: Component,
        reason: Reason,
        *,
        action: Action = "run",
        waits_on: tuple[str, ...] = (),
        is_current: bool | None = None,
    ) -> PlannedNode:
        costs = self.store.costs(self.plan.pipeline, node.id) if self.store is not None else []
        return PlannedNode(
            node.id,
            node.component,
            action,
            reason.text,
            reason.changes,
            reason.since,
            waits_on,
            statistics.median(cost.seconds for cost in costs) if costs else None,
            round(statistics.median(cost.bytes for cost in costs)) if costs else None,
            self._push(node, component, is_current=is_current),
        )

    def _push(self, node: PlanNode, component: Component, *, is_current: bool | None) -> Push | None:
        for name, value in node.parameters.items():
            if component.parameters[name].kind == "destination" and value:
                return Push(value if "://" in value else str(self.directory / value), is_current)
        return None
