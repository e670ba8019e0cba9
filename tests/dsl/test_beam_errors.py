from __future__ import annotations

import traceback

import pytest

from penstock.dsl.beam_errors import told, worker_error
from penstock.errors import DataError, UserCodeError

WORKER = """\
Pipeline job failed in state FAILED: java.lang.RuntimeException: Error received from SDK harness: {traceback}

\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient.handle(FnApiControlClient.java:180)
"""
USERS = """Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1512, in apache_beam.runners.common.DoFnRunner.process
  File "/usr/local/lib/python3.11/site-packages/apache_beam/transforms/core.py", line 2128, in <lambda>
    wrapper = lambda x: [fn(x)]
  File "/project/pipeline.py", line 30, in share
    return part(batch, 0)
           ^^^^^^^^^^^^^^
  File "/project/helper.py", line 7, in part
    return batch.num_rows / by
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/apache_beam/runners/worker/sdk_worker.py", line 310, in _execute
    response = task()
ZeroDivisionError: division by zero [while running 'Map(share)']
"""


def test_an_error_of_ours_comes_back_from_a_worker_whole() -> None:
    """Message, hint and facts of the error raised on the worker, not of the copy with the step's name on it."""
    error = DataError("No row is good.", hint="Bring others.", path="trips.csv", row=3)
    text = WORKER.format(traceback="".join(traceback.format_exception(error)))
    with pytest.raises(DataError, match="No row is good") as caught, told():
        raise RuntimeError(text)
    assert (caught.value.hint, caught.value.path, caught.value.row) == ("Bring others.", "trips.csv", 3)


def test_an_error_of_the_users_names_their_frames_innermost_first() -> None:
    """Frames of Beam, on whatever machine, are left out; the step, the kind and the whole traceback are kept."""
    error = worker_error(WORKER.format(traceback=USERS))
    assert isinstance(error, UserCodeError)
    assert str(error).splitlines() == [
        "part raised ZeroDivisionError: division by zero",
        "  /project/helper.py:7 in part",
        "    return batch.num_rows / by",
        "  /project/pipeline.py:30 in share",
        "    return part(batch, 0)",
    ]
    assert (error.cause, error.step, error.function) == ("ZeroDivisionError", "Map(share)", "part")
    assert "sdk_worker" not in error.traceback


def test_what_is_nobodys_stays_what_it_is() -> None:
    """An engine's own failure is not taken for one of the user's."""
    with pytest.raises(RuntimeError, match="No pooled slot available"), told():
        raise RuntimeError("JobExecutionException: No pooled slot available")
