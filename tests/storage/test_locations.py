from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from penstock.errors import StorageError
from penstock.storage.locations import file_system, is_remote, join, local_path, remote_errors


@pytest.mark.parametrize(
    ("uri", "remote"),
    [("/a/b", False), ("a b/c", False), ("file:///a/b", False), ("s3://bucket/a", True), ("memory://a", True)],
)
def test_a_location_is_on_this_machine_or_not(uri: str, remote: bool) -> None:
    """A path and a file URI are, anything else with a scheme is not."""
    assert is_remote(uri) is remote


def test_parts_are_joined_in_the_location_s_own_way() -> None:
    """Paths as paths, URIs with slashes, and a file URI becomes the path that it means."""
    assert join("/place", "taxi", "Trainer") == "/place/taxi/Trainer"
    assert join("gs://bucket/root/", "taxi") == "gs://bucket/root/taxi"
    assert join("file:///my%20root", "taxi") == "/my root/taxi"


def test_a_remote_location_has_no_path() -> None:
    """Whoever takes it for one is told."""
    assert local_path("file:///a%20b") == Path("/a b")
    with pytest.raises(StorageError, match="s3://bucket/a is not on this machine"):
        local_path("s3://bucket/a")


def test_an_unknown_scheme_is_refused_with_its_uri() -> None:
    """The message has the URI, and the fact to find it by."""
    with pytest.raises(StorageError, match="nowhere://x cannot be reached") as caught:
        file_system("nowhere://x")
    assert caught.value.facts["path"] == "nowhere://x"


def test_whatever_a_remote_file_system_raises_is_a_storage_error() -> None:
    """With what was being done; an error of ours passes as it is."""
    with pytest.raises(StorageError, match=r"Fetching failed: no route\."), remote_errors("s3://b", "Fetching"):
        raise RuntimeError("no route\nand more")
    ours = StorageError("full")
    with pytest.raises(StorageError) as caught, remote_errors("s3://b", "Fetching"):
        raise ours
    assert caught.value is ours


def test_local_work_loads_no_remote_file_system() -> None:
    """A run on a local root pays nothing for remote ones."""
    code = (
        "import sys, penstock.orchestration.launcher, penstock.orchestration.run, penstock.storage.transfer;"
        "print([name for name in ('fsspec', 's3fs') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
