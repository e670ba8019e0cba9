"""What a Beam pipeline raises, as what went wrong in it: Beam puts the step's name on errors, or hands over text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from penstock.dsl.user_code import format_frames, is_users
from penstock.errors import PenstockError, UserCodeError, carried

__all__ = ["told", "worker_error"]

_TRACEBACK = "Traceback (most recent call last):\n"
_FRAME = re.compile(
    r'^  File "(?P<path>.+)", line (?P<line>\d+), in (?P<function>.+)(?:\n    (?P<code>.+))?', re.MULTILINE
)
_RAISED = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<said>(?:.|\n(?!\n))*))?", re.MULTILINE)
_STEP = re.compile(r"\[while running '(?P<step>.+)'\]")


@contextmanager
def told() -> Iterator[None]:
    """Runs a pipeline: errors come out as they were raised, from this process or from a worker.

    Raises:
        PenstockError: What code of Penstock's raised; a `UserCodeError` if it was the user's, and was on a worker.
    """
    try:
        yield
    except PenstockError as error:
        raise _untagged(error) from error.__cause__
    except RuntimeError as error:
        found = worker_error(str(error))
        if found is None:
            raise
        raise found from error


def _untagged(error: PenstockError) -> PenstockError:
    """Beam raises a copy that has the step in its message, and neither hint nor facts; the first one is behind it."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, PenstockError) and not hasattr(inner, "_tagged_with_step"):
            return inner
        inner = inner.__cause__ or inner.__context__
    return error


def worker_error(text: str) -> PenstockError | None:
    """The error in the text that a job server gives; nothing if there is none of ours or of the user's code in it.

    >>> text = '''Error received from SDK harness for instruction 1: Traceback (most recent call last):
    ...   File "apache_beam/runners/common.py", line 1512, in apache_beam.runners.common.process
    ...   File "/project/features.py", line 7, in share
    ...     return cash / 0
    ... ZeroDivisionError: division by zero [while running 'Map(share)']
    ... '''
    >>> print(worker_error(text))
    share raised ZeroDivisionError: division by zero
      /project/features.py:7 in share
        return cash / 0
    """
    own = carried(text)
    if own is not None:
        return own
    for block in text.split(_TRACEBACK)[1:]:
        found = list(_FRAME.finditer(block))
        frames = [
            {"path": one["path"], "line": int(one["line"]), "function": one["function"], "code": one["code"] or ""}
            for one in reversed(found)
            if is_users(one["path"]) and "/lib/python3." not in one["path"]  # a worker's own lies elsewhere
        ]
        raised = _RAISED.search(block, found[-1].end()) if found else None
        if not frames or raised is None:
            continue
        step = _STEP.search(text)
        said = _STEP.sub("", raised["said"] or "").strip()
        return UserCodeError(
            f"{frames[0]['function']} raised {raised['kind']}: {said[:600]}\n{format_frames(frames)}",
            function=frames[0]["function"],
            frames=frames,
            cause=raised["kind"],
            step=step["step"] if step else None,
            traceback=f"{_TRACEBACK}{block}",
        )
    return None
