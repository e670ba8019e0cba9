"""Splits by time: what came before is trained on, what came after is evaluated on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["TimeSplits"]

_UNITS = {"days": 86_400, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class TimeSplits:
    """Which split a row is in, by its time.

    Attributes:
        column: Holds the times, as numbers since 1970 in UTC.
        starts: When each split begins but the first: in the column's own numbers, or as a date or time in ISO 8601, in
            UTC if it has no offset.
        unit: What the column counts; ``days``, ``s``, ``ms``, ``us`` or ``ns``.
    """

    column: str
    starts: dict[str, int | float | str]
    unit: Literal["days", "s", "ms", "us", "ns"] = "s"

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def names(self, splits: Collection[str]) -> list[str]:
        """The splits by time, the earliest first.

        Raises:
            UsageError: Not exactly one of ``splits`` has no start, or a start is no time, or two are the same.
        """
        first = [name for name in splits if name not in self.starts]
        unknown = [name for name in self.starts if name not in splits]
        if len(first) != 1 or unknown:
            raise UsageError(
                f"split_by_time gives starts for {', '.join(self.starts) or 'no split'}, and the splits are "
                f"{', '.join(splits)}; all of them but the first need one.",
                hint="For example splits: {train: 1, eval: 1} and starts: {eval: 2026-10-01}.",
            )
        bounds = {name: self._bound(name) for name in self.starts}
        if len(set(bounds.values())) < len(bounds):
            raise UsageError(f"Two splits of split_by_time begin at the same time: {self.starts}.")
        return [*first, *sorted(bounds, key=bounds.__getitem__)]

    def positions(self, batch: pa.RecordBatch, splits: Collection[str]) -> npt.NDArray[np.intp]:
        """For each row the position of its split in ``splits``; -1 where it has no time.

        Raises:
            DataError: The column does not hold numbers.
        """
        import numpy as np
        import pyarrow.types as kinds

        from penstock.data.arrays import to_numpy

        names = self.names(splits)
        if self.column not in batch.schema.names:
            return np.full(batch.num_rows, -1)
        times = batch.column(self.column)
        if kinds.is_null(times.type):
            return np.full(batch.num_rows, -1)
        if not (kinds.is_int64(times.type) or kinds.is_float64(times.type)):
            raise DataError(
                f"split_by_time needs times as numbers, and column {self.column!r} is of type {times.type}.",
                hint=f"Declare it under data: types: {{{self.column}: 'timestamp[s]'}}.",
                column=self.column,
            )
        values = to_numpy(times)
        order = np.array([list(splits).index(name) for name in names])
        found = order[np.searchsorted([self._bound(name) for name in names[1:]], values, side="right")]
        return np.where(to_numpy(times.is_null(nan_is_null=True)), -1, found)

    def _bound(self, split: str) -> int | float:
        start = self.starts[split]
        if not isinstance(start, str):
            return start
        try:
            time = datetime.fromisoformat(start)
        except ValueError as error:
            raise UsageError(
                f"split_by_time: the start of {split!r} is {start!r}; a number, or a date or time is expected.",
                hint="For example 2026-10-01, or 2026-10-01T06:00+02:00.",
            ) from error
        moment = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() / _UNITS[self.unit]
        return round(moment) if self.unit != "days" else moment
