"""Declared types: what they are called, and which values fit them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from penstock.data.ingest.declared import Misfits, declared_types, fit
from penstock.errors import UsageError

DAY = 86_400


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("int", ["1", " 2\t", "+5", "007", None], [1, 2, 5, 7, None]),
        ("float", ["1", ".5", "1e3", "nan1", "0x1F"], [1.0, 0.5, 1000.0, "bad", "bad"]),
        ("int", ["1.5", "", "9223372036854775808", "-9223372036854775808"], ["bad", "bad", "bad", -(2**63)]),
        ("int", [1.0, 2.5], [1, "bad"]),
        ("float", [1, None], [1.0, None]),
        ("string", [1, None, 3], ["1", None, "3"]),
        ("bytes", ["é", ""], ["é".encode(), b""]),
        ("bool", ["true", "FALSE", "1", "0", "yes", None], [1, 0, 1, 0, "bad", None]),
        ("bool", [True, None], [1, None]),
        ("date", ["1970-01-03", "1969-12-31", "1970-02-30"], [2, -1, "bad"]),
        (
            "timestamp[s]",
            ["1970-01-02", "1970-01-02 00:00:01", "1970-01-02T00:00:00+01:00", "1970-01-02T00:00:00Z", "soon"],
            [DAY, DAY + 1, DAY - 3600, DAY, "bad"],
        ),
        ("timestamp[ms, America/Chicago]", ["1970-01-01 00:00:00.5", "1970-01-01T00:00:00Z"], [21_600_500, 0]),
        ("timestamp[s]", [datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC), None], [DAY, None]),  # noqa: RUF100
        ("timestamp[s]", [DAY, None], [DAY, None]),
        ("decimal(4, 2)", ["1.25", "-99.99", "100.00", "x"], [1.25, -99.99, "bad", "bad"]),
        ("decimal(4, 2)", [Decimal("1.5"), None], [1.5, None]),
        (
            "list<int>",
            ["[1, 2]", "[]", None, "[1.5]", "[1], [2]", '["x"]', "1", "[1}\n{"],
            [[1, 2], [], None, *["bad"] * 5],
        ),
        ("list<string>", ['["a", null]', '["2020-01-01"]'], [["a", None], ["2020-01-01"]]),
        ("list<list<int>>", ["[[1], []]"], [[[1], []]]),
        ("list<int>", [[1.0], [2.5, 1.0], None, []], [[1], "bad", None, []]),
        ("list<int>", [3], ["bad"]),
    ],
)
def test_values_of_a_declared_type(name: str, values: list[Any], expected: list[Any]) -> None:
    """What fits becomes the type as Examples hold it; what does not is null, and its row is told."""
    misfits = Misfits()
    made = fit(pa.array(values), declared_types({"c": name})["c"], "c", misfits, 100)
    assert sorted(misfits.rows) == [row for row, value in enumerate(expected) if value == "bad"]
    assert [value for row, value in enumerate(made.to_pylist()) if row not in misfits.rows] == [
        value for value in expected if value != "bad"
    ]
    made.validate(full=True)


def test_a_local_time_that_is_twice_is_the_earlier() -> None:
    """Where clocks are set back, and where they are set forward, a time is still one."""
    kind = declared_types({"c": "timestamp[s, Europe/Paris]"})["c"]
    misfits = Misfits()
    made = fit(pa.array(["2023-10-29 02:30:00", "2023-03-26 02:30:00"]), kind, "c", misfits, 1)
    assert not misfits.rows
    assert made[0].as_py() == int(datetime.datetime(2023, 10, 29, 0, 30, tzinfo=datetime.UTC).timestamp())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "integr",
        "list<>",
        "list<int",
        "timestamp",
        "timestamp[h]",
        "timestamp[us, Mars/Base]",
        "decimal(99, 2)",
        "map",
    ],
)
def test_what_is_no_type(name: str) -> None:
    """Refused with the column."""
    with pytest.raises(UsageError, match="types declares column 'c' as") as caught:
        declared_types({"c": name})
    assert caught.value.column == "c"


def test_it_is_given_up_after_so_many() -> None:
    """A million values that do not fit are not looked at one by one."""
    misfits = Misfits()
    fit(pa.array(["x"] * 1_000_000), pa.int64(), "c", misfits, 10)
    assert len(misfits.rows) == 11
