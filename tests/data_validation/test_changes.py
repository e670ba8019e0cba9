from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.changes import apply, diff_lines, diff_regions, suggested_schema, text_of

TEXT = """
feature { name: 'a' type: INT int_domain { min: 1 max: 2 } }
feature { name: 'pay' type: BYTES domain: 'how' }
string_domain { name: 'how' value: 'Cash' }
"""


def schema(text: str) -> schema_pb2.Schema:
    return text_format.Parse(text, schema_pb2.Schema())


ENTRIES = [
    *schema("feature { name: 'a' type: INT int_domain { min: 1 max: 9 } }").feature,
    *schema("feature { name: 'new' type: FLOAT }").feature,
    *schema("string_domain { name: 'how' value: 'Cash' value: 'Coin' }").string_domain,
    schema("dataset_constraints { min_examples_count: 3 }").dataset_constraints,
]


def test_entries_take_the_place_of_those_of_their_name() -> None:
    """New ones come last, what is not named stays, and the schema given is not touched."""
    before = schema(TEXT)
    after = apply(before, ENTRIES)
    assert [(one.name, one.int_domain.max) for one in after.feature] == [("a", 9), ("pay", 0), ("new", 0)]
    assert list(after.string_domain[0].value) == ["Cash", "Coin"]
    assert after.dataset_constraints.min_examples_count == 3
    assert before == schema(TEXT)


def test_a_change_is_told_in_lines() -> None:
    """Only lines that differ, those of the named entries."""
    assert diff_lines(schema(TEXT), ENTRIES[:1]) == ["-    max: 2", "+    max: 9"]
    assert diff_lines(schema(TEXT), ENTRIES[2:]) == [
        '+  value: "Coin"',
        "+dataset_constraints {",
        "+  min_examples_count: 3",
        "+}",
    ]


@pytest.mark.parametrize("entries", [ENTRIES[:1], ENTRIES[1:2], ENTRIES[2:], ENTRIES, []])
def test_regions_lead_back_to_the_suggested_schema(entries: list[schema_pb2.Feature]) -> None:
    """What an anomaly carries is enough to make its schema of the baseline."""
    before = schema(TEXT)
    regions = diff_regions(text_of(before), text_of(apply(before, entries)))
    assert suggested_schema(before, regions) == apply(before, entries)


def test_what_goes_away_leads_back_too() -> None:
    """Removed lines at the end, in the middle and all of them."""
    before = schema(TEXT)
    for text in ("", "feature { name: 'a' type: INT }", TEXT.replace("int_domain { min: 1 max: 2 }", "")):
        regions = diff_regions(text_of(before), text_of(schema(text)))
        assert suggested_schema(before, regions) == schema(text)
