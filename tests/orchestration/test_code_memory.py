"""What parsing a file gave is known to the next process, and only for the same content and the same parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.orchestration.code_memory import CodeMemory, Source

SOURCE = Source({"f": "1"}, ("numpy", "numpy.linalg"), ("names.csv",))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "penstock" / "code"


def refuse() -> Source:
    """Stands for a parser that must not be asked."""
    raise AssertionError


def written(parser: bytes = b"parser") -> CodeMemory:
    """A memory that has seen one file."""
    memory = CodeMemory(parser)
    assert memory.get(b"import numpy", ("",), lambda: SOURCE) == SOURCE
    memory.save()
    return memory


def test_what_was_parsed_is_not_parsed_again() -> None:
    """In the same process and in the next."""
    memory = written()
    assert memory.get(b"import numpy", ("",), refuse) == SOURCE
    assert CodeMemory(b"parser").get(b"import numpy", ("",), refuse) == SOURCE


def test_other_content_other_facts_and_another_parser_are_parsed() -> None:
    """Nothing that could change the result is passed over."""
    written()
    memory = CodeMemory(b"parser")
    other = Source({"g": "2"})
    assert memory.get(b"import numpy ", ("",), lambda: other) == other
    assert memory.get(b"import numpy", ("root",), lambda: other) == other
    assert CodeMemory(b"newer").get(b"import numpy", ("",), lambda: other) == other


def test_what_others_wrote_meanwhile_is_kept() -> None:
    """Two processes that began together lose nothing of each other's."""
    one, two = CodeMemory(b"parser"), CodeMemory(b"parser")
    one.get(b"1", (), lambda: Source({"one": "1"}))
    two.get(b"2", (), lambda: Source({"two": "2"}))
    one.save()
    two.save()
    both = CodeMemory(b"parser")
    assert both.get(b"1", (), refuse).digests == {"one": "1"}
    assert both.get(b"2", (), refuse).digests == {"two": "2"}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"a": 1}', b'{"a": [1]}', b"\xff"])
def test_a_damaged_file_costs_time_only(cache: Path, damage: bytes) -> None:
    """It is as if nothing had been remembered, and mended by the next that writes."""
    written()
    (file,) = cache.iterdir()
    file.write_bytes(damage)
    assert written().get(b"import numpy", ("",), refuse) == SOURCE
    assert CodeMemory(b"parser").get(b"import numpy", ("",), refuse) == SOURCE


def test_where_nothing_can_be_written_it_still_works(cache: Path) -> None:
    """A file stands where the directory should be."""
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    written()
    assert cache.read_text() == "in the way"


def test_no_partial_file_stays(cache: Path) -> None:
    """After writing there is one file."""
    written()
    written(b"newer")
    assert [file.suffix for file in cache.iterdir()] == [".json", ".json"]
