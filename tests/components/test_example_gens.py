"""ParquetExampleGen, JsonlExampleGen and ImportExampleGen: from files to examples, and files that they can't use."""

from __future__ import annotations

import datetime
import gzip
import json
import math
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import google_crc32c
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.artifacts import Examples
from penstock.components import CsvExampleGen, ImportExampleGen, JsonlExampleGen, ParquetExampleGen
from penstock.data import examples as data
from penstock.data import jsonl, tfrecord
from penstock.data.splits import row_hashes, split_indices
from penstock.data.tf_examples import encode_examples
from penstock.dsl import Component, Context
from penstock.errors import DataError, PenstockError, UsageError

INT, FLOAT, TEXT = pa.int64(), pa.float64(), pa.string()


class Ingested:
    """The examples that a run made, and what it said."""

    def __init__(self, examples: Examples, events: list[dict[str, Any]]) -> None:
        self.examples = examples
        self.notes = [event["text"] for event in events if event["type"] == "note"]
        self.warnings = [event["text"] for event in events if event["type"] == "warning"]

    def table(self, split: str = "all") -> pa.Table:
        return data.read_table(self.examples, split)

    @property
    def types(self) -> dict[str, pa.DataType]:
        schema = self.table().schema
        return dict(zip(schema.names, schema.types, strict=True))


Ingest = Callable[..., Ingested]


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Runs a component on a path; one split of all rows unless told otherwise."""
    count = iter(range(1_000_000))

    def run(component: Component, path: str | Path, *, beam: bool = False, **parameters: Any) -> Ingested:
        examples = Examples(str(tmp_path / f"out-{next(count)}"))
        events: list[dict[str, Any]] = []
        options = {"runner": "FnApiRunner"} if beam else {}
        ctx = Context(temp_dir=tmp_path, emit=events.append, beam_options=options)
        component.function(examples, input_base=str(path), **{"splits": {"all": 1}, **parameters}, ctx=ctx)
        return Ingested(examples, events)

    return run


@pytest.fixture
def ingest_json(tmp_path: Path, ingest: Ingest) -> Ingest:
    """Runs JsonlExampleGen on a file of the given text."""

    def run(text: str | bytes, **parameters: Any) -> Ingested:
        path = tmp_path / "rows.jsonl"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return ingest(JsonlExampleGen, path, **parameters)

    return run


@pytest.fixture
def tiny_shards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes shards so small that little input is cut into many."""

    def shrink(size: int) -> None:
        jsonl_init, tfrecord_init = jsonl.JsonlReader.__init__, tfrecord.TFRecordReader.__init__
        monkeypatch.setattr(jsonl.JsonlReader, "__init__", lambda self, paths: jsonl_init(self, paths, size))
        monkeypatch.setattr(tfrecord.TFRecordReader, "__init__", lambda self, paths: tfrecord_init(self, paths, size))
        monkeypatch.setattr(tfrecord, "_BATCH", 3)

    return shrink


def write_records(path: Path, records: list[bytes]) -> Path:
    """A TFRecord file as the format's description has it."""

    def checked(part: bytes) -> bytes:
        crc = google_crc32c.value(part)
        return part + struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    path.write_bytes(b"".join(checked(struct.pack("<Q", len(record))) + checked(record) for record in records))
    return path


def example(**features: Any) -> bytes:
    """One tf.train.Example."""
    return encode_examples(pa.RecordBatch.from_pylist([features]))[0].as_py()


# Parquet


def test_parquet_types_become_those_of_examples(tmp_path: Path, ingest: Ingest) -> None:
    """Numbers become int64 and float64, times integers, structs columns; missing and empty stay apart."""
    zone = pa.timestamp("us", "America/Chicago")
    table = pa.table(
        {
            "small": pa.array([1, None, 3], pa.int8()),
            "yes": [True, False, None],
            "category": pa.array(["a", "", None]).dictionary_encode(),
            "at": pa.array([datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), None, None], zone),
            "day": pa.array([datetime.date(1970, 1, 3), None, None]),
            "price": pa.array([Decimal("1.25"), None, None], pa.decimal128(10, 2)),
            "ids": pa.array([[1, 2], [], None], pa.large_list(pa.int16())),
            "deep": [[["x"], []], [], None],
            "place": [{"lat": 1.5, "city": {"name": "z"}}, None, {"lat": None, "city": None}],
            "raw": [b"\xff", b"", None],
            "vector": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float32(), 2)),
            "never": pa.nulls(3),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    made = ingest(ParquetExampleGen, tmp_path / "a.parquet")
    assert made.types == {
        "small": INT,
        "yes": INT,
        "category": TEXT,
        "at": INT,
        "day": INT,
        "price": FLOAT,
        "ids": pa.list_(INT),
        "deep": pa.list_(pa.list_(TEXT)),
        "place.lat": FLOAT,
        "place.city.name": TEXT,
        "raw": pa.binary(),
        "vector": pa.list_(FLOAT),
        "never": pa.null(),
    }
    columns = {name: column.to_pylist() for name, column in zip(made.types, made.table().columns, strict=True)}
    assert columns["yes"] == [1, 0, None]
    assert columns["category"] == ["a", "", None]
    assert columns["at"][0] == 1_577_836_800_000_000
    assert columns["day"][0] == 2
    assert columns["ids"] == [[1, 2], [], None]
    assert columns["deep"] == [[["x"], []], [], None]
    assert columns["place.city.name"] == ["z", None, None]
    assert columns["raw"] == [b"\xff", b"", None]
    assert made.notes == ["3 rows, 13 columns"]
    assert made.warnings == ["No row has a value for never: this column is missing everywhere."]


def test_parquet_files_of_a_directory_share_their_types(tmp_path: Path, ingest: Ingest) -> None:
    """An integer column that is a float in another file is a float in all; the order of columns may differ."""
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path / "in" / "1.parquet")
    pq.write_table(pa.table({"b": ["z"], "a": [0.5]}), tmp_path / "in" / "2.pq")
    for path in (tmp_path / "in", tmp_path / "in" / "*.p*"):
        made = ingest(ParquetExampleGen, path)
        assert made.table().to_pylist() == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 0.5, "b": "z"}]


def parquet_with(**columns: Any) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def cut(path: Path) -> None:
    pq.write_table(pa.table({"a": range(1000)}), path)
    path.write_bytes(path.read_bytes()[:-50])


def flipped(path: Path) -> None:
    pq.write_table(pa.table({"a": [str(n) for n in range(10_000)]}), path, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text(""), "The file is empty"),
        (lambda path: path.write_text("a,b\n1,2\n"), "cannot be read at the footer"),
        (cut, "cannot be read at the footer"),
        (flipped, r"cannot be read at row group 0 \(from row 1\)"),
        (parquet_with(a=pa.array([], pa.int64())), "There is no row"),
        (parquet_with(), "has no columns"),
        (parquet_with(m=pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))), "Column 'm' is of type map"),
        (parquet_with(s=[[{"a": 1}]]), "Column 's' is of type struct"),
        (parquet_with(u=pa.array([2**64 - 1], pa.uint64())), "Column 'u' is of type uint64 and holds what int cannot"),
        (lambda path: pq.write_table(pa.table([[1], [2]], ["a", "a"]), path), "Two columns are named 'a'"),
        (lambda path: pq.write_table(pa.table([[1], [{"b": 2}]], ["a.b", "a"]), path), "Two columns are named 'a.b'"),
        (lambda path: path.write_bytes(gzip.compress(b"x")), "no Parquet, but compressed by gzip"),
    ],
)
def test_parquet_that_is_not_usable(
    tmp_path: Path, ingest: Ingest, write: Callable[[Path], None], message: str
) -> None:
    """Said with the file, and nothing is left behind."""
    write(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=message) as caught:
        ingest(ParquetExampleGen, tmp_path / "a.parquet")
    assert caught.value.path == str(tmp_path / "a.parquet")
    assert not list(tmp_path.glob("out-*/*"))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"a": ["x"]}, "'a' is string here and int before"),
        ({"b": [1]}, "'a' only in .*1.parquet; 'b' only in .*2.parquet"),
    ],
)
def test_parquet_files_that_differ(tmp_path: Path, ingest: Ingest, other: dict[str, Any], message: str) -> None:
    """Files of other columns or types are named, from their footers."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table(other), tmp_path / "2.parquet")
    with pytest.raises(DataError, match=message) as caught:
        ingest(ParquetExampleGen, tmp_path)
    assert caught.value.path == str(tmp_path / "2.parquet")


# JSON Lines


def test_json_types(ingest_json: Ingest) -> None:
    """Numbers, text, truth values, lists and objects; text that looks like a time stays text."""
    made = ingest_json(
        '\ufeff{"a":1,"t":"2020-01-01","l":[1],"s":{"x":1}}\n\n'
        '{"a":1.5,"l":[],"b":true,"t":""}\r\n \n{"l":null,"a":null,"z":[["é"]]}'
    )
    assert made.types == {"a": FLOAT, "t": TEXT, "l": pa.list_(INT), "s.x": INT, "b": INT, "z": pa.list_(pa.list_(TEXT))}
    assert made.table()["t"].to_pylist() == ["2020-01-01", "", None]
    assert made.table()["l"].to_pylist() == [[1], [], None]
    assert made.table()["z"].to_pylist() == [None, None, [["é"]]]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a":1}\n{"a":2}\n{"a":"x"}\n{"a":3}\n', 3, "'a' is string here and int before"),
        ('{"a":"x"}\n{"a":2}\n', 2, "'a' is int here and string before"),
        ('{"a":[1]}\n{"a":2}\n', 2, "'a' is int here and list<int> before"),
        ('{"a":1}\n{"a":2}{"a":3}\n', 2, "more or less than one JSON object"),
        ('{"a":1}\n{"a":\n3}\n', 2, "no JSON object"),
        ('{"a":1}\n\n[1]\n', 3, "no JSON object"),
        ('{"a":1}\n7\n', 2, "no JSON object"),
        ('{"a":1}\n{"a":1,"a":2}\n', 2, "specified twice"),
        ('{"a":[1,"x"]}\n', 1, "changed from number to string"),
        (b'{"a":1}\n{"a":"\xff"}\n', 2, "byte 0xff is not UTF-8"),
        (b'{"a":1}\n{"a":"\0"}\n', 2, "NUL byte"),
        ('{"a":1}\n{"a":"unclosed\n', 2, "no JSON object"),
        ('{"a":1}\n' + "[" * 100_000 + "\n", 2, "no JSON object"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_the_line_that_is_wrong_is_named(
    ingest_json: Ingest,
    tiny_shards: Callable[[int], None],
    text: str | bytes,
    line: int,
    message: str,
    size: int,
) -> None:
    """However the file is cut into shards, the first line that is to blame is named, with its beginning."""
    tiny_shards(size)
    with pytest.raises(DataError, match=message) as caught:
        ingest_json(text)
    assert caught.value.row == line


@pytest.mark.parametrize("text", ["", "\n \n", "{}\n{}\n"])
def test_json_without_a_row(ingest_json: Ingest, text: str) -> None:
    """Nothing in it, nothing but blank lines, or objects without a key."""
    with pytest.raises(DataError, match="The file is empty|There is no row"):
        ingest_json(text)


def test_compressed_json_is_the_same(tmp_path: Path, ingest: Ingest, tiny_shards: Callable[[int], None]) -> None:
    """gzip and zstd files give what the plain file gives; one that is cut short is an error."""
    text = "".join(json.dumps({"n": n, "x": n / 2 if n > 900 else n}) + "\n" for n in range(1000)).encode()
    (tmp_path / "a.jsonl").write_bytes(text)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text))
    with pa.output_stream(str(tmp_path / "c.jsonl.zst"), compression="zstd") as stream:
        stream.write(text)
    tiny_shards(500)
    plain, gz, zstd = (ingest(JsonlExampleGen, tmp_path / name) for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.zst"))
    assert plain.types == {"n": INT, "x": FLOAT}
    assert plain.table().to_pylist() == gz.table().to_pylist() == zstd.table().to_pylist()
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text)[:-20])
    with pytest.raises(DataError, match="This gzip file is damaged"):
        ingest(JsonlExampleGen, tmp_path / "b.jsonl.gz")


# TFRecord


def test_examples_become_columns(tmp_path: Path, ingest: Ingest) -> None:
    """Single values are flat columns, several are lists; bytes are text where they can be."""
    records = [example(a=1, f=0.5, s="é", l=[1, 2], raw=b"\xff"), example(a=2, s="", l=[3]), example(f=1.5), b""]
    made = ingest(ImportExampleGen, write_records(tmp_path / "x.tfrecord", records))
    assert made.types == {"a": INT, "f": FLOAT, "l": pa.list_(INT), "raw": pa.binary(), "s": TEXT}
    assert made.table().to_pylist() == [
        {"a": 1, "f": 0.5, "l": [1, 2], "raw": b"\xff", "s": "é"},
        {"a": 2, "f": None, "l": [3], "raw": None, "s": ""},
        {"a": None, "f": 1.5, "l": None, "raw": None, "s": None},
        {"a": None, "f": None, "l": None, "raw": None, "s": None},
    ]


@pytest.mark.parametrize("size", [1, 90, 1 << 20])
def test_lists_are_lists_in_every_shard(
    tmp_path: Path, ingest: Ingest, tiny_shards: Callable[[int], None], size: int
) -> None:
    """A feature that has two values only in a late record is a list from the first on, empty where it was empty."""
    rows: list[dict[str, Any]] = [{"l": [], "n": 1}, {"l": [7], "n": 2}, {"n": 3}, {"l": [1, 2], "n": 4}]
    batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema([("l", pa.list_(INT)), ("n", INT)]))
    path = write_records(tmp_path / "x.tfrecord", [one.as_py() for one in encode_examples(batch)] * 3)
    tiny_shards(size)
    assert ingest(ImportExampleGen, path).table()["l"].to_pylist() == [[], [7], None, [1, 2]] * 3


@pytest.mark.component
def test_what_is_exported_is_imported_again(tmp_path: Path, ingest: Ingest) -> None:
    """Examples written as TFRecord, which TensorFlow reads, give the same rows when they are read."""
    import tensorflow as tf

    table = pa.table({"a": [1, None, 3], "f": [0.5, None, 2.0], "l": [[1, 2], [3], None], "s": ["é", "", None]})
    examples = Examples(str(tmp_path / "src"))
    examples.splits = ["train"]
    data.write_split(examples, "train", table.to_batches(), table.schema)
    path, rows = tfrecord.export_tfrecord(examples, "train", tmp_path / "exported")
    assert (path.name, rows) == ("data_tfrecord-00000-of-00001.gz", 3)
    parsed = [tf.train.Example.FromString(one) for one in tf.data.TFRecordDataset(str(path), "GZIP").as_numpy_iterator()]
    assert list(parsed[0].features.feature["l"].int64_list.value) == [1, 2]
    assert ingest(ImportExampleGen, path.parent).table().select(table.column_names).to_pylist() == table.to_pylist()


def records_of(*bodies: bytes) -> Callable[[Path], object]:
    return lambda path: write_records(path, list(bodies))


def record_file(change: Callable[[bytearray], object]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        write_records(path, [example(a=n) for n in range(20)])
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return write


@pytest.mark.parametrize(
    ("write", "row", "message"),
    [
        (lambda path: path.write_bytes(b""), None, "The file is empty"),
        (lambda path: path.write_bytes(b"this is not a record file at all"), None, "This is no TFRecord file"),
        (lambda path: path.write_bytes(b"\xff" * 100), None, "This is no TFRecord file"),
        (record_file(lambda content: content.pop()), 20, "Record 20 is damaged: the file ends in the middle"),
        (record_file(lambda content: content.__setitem__(-6, 0)), 20, "Record 20 is damaged: its checksum"),
        (records_of(example(a=1), b"junk\xff", example(a=2)), 2, "Record 2 is no example"),
        (records_of(example(a=1), example(a=1), example(a="x")), 3, "Record 3 is no example.*wrong type"),
        (records_of(b"", b""), None, "There is no row"),
    ],
)
def test_records_that_are_not_usable(
    tmp_path: Path, ingest: Ingest, write: Callable[[Path], object], row: int | None, message: str
) -> None:
    """Said with the file and the number of the record."""
    path = tmp_path / "x.tfrecord"
    write(path)
    with pytest.raises(DataError, match=message) as caught:
        ingest(ImportExampleGen, path)
    assert caught.value.path == str(path)
    assert getattr(caught.value, "row", None) == row


# Declared types and rejected rows


def test_declared_types_hold_in_every_format(tmp_path: Path, ingest: Ingest) -> None:
    """Text becomes times, numbers and lists; the note counts what was left out, and the report says why."""
    rows: list[dict[str, Any]] = [
        {"at": "1970-01-02", "n": "1", "ids": "[1, 2]"},
        {"at": "never", "n": "2", "ids": "[]"},
        {"at": "1970-01-01T00:00:01Z", "n": "two", "ids": "[3]"},
        {"at": None, "n": "4", "ids": None},
    ]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("\n" + "".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.csv").write_text(
        'at,n,ids\n1970-01-02,1,"[1, 2]"\nnever,2,[]\n1970-01-01T00:00:01Z,two,[3]\n,4,\n'
    )
    write_records(tmp_path / "a.tfrecord", [example(**row) for row in rows])
    types = {"at": "timestamp[s]", "n": "int", "ids": "list<int>"}
    first = {"a.parquet": 1, "a.jsonl": 2, "a.csv": 2, "a.tfrecord": 1}
    readers = {
        "a.parquet": ParquetExampleGen,
        "a.jsonl": JsonlExampleGen,
        "a.csv": CsvExampleGen,
        "a.tfrecord": ImportExampleGen,
    }
    for name, component in readers.items():
        with pytest.raises(DataError, match="'never' does not fit the declared type timestamp") as caught:
            ingest(component, tmp_path / name, types=types)
        assert (caught.value.row, caught.value.column) == (first[name] + 1, "at")
        made = ingest(component, tmp_path / name, types=types, on_error="skip")
        assert made.table().select(["at", "n", "ids"]).to_pylist() == [
            {"at": 86_400, "n": 1, "ids": [1, 2]},
            {"at": None, "n": 4, "ids": None},
        ]
        assert made.types == {"at": INT, "n": INT, "ids": pa.list_(INT)}
        assert made.notes == ["2 rows, 3 columns, 2 rejected"]
        report = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
        assert [(one["row"], one["column"], one["value"]) for one in report] == [
            (first[name] + 1, "at", "never"),
            (first[name] + 2, "n", "two"),
        ]
        assert made.examples.custom_properties == {"rejected_rows": 2}
        assert "2 rows were left out: see rejected.jsonl" in made.warnings[0]
        with pytest.raises(DataError, match=r"More than 1 rows are not usable \(max_skipped\)"):
            ingest(component, tmp_path / name, types=types, on_error="skip", max_skipped=1)


@pytest.mark.parametrize("size", [1, 30, 1 << 20])
def test_bad_lines_are_left_out(ingest_json: Ingest, tiny_shards: Callable[[int], None], size: int) -> None:
    """Lines that are no object, or contradict those before, are reported by their numbers, however the file is cut."""
    tiny_shards(size)
    text = b'{"a":1}\n[1]\n\n{"a":"x"}\n{"a":2}{"a":3}\n{"a":"\xff"}\n{"a":4.5}\nnonsense'
    made = ingest_json(text, on_error="skip")
    assert made.table().to_pylist() == [{"a": 1.0}, {"a": 4.5}]
    report = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
    assert [one["row"] for one in report] == [2, 4, 5, 6, 8]
    with pytest.raises(DataError, match="More than 4 rows"):
        ingest_json(text, on_error="skip", max_skipped=4)


def test_bad_records_are_left_out(tmp_path: Path, ingest: Ingest) -> None:
    """Records that are no examples or fail their checksum are reported by their numbers."""
    path = write_records(tmp_path / "x.tfrecord", [example(a=1), b"junk\xff", example(a=3), example(a="x"), example(a=5)])
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    made = ingest(ImportExampleGen, path, on_error="skip")
    assert made.table()["a"].to_pylist() == [1, 3]
    report = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
    assert [one["row"] for one in report] == [5, 2, 4]


def test_ragged_rows_are_left_out(tmp_path: Path, ingest: Ingest) -> None:
    """CSV rows with other fields than the header are reported by their lines, quoted line ends counted."""
    (tmp_path / "a.csv").write_text('a,b\n1,2\n3\n"x\ny",4\n\n5,6,7\n8,nine\n')
    made = ingest(CsvExampleGen, tmp_path / "a.csv", on_error="skip", types={"b": "int"})
    assert made.table().to_pylist() == [{"a": "1", "b": 2}, {"a": "x\ny", "b": 4}]
    report = [json.loads(line) for line in made.examples.path("rejected.jsonl").read_text().splitlines()]
    assert [one["row"] for one in report] == [3, 7, 8]


def test_no_row_is_left(ingest_json: Ingest, tmp_path: Path) -> None:
    """Where all rows were rejected there is an error, and nothing is left behind."""
    with pytest.raises(DataError, match="There is no row"):
        ingest_json("1\n2\n", on_error="skip")
    assert not list(tmp_path.glob("out-*/*"))
    with pytest.raises(UsageError, match="max_skipped is -1"):
        ingest_json("1\n", on_error="skip", max_skipped=-1)


# All of them


def trips(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "fare": [None, n / 4, float(n)][n % 3],
            "payment": ["Cash", "", None, "Kärte"][n % 4],
            "stops": [[1, n], [], None][n % 3],
        }
        for n in range(count)
    ]


SPLITS = {"train": 3, "eval": 1}


def written(directory: Path, rows: list[dict[str, Any]]) -> Mapping[str, tuple[Component, Path]]:
    """The same rows in each format."""
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, directory / "a.parquet", row_group_size=100)
    (directory / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = Examples(str(directory / "source"))
    source.splits = ["all"]
    data.write_split(source, "all", table.to_batches(), table.schema)
    records, _ = tfrecord.export_tfrecord(source, "all", directory)
    (directory / "a.tfrecord").write_bytes(gzip.decompress(records.read_bytes()))
    return {
        "parquet": (ParquetExampleGen, directory / "a.parquet"),
        "jsonl": (JsonlExampleGen, directory / "a.jsonl"),
        "tfrecord": (ImportExampleGen, directory / "a.tfrecord"),
        "tfrecord.gz": (ImportExampleGen, records),
    }


def test_every_format_gives_the_same_splits(
    tmp_path: Path, ingest: Ingest, tiny_shards: Callable[[int], None]
) -> None:
    """The same rows fall into the same splits, in order, whatever format and shards they come from."""
    tiny_shards(2000)
    formats = written(tmp_path, trips(600))
    made = {name: ingest(component, path, splits=SPLITS) for name, (component, path) in formats.items()}
    first = made.pop("parquet")
    assert len(first.examples.files("train")) >= 1
    for name, other in made.items():
        for split in SPLITS:
            expected = first.table(split)
            assert other.table(split).select(expected.column_names).to_pylist() == expected.to_pylist(), name


@pytest.mark.component
@pytest.mark.parametrize("name", ["parquet", "jsonl", "tfrecord"])
def test_both_drivers_write_the_same(
    tmp_path: Path, ingest: Ingest, tiny_shards: Callable[[int], None], name: str
) -> None:
    """Threads and Beam's runner give the same files and say the same, widened columns included."""
    rows = trips(400)
    rows[5]["id"] = 0.5
    tiny_shards(3000)
    component, path = written(tmp_path, [rows[5], *trips(400)] if name == "parquet" else [*trips(400), rows[5]])[name]
    both = [ingest(component, path, splits=SPLITS, beam=beam) for beam in (False, True)]
    assert both[0].notes == both[1].notes
    for split in SPLITS:
        files = [
            [(one.name, one.read_bytes()) for one in sorted(made.examples.path(f"Split-{split}").iterdir())]
            for made in both
        ]
        assert files[0] == files[1]


@pytest.mark.parametrize("name", ["parquet", "jsonl", "tfrecord", "csv"])
def test_a_group_is_never_in_two_splits(tmp_path: Path, ingest: Ingest, name: str) -> None:
    """With `split_by` the rows of a group stay together, in the same split in every format, whatever else changes."""
    rows = [{"taxi": f"t{n % 40}", "n": n} for n in range(400)]
    (tmp_path / "a.csv").write_text("taxi,n\n" + "".join(f"{row['taxi']},{row['n']}\n" for row in rows))
    component, path = {**written(tmp_path, rows), "csv": (CsvExampleGen, tmp_path / "a.csv")}[name]
    made = ingest(component, path, splits=SPLITS, split_by=["taxi"])
    taxis = {split: set(made.table(split)["taxi"].to_pylist()) for split in SPLITS}
    assert sorted(taxis["train"] | taxis["eval"]) == sorted({str(row["taxi"]) for row in rows})
    assert not taxis["train"] & taxis["eval"]
    alone = pa.record_batch({"taxi": sorted(taxis["train"] | taxis["eval"])})
    in_eval = split_indices(row_hashes(alone), SPLITS) == 1
    assert sorted(taxis["eval"]) == [name for name, one in zip(alone["taxi"].to_pylist(), in_eval, strict=True) if one]
    with pytest.raises(UsageError, match=r"split_by names the column 'taxy'(.|\n)*Did you mean 'taxi'"):
        ingest(component, path, split_by=["taxy"])


def test_a_sample_is_the_same_each_time(tmp_path: Path, ingest: Ingest, tiny_shards: Callable[[int], None]) -> None:
    """About its share of the rows, of every split; a smaller sample is part of a larger one; groups stay whole."""
    formats = written(tmp_path, trips(4000))
    tiny_shards(50_000)
    ids = {}
    for share in (0.02, 0.1, 1.0):
        made = ingest(*formats["jsonl"], splits=SPLITS, sample=share)
        ids[share] = {split: set(made.table(split)["id"].to_pylist()) for split in SPLITS}
        count = sum(len(one) for one in ids[share].values())
        assert abs(count - 4000 * share) <= 4 * math.sqrt(4000 * share * (1 - share))
    for split in SPLITS:
        assert ids[0.02][split] < ids[0.1][split] < ids[1.0][split]
    assert made.notes == ["4,000 rows, 4 columns"]
    other = ingest(*formats["parquet"], splits=SPLITS, sample=0.1)
    assert {split: set(other.table(split)["id"].to_pylist()) for split in SPLITS} == ids[0.1]
    assert other.notes[0].endswith(" rows, 4 columns, a sample of 0.1")
    whole = ingest(*formats["parquet"], split_by=["payment"], sample=0.5).table()["payment"].to_pylist()
    assert all(whole.count(payment) == 1000 for payment in set(whole))


@pytest.mark.parametrize(("share", "error"), [(0.0, UsageError), (1.5, UsageError), (1e-9, DataError)])
def test_samples_that_are_not_usable(
    ingest_json: Ingest, share: float, error: type[PenstockError]
) -> None:
    """A share that is none, and one that leaves no row."""
    with pytest.raises(error, match="sample"):
        ingest_json('{"a":1}\n', sample=share)


values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0")))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.fixed_dictionaries({"n": values, "t": texts, "l": st.one_of(st.none(), st.lists(texts))}), min_size=1),
    st.integers(1, 400),
)
def test_json_round_trip(ingest_json: Ingest, rows: list[dict[str, Any]], size: int) -> None:
    """Whatever numbers and text are in the objects, and however the file is cut, they come back as they were."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        init = jsonl.JsonlReader.__init__
        monkeypatch.setattr(jsonl.JsonlReader, "__init__", lambda self, paths: init(self, paths, size))
        made = ingest_json("".join(json.dumps(row) + "\n" for row in rows)).table()
    whole = all(row["n"] is None or isinstance(row["n"], int) for row in rows)
    for row, found in zip(rows, made.to_pylist(), strict=True):
        assert found["t"] == row["t"]
        assert found["l"] == row["l"]
        if row["n"] is None or whole:
            assert found["n"] == row["n"]
        else:
            assert math.isclose(found["n"], row["n"], rel_tol=1e-15)
