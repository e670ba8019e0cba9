"""The input files that a path means, by format; which compression a file has; what may be wrong with either."""

from __future__ import annotations

import glob
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from penstock.errors import DataError, did_you_mean

__all__ = ["Found", "Wanted", "compression", "damaged", "find", "joined", "open_unpacked", "refuse_other"]

_READ_BYTES = 1 << 20
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OTHER = {
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"SQLite": "an SQLite database",
    **{magic: f"compressed by {name}" for magic, name in _COMPRESSED.items()},
}


@dataclass(frozen=True)
class Wanted:
    """What a reader takes from a directory.

    Attributes:
        format: The format's name in messages: ``CSV``.
        names: A pattern for the names of its files, in lower case.
        shown: The same as people write it: ``*.csv or *.csv.gz``.
        compressions: Which of ``gzip`` and ``zstd`` it reads.
        magics: Beginnings of a file that other formats have and this one, too.
    """

    format: str
    names: str
    shown: str
    compressions: Sequence[str] = ()
    magics: Sequence[bytes] = field(default=())


class Found(NamedTuple):
    """The files of an input.

    Attributes:
        paths: All of them; those of one path in the order of their names.
        splits: The split of each by its path, if the input has a path for each split.
    """

    paths: list[Path]
    splits: dict[str, str]


def find(input_base: str | Mapping[str, str], wanted: Wanted) -> Found:
    """The files of a path: the file itself, those of a directory that the reader takes, or what a pattern matches.

    Args:
        input_base: The path, or one for each split.
        wanted: What the reader takes.

    Raises:
        DataError: There are none; offers near names. A file is in two splits.
    """
    if isinstance(input_base, str):
        return Found(_find(input_base, wanted), {})
    splits: dict[str, str] = {}
    for split, base in input_base.items():
        for path in map(str, _find(base, wanted)):
            if path in splits:
                raise DataError(
                    f"The splits {splits[path]!r} and {split!r} both read this file.",
                    hint="Correct the paths, so that each file is in one split.",
                    path=path,
                )
            splits[path] = split
    return Found(list(map(Path, splits)), splits)


def _find(input_base: str, wanted: Wanted) -> list[Path]:
    base = Path(input_base)
    if base.is_file():
        return [base]
    if base.is_dir():
        found = [path for path in base.iterdir() if re.search(wanted.names, path.name.lower()) and _visible(path)]
        if not found:
            raise _no_files(base, wanted)
    elif base.exists():
        raise DataError(
            "This is neither a file nor a directory.", path=input_base, hint=f"Give a {wanted.format} file."
        )
    elif glob.has_magic(input_base):
        found = [path for path in map(Path, glob.glob(input_base, recursive=True)) if path.is_file()]
        if not found:
            raise _missing(Path(input_base), "No file matches this pattern.")
    else:
        raise _missing(base, "There is no such file or directory.")
    return sorted(found)


def compression(path: str | Path) -> str | None:
    """``gzip`` or ``zstd`` as a file's first bytes tell, None for any other file."""
    return _of(_beginning(path), _COMPRESSED)


def open_unpacked(path: str | Path, start: int = 0) -> IO[bytes]:
    """Opens a file for reading from an offset of its uncompressed text on; an error without ``errno`` is its damage."""
    packing = compression(path)
    if packing is None:
        plain = Path(path).open("rb")  # noqa: SIM115 - whoever asked for it closes it
        plain.seek(start)
        return plain
    import pyarrow as pa

    packed: Any = pa.input_stream(str(path), compression=packing, buffer_size=_READ_BYTES)
    stream = io.BufferedReader(packed, _READ_BYTES)
    while start > 0 and (skipped := stream.read(min(start, _READ_BYTES))):
        start -= len(skipped)
    return stream


def damaged(path: str | Path, error: OSError) -> DataError:
    """The error for a compressed file that cannot be unpacked."""
    return DataError(
        f"This {compression(path)} file is damaged: {error}.", path=str(path), hint="Copy it again, whole."
    )


def refuse_other(path: str | Path, wanted: Wanted) -> None:
    """Raises a `DataError` for a file that is empty, unreadable, or begins as one of another format does."""
    beginning = _beginning(path)
    if not beginning:
        raise DataError(
            "The file is empty.", path=str(path), hint=f"A {wanted.format} file with at least one row is expected."
        )
    other = _of(beginning, _OTHER)
    if other and not any(beginning.startswith(magic) for magic in wanted.magics):
        if _of(beginning, _COMPRESSED) in wanted.compressions:
            return
        raise DataError(f"This is no {wanted.format}, but {other}.", path=str(path), hint=f"Expected: {wanted.shown}.")


def _beginning(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(8)
    except OSError as error:
        raise DataError(
            f"The file cannot be read: {error.strerror or error}.", path=str(path), hint="Check its permissions."
        ) from error


def _of(beginning: bytes, known: Mapping[bytes, str]) -> str | None:
    return next((name for magic, name in known.items() if beginning.startswith(magic)), None)


def _missing(base: Path, message: str) -> DataError:
    exists = base.parent
    missing = base.name
    while not exists.is_dir() and exists != exists.parent and not glob.has_magic(exists.name):
        missing, exists = exists.name, exists.parent
    names = [path.name for path in exists.iterdir()] if exists.is_dir() else []
    near = did_you_mean(missing, [name for name in names if not name.startswith(".")])
    if near.startswith("Expected"):
        near = "In it: " + near.removeprefix("Expected one of: ")
    hint = f"Looked in {exists.resolve()}. {near}".rstrip()
    return DataError(message, path=str(base), hint=hint)


def _no_files(base: Path, wanted: Wanted) -> DataError:
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in base.iterdir() if _visible(path))
    found = f"It holds {joined(names[:10])}{' ...' if len(names) > 10 else ''}." if names else "It is empty."
    example = wanted.shown.partition(" ")[0]
    return DataError(
        f"The directory has no {wanted.shown} files.",
        path=str(base),
        hint=f"{found} A pattern such as {base}/**/{example} finds files in directories below.",
    )


def _visible(path: Path) -> bool:
    return not path.name.startswith((".", "_"))


def joined(names: Sequence[str]) -> str:
    """Names as a sentence has them: ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
