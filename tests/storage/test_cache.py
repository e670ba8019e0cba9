from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from penstock.errors import StorageError
from penstock.storage.cache import PayloadCache
from penstock.storage.locations import file_system
from penstock.storage.locks import hold
from penstock.storage.manifest import manifest_of
from penstock.storage.transfer import fetch, put


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A published remote payload of one file."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "index.html").write_text("hello")
    place = f"memory://cache-{uuid.uuid4().hex}/page"
    put(made, place, manifest_of(made, "digest", {"index.html": 5}))
    return place


@pytest.fixture
def cache(tmp_path: Path) -> PayloadCache:
    """An empty cache."""
    return PayloadCache(tmp_path / "cache")


def test_a_payload_is_fetched_once(cache: PayloadCache, uri: str) -> None:
    """The second time the copy is taken, and nothing half done lies about."""
    place = cache.get(uri)
    assert (place / "index.html").read_text() == "hello"
    stamp = (place / "index.html").stat().st_ino
    assert cache.get(uri) == place
    assert (place / "index.html").stat().st_ino == stamp
    assert list((cache.base / "partial").iterdir()) == []


def test_a_copy_that_was_damaged_is_fetched_again(cache: PayloadCache, uri: str) -> None:
    """It is held against its manifest whenever it is asked for."""
    (cache.get(uri) / "index.html").unlink()
    assert (cache.get(uri) / "index.html").read_text() == "hello"


def test_changed_bytes_are_refused(cache: PayloadCache, uri: str) -> None:
    """Though name and size are right; nothing of it stays in the cache."""
    system, path = file_system(uri)
    system.pipe_file(f"{path}/index.html", b"jello")
    with pytest.raises(StorageError, match=r"index.html is not what its manifest says"):
        cache.get(uri)
    assert [path for path in cache.base.rglob("*") if path.is_file()] == []


def test_a_payload_without_a_manifest_is_refused(cache: PayloadCache, tmp_path: Path) -> None:
    """It was never finished."""
    with pytest.raises(StorageError, match="Reading a manifest failed"):
        cache.get("memory://cache-nowhere/page")
    with pytest.raises(StorageError, match="manifest is damaged"):
        fetch("memory://cache-nowhere/page", tmp_path, b"{}")


def test_two_at_once_keep_one_copy(cache: PayloadCache, uri: str) -> None:
    """Who comes second takes the first one's, whoever moved it there."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: cache.get(uri), range(16)))
    assert len(places) == 1
    assert len(list(cache.base.glob("payloads/*/*"))) == 1
    assert list((cache.base / "partial").iterdir()) == []


def test_sweeping_takes_what_is_dead_and_what_is_old(cache: PayloadCache, uri: str) -> None:
    """Fetches of dead processes and copies unused for a week go; a living fetch and a fresh copy stay."""
    dead, living = cache.base / "partial" / "dead", cache.base / "partial" / "living"
    for place in (dead, living):
        place.mkdir(parents=True)
    lock = hold(living)
    assert lock is not None
    copy = cache.get(uri)
    cache.sweep()
    assert (dead.exists(), living.exists(), copy.exists()) == (False, True, True)
    os.utime(copy, (0, time.time() - 8 * 24 * 3600))
    cache.sweep()
    assert not copy.exists()
    os.close(lock)
