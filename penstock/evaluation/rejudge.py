"""Other bounds on what has been measured: verdicts anew, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from penstock.artifacts import ModelEvaluation
from penstock.evaluation.fairness.results import FAIRNESS_FILE
from penstock.evaluation.results import RESULTS_FILE, EvaluationResult, load
from penstock.evaluation.thresholds import Threshold, judge

__all__ = ["rejudged"]

# What thresholds do not touch; TFMA's own files name them and are written again.
_KEPT = ("predictions", "plots.json", "task_plots.json", FAIRNESS_FILE)


def rejudged(before: ModelEvaluation, evaluation: ModelEvaluation, thresholds: Sequence[Threshold]) -> EvaluationResult:
    """An evaluation with the results and predictions of an earlier one, and verdicts by other thresholds.

    Args:
        before: The earlier evaluation, of the same examples, models, metrics and slices.
        evaluation: Where the new one goes.
        thresholds: The bounds.
    """
    result = load(before)
    evaluation.path().mkdir(parents=True, exist_ok=True)
    for name in (RESULTS_FILE, *_KEPT):
        found = before.path(name)
        if found.is_dir():
            shutil.copytree(found, evaluation.path(name))
        elif found.is_file():
            shutil.copy2(found, evaluation.path(name))
    result.verdicts[:] = judge(thresholds, result)
    result.write_verdicts(evaluation.path())
    return result
