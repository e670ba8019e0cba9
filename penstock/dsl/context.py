"""What a running component sees besides its inputs, outputs and parameters: `Context`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from penstock.artifacts import Artifact
from penstock.gates import Verdict

if TYPE_CHECKING:
    import apache_beam as beam

    from penstock.dsl.beam_pipeline import Pipelines

__all__ = ["Context"]

T = TypeVar("T")


def _ignore(event: dict[str, Any]) -> None:
    """Where nobody listens: a component called directly, as in a test."""


@dataclass
class Context:
    """The running node's side of the contract; what it emits, the launcher persists.

    A component's function asks for it with a parameter annotated ``Context``. Made with no arguments it serves a
    component that is called directly, in a test or a notebook.

    Attributes:
        node: The node's id.
        pipeline: The pipeline's name.
        run: The run's id.
        temp_dir: A directory that is gone when the node has ended.
        beam_options: Beam's pipeline options by name; empty means the in-process runner.
        earlier: The outputs, by name, of an earlier execution that measured the same, and judged it by other bounds;
            only for components that say what they measure (`Component.measured`).
        emit: Takes each event, a JSON-able mapping with a ``type``.
    """

    node: str = "node"
    pipeline: str = "pipeline"
    run: str = ""
    temp_dir: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    beam_options: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, Artifact] = field(default_factory=dict)
    emit: Callable[[dict[str, Any]], None] = _ignore
    _pipelines: Pipelines | None = field(default=None, init=False, repr=False, compare=False)

    def beam(self) -> beam.Pipeline:
        """A Beam pipeline on the runner of the profile, in this process if it names none; use it in a ``with``.

        Raises:
            UsageError: The profile's options are not usable.
        """
        from penstock.dsl.beam_pipeline import Pipelines

        if self._pipelines is None:
            self._pipelines = Pipelines(self.beam_options, self.temp_dir)
        return self._pipelines.new()

    def close(self) -> None:
        """Stops what `beam` has started beside the pipelines; the launcher does it when the node has ended."""
        if self._pipelines is not None:
            self._pipelines.close()

    def progress(self, done: float, total: float | None = None, *, unit: str = "", text: str = "") -> None:
        """Says how far the node is: ``done`` of ``total`` ``unit``; no total means that it is not known."""
        self.emit({"type": "progress", "done": done, "total": total, "unit": unit, "text": text})

    def track(self, items: Iterable[T], *, total: int | None = None, unit: str = "", text: str = "") -> Iterator[T]:
        """Yields the items and reports progress after each."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        self.progress(0, total, unit=unit, text=text)
        for done, item in enumerate(items, 1):
            yield item
            self.progress(done, total, unit=unit, text=text)

    def metric(self, name: str, value: float, *, step: int | None = None) -> None:
        """Records a number of this execution, such as a loss at a training step."""
        self.emit({"type": "metric", "name": name, "value": float(value), "step": step})

    def verdict(self, verdict: Verdict) -> None:
        """Records what a check of this gate found."""
        self.emit({"type": "verdict", "verdict": verdict.to_json()})

    def note(self, text: str) -> None:
        """One short sentence that stands beside the node in the run's summary: ``15,002 rows``."""
        self.emit({"type": "note", "text": text})

    def warn(self, text: str) -> None:
        """One sentence that a person should read even when the run succeeds."""
        self.emit({"type": "warning", "text": text})
