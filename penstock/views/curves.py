"""What curves of slices are drawn from in a page: counts by score of some slices, compactly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError
from penstock.evaluation.slices import SliceKey

__all__ = ["MOST_SLICES", "curves", "short"]

MOST_SLICES: Final = 60
_DIGITS: Final = 5
_CALIBRATED: Final = 10


def curves(evaluation: ModelEvaluation, slices: Sequence[SliceKey], order: Iterable[int]) -> dict[str, Any] | None:
    """Counts by score of the first `MOST_SLICES` slices of the order that the evaluation keeps plots of.

    Args:
        evaluation: The artifact.
        slices: Its slices.
        order: Positions in ``slices``, those that matter most first.

    Returns:
        ``slices`` with the positions, and ``models``: by model and slice the weight and the label weight of 100
        buckets of scores, and the predictions times weight of 10. None where the evaluation has no plots.

    Raises:
        DataError: The plots are damaged.
    """
    from penstock.evaluation.plots import BUCKETS, PLOTS_FILE, load_plots

    if not evaluation.path(PLOTS_FILE).is_file():
        return None
    wide = BUCKETS // _CALIBRATED
    models = {}
    try:
        plots = load_plots(evaluation)
        places = {key: at for at, key in enumerate(plots.slices)}
        kept = [at for at in dict.fromkeys(order) if slices[at] in places][:MOST_SLICES]
        for model, counts in plots.models.items():
            rows = []
            for at in kept:
                weight, label, prediction = counts[places[slices[at]]]
                tens = [sum(prediction[first : first + wide]) for first in range(0, BUCKETS, wide)]
                rows.append([short(weight), short(label), short(tens)])
            models[model] = rows
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{PLOTS_FILE} is damaged: {error}.", hint="Evaluate anew.", path=str(evaluation.path(PLOTS_FILE))
        ) from error
    return {"slices": kept, "models": models} if kept else None


def short(values: Collection[float]) -> list[float]:
    """The numbers in as few characters as tell them apart in a chart."""
    rounded = (float(f"{value:.{_DIGITS}g}") for value in values)
    return [int(value) if value.is_integer() else value for value in rounded]
