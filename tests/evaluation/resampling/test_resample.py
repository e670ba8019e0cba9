from __future__ import annotations

import math

import numpy as np
import pytest

from penstock.evaluation.accumulator import Accumulator, ScoredBatch
from penstock.evaluation.evaluate import tabulated
from penstock.evaluation.histogram import Floats, Ints
from penstock.evaluation.metrics import METRICS, Sums, layout_for, named
from penstock.evaluation.resampling import resample as module
from penstock.evaluation.resampling.factors import factors
from penstock.evaluation.resampling.options import ConfidenceIntervals
from penstock.evaluation.resampling.replicates import Replicates
from penstock.evaluation.resampling.resample import resample
from penstock.evaluation.slices import OVERALL, SliceKey, SpecSlices
from penstock.evaluation.task_accumulator import accumulator_for
from penstock.evaluation.task_names import Task

BOOTSTRAP = ConfidenceIntervals("poisson_bootstrap")
JACKKNIFE = ConfidenceIntervals("jackknife")
EVERY = named(sorted({metric.name for metric in METRICS.values()}))
MODELS = ("candidate", "baseline")


def rows(seed: int, count: int, slices: int, *, weighted: bool = False) -> ScoredBatch:
    """Rows of two models that are alike, the whole set and slices of about the same size; a few in no slice."""
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 3, count)
    label = (rng.random(count) < score).astype(np.float64)
    other = np.clip(score + rng.normal(0, 0.05, count), 0, 1)
    hours = SpecSlices([(("hour", hour),) for hour in range(slices)], rng.integers(-1, slices, count))
    weights = rng.random(count) if weighted else None
    everywhere = SpecSlices([OVERALL], np.zeros(count, np.int64))
    return ScoredBatch([everywhere, hours], label, (score, other), weights, numbers=np.arange(count))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "intervals", [ConfidenceIntervals("poisson_bootstrap", 6), ConfidenceIntervals("jackknife", 5)]
)
def test_each_replicate_is_an_evaluation_with_other_weights(intervals: ConfidenceIntervals, weighted: bool) -> None:
    """Every metric of every slice equals the accumulator's of rows that weigh what they count, in parts and merged."""
    batch = rows(1, 600, 3, weighted=weighted)
    drawn = factors(intervals, np.arange(600))
    hours = batch.slices[1].codes
    order = np.argsort(hours, kind="stable")
    order = order[hours[order] >= 0]
    layout = layout_for(EVERY.values(), MODELS)
    parts = []
    for part in (order[:200], order[200:210], order[210:]):
        parts.append(Replicates(layout, 3, intervals.samples))
        weights = None if batch.weights is None else batch.weights[part]
        parts[-1].add(hours[part], batch.labels[part], [one[part] for one in batch.predictions], weights, drawn[part])
    parts[2].merge(parts[0])
    parts[2].merge(parts[1])
    found = parts[2].accumulator()
    for replicate in range(intervals.samples):
        heavy = drawn[:, replicate] * (np.ones(600) if batch.weights is None else batch.weights)
        single = Accumulator(layout)
        single.add(ScoredBatch([SpecSlices(batch.slices[1].keys, hours)], batch.labels, batch.predictions, heavy))
        for model in range(2):
            mine, expected = Sums(found, model), Sums(single, model)
            for name, metric in EVERY.items():
                if name != "example_count":
                    column = metric.compute(mine).reshape(-1, 3)[replicate]
                    assert column == pytest.approx(metric.compute(expected), rel=1e-5, nan_ok=True), name


@pytest.mark.parametrize("weighted", [False, True])
def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    """Rows and slices are taken in parts only to bound memory."""
    batch = rows(2, 3_000, 20, weighted=weighted)
    layout = layout_for(EVERY.values(), MODELS)
    whole = resample(batch, layout, EVERY, ConfidenceIntervals("poisson_bootstrap", 20))
    monkeypatch.setattr(module, "_ROWS", 97)
    monkeypatch.setattr(module, "_CELLS", 300)
    parts = resample(batch, layout, EVERY, ConfidenceIntervals("poisson_bootstrap", 20))
    for name in EVERY:
        if "example_count" not in name:
            for key in whole.errors["candidate"][name]:
                expected = pytest.approx(whole.errors["candidate"][name][key], rel=1e-4, abs=1e-9, nan_ok=True)
                assert parts.errors["candidate"][name][key] == expected


@pytest.mark.parametrize("intervals", [BOOTSTRAP, JACKKNIFE, ConfidenceIntervals("jackknife", 200)])
def test_errors_are_near_those_of_the_formulas(intervals: ConfidenceIntervals) -> None:
    """On the whole set of 20,000 rows: within what so many replicates can tell."""
    batch = rows(3, 20_000, 5)
    names = named(["accuracy", "mean_label", "auc", "recall"])
    layout = layout_for(names.values(), ("candidate",))
    single = ScoredBatch(batch.slices, batch.labels, batch.predictions[:1], numbers=batch.numbers)
    found = resample(single, layout, names, intervals).errors["candidate"]
    accumulator = Accumulator(layout)
    accumulator.add(single)
    result = tabulated(accumulator, label="y", split="eval", metrics=list(names))
    for name in names:
        interval = result.interval(name)
        assert interval is not None
        known = (interval[1] - interval[0]) / 2 / 1.96
        assert found[name][OVERALL] == pytest.approx(known, rel=4 / math.sqrt(2 * intervals.samples))


def test_the_change_of_two_like_models_is_known_better_than_either() -> None:
    """Both are resampled by the same draws, so that what they share cancels."""
    batch = rows(4, 5_000, 4)
    names = named(["auc", "mean_prediction"])
    found = resample(batch, layout_for(names.values(), MODELS), names, BOOTSTRAP)
    for name in names:
        assert found.changes[name][OVERALL] < 0.5 * found.errors["candidate"][name][OVERALL]


def test_intervals_are_put_into_the_result() -> None:
    """In the place of the formulas', around the value; undefined where a replicate is."""
    batch = rows(5, 400, 60)
    names = named(["example_count", "auc", "accuracy"])
    layout = layout_for(names.values(), MODELS)
    accumulator = Accumulator(layout)
    accumulator.add(batch)
    result = tabulated(accumulator, label="y", split="eval", metrics=list(names))
    told: list[tuple[int, int]] = []
    resample(batch, layout, names, BOOTSTRAP, lambda *done: told.append(done)).put(result)
    assert told[-1] == (61, 61)
    assert set(result.intervals["candidate"]) == {"auc", "accuracy"}
    low, high = result.interval("auc") or (0, 0)
    assert (low + high) / 2 == pytest.approx(result.value("auc"))
    change = result.change_interval("auc")
    assert change is not None
    assert sum(change) / 2 == pytest.approx(result.value("auc") - result.value("auc", OVERALL, "baseline"))
    assert any(result.interval("auc", key) is None for key in result.slices)
    assert result.resampling["degrees_of_freedom"] == 199
    assert type(result).from_json(result.to_json()).resampling == result.resampling


def test_rows_in_no_slice_and_slices_without_rows_do_no_harm() -> None:
    """Undefined, not an error."""
    empty: Ints = np.empty(0, np.int64)
    nothing: Floats = np.empty(0)
    names = named(["auc", "accuracy"])
    layout = layout_for(names.values(), ("candidate",))
    slices = [SpecSlices([], empty)]
    assert resample(ScoredBatch(slices, nothing, (nothing,), numbers=empty), layout, names, BOOTSTRAP).errors == {}


@pytest.mark.parametrize("task", ["regression", "multiclass", "multilabel"])
def test_every_task_has_intervals(task: Task) -> None:
    """The error of every metric on 3,000 rows is near its spread over 60 samples of as many."""
    names = named(
        {"regression": ["rmse", "mae"], "multiclass": ["accuracy", "auc_macro"]}.get(task, ["hamming_loss"]), task
    )
    layout = layout_for(names.values(), ("candidate",), task, 0 if task == "regression" else 3)
    values: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(61):
        rng = np.random.default_rng(seed)
        scores = rng.dirichlet([1, 1, 1], 3_000)
        if task == "regression":
            label, scores = rng.normal(size=3_000), np.zeros(3_000)
        elif task == "multilabel":
            label = (rng.random((3_000, 3)) < scores).astype(np.float64)
        else:
            label = (rng.random(3_000)[:, np.newaxis] > scores.cumsum(axis=1)).sum(axis=1).clip(0, 2).astype(np.float64)
        everywhere = SpecSlices([OVERALL], np.zeros(3_000, np.int64))
        batch = ScoredBatch([everywhere], label, (scores,), numbers=np.arange(3_000))
        accumulator = accumulator_for(layout)
        accumulator.add(batch)
        result = tabulated(accumulator, label="y", split="eval", metrics=list(names))
        for name in names:
            values[name].append(result.value(name))
    found = resample(batch, layout, names, BOOTSTRAP).errors["candidate"]
    for name in names:
        assert found[name][OVERALL] == pytest.approx(np.std(values[name]), rel=0.4), name


@pytest.mark.conformance
@pytest.mark.parametrize("intervals", [BOOTSTRAP, JACKKNIFE], ids=["bootstrap", "jackknife"])
@pytest.mark.parametrize("size", [200, 1_000])
def test_intervals_cover_at_the_stated_rate(size: int, intervals: ConfidenceIntervals) -> None:
    """400 slices, each a sample of its own: 95 % of their intervals hold the true value, within binomial error."""
    slices = 400
    names = named(["auc", "accuracy", "recall", "precision", "calibration", "loss", "mean_prediction", "f1_score"])
    layout = layout_for(names.values(), ("candidate",))
    large = ScoredBatch([SpecSlices([OVERALL], np.zeros(2_000_000, np.int64))], *drawn(0, 2_000_000))
    whole = Accumulator(layout)
    whole.add(large)
    truth = tabulated(whole, label="y", split="eval", metrics=list(names))
    count = slices * size
    keys: list[SliceKey] = [(("sample", number),) for number in range(slices)]
    batch = ScoredBatch(
        [SpecSlices(keys, np.repeat(np.arange(slices), size))], *drawn(1, count), numbers=np.arange(count)
    )
    accumulator = Accumulator(layout)
    accumulator.add(batch)
    result = tabulated(accumulator, label="y", split="eval", metrics=list(names))
    resample(batch, layout, names, intervals).put(result)
    for name in names:
        value = truth.value(name)
        held = [low <= value <= high for low, high in result.intervals["candidate"][name]]
        assert abs(np.mean(held) - 0.95) <= 3.5 * math.sqrt(0.95 * 0.05 / slices), (name, np.mean(held))


def drawn(seed: int, count: int) -> tuple[Floats, tuple[Floats]]:
    """Labels and scores of a model that is fair but not calibrated."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(2, 2, count)
    return (rng.random(count) < chance).astype(np.float64), (
        np.clip(chance + rng.normal(0.05, 0.1, count), 0.01, 0.99),
    )
