"""What was found of fairness, and its file ``fairness.json`` in an evaluation; read without numpy."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from penstock.evaluation.slices import SliceKey, slice_text

__all__ = ["FAIRNESS_FILE", "Estimate", "FairnessResult", "Flips", "Group", "GroupSet"]

FAIRNESS_FILE = "fairness.json"


class Estimate(NamedTuple):
    """A value with its 95 % interval; not a number where undefined."""

    value: float
    low: float
    high: float

    @property
    def size(self) -> Estimate:
        """How far from 0 it is, either way."""
        if math.isnan(self.low) or math.isnan(self.high):
            return Estimate(abs(self.value), math.nan, math.nan)
        ends = sorted((abs(self.low), abs(self.high)))
        return Estimate(abs(self.value), 0.0 if self.low <= 0 <= self.high else ends[0], ends[1])


@dataclass(frozen=True)
class Group:
    """One group.

    Attributes:
        key: Its slice.
        n: Its rows.
        rates: By ``name@threshold`` its rates, and ``calibration``: mean prediction less mean label.
        gaps: Its rates less those of the baseline group, signed; ``equalized_odds``, ``equal_opportunity`` and
            ``demographic_parity`` as sizes. Empty for the baseline itself.
    """

    key: SliceKey
    n: int
    rates: dict[str, Estimate]
    gaps: dict[str, Estimate] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The group for a person."""
        return slice_text(self.key) or "overall"


@dataclass(frozen=True)
class GroupSet:
    """The groups of one spec; ``baseline`` is the key of the one that the others are held against, if there is one."""

    spec: str
    baseline: SliceKey | None
    groups: list[Group]


@dataclass(frozen=True)
class Flips:
    """What a counterfactual changed.

    Attributes:
        column: The column that was changed.
        values: What became what.
        n: How many rows were changed.
        rates: By ``flip_rate@threshold`` the share of them whose side changed; ``to_positive@`` and ``to_negative@``
            the same one way; ``mean_change`` of the prediction.
    """

    column: str
    values: dict[str, Any]
    n: int
    rates: dict[str, Estimate]

    @property
    def name(self) -> str:
        """The change for a person: ``payment_type: Cash -> Credit Card``."""
        return f"{self.column}: " + ", ".join(f"{old} -> {new}" for old, new in self.values.items())


@dataclass(frozen=True)
class FairnessResult:
    """Groups and counterfactuals of the candidate."""

    thresholds: list[float]
    sets: list[GroupSet] = field(default_factory=list)
    flips: list[Flips] = field(default_factory=list)

    def write(self, directory: Path) -> None:
        """Writes ``fairness.json``."""
        (directory / FAIRNESS_FILE).write_text(json.dumps(self.to_json(), allow_nan=False))

    @classmethod
    def read(cls, directory: Path) -> FairnessResult | None:
        """What was found, or None where no fairness was asked for."""
        file = directory / FAIRNESS_FILE
        return cls.from_json(json.loads(file.read_text())) if file.is_file() else None

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; an undefined number is null."""
        return {
            "version": 1,
            "thresholds": self.thresholds,
            "sets": [
                {
                    "spec": one.spec,
                    "baseline": None if one.baseline is None else [list(pair) for pair in one.baseline],
                    "groups": [
                        {
                            "slice": [list(pair) for pair in group.key],
                            "n": group.n,
                            "rates": _written(group.rates),
                            "gaps": _written(group.gaps),
                        }
                        for group in one.groups
                    ],
                }
                for one in self.sets
            ],
            "counterfactuals": [
                {"column": one.column, "values": one.values, "n": one.n, "rates": _written(one.rates)}
                for one in self.flips
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FairnessResult:
        """What `to_json` wrote."""
        return cls(
            list(value["thresholds"]),
            [
                GroupSet(
                    one["spec"],
                    None if one["baseline"] is None else _key(one["baseline"]),
                    [
                        Group(_key(group["slice"]), group["n"], _read(group["rates"]), _read(group["gaps"]))
                        for group in one["groups"]
                    ],
                )
                for one in value["sets"]
            ],
            [
                Flips(one["column"], dict(one["values"]), one["n"], _read(one["rates"]))
                for one in value["counterfactuals"]
            ],
        )


def _key(pairs: Any) -> SliceKey:
    return tuple((name, one) for name, one in pairs)


def _written(estimates: Mapping[str, Estimate]) -> dict[str, list[float | None]]:
    return {name: [one if math.isfinite(one) else None for one in estimate] for name, estimate in estimates.items()}


def _read(values: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(*(math.nan if one is None else one for one in value)) for name, value in values.items()}
