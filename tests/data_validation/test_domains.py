from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from penstock.data_validation.domains import DomainEvidence
from penstock.data_validation.strings import counted


def of_strings(values: list[str] | list[bytes], repeated: int = 1) -> dict[str, str]:
    evidence = DomainEvidence()
    for _ in range(repeated):
        part = DomainEvidence()
        part.add_strings(counted(pa.array(values), None))
        evidence.merge(part)
    return {custom.name: custom.str for custom in evidence.to_protos(numbers=False)}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2018-11-30", "%Y-%m-%d"),
        ("11/30/2018", "%m/%d/%Y"),
        ("30-November-2018", "%d-%B-%Y"),
        ("23:59:58", "%H:%M:%S"),
        ("2018-11-30T23:59:58.123456", "%Y-%m-%dT%H:%M:%S.%f"),
        ("Fri Nov 30 10:47:02 2018", "%a %b %d %H:%M:%S %Y"),
    ],
)
def test_times_are_found_in_their_format(value: str, form: str) -> None:
    """A hundred values, four in five of one format."""
    found = of_strings([value] * 4 + ["?"], 20)
    assert found["domain_info"] == f"time_domain {{string_format: '{form}'}}"
    assert "domain_info" not in of_strings([value] * 3 + ["?"], 25)
    assert "domain_info" not in of_strings([value] * 99)


def test_sentences_are_natural_language() -> None:
    """Three words or more of usual length; names and ids are not."""
    sentence = "the quick brown fox jumps"
    assert of_strings([sentence] * 100)["domain_info"] == "natural_language_domain {}"
    assert of_strings(["  wo rd  ", "Chicago"] * 50) == {}
    assert of_strings([sentence.encode()] * 99 + [b"\xff"]) == {}


def test_images_are_known_by_their_first_bytes() -> None:
    """A histogram of formats is kept, with what is none of them."""
    evidence = DomainEvidence()
    values = [b"\x89PNG\r\n\x1a\n" + bytes([at]) for at in range(90)] + [b"\xff\xd8\xff\xe0"] * 8 + [b"?"] * 2
    evidence.add_strings(counted(pa.array(values), None))
    info, histogram = evidence.to_protos(numbers=False)
    assert info.str == "image_domain {}"
    assert [(bucket.label, bucket.sample_count) for bucket in histogram.rank_histogram.buckets] == [
        ("UNKNOWN", 2),
        ("jpeg", 8),
        ("png", 90),
    ]


@pytest.mark.parametrize(("unit", "seconds"), [("UNIX_SECONDS", 1), ("UNIX_MILLISECONDS", 1e-3), ("UNIX_DAYS", 86_400)])
def test_integers_in_the_range_of_unix_times_are_times(unit: str, seconds: float) -> None:
    """From 1990 to 2030, in days, seconds or a fraction of them."""
    evidence = DomainEvidence()
    evidence.add_integers((np.linspace(7e8, 1.8e9, 100) / seconds).astype(np.int64))
    info, ratio = evidence.to_protos(numbers=True)
    number = schema_pb2.TimeDomain.IntegerTimeFormat.Value(unit)
    assert (info.str, ratio.num) == (f"time_domain {{integer_format: {number}}}", 1.0)
