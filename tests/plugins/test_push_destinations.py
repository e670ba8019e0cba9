"""What every push destination does: the same tests for the directory and for the toy's. A new one is added below."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock import Model, Output, Pipeline, Pusher, component
from penstock.dsl import check
from penstock.errors import GraphError, UsageError
from penstock.storage.destinations import Directory, PushDestination, Pushed, check_address, destination_of


@component
def Make(model: Output[Model]) -> None: ...


@dataclass(frozen=True)
class Kind:
    """A kind of destination: how one is made in an empty directory, and how what was pushed is read and damaged."""

    address: Callable[[Path], str]
    read: Callable[[Pushed], dict[str, bytes]]
    damage: Callable[[Pushed], object]


def _files(directory: Path) -> dict[str, bytes]:
    return {one.relative_to(directory).as_posix(): one.read_bytes() for one in directory.rglob("*") if one.is_file()}


def _archived(pushed: Pushed) -> dict[str, bytes]:
    with tarfile.open(pushed.uri.removeprefix("toy://")) as archive:
        return {one.name: file.read() for one in archive if (file := archive.extractfile(one)) is not None}


KINDS = {
    "directory": Kind(
        str, lambda pushed: _files(Path(pushed.uri)), lambda pushed: Path(pushed.uri, "model.bin").unlink()
    ),
    "toy": Kind(
        lambda place: f"toy://{place}", _archived, lambda pushed: Path(pushed.uri.removeprefix("toy://")).write_text("")
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind in turn; the toy is installed."""
    request.getfixturevalue("toy")
    return KINDS[request.param]


@pytest.fixture
def address(kind: Kind, tmp_path: Path) -> str:
    """The address of a destination that is not there yet."""
    return kind.address(tmp_path / "far" / "away")


@pytest.fixture
def destination(address: str) -> PushDestination:
    """The destination of that address."""
    return destination_of(address)


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """A payload with a file in a directory of its own, and an empty one."""
    directory = tmp_path / "payload"
    (directory / "variables").mkdir(parents=True)
    (directory / "model.bin").write_bytes(b"\x00model")
    (directory / "variables/weights").write_bytes(b"weights")
    (directory / "empty").write_bytes(b"")
    return directory


def test_nothing_is_current_before_anything_was_pushed(destination: PushDestination, tmp_path: Path) -> None:
    """A destination that was never pushed to has no current version, and asking makes none."""
    assert destination.current() is None
    assert not (tmp_path / "far").exists()


def test_what_was_pushed_is_there_and_current(
    destination: PushDestination, address: str, payload: Path, kind: Kind
) -> None:
    """Every file arrives as it was; the version is the current one, also for whoever looks for the first time."""
    pushed = destination.push(payload)
    assert kind.read(pushed) == _files(payload)
    assert destination.current() == pushed
    assert destination_of(address).current() == pushed


def test_a_second_push_is_a_newer_version(destination: PushDestination, payload: Path, kind: Kind) -> None:
    """The newer one is current at once, within the same second too, and the earlier one is untouched."""
    first = destination.push(payload)
    (payload / "model.bin").write_bytes(b"newer")
    second = destination.push(payload)
    assert second.version != first.version
    assert destination.current() == second != first
    assert kind.read(second)["model.bin"] == b"newer"
    assert kind.read(first)["model.bin"] == b"\x00model"


def test_a_change_at_the_destination_is_seen(destination: PushDestination, payload: Path, kind: Kind) -> None:
    """What is current differs from what was pushed, as soon as a file of it was changed or is gone."""
    pushed = destination.push(payload)
    kind.damage(pushed)
    assert destination.current() != pushed


def test_a_push_that_fails_changes_nothing(destination: PushDestination, payload: Path, kind: Kind) -> None:
    """Where the payload cannot be read to its end, the version before stays current and whole; the next push works."""
    before = destination.push(payload)
    (payload / "zz-broken").symlink_to(payload / "nowhere")
    with pytest.raises(OSError, match=r"nowhere|zz-broken"):
        destination.push(payload)
    assert destination.current() == before
    (payload / "zz-broken").unlink()
    assert kind.read(destination.push(payload)) == _files(payload)


def test_what_was_pushed_can_be_kept(destination: PushDestination, payload: Path) -> None:
    """What `push` returns survives JSON: it is stored, and compared with what is current in a later run."""
    pushed = destination.push(payload)
    assert Pushed.from_json(json.loads(json.dumps(pushed.to_json()))) == pushed


def test_the_directory_is_the_one_for_paths(tmp_path: Path) -> None:
    """A path and a file:// address are directories."""
    for address in (str(tmp_path), f"file://{tmp_path}"):
        found = destination_of(address)
        assert isinstance(found, Directory)
        assert found.path == tmp_path


def test_a_directory_forgets_what_a_killed_push_left(tmp_path: Path, payload: Path) -> None:
    """What an earlier push had begun to copy when it was killed is cleared away by the next."""
    (tmp_path / "there/.pushing-1-1").mkdir(parents=True)
    Directory(tmp_path / "there").push(payload)
    assert len(list((tmp_path / "there").iterdir())) == 1


@pytest.mark.usefixtures("toy")
def test_an_unknown_scheme_is_told_before_anything_runs() -> None:
    """The address is refused when the graph is checked, with the nearest scheme that is known."""
    check_address("toy://anywhere")
    with pytest.raises(UsageError, match=r"known for tyo://\.\nDid you mean 'toy'"):
        check_address("tyo://anywhere")
    with Pipeline("p") as pipeline:
        Pusher(model=Make().outputs["model"], push_destination="tyo://anywhere")
    with pytest.raises(GraphError, match="Node Pusher: No push destination is known for tyo://") as caught:
        check(pipeline)
    assert caught.value.argument == "push_destination"
