"""What plots of binary scores are drawn from: for each slice the scores in 100 buckets, from the score histogram.

ROC and precision-recall curves, confusion matrices at thresholds, calibration and the distribution of scores all follow
from the weight, the label weight and the predictions of each bucket. Kept in ``plots.json`` of an evaluation whose
metrics have an area under a curve, for the `MOST_SLICES` slices with the most rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError, UsageError, did_you_mean
from penstock.evaluation.accumulator import Accumulator
from penstock.evaluation.histogram import BINS, Floats, Ints, sums_by
from penstock.evaluation.results import CANDIDATE
from penstock.evaluation.slices import OVERALL, SliceKey, slice_text, sort_key

__all__ = ["BUCKETS", "MOST_SLICES", "PLOTS_FILE", "Plots", "buckets_of", "gathered", "load_plots", "most_rows"]

PLOTS_FILE = "plots.json"
BUCKETS = 100
MOST_SLICES = 500

_PER_BUCKET = (BINS - 2) // BUCKETS


@dataclass(frozen=True)
class Plots:
    """Buckets of scores, ``[i / 100, (i + 1) / 100)``; the last holds 1 as well.

    Attributes:
        slices: Keys of the slices, the whole set first.
        models: By model and slice three rows of 100: weight, label weight, and predictions times weight.
    """

    slices: list[SliceKey]
    models: dict[str, list[list[list[float]]]]

    def buckets(self, key: SliceKey = OVERALL, model: str = CANDIDATE) -> Floats:
        """Weight, label weight and predictions times weight of each bucket, [3, 100].

        Raises:
            UsageError: There are no plots of the slice or the model.
        """
        if key not in self.slices or model not in self.models:
            names = [slice_text(known) or "overall" for known in self.slices]
            raise UsageError(
                f"There are no plots of {slice_text(key) or 'overall'!r} for the {model}.",
                hint=did_you_mean(slice_text(key), names),
            )
        return np.array(self.models[model][self.slices.index(key)])

    def at_thresholds(self, key: SliceKey = OVERALL, model: str = CANDIDATE) -> dict[str, Floats]:
        """The confusion matrix at each threshold from 0 to 1 in steps of 0.01, [101] each, and its ratios.

        Scores at a threshold count as positive. ``fpr`` and ``recall`` are the ROC curve, ``recall`` and ``precision``
        the precision-recall curve; what there is nothing to divide by for is not a number.
        """
        weight, label, _ = self.buckets(key, model)
        tp = np.append(np.cumsum(label[::-1])[::-1], 0.0)
        fp = np.append(np.cumsum((weight - label)[::-1])[::-1], 0.0)
        fn, tn = tp[0] - tp, fp[0] - fp
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "fpr": fp / (fp + tn)}
        return {"threshold": np.arange(BUCKETS + 1) / BUCKETS, "tp": tp, "fp": fp, "fn": fn, "tn": tn, **ratios}

    def calibration(self, key: SliceKey = OVERALL, model: str = CANDIDATE) -> dict[str, Floats]:
        """Mean prediction and mean label of each bucket and its weight, [100] each; not a number in an empty one."""
        weight, label, prediction = self.buckets(key, model)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"weight": weight, "prediction": prediction / weight, "label": label / weight}

    def to_json(self) -> dict[str, Any]:
        """As a JSON value."""
        return {"slices": [[list(pair) for pair in key] for key in self.slices], "models": self.models}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plots:
        """What `to_json` wrote."""
        return cls([tuple((name, one) for name, one in key) for key in value["slices"]], value["models"])


def gathered(accumulator: Accumulator) -> Plots | None:
    """The plots of an accumulator's slices; None if it keeps no score histogram."""
    if not accumulator.layout.histogram or not accumulator.slices:
        return None
    slices = most_rows([*accumulator.slices], {key: accumulator.rows[at] for key, at in accumulator.slices.items()})
    models = {}
    for model, histogram in zip(accumulator.layout.models, accumulator.histograms, strict=True):
        rows = []
        for key in slices:
            number = accumulator.slices[key]
            _, bins, weights, labels = histogram.part(histogram.start_of(number), histogram.start_of(number + 1))
            bucket = buckets_of(bins)
            # A bin is a ten-thousandth wide: its middle stands for the predictions in it.
            middle = np.clip((bins - 0.5) / (BINS - 2), 0.0, 1.0)
            rows.append([sums_by(bucket, one, BUCKETS).tolist() for one in (weights, labels, weights * middle)])
        models[model] = rows
    return Plots(slices, models)


def buckets_of(bins: Ints) -> Ints:
    """The bucket of each bin of the score histogram."""
    return np.clip((bins - 1) // _PER_BUCKET, 0, BUCKETS - 1)


def most_rows(slices: Sequence[SliceKey], size: Mapping[SliceKey, float], most: int = MOST_SLICES) -> list[SliceKey]:
    """The slices with the most rows, the whole set among them, in order."""
    largest = sorted(slices, key=lambda key: (len(key) > 0, -size[key], sort_key(key)))
    return sorted(largest[:most], key=sort_key)


def load_plots(evaluation: ModelEvaluation) -> Plots:
    """The plots of an evaluation.

    Raises:
        DataError: It has none: it is not binary, no metric is an area under a curve, or it was made before there were.
    """
    file = evaluation.path(PLOTS_FILE)
    if not file.is_file():
        raise DataError(
            "The evaluation has no plots.",
            hint="Only binary evaluations with a metric auc or auc_precision_recall have them.",
            path=evaluation.uri,
        )
    return Plots.from_json(json.loads(file.read_text()))
