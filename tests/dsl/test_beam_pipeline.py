"""Pipelines of a node on Beam's own small job server, which speaks the protocol that Flink and Spark are spoken to."""

from __future__ import annotations

import time
from pathlib import Path

import apache_beam as beam
import pytest

from penstock.dsl import Context
from penstock.dsl.user_code import load_module
from penstock.errors import DataError, UsageError

pytestmark = pytest.mark.component

PORTABLE = {"runner": "PortableRunner", "job_endpoint": "embed", "environment_type": "LOOPBACK"}
SEPARATE = {"direct_num_workers": 2, "direct_running_mode": "multi_processing"}


THREADS = {"direct_num_workers": 2, "direct_running_mode": "multi_threading"}


class Slow:
    """A value that takes long to pickle, as a large one does."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> dict[str, int]:
        time.sleep(0.05)
        return self.__dict__


def slowly(number: int) -> Slow:
    """Holds the number."""
    return Slow(number)


def fail(row: int) -> int:
    """Refuses a row."""
    raise DataError("Not this row.", hint="Another.", row=row)


@pytest.mark.parametrize("written", [{}, PORTABLE], ids=["in process", "job server"])
def test_errors_are_those_that_were_raised(tmp_path: Path, written: dict[str, str]) -> None:
    """Whoever runs the pipeline, its error is the one that code of ours raised, with hint and facts."""
    with pytest.raises(DataError) as caught, Context(temp_dir=tmp_path, beam_options=written).beam() as pipeline:
        _ = pipeline | beam.Create([7]) | beam.Map(fail)
    assert (caught.value.message, caught.value.hint, caught.value.row) == ("Not this row.", "Another.", 7)


def test_code_of_the_users_file_is_sent_along(tmp_path: Path) -> None:
    """Functions of a file of the user's, and of the modules beside it, run in processes that cannot import them."""
    (tmp_path / "beside.py").write_text("FACTOR = 3\ndef times(number):\n    return FACTOR * number\n")
    (tmp_path / "own.py").write_text(
        "import os\nfrom pathlib import Path\nfrom beside import times\n"
        "def leave(number, directory):\n"
        "    Path(directory, f'{times(number)}').write_text(str(os.getpid()))\n"
    )
    module = load_module(tmp_path / "own.py")
    left = tmp_path / "left"
    left.mkdir()
    with Context(temp_dir=tmp_path, beam_options=SEPARATE).beam() as pipeline:
        _ = pipeline | beam.Create([1, 2]) | beam.Map(module.leave, str(left))
    assert sorted(path.name for path in left.iterdir()) == ["3", "6"]


def test_an_element_that_is_slow_to_pickle_arrives_whole(tmp_path: Path) -> None:
    """Beam's threads send what they have each second, be an element half written: here they do not."""
    with Context(temp_dir=tmp_path, beam_options=THREADS).beam() as pipeline:
        slow = pipeline | beam.Create(range(40)) | beam.Map(slowly) | beam.Reshuffle()
        _ = slow | beam.Map(lambda one: (tmp_path / f"{one.number}.arrived").touch())
    assert len(list(tmp_path.glob("*.arrived"))) == 40


def test_a_jar_that_is_not_there_is_told_before_java_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option and the path are named; and without Java, that it is missing."""
    options = {"runner": "FlinkRunner", "flink_job_server_jar": "jars/flink.jar", "job_server_java_launcher": "true"}
    with pytest.raises(UsageError, match=r"no job server of FlinkRunner at .*jars/flink.jar"):
        Context(temp_dir=tmp_path, beam_options=options).beam()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="FlinkRunner needs Java"):
        Context(temp_dir=tmp_path, beam_options={"runner": "FlinkRunner"}).beam()
