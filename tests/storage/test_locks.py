from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from penstock.storage.locks import hold, remove_if_left, remove_tree

HOLDER = """
import sys
from pathlib import Path
from penstock.storage.locks import hold
print(hold(Path(sys.argv[1])) is not None, flush=True)
sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    """A process that works in a directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_directory_in_use_is_left_alone_until_its_process_dies(tmp_path: Path) -> None:
    """Neither it nor what its lock stands for is touched; after a kill both go."""
    work, other = tmp_path / "work", tmp_path / "other"
    work.mkdir()
    (other / "deep").mkdir(parents=True)
    with holder(work) as process:
        assert remove_if_left(work, other) is False
        assert other.is_dir()
        process.kill()
        process.wait()
    assert remove_if_left(work, other) is True
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    """As long as the caller has patience."""
    work = tmp_path / "work"
    work.mkdir()
    with holder(work) as process:
        began = time.monotonic()
        assert remove_if_left(work, wait=0.1) is False
        assert time.monotonic() - began < 5
        assert process.stdin is not None
        process.stdin.close()
        assert remove_if_left(work, wait=20) is True


def test_who_comes_too_late_is_told(tmp_path: Path) -> None:
    """A directory that was swept is not held, not even where another one has its name by then."""
    work = tmp_path / "work"
    assert hold(work) is None
    work.mkdir()
    held = hold(work)
    assert held is not None
    os.close(held)
    assert remove_if_left(work) is True
    assert hold(work) is None


def test_removing_what_is_gone_is_no_fault(tmp_path: Path) -> None:
    """The end is the same."""
    assert remove_tree(tmp_path / "nothing") is True
    assert remove_if_left(tmp_path / "nothing", tmp_path / "nor this") is True
