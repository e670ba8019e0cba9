"""Splits by time: what came before the first start is in one split, what came after in the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.artifacts import Examples
from penstock.components import CsvExampleGen, ParquetExampleGen
from penstock.data.examples import read_table
from penstock.data.time_splits import TimeSplits
from penstock.dsl import Component, Context, Pipeline, check
from penstock.errors import DataError, GraphError

DAY = 86_400
SPLITS = {"eval": 1, "train": 1, "test": 1}
STARTS: dict[str, Any] = {"test": "1970-01-04", "eval": "1970-01-03"}


def ingest(component: Component, directory: Path, columns: dict[str, Any], **parameters: Any) -> dict[str, list[Any]]:
    """The first column by split, of columns that are written as the component reads them."""
    table = pa.table(columns)
    path = directory / "input"
    if component is CsvExampleGen:
        rows = [",".join("" if value is None else str(value) for value in row.values()) for row in table.to_pylist()]
        path.write_text("\n".join([",".join(columns), *rows, ""]))
    else:
        pq.write_table(table, path)
    examples = Examples(str(directory / "out"))
    component.function(examples, input_base=str(path), **parameters, ctx=Context(temp_dir=directory))
    return {split: read_table(examples, split).column(0).to_pylist() for split in examples.splits}


@pytest.mark.parametrize("component", [CsvExampleGen, ParquetExampleGen])
class TestIngest:
    @pytest.mark.parametrize(("unit", "scale"), [("s", DAY), ("ms", DAY * 1000), ("us", DAY * 10**6), ("days", 1)])
    def test_a_row_is_in_the_split_of_its_time(
        self, tmp_path: Path, component: Component, unit: Any, scale: int
    ) -> None:
        """A start belongs to the split that it begins; the order of rows and of the splits means nothing."""
        times = [round(day * scale) for day in (0, 3, 2, 1, 9, 2)] + [2 * scale - 1]
        found = ingest(
            component, tmp_path, {"t": times}, splits=SPLITS, split_by_time=TimeSplits("t", dict(STARTS), unit)
        )
        assert {split: [time // scale for time in some] for split, some in found.items()} == {
            "eval": [2, 2],
            "train": [0, 1, 1],
            "test": [3, 9],
        }

    def test_a_group_in_two_splits_is_an_error(self, tmp_path: Path, component: Component) -> None:
        """With split_by it is looked at, and may be allowed."""
        columns = {"t": [1, 2, 3, 4], "taxi": [7, 8, 7, 9]}
        parameters = {"split_by_time": TimeSplits("t", {"eval": 3}), "split_by": ["taxi"]}
        with pytest.raises(DataError, match=r"taxi 7 in train .*, row \d\) and in eval"):
            ingest(component, tmp_path, columns, **parameters)
        found = ingest(component, tmp_path, columns, **parameters, on_leak="allow")
        assert found == {"train": [1, 2], "eval": [3, 4]}

    def test_a_row_without_a_time_is_named(self, tmp_path: Path, component: Component) -> None:
        """With its number in the file; the same if all are missing."""
        for times in ([1.5, 2.5, None, 9.5], [None] * 3):
            row = times.index(None) + 1 + int(component is CsvExampleGen)
            with pytest.raises(DataError, match=f"Row {row} has no value in 't'"):
                ingest(
                    component,
                    tmp_path,
                    {"a": [1, 2, 3, 4][: len(times)], "t": times},
                    split_by_time=TimeSplits("t", {"eval": 2}),
                )

    def test_a_split_that_no_row_falls_into_tells_the_unit(self, tmp_path: Path, component: Component) -> None:
        """Which is what is wrong, as a rule."""
        with pytest.raises(DataError, match="No row falls into 'eval'.* counted in s since 1970"):
            ingest(component, tmp_path, {"t": [1, 2]}, split_by_time=TimeSplits("t", {"eval": "2026-01-01"}))

    def test_text_is_no_time(self, tmp_path: Path, component: Component) -> None:
        """Unless it is declared as one."""
        columns = {"t": ["1970-01-01", "1970-01-05"]}
        times = TimeSplits("t", {"eval": "1970-01-03T00:00+01:00"})
        with pytest.raises(DataError, match="needs times as numbers"):
            ingest(component, tmp_path, columns, split_by_time=times)
        found = ingest(component, tmp_path, columns, split_by_time=times, types={"t": "timestamp[s]"})
        assert found == {"train": [0], "eval": [4 * DAY]}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"split_by_time": {"column": "t", "starts": {"test": 1}}}, "all of them but the first need one"),
        ({"split_by_time": {"column": "t", "starts": {"train": 1, "eval": 2}}}, "all of them but the first need one"),
        ({"split_by_time": {"column": "t", "starts": {"eval": "soon"}}}, "a date or time is expected"),
        ({"split_by_time": {"column": "t", "starts": {"eval": 1}, "units": "s"}}, "units"),
        (
            {"split_by_time": {"column": "t", "starts": {"a": 1, "b": 1.0}}, "splits": {"a": 1, "b": 1, "c": 1}},
            "begin at the same time",
        ),
        (
            {"input_base": {"train": "a", "eval": "b"}, "split_by_time": {"column": "t", "starts": {"eval": 1}}},
            "a path for each split",
        ),
        ({"input_base": "{SPAM}.csv"}, "{SPAM} is no placeholder"),
    ],
)
def test_what_cannot_be_is_told_when_the_graph_is_checked(parameters: dict[str, Any], message: str) -> None:
    """Before anything is read."""
    with Pipeline("p") as pipeline:
        CsvExampleGen(**{"input_base": "a.csv", **parameters})
    with pytest.raises(GraphError, match=message):
        check(pipeline)
