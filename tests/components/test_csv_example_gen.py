"""CsvExampleGen, from CSV files to examples in splits, and what it says about files that it can't use."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.artifacts import Examples
from penstock.components.csv_example_gen import CsvExampleGen
from penstock.data import examples as data
from penstock.data.csv import blocks, ingest
from penstock.dsl import Context
from penstock.errors import DataError, StorageError, UsageError


class Ingested:
    """The examples that a run made, and the events it emitted."""

    def __init__(self, examples: Examples, events: list[dict[str, Any]]) -> None:
        self.examples = examples
        self.events = events

    @property
    def warnings(self) -> list[str]:
        return [event["text"] for event in self.events if event["type"] == "warning"]

    @property
    def notes(self) -> list[str]:
        return [event["text"] for event in self.events if event["type"] == "note"]

    def table(self, split: str = "all") -> pa.Table:
        return data.read_table(self.examples, split)

    def files(self) -> dict[str, bytes]:
        """Every file of the payload with its bytes."""
        root = self.examples.path()
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


Ingest = Callable[..., Ingested]


@pytest.fixture
def ingest_at(tmp_path: Path) -> Ingest:
    """Runs the component on a path; one split of all rows unless told otherwise."""
    count = iter(range(1_000_000))

    def run(
        path: str | Path,
        splits: Mapping[str, int] = {"all": 1},
        types: Mapping[str, str] = {},
        on_error: Literal["fail", "skip"] = "fail",
        **options: Any,
    ) -> Ingested:
        examples = Examples(str(tmp_path / f"out-{next(count)}"))
        events: list[dict[str, Any]] = []
        ctx = Context(temp_dir=tmp_path, emit=events.append, beam_options=options)
        given = {"splits": dict(splits), "types": dict(types), "on_error": on_error}
        CsvExampleGen.function(examples, input_base=str(path), **given, ctx=ctx)
        return Ingested(examples, events)

    return run


@pytest.fixture
def ingest_text(tmp_path: Path, ingest_at: Ingest) -> Ingest:
    """Runs the component on a file of the given text or bytes."""

    def run(text: str | bytes, *args: Any, **kwargs: Any) -> Ingested:
        path = tmp_path / "rows.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return ingest_at(path, *args, **kwargs)

    return run


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes blocks, reads and samples so small that little text is cut into many shards."""
    shards, pieces = blocks.shards, blocks.pieces

    def shrink(size: int) -> None:
        monkeypatch.setattr(blocks, "_READ_BYTES", max(2, size // 3))
        monkeypatch.setattr(ingest, "shards", lambda files: shards(files, size))
        monkeypatch.setattr("penstock.data.csv.convert.pieces", lambda block: pieces(block, size))
        monkeypatch.setattr(ingest, "pieces", lambda block, *_: pieces(block, size))
        monkeypatch.setattr(ingest, "_SMALL_BYTES", 0)
        monkeypatch.setattr(ingest, "_SAMPLE_BYTES", size)

    return shrink


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows, NaN as text so that they compare equal."""
    return [
        tuple("nan" if isinstance(value, float) and math.isnan(value) else value for value in row.values())
        for row in table.to_pylist()
    ]


# What it makes


def test_types_are_told_from_all_rows(ingest_text: Ingest) -> None:
    """Each column is int64, else float64, else string; one without values is null; all order is kept."""
    made = ingest_text("n,x,s,nothing,mixed\n1,1,a,,1\n,2.5,,,\n-3,,1,,x\n")
    assert made.table().schema == pa.schema(
        [("n", pa.int64()), ("x", pa.float64()), ("s", pa.string()), ("nothing", pa.null()), ("mixed", pa.string())]
    )
    assert rows_of(made.table()) == [
        (1, 1.0, "a", None, "1"),
        (None, 2.5, None, None, None),
        (-3, None, "1", None, "x"),
    ]


def test_payload_and_what_is_told(ingest_text: Ingest) -> None:
    """Splits, span and version are set, nothing but Parquet files is left, and the rows are counted in the note."""
    text = "n,nothing\n" + "".join(f"{n},\n" for n in range(3000))
    made = ingest_text(text, {"train": 2, "eval": 1})
    assert made.examples.splits == ["train", "eval"]
    assert made.examples.properties == {"span": 0, "version": 0, "split_names": '["train", "eval"]'}
    assert list(made.files()) == ["Split-eval/data-00000-of-00001.parquet", "Split-train/data-00000-of-00001.parquet"]
    assert made.notes == ["3,000 rows, 2 columns"]
    assert made.warnings == ["No row has a value for nothing: this column is missing everywhere."]
    progress = [event for event in made.events if event["type"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == len(text) - len("n,nothing\n")


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["007", "-0", "+5", " 12\t"], pa.int64(), [7, 0, 5, 12]),
        (["1", "2.0"], pa.float64(), [1.0, 2.0]),
        (["1.", ".5", "-1e-3", "+1E5"], pa.float64(), [1.0, 0.5, -0.001, 1e5]),
        (["1", "nan", "-INF", "Infinity"], pa.float64(), [1.0, "nan", -math.inf, math.inf]),
        (["0x1F", "0X2a"], pa.string(), ["0x1F", "0X2a"]),
        (["1", "0x1F"], pa.string(), ["1", "0x1F"]),
        (["1,000", "2"], pa.string(), ["1,000", "2"]),
        (["true", "false"], pa.string(), ["true", "false"]),
        (["2020-01-01", "2021-01-01"], pa.string(), ["2020-01-01", "2021-01-01"]),
        (["NA", "null"], pa.string(), ["NA", "null"]),
        ([" ", "x"], pa.string(), [" ", "x"]),
        (["1", "--2"], pa.string(), ["1", "--2"]),
        (["9223372036854775807", "-9223372036854775808"], pa.int64(), [2**63 - 1, -(2**63)]),
        (["9223372036854775808", "1"], pa.float64(), [2.0**63, 1.0]),
        (["-9223372036854775809", "1"], pa.float64(), [-(2.0**63), 1.0]),
        (["9999999999999999999", "-1"], pa.float64(), [1e19, -1.0]),
        (["00000000000000000000000000000000012"], pa.int64(), [12]),
    ],
)
def test_what_is_a_number(
    ingest_text: Ingest,
    tiny_blocks: Callable[[int], None],
    texts: list[str],
    kind: pa.DataType,
    values: list[Any],
) -> None:
    """Texts that are numbers become numbers, others stay text; whether Arrow reads them typed or as strings."""
    lines = "k,a\n" + "".join(f'k,"{text}"\n' for text in texts)
    whole = ingest_text(lines)
    tiny_blocks(len(lines))  # so that a guess is made and Arrow's own conversion is used
    for made in (whole, ingest_text(lines)):
        assert made.table().schema.field("a").type == kind
        assert [row[1] for row in rows_of(made.table())] == values


def test_integers_outside_64_bits_warn(ingest_text: Ingest) -> None:
    """A column of too large integers becomes float64, with a warning that says how to keep all digits."""
    made = ingest_text("id\n1\n12345678901234567890\n")
    assert made.table().schema.field("id").type == pa.float64()
    assert "12345678901234567890" in made.warnings[0]
    assert "{id: string}" in made.warnings[0]
    kept = ingest_text("id\n1\n12345678901234567890\n", types={"id": "string"})
    assert kept.table()["id"].to_pylist() == ["1", "12345678901234567890"]
    assert not kept.warnings


def test_declared_types_win(ingest_text: Ingest) -> None:
    """A declared type is taken, not the one the values have, also for a column without values."""
    made = ingest_text("a,b,c\n1,007,\n2,,\n", types={"a": "float", "b": "string", "c": "int"})
    assert made.table().schema == pa.schema([("a", pa.float64()), ("b", pa.string()), ("c", pa.int64())])
    assert made.table()["b"].to_pylist() == ["007", None]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quotes_line_ends_and_unicode(ingest_text: Ingest, end: str) -> None:
    """Quoted commas, quotes and line ends, blank lines, no last line end and a byte order mark are read right."""
    lines = ['\ufeffa,"b,c"', '"x, ""y""",1', "", '"two', 'lines",2', "żółć 🚕,", '"",4']
    made = ingest_text(end.join(lines))
    assert made.table().column_names == ["a", "b,c"]
    assert rows_of(made.table()) == [
        ('x, "y"', 1),
        (f"two{end}lines", 2),
        ("żółć 🚕", None),
        (None, 4),
    ]


def test_large_fields_and_many_columns(ingest_text: Ingest) -> None:
    """A field of 10 MB, among short ones, and rows of 2,000 columns are read."""
    big = "x" * 5_000_000 + '""\n' + "é" * 2_500_000
    made = ingest_text(f'a,b\n1,"{big}"\n2,short\n')
    assert made.table()["b"].to_pylist() == [big.replace('""', '"'), "short"]
    names = [f"c{n}" for n in range(2000)]
    wide = ingest_text(",".join(names) + "\n" + (",".join(map(str, range(2000))) + "\n") * 3)
    assert wide.table().column_names == names
    assert wide.table()["c1999"].to_pylist() == [1999] * 3


def test_directories_patterns_and_gzip(tmp_path: Path, ingest_at: Ingest) -> None:
    """A directory, a pattern and gzip files give the rows of all files, in the order of their names."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "b.csv").write_text("a,b\n3,x\n")
    (tmp_path / "in" / "a.csv.gz").write_bytes(gzip.compress(b"b,a\ny,1\nz,2.5\n"))
    (tmp_path / "in" / "deep" / "c.csv").write_text("a,b\n4,w\n")
    (tmp_path / "in" / "notes.txt").write_text("no CSV")
    rows = [("y", 1.0), ("z", 2.5), ("x", 3.0)]
    assert rows_of(ingest_at(tmp_path / "in").table()) == rows
    assert rows_of(ingest_at(tmp_path / "in" / "**" / "*.csv*").table()) == [*rows, ("w", 4.0)]


def test_no_heavy_imports(tmp_path: Path) -> None:
    """Naming the component imports no pyarrow; running it in this process imports neither Beam nor TensorFlow."""
    rows = "1,0.5,Cash,,6743 - 78771 Luhak\n-2,,,,99999999999999999999\n3,nan,x,,9223372036854775807\n"
    (tmp_path / "a.csv").write_text("n,x,s,nothing,mixed\n" + rows)
    code = f"""
import sys
from penstock.components.csv_example_gen import CsvExampleGen
assert not {{"pyarrow", "numpy", "pandas"}} & set(sys.modules)
from penstock.artifacts import Examples
from penstock.dsl import Context
CsvExampleGen.function(Examples({str(tmp_path / "out")!r}), input_base={str(tmp_path / "a.csv")!r},
                       splits={{"all": 1}}, types={{}}, ctx=Context())
assert not {{"apache_beam", "tensorflow", "pandas"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Splits


def taxi_like(rows: int, seed: int = 0) -> list[list[str]]:
    """Rows with integers, floats, text, quoted line ends, and missing values."""
    source = random.Random(seed)
    return [
        [
            str(source.randrange(10**9)),
            source.choice(["", f"{source.uniform(0, 50):.2f}", str(source.randrange(9))]),
            source.choice(["Cash", "Credit Card", "", 'said "no"', "two\nlines, quoted", "Taxi Ü"]),
            "" if source.random() < 0.98 else "7",
        ]
        for _ in range(rows)
    ]


def as_csv(rows: list[list[str]], header: list[str] | None = None) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([header or ["id", "fare", "payment", "rare"], *rows])
    return buffer.getvalue()


def by_id(made: Ingested) -> dict[int, str]:
    """The split of each row."""
    return {
        row: split
        for split in made.examples.splits
        for row in data.read_table(made.examples, split, columns=["id"])["id"].to_pylist()
    }


SPLITS = {"train": 3, "eval": 1, "test": 1}


def test_union_of_splits_is_the_input(ingest_text: Ingest) -> None:
    """Every row is in exactly one split, in the order of the file, and the shares are those of the weights."""
    rows = taxi_like(5000)
    made = ingest_text(as_csv(rows), SPLITS)
    whole = rows_of(ingest_text(as_csv(rows)).table())
    assert len(whole) == 5000
    parts = [rows_of(made.table(split)) for split in SPLITS]
    assert sorted(repr(row) for part in parts for row in part) == sorted(map(repr, whole))
    position = {repr(row): at for at, row in enumerate(whole)}
    for part, weight in zip(parts, SPLITS.values(), strict=True):
        places = [position[repr(row)] for row in part]
        assert places == sorted(places)
        share = weight / 5
        assert abs(len(part) - 5000 * share) < 4 * math.sqrt(5000 * share * (1 - share))


@pytest.mark.parametrize("size", [64, 1000, 7001, 10**6])
def test_sharding_changes_nothing(ingest_text: Ingest, tiny_blocks: Callable[[int], None], size: int) -> None:
    """However the text is cut, each split has the same rows in the same order with the same types."""
    text = as_csv(taxi_like(700))
    whole = ingest_text(text, SPLITS)
    tiny_blocks(size)
    cut = ingest_text(text, SPLITS)
    for split in SPLITS:
        assert cut.table(split).schema == whole.table(split).schema
        assert rows_of(cut.table(split)) == rows_of(whole.table(split))
    if size <= 1000:
        assert len(cut.examples.files("train")) > 10


def test_order_of_rows_columns_and_files_changes_no_split(
    tmp_path: Path, ingest_at: Ingest, ingest_text: Ingest
) -> None:
    """A row's split is the same with rows or columns in another order and spread over files, one of them gzip."""
    rows = taxi_like(900)
    expected = by_id(ingest_text(as_csv(rows), SPLITS))
    shuffled = random.Random(5).sample(rows, len(rows))
    assert by_id(ingest_text(as_csv(shuffled), SPLITS)) == expected
    turned = [row[::-1] for row in rows]
    assert by_id(ingest_text(as_csv(turned, ["rare", "payment", "fare", "id"]), SPLITS)) == expected
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "1.csv").write_text(as_csv(shuffled[:300]), newline="")
    (tmp_path / "many" / "0.csv").write_text(as_csv(shuffled[300:]), newline="")
    (tmp_path / "many" / "2.csv.gz").write_bytes(gzip.compress(b"id,fare,payment,rare\n"))
    (tmp_path / "many" / "3.csv").write_text("id,fare,payment,rare\n")
    many = ingest_at(tmp_path / "many", SPLITS)
    assert by_id(many) == expected
    assert many.warnings == [f"{tmp_path}/many/3.csv has a header but no rows."]


def test_widening_moves_no_row(ingest_text: Ingest) -> None:
    """Rows stay in their splits when a later row turns a column from int64 to float64, or a column is added."""
    rows = [[str(n), str(n % 13)] for n in range(500)]
    expected = by_id(ingest_text(as_csv(rows, ["id", "x"]), SPLITS))
    wider = by_id(ingest_text(as_csv([*rows, ["500", "0.5"]], ["id", "x"]), SPLITS))
    assert {row: split for row, split in wider.items() if row != 500} == expected
    more = [[*row, ""] for row in rows]
    assert by_id(ingest_text(as_csv(more, ["id", "x", "new"]), SPLITS)) == expected


def test_equal_rows_share_a_split(ingest_text: Ingest) -> None:
    """Rows with equal values, also if written differently, are in the same split."""
    made = ingest_text("a,b\n" + '1,x\n1.0,"x"\n1e0,x\n' * 3 + "".join(f"{n},y\n" for n in range(200)), SPLITS)
    counts = [sum(row == (1.0, "x") for row in rows_of(made.table(split))) for split in SPLITS]
    assert sorted(counts) == [0, 0, 9]


def test_same_input_same_bytes(ingest_text: Ingest, tiny_blocks: Callable[[int], None]) -> None:
    """Two runs write the same files, byte for byte, though threads end in any order."""
    text = as_csv(taxi_like(2000))
    tiny_blocks(3000)
    first = ingest_text(text, SPLITS).files()
    assert len(first) > 30
    for _ in range(3):
        assert ingest_text(text, SPLITS).files() == first


@pytest.mark.component
def test_beam_and_threads_agree(ingest_text: Ingest, tiny_blocks: Callable[[int], None]) -> None:
    """The Beam runner writes what the threads write, byte for byte; errors are the same as well."""
    text = as_csv(taxi_like(2000))
    tiny_blocks(5000)
    threads = ingest_text(text, SPLITS)
    beam = ingest_text(text, SPLITS, runner="FnApiRunner")
    assert beam.files() == threads.files()
    assert beam.notes == threads.notes
    assert beam.warnings == threads.warnings
    errors = []
    for options in ({}, {"runner": "FnApiRunner"}):
        with pytest.raises(DataError) as caught:
            ingest_text(text + "1,2\n", SPLITS, **options)
        errors.append(caught.value.to_json())
    assert errors[0] == errors[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["1", "", "2.5", " 3", "x", "0x1", "nan", "1e3", "99999999999999999999", "+4", " "]),
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=12),
        ),
        min_size=1,
        max_size=40,
    ),
    size=st.integers(8, 200),
)
def test_any_text_survives_any_cut(
    ingest_text: Ingest, tiny_blocks: Callable[[int], None], rows: list[tuple[str, str]], size: int
) -> None:
    """Whatever the fields hold, the text column comes back as it was, and cutting the file changes nothing."""
    text = as_csv([["r", *row] for row in rows], ["k", "v", "text"])
    tiny_blocks(10**6)
    whole = ingest_text(text, types={"text": "string"}).table()
    tiny_blocks(size)
    cut = ingest_text(text, types={"text": "string"}).table()
    assert whole["text"].to_pylist() == [row[1] or None for row in rows]
    assert cut.schema == whole.schema
    assert rows_of(cut) == rows_of(whole)


def test_types_settle_over_shards(ingest_text: Ingest, tiny_blocks: Callable[[int], None]) -> None:
    """Shards whose values look narrower than the column's type are read again, so that leading zeros are kept."""
    tiny_blocks(40)
    lines = [f"{n:03d},{n},{n}" for n in range(30)]
    lines[13] = "x13,0.5,y"
    lines[14] = "z,1,1"
    lines[20:] = [f"t{n},{n},text" for n in range(10)]
    table = ingest_text("a,b,c\n" + "\n".join(lines)).table()
    assert table.schema == pa.schema([("a", pa.string()), ("b", pa.float64()), ("c", pa.string())])
    assert table["a"].to_pylist()[:2] == ["000", "001"]
    assert table["c"].to_pylist()[12:15] == ["12", "y", "1"]
    assert pc.sum(table["b"]).as_py() == sum(range(30)) - 13 + 0.5 - 14 + 1 - sum(range(20, 30)) + sum(range(10))


# What it says about files that it can't use


def bad(text: str | bytes, match: str, hint: str = "", *, id: str, **facts: Any) -> Any:
    return pytest.param(text, match, hint, facts, id=id)


NUMBERS = "".join(f"{n},{n / 2}\n" for n in range(200))


@pytest.mark.parametrize(
    ("text", "message", "hint", "facts"),
    [
        bad("", "The file is empty", "at least one row", id="empty"),
        bad("\ufeff", "The file is empty", id="only a byte order mark"),
        bad("\n\n", "only blank lines", id="blank"),
        bad("a,b\n", "header with 2 columns, but no row", id="header only"),
        bad("a,b", "header with 2 columns, but no row", id="header without line end"),
        bad("a,b\n\n\r\n", "header with 2 columns, but no row", id="header and blank lines"),
        bad("a,b\n1,2\n3,4,5\n6\n", "Row 3 has 3 fields .* 2 columns: 3,4,5", "comma", id="too many fields", row=3),
        bad('a,b\n\n"x\ny",2\n\n3\n', "Row 6 has 1 fields .* 2 columns: 3", "'a'", id="too few fields", row=6),
        bad("a,b\n" + "1," * 10_000, r"Row 2 has 10001 .* \(20,000 characters\)", id="long ragged row", row=2),
        bad(f'a,b\n1,"{"x" * 200_000}"\n2\n', "Row 3 has 1 fields", id="ragged after a long field", row=3),
        bad("a,b,a\n1,2,3\n", "names 'a' 2 times, as columns 1 and 3", "own", id="duplicate", column="a", row=1),
        bad("a,,c\n1,2,3\n", "no name for column 2 of 3", "Name it", id="empty name", row=1),
        bad("a,b,\n1,2,3\n", "no name for column 3 of 3", "end of the line", id="trailing comma", row=1),
        bad("a;b\n1;2\n", "separated by semicolons", "commas", id="semicolons", row=1),
        bad(
            "a,town\n1,x\n2,Łódź Zürich\n".encode("iso8859-2", "ignore").replace(b"\xa3", b"L"),
            r"Row 3, column 'town': byte 0xf3 at offset 14 is not UTF-8",
            "cp1252.*Zürich.*iconv",
            id="not UTF-8",
            row=3,
            column="town",
            offset=14,
        ),
        bad("caf\xe9,b\n1,2\n".encode("latin-1"), "Row 1, field 1: byte 0xe9", "café", id="header not UTF-8", row=1),
        bad(b'a,b\n"x\n\x81y",2\n', r"Row 3, column 'a': byte 0x81", "latin-1", id="not cp1252 either", row=3),
        bad(b"a,b\n1,2\n3,\0\n", r"Line 3 holds a NUL byte \(offset 10\)", id="NUL", row=3),
        bad("a,b\n1,2\n".encode("utf-16"), "UTF-16", id="UTF-16"),
        bad(b"PAR1\x15\x04", "a Parquet file", id="Parquet"),
        bad(b"PK\x03\x04\x14\0", "a zip archive or spreadsheet", id="spreadsheet"),
        bad(b"a,b\r1,2\r3,4", "carriage return alone", "tr", id="carriage returns"),
        bad('a,b\n1,2\n3,"4\n5,6\n', "begins in row 3 never ends", "Close the quote", id="open quote", row=3),
        bad('a,b\n5" pipe,2\n3,"4\n5,6\n', "begins in row 3 never ends", id="open quote after a stray one", row=3),
        bad(
            "a,b\n" + NUMBERS + "x7,1\n",
            "Row 202, column 'a': 'x7' is not a number, but 200 of the column's 201 values are",
            r"declare types: \{a: string\} under data",
            id="text among numbers",
            row=202,
            column="a",
            value="x7",
        ),
        bad(
            "a,b\n1,n/a\n" + NUMBERS + "?,?\n",
            "Row 2, column 'b': 'n/a' is not a number, but 200 of the column's 202 values are",
            id="the first of several",
            row=2,
            column="b",
        ),
    ],
)
def test_bad_files(
    ingest_text: Ingest, tmp_path: Path, text: str | bytes, message: str, hint: str, facts: dict[str, Any]
) -> None:
    """What is wrong with a file is said with path, row and column, and what to do; soon, and nothing is left behind."""
    started = time.monotonic()
    with pytest.raises(DataError, match=message) as caught:
        ingest_text(text, {"train": 2, "eval": 1})
    assert time.monotonic() - started < 3
    error = caught.value
    assert re.search(hint, error.hint or "", re.DOTALL), error.hint
    assert error.path == str(tmp_path / "rows.csv")
    assert {name: error.facts.get(name) for name in facts} == facts
    assert len(str(error)) < 700
    assert not list(tmp_path.glob("out-*/**/*"))


@pytest.mark.parametrize("size", [10, 50, 10**6])
def test_rows_are_numbered_across_blocks(
    ingest_text: Ingest, tiny_blocks: Callable[[int], None], tmp_path: Path, size: int
) -> None:
    """The row named is the line of the file, whatever block it is in, with quoted line ends and blank lines before."""
    tiny_blocks(size)
    good = '1,"a\nb"\n\n2,c\n' * 20
    with pytest.raises(DataError, match="Row 82 has 3 fields"):
        ingest_text("n,s\n" + good + "1,2,3\n" + good)
    with pytest.raises(DataError, match="Row 82, column 'n': 'x'"):
        ingest_text("n,s\n" + good + "x,2\n" + good + good + good)
    with pytest.raises(DataError, match=r"Row 82, column 'n': '0\.5' does not fit the declared type int"):
        ingest_text("n,s\n" + good + "0.5,2\n" + good, types={"n": "int"})
    with pytest.raises(DataError, match="Row 82, column 's': byte 0xff"):
        ingest_text(("n,s\n" + good).encode() + b"1,\xff\n")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as stream:
        stream.write("n,s\n" + good + "1,2,3\n")


def test_gzip_is_numbered_the_same(ingest_at: Ingest, tiny_blocks: Callable[[int], None], tmp_path: Path) -> None:
    """In a gzip file, which is cut while it is read, rows are named as in a plain one."""
    tiny_blocks(30)
    good = '1,"a\nb"\n\n2,c\n' * 20
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(f"n,s\n{good}x,2\n{good}{good}{good}".encode()))
    with pytest.raises(DataError, match="Row 82, column 'n': 'x'"):
        ingest_at(path)
    path.write_bytes(gzip.compress(f"n,s\n{good}".encode() + b"1,\xff"))
    with pytest.raises(DataError, match=f"Row 82, column 's': byte 0xff at offset {len(good) + 6}"):
        ingest_at(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="gzip file is damaged"):
        ingest_at(path)


@pytest.mark.parametrize("size", [1, 30, 1_000_000])
def test_rows_that_are_not_utf8_can_be_left_out(
    ingest_text: Ingest, tiny_blocks: Callable[[int], None], size: int
) -> None:
    """They tell nothing about types, and are named by file, line, column and value; a mark of replacement is text."""
    tiny_blocks(size)
    good = '1,"a\nb"\n\n2,\ufffd\n' * 20
    text = f"n,s\n{good}".encode() + b"3\xff,x\n4\n5,\xe9t\xe9\n6,y\n"
    made = ingest_text(text, on_error="skip")
    assert made.table()["n"].to_pylist() == [1, 2] * 20 + [6]
    assert made.table()["s"].to_pylist()[-3:] == ["a\nb", "\ufffd", "y"]
    rejected = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
    assert [(one["row"], one.get("column"), one.get("value")) for one in rejected] == [
        (82, "n", "3\\xff"),
        (83, None, None),
        (84, "s", "\\xe9t\\xe9"),
    ]


@pytest.mark.parametrize("size", [1, 30, 1_000_000])
@pytest.mark.parametrize(("number", "kind"), [("2", "int64"), ("2.5", "double")])
def test_text_among_numbers_can_be_left_out(
    ingest_text: Ingest, tiny_blocks: Callable[[int], None], size: int, number: str, kind: str
) -> None:
    """The column becomes what its numbers are, wherever the text stands."""
    tiny_blocks(size)
    made = ingest_text("a,b\n" + "1,x\n" * 40 + f"free,y\n{number},z\n,\n" + "1,x\n" * 40, on_error="skip")
    assert str(made.table().schema.field("a").type) == kind
    assert made.table()["a"].to_pylist()[39:42] == [1, float(number), None]
    (rejected,) = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
    assert (rejected["row"], rejected["column"], rejected["value"]) == (42, "a", "free")
    assert "as nearly all others are" in rejected["reason"]
    with pytest.raises(DataError, match="Row 42, column 'a': 'free' is not a number"):
        ingest_text("a,b\n" + "1,x\n" * 40 + f"free,y\n{number},z\n" + "1,x\n" * 40)


def test_zstd(tmp_path: Path, ingest_at: Ingest, tiny_blocks: Callable[[int], None]) -> None:
    """Read as gzip is: told by the first bytes, cut while it is read, damage named."""
    tiny_blocks(30)
    (tmp_path / "in").mkdir()
    packed = bytes(pa.compress(b'n,s\n1,"a\nb"\n' + b"2,c\n" * 50, codec="zstd", asbytes=True))
    (tmp_path / "in" / "a.csv.zst").write_bytes(packed)
    (tmp_path / "in" / "b.csv").write_text("n,s\n3,d\n")
    assert ingest_at(tmp_path / "in").table()["n"].to_pylist() == [1] + [2] * 50 + [3]
    (tmp_path / "in" / "a.csv.zst").write_bytes(packed[:-5])
    with pytest.raises(DataError, match="zstd file is damaged") as caught:
        ingest_at(tmp_path / "in")
    assert caught.value.path == str(tmp_path / "in" / "a.csv.zst")


def test_few_numbers_among_text_are_text(ingest_text: Ingest) -> None:
    """Under 95 % of numbers, or under 20 of them, a column is simply text."""
    made = ingest_text("a,b\n" + "1,1\n" * 19 + "x,1\n" + ",1\n" * 170 + ",x\n" * 11)
    assert made.table().schema == pa.schema([("a", pa.string()), ("b", pa.string())])


@pytest.mark.parametrize(
    ("kind", "value"), [("int", "1.0"), ("int", "99999999999999999999"), ("int", "x"), ("float", "x"), ("float", "0x1")]
)
def test_declared_type_that_does_not_fit(ingest_text: Ingest, kind: str, value: str) -> None:
    """A value that is not of its column's declared type is an error that names it."""
    with pytest.raises(DataError, match=f"Row 3, column 'a': '{value}' does not fit the declared type {kind}"):
        ingest_text(f"a\n1\n{value}\nx\n", types={"a": kind})


def test_missing_paths_offer_what_is_there(tmp_path: Path, ingest_at: Ingest) -> None:
    """A path that is not there is an error that offers the nearest name, for files, directories and patterns."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "trips.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"no such file or directory(.|\n)*'trips.csv'") as caught:
        ingest_at(tmp_path / "data" / "trip.csv")
    assert caught.value.path == str(tmp_path / "data" / "trip.csv")
    with pytest.raises(DataError, match=r"'data'"):
        ingest_at(tmp_path / "dat" / "trips.csv")
    with pytest.raises(DataError, match=r"No file matches(.|\n)*trips.csv"):
        ingest_at(tmp_path / "data" / "*.tsv")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"no \*.csv(.|\n)*notes.txt"):
        ingest_at(tmp_path / "other")


def test_headers_that_differ_name_both_files(tmp_path: Path, ingest_at: Ingest) -> None:
    """Files with different columns are an error that names both files and the columns."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,z,w\n1,2,3\n")
    with pytest.raises(DataError, match=r"b.csv.*a.csv: 'y' only in .*a.csv; 'z' and 'w' only in .*b.csv") as caught:
        ingest_at(tmp_path / "*.csv")
    assert caught.value.path == str(tmp_path / "b.csv")
    assert caught.value.other == str(tmp_path / "a.csv")


def test_an_empty_file_among_others_is_named(tmp_path: Path, ingest_at: Ingest) -> None:
    """One empty file of several is an error that names it."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(DataError, match=r"b\.csv: The file is empty"):
        ingest_at(tmp_path / "*.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": {"fair": "int"}}, r"column 'fair'(.|\n)*Did you mean 'fare'"),
        ({"types": {"fare": "integr"}}, r"'fare' as 'integr', which is no type(.|\n)*'int'"),
        ({"splits": {}}, "No splits"),
        ({"splits": {"train": 0}}, "'train' has the weight 0"),
        ({"splits": {"../up": 1}}, "'../up' is not usable"),
    ],
)
def test_arguments_that_are_wrong(ingest_text: Ingest, options: dict[str, Any], message: str) -> None:
    """Unknown columns and types, and unusable splits, are errors that say what would do."""
    with pytest.raises(UsageError, match=message):
        ingest_text("fare,tips\n1,2\n", **options)


def test_too_few_rows_for_the_splits(ingest_text: Ingest) -> None:
    """A split without rows is an error, and says how many rows there are."""
    with pytest.raises(DataError, match=r"The 2 rows are too few for the splits: none of them falls into 'rare'"):
        ingest_text("a\n1\n2\n", {"most": 10**9, "rare": 1})


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """An output directory that can't be made is an error that names it."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Cannot write below"):
        CsvExampleGen.function(
            Examples(str(tmp_path / "file" / "out")),
            input_base=str(tmp_path / "a.csv"),
            splits={"all": 1},
            types={},
            ctx=Context(),
        )


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """When writing fails for want of room, the error says so, in the way of errors that a retry may mend."""
    (tmp_path / "a.csv").write_text("a,b\n" + "".join(f"{n},{n * n % 9973}\n" for n in range(50_000)))
    code = f"""
import resource, signal
from penstock.artifacts import Examples
from penstock.components.csv_example_gen import CsvExampleGen
from penstock.dsl import Context
from penstock.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    CsvExampleGen.function(Examples({str(tmp_path / "out")!r}), input_base={str(tmp_path / "a.csv")!r},
                           splits={{"all": 1}}, types={{}}, ctx=Context())
except StorageError as error:
    assert error.retryable
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert "File too large" in done.stdout
    assert "Free some space" in done.stdout
    assert not list(tmp_path.glob("out/**/*.parquet"))


def test_stray_quotes_are_text(ingest_text: Ingest, tiny_blocks: Callable[[int], None]) -> None:
    """A quote inside a field that is not quoted is part of it, and rows are not cut wrongly after it."""
    tiny_blocks(30)
    text = 'a,b\n5" pipe,1\n' + '"x\ny",2\n' * 10 + '6" pipe,"3"\n' + '"x\ny",4\n' * 10
    rows = rows_of(ingest_text(text).table())
    assert rows == [('5" pipe', 1), *[("x\ny", 2)] * 10, ('6" pipe', 3), *[("x\ny", 4)] * 10]


# Real trips


def test_taxi_trips(ingest_at: Ingest, taxi_csv: Path) -> None:
    """The published sample: all rows, the types of its columns, and shares within binomial error."""
    made = ingest_at(taxi_csv, {"train": 2, "eval": 1})
    with taxi_csv.open(newline="") as stream:
        expected = list(csv.DictReader(stream))
    train, evaluation = made.table("train"), made.table("eval")
    assert train.num_rows + evaluation.num_rows == len(expected) == 15_002
    assert abs(evaluation.num_rows - 15_002 / 3) < 4 * math.sqrt(15_002 * 2 / 9)
    both = pa.concat_tables([train, evaluation])
    assert both.schema.field("company").type == pa.string()
    assert both.schema.field("trip_seconds").type == pa.int64()
    assert both.schema.field("fare").type == pa.float64()
    for name in both.column_names:
        texts = [row[name] for row in expected]
        assert both[name].null_count == texts.count("")
        if both.schema.field(name).type != pa.string():
            assert math.isclose(pc.sum(both[name]).as_py(), math.fsum(float(text) for text in texts if text))
        else:
            assert sorted(both[name].drop_null().to_pylist()) == sorted(text for text in texts if text)
