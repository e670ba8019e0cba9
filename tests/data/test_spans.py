"""Spans: what the placeholders of a path stand for, and what is wrong with paths and with what lies there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.data.spans import SpanPattern, resolve_spans, span_number
from penstock.errors import DataError, UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Spans as directories, as files with versions, and as dates; names that are none lie between them."""
    for name in (
        *("spans/span-1/a.csv", "spans/span-2/a.csv", "spans/span-10/a.csv", "spans/span-old/a.csv"),
        *("versions/0007.v1.csv", "versions/0007.v12.csv", "versions/0008.v3.csv", "versions/008.v4.csv"),
        *("days/2026/09/30/a.csv", "days/2026/11/02/a.csv", "days/2026/1/3/a.csv"),
        *("splits/train-3.csv", "splits/eval-3.csv", "splits/train-4.csv", "splits/test.csv"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n1\n")
    return tmp_path


def resolved(root: Path, base: str | dict[str, str], **asked: Any) -> dict[str, Any]:
    paths = {name: f"{root}/{path}" for name, path in base.items()} if isinstance(base, dict) else f"{root}/{base}"
    found = resolve_spans({"input_base": paths, "span": None, "version": None, **asked})
    if isinstance(found.get("input_base"), dict):
        found["input_base"] = {name: str(Path(path).relative_to(root)) for name, path in found["input_base"].items()}
    elif found:
        found["input_base"] = str(Path(found["input_base"]).relative_to(root))
    return found


@pytest.mark.parametrize(
    ("base", "asked", "path", "span", "version"),
    [
        ("spans/span-{SPAN}/*.csv", {}, "spans/span-10/*.csv", 10, 0),
        ("spans/span-{SPAN}/*.csv", {"span": 2}, "spans/span-2/*.csv", 2, 0),
        ("*/span-{SPAN}", {"span": "2"}, "*/span-2", 2, 0),
        ("**/span-{SPAN}/a.csv", {}, "**/span-10/a.csv", 10, 0),
        ("[s]p?ns/span-{SPAN:2}/*.csv", {}, "[s]p?ns/span-10/*.csv", 10, 0),
        ("versions/{SPAN:4}.v{VERSION}.csv", {"span": 7}, "versions/0007.v12.csv", 7, 12),
        ("versions/{SPAN:4}.v{VERSION}.csv", {"span": 7, "version": 1}, "versions/0007.v1.csv", 7, 1),
        ("versions/{SPAN:4}.v{VERSION:1}.csv", {}, "versions/0008.v3.csv", 8, 3),
        ("versions/{SPAN}.v{VERSION}.csv", {}, "versions/008.v4.csv", 8, 4),
        ("days/{YYYY}/{MM}/{DD}/*.csv", {}, "days/2026/11/02/*.csv", "2026-11-02", 0),
        ("days/{YYYY}/{MM}/{DD}/*.csv", {"span": "2026-09-30"}, "days/2026/09/30/*.csv", "2026-09-30", 0),
    ],
)
def test_the_newest_span_and_its_newest_version_unless_asked(
    root: Path, base: str, asked: dict[str, Any], path: str, span: int | str, version: int
) -> None:
    """Numbers are compared as numbers; wildcards stay; names that do not fit are no spans."""
    assert resolved(root, base, **asked) == {"input_base": path, "span": span, "version": version}


def test_a_path_without_placeholders_stays(root: Path) -> None:
    """So does one that lies there under that very name."""
    assert resolved(root, "spans/span-1") == {}
    (root / "{SPAN}.csv").touch()
    assert resolved(root, "{SPAN}.csv") == {}


def test_the_number_of_a_date_is_that_of_its_day() -> None:
    """As in TFX: days since 1970-01-01."""
    assert [span_number(one) for one in (None, 5, "7", "1970-01-02", "2000-02-29")] == [0, 5, 7, 1, 11016]
    with pytest.raises(UsageError, match="a number or a date is expected"):
        span_number("tomorrow")


def test_splits_of_their_own_are_read_of_one_span(root: Path) -> None:
    """A span that one of them lacks is not complete; a split without a placeholder is the same for each span."""
    base = {"train": "splits/train-{SPAN}.csv", "eval": "splits/eval-{SPAN}.csv", "test": "splits/test.csv"}
    paths = {"train": "splits/train-3.csv", "eval": "splits/eval-3.csv", "test": "splits/test.csv"}
    assert resolved(root, base, span=3) == {"input_base": paths, "span": 3, "version": 0}
    with pytest.raises(DataError, match="The split 'eval' has no span 4, which another split has"):
        resolved(root, base)


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("spans/{SPAM}", "{SPAM} is no placeholder"),
        ("spans/{SPAN}-{SPAN}", "stands in it twice"),
        ("spans/{SPAN:0}", "no usable width"),
        ("spans/{YYYY:4}", "no usable width"),
        ("{SPAN}/{YYYY}-{MM}-{DD}", "and a date stand in it"),
        ("{YYYY}-{MM}", "lacks {DD}"),
        ("v{VERSION}.csv", "needs a span"),
        ("{SPAN}{VERSION}", "where a number begins or ends"),
        ("{SPAN}0.csv", "where a number begins or ends"),
        ("*{SPAN}.csv", "where a number begins or ends"),
    ],
)
def test_wrong_placeholders_are_told(base: str, message: str) -> None:
    """Before anything is looked for."""
    with pytest.raises(UsageError, match=message):
        SpanPattern.of(base)


@pytest.mark.parametrize(
    ("base", "asked", "message"),
    [
        ("nowhere/{SPAN}", {}, "so there is no span"),
        ("spans/span-{SPAN}", {"span": 3}, "There is no span 3.*\n.*1, 2, 10"),
        ("versions/{SPAN:4}.v{VERSION}.csv", {"version": 1}, "Span 8 has no version 1.*\n.*3"),
        ("spans/span-1", {"span": 1}, "span is 1, but the path has no placeholder"),
        ("spans/span-1", {"version": 1}, "version is 1, but the path has no placeholder"),
        ("spans/span-{SPAN}", {"version": 1}, "the path has no {VERSION}"),
        ("days/{YYYY}/{MM}/{DD}", {"span": "2026-11-03"}, "There is no span 2026-11-03.*\n.*2026-09-30, 2026-11-02"),
        ({"a": "spans/span-{SPAN}", "b": "days/{YYYY}/{MM}/{DD}"}, {}, "Use the same for all"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    root: Path, base: str | dict[str, str], asked: dict[str, Any], message: str
) -> None:
    """Each error says which spans or versions there are."""
    with pytest.raises((DataError, UsageError), match=f"(?s){message}"):
        resolved(root, base, **asked)


def test_two_names_for_one_span_and_days_that_are_none_are_errors(root: Path) -> None:
    """Nothing tells which of them is meant."""
    (root / "spans/span-010").mkdir()
    with pytest.raises(DataError, match="are the same span"):
        resolved(root, "spans/span-{SPAN}/*.csv")
    (root / f"versions/{2**63}.v1.csv").touch()
    with pytest.raises(DataError, match="more than 63 bits"):
        resolved(root, "versions/{SPAN}.v{VERSION}.csv")
    (root / "days/2026/13/01").mkdir(parents=True)
    with pytest.raises(DataError, match="2026-13-01 is no date"):
        resolved(root, "days/{YYYY}/{MM}/{DD}")
