from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from penstock.storage.locations import file_system
from penstock.storage.manifest import MANIFEST, Manifest, manifest_of, read_manifest, write_manifest
from penstock.storage.transfer import put


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """A finished payload of three files, one of them empty, without its manifest."""
    directory = tmp_path / "root" / "toy" / "Node" / "1-abc" / "page"
    (directory / "deep" / "er").mkdir(parents=True)
    (directory / "index.html").write_text("hello")
    (directory / "deep" / "er" / "rows.txt").write_text("12345")
    (directory / "EMPTY").write_text("")
    return directory


def sealed(payload: Path) -> Manifest:
    """Its manifest."""
    sizes = {p.relative_to(payload).as_posix(): p.stat().st_size for p in payload.rglob("*") if p.is_file()}
    return manifest_of(payload, "the digest", sizes)


def test_a_manifest_names_every_file_with_its_size_and_digest(payload: Path) -> None:
    """As text and back it is the same."""
    manifest = sealed(payload)
    assert manifest.sizes == {"index.html": 5, "deep/er/rows.txt": 5, "EMPTY": 0}
    assert manifest.digests["deep/er/rows.txt"] == hashlib.sha256(b"12345").hexdigest()
    assert Manifest.from_text(manifest.to_text()) == manifest


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digest": "x", "files": {"a": 3}}', '{"files": {}}', "\0"])
def test_what_is_no_manifest_is_none(text: str) -> None:
    """Half a manifest, or one of another program, is not taken for one."""
    assert Manifest.from_text(text) is None


def test_a_payload_without_a_manifest_is_not_whole(payload: Path) -> None:
    """Until it is written, nothing is there; then all of it is, and no other file came with it."""
    assert read_manifest(payload) is None
    manifest = sealed(payload)
    write_manifest(payload, manifest)
    assert read_manifest(payload) == manifest
    assert read_manifest(f"file://{payload}") == manifest
    assert sorted(path.name for path in payload.iterdir()) == ["EMPTY", "deep", "index.html", MANIFEST]


@pytest.mark.parametrize("damage", ["gone", "short", "long"])
def test_a_payload_with_a_damaged_file_is_not_whole(payload: Path, damage: str) -> None:
    """A file that is missing, cut short or grown."""
    write_manifest(payload, sealed(payload))
    file = payload / "deep" / "er" / "rows.txt"
    if damage == "gone":
        file.unlink()
    else:
        file.write_text("" if damage == "short" else "123456")
    assert read_manifest(payload) is None


def test_a_remote_payload_is_whole_or_not_likewise(payload: Path) -> None:
    """Its manifest counts, and then every file's size."""
    uri = f"memory://test-manifest/{payload.parent.parent.parent.parent.parent.name}"
    assert read_manifest(uri) is None
    manifest = sealed(payload)
    put(payload, uri, manifest)
    assert read_manifest(uri) == manifest
    system, path = file_system(uri)
    system.pipe_file(f"{path}/index.html", b"hell")
    assert read_manifest(uri) is None
    system.pipe_file(f"{path}/index.html", b"HELLO")
    assert read_manifest(uri) == manifest
    system.rm_file(f"{path}/deep/er/rows.txt")
    assert read_manifest(uri) is None


def test_the_manifest_is_on_the_disk_after_the_files(payload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is synced before the manifest has its name, and every directory above that may be new after it."""
    import os

    synced: list[tuple[str, bool]] = []
    sync = os.fsync

    def watch(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((os.path.relpath(name, payload), (payload / MANIFEST).exists()))
        sync(descriptor)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("The name of an open file is only told on Linux.")
    monkeypatch.setattr(os, "fsync", watch)
    write_manifest(payload, sealed(payload))
    before = {name for name, there in synced if not there}
    after = {name for name, there in synced if there}
    assert before == {"EMPTY", "index.html", "deep/er/rows.txt", f".{MANIFEST}.tmp"}
    assert {".", "deep", "deep/er", "..", "../..", "../../.."} <= after
