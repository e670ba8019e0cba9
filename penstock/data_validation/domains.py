"""Whether a column holds natural language, times or images: `DomainEvidence`, by TFDV's rules."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

__all__ = ["DomainEvidence"]

SHARE: Final = 0.8
"""So many of the values must be of a domain."""

VALUES: Final = 100
"""So many values there must be."""

_CROP: Final = 100
_WORDS: Final = 3
_WORD_LENGTH: Final = (2.5, 8.0)

_IMAGES: Final = {"bmp": b"BM", "gif": b"GIF8", "jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}

# From 1990 to 2030, in each unit.
_DAYS: Final = (7305, 21915)
_UNITS: Final = {
    schema_pb2.TimeDomain.UNIX_DAYS: 1,
    schema_pb2.TimeDomain.UNIX_SECONDS: 86_400,
    schema_pb2.TimeDomain.UNIX_MILLISECONDS: 86_400 * 10**3,
    schema_pb2.TimeDomain.UNIX_MICROSECONDS: 86_400 * 10**6,
    schema_pb2.TimeDomain.UNIX_NANOSECONDS: 86_400 * 10**9,
}

# What Python's strptime takes for each directive.
_DIRECTIVES: Final = {
    "%a": "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "%b": "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "%B": "(?:January|February|March|April|May|June|July|August|September|October|November|December)",
    "%f": "[0-9]{1,6}",
    "%d": "(?:3[0-1]|[1-2][0-9]|0[1-9]|[1-9]| [1-9])",
    "%H": "(?:2[0-3]|[0-1][0-9]|[0-9])",
    "%y": "[0-9]{2}",
    "%Y": "[0-9]{4}",
    "%m": "(?:1[0-2]|0[1-9]|[1-9])",
    "%M": "(?:[0-5][0-9]|[0-9])",
    "%S": "(?:60[0-1]|[0-5][0-9]|[0-9])",
}
_DATES: Final = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%y-%m-%d",
    "%y/%m/%d",
    "%m-%d-%Y",
    "%m/%d/%Y",
    "%m%d%Y",
    "%m-%d-%y",
    "%m/%d/%y",
    "%d-%m-%Y",
    "%d/%m/%Y",
    "%d%m%Y",
    "%d-%B-%Y",
    "%d-%m-%y",
    "%d/%m/%y",
    "%d-%B-%y",
]
_TIMES: Final = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]
_FORMATS: Final = [*_DATES, *_TIMES, "%a %b %d %H:%M:%S %Y"] + [
    f"{date}{between}{time}" for date, time, between in product(_DATES, _TIMES, "T ")
]
# What every format fits, so that text is not held against each of them.
_PERHAPS: Final = r"\A(?:[0-9]|[A-Z][a-z]{2} )[0-9A-Za-z:/. -]{3,40}\z"


class DomainEvidence:
    """How many values of a column look like text, like a time in each format, and like an image of each kind."""

    def __init__(self) -> None:
        self.values = self.text = 0
        self.times: Counter[str] = Counter()
        self.images: Counter[str] = Counter()
        self.is_text = True

    def add_integers(self, values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> None:
        """Adds the values of a batch."""
        self.is_text = False
        self.values += len(values)
        for unit, units in _UNITS.items():
            low, high = (day * units for day in _DAYS)
            self.times[str(unit)] += int(np.count_nonzero((values >= low) & (values < high)))

    def add_strings(self, distinct: pa.Table) -> None:
        """Adds the distinct values of a batch as binary, and their counts."""
        if distinct.num_rows == 0:
            return
        values, counts = distinct["value"].combine_chunks(), distinct["count"].to_numpy()
        self.values += int(counts.sum())
        for kind, signature in _IMAGES.items():
            self.images[kind] += _counted(pc.starts_with(values, signature), counts)
        try:
            strings = pc.cast(values, pa.large_string())
        except pa.ArrowInvalid:
            self.is_text = False
        if self.is_text:
            self.text += _counted(_natural(strings), counts)
            perhaps = pc.match_substring_regex(strings, _PERHAPS)
            strings, counts = strings.filter(perhaps), counts[np.asarray(perhaps)]
            for form in _FORMATS if len(strings) else ():
                self.times[form] += _counted(pc.match_substring_regex(strings, _pattern(form)), counts)

    def merge(self, other: DomainEvidence) -> None:
        """Takes in the values behind ``other``."""
        self.values += other.values
        self.text += other.text
        self.times.update(other.times)
        self.images.update(other.images)
        self.is_text &= other.is_text

    def to_protos(self, *, numbers: bool) -> list[statistics_pb2.CustomStatistic]:
        """The domains found, as TFDV writes them: ``domain_info`` and what speaks for it."""
        found: list[statistics_pb2.CustomStatistic] = []
        if self.values < VALUES:
            return found
        images = sum(self.images.values())
        if not numbers and images / self.values >= SHARE:
            found.append(statistics_pb2.CustomStatistic(name="domain_info", str="image_domain {}"))
            found.append(statistics_pb2.CustomStatistic(name="image_format_histogram"))
            shown = {"UNKNOWN": self.values - images, **dict(sorted(self.images.items()))}
            for label, count in shown.items():
                if count:
                    found[-1].rank_histogram.buckets.add(label=label, sample_count=count)
        if not numbers and self.is_text and self.text / self.values >= SHARE:
            found.append(statistics_pb2.CustomStatistic(name="domain_info", str="natural_language_domain {}"))
            found.append(
                statistics_pb2.CustomStatistic(name="natural_language_match_rate", num=self.text / self.values)
            )
        form, count = max(self.times.items(), key=lambda item: item[1], default=("", 0))
        if (numbers or self.is_text) and count / self.values >= SHARE:
            member = f"integer_format: {form}" if numbers else f"string_format: '{form}'"
            found.append(statistics_pb2.CustomStatistic(name="domain_info", str=f"time_domain {{{member}}}"))
            found.append(statistics_pb2.CustomStatistic(name="time_match_ratio", num=count / self.values))
        return found


def _natural(strings: pa.Array) -> pa.Array:
    """Whether each string has the words of a sentence: three or more, neither very short nor very long on average."""
    words = pc.utf8_split_whitespace(pc.utf8_slice_codeunits(strings, 0, _CROP))
    lengths = pc.utf8_length(pc.list_flatten(words)).to_numpy(zero_copy_only=False)
    at = pc.list_parent_indices(words).to_numpy()[lengths > 0]  # white space at the ends leaves empty words
    lengths = lengths[lengths > 0]
    number = np.bincount(at, minlength=len(strings))
    mean = np.bincount(at, weights=lengths, minlength=len(strings)) / np.maximum(number, 1)
    low, high = _WORD_LENGTH
    return pa.array((number >= _WORDS) & (mean >= low) & (mean <= high))


def _pattern(form: str) -> str:
    for directive, pattern in _DIRECTIVES.items():
        form = form.replace(directive, pattern) if directive != "%f" else form.replace(".%f", r"\." + pattern)
    return rf"\A{form}\z"


def _counted(mask: pa.Array, counts: npt.NDArray[np.int64]) -> int:
    return int(counts[np.asarray(mask)].sum())
