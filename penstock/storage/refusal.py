"""When the operating system refuses: its error numbers in the terms of `penstock.errors`."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

from penstock.errors import StorageError

__all__ = ["is_refusal", "refusal_in", "storage_error"]

_FREE = "Free some space, then run again: what is done is reused."

_REFUSALS = {
    errno.ENOSPC: ("The disk is full.", _FREE),
    errno.EDQUOT: ("The disk quota is used up.", _FREE),
    errno.EFBIG: ("File too large for what this system allows.", "Raise the limit (ulimit -f). " + _FREE),
    errno.EROFS: ("The file system is read-only.", "Choose another pipeline_root."),
    errno.EACCES: ("Permission was denied.", "Choose another pipeline_root, or change the permissions."),
}


def is_refusal(error: BaseException) -> bool:
    """Whether an exception says that the disk is full or may not be written."""
    return isinstance(error, OSError) and error.errno in _REFUSALS


def storage_error(error: OSError) -> StorageError:
    """An operating system's refusal as a `StorageError` with its path and what to do."""
    path = error.filename if isinstance(error.filename, str) else None
    if error.errno not in _REFUSALS:
        return StorageError(f"{error.strerror or error}.", path=path)
    return _told(error.errno, path)


def refusal_in(text: str, path: str | None = None) -> StorageError | None:
    """The refusal that a message of another library speaks of, such as Arrow's or Beam's; nothing if there is none.

    Args:
        text: The message; it names an error number, as ``[Errno 28]``.
        path: What was written, for the message.
    """
    number = re.search(r"\[Errno (\d+)\]|errno:? (\d+)", text)
    if number is None or int(number[1] or number[2]) not in _REFUSALS:
        return None
    return _told(int(number[1] or number[2]), path)


def _told(number: int, path: str | None) -> StorageError:
    message, hint = _REFUSALS[number]
    if path and number == errno.ENOSPC:
        place = Path(path).absolute()
        while not place.exists():
            place = place.parent
        message += f" {shutil.disk_usage(place).free:,} bytes are free."
    return StorageError(message, hint=hint, path=path)
