"""A window of spans: files taken over as they are, the oldest left out, other columns and types made to fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from penstock.artifacts import Examples
from penstock.components import CsvExampleGen, SpanWindow
from penstock.data.examples import read_table
from penstock.dsl import Context, Pipeline, check
from penstock.errors import DataError, GraphError, UsageError

Span = Callable[..., Examples]
Window = Callable[..., Examples]


@pytest.fixture
def span(tmp_path: Path) -> Span:
    """Ingests a CSV as a span."""

    def read(number: int | None, text: str, **parameters: Any) -> Examples:
        (tmp_path / "span.csv").write_text(text)
        examples = Examples(str(tmp_path / f"span-{number}-{abs(hash(text))}"))
        given = {"splits": {"all": 1}, **parameters}
        CsvExampleGen.function(examples, input_base=str(tmp_path / "span.csv"), span=number, **given, ctx=Context())
        return examples

    return read


@pytest.fixture
def window(tmp_path: Path) -> Window:
    """Puts spans one after another into windows of a length; gives the last, and keeps notes in ``window.notes``."""
    count = iter(range(1_000_000))

    def build(num_spans: int, *spans: Examples, notes: list[str] | None = None) -> Examples:
        earlier = None
        for examples in spans:
            made = Examples(str(tmp_path / f"window-{next(count)}"))
            made.path().mkdir()
            events: list[dict[str, Any]] = []
            SpanWindow.function(examples, made, earlier=earlier, num_spans=num_spans, ctx=Context(emit=events.append))
            if notes is not None:
                notes += [event["text"] for event in events if event["type"] == "note"]
            earlier = made
        assert earlier is not None
        return earlier

    return build


def test_the_last_spans_are_in_it_and_their_files_are_the_same(span: Span, window: Window) -> None:
    """Linked, not copied; what there was before the window is gone; the note says which spans there are."""
    spans = [span(number, f"a,b\n{number},x\n{number},y\n") for number in (3, 4, 6)]
    notes: list[str] = []
    made = window(2, *spans, notes=notes)
    assert read_table(made, "all")["a"].to_pylist() == [4, 4, 6, 6]
    assert [one["span"] for one in json.loads(made.path("spans.json").read_text())] == [4, 6]
    taken = [file.stat().st_ino for file in made.files("all")]
    assert taken == [one.files("all")[0].stat().st_ino for one in spans[1:]]
    assert (made.properties["span"], made.splits) == (6, ["all"])
    assert notes == [
        "2 rows of 1 span (3) of the 2 asked for: no more went through before it",
        "4 rows of 2 spans (3, 4)",
        "4 rows of 2 spans (4, 6)",
    ]


@pytest.mark.parametrize("num_spans", [1, 2, 3, 9])
def test_a_window_is_what_ingesting_all_of_its_spans_at_once_gives(span: Span, window: Window, num_spans: int) -> None:
    """The same columns, types and rows, though one span lacks a column, one has fractions and one no value."""
    texts = ["a,b\n1,\n2,\n", "a,b,c\n3.5,1,x\n", "b,a\n,4\n2,5\n"]
    made = read_table(window(num_spans, *(span(number, text) for number, text in enumerate(texts))), "all")
    rows: list[list[dict[str, Any]]] = [
        [{"a": 1, "b": None}, {"a": 2, "b": None}],
        [{"a": 3.5, "b": 1, "c": "x"}],
        [{"b": None, "a": 4}, {"b": 2, "a": 5}],
    ]
    expected = [row for some in rows[-num_spans:] for row in some]
    columns = {"b", "a"} | ({"c"} if num_spans > 1 else set())
    assert set(made.column_names) == columns
    assert made.schema.field("a").type == (pa.float64() if num_spans > 1 else pa.int64())
    assert made.to_pylist() == [{name: row.get(name) for name in made.column_names} for row in expected]


def test_a_span_that_comes_again_takes_the_place_of_the_first(span: Span, window: Window) -> None:
    """The window before it has only earlier ones; those of it and later are left out."""
    first, second, third = (span(number, f"a\n{number}\n") for number in (1, 2, 3))
    again = span(2, "a\n22\n", version=2)
    assert read_table(window(3, first, second, third, again), "all")["a"].to_pylist() == [1, 22]


def test_types_that_contradict_each_other_are_an_error(span: Span, window: Window) -> None:
    """It names the span and the column."""
    with pytest.raises(DataError, match="Span 1 contradicts a later one. Column 'a' is string here") as caught:
        window(2, span(1, "a\nx\n"), span(2, "a\n1\n"))
    assert caught.value.facts["column"] == "a"


def test_examples_of_no_span_and_windows_of_no_length_are_refused(span: Span, window: Window) -> None:
    """The second before anything runs."""
    with pytest.raises(UsageError, match="The examples are of no span"):
        window(2, span(None, "a\n1\n"))
    with Pipeline("p") as pipeline:
        examples = CsvExampleGen(input_base="a.csv").outputs["examples"]
        SpanWindow(examples=examples, num_spans=0)
    with pytest.raises(GraphError, match="num_spans is 0"):
        check(pipeline)
