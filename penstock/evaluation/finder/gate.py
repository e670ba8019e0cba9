"""A slice as a gate: a threshold of the Evaluator on it, written into ``pipeline.yaml``."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.config.yaml_edit import with_item
from penstock.errors import UsageError, did_you_mean
from penstock.evaluation.finder.losses import ROW_METRICS
from penstock.evaluation.slices import Scalar
from penstock.evaluation.task_names import METRIC_NAMES, TASK_NAMES
from penstock.evaluation.thresholds import Threshold

__all__ = ["conditions_of", "with_gate"]

_SECTION = "evaluator"
_BOUND = 0.01
# Where one condition of a slice ends and the next begins; a value may hold a comma.
_BETWEEN = re.compile(r",\s*(?=[^\s=,][^=,]*(?:=| in \[))")
_BUCKET = re.compile(r"(?P<name>.+) in \[(?P<low>[^,]+),(?P<high>[^,]+)\)")
_LOWER_IS_BETTER = {name for name, one in ROW_METRICS.items() if not one.higher_is_better}


def conditions_of(texts: Sequence[str]) -> list[dict[str, Scalar]]:
    """A slice as the Evaluator's config has it, from what `penstock slices find` prints.

    >>> conditions_of(["company=Blue, Inc, trip_start_hour=4", "zip=007"])
    [{'company': 'Blue, Inc', 'trip_start_hour': 4, 'zip': '007'}]
    >>> conditions_of(["fare in [2, 3.5), pay=Cash"])
    [{'pay': 'Cash'}, {'expression': 'fare >= 2 and fare < 3.5'}]

    Raises:
        UsageError: One is no condition, or a column stands twice.
    """
    values: dict[str, Scalar] = {}
    buckets: dict[str, Scalar] = {}
    for part in [part.strip() for text in texts for part in _BETWEEN.split(text)]:
        bucket = _BUCKET.fullmatch(part)
        name, equals, value = part.partition("=")
        name, value = (bucket["name"] if bucket else name).strip(), value.strip()
        if not bucket and (not equals or not name or not value):
            raise UsageError(
                f"{part!r} is no condition of a slice.",
                hint="Write COLUMN=VALUE or 'COLUMN in [LOW, HIGH)': penstock slices add payment_type=Cash",
            )
        if name in values or name in buckets:
            raise UsageError(f"The column {name!r} stands twice in the slice.", hint="Name each column once.")
        if bucket:
            buckets[name] = _expression(name, bucket["low"].strip(), bucket["high"].strip())
        else:
            values[name] = _scalar(value)
    return [*([values] if values else []), *({"expression": one} for one in buckets.values())]


def _expression(name: str, low: str, high: str) -> str:
    column = name if name.isidentifier() and not keyword.iskeyword(name) and name != "col" else f"col({name!r})"
    try:
        ends = [(sign, text) for sign, text in ((">=", low), ("<", high)) if math.isfinite(float(text))]
    except ValueError:
        ends = []
    if not ends:
        raise UsageError(f"'{name} in [{low}, {high})' is no bucket of numbers.", hint="Write [2, 3.5) or [-inf, 2).")
    return " and ".join(f"{column} {sign} {text}" for sign, text in ends)


def _scalar(text: str) -> Scalar:
    """The number that the text is, if it would be written like that again; else the text."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text and text not in ("inf", "-inf", "nan"):
                return kind(text)
        except ValueError:
            continue
    return text


def _named(section: Any) -> set[str]:
    """The metrics that a section has already, those of TFMA and of functions too."""
    every = section if isinstance(section, dict) else {}
    found = {str(one.get("metric")) for one in every.get("thresholds") or [] if isinstance(one, dict)}
    for one in every.get("metrics") or []:
        found |= {str(one.get(key)) for key in ("name", "function")} if isinstance(one, dict) else {str(one)}
    return found


def with_gate(
    text: str,
    conditions: Sequence[str],
    *,
    metric: str | None,
    bounds: Mapping[str, float],
    min_examples: int,
    by: str = "point",
    path: str = "",
) -> tuple[dict[str, Any], str]:
    """The threshold on a slice, and the text of a ``pipeline.yaml`` with it, unless it is there already.

    Args:
        text: The file as it is; valid.
        conditions: The slice.
        metric: What is held to the bounds; if not given, the metric of the first threshold, else ``auc``.
        bounds: ``min``, ``max``, ``max_drop``, ``max_rise``; if empty, no more than 0.01 worse than the baseline.
        min_examples: Below so many rows the threshold is undefined.
        by: ``point`` or ``interval``.
        path: The file, for messages.

    Raises:
        UsageError: A condition, the metric or a bound is wrong.
        ConfigError: The file has no section ``evaluator``, or cannot be added to.
    """
    from ruamel.yaml import YAML

    values = YAML(typ="safe", pure=True).load(text)
    section = values.get(_SECTION) if isinstance(values, dict) else None
    there = (section.get("thresholds") or []) if isinstance(section, dict) else []
    metric = metric or next((one["metric"] for one in there if isinstance(one, dict) and "metric" in one), "auc")
    known = TASK_NAMES.get(section.get("task", "binary"), METRIC_NAMES) if isinstance(section, dict) else METRIC_NAMES
    if isinstance(section, dict) and section.get("eval_config"):
        raise UsageError(
            f"The thresholds of this pipeline stand in {section['eval_config']}.",
            hint="Add per_slice_thresholds there, or write the Evaluator's keys here in place of the file.",
        )
    if metric not in known and metric not in _named(section):
        raise UsageError(f"There is no metric {metric!r}.", hint=did_you_mean(metric, known), metric=metric)
    if not bounds:
        bounds = {"max_rise" if metric in _LOWER_IS_BETTER else "max_drop": _BOUND}
    held = conditions_of(conditions)
    threshold: dict[str, Any] = {
        "metric": metric,
        **bounds,
        "slices": [held if len(held) > 1 else held[0]],
        "min_examples": min_examples,
        **({"by": by} if by != "point" else {}),
    }
    try:
        Threshold(**{**threshold, "slices": tuple(threshold["slices"])})
    except ValueError as error:
        raise UsageError(f"{str(error).capitalize()}.") from error
    if threshold in there:
        return threshold, text
    return threshold, with_item(text, (_SECTION, "thresholds"), threshold, path)
