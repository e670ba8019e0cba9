"""Cutting CSV files into blocks."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.data.csv import blocks
from penstock.data.csv.files import find, open_all
from penstock.data.ingest.files import open_unpacked
from penstock.errors import DataError


def cut(text: bytes, size: int, read: int = 7) -> list[tuple[bytes, int, bool]]:
    """The blocks of a text: bytes, number of the first line, whether its quotes are regular."""
    found, start, line = [], 0, 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_READ_BYTES", read)
        for end in blocks.cuts(io.BytesIO(text), "file.csv", 0, 1, size):
            found.append((text[start : end.offset], line, end.regular))
            start, line = end.offset, end.line
    assert b"".join(part for part, _, _ in found) == text
    return found


def parsed(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


@settings(max_examples=300)
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('a,"\n\r é'), max_size=6), min_size=1, max_size=3), min_size=1, max_size=12
    ),
    st.integers(1, 40),
    st.integers(1, 9),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_blocks_hold_whole_rows(rows: list[list[str]], size: int, read: int, end: str, quoting: int) -> None:
    """The blocks' rows, read one block after the other, are the rows of the whole, and their lines are counted."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    text = buffer.getvalue().encode()
    found = cut(text, size, read)
    assert [row for part, _, _ in found for row in parsed(part)] == parsed(text)
    assert all(regular for _, _, regular in found)
    assert all(len(part) >= size for part, _, _ in found[:-1])
    at = 0
    for part, line, _ in found:
        assert line == text[:at].count(b"\n") + 1
        at += len(part)


def test_small_blocks_are_really_cut() -> None:
    """Text without quotes is cut at the first line end after the size asked for."""
    assert [part for part, _, _ in cut(b"1,2\n3,4\n5,6\n", 5)] == [b"1,2\n3,4\n", b"5,6\n"]


def test_nothing_is_cut_after_a_stray_quote() -> None:
    """From the block with the first quote inside an unquoted field on, the rest is one block that says so."""
    text = b'1,"a"\n' * 5 + b'2,5" pipe\n' + b'3,"x\ny"\n' * 5
    *before, last = cut(text, 6, 5)
    assert before
    assert all(regular for _, _, regular in before)
    assert last[0].endswith(b'2,5" pipe\n' + b'3,"x\ny"\n' * 5)
    assert not last[2]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_quote_that_never_ends_is_named(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A quoted field that is still open at the end of the file is an error with the row it begins in."""
    path = tmp_path / "file.csv"
    path.write_bytes(pack(b'1,"a\nb"\n2,"c\n3,d\n'))
    with open_unpacked(path) as stream, pytest.raises(DataError, match="begins in row 3") as caught:
        list(blocks.cuts(stream, str(path), 0, 1, 100))
    assert (caught.value.row, caught.value.path) == (3, str(path))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 60), st.integers(0, 30))
def test_gzip_pieces_are_the_blocks_of_the_text(tmp_path: Path, size: int, rows: int) -> None:
    """A gzip file is one block, whose pieces are what the uncompressed file would be cut into."""
    text = b"h,i\n" + b'1,"a\nb"\n22,c\n' * rows + b"3,4\n"
    (tmp_path / "plain.csv").write_bytes(text)
    (tmp_path / "packed.csv").write_bytes(gzip.compress(text))
    plain, packed = open_all(find(str(tmp_path / "p*.csv")).paths)[::-1]
    assert packed.path.endswith("packed.csv")
    expected = [
        piece
        for shard in blocks.shards([plain], size)
        for block in shard.blocks
        for piece in blocks.pieces(block, size)
    ]
    [shard] = blocks.shards([packed], size)
    [block] = shard.blocks
    assert list(blocks.pieces(block, size)) == expected


def test_small_files_share_a_shard(tmp_path: Path) -> None:
    """Files are put together in order until a shard has its size; none is left out."""
    for number in range(10):
        (tmp_path / f"{number}.csv").write_text("a\n" + "12345678\n" * (number % 3 + 1))
    found = list(blocks.shards(open_all(find(str(tmp_path)).paths), 50))
    assert [shard.index for shard in found] == list(range(len(found)))
    assert 1 < len(found) < 10
    assert all(shard.size <= 50 for shard in found)
    names = [Path(block.path).name for shard in found for block in shard.blocks]
    assert names == [f"{number}.csv" for number in range(10)]
