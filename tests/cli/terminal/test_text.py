from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.terminal.text import bounded, duration, safe, short_path, shorten, tail


@given(st.text(), st.integers(3, 80))
def test_a_shortened_text_is_one_line_of_that_width(text: str, width: int) -> None:
    """Whatever the text, the result is at most so wide and holds no line end or control character."""
    line = shorten(text, width)
    assert len(line) <= width
    assert len(line.splitlines()) <= 1


@given(st.text())
def test_safe_text_drives_no_terminal(text: str) -> None:
    """Escape, bell, carriage return and the like never remain; what is harmless does."""
    kept = safe(text)
    assert not any((ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160 for char in kept)
    assert safe(kept) == kept


@given(st.lists(st.text("abc", max_size=5), max_size=40), st.integers(1, 10))
def test_bounded_text_keeps_its_beginning(lines: list[str], most: int) -> None:
    """At most so many lines and one that counts the rest, and what is kept is the beginning."""
    text = "\n".join(lines).strip("\n")
    kept = bounded(text, lines=most).splitlines()
    assert len(kept) <= most + 1
    assert kept[:most] == text.splitlines()[:most]


@pytest.mark.parametrize(("lines", "expected"), [(0, []), (1, ["c"]), (2, ["b", "c"]), (9, ["a", "b", "c"])])
def test_the_tail_of_a_file(tmp_path: Path, lines: int, expected: list[str]) -> None:
    """The last lines, all of them if there are fewer; none of a file that is not there."""
    (tmp_path / "log").write_text("a\nb\nc\n")
    assert tail(tmp_path / "log", lines) == expected
    assert tail(tmp_path / "nothing", lines) == []


def test_the_tail_of_a_large_file_is_read_from_its_end(tmp_path: Path) -> None:
    """Lines that cross the blocks it is read in are whole."""
    lines = [f"{number} " + "é" * 1000 for number in range(500)]
    (tmp_path / "log").write_text("\n".join(lines))
    assert tail(tmp_path / "log", 120) == lines[-120:]


def test_paths_are_short_where_they_are_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the working directory a path is relative; far away, or a URL, it is as it is."""
    monkeypatch.chdir(tmp_path)
    assert short_path(tmp_path / "a" / "b") == "a/b"
    assert short_path("/usr/lib") == "/usr/lib"
    assert short_path("gs://bucket/a") == "gs://bucket/a"


def test_a_duration_never_says_sixty_seconds() -> None:
    """Just below a minute it is still seconds, at a minute it is minutes."""
    assert duration(59.94) == "59.9 s"
    assert duration(59.99) == "1 min 00 s"
