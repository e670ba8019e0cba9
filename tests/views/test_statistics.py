from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.artifacts import ExampleStatistics
from penstock.data_validation.statistics import SlicedSummary
from penstock.data_validation.summary_options import Slice, SummaryOptions
from penstock.errors import DataError
from penstock.views import Bars, Cell, View, statistics, view
from tests.views.conftest import HOSTILE, Dataset, MakeStatistics, summarised


def shown(artifact: Any) -> View:
    """The view, which must be there."""
    found = view(artifact)
    assert found is not None
    return found


def column(found: View, name: str) -> dict[str, Any]:
    """A column of the model."""
    return next(one for one in found.model()["columns"] if one["name"] == name)


def test_the_model_says_what_the_trips_are(
    taxi: dict[str, Dataset], make_statistics: MakeStatistics, trips: pa.Table
) -> None:
    """Counts, moments, extremes and frequent values of real trips are those that the table has."""
    found = shown(make_statistics(**taxi))
    fares = trips.slice(0, 10_000)["fare"].to_numpy()
    numbers = column(found, "fare")["stats"][0]["numbers"]
    assert numbers["mean"] == pytest.approx(fares.mean(), rel=1e-9)
    assert numbers["median"] == pytest.approx(np.median(fares), abs=0.5)
    assert (numbers["min"], numbers["max"]) == (fares.min(), fares.max())
    assert sum(count for _, _, count in numbers["standard"]) == pytest.approx(10_000)
    assert len(numbers["quantiles"]) == 10
    payments = trips.slice(10_000)["payment_type"].to_pylist()
    strings = column(found, "payment_type")["stats"][1]["strings"]
    assert strings["unique"] == len(set(payments))
    assert strings["top"][0] == ["Cash", payments.count("Cash")]
    missing = column(found, "dropoff_latitude")["stats"][0]
    assert missing["count"] + missing["missing"] == 10_000
    assert 0 < missing["share_missing"] < 1


def test_the_model_is_bounded_json(taxi: dict[str, Dataset], make_statistics: MakeStatistics) -> None:
    """18 columns of two splits take some tens of kilobytes, whatever the number of rows; NaN is text."""
    text = json.dumps(shown(make_statistics(**taxi)).model(), allow_nan=False)
    assert len(text) < 60_000


def test_splits_are_held_against_the_first(taxi: dict[str, Dataset], make_statistics: MakeStatistics) -> None:
    """Random parts of the same trips are near each other, and the first split is compared with none."""
    found = shown(make_statistics(**taxi))
    assert [one["base"] for one in found.model()["datasets"]] == [None, 0]
    distances = column(found, "payment_type")["distances"]
    assert distances[0] is None
    assert 0 < distances[1]["linf"] < 0.05
    assert 0 < distances[1]["jensen_shannon"] < 0.05
    assert "the share of" in distances[1]["message"]
    assert column(found, "fare")["distances"][1]["linf"] is None


def test_a_column_that_vanished_has_moved_as_far_as_it_was_there(make_statistics: MakeStatistics) -> None:
    """Columns of one split only are there, said to be new or gone, with the share of examples that had them."""
    one = summarised({"a": [1, 2, None, 4], "b": ["x"] * 4})
    other = summarised({"b": ["x"] * 4, "c": [1.5] * 4})
    found = shown(make_statistics(train=one, eval=other))
    gone, same, new = (column(found, name)["distances"][1] for name in "abc")
    assert (gone["change"], gone["drift"]) == ("gone", 0.75)
    assert (same["change"], same["drift"]) == ("", 0.0)
    assert (new["change"], new["drift"]) == ("new", 1.0)
    numbers = next(table for table in found.tables if table.title == "Numbers")
    said = [[str(cell) for cell in row] for row in numbers.rows]
    assert [row[-1] for row in said] == ["", "gone", "new"]  # a of train, a of eval, c of eval


@pytest.mark.parametrize(
    "values",
    [[math.nan] * 3, [math.inf, -math.inf, 1.0], [None] * 3, [5.0] * 3, [1e308, -1e308], [""] * 3],
    ids=str,
)
def test_odd_columns_are_shown(make_statistics: MakeStatistics, values: list[Any]) -> None:
    """All missing, one value, NaN, infinities, the largest numbers and empty strings make no fault anywhere."""
    array = pa.array(values, pa.float64()) if values == [None] * 3 else pa.array(values)
    found = shown(make_statistics(train=summarised({"a": array}), eval=summarised({"a": array})))
    assert json.loads(json.dumps(found.model(), allow_nan=False))["columns"][0]["name"] == "a"
    assert "<table>" in found.html()


def test_bytes_structs_and_paths_are_shown(make_statistics: MakeStatistics) -> None:
    """Features that other tools write: bytes, structs, names given as paths, statistics with no member at all."""
    proto = statistics_pb2.DatasetFeatureStatistics(num_examples=2)
    proto.features.add(type="BYTES").path.step.extend(["a", "b"])
    proto.features[0].bytes_stats.unique = 2
    proto.features.add(name="s", type="STRUCT").struct_stats.common_stats.num_non_missing = 2
    proto.features.add(name="empty", type="INT")
    lists = proto.features.add(name="lists", type="STRING").string_stats
    lists.common_stats.CopyFrom(statistics_pb2.CommonStatistics(num_non_missing=2, max_num_values=3, tot_num_values=4))
    lists.rank_histogram.buckets.add(label="x", sample_count=4)
    found = shown(make_statistics(train=proto))
    assert [one["name"] for one in found.model()["columns"]] == ["a.b", "s", "empty", "lists"]
    assert [table.title for table in found.tables] == ["Strings", "Others"]
    assert str(found.tables[0].rows[0][6]) == "x"
    assert column(found, "lists")["stats"][0]["most_values"] == 3


def test_an_empty_split_is_said_to_be_empty(make_statistics: MakeStatistics) -> None:
    """A split without examples is shown, and named."""
    found = shown(make_statistics(train=summarised({"a": [1]}), eval=Dataset(name="eval")))
    assert found.notes == ("eval has no examples.",)


def test_thousands_of_columns_are_cut(make_statistics: MakeStatistics, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many columns are shown, and how many are not is said."""
    monkeypatch.setattr(statistics, "MOST_COLUMNS", 3)
    found = shown(make_statistics(train=summarised({f"c{n}": [n] for n in range(5)})))
    assert len(found.model()["columns"]) == 3
    assert found.model()["left_out"] == 2
    assert found.notes == ("3 of 5 columns are shown.",)


def test_hostile_values_are_text(make_statistics: MakeStatistics) -> None:
    """Names and values that would be markup or control a terminal are text, cut where they are long."""
    found = shown(make_statistics(train=summarised({HOSTILE: [HOSTILE, "x" * 10_000]})))
    assert "<img" not in found.html()
    assert max(len(value) for value, _ in found.model()["columns"][0]["stats"][0]["strings"]["top"]) <= 121


def test_damaged_statistics_name_their_file(make_statistics: MakeStatistics, taxi: dict[str, Dataset]) -> None:
    """A file that is no statistics is an error with its path."""
    artifact = make_statistics(**taxi)
    artifact.split_path("eval", "FeatureStats.pb").write_bytes(b"\xff\xff")
    with pytest.raises(DataError) as error:
        view(artifact)
    assert str(error.value.facts["path"]).endswith("Split-eval/FeatureStats.pb")


def test_tables_have_histograms(taxi: dict[str, Dataset], make_statistics: MakeStatistics) -> None:
    """The tables have a row for each column and split, with bars of ten buckets."""
    numbers, strings = shown(make_statistics(**taxi)).tables
    assert len(numbers.rows) + len(strings.rows) == 2 * 18
    bars = [cell for row in numbers.rows for cell in row if isinstance(cell, Bars)]
    assert {len(one.heights) for one in bars} <= {0, 1, 10}
    assert all(isinstance(row[-1], Cell) for row in numbers.rows)


def sliced_statistics(make_statistics: MakeStatistics, trips: pa.Table) -> ExampleStatistics:
    """Of two splits with weights, slices by payment type, pairs of columns and times."""
    columns = ["fare", "trip_miles", "payment_type", "trip_seconds"]
    artifact = make_statistics(train=Dataset(), eval=Dataset())
    options = SummaryOptions("trip_miles", (Slice((("payment_type", None),)),), crosses=True, domains=True)
    for split, rows in (("train", trips.slice(0, 9000)), ("eval", trips.slice(9000))):
        summary = SlicedSummary(None, options)
        for batch in rows.select(columns).filter(pc.is_valid(rows["trip_miles"])).to_batches():
            summary.add(batch)
        artifact.split_path(split, "FeatureStats.pb").write_bytes(summary.to_proto(split).SerializeToString())
    return artifact


def test_slices_weights_and_pairs_are_shown(make_statistics: MakeStatistics, trips: pa.Table) -> None:
    """Each slice is held against its split, weights stand beside, pairs come by correlation; the terminal has all."""
    found = shown(sliced_statistics(make_statistics, trips))
    tables = {table.title: table for table in found.tables}
    assert list(tables) == ["Numbers", "Strings", "Weighted", "Slices", "Pairs of columns"]
    assert len(tables["Numbers"].rows) == 2 * 3  # slices are no rows of it
    cash = next(row for row in tables["Slices"].rows if row[:2] == ["payment_type_Cash", "train"])
    assert cash[4] == "fare"  # and not the payment type, by which it is cut
    assert 0 < float(cash[5]) < 0.1  # type: ignore[arg-type]
    assert 0 < float(str(cash[3]).split()[0]) < 100
    correlations = [abs(float(row[-1])) for row in tables["Pairs of columns"].rows if row[2] == "train"]  # type: ignore[arg-type]
    assert correlations == sorted(correlations, reverse=True)
    stats = column(found, "fare")["stats"]
    assert stats[0]["weighted"]["numbers"]["mean"] > stats[0]["numbers"]["mean"]  # longer trips cost more
    places = [one["slice"] for one in found.model()["datasets"]]
    assert places[:2] == ["", ""]
    assert [one["base"] for one in found.model()["datasets"] if one["slice"] == "payment_type_Cash"] == [0, 1]


def test_many_slices_are_cut(make_statistics: MakeStatistics, trips: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest are shown, and how many are not is said."""
    monkeypatch.setattr(statistics, "MOST_SLICES", 2)
    found = shown(sliced_statistics(make_statistics, trips))
    slices = [one for one in found.model()["datasets"] if one["slice"] and one["base"] == 0]
    assert [one["slice"] for one in slices] == ["payment_type_Cash", "payment_type_Credit Card"]
    assert any("smallest slices are not shown" in note for note in found.notes)


def test_what_a_column_looks_like_and_how_parts_fit_is_noted(make_statistics: MakeStatistics) -> None:
    """Domains that were detected, and the counts of features that are made of several columns."""
    proto = summarised({"day": ["2018-01-02"] * 3})
    proto.features[0].custom_stats.add(name="domain_info", str="time_domain {string_format: '%Y-%m-%d'}")
    sparse = proto.features.add()
    sparse.path.step.append("prices")
    sparse.custom_stats.add(name="missing_value", num=2)
    sparse.custom_stats.add(name="missing_index").rank_histogram.buckets.add(label="at", sample_count=5)
    found = shown(make_statistics(train=proto))
    assert column(found, "day")["notes"] == ["looks like time_domain: string_format: '%Y-%m-%d'"]
    assert column(found, "prices")["notes"] == ["missing_value 2", "missing_index at 5"]
