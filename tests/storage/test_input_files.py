from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from penstock.storage import input_files
from penstock.storage.digests import file_digest
from penstock.storage.input_files import QUIET_SECONDS, FileFacts, data_digest


class Memory:
    """A memory in a dictionary that counts what it is asked to keep."""

    def __init__(self) -> None:
        self.kept: dict[FileFacts, str] = {}

    def recall_files(self, facts: Iterable[FileFacts]) -> dict[str, str]:
        return {one.path: self.kept[one] for one in facts if one in self.kept}

    def remember_files(self, digests: Mapping[FileFacts, str]) -> None:
        self.kept |= digests


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is ahead, so that files just written count as quiet."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + int(2 * QUIET_SECONDS * 1e9))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, in order."""
    done: list[Path] = []
    digest = file_digest

    def read(path: Path) -> str:
        done.append(path)
        return digest(path)

    monkeypatch.setattr(input_files, "file_digest", read)
    return done


def test_names_and_order_of_files_do_not_count(tmp_path: Path) -> None:
    """A directory, a pattern and a file of the same content have the same digest; hidden files are left out."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.csv").write_text("1")
    (tmp_path / "a/.hidden").write_text("x")
    (tmp_path / "b.csv").write_text("1")
    digests = {data_digest(str(tmp_path / name), None) for name in ("a", "a/*.csv", "b.csv")}
    assert len(digests) == 1
    (tmp_path / "a/two.csv").write_text("2")
    assert data_digest(str(tmp_path / "a"), None) not in digests


@pytest.mark.usefixtures("quiet")
def test_an_unchanged_file_is_read_once(tmp_path: Path, reads: list[Path]) -> None:
    """A digest that is remembered is taken from there; a touched file is read again and has the same digest."""
    file = tmp_path / "data.csv"
    file.write_text("one")
    memory = Memory()
    first = data_digest(str(file), memory)
    assert data_digest(str(file), memory) == first
    assert reads == [file]
    os.utime(file, (1, 1))
    assert data_digest(str(file), memory) == first
    assert reads == [file, file]


@pytest.mark.usefixtures("quiet")
def test_the_same_size_and_time_do_not_hide_a_change(tmp_path: Path) -> None:
    """Content of the same size under a restored modification time, in the same inode, is noticed."""
    file = tmp_path / "data.csv"
    file.write_text("one")
    before = file.stat()
    memory = Memory()
    first = data_digest(str(file), memory)
    time.sleep(0.02)
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert data_digest(str(file), memory) != first


@pytest.mark.usefixtures("quiet")
def test_another_file_under_the_name_is_read(tmp_path: Path, reads: list[Path]) -> None:
    """A file that was put in place of another by a rename is never taken for it."""
    file, other = tmp_path / "data.csv", tmp_path / "other.csv"
    file.write_text("one")
    other.write_text("two")
    memory = Memory()
    data_digest(str(file), memory)
    other.replace(file)
    assert data_digest(str(file), memory) == data_digest(str(file), None)
    assert len(reads) == 3


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    """What could change again within one tick of the file system's clock is read each time."""
    file = tmp_path / "data.csv"
    file.write_text("one")
    memory = Memory()
    data_digest(str(file), memory)
    assert not memory.kept


@pytest.mark.usefixtures("quiet")
def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts taken before reading must still hold after it."""
    file = tmp_path / "data.csv"
    file.write_text("one")
    digest = file_digest

    def read_and_change(path: Path) -> str:
        found = digest(path)
        path.write_text("three")
        return found

    monkeypatch.setattr(input_files, "file_digest", read_and_change)
    memory = Memory()
    data_digest(str(file), memory)
    assert not memory.kept


def test_an_object_is_known_by_its_version() -> None:
    """Of a remote file the content counts: other bytes give another digest, the same bytes again the same."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe_file("/in/data.csv", b"one")
    first = data_digest("memory://in/data.csv", None)
    system.pipe_file("/in/data.csv", b"two")
    assert data_digest("memory://in/data.csv", None) != first
    system.pipe_file("/in/data.csv", b"one")
    assert data_digest("memory://in", None) == first
