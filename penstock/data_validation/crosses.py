"""How pairs of numeric columns vary together: `CrossSummary`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.data_validation.arrays import STRING, is_list, kind_and_depth, numbers

__all__ = ["CrossSummary"]

Matrix = npt.NDArray[np.float64]

_BLOCK = 8192
_ROUNDING = 1e-13


class CrossSummary:
    """Means and products of deviations of each pair of numeric columns, where an example has one finite value of both.

    Entry ``[i, j]`` of a matrix is of the pair of columns ``i`` and ``j``: ``means[i, j]`` is the mean of column ``i``
    where column ``j`` has a value too, ``squares[i, j]`` the sum of its squared deviations from that mean, and
    ``products[i, j]`` the sum of the products of both columns' deviations. Parts are joined by the update of Chan,
    Golub and LeVeque (1979).
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)
        self.counts, self.means, self.squares, self.products = np.zeros((4, len(names), len(names)))

    def add(self, batch: pa.RecordBatch) -> None:
        """Adds a batch of examples."""
        found = {name: column for name, column in _columns(batch) if column is not None}
        names = sorted(found)
        if not names:
            return
        values = np.stack([found[name] for name in names])
        for start in range(0, values.shape[1], _BLOCK):
            self.merge(_of(names, values[:, start : start + _BLOCK]))

    def merge(self, other: CrossSummary) -> None:
        """Takes in the examples behind ``other``."""
        if not other.names:
            return
        names = sorted({*self.names, *other.names})
        self._spread(names)
        other._spread(names)
        total = self.counts + other.counts
        share = np.divide(other.counts, total, out=np.zeros_like(total), where=total > 0)
        step = other.means - self.means
        self.means = self.means + step * share
        self.squares = self.squares + other.squares + step**2 * self.counts * share
        self.products = self.products + other.products + step * step.T * self.counts * share
        self.counts = total

    def to_protos(self) -> Iterator[statistics_pb2.CrossFeatureStatistics]:
        """One for each pair of columns that any example has both of."""
        for x, y in zip(*(at.tolist() for at in np.triu_indices(len(self.names), 1)), strict=True):
            count = self.counts[x, y]
            if count == 0:
                continue
            result = statistics_pb2.CrossFeatureStatistics(count=int(count))
            result.path_x.step.append(self.names[x])
            result.path_y.step.append(self.names[y])
            result.num_cross_stats.covariance = self.products[x, y] / count
            if self._varies(x, y) and self._varies(y, x):
                spread = np.sqrt(self.squares[x, y]) * np.sqrt(self.squares[y, x])
                result.num_cross_stats.correlation = self.products[x, y] / spread
            yield result

    def _varies(self, x: int, y: int) -> bool:
        """Whether the deviations of a column are more than what rounding leaves of a constant one."""
        return bool(self.squares[x, y] > self.counts[x, y] * (_ROUNDING * self.means[x, y]) ** 2)

    def _spread(self, names: list[str]) -> None:
        """Makes room for further columns."""
        if names == self.names:
            return
        at = np.ix_(*[[names.index(name) for name in self.names]] * 2)
        wider = CrossSummary(names)
        for name, matrix in vars(wider).items():
            if name != "names":
                matrix[at] = getattr(self, name)
        vars(self).update(vars(wider))


def _of(names: list[str], values: Matrix) -> CrossSummary:
    """Of ``values[column, example]``, NaN where there is none."""
    known = np.isfinite(values)
    there = known.astype(np.float64)
    # Small numbers: the deviations from a number near the mean.
    near = np.array([row[mask].mean() if mask.any() else 0.0 for row, mask in zip(values, known, strict=True)])
    deviations = np.where(known, values - near[:, None], 0.0)
    result = CrossSummary(names)
    result.counts = there @ there.T
    sums = deviations @ there.T
    count = np.maximum(result.counts, 1)
    result.means = np.where(result.counts > 0, near[:, None] + sums / count, 0.0)
    result.squares = np.maximum((deviations**2) @ there.T - sums**2 / count, 0.0)
    result.products = deviations @ deviations.T - sums * sums.T / count
    return result


def _columns(batch: pa.RecordBatch) -> Iterator[tuple[str, Matrix | None]]:
    """Each numeric column with its one value of each example, NaN where it has none or several."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind, depth = kind_and_depth(column.type, name)
        if kind in (None, STRING) or depth > 1:
            continue
        if not is_list(column.type):
            yield name, numbers(column).astype(np.float64)
            continue
        single = np.asarray(pc.list_value_length(column).fill_null(0)) == 1
        found = np.full(len(column), np.nan)
        if single.any():
            found[single] = numbers(column.filter(pa.array(single)).flatten())
        yield name, found
