from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from penstock.data_validation.changes import Entry, apply, diff_regions, text_of
from penstock.data_validation.schema_file import accepted, rewritten

TEXT = """\
# Trips of 2026. Ask Ada before you change the fare.
feature {
  name: "fare"
  type: FLOAT
  float_domain {
    min: 0.0  # nobody pays us to ride
    max: 500.0  # dollars
  }
}
# How they paid.
feature { name: 'pay' type: BYTES domain: 'how' }  # } not an end
string_domain { name: 'how' value: 'Cash' }
"""


def schema(text: str) -> schema_pb2.Schema:
    return text_format.Parse(text, schema_pb2.Schema())


FARE = schema(TEXT.replace("500.0", "900.0")).feature[0]
HOW = schema("string_domain { name: 'how' value: 'Cash' value: 'Coin # }' }").string_domain[0]
NEW = schema("feature { name: 'tip' type: INT }").feature[0]


def test_comments_and_order_stay() -> None:
    """A line that changes keeps its comment; what does not change is as it was, byte for byte."""
    after = apply(schema(TEXT), [FARE, NEW])
    text = rewritten(TEXT, after)
    expected = TEXT.replace("max: 500.0  # dollars", "max: 900.0  # dollars")
    assert text == expected + 'feature {\n  name: "tip"\n  type: INT\n}\n'
    assert schema(text) == after


def test_an_entry_on_one_line_is_written_anew() -> None:
    """Only that entry, and what it has of comments stands above it."""
    text = rewritten(TEXT.replace("value: 'Cash'", "# money\n value: 'Cash'"), apply(schema(TEXT), [HOW]))
    assert schema(text) == apply(schema(TEXT), [HOW])
    assert text.count("#") == 7
    assert "# money\nstring_domain {" in text


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "feature: [{ name: 'a' type: INT }]"])
def test_any_text_of_a_schema_is_taken(text: str) -> None:
    """Empty ones, and forms that are not usual: then all of it is written anew rather than wrongly."""
    after = apply(schema(text), [NEW])
    assert schema(rewritten(text, after)) == after


def anomalies(entries: dict[str, list[Entry]]) -> anomalies_pb2.Anomalies:
    baseline = schema(TEXT)
    found = anomalies_pb2.Anomalies(baseline=baseline)
    for name, changed in entries.items():
        regions = diff_regions(text_of(baseline), text_of(apply(baseline, changed)))
        found.anomaly_info[name].diff_regions.extend(regions)
    return found


def test_changes_of_all_splits_are_taken_together() -> None:
    """A domain grows by the values of each, a range to the outermost; named features only, if some are named."""
    other = schema("string_domain { name: 'how' value: 'Cash' value: 'Card' }").string_domain[0]
    lower = schema(TEXT.replace("500.0", "700.0").replace("min: 0.0", "min: -1.0")).feature[0]
    found = [anomalies({"pay": [HOW], "fare": [FARE]}), anomalies({"pay": [other], "tip": [NEW], "fare": [lower]})]
    after, taken, stale = accepted(schema(TEXT), found, [])
    assert (taken, stale) == (["fare", "pay", "tip"], [])
    assert list(after.string_domain[0].value) == ["Cash", "Coin # }", "Card"]
    assert (after.feature[0].float_domain.min, after.feature[0].float_domain.max) == (-1, 900)
    only, taken, _ = accepted(schema(TEXT), found, ["tip"])
    assert (taken, [one.name for one in only.feature]) == (["tip"], ["fare", "pay", "tip"])
    assert only.feature[0] == schema(TEXT).feature[0]


def test_what_was_edited_since_is_left_alone() -> None:
    """A change for an entry that is no longer as it was is not laid over it, and is named."""
    edited = schema(TEXT.replace("500.0", "600.0"))
    after, taken, stale = accepted(edited, [anomalies({"fare": [FARE], "pay": [HOW]})], [])
    assert (taken, stale) == (["pay"], ["fare"])
    assert after.feature[0].float_domain.max == 600
