"""What must hold of payloads: what the store calls LIVE lies where it says, whole, and with the content it names."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from penstock.errors import StorageError
from penstock.metadata.checks.invariants import Finding, Severity, found
from penstock.metadata.database import Transaction
from penstock.metadata.mlmd.nodes import ArtifactState
from penstock.storage.locations import file_system, is_remote, join, local_path, remote_errors
from penstock.storage.manifest import MANIFEST, Manifest, digests_of

__all__ = ["Payload", "faults", "findings", "payloads"]

_THREADS = 4
_ABSENT, _UNREACHABLE, _NO_MANIFEST, _INCOMPLETE, _OTHER_DIGEST, _CHANGED = range(6)


class Payload(NamedTuple):
    """What the store says of a LIVE artifact; without a digest it is another program's, and has no manifest."""

    artifact_id: int
    uri: str
    digest: str | None


class Fault(NamedTuple):
    """What is wrong with a payload, and where."""

    kind: int
    where: str
    foreign: bool


def payloads(transaction: Transaction) -> list[Payload]:
    """Every LIVE artifact that has a place."""
    rows = transaction.rows(
        "SELECT a.id, a.uri, c.digest FROM Artifact a LEFT JOIN penstock_content c ON c.artifact_id = a.id"
        " WHERE a.state = ? AND a.uri <> '' ORDER BY a.id",
        int(ArtifactState.LIVE),
    )
    return [Payload(*row) for row in rows]


def faults(wanted: list[Payload], *, digests: bool) -> Iterator[list[Fault]]:
    """The faults of each payload, one after another; with ``digests`` every file is read."""
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(lambda one: list(_faults(one, digests=digests)), wanted)


def _faults(payload: Payload, *, digests: bool) -> Iterator[Fault]:
    foreign = payload.digest is None
    where = f"artifact {payload.artifact_id}: {payload.uri}"
    try:
        sizes, text = _remote(payload.uri) if is_remote(payload.uri) else _local(local_path(payload.uri))
    except (OSError, StorageError):
        yield Fault(_UNREACHABLE, where, foreign)
        return
    if sizes is None:
        yield Fault(_ABSENT, where, foreign)
        return
    if foreign:
        return
    manifest = None if text is None else Manifest.from_text(text)
    if manifest is None:
        yield Fault(_NO_MANIFEST, where, foreign)
        return
    if manifest.digest != payload.digest:
        yield Fault(_OTHER_DIGEST, where, foreign)
    broken = [name for name, size in manifest.sizes.items() if sizes.get(name) != size]
    if broken:
        yield Fault(_INCOMPLETE, f"{where}/{broken[0]}", foreign)
    elif digests and not is_remote(payload.uri):
        read = digests_of(local_path(payload.uri), manifest.sizes)
        changed = [name for name, digest in manifest.digests.items() if read[name] != digest]
        if changed:
            yield Fault(_CHANGED, f"{where}/{changed[0]}", foreign)


def _local(path: Path) -> tuple[dict[str, int] | None, bytes | None]:
    """The sizes of a payload's files by name, and its manifest; nothing where it is gone."""
    if not path.exists():
        return None, None
    if not path.is_dir():
        return {}, None
    names = (file for file in path.rglob("*") if file.is_file())
    sizes = {file.relative_to(path).as_posix(): file.stat().st_size for file in names}
    return sizes, (path / MANIFEST).read_bytes() if MANIFEST in sizes else None


def _remote(uri: str) -> tuple[dict[str, int] | None, bytes | None]:
    with remote_errors(uri, "Looking at a payload"):
        system, path = file_system(uri)
        base = f"{path.rstrip('/')}/"
        sizes = {name.removeprefix(base): entry["size"] for name, entry in system.find(path, detail=True).items()}
        if not sizes:
            return None, None
        return sizes, system.cat_file(join(path, MANIFEST)) if MANIFEST in sizes else None


_GONE = "The next run that needs one makes it again. Or restore it from a copy."
_CHANGED_HINT = "Restore it from a copy, or make it again: penstock run --no-cache=NODE."
_TEXTS: dict[int, tuple[str, str, str]] = {
    _ABSENT: ("payload-is-there", "{n} LIVE artifacts whose payload is gone.", _GONE),
    _UNREACHABLE: ("payload-can-be-read", "{n} LIVE artifacts whose payload cannot be reached.", "Is it mounted?"),
    _NO_MANIFEST: ("payload-has-a-manifest", "{n} LIVE artifacts without a readable manifest.json.", _GONE),
    _INCOMPLETE: ("payload-is-whole", "{n} LIVE artifacts with a file missing or of another size.", _GONE),
    _OTHER_DIGEST: (
        "manifest-fits",
        "{n} LIVE artifacts whose manifest names another digest than the store.",
        _CHANGED_HINT,
    ),
    _CHANGED: ("payload-is-unchanged", "{n} LIVE artifacts with a file whose bytes have changed.", _CHANGED_HINT),
}


def findings(every: list[Fault]) -> list[Finding]:
    """What was found, those of other programs apart: Penstock does not answer for their payloads."""
    told: list[Finding] = []
    for kind, (name, text, hint) in _TEXTS.items():
        for foreign in (False, True):
            severity: Severity = "odd" if foreign else "broken"
            rows = [one.where for one in every if one.kind == kind and one.foreign is foreign]
            words = text.replace("artifacts", "artifacts of other programs") if foreign else text
            one = found(name, rows, words, severity=severity, hint="" if foreign else hint)
            told += [one] if one is not None else []
    return told
