"""An evaluation in a few lines: the whole set, and the slices where the model does worst."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from penstock.cli.terminal.tables import table
from penstock.cli.terminal.text import count, number, shorten

if TYPE_CHECKING:
    from penstock.evaluation.results import EvaluationResult

__all__ = ["EvaluationSummary", "Worst", "print_evaluation", "summarized"]

_SPECS = 2
_SLICES = 3
# The worst of many tiny slices is chance: below this many examples a slice is only shown if no other is there.
_MIN_EXAMPLES = 50
_PREFERRED = ("auc", "accuracy", "f1", "precision", "recall")


@dataclass(frozen=True)
class Worst:
    """The worst slices over some features: name, value and number of examples of each."""

    features: tuple[str, ...]
    of: int
    slices: Sequence[tuple[str, float, int]]


@dataclass(frozen=True)
class EvaluationSummary:
    """What a summary says of an evaluation; ``metric`` is the one that slices are compared by."""

    metric: str
    n: int
    overall: Mapping[str, float]
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    worst: Sequence[Worst] = field(default_factory=tuple)


def summarized(result: EvaluationResult) -> EvaluationSummary | None:
    """What to say of a result; None if it has no metric."""
    from penstock.evaluation.results import BASELINE, CANDIDATE

    names = result.metrics
    if not names:
        return None
    metric = next((name for name in _PREFERRED if name in names), names[0])
    keys = [tuple(feature for feature, _ in key) for key in result.slices if key]
    specs = sorted(dict.fromkeys(keys), key=len)[:_SPECS]
    worst = []
    for features in specs:
        found = result.worst(metric, features, count=_SLICES, min_examples=_MIN_EXAMPLES) or result.worst(
            metric, features, count=_SLICES
        )
        if found:
            slices = [(one.name, one.metrics[metric], one.n) for one in found]
            worst.append(Worst(features, keys.count(features), slices))
    return EvaluationSummary(
        metric=metric,
        n=result.n[result.index()],
        overall={name: result.value(name) for name in names if name in result.values[CANDIDATE]},
        interval=result.interval(metric),
        baseline=result.value(metric, model=BASELINE) if metric in result.values.get(BASELINE, {}) else None,
        worst=worst,
    )


def print_evaluation(console: Console, summary: EvaluationSummary) -> None:
    """Prints the whole set on one line, and the worst slices below it."""
    main = f"{summary.metric} {_value(summary.overall.get(summary.metric, math.nan))}"
    if summary.interval is not None:
        main += f" [{number(summary.interval[0])}, {number(summary.interval[1])}]"
    if summary.baseline is not None:
        main += f", baseline {_value(summary.baseline)}"
    others = [f"{name} {_value(value)}" for name, value in summary.overall.items() if name != summary.metric]
    line = Text.assemble(("\nevaluation  ", "bold"), f"over {count(summary.n, 'example')}: {main}")
    if others:
        line.append(f"; {', '.join(others[:4])}")
    console.print(line, soft_wrap=True)
    rows = []
    for worst in summary.worst:
        for position, (name, value, n) in enumerate(worst.slices):
            what = f"worst of {worst.of:,} by {', '.join(worst.features)}" if position == 0 else ""
            rows.append([shorten(what, 60), shorten(name, 60), _value(value), f"{n:,}"])
    if rows:
        headers = ["slices", "slice", summary.metric, "n"]
        console.print(table(console, headers, rows, right=headers[2:]), soft_wrap=True)


def _value(value: float) -> str:
    return "undefined" if math.isnan(value) else number(value)
