from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from penstock.artifacts import Examples, Model, ModelEvaluation, Schema
from penstock.errors import UsageError
from penstock.views import compare
from tests.views.conftest import Dataset, MakeStatistics, summarised
from tests.views.test_schema import SCHEMA


def test_statistics_are_compared_split_over_split(
    make_statistics: MakeStatistics, taxi: dict[str, Dataset], trips: pa.Table
) -> None:
    """A wrong unit in a part of the fares, and a column that is gone, come before all that did not move."""
    fares = pc.if_else(
        pc.equal(pc.bit_wise_and(trips["trip_seconds"].fill_null(0), 4), 0),
        pc.multiply(trips["fare"], 100),
        trips["fare"],
    )
    moved = trips.drop_columns(["company"]).set_column(1, "fare", fares)
    new = {"train": summarised(moved.slice(0, 10_000)), "eval": summarised(moved.slice(10_000))}
    found = compare(make_statistics(1, **taxi), make_statistics(2, **new))
    model = found.model()
    assert [(one["name"], one["base"]) for one in model["datasets"]] == [
        ("train 1", None), ("train 2", 0), ("eval 1", None), ("eval 2", 2),
    ]  # fmt: skip
    assert {one["name"] for one in model["columns"][:2]} == {"company", "fare"}
    drifts = [max(one["drift"] for one in column["distances"] if one) for column in model["columns"]]
    assert drifts == sorted(drifts, reverse=True)
    assert drifts[2] == 0
    assert found.title == "ExampleStatistics 1 against ExampleStatistics 2"


def test_a_split_of_one_side_is_compared_with_none(make_statistics: MakeStatistics) -> None:
    """A split that the other artifact lacks is shown without distances."""
    one, other = make_statistics(1, train=summarised({"a": [1]})), make_statistics(2, eval=summarised({"a": [1]}))
    model = compare(one, other).model()
    assert [one["base"] for one in model["datasets"]] == [None, None]


def test_schemas_are_compared_field_by_field(make_schema: Callable[..., Schema]) -> None:
    """Changed fields with both values, added and removed features, and the values of domains."""
    other = SCHEMA.replace('value: "Card"', 'value: "Crypto"').replace("min_fraction: 0.5", "min_fraction: 1")
    other = other.replace('name: "old"', 'name: "young"')
    model = compare(make_schema(SCHEMA), make_schema(other, 2)).model()
    assert model["features"]["old"] == "removed"
    assert model["features"]["young"] == "added"
    assert model["features"]["payment"]["presence"] == ["in 50 % of rows", "required"]
    assert set(model["features"]) == {"old", "young", "payment"}
    assert model["domains"] == {"payment": {"added": ["Crypto"], "removed": ["Card"]}}


def test_examples_are_compared_by_columns_and_rows(make_examples: Callable[..., Examples]) -> None:
    """Columns that are new, gone or of another type, and numbers of rows."""
    one = make_examples(1, train=pa.table({"a": [1], "b": [1.5]}))
    other = make_examples(2, train=pa.table({"a": ["x", "y"], "c": [1, 2]}))
    model = compare(one, other).model()
    assert model["rows"] == {"train": [1, 2]}
    assert model["columns"] == {
        "train: a": ["int64", "string"], "train: b": ["double", None], "train: c": [None, "int64"],
    }  # fmt: skip


def test_evaluations_are_compared_slice_by_slice(tmp_path: Path) -> None:
    """Metrics before and after of each slice that both have, and what they were evaluated on."""

    def made(name: str, label: str, auc: list[float | None]) -> ModelEvaluation:
        result: dict[str, Any] = {
            "version": 1, "label": label, "split": "eval", "models": ["candidate"], "metrics": ["auc"], "counts": {},
            "slices": [[], [["hour", 4]]], "n": [10, 3], "values": {"candidate": {"auc": auc}}, "intervals": {},
        }  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(result))
        return ModelEvaluation(str(tmp_path / name))

    found = compare(made("one", "tip", [0.5, None]), made("other", "big_tip", [0.75, 0.5]))
    model = found.model()
    assert model["config"] == {"label": ["tip", "big_tip"]}
    assert [one["metrics"]["auc"] for one in model["slices"]] == [[0.5, 0.75], ["nan", 0.5]]
    assert [getattr(row[-1], "note", "") for row in found.tables[-1].rows] == ["+0.25", "was undefined"]


def test_anything_else_is_compared_by_properties_and_files(tmp_path: Path) -> None:
    """Files that are new, gone or of another size, and properties; the same payload differs in nothing."""
    for name, files in (("one", {"a": "1", "b": "12", "c": "1"}), ("other", {"a": "1", "b": "1", "d/e": "1"})):
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text)
    one, other = (
        Model(str(tmp_path / "one"), id=1),
        Model(str(tmp_path / "other"), id=2, custom_properties={"steps": 3}),
    )
    model = compare(one, other).model()
    assert set(model["files"]) == {"b", "c", "d/e"}
    assert model["properties"] == {"steps": [None, 3]}
    assert compare(one, one).notes == ("Nothing differs.",)


def test_two_types_are_not_compared(tmp_path: Path) -> None:
    """Artifacts of different types are an error that names both."""
    with pytest.raises(UsageError, match="Model 1 and Schema 2 cannot be compared"):
        compare(Model(str(tmp_path), id=1), Schema(str(tmp_path), id=2))
