"""Given splits: each row where its file says, and what is in two of them named with file and row."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.artifacts import Examples
from penstock.components import CsvExampleGen, JsonlExampleGen, ParquetExampleGen
from penstock.data.examples import read_table
from penstock.dsl import Component, Context
from penstock.errors import DataError, UsageError

Rows = Sequence[tuple[Any, ...]]
Ingest = Callable[..., Examples]

TRAIN: Rows = [(1, "x"), (2, "y"), (None, None), (7, "q")]
EVAL: Rows = [(5, "x"), (7, "q"), (None, None), (1, "z")]


def write(component: Component, path: Path, rows: Rows, names: Sequence[str] = "ab") -> None:
    """A file of the component's format; CSV has a line break inside the second row."""
    if component is CsvExampleGen:
        cells = [",".join("" if value is None else str(value) for value in row) for row in rows]
        path.write_text("\n".join([",".join(names), *cells, ""]).replace("y", '"y\nY"'))
    elif component is JsonlExampleGen:
        path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), path)


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Reads splits of a component's format; each is a file of rows, or several."""
    count = iter(range(1_000_000))

    def run(component: Component, *, beam: bool = False, names: str = "ab", **given: Any) -> Examples:
        splits = {split: rows for split, rows in given.items() if isinstance(rows, list) and split != "split_by"}
        paths = {}
        for split, rows in splits.items():
            paths[split] = str(tmp_path / f"{split}-*")
            for part, some in enumerate(rows if isinstance(rows[0], list) else [rows]):
                write(component, tmp_path / f"{split}-{part}", some, names)
        parameters = {name: value for name, value in given.items() if name not in splits}
        examples = Examples(str(tmp_path / f"out-{next(count)}"))
        ctx = Context(temp_dir=tmp_path, beam_options={"runner": "FnApiRunner"} if beam else {})
        component.function(examples, input_base=paths, **parameters, ctx=ctx)
        return examples

    return run


@pytest.mark.parametrize("component", [CsvExampleGen, JsonlExampleGen, ParquetExampleGen])
class TestGivenSplits:
    def test_each_row_is_in_the_split_of_its_file(self, ingest: Ingest, component: Component) -> None:
        """In the order of the files; columns and types are those of all splits together."""
        parts = [[(1, 1.5), (2, 1.5)], [(3, 2.0)]]
        examples = ingest(component, train=parts, test=[(4, 2.5)], holdout=[(5, 3)])
        assert examples.splits == ["train", "test", "holdout"]
        tables = {split: read_table(examples, split) for split in examples.splits}
        assert {split: table["a"].to_pylist() for split, table in tables.items()} == {
            "train": [1, 2, 3],
            "test": [4],
            "holdout": [5],
        }
        assert {table.schema.field("b").type for table in tables.values()} == {pa.float64()}

    def test_equal_rows_are_named_with_their_places(self, ingest: Ingest, component: Component) -> None:
        """File and row as each format counts them; that both lack all values is no finding."""
        with pytest.raises(DataError, match="A row is in two splits") as caught:
            ingest(component, train=[*TRAIN], eval=[*EVAL])
        # The header is row 1 of a CSV file, and one row takes two lines.
        rows = (6, 3) if component is CsvExampleGen else (4, 2)
        assert f"train-0, row {rows[0]}) and in eval" in caught.value.message
        assert f"eval-0, row {rows[1]})" in caught.value.message
        assert (caught.value.facts["row"], caught.value.facts["split"]) == (rows[1], "eval")
        assert caught.value.message.count(" and in ") == 1

    def test_groups_in_two_splits_are_named(self, ingest: Ingest, component: Component) -> None:
        """A group is what is equal in the columns of split_by; three are named."""
        with pytest.raises(DataError, match="A group of a is in two splits") as caught:
            ingest(component, train=[*TRAIN], eval=[*EVAL], split_by=["a"])
        assert "a 1 in train" in caught.value.message
        assert "; a 7 in train" in caught.value.message
        many: Rows = [(number, "x") for number in range(5)]
        with pytest.raises(DataError, match="a 2 in .*and there may be more"):
            ingest(component, train=[*many], eval=[*many], split_by=["a"])

    def test_what_is_allowed_or_no_leak_goes_through(self, ingest: Ingest, component: Component) -> None:
        """Repetition within one split; integers of which only the float64 is equal; anything, if it is allowed."""
        near = 2**60
        examples = ingest(component, train=[(near, "x"), (near, "x")], eval=[(near + 1, "x")])
        assert read_table(examples, "train").num_rows == 2
        assert ingest(component, train=[*TRAIN], eval=[*EVAL], on_leak="allow").splits == ["train", "eval"]

    def test_rows_that_are_left_out_count_in_what_is_named(self, ingest: Ingest, component: Component) -> None:
        """Neither a rejected row nor one outside the sample moves the numbers of others."""
        with pytest.raises(DataError, match="A row is in two splits") as caught:
            ingest(
                component,
                train=[("bad", "x"), ("1", "x"), ("worse", "x"), ("2", "x")],
                eval=[("3", "x"), ("bad", "w"), ("2", "x")],
                types={"a": "int"},
                on_error="skip",
            )
        header = int(component is CsvExampleGen)
        assert f"train-0, row {4 + header}) and in eval" in caught.value.message
        assert f"eval-0, row {3 + header})" in caught.value.message


def test_other_splits_than_the_given_ones_are_refused(ingest: Ingest) -> None:
    """Weights say nothing where each file has its split."""
    with pytest.raises(UsageError, match="splits names a, b, but the input has files for train, eval"):
        ingest(CsvExampleGen, train=[*TRAIN], eval=[*EVAL], splits={"a": 1, "b": 1})


def test_a_file_in_two_splits_is_refused(tmp_path: Path) -> None:
    """Before it is read."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    base = {"train": str(tmp_path), "eval": str(tmp_path / "a.*")}
    with pytest.raises(DataError, match="'train' and 'eval' both read this file"):
        CsvExampleGen.function(Examples(str(tmp_path / "out")), input_base=base, ctx=Context())


@pytest.mark.component
def test_beam_finds_the_same_leaks(ingest: Ingest) -> None:
    """What decides travels with the reports of the workers."""
    with pytest.raises(DataError, match=r"train-0, row 4\) and in eval"):
        ingest(ParquetExampleGen, train=[*TRAIN], eval=[*EVAL], beam=True)
