"""What each row of a task says, in numbers whose weighted sums its metrics follow from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from penstock.evaluation.histogram import Floats

__all__ = ["ROW_VALUES"]

RowValue = Callable[[Floats, Floats], Floats]


def _among(best: int) -> RowValue:
    """Whether the label is among the ``best`` classes of the highest score; of equal scores the first class wins."""

    def found(label: Floats, prediction: Floats) -> Floats:
        of_label = np.take_along_axis(prediction, label.astype(np.int64)[:, None], axis=1)
        before = np.arange(prediction.shape[1]) < label[:, None]
        ahead = (prediction > of_label) | ((prediction == of_label) & before)
        return (ahead.sum(axis=1) < best).astype(np.float64)

    return found


def _entropy(label: Floats, prediction: Floats) -> Floats:
    """Categorical cross entropy, the scores taken as shares of their sum."""
    of_label = np.take_along_axis(prediction, label.astype(np.int64)[:, None], axis=1)[:, 0]
    return -np.log(of_label / prediction.sum(axis=1))


_REGRESSION: dict[str, RowValue] = {
    "label": lambda label, _: label,
    "prediction": lambda _, prediction: prediction,
    "absolute": lambda label, prediction: np.abs(label - prediction),
    "squared": lambda label, prediction: (label - prediction) ** 2,
    "percentage": lambda label, prediction: 100 * np.abs((label - prediction) / np.where(label == 0, np.nan, label)),
    "logarithmic": lambda label, prediction: (np.log1p(label) - np.log1p(prediction)) ** 2,
    "label_squared": lambda label, _: label**2,
    "prediction_squared": lambda _, prediction: prediction**2,
    "product": lambda label, prediction: label * prediction,
}
_MULTICLASS: dict[str, RowValue] = {
    "right": _among(1),
    "among_3": _among(3),
    "among_5": _among(5),
    "entropy": _entropy,
}
_MULTILABEL: dict[str, RowValue] = {
    "exact": lambda label, prediction: ((prediction > 0.5) == (label > 0.5)).all(axis=1).astype(np.float64),
    "wrong": lambda label, prediction: ((prediction > 0.5) != (label > 0.5)).mean(axis=1),
}

ROW_VALUES: Mapping[str, Mapping[str, RowValue]] = {
    "regression": _REGRESSION,
    "multiclass": _MULTICLASS,
    "multilabel": _MULTILABEL,
}
"""By task and name: from labels and predictions of finite rows, [rows] or [rows, classes], to a value for each row."""
