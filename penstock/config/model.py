"""The shared config as values: what a pipeline is (`Config`) and where it runs (`Profile`). Frozen, no behaviour."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Config", "DataConfig", "Origin", "Profile"]

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Origin:
    """Where a value was written: a place in a file (line and column from 1), or a ``--set`` option."""

    path: str | None = None
    line: int | None = None
    col: int | None = None
    option: str | None = None

    def facts(self) -> dict[str, Any]:
        """As facts for a `ConfigError`."""
        if self.option is not None:
            return {"path": self.option}
        return {"path": self.path, "line": self.line, "col": self.col}


@dataclass(frozen=True)
class DataConfig:
    """Section ``data``: what comes in.

    Attributes:
        path: A file, directory or pattern, or one for each split; absolute after loading, empty if the pipeline reads
            none.
        split_by_time: Which split a row is in by its time, if it is written.
        on_leak: ``fail`` or ``allow``, if it is written.
        span: The span that is read, if it is written: a number or a date.
        version: The version of the span that is read, if it is written.
        splits: Name of each split and its share of the rows, as ratios.
        types: Declared types of columns, where inference should not decide.
        format: ``csv``, ``parquet``, ``jsonl``, ``tfrecord``, ``sql`` or ``bigquery``, if it is written.
        url: The URL of the database that `query` is for; empty if files are read.
        query: What is asked of a database.
        version_query: What is asked of it to learn whether its data have changed.
        on_error: ``fail`` or ``skip``, if it is written.
        max_skipped: How many rows may be left out, if it is written.
        split_by: Columns whose values decide about a row's split.
        sample: The share of the rows that is kept, if it is written.
    """

    path: str | Mapping[str, str]
    splits: Mapping[str, int]
    types: Mapping[str, str]
    format: str | None = None
    on_error: str | None = None
    max_skipped: int | None = None
    split_by: Sequence[str] = ()
    sample: float | None = None
    split_by_time: Mapping[str, Any] | None = None
    on_leak: str | None = None
    span: int | str | None = None
    version: int | None = None
    url: str = ""
    query: str = ""
    version_query: str = ""


@dataclass(frozen=True)
class Profile:
    """One entry of ``profiles``: where the pipeline runs.

    Attributes:
        pipeline_root: Where payloads and logs go; absolute after loading.
        metadata: URL of the metadata store.
        beam: Beam's pipeline options by name, for every node.
        nodes: The options of single nodes, by their ids.
    """

    name: str
    runner: str
    pipeline_root: str
    metadata: str
    image: str | None = None
    beam: Mapping[str, Any] = field(default_factory=dict)
    jobs: int | None = None
    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """A loaded ``pipeline.yaml`` with its overrides. ``config["trainer"]`` is that section, empty if not written.

    Attributes:
        directory: The directory that relative paths start from.
        path: The file, if there is one.
        sections: Every section that belongs to a node, by name.
        origin: Where the value at a path of keys was written.
        read: Names of the sections that were asked for; one that nobody reads is a mistake.
    """

    name: str
    data: DataConfig
    profile: Profile
    sections: Mapping[str, Mapping[str, Any]]
    directory: Path
    path: Path | None = None
    origin: Callable[[KeyPath], Origin] = field(default=lambda _: Origin(), repr=False, compare=False)
    read: set[str] = field(default_factory=set, repr=False, compare=False)

    def __getitem__(self, section: str) -> dict[str, Any]:
        self.read.add(section)
        return copy.deepcopy(dict(self.sections.get(section, {})))
