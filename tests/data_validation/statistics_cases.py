"""Datasets on which statistics are held beside a peer's: small ones, each with something that is easily got wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["CASES", "OPTIONS", "table"]

RANDOM = np.random.default_rng(20)
MANY = 20_000


def _lengths(count: int, most: int) -> list[int]:
    return [int(length) for length in np.random.default_rng(count).integers(0, most + 1, count)]


def _lists(lengths: list[int], value: Any) -> list[Any]:
    return [[value(row, at) for at in range(length)] for row, length in enumerate(lengths)]


_WEIGHTS = np.random.default_rng(3).integers(1, 50, 2000) / 4.0

CASES: dict[str, dict[str, Any]] = {
    "all_missing": {"i": pa.array([None] * 5, pa.int64()), "s": pa.array([None] * 5, pa.string()), "n": pa.nulls(5)},
    "all_missing_lists": {
        "i": pa.array([None] * 3, pa.list_(pa.int64())),
        "n": pa.array([None] * 3, pa.list_(pa.list_(pa.string()))),
    },
    "some_missing": {"i": [1, None, 3, None], "f": [None, 0.5, None, None], "s": ["a", None, None, "b"]},
    "one_row": {"i": [7], "f": [0.25], "s": ["x"], "l": [[1.0, 2.0]]},
    "one_value": {"i": [7] * 9, "f": [0.25] * 9, "s": ["only"] * 9},
    "zeros": {"i": [0, 0, 1], "f": [0.0, -0.0, 2.0], "all": [0, 0, 0]},
    "negative": {"i": [-5, -1, -1, -100], "f": [-0.5, -1e-9, -2.5, -3.0]},
    "nan": {"some": [1.0, math.nan, 3.0, math.nan], "only": [math.nan] * 4},
    "nan_and_missing": {"f": [math.nan, None, 2.0, None, math.nan]},
    "infinite": {"f": [1.0, 2.0, 10.0, math.inf, -math.inf, math.inf]},
    "infinite_above": {"f": [1.0, 2.0, 10.0, math.inf], "i": [1, 2, 3, 4]},
    "infinite_below": {"f": [-math.inf, 1.0, 2.0, 10.0]},
    "infinite_and_nan": {"f": [math.nan, -math.inf, 5.0, math.inf, 6.0]},
    "unicode": {"s": ["é", "日本", "🚕", "é", "", " "], "鍵": ["ქ", "ა", "რ", "ქ", "ქ", "ა"]},
    "empty_strings": {"s": ["", "", ""], "t": ["", None, "x"]},
    "not_utf8": {"b": pa.array([b"\xff\xfe", b"ok", b"\xc3", b"ok", b"\xff\xfe", "é".encode()], pa.binary())},
    "not_utf8_at_all": {"b": pa.array([bytes([200 + at % 50]) for at in range(120)], pa.binary())},
    "bytes": {"b": pa.array([b"\x00\x01", b"", None, b"abc"], pa.binary())},
    "zero_bytes": {"s": ["a\x00b", "a\x00b", "a", "a\nb"]},
    "long_strings": {"s": ["x" * 2000, "y" * 1500, "x" * 2000, "z" * 1024, "short"]},
    "huge": {"i": [2**62, -(2**62), 2**62 + 1, 0], "most": [2**63 - 1, -(2**63), 0, 1]},
    "unsigned": {"i": pa.array([0, 1, 2**31], pa.uint32()), "b": pa.array([0, 255, 3], pa.uint8())},
    "narrow": {"f": pa.array([0.1, 0.2, 0.2], pa.float32()), "i": pa.array([-3, 3, 3], pa.int8())},
    "extremes": {"f": [1e300, -1e300, 1e-300, 0.0], "tiny": [1e-12, 2e-12, 3e-12, 4e-12]},
    "offset": {"f": 1e9 + np.arange(1000) % 7 / 8.0},
    "boolean_like": {"i": [0, 1, 1], "s": ["true", "false", "true"], "one": ["SET"] * 3, "two": [0, 2, 1]},
    "digits": {"s": ["1", "-20", "+3"], "mixed": ["1", "2.5", "x"]},
    "domain_of_100": {"s": [f"v{i:03d}" for i in range(100)]},
    "domain_of_101": {"s": [f"v{i:03d}" for i in range(101)]},
    "ties": {"s": ["b", "a", "c", "a", "b", "c", "d"]},
    "ranks": {"s": [f"v{i % 900:03d}" for i in range(5000)]},
    "skewed_ranks": {"s": [f"v{int(i**0.5)}" for i in range(4000)]},
    "normal": {"f": np.random.default_rng(5).normal(3, 2, MANY)},
    "lognormal": {"f": np.random.default_rng(6).lognormal(0, 3, MANY)},
    "integers": {"i": np.random.default_rng(7).integers(-50, 1000, MANY), "few": np.arange(MANY) % 3},
    "sparse": {"f": pa.array(np.arange(MANY) * 0.5, mask=np.arange(MANY) % 11 != 0)},
    "high_cardinality": {"s": [f"id-{i * 7919 % 12007}" for i in range(MANY)]},
    "higher_cardinality": {"s": [f"row {i}" for i in range(60_000)]},
    "lists": {
        "i": [[1, 2], [], None, [3]],
        "f": [[0.5], [math.nan, 1.0], [], None],
        "s": [["a", "b"], None, [], ["a"]],
    },
    "lists_of_nothing": {
        "i": pa.array([[], [], None], pa.list_(pa.int64())),
        "s": pa.array([[]] * 3, pa.list_(pa.string())),
    },
    "long_lists": {
        "i": _lists([0, 1, 5000, 3, 900], lambda _, at: at),
        "s": _lists([2000, 0, 1, 1, 7], lambda r, at: f"{r}{at % 9}"),
    },
    "many_lists": {
        "f": _lists(_lengths(3000, 9), lambda row, at: row / 7.0 + at),
        "s": _lists(_lengths(3000, 4), lambda row, at: f"t{(row + at) % 40}"),
    },
    "fixed_lists": {"v": [[float(row), row * 0.5, -1.0] for row in range(50)]},
    "large_lists": {"v": pa.array([[1, 2], [3], None], pa.large_list(pa.int64()))},
    "nulls_in_lists": {"f": [[1.0, None], [None], [2.0, 3.0]]},
    "nested": {"i": [[[1, 2], [3]], [], None, [[4, 5, 6]]], "s": [[["a"], []], None, [["b", "a"]], [[]]]},
    "nested_missing": {"i": [[[1, 2], None], [None], None, [[4], None, [5]]]},
    "nested_empty": {"i": pa.array([[[]], [], [[], []]], pa.list_(pa.list_(pa.int64())))},
    "three_deep": {"i": [[[[1], [2, 3]], [[4]]], [[]], None, [[[5, 6, 7]], [[], [8]]]]},
    "many_nested": {
        "f": _lists(_lengths(500, 4), lambda row, at: [row * 0.25 + at + k for k in range((row + at) % 5)]),
        "s": _lists(_lengths(500, 3), lambda row, at: [f"w{(row * at + k) % 17}" for k in range(row % 3)]),
    },
}

# Those with something beside the statistics of every column: `tests/data_validation/tfdv_statistics_peer.py` says what.
OPTIONS: dict[str, dict[str, Any]] = {
    "weights": {"weight": "w"},
    "weights_of_missing": {"weight": "w"},
    "weights_of_lists": {"weight": "w"},
    "weights_of_nested": {"weight": "w"},
    "slices": {"slices": [{"pay": None}, {"hour": None, "pay": None}, {"hour": [3]}]},
    "slices_of_lists": {"slices": [{"tags": None}]},
    "slices_with_weights": {"slices": [{"pay": ["Cash"]}], "weight": "hour"},
    "crosses": {"crosses": True},
    "crosses_of_lists": {"crosses": True},
    "sentences": {"domains": True},
    "times": {"domains": True},
    "images": {"domains": True},
    "categorical": {
        "schema": "feature { name: 'code' type: INT int_domain { is_categorical: true } } "
        "feature { name: 'codes' type: INT int_domain { is_categorical: true } } "
        "feature { name: 'flag' type: INT bool_domain { } } feature { name: 'fare' type: FLOAT } "
        "feature { name: 'text' type: INT int_domain { is_categorical: true } } feature { name: 'plain' type: INT }",
        "weight": "fare",
    },
    "files": {
        "schema": "feature { name: 'file' type: BYTES image_domain { max_image_byte_size: 5 } } "
        "feature { name: 'pages' type: BYTES image_domain { } } feature { name: 'none' type: BYTES image_domain { } } "
        "feature { name: 'number' type: BYTES image_domain { } }",
    },
    "sparse_features": {
        "schema": "feature { name: 'value' type: FLOAT } feature { name: 'at' type: INT } "
        "feature { name: 'too' type: INT } feature { name: 'same' type: INT } "
        "sparse_feature { name: 'two' value_feature { name: 'value' } index_feature { name: 'at' } "
        "index_feature { name: 'too' } } "
        "sparse_feature { name: 'fits' value_feature { name: 'value' } index_feature { name: 'same' } } "
        "sparse_feature { name: 'gone' value_feature { name: 'value' } index_feature { name: 'nowhere' } } "
        "sparse_feature { name: 'at' value_feature { name: 'value' } index_feature { name: 'same' } }",
    },
    "weighted_features": {
        "schema": "feature { name: 'word' type: BYTES } feature { name: 'heavy' type: FLOAT } "
        "feature { name: 'even' type: FLOAT } "
        "weighted_feature { name: 'wh' feature { step: 'word' } weight_feature { step: 'heavy' } } "
        "weighted_feature { name: 'we' feature { step: 'word' } weight_feature { step: 'even' } } "
        "weighted_feature { name: 'wn' feature { step: 'word' } weight_feature { step: 'nowhere' } }",
    },
}

_PAY = {
    "pay": [["Cash", "Card", None][at % 3] for at in range(600)],
    "hour": np.arange(600) % 24,
    "fare": np.random.default_rng(9).gamma(2, 5, 600),
}

CASES |= {
    "weights": {
        "w": _WEIGHTS,
        "f": np.random.default_rng(4).normal(10, 3, 2000),
        "i": np.arange(2000) % 17,
        "s": [f"v{at * at % 31}" for at in range(2000)],
    },
    "weights_of_missing": {
        "w": [1.5, 2.0, 0.0, 4.0, 2.5],
        "f": [1.0, None, 3.0, math.nan, 5.0],
        "s": ["a", None, "a", "c", "b"],
        "n": pa.nulls(5),
    },
    "weights_of_lists": {
        "w": [1.0, 2.0, 3.0, 4.0],
        "f": [[1.0, 2.0], [], None, [3.0]],
        "s": [["a"], ["a", "b"], [], None],
    },
    "weights_of_nested": {"w": [2, 3, 4, 5], "i": [[[1, 2], [3]], [], None, [[4, 5, 6], None]]},
    "slices": _PAY,
    "slices_of_lists": {"tags": [["a", "b"], ["b", "b"], [], None, ["a"]], "x": [1, 2, 3, 4, 5]},
    "slices_with_weights": _PAY,
    "crosses": {
        "b": np.random.default_rng(1).normal(5, 2, 900),
        "a": pa.array(np.arange(900) % 50, mask=np.arange(900) % 7 == 0),
        "c": np.where(np.arange(900) % 11 == 0, np.nan, np.random.default_rng(2).normal(-3, 1, 900)),
        "s": [f"{at % 9}" for at in range(900)],
    },
    "crosses_of_lists": {"a": [[1.0], [2.0, 3.0], [4.0], None], "b": [[5], [6], [7], [8]], "c": [[1], [], [3], [2]]},
    "sentences": {
        "s": [f"the quick brown fox number {at}" if at % 10 else "no" for at in range(120)],
        "i": list(range(120)),
    },
    "times": {
        "day": [f"2018-{at % 12 + 1:02d}-{at % 28 + 1:02d}" for at in range(150)],
        "clock": [f"{at % 24}:{at % 60:02d}:07.{at}" for at in range(150)],
        "both": [f"{at % 12 + 1}/{at % 28 + 1}/2019 {at % 24}:{at % 60:02d}" for at in range(150)],
        "unix": 1_500_000_000 + np.arange(150) * 3600,
        "days": 15_000 + np.arange(150),
        "no_time": [f"{at}" for at in range(150)],
        "few": ["2018-11-30"] * 60 + [None] * 90,
        "number": np.arange(150) * 0.5,
    },
    "images": {
        "png": pa.array([b"\x89PNG\r\n\x1a\n" + bytes([at]) for at in range(110)] + [b"?"] * 10, pa.binary()),
        "mixed": pa.array([b"\xff\xd8\xff\xe0", b"GIF89a", b"BM0000"] * 40, pa.binary()),
    },
    "categorical": {
        "code": [7, 7, None, -3, 10**12],
        "codes": [[1, 2], [], None, [2], [3, 3, 3]],
        "flag": [0, 1, 1, 1, None],
        "text": ["a", "b", "b", "c", "c"],
        "plain": [1, 2, 3, 4, 5],
        "fare": [1.5, 2.0, 2.5, 3.0, 4.0],
    },
    "files": {
        "file": pa.array([b"abc", b"", None, b"abcdefg"], pa.binary()),
        "pages": pa.array([[b"a", b"bc"], [], None, [b"def"]], pa.list_(pa.binary())),
        "none": pa.array([None] * 4, pa.binary()),
        "number": [1, 2, 3, 4],
    },
    "sparse_features": {
        "value": [[1.0, 2.0], [3.0], None, [], None],
        "at": [[1, 2], [3, 4], [5], None, None],
        "too": [[1, 2], None, None, [], None],
        "same": [[1, 2], [3], None, [], None],
    },
    "weighted_features": {
        "word": [["a", "b"], ["c"], None, ["d"], None],
        "heavy": [[1.0, 2.0, 3.0], None, [4.0], [], None],
        "even": [[1.0, 2.0], [3.0], None, [4.0], None],
    },
}


def table(name: str) -> pa.Table:
    """The dataset of this name."""
    return pa.table(CASES[name])
