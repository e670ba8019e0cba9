from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.artifacts import ModelEvaluation
from penstock.errors import DataError
from penstock.evaluation.fairness.results import Estimate, FairnessResult, Flips, Group, GroupSet
from penstock.evaluation.plots import Plots
from penstock.evaluation.slices import SliceKey
from penstock.views import Cell, view


def written(directory: Path) -> ModelEvaluation:
    """An evaluation of a candidate and a baseline on the whole set and two hours."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results.json").write_text(
        json.dumps(
            {
                "version": 1, "label": "tip", "split": "eval", "models": ["candidate", "baseline"],
                "metrics": ["example_count", "auc"], "counts": {}, "slices": [[], [["hour", 4]], [["hour", 5]]],
                "n": [10, 3, 7],
                "values": {"candidate": {"example_count": [10, 3, 7], "auc": [0.9, None, 0.8]},
                           "baseline": {"example_count": [10, 3, 7], "auc": [0.85, 0.5, 0.7]}},
                "intervals": {"candidate": {"auc": [[0.8, 0.95], [None, None], [None, None]]}},
            }
        )
    )  # fmt: skip
    (directory / "verdicts.json").write_text(
        json.dumps(
            [{"check": "auc min", "outcome": "pass"}, {"check": "auc max_drop", "outcome": "fail", "bound": 0.1}]
        )
    )
    return ModelEvaluation(str(directory))


def test_slices_have_intervals_and_a_baseline(tmp_path: Path) -> None:
    """The whole comes first, then the largest slices; a cell says value, interval and baseline, or undefined."""
    found = view(written(tmp_path))
    assert found is not None
    verdicts, slices = found.tables
    assert [row[0] for row in verdicts.rows] == ["auc max_drop", "auc min"]
    assert slices.headers == ("slice", "n", "auc")
    cells = [row[-1] for row in slices.rows]
    assert [row[0] for row in slices.rows] == ["overall", "hour=5", "hour=4"]
    assert cells == [
        Cell(0.9, "0.8 to 0.95, baseline 0.85"),
        Cell(0.8, "baseline 0.7"),
        Cell(None, "undefined"),
    ]


def test_an_evaluation_of_another_tool_is_said_to_be_one(tmp_path: Path) -> None:
    """TFMA's files alone are no results of ours, and the error says how to read them."""
    with pytest.raises(DataError, match=r"no results\.json"):
        view(ModelEvaluation(str(tmp_path)))


def test_of_very_many_slices_the_largest_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole and the largest slices stand in the model, each with its name, and how many are left out is said."""
    monkeypatch.setattr("penstock.views.evaluation.MOST_DRAWN", 2)
    found = view(written(tmp_path))
    assert found is not None
    assert found.model()["names"] == ["", "hour=5"]
    assert found.model()["values"]["candidate"]["auc"] == [0.9, 0.8]
    assert found.model()["left_out"] == 1


def plotted(directory: Path, slices: Sequence[SliceKey], *, models: Sequence[str] = ("candidate",)) -> None:
    """Adds what curves are drawn from: of each slice 4 rows at 0.2, one of them positive, and 4 positive at 0.7."""
    weight, label = [0.0] * 100, [0.0] * 100
    weight[20], weight[70], label[20], label[70] = 4.0, 4.0, 1.0, 4.0
    prediction = [one * (at + 0.5) / 100 for at, one in enumerate(weight)]
    counts = [[weight, label, prediction] for _ in slices]
    (directory / "plots.json").write_text(json.dumps(Plots(list(slices), dict.fromkeys(models, counts)).to_json()))


def test_curves_of_the_slices_that_matter_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole, then what a verdict is about, then the largest; in whole numbers where they are; else none."""
    found = view(written(tmp_path))
    assert found is not None
    assert found.model()["curves"] is None
    (tmp_path / "verdicts.json").write_text(json.dumps([{"check": "a", "outcome": "fail", "subject": "hour=4"}]))
    plotted(tmp_path, [(), (("hour", 4),), (("hour", 5),)])
    monkeypatch.setattr("penstock.views.curves.MOST_SLICES", 2)
    found = view(ModelEvaluation(str(tmp_path)))
    assert found is not None
    curves = found.model()["curves"]
    assert [found.model()["names"][at] for at in curves["slices"]] == ["", "hour=4"]
    weight, label, prediction = curves["models"]["candidate"][1]
    assert (weight[20], label[20], label[21]) == (4, 1, 0)
    assert prediction == [0, 0, 0.82, 0, 0, 0, 0, 2.82, 0, 0]
    assert isinstance(weight[20], int)
    for damaged in ("{", "[]", '{"slices": [[]], "models": {"candidate": [[[1], [1]]]}}', '{"slices": 3}'):
        (tmp_path / "plots.json").write_text(damaged)
        with pytest.raises(DataError, match=r"plots\.json is damaged"):
            view(ModelEvaluation(str(tmp_path)))
    (tmp_path / "plots.json").unlink()
    (tmp_path / "task_plots.json").write_text("[]")
    with pytest.raises(DataError, match=r"task_plots\.json is damaged"):
        view(ModelEvaluation(str(tmp_path)))


def fair(directory: Path) -> None:
    """Adds the fairness of three groups and a counterfactual to an evaluation."""
    rates = {"positive_rate@0.5": Estimate(0.4, 0.3, 0.5), "calibration": Estimate(math.nan, math.nan, math.nan)}
    gaps = {"demographic_parity": Estimate(0.2, 0.1, 0.3), "positive_rate@0.5": Estimate(-0.2, -0.3, -0.1)}
    groups = [
        Group((("pay", "cash"),), 10, rates),
        Group((("pay", "card"),), 5, rates, gaps),
        Group((("pay", "<img src=x onerror=alert(1)>"),), 4, rates, {"demographic_parity": Estimate(0.3, 0.2, 0.4)}),
    ]
    flips = Flips("pay", {"cash": "card"}, 10, {"flip_rate@0.5": Estimate(0.1, math.nan, math.nan)})
    FairnessResult([0.5], [GroupSet("pay", (("pay", "cash"),), groups)], [flips]).write(directory)


def test_fairness_stands_with_the_slices(tmp_path: Path) -> None:
    """Gaps to the baseline group with their intervals are in the model and a table; so is what was changed."""
    written(tmp_path)
    fair(tmp_path)
    found = view(ModelEvaluation(str(tmp_path)))
    assert found is not None
    gaps, flips = found.tables[-2:]
    assert gaps.title == "Fairness: gaps by pay"
    assert gaps.headers == ("group", "n", "demographic_parity", "positive_rate@0.5")
    assert gaps.rows[0] == (Cell("pay=cash", "baseline group"), 10, Cell(None), Cell(None))
    assert gaps.rows[1] == (Cell("pay=card"), 5, Cell(0.2, "0.1 to 0.3"), Cell(-0.2, "-0.3 to -0.1"))
    assert flips.rows == (("pay: cash -> card", 10, Cell(0.1)),)
    model = found.model()["fairness"]["sets"][0]
    assert [group["name"] for group in model["groups"]][:2] == ["pay=cash", "pay=card"]
    assert model["groups"][0]["rates"]["calibration"] == [None, None, None]
