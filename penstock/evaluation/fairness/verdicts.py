"""Verdicts on gaps between groups and on flips."""

from __future__ import annotations

import math
from collections.abc import Iterator

from penstock.evaluation.fairness.options import Fairness
from penstock.evaluation.fairness.results import Estimate, FairnessResult
from penstock.evaluation.slices import slice_text
from penstock.gates import Outcome, Verdict

__all__ = ["judge_fairness"]

_ROUNDING = 1e-12


def judge_fairness(fairness: Fairness, result: FairnessResult) -> list[Verdict]:
    """A verdict for each bounded gap of each group at each threshold, and for each bounded flip rate.

    Undefined, with the reason: too few rows in the group or in the baseline, a rate with nothing to divide by, a
    baseline group that does not occur, no row to change.
    """
    return [*_gaps(fairness, result), *_flips(fairness, result)]


def _gaps(fairness: Fairness, result: FairnessResult) -> Iterator[Verdict]:
    for name, bound in fairness.max_gap.items():
        ats = [""] if name == "calibration" else [f"@{threshold:g}" for threshold in result.thresholds]
        for check in (f"{name}{at}" for at in ats):
            for one in result.sets:
                base = next((group for group in one.groups if group.key == one.baseline), None)
                if base is None:
                    why = "no row has a group." if not one.groups else "the baseline group does not occur."
                    yield Verdict(f"{check} gap", "undefined", one.spec, bound=bound, relation="<=", message=why)
                    continue
                for group in one.groups:
                    if group is base:
                        continue
                    gap = group.gaps[check]
                    few = next((each for each in (group, base) if each.n < fairness.min_examples), None)
                    why = f"{few.n:,} examples of {few.name}, fewer than {fairness.min_examples:,}." if few else ""
                    yield _verdict(
                        f"{check} gap",
                        slice_text(group.key),
                        gap.size,
                        bound,
                        group.n,
                        fairness,
                        why,
                        f"from {base.name}",
                        {
                            "gap": check,
                            "slice": [list(pair) for pair in group.key],
                            "baseline_slice": [list(pair) for pair in base.key],
                            "signed": None if math.isnan(gap.value) else gap.value,
                            **{
                                side: {rate: one.value for rate, one in rates.items() if math.isfinite(one.value)}
                                for side, rates in (("rates", group.rates), ("baseline_rates", base.rates))
                            },
                        },
                    )


def _flips(fairness: Fairness, result: FairnessResult) -> Iterator[Verdict]:
    for asked, found in zip(fairness.counterfactual, result.flips, strict=True):
        if asked.max_flip_rate is None:
            continue
        for threshold in result.thresholds:
            why = "" if found.n else "no row has a value that would be changed."
            if found.n and found.n < fairness.min_examples:
                why = f"{found.n:,} rows were changed, fewer than {fairness.min_examples:,}."
            rates = {name: one.value for name, one in found.rates.items() if math.isfinite(one.value)}
            yield _verdict(
                f"flip_rate@{threshold:g}",
                found.name,
                found.rates[f"flip_rate@{threshold:g}"],
                asked.max_flip_rate,
                found.n,
                fairness,
                why,
                "of the rows changed",
                {"counterfactual": {"column": found.column, "values": found.values}, "rates": rates},
            )


def _verdict(  # noqa: PLR0913, PLR0917  # what a verdict says
    check: str,
    subject: str,
    size: Estimate,
    bound: float,
    n: int,
    fairness: Fairness,
    why: str,
    of: str,
    evidence: dict[str, object],
) -> Verdict:
    interval = None if math.isnan(size.low) or math.isnan(size.high) else (size.low, size.high)
    outcome: Outcome = "undefined"
    if not why and math.isnan(size.value):
        why = "nothing to divide by, or a prediction that is not finite."
    elif not why and fairness.by == "interval":
        if size.high <= bound + _ROUNDING:
            outcome = "pass"
        elif size.low > bound + _ROUNDING:
            outcome = "fail"
        else:
            why = f"the interval {size.low:.4g} to {size.high:.4g} lies on both sides of {bound:.4g}."
    elif not why:
        outcome = "pass" if size.value <= bound + _ROUNDING else "fail"
    if outcome == "fail":
        why = f"{size.value:.4g} {of} is above {bound:.4g} ({n:,} examples)."
    return Verdict(
        check=check,
        outcome=outcome,
        subject=subject,
        observed=None if math.isnan(size.value) else size.value,
        bound=bound,
        relation="<=",
        interval=interval,
        n=n,
        message=f"{check} on {subject}: {why}" if why else "",
        evidence=evidence,
    )
