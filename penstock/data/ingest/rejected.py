"""Rows that are not usable: an error, or left out and reported, as the pipeline's policy says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from penstock.artifacts import Examples
from penstock.dsl import Context
from penstock.errors import DataError, UsageError

__all__ = ["REJECTED_FILE", "OnError", "Rejected", "Rejections", "report_rejected", "skip_limit"]

REJECTED_FILE = "rejected.jsonl"

OnError = Literal["fail", "skip"]


def skip_limit(on_error: OnError, max_skipped: int) -> int:
    """How many rows may be left out; a negative number is a `UsageError`."""
    if max_skipped < 0:
        raise UsageError(f"max_skipped is {max_skipped}; a number of rows from 0 is expected.")
    return max_skipped if on_error == "skip" else 0


@dataclass(frozen=True)
class Rejected:
    """A row that was left out: its file, its number there (line, row or record, from 1) and why."""

    path: str
    row: int
    reason: str
    column: str | None = None
    value: str | None = None


@dataclass
class Rejections:
    """Takes the rows of a shard that are not usable.

    Attributes:
        limit: How many there may be; none means that the first is an error.
    """

    limit: int
    rows: list[Rejected] = field(default_factory=list)

    def __call__(self, error: DataError) -> None:
        """Takes a row; raises its error if that is the policy, or if there are too many."""
        if not self.limit:
            raise error
        facts = error.facts
        self.rows.append(
            Rejected(
                str(facts.get("path", "")), facts.get("row", 0), error.message, facts.get("column"), facts.get("value")
            )
        )
        if len(self.rows) > self.limit:
            raise _too_many(self.limit, self.rows[0], error)


def report_rejected(examples: Examples, rows: Sequence[Rejected], limit: int, ctx: Context) -> str:
    """Writes the report into the artifact, says it as a warning, and gives what the note adds.

    Raises:
        DataError: There are more than may be left out.
    """
    if not rows:
        return ""
    if len(rows) > limit:
        first = rows[0]
        raise _too_many(limit, first, DataError(first.reason, path=first.path, row=first.row, column=first.column))
    with examples.path(REJECTED_FILE).open("w", encoding="utf-8") as stream:
        for row in rows:
            facts = {name: value for name, value in asdict(row).items() if value is not None}
            stream.write(json.dumps(facts, ensure_ascii=False) + "\n")
    examples.custom_properties["rejected_rows"] = len(rows)
    first = rows[0]
    ctx.warn(
        f"{len(rows):,} {'row was' if len(rows) == 1 else 'rows were'} left out: see {REJECTED_FILE} in the examples. "
        f"The first: {first.path}: {first.reason}"
    )
    return f", {len(rows):,} rejected"


def _too_many(limit: int, first: Rejected, error: DataError) -> DataError:
    return DataError(
        f"More than {limit:,} rows are not usable (max_skipped). The first: {first.reason}",
        hint="Correct the data, or raise max_skipped under data.",
        **{**error.facts, "path": first.path, "row": first.row},
    )
