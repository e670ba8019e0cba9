"""Why a node runs: what its key was made of compared with what it was made of before.

The planner beforehand, the launcher in the run and `penstock why` afterwards all compare with `changes` and tell it
with `reason_to_run`, so that they never say different things.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from penstock.events import NEVER_RAN
from penstock.orchestration.code import IMPORTS, MODULE_LEVEL, ORDER
from penstock.orchestration.key import cache_key
from penstock.orchestration.plan import PlanNode

if TYPE_CHECKING:
    from penstock.metadata.records import CachedResult, Collected, KeyedExecution
    from penstock.metadata.store import Store

__all__ = ["Change", "Reason", "changes", "compared", "reason_to_run", "told", "without"]

Kind = Literal["component", "version", "code", "library", "parameter", "data", "input", "output", "answer"]
Sources = Mapping[str, Mapping[str, str]]

_TOLD = 3
_LONGEST_VALUE = 40
_UNREADABLE = "(text)"


@dataclass(frozen=True)
class Change:
    """One difference between two keys.

    Attributes:
        kind: Which part of the key differs.
        name: What exactly: ``features.py: preprocessing_fn``, ``train_args.num_steps``, an input's name.
        before: What it was: a value, a version or a digest; None if there was none.
        after: What it is now.
        text: The difference in words.
    """

    kind: Kind
    name: str
    before: Any
    after: Any
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class Reason:
    """Why a node runs: in a few words, every difference, and the run that it was compared with, if there was one."""

    text: str
    changes: tuple[Change, ...] = ()
    since: str | None = None


def changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    sources: Callable[[Sequence[str]], Sources],
    node: PlanNode | None = None,
) -> list[Change]:
    """What differs between the parts of two keys, what people can act on first.

    Args:
        before: The parts of the earlier key, see `penstock.orchestration.key.key_parts`.
        after: Those of the later one; parts that it does not have are not compared.
        sources: Gives the digests within source files, by the files' digests.
        node: The node, for the names of files and of the nodes that its inputs come from.
    """
    found: list[Change] = []
    for part, compare in (
        ("component", _component),
        ("version", _version),
        ("parameters", _parameters),
        ("data", _data),
        ("files", _files),
        ("inputs", _inputs),
        ("outputs", _outputs),
        ("libraries", _libraries),
        ("answer", _answer),
    ):
        if part in after and not _same(before.get(part), after[part]):
            found += compare(before.get(part), after[part], node)
    if "code" in after and before.get("code") != after["code"]:
        python = _is_other_python(before, after)
        code = [] if python else list(_code(before.get("code") or {}, after["code"], sources))
        found += sorted(code, key=lambda change: change.name.startswith("penstock/"))
    return found


def told(found: Sequence[Change], most: int = _TOLD) -> str:
    """Differences in a few words."""
    words = "; ".join(change.text for change in found[:most])
    return f"{words}; and {len(found) - most} more" if len(found) > most else words


def reason_to_run(  # noqa: PLR0911, PLR0913 - a return for each reason; what there is to know of a node that will run
    store: Store | None,
    pipeline: str,
    node: PlanNode,
    parts: Mapping[str, Any],
    sources: Sources,
    *,
    forced: bool = False,
    unusable: CachedResult | None = None,
    leaves_effects: bool = False,
    unknown: Collection[str] = (),
) -> Reason:
    """Why a node runs and is not reused.

    Args:
        store: Where its earlier executions are; None where there is no store yet.
        pipeline: The pipeline's name.
        node: The node.
        parts: What its key is made of.
        sources: The digests within the source files of its code, by the files' digests.
        forced: Whether the cache was not to be used.
        unusable: A result under the same key that cannot be taken.
        leaves_effects: Whether the component asks the world outside if its result still holds.
        unknown: Inputs and parameters that are not made yet: they are not compared.
    """
    if forced:
        return Reason("--no-cache asks for it")
    if unusable is not None and leaves_effects:
        return Reason(f"what is outside the store is not as run {unusable.run_id} left it", since=unusable.run_id)
    if unusable is not None:
        return Reason(f"the payload that run {unusable.run_id} left is gone or damaged", since=unusable.run_id)
    collected = store.retention.of_key(cache_key(parts)) if store is not None and not unknown else None
    if collected is not None:
        return _collected(*collected)
    earlier = store.keyed_executions(pipeline=pipeline, node=node.id) if store is not None else []
    if store is None or not earlier:
        return Reason(NEVER_RAN)
    last = earlier[0]
    found = compared(store, replace(last, parts=without(last.parts, unknown)), without(parts, unknown), sources, node)
    if found:
        return Reason(told(found), tuple(found), last.run_id)
    collected = store.retention.of_key(last.key)
    if collected is not None:
        return _collected(*collected)
    return Reason(_without_result(last), since=last.run_id)


def _collected(run_id: str, how: Collected) -> Reason:
    return Reason(f"what run {run_id} made was {how.words}", since=run_id)


def without(parts: Mapping[str, Any], unknown: Collection[str]) -> dict[str, Any]:
    """The parts of a key without some inputs and parameters."""
    return {
        **parts,
        **{
            part: {name: value for name, value in parts[part].items() if name not in unknown}
            for part in ("inputs", "parameters")
        },
    }


def compared(
    store: Store, last: KeyedExecution, parts: Mapping[str, Any], sources: Sources, node: PlanNode | None
) -> list[Change]:
    """What differs between an earlier execution's key and a key whose sources may not be in the store yet."""

    def known(digests: Sequence[str]) -> Sources:
        return {**store.sources(digests), **sources}

    return changes(last.parts, parts, known, node)


def _without_result(last: KeyedExecution) -> str:
    if last.state in ("FAILED", "CANCELED"):
        return f"it {last.state.lower()} in run {last.run_id}"
    if last.state == "RUNNING":
        return f"it has not ended in run {last.run_id}"
    return f"what it made in run {last.run_id} is no longer in the store"


def _component(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    yield Change("component", "component", before, after, f"the component is {after}, was {before}")


def _version(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    yield Change("version", "version", before, after, f"component version {before} -> {after}")


def _parameters(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    for name, old, new in _leaves(before or {}, after, ""):
        if old is _ABSENT:
            yield Change("parameter", name, None, new, f"{name} is new: {_short(new)}")
        elif new is _ABSENT:
            yield Change("parameter", name, old, None, f"{name} is gone, was {_short(old)}")
        elif name == "span" and old is not None and new is not None and type(old) is type(new) and new > old:
            yield Change("parameter", name, old, new, f"span {new} is new, the last was {old}")
        else:
            yield Change("parameter", name, old, new, f"{name} {_short(old)} -> {_short(new)}")


_ABSENT = object()


def _leaves(before: Any, after: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """The innermost differences of two JSON values, with the way to each; lists are compared as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            inner = f"{name}.{key}" if name else str(key)
            yield from _leaves(before.get(key, _ABSENT), after.get(key, _ABSENT), inner)
    elif before is _ABSENT or after is _ABSENT or not _same(before, after):
        yield name, before, after


def _same(before: Any, after: Any) -> bool:
    """Whether two values give the same key: to Python 1, 1.0 and true are equal."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _data(before: Any, after: Any, node: PlanNode | None) -> Iterator[Change]:
    for name, old, new in _leaves(before or {}, after, ""):
        parameter, _, part = name.partition(".")
        path = node.parameters.get(parameter) if node is not None else None
        path = path.get(part) if isinstance(path, Mapping) else path
        file = PurePath(str(path)).name if path else "the data"
        yield Change("data", name, _or_none(old), _or_none(new), f"{file} changed ({name})")


def _files(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    for name in dict.fromkeys([*(before or {}), *after]):
        old, new = (before or {}).get(name), after.get(name)
        if old != new:
            how = "is declared now" if old is None else "is no longer declared" if new is None else "changed"
            yield Change("data", name, old, new, f"the data file {name} {how}")


def _inputs(before: Any, after: Any, node: PlanNode | None) -> Iterator[Change]:
    for name in dict.fromkeys([*(before or {}), *after]):
        old, new = (before or {}).get(name), after.get(name)
        if old == new:
            continue
        source = node.inputs.get(name) if node is not None else None
        of = f" from {source.node}" if source is not None else ""
        how = f"there is {name} now" if old is None else f"there is no {name} now" if new is None else f"other {name}"
        yield Change("input", name, old, new, f"{how}{of}")


def _outputs(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    for name, old, new in _leaves(before or {}, after, ""):
        yield Change("output", name, _or_none(old), _or_none(new), f"the output {name} changed its type")


def _libraries(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    for name, old, new in _leaves(before or {}, after, ""):
        if old is _ABSENT:
            text = f"{name} {new} is used now"
        elif new is _ABSENT:
            text = f"{name} is no longer used"
        else:
            text = f"{name} {old} -> {new}"
        yield Change("library", name, _or_none(old), _or_none(new), text)


def _answer(before: Any, after: Any, _node: PlanNode | None) -> Iterator[Change]:
    text = "there is no answer now" if after is None else "an answer now" if before is None else "another answer"
    yield Change("answer", "answer", before, after, text)


def _or_none(value: Any) -> Any:
    return None if value is _ABSENT else value


def _is_other_python(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the code was compiled by another Python: then every digest differs, and none of them says anything."""
    return bool((before.get("libraries") or {}).get("python") != (after.get("libraries") or {}).get("python"))


def _code(
    before: Mapping[str, str], after: Mapping[str, str], sources: Callable[[Sequence[str]], Sources]
) -> Iterator[Change]:
    differing = [label for label in dict.fromkeys([*before, *after]) if before.get(label) != after.get(label)]
    digests = [digest for label in differing for digest in (before.get(label), after.get(label)) if digest]
    known = sources(digests) if digests else {}
    for label in differing:
        old, new = before.get(label), after.get(label)
        if old is None:
            yield Change("code", label, None, new, f"{label} is used now")
        elif new is None:
            yield Change("code", label, old, None, f"{label} is no longer used")
        elif old not in known or new not in known:
            yield Change("code", label, old, new, f"{label} changed")
        else:
            yield from _names(label, known[old], known[new])


def _names(label: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    found = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    special = {IMPORTS: "its imports", MODULE_LEVEL: "module-level code", _UNREADABLE: "its text"}
    if ORDER in found and len(found) > 1:
        found.remove(ORDER)  # it differs wherever a name is new or gone
    for name in found:
        old, new = before.get(name), after.get(name)
        if name == ORDER:
            text = f"{label}: the order of its definitions changed"
        elif name in special:
            text = f"{label}: {special[name]} changed"
        else:
            how = "is new" if old is None else "is gone" if new is None else "changed"
            text = f"{label}: {name} {how}"
        yield Change("code", f"{label}: {name}", old, new, text)
