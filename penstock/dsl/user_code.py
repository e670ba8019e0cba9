"""The one boundary around user code: loading its files, and turning what it raises into errors a person can read."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import linecache
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from penstock.dsl.source_loader import SourceLoader, from_source
from penstock.errors import PenstockError, UsageError, UserCodeError, did_you_mean
from penstock.storage.refusal import is_refusal

__all__ = ["USER_MODULE", "boundary", "format_frames", "function_of", "is_users", "load_module", "user_frames"]

USER_MODULE = "penstock_user_"
"""What the names of modules begin with that were loaded from the user's files."""

_PENSTOCK = str(Path(__file__).resolve().parent.parent)


def module_name(path: Path) -> str:
    """A module name that no other file has, however alike the files are called."""
    return f"{USER_MODULE}{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"


_LOADING = threading.RLock()


def load_module(path: str | Path) -> ModuleType:
    """Loads a Python file of the user's under a name of its own; modules beside it can be imported from it.

    Two files of one name never see each other, nor each other's helper modules: what was imported from the file's
    directory is taken out of ``sys.modules`` again, and lives on in the modules that use it.

    Raises:
        UsageError: There is no such file.
        UserCodeError: Importing it raised; the user's line comes first.
    """
    file = Path(path).resolve()
    if not file.is_file():
        near = [str(other.name) for other in file.parent.glob("*.py")] if file.parent.is_dir() else []
        raise UsageError(f"There is no module file {file}.", hint=did_you_mean(file.name, near), path=str(file))
    name = module_name(file)
    spec = importlib.util.spec_from_file_location(name, file, loader=SourceLoader(name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # What is on the path while a file is loaded is the interpreter's, so one file at a time: nodes begin in threads.
    with _LOADING, from_source(file.parent), _directory_on_path(file.parent), boundary(f"import of {file.name}"):
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


@contextlib.contextmanager
def _directory_on_path(directory: Path) -> Iterator[None]:
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(directory) and not name.startswith(USER_MODULE):
                del sys.modules[name]


def function_of(module: ModuleType, name: str) -> Callable[..., Any]:
    """The function of that name in a user's module; if it is not there, a `UsageError` names the file."""
    function = getattr(module, name, None)
    if not callable(function):
        defined = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UsageError(
            f"The module file has no function {name!r}.", hint=did_you_mean(name, defined), path=module.__file__
        )
    return function  # type: ignore[no-any-return]  # a module's members have no types


@contextlib.contextmanager
def boundary(what: str, **facts: Any) -> Iterator[None]:
    """Runs user code: what it raises becomes a `UserCodeError` whose frames are the user's own, first.

    Args:
        what: What is run, for the message: ``preprocessing_fn``.
        **facts: Known of the place: node, path.
    """
    try:
        yield
    except PenstockError:
        raise
    except Exception as error:  # whatever user code raises is told as one error
        if is_refusal(error):  # a full disk is no fault of the code that met it
            raise
        frames = user_frames(error)
        where = f"\n{format_frames(frames)}" if frames else ""
        raise UserCodeError(
            f"{what} raised {type(error).__name__}: {_first_lines(str(error))}{where}",
            function=what,
            frames=frames,
            cause=type(error).__name__,
            traceback="".join(traceback.format_exception(error)),
            **facts,
        ) from error


def user_frames(error: BaseException) -> list[dict[str, Any]]:
    """The frames of an exception that lie in the user's own files, innermost first.

    Installed packages, the standard library, generated code and Penstock itself are left out.
    """
    chain: BaseException | None = error
    frames: list[dict[str, Any]] = []
    while chain is not None and not frames:
        for frame in traceback.extract_tb(chain.__traceback__):
            path = frame.filename
            if is_users(path):
                frames.append({"path": path, "line": frame.lineno, "function": frame.name, "code": frame.line or ""})
        chain = chain.__cause__ or chain.__context__
    if isinstance(error, SyntaxError) and error.filename and is_users(error.filename):
        code = (linecache.getline(error.filename, error.lineno or 1) or "").strip()
        frames.append({"path": error.filename, "line": error.lineno, "function": "<module>", "code": code})
    return frames[::-1]


def is_users(path: str) -> bool:
    """Whether a frame of this file is one of the user's own, not of a library, of Python or of Penstock."""
    if not Path(path).is_absolute():  # <string>, or code that was compiled elsewhere
        return False
    if path.startswith(_PENSTOCK) or "site-packages" in path or "dist-packages" in path:
        return False
    if path.startswith(sys.base_prefix + "/lib"):
        return False
    return "__autograph_generated_file" not in path and "/_distutils" not in path


def format_frames(frames: list[dict[str, Any]], limit: int = 5) -> str:
    """Frames as text for a terminal, innermost first, at most ``limit`` of them."""
    lines = []
    for frame in frames[:limit]:
        lines.append(f"  {frame['path']}:{frame['line']} in {frame['function']}")
        if frame["code"]:
            lines.append(f"    {frame['code']}")
    if len(frames) > limit:
        lines.append(f"  ... and {len(frames) - limit} more")
    return "\n".join(lines)


def _first_lines(text: str, lines: int = 6, characters: int = 600) -> str:
    kept = "\n".join(text.strip().splitlines()[:lines])[:characters]
    return kept if kept == text.strip() else kept + " ..."
