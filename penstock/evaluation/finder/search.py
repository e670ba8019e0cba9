"""The slice finder: slices of one to three features where a model is significantly worse than elsewhere.

In the manner of Chung, Kraska, Polyzotis, Tae and Whang, "Slice Finder: Automated Data Slicing for Model Validation"
(ICDE 2019): effect size and Welch's test of the loss inside against outside, and no slice beside one that explains it.
As in Sagadeeva and Boehm, "SliceLine: Fast, Linear-Algebra-based Slice Finding for ML Model Debugging" (SIGMOD 2021),
the whole lattice is enumerated over integer codes and pruned by size, which never grows downwards.

False discoveries are held down over every slice tested: Benjamini and Hochberg, "Controlling the false discovery rate"
(JRSS B 57, 1995). The rate must hold for what is told, after slices that others explain are dropped: the k-th slice
told has a p value of at most rate x k / tests, which is the self-consistency of Blanchard and Roquain, "Two simple
sufficient conditions for FDR control" (EJS 2, 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from penstock.evaluation.finder.features import Condition, Feature, condition_text
from penstock.evaluation.histogram import Floats, Ints
from penstock.evaluation.moments import Comparison, Moments, Rows, exceeds, less, worse

__all__ = ["Found", "Options", "Search", "adjusted", "find"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Options:
    """What counts as found.

    Attributes:
        order: The most features in one slice, 1 to 3.
        rate: The rate of false discoveries allowed among the slices told.
        min_rows: Slices with fewer rows, inside or outside, are not tested.
        min_effect: Slices with a smaller effect are not told.
        limit: How many are told at most.
    """

    order: int = 2
    rate: float = 0.05
    min_rows: int = 100
    min_effect: float = 0.2
    limit: int = 20


@dataclass(frozen=True)
class Found:
    """One slice where the model is worse.

    Attributes:
        conditions: What its rows have in common, by feature name.
        inside: Moments of the loss inside, as groups of one.
        outside: The same outside.
        effect: Effect size.
        t: Welch's statistic.
        p: Its p value, or that of what other slices leave of it if larger, adjusted for all slices tested.
    """

    conditions: tuple[Condition, ...]
    inside: Moments
    outside: Moments
    effect: float
    t: float
    p: float

    @property
    def name(self) -> str:
        """The slice for a person."""
        return condition_text(self.conditions)

    @property
    def rows(self) -> int:
        """Rows inside."""
        return int(self.inside.rows[0])


@dataclass(frozen=True)
class Search:
    """What a search came to.

    Attributes:
        found: The slices, strongest evidence first, none that another one explains.
        tested: How many slices were tested.
        significant: How many of them are significant by Benjamini and Hochberg, whether told or not.
    """

    found: list[Found] = field(default_factory=list)
    tested: int = 0
    significant: int = 0


@dataclass(frozen=True)
class _Candidates:
    """Slices that were tested, each array [slices], and for each feature of a slice its index and code."""

    features: tuple[int, ...]
    codes: list[Ints]
    comparison: Comparison


def adjusted(p: Floats, tests: int) -> Floats:
    """The p values of those told, adjusted by Benjamini and Hochberg for all tests made, [told]."""
    order = np.argsort(p)
    scaled = p[order] * tests / np.arange(1, len(p) + 1)
    out = np.empty_like(p)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def find(
    features: Sequence[Feature],
    rows: Rows,
    options: Options | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    level: float | None = None,
) -> Search:
    """Searches all crosses of the features for slices where the values of the rows are larger than elsewhere.

    Args:
        features: What to search by, see `encoded`.
        rows: The loss of each row, which must be finite, and its weight.
        options: What counts as found.
        progress: Told the number of feature crosses done, and of all.
        level: The mean inside must be significantly above this too, if it is given; of both p values the larger counts
            (Berger, Multiparameter hypothesis testing and acceptance sampling, Technometrics 24, 1982).

    Returns:
        The slices found; the one with the strongest evidence first.
    """
    options = options or Options()
    # Variances are differences of sums of squares: about the mean little is lost.
    middle = float(rows.values.mean()) if len(rows) else 0.0
    centred = Rows(rows.values - middle, rows.weights)
    whole = centred.of(np.ones(len(rows), bool))
    floor = float(whole.variance[0]) if len(rows) > 1 else 0.0
    if not floor > 0:  # all losses are equal, or there are none
        return Search()
    bar = None if level is None else level - middle
    tested = list(_tested(features, centred, whole, floor, options, progress, bar))
    if not tested:
        return Search()
    p, t, effect = (np.concatenate([getattr(one.comparison, name) for one in tested]) for name in ("p", "t", "effect"))
    owner = np.repeat(np.arange(len(tested)), [len(one.comparison.p) for one in tested])
    place = np.concatenate([np.arange(len(one.comparison.p)) for one in tested])
    order = np.array([len(one.features) for one in tested])[owner]
    promising = np.flatnonzero((p <= options.rate) & (effect >= options.min_effect))
    # Of slices with the same rows the one with fewer features comes first: what it implies adds nothing.
    ranked = promising[np.lexsort((order[promising], -t[promising], p[promising]))]
    choice = _Choice(features, centred, floor, options)
    found: list[Found] = []
    for index in ranked.tolist():
        bound = options.rate * (len(found) + 1) / len(p)
        if p[index] > bound or len(found) == options.limit:
            break
        one = tested[owner[index]]
        literals = [(at, int(codes[place[index]])) for at, codes in zip(one.features, one.codes, strict=True)]
        taken = choice.take(literals, bound)
        if taken is not None:
            mask, explained = taken
            conditions = tuple(sorted((features[at].conditions[code] for at, code in literals), key=_name))
            evidence = max(float(p[index]), explained)
            found.append(
                Found(conditions, rows.of(mask), rows.of(~mask), float(effect[index]), float(t[index]), evidence)
            )
    final = adjusted(np.array([one.p for one in found]), len(p))
    return Search(
        [replace(one, p=float(value)) for one, value in zip(found, final, strict=True)],
        len(p),
        int((adjusted(p, len(p)) <= options.rate).sum()),
    )


def _name(condition: Condition) -> str:
    return condition[0]


def _tested(
    features: Sequence[Feature],
    rows: Rows,
    whole: Moments,
    floor: float,
    options: Options,
    progress: Callable[[int, int], None] | None,
    level: float | None,
) -> Iterator[_Candidates]:
    """Every slice that is large enough, by the features crossed; each cross is built on the one it extends."""
    crosses = [cross for order in range(1, options.order + 1) for cross in combinations(range(len(features)), order)]
    crosses.sort()  # so that a cross comes right after the one it extends, and few are held
    levels: list[tuple[list[Ints], Ints]] = []
    for done, cross in enumerate(crosses):
        del levels[len(cross) - 1 :]
        feature = features[cross[-1]]
        parents, above = levels[-1] if levels else ([], np.zeros(len(rows), np.int64))
        radix = len(feature.values)
        codes = np.where((above >= 0) & (feature.codes >= 0), above * radix + feature.codes, -1)
        size = (len(parents[0]) if parents else 1) * radix
        moments = rows.by(codes, size)
        kept = np.flatnonzero(moments.rows >= options.min_rows)
        inside = Moments(*(getattr(moments, name)[kept] for name in Moments.__dataclass_fields__))
        columns = [*(column[kept // radix] for column in parents), kept % radix]
        table = np.full(size + 1, -1, np.int64)
        table[kept] = np.arange(len(kept))
        levels.append((columns, table[codes]))
        outside = less(whole, inside)
        enough = outside.rows >= options.min_rows
        if enough.any():
            comparison = worse(inside, outside, floor)
            p = comparison.p if level is None else np.maximum(comparison.p, exceeds(inside, level, floor))
            picked = Comparison(comparison.effect[enough], comparison.t[enough], p[enough])
            yield _Candidates(cross, [column[enough] for column in columns], picked)
        if progress is not None:
            progress(done + 1, len(crosses))


class _Choice:
    """Takes slices one after another, but for those that what was taken before explains.

    A part of a slice that was taken must be worse than the rest of that slice; any other must be worse, without the
    rows taken already, than the rows that are in neither.
    """

    def __init__(self, features: Sequence[Feature], rows: Rows, floor: float, options: Options) -> None:
        self._features = features
        self._rows = rows
        self._floor = floor
        self._options = options
        self._taken: list[tuple[frozenset[tuple[int, int]], Mask]] = []
        self._covered: Mask = np.zeros(len(rows), bool)

    def take(self, literals: Sequence[tuple[int, int]], bound: float) -> tuple[Mask, float] | None:
        """The rows of a slice and the p value of what is new in it; None where that is above the bound."""
        mask = np.ones(len(self._rows), bool)
        for feature, code in literals:
            mask &= self._features[feature].codes == code
        p = self._p(frozenset(literals), mask)
        if p > bound:
            return None
        self._taken.append((frozenset(literals), mask))
        self._covered |= mask
        return mask, p

    def _p(self, literals: frozenset[tuple[int, int]], mask: Mask) -> float:
        if not self._taken:
            return 0.0
        wider = [rows for taken, rows in self._taken if taken < literals]
        if wider:
            return max(self._compared(mask, rows & ~mask) for rows in wider)
        return self._compared(mask & ~self._covered, ~(mask | self._covered))

    def _compared(self, inside: Mask, outside: Mask) -> float:
        few = self._options.min_rows
        if np.count_nonzero(inside) < few or np.count_nonzero(outside) < few:
            return 1.0
        comparison = worse(self._rows.of(inside), self._rows.of(outside), self._floor)
        return float(comparison.p[0]) if comparison.effect[0] >= self._options.min_effect else 1.0
