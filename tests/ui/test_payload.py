from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penstock.errors import UsageError
from penstock.ui.web import payload
from tests.ui.conftest import Journal, planned


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A payload with a file, beside a file that is none of its own, and links to both."""
    directory = tmp_path / "payload"
    (directory / "sub").mkdir(parents=True)
    (directory / "sub" / "own.txt").write_text("own")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "payload-2").mkdir()
    (tmp_path / "payload-2" / "secret.txt").write_text("secret")
    (directory / "out.txt").symlink_to(tmp_path / "secret.txt")
    (directory / "up").symlink_to(tmp_path)
    (directory / "in.txt").symlink_to(directory / "sub" / "own.txt")
    return directory


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "sub/../../secret.txt",
        "../payload-2/secret.txt",
        "out.txt",
        "up/secret.txt",
        "/etc/passwd",
        "",
        ".",
        "sub",
        "missing",
        "own.txt\0",
        "sub/own.txt/x",
        "x" * 5000,
    ],
)
def test_no_name_leads_out_of_the_payload(directory: Path, name: str) -> None:
    """Parents, links to elsewhere, absolute paths, directories and names that are none are refused alike."""
    with pytest.raises(UsageError, match="has no file"):
        payload.file_in(str(directory), name)


def test_files_inside_are_found(directory: Path) -> None:
    """A file is found by its name, through a link that stays inside too, and by the payload's file: address."""
    for name in ("sub/own.txt", "in.txt"):
        assert payload.file_in(str(directory), name).read_text() == "own"
    assert payload.file_in(directory.as_uri(), "sub/own.txt").read_text() == "own"
    with pytest.raises(UsageError):
        payload.file_in("gs://bucket/x", "sub/own.txt")


@pytest.mark.parametrize("route", ["files", "download", "preview"])
@pytest.mark.parametrize(
    "name", ["../secret.html", "%2e%2e%2fsecret.html", "..%2Fsecret.html", "%2Fetc%2Fpasswd", "link.html", "%00"]
)
def test_no_address_reads_outside_of_a_payload(journal: Journal, client: TestClient, route: str, name: str) -> None:
    """However the way out is written in an address, the answer is 404 and holds nothing of the file."""
    run = journal.begin("r1", planned("Make"))
    made = journal.finish(journal.start(run, "Make"), {"index.html": "own"})
    secret = journal.root / "payloads" / "secret.html"
    secret.write_text("do not show this")
    Path(made.uri, "link.html").symlink_to(secret)
    answer = client.get(f"/artifacts/{made.id}/{route}/{name}")
    assert answer.status_code == 404
    assert "do not show" not in answer.text


def test_the_listing_is_bounded_and_leaves_the_manifest_out(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many files are listed, how many there are is counted, and the manifest is none of them."""
    (directory / "manifest.json").write_text("{}")
    monkeypatch.setattr(payload, "MOST_FILES", 1)
    listing = payload.listing(str(directory))
    assert [file.name for file in listing.files] == ["in.txt"]
    assert listing.count == 3  # links to directories are not followed


def test_text_is_told_from_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is shown up to a bound, also where that cuts through a character; bytes are not."""
    monkeypatch.setattr(payload, "MOST_TEXT", 8)
    for name, content in {"short": b"abc", "long": "1234567é9".encode(), "bytes": b"a\0b", "latin": b"caf\xe9"}.items():
        (tmp_path / name).write_bytes(content)
    previews = {name: payload.preview(str(tmp_path), name) for name in ("short", "long", "bytes", "latin")}
    assert previews["short"] == payload.Preview("short", "abc", whole=True)
    assert previews["long"] == payload.Preview("long", "1234567", whole=False)
    assert previews["bytes"] is None
    assert previews["latin"] is None
