"""Runs as values: what a run's nodes made, read from the store once and for all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.artifacts import Artifact, Examples, ModelEvaluation
from penstock.errors import UsageError, did_you_mean
from penstock.gates import Verdict
from penstock.metadata.records import NodeRecord, RunRecord

if TYPE_CHECKING:
    from penstock.evaluation.finder.report import Report
    from penstock.metadata.store import Store
    from penstock.views import View

__all__ = ["NodeResult", "Run", "Verdicts", "latest_run", "metrics_over_runs", "read_run"]


class Verdicts(tuple[Verdict, ...]):
    """Verdicts of gates, in the order in which they were found."""

    __slots__ = ()

    @property
    def failing(self) -> Verdicts:
        """Those that failed."""
        return Verdicts(one for one in self if one.outcome == "fail")


@dataclass(frozen=True)
class NodeResult(Mapping[str, Artifact]):
    """What a node of a run came to: ``node["evaluation"]`` is the artifact of that output.

    Attributes:
        record: Its state, times, error, log.
        outputs: The artifacts of each output.
        verdicts: What its gate found.
    """

    record: NodeRecord
    outputs: Mapping[str, list[Artifact]]
    verdicts: Verdicts

    def __getitem__(self, output: str) -> Artifact:
        found = self.outputs.get(output)
        if not found:
            nothing = f"It was {self.record.state}" + (f": {self.record.reason}." if self.record.reason else ".")
            raise UsageError(
                f"{self.record.node_id} has no output {output!r} in this run.",
                hint=did_you_mean(output, self.outputs) if self.outputs else nothing,
            )
        return found[-1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, artifacts in self.outputs.items() if artifacts)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"NodeResult({self.record.node_id!r}, {self.record.state.value}, outputs={list(self)})"


@dataclass(frozen=True)
class Run(Mapping[str, NodeResult]):
    """A run of a pipeline as it stood when it was read: ``run["Trainer"]`` is what that node came to.

    Attributes:
        record: What the store knows of the whole run.
        nodes: By id, in topological order; those that have not begun are not there.
        store: The URL of the store.
    """

    record: RunRecord
    nodes: Mapping[str, NodeResult]
    store: str

    @property
    def id(self) -> str:
        """What the run is called in its store."""
        return self.record.id

    @property
    def verdicts(self) -> Verdicts:
        """What all its gates found."""
        return Verdicts(one for node in self.nodes.values() for one in node.verdicts)

    def __getitem__(self, node: str) -> NodeResult:
        if node not in self.nodes:
            raise UsageError(f"Run {self.id} has no node {node!r}.", hint=did_you_mean(node, self.nodes))
        return self.nodes[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"Run({self.id!r}, pipeline={self.record.pipeline!r}, {self.record.state.value}, {len(self)} nodes)"

    def lineage(self, artifact: Artifact) -> View:
        """What an artifact was made from, down to the data, and what was made from it."""
        from penstock.metadata import open_store
        from penstock.ui.notebook.shown import lineage_view

        if artifact.id is None:
            raise UsageError(f"{artifact!r} is in no store.", hint="Take one that a node of a run made.")
        with open_store(self.store, read_only=True, create=False) as store:
            return lineage_view(store.lineage(artifact.id, "up"), store.lineage(artifact.id, "down"))

    def find_slices(
        self, *, metric: str | None = None, order: int = 2, exclude: Collection[str] = (), against: str = ""
    ) -> Report:
        """Slices where the model of this run is significantly worse than elsewhere, as ``penstock slices find``.

        Args:
            metric: What is compared, a mean over rows; ``loss`` if not given, or ``mean_squared_error``.
            order: The most columns in one slice, 1 to 3.
            exclude: Columns not to search by, as one that the label is made from.
            against: ``baseline`` finds slices where the model is worse than the one it would replace.

        Raises:
            UsageError: No model was evaluated in this run; there is no such metric, column or other model.
            DataError: The evaluation keeps no predictions, or they do not fit the metric.
        """
        from penstock.evaluation.finder.report import find_slices
        from penstock.evaluation.finder.search import Options
        from penstock.metadata import open_store

        made = [artifact for node in self.nodes.values() for artifact in node.values()]
        evaluation = next((one for one in reversed(made) if isinstance(one, ModelEvaluation)), None)
        if evaluation is None or evaluation.id is None:
            raise UsageError(f"Run {self.id} has evaluated no model.")
        with open_store(self.store, read_only=True, create=False) as store:
            maker = store.artifact(evaluation.id).execution_id
            inputs = store.execution(maker).inputs.get("examples") if maker else None
            examples = store.artifact(inputs[0]).load() if inputs else None
        if not isinstance(examples, Examples):
            raise UsageError(f"It is not known which examples evaluation {evaluation.id} was made from.")
        options = Options(order)
        return find_slices(evaluation, examples, metric=metric, exclude=exclude, against=against, options=options)


def latest_run(pipeline: str | None = None, *, project: str | Path | None = None) -> Run:
    """The latest run of a pipeline, and what its nodes made.

    Args:
        pipeline: The pipeline's name; whichever ran last, if not given.
        project: The project's directory; found as ``penstock runs`` finds it, if not given.

    Raises:
        UsageError: There is no store, or no such run in it.
    """
    from penstock.metadata import open_store
    from penstock.orchestration.locate import find_store
    from penstock.ui.notebook.formatters import register

    register()
    with open_store(find_store(project), read_only=True, create=False) as store:
        return read_run(store, store.run("latest", pipeline=pipeline))


def metrics_over_runs(pipeline: str | None = None, *, project: str | Path | None = None, runs: int = 20) -> View:
    """The metrics of the evaluations of a pipeline's last runs, oldest first; a run that reused one adds none.

    Raises:
        UsageError: There is no store, or no run in it has an evaluation that is still there.
    """
    from penstock.metadata import open_store
    from penstock.orchestration.locate import find_store
    from penstock.ui.notebook.formatters import register
    from penstock.views.evaluations import over_runs

    register()
    found: dict[int, tuple[str, Artifact]] = {}
    with open_store(find_store(project), read_only=True, create=False) as store:
        for record in reversed(store.runs(pipeline, limit=runs)):
            for node in read_run(store, record).nodes.values():
                for artifact in (one for outputs in node.outputs.values() for one in outputs):
                    if artifact.type_name == "ModelEvaluation" and artifact.id is not None:
                        found.setdefault(artifact.id, (record.id, artifact))
    return over_runs(list(found.values()))


def read_run(store: Store, record: RunRecord) -> Run:
    """A run with what its nodes made."""
    verdicts: dict[str, list[Verdict]] = {}
    for one in store.verdicts(record.id):
        verdicts.setdefault(one.node_id, []).append(one.verdict)
    nodes = {}
    for node in store.nodes(record.id):
        made: Mapping[str, Any] = store.execution(node.execution_id).outputs if node.execution_id is not None else {}
        outputs = {name: [store.artifact(one).load() for one in ids] for name, ids in made.items()}
        nodes[node.node_id] = NodeResult(node, outputs, Verdicts(verdicts.get(node.node_id, ())))
    if isinstance(record.plan, Mapping):
        order = [node["id"] for node in record.plan["nodes"]]
        nodes = {name: nodes[name] for name in [*order, *nodes] if name in nodes}
    return Run(record, nodes, store.url)
