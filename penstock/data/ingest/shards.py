"""What one worker reads and writes: shards, made of blocks of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

__all__ = ["SHARD_BYTES", "Block", "Shard", "by_split", "packed"]

SHARD_BYTES = 16 << 20
"""What a shard holds at least, unless it is the last."""


@dataclass(frozen=True)
class Block:
    """A part of a file that can be read on its own.

    Attributes:
        path: The file.
        start: Offset of its first byte, or index of its first row group.
        stop: Offset or index behind its last; None for all that a compressed file holds.
        row: Number of its first row in the file, from 1.
        size: Its bytes in the file, for progress and for sharing work.
        compression: Of the file, if it has one.
    """

    path: str
    start: int
    stop: int | None
    row: int
    size: int
    compression: str | None = None


@dataclass(frozen=True)
class Shard:
    """What is read by one worker and becomes one Parquet file a split: blocks of one format, in order."""

    index: int
    blocks: tuple[Any, ...]

    @property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)


def packed(blocks: Iterable[Any], shard_bytes: int = SHARD_BYTES) -> Iterator[Shard]:
    """Blocks as shards of about ``shard_bytes``; small ones share a shard, a larger one is a shard of its own."""
    waiting: list[Any] = []
    index = 0
    for block in blocks:
        if waiting and sum(item.size for item in waiting) + block.size > shard_bytes:
            yield Shard(index, tuple(waiting))
            index, waiting = index + 1, []
        waiting.append(block)
    if waiting:
        yield Shard(index, tuple(waiting))


def by_split(shards: Iterable[Shard], given: Mapping[str, str]) -> list[Shard]:
    """The shards, divided where files of two given splits meet in one."""
    if not given:
        return list(shards)
    parts = (tuple(blocks) for shard in shards for _, blocks in groupby(shard.blocks, lambda block: given[block.path]))
    return [Shard(index, blocks) for index, blocks in enumerate(parts)]
