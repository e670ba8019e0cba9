from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import UsageError
from penstock.ui.web import log_file
from penstock.ui.web.log_file import log_tail


def test_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    """Of a log of 3 MB the last 500 lines are shown, each of them whole."""
    file = tmp_path / "a.log"
    file.write_text("".join(f"line {number:06d} {'x' * 20}\n" for number in range(90_000)))
    tail = log_tail(str(file))
    assert len(tail.lines) == log_file.LINES
    assert tail.lines[0] == f"line 089500 {'x' * 20}"
    assert tail.lines[-1] == f"line 089999 {'x' * 20}"
    assert not tail.whole
    assert tail.size == file.stat().st_size


def test_a_short_log_is_whole(tmp_path: Path) -> None:
    """A short log is shown from its first line, and an empty one has no lines."""
    file = tmp_path / "a.log"
    file.write_text("one\ntwo\n")
    assert log_tail(str(file)).lines == ("one", "two")
    assert log_tail(str(file)).whole
    file.write_text("")
    assert log_tail(str(file)).lines == ()


def test_one_endless_line_is_cut(tmp_path: Path) -> None:
    """A line without an end is cut, so that a page stays small."""
    file = tmp_path / "a.log"
    file.write_text("start\n" + "x" * 200_000)
    tail = log_tail(str(file))
    assert tail.lines[0] == "start"
    assert len(tail.lines[1]) < 3000


def test_what_only_terminals_understand_is_left_out(tmp_path: Path) -> None:
    """Colours go, of a progress bar its last state stays, and bytes that are no text are replaced."""
    file = tmp_path / "a.log"
    file.write_bytes(b"\x1b[31mred\x1b[0m\n 10%\r 50%\r100%\nbad \xff byte\n")
    assert log_tail(str(file)).lines == ("red", "100%", "bad \N{REPLACEMENT CHARACTER} byte")


def test_only_logs_are_read(tmp_path: Path) -> None:
    """A store that names another file as a log does not get it shown."""
    other = tmp_path / "passwords.txt"
    other.write_text("secret")
    assert log_tail(str(other)).missing
    with pytest.raises(UsageError, match="no longer there"):
        log_file.log_file(str(other))
