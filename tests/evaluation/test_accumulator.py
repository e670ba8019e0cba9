"""The sums and everything computed from them, against sums taken row by row."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.evaluation.accumulator import Accumulator, Layout, ScoredBatch
from penstock.evaluation.evaluate import tabulated
from penstock.evaluation.histogram import BINS, Floats, Histogram, bins_of
from penstock.evaluation.metrics import METRICS
from penstock.evaluation.results import EvaluationResult
from penstock.evaluation.slices import assign, parse

SPECS = parse([[], ["hour"], ["hour", "pay"]])
METRIC_NAMES = sorted(METRICS)


def scored(
    hour: list[int | None],
    pay: list[str],
    label: list[float],
    prediction: list[float],
    weight: list[float] | None = None,
) -> ScoredBatch:
    """A batch of rows with one model's predictions."""
    batch = pa.record_batch({"hour": pa.array(hour, pa.int64()), "pay": pa.array(pay, pa.string())})
    weights = None if weight is None else np.array(weight, float)
    slices = assign(SPECS, batch)
    return ScoredBatch(slices, np.array(label, float), (np.array(prediction, float),), weights, {"rows": len(label)})


def summed(*batches: ScoredBatch) -> Accumulator:
    """One accumulator over batches."""
    accumulator = Accumulator(Layout())
    for batch in batches:
        accumulator.add(batch)
    return accumulator


def table(accumulator: Accumulator) -> EvaluationResult:
    """Every metric there is."""
    return tabulated(accumulator, label="y", split="eval", metrics=METRIC_NAMES)


def same(left: EvaluationResult, right: EvaluationResult) -> None:
    """Two tables agree up to the rounding of sums."""
    assert left.slices == right.slices
    assert left.n == right.n
    assert left.counts == right.counts
    for name in left.metrics:
        np.testing.assert_allclose(
            left.values["candidate"][name], right.values["candidate"][name], rtol=1e-9, atol=1e-12, err_msg=name
        )


ROW = st.tuples(
    st.one_of(st.none(), st.integers(0, 2)),
    st.sampled_from(["Cash", "Card"]),
    st.sampled_from([0.0, 1.0, 0.25]),
    st.one_of(st.sampled_from([0.0, 0.5, 1.0, 0.00015]), st.floats(0, 1, width=32)),
    st.sampled_from([0.0, 1.0, 0.3, 2.0]),
)
ROWS = st.lists(ROW, min_size=1, max_size=40)


def batch_of(rows: list[tuple[int | None, str, float, float, float]], *, weighted: bool) -> ScoredBatch:
    """Generated rows as a batch."""
    hour, pay, label, prediction, weight = (list(column) for column in zip(*rows, strict=True))
    return scored(hour, pay, label, prediction, weight if weighted else None)


@given(parts=st.lists(ROWS, min_size=1, max_size=5), weighted=st.booleans(), random=st.randoms(use_true_random=False))
def test_merging_in_any_order_gives_what_one_pass_gives(
    parts: list[list[tuple[int | None, str, float, float, float]]], *, weighted: bool, random: object
) -> None:
    """However the rows are split, and whichever parts are merged first, through pickling or not."""
    whole = summed(*(batch_of(part, weighted=weighted) for part in parts))
    accumulators = [summed(batch_of(part, weighted=weighted)) for part in parts]
    random.shuffle(accumulators)  # type: ignore[attr-defined]  # Hypothesis's Random
    while len(accumulators) > 1:
        left = pickle.loads(pickle.dumps(accumulators.pop()))  # noqa: S301  # pickled on this line
        left.merge(accumulators.pop())
        accumulators.insert(0, left)
    same(table(accumulators[0]), table(whole))


def brute_force(label: Floats, prediction: Floats, weight: Floats) -> dict[str, float]:
    """Metrics of one slice straight from their definitions, by pairs of rows for the area under the curve."""
    above = prediction > 0.5
    tp, fp = (weight * label)[above].sum(), (weight * (1 - label))[above].sum()
    fn, tn = (weight * label)[~above].sum(), (weight * (1 - label))[~above].sum()

    def over(top: float, bottom: float) -> float:
        return top / bottom if bottom > 0 else math.nan

    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(label > 0, -label * np.log(prediction), 0)
        loss = loss + np.where(label < 1, -(1 - label) * np.log(1 - prediction), 0)
    # Scores are told apart as finely as the bins: two in one bin are a tie.
    bins = np.floor(np.minimum(prediction, 0.9999) * 10_000)
    positive, negative = weight * label, weight * (1 - label)
    wins = (bins[:, None] > bins[None, :]) + 0.5 * (bins[:, None] == bins[None, :])
    area = (positive[:, None] * negative[None, :] * wins).sum()
    return {
        "example_count": len(label),
        "weighted_example_count": weight.sum(),
        "accuracy": over(tp + tn, weight.sum()),
        "precision": over(tp, tp + fp),
        "recall": over(tp, tp + fn),
        "specificity": over(tn, tn + fp),
        "f1_score": over(2 * tp, 2 * tp + fp + fn),
        "calibration": over((prediction * weight).sum(), (label * weight).sum()),
        "mean_label": over((label * weight).sum(), weight.sum()),
        "mean_prediction": over((prediction * weight).sum(), weight.sum()),
        "loss": over((loss * weight).sum(), weight.sum()),
        "auc": over(area, positive.sum() * negative.sum()),
    }


@given(rows=ROWS.map(lambda rows: [(*row[:3], round(row[3] * 99) / 100 + 5e-5, row[4]) for row in rows]))
def test_metrics_are_those_of_their_definitions(rows: list[tuple[int | None, str, float, float, float]]) -> None:
    """On every slice, weighted, with fractional labels; scores lie mid-bin, where rounding has no say."""
    found = table(summed(batch_of(rows, weighted=True)))
    for key in found.slices:
        wanted = dict(key)
        inside = [
            row
            for row in rows
            if ("hour" not in wanted or row[0] == wanted["hour"]) and ("pay" not in wanted or row[1] == wanted["pay"])
        ]
        _, _, label, prediction, weight = (np.array(column) for column in zip(*inside, strict=True))
        for name, value in brute_force(label.astype(float), prediction.astype(float), weight.astype(float)).items():
            assert found.value(name, key) == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), (name, key)


def test_what_is_undefined_is_not_a_number() -> None:
    """One class only: no area under the curve, no specificity; no positive prediction: no precision."""
    found = table(summed(scored([1, 1, 2, 2], ["Cash"] * 4, [1, 1, 0, 1], [0.2, 0.3, 0.6, 0.9])))
    one_class = (("hour", 1),)
    assert math.isnan(found.value("auc", one_class))
    assert math.isnan(found.value("specificity", one_class))
    assert math.isnan(found.value("precision", one_class))
    assert found.value("recall", one_class) == 0
    assert found.value("auc", (("hour", 2),)) == 1


def test_a_prediction_that_is_no_number_spoils_only_its_own_slices() -> None:
    """What depends on predictions is then undefined, the counts are not."""
    found = table(summed(scored([1, 1, 2, 2], ["Cash"] * 4, [1, 0, 0, 1], [math.nan, 0.3, 0.6, 0.9])))
    for name in ("auc", "auc_precision_recall", "accuracy", "calibration", "loss", "mean_prediction"):
        assert math.isnan(found.value(name, (("hour", 1),))), name
        assert math.isfinite(found.value(name, (("hour", 2),))), name
    assert found.value("example_count", (("hour", 1),)) == 2
    assert found.value("mean_label", (("hour", 1),)) == 0.5


def test_a_certain_and_right_prediction_costs_nothing_and_a_wrong_one_everything() -> None:
    """Cross entropy is not clipped: 0 log 0 is 0, and the log of 0 is infinite."""
    found = table(summed(scored([1, 1, 2], ["Cash"] * 3, [1, 0, 1], [1.0, 0.0, 0.0])))
    assert found.value("loss", (("hour", 1),)) == 0
    assert found.value("loss", (("hour", 2),)) == math.inf


def test_the_first_error_by_text_survives_merging() -> None:
    """Whatever the order, so that a run fails with the same words each time."""
    layout = Layout()
    errors: list[dict[str, object]] = [{"message": "b"}, {"message": "a"}, {"message": "c"}]
    for order in (errors, errors[::-1]):
        merged = Accumulator(layout)
        for error in order:
            part = Accumulator(layout)
            part.add(ScoredBatch([], np.zeros(0), (), error=error))
            merged.merge(part)
        assert merged.error == {"message": "a"}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, BINS - 1), st.integers(0, 9)), max_size=60))
def test_a_histogram_keeps_the_sum_of_each_cell(rows: list[tuple[int, int, int]]) -> None:
    """Sorted by slice and bin, and only the cells in use."""
    histogram = Histogram()
    for row in rows:
        one = np.array([row])
        histogram.add(one[:, 0], one[:, 1], one[:, 2] * 1.0, one[:, 2] * 0.5)
    expected: dict[tuple[int, int], float] = {}
    for of_slice, of_bin, weight in rows:
        expected[of_slice, of_bin] = expected.get((of_slice, of_bin), 0.0) + weight
    slices, bins, weights, labels = histogram.cells
    assert list(zip(slices.tolist(), bins.tolist(), strict=True)) == sorted(expected)
    assert weights.tolist() == [expected[cell] for cell in sorted(expected)]
    assert labels.tolist() == [expected[cell] / 2 for cell in sorted(expected)]


def test_memory_follows_the_rows_and_not_the_bins() -> None:
    """A thousand slices of one row each fill a thousand cells, of the ten million there are."""
    histogram = Histogram()
    histogram.add(np.arange(1000), np.full(1000, 7), np.ones(1000), np.ones(1000))
    assert len(histogram.cells[0]) == 1000


def test_bins_are_those_of_tfma() -> None:
    """Ten thousand of equal width, one below 0 and one from 1 on."""
    predictions = np.array([-5.0, -0.00005, 0.0, 0.00005, 0.0001, 0.5, 0.99995, 1.0, 7.0, math.nan, math.inf])
    assert bins_of(predictions).tolist() == [0, 0, 1, 1, 2, 5001, 10000, 10001, 10001, 0, 10001]
