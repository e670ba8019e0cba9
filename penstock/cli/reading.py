"""What the reading commands share: finding the store, naming nodes, the graph of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import StorageError, UsageError, did_you_mean

if TYPE_CHECKING:
    from penstock.artifacts import Examples, ModelEvaluation
    from penstock.metadata import Store
    from penstock.metadata.records import NodeRecord, RunRecord, StoredArtifact

__all__ = [
    "Log",
    "artifact_named",
    "evaluated",
    "exported",
    "graph_of",
    "log_of",
    "node_named",
    "opened_store",
    "to_json",
]

_LONGEST_ID = 19  # digits of a 64-bit number
_MOST_NAMED = 10


@contextlib.contextmanager
def opened_store(project: Path | None, *, read_only: bool = True, create: bool = False) -> Iterator[Store]:
    """The store of a project, for reading unless said otherwise; `penstock.orchestration.locate` finds it."""
    from penstock.metadata import open_store
    from penstock.orchestration.locate import find_store

    with open_store(find_store(project), read_only=read_only, create=create) as store:
        yield store


def artifact_named(store: Store, name: str) -> StoredArtifact:
    """The artifact that is meant: by its id, by where its payload lies, or by its type: the latest run's that has one.

    Raises:
        UsageError: There is none, or more than one.
    """
    if name.isdecimal() and name.isascii() and len(name) < _LONGEST_ID:
        return store.artifact(int(name))
    found = store.named(name) or ([] if "://" in name else store.named(str(Path(name).absolute())))
    if len(found) == 1:
        return store.artifact(found[0])
    if found:
        several = ", ".join(
            f"{one.id} ({one.node_id}.{one.output})" for one in map(store.artifact, found[:_MOST_NAMED])
        )
        raise UsageError(f"{name!r} may be one of {several}.", hint="Give the number.")
    raise UsageError(
        f"There is no artifact {name!r}.",
        hint="Give a number, the place of a payload, or a type: penstock artifacts list.",
    )


def node_named(name: str, known: Iterable[str]) -> str:
    """The node that is meant: case does not matter, and ``csv_example_gen`` is ``CsvExampleGen``.

    >>> node_named("csv-example-gen", ["CsvExampleGen", "Trainer"])
    'CsvExampleGen'

    Raises:
        UsageError: There is no such node, or more than one.
    """
    nodes = list(known)
    if name in nodes:
        return name
    fitting = [node for node in nodes if _folded(node) == _folded(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"{name!r} may be {' or '.join(fitting)}.", hint="Write it as it is.")
    near = {_folded(node): node for node in nodes}
    hint = did_you_mean(_folded(name), near)
    for folded, node in near.items():
        hint = hint.replace(f"'{folded}'", f"'{node}'")
    if not hint.startswith("Did"):
        hint = did_you_mean(name, nodes)
    raise UsageError(f"There is no node {name!r} in this run.", hint=hint)


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def graph_of(store: Store, run: RunRecord, nodes: Iterable[NodeRecord]) -> dict[str, list[str]]:
    """Every node of a run with what it waits for, in topological order.

    It is from the plan; of a run of another tool, which has none, it is what each node read of which other.
    """
    if not run.plan:
        read = store.reads(run.id)
        return {node.node_id: read.get(node.node_id, []) for node in nodes}
    from penstock.orchestration.plan import Plan

    return {node.id: node.upstream for node in Plan.from_json(run.plan).nodes}


def to_json(record: Any) -> Any:
    """A record of the store as a JSON value."""
    return _by_name(asdict(record))


def _by_name(value: Any) -> Any:
    """The value with named tuples as objects, too."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _by_name(item) for name, item in value.items()}
    return [_by_name(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Log:
    """The log of a node: its file, and whether the node is still running."""

    path: Path
    running: Callable[[], bool]


def log_of(store: Store, run_id: str, name: str) -> Log:
    """The log of a node of a run; of a node that was reused, the log of the execution that did the work.

    Raises:
        UsageError: There is no such run or node, the node did not run, or its log is gone.
    """
    from penstock.events import NodeState

    run = store.run(run_id)
    nodes = {node.node_id: node for node in store.nodes(run.id)}
    node_id = node_named(name, {**graph_of(store, run, nodes.values()), **nodes})
    node = nodes.get(node_id)
    if node is None:
        raise UsageError(f"{node_id} has not begun in run {run.id}.", hint="See `penstock runs show`.")
    path = node.log
    if path is None and node.execution_id is not None:
        source = store.execution(node.execution_id).source_id
        path = store.execution(source).log if source is not None else None
    if path is None:
        why = f" ({node.reason})" if node.reason else ""
        raise UsageError(
            f"{node_id} has no log in run {run.id}: it was {node.state}{why}.",
            hint="Runs of other tools have their logs elsewhere."
            if run.origin
            else "A node that does not run prints nothing.",
        )
    from penstock.storage.cache import local_log

    gone = UsageError(f"The log of {node_id} is gone: {path}.", hint="Was the pipeline's root cleaned or moved?")
    try:
        file = local_log(path)
    except StorageError as error:
        raise gone from error
    if not file.exists():
        raise gone

    def running() -> bool:
        states = {one.node_id: one.state for one in store.nodes(run.id)}
        return states.get(node_id) == NodeState.RUNNING

    return Log(file, running)


def exported(artifact: str, directory: Path, only: Collection[str], project: Path | None) -> dict[str, Any]:
    """Writes examples as TFRecord files; gives the rows and the file of each split.

    Raises:
        UsageError: The artifact is not Examples, or has no such split.
        DataError: A column has a type that a ``tf.train.Example`` cannot hold.
    """
    from penstock.artifacts import Examples
    from penstock.data.tfrecord import export_tfrecord

    with opened_store(project) as store:
        found = artifact_named(store, artifact)
    examples = found.load()
    if not isinstance(examples, Examples):
        raise UsageError(
            f"Artifact {found.id} is {found.type}, not Examples.",
            hint="`penstock artifacts list --type Examples` lists those that can be exported.",
        )
    for split in only:
        if split not in examples.splits:
            raise UsageError(f"The examples have no split {split!r}.", hint=did_you_mean(split, examples.splits))
    written = {}
    for split in only or examples.splits:
        path, rows = export_tfrecord(examples, split, directory)
        written[split] = {"rows": rows, "path": str(path)}
    return written


def evaluated(run: str, evaluation: str | None, project: Path | None) -> tuple[ModelEvaluation, Examples]:
    """An evaluation and the examples that it was made from.

    Args:
        run: The run whose evaluation is meant, unless it is given itself.
        evaluation: The artifact's number or place.
        project: The pipeline's directory.

    Raises:
        UsageError: There is no such evaluation, or it is not known what it was made from.
    """
    from penstock.artifacts import Examples, ModelEvaluation

    with opened_store(project) as store:
        if evaluation is not None:
            found = artifact_named(store, evaluation)
        else:
            record = store.run(run)
            made = store.artifacts(type="ModelEvaluation", run=record.id, limit=1)
            if not made:
                raise UsageError(f"Run {record.id} has evaluated no model.", hint="penstock run")
            found = made[0]
        artifact = found.load()
        if not isinstance(artifact, ModelEvaluation):
            raise UsageError(
                f"Artifact {found.id} is {found.type}, not ModelEvaluation.",
                hint="`penstock artifacts list --type ModelEvaluation` lists the evaluations.",
            )
        inputs = store.execution(found.execution_id).inputs.get("examples") if found.execution_id else None
        examples = store.artifact(inputs[0]).load() if inputs else None
    if not isinstance(examples, Examples):
        raise UsageError(f"It is not known which examples evaluation {found.id} was made from.")
    return artifact, examples
