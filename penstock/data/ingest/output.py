"""The files of an Examples artifact while they are made: directories, counts, final names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from penstock.artifacts import Examples
from penstock.data.ingest.job import Job, Report, part_path
from penstock.data.ingest.rejected import REJECTED_FILE, report_rejected
from penstock.data.spans import span_number
from penstock.dsl import Context
from penstock.errors import DataError, StorageError

__all__ = ["directories", "publish", "warn_of_empty"]


@contextmanager
def directories(examples: Examples, splits: Mapping[str, int]) -> Iterator[None]:
    """Makes the splits' directories; an error inside the ``with`` removes them and all that is in them.

    Raises:
        StorageError: They cannot be made.
    """
    try:
        for split in splits:
            examples.path(f"Split-{split}").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"Cannot write below {examples.uri}: {error.strerror}.",
            hint="Give a pipeline_root on a disk that this user may write to.",
            path=str(error.filename or examples.uri),
        ) from error
    try:
        yield
    except BaseException:
        for split in splits:
            shutil.rmtree(examples.path(f"Split-{split}"), ignore_errors=True)
        examples.path(REJECTED_FILE).unlink(missing_ok=True)
        raise


def publish(examples: Examples, job: Job, reports: Sequence[Report], path: str, columns: int, ctx: Context) -> None:
    """Gives the shards' files their final names, sets the artifact's properties, and notes what there is.

    Args:
        examples: The artifact.
        job: What the shards were told.
        reports: One for each shard, in order; there is a row in at least one of them.
        path: The first input file, for errors.
        columns: How many columns there are.
        ctx: The running node.

    Raises:
        DataError: A split has no rows, or more rows were rejected than may be.
    """
    splits = job.splits
    rejected = report_rejected(examples, [row for report in reports for row in report.rejected], job.limit, ctx)
    counts = {split: sum(report.rows[split] for report in reports) for split in splits}
    equal = f" in {', '.join(job.split_by)}" if job.split_by else ""
    for split, count in counts.items():
        if not count and job.times is not None:
            raise DataError(
                f"No row falls into {split!r}: by {job.times.column!r}, counted in {job.times.unit} since 1970, the "
                f"splits begin at {', '.join(f'{name}: {start}' for name, start in job.times.starts.items())}.",
                hint="Does the unit fit the column? Otherwise give other starts.",
                path=path,
                split=split,
            )
        if not count:
            raise DataError(
                f"The {sum(counts.values()):,} rows are too few for the splits: none of them falls into {split!r} "
                f"(weights {', '.join(f'{name}: {weight}' for name, weight in splits.items())}).",
                hint="Give more rows, fewer splits, or a larger weight. "
                + (f"This is a sample of {job.sample:.4g}: take a larger one. " if job.sample < 1 else "")
                + f"Rows that are equal{equal} fall into the same split.",
                path=path,
                split=split,
            )
    for split in splits:
        _number(examples, split, reports)
    examples.splits = list(splits)
    examples.properties.update(span=span_number(job.span), version=job.version or 0)
    if job.span is not None:
        examples.custom_properties["settings"] = _settings(job, ctx)
    sample = f", a sample of {job.sample:.4g}" if job.sample < 1 else ""
    ctx.note(f"{sum(counts.values()):,} rows, {columns} columns{_of_span(job)}{rejected}{sample}")


def _settings(job: Job, ctx: Context) -> str:
    """How the examples of a span were read: only what was read alike goes into one window."""
    read = {
        "node": ctx.node,
        "splits": dict(job.splits),
        "given": bool(job.given),
        "split_by": job.split_by,
        "split_by_time": asdict(job.times) if job.times is not None else None,
        "sample": job.sample,
        "types": {name: str(kind) for name, kind in job.declared.items()},
    }
    return json.dumps(read, sort_keys=True)


def _of_span(job: Job) -> str:
    if job.span is None:
        return ""
    return f", span {job.span}" + (f", version {job.version}" if job.version else "")


def _number(examples: Examples, split: str, reports: Sequence[Report]) -> None:
    """Names one split's files in the order of the data; those without rows go."""
    kept = []
    for report in reports:
        part = part_path(examples.uri, split, report.shard)
        if report.rows[split]:
            kept.append(part)
        else:
            part.unlink(missing_ok=True)
    for index, part in enumerate(kept):
        part.rename(part.with_name(f"data-{index:05d}-of-{len(kept):05d}.parquet"))


def warn_of_empty(ctx: Context, columns: Sequence[str]) -> None:
    """Names the columns that no row has a value for, if there are any."""
    if columns:
        names = ", ".join(columns[:10]) + (f" and {len(columns) - 10} more" if len(columns) > 10 else "")
        ctx.warn(
            f"No row has a value for {names}: {'this column is' if len(columns) == 1 else 'these columns are'} "
            "missing everywhere."
        )
