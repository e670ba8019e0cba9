"""A pipeline's root as the launcher sees it: user code works on local paths, wherever the root is.

On a local root an attempt writes where its results will stay. On a remote one it writes on this machine, and what it
left is taken out when it has ended; inputs are brought in before. Either way the manifest is written last, nothing is
renamed in the root, and only the store's commit publishes.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import StorageError
from penstock.storage.cache import PayloadCache, cache_directory, log_place
from penstock.storage.digests import Content
from penstock.storage.locations import is_remote, join, local_path
from penstock.storage.locks import remove_if_left, remove_tree
from penstock.storage.manifest import MANIFEST, Manifest, manifest_of, read_manifest, write_manifest
from penstock.storage.refusal import storage_error
from penstock.storage.removal import delete_payload, lies_in

__all__ = ["Place", "Workspace"]


@dataclass(frozen=True)
class Place:
    """Where one attempt of a node writes; nobody else ever writes there.

    Attributes:
        uri: Where its payloads will lie, in the root.
        directory: Where they are written: the same place, if the root is on this machine.
        temporary: A directory that is gone when the attempt has ended, and that says by its lock whether it lives.
    """

    uri: str
    directory: Path
    temporary: Path

    def make(self) -> None:
        """Makes both directories."""
        self.temporary.mkdir(mode=0o700, parents=True)
        self.directory.mkdir(parents=True)


class Workspace:
    """A root, with a cache on this machine where it is remote.

    Args:
        root: A directory, or a URI that fsspec knows.
    """

    def __init__(self, root: str | Path) -> None:
        self.remote = is_remote(str(root))
        self.root = str(root) if self.remote else str(local_path(str(root)))
        self._cache_directory = cache_directory()
        self._cache = PayloadCache(self._cache_directory)

    def check(self) -> None:
        """Writes and removes a little, before anything is begun.

        Raises:
            StorageError: The root cannot be written.
        """
        try:
            _probe_remote(self.root) if self.remote else _probe(Path(self.root))
        except StorageError as error:
            raise StorageError(
                f"The pipeline root cannot be written: {error.message}",
                hint=error.hint or "Set profiles.local.pipeline_root to a directory that you may write to.",
                path=self.root,
            ) from error

    def place(self, pipeline: str, node: str) -> Places:
        """Where the next attempt of a node writes, once its execution has an id."""
        token = secrets.token_hex(6)
        base = self._cache_directory / "work" if self.remote else Path(tempfile.gettempdir())
        return Places(join(self.root, pipeline, node), token, base / f"penstock-{token}", remote=self.remote)

    def local(self, uri: str) -> str:
        """The directory in which a published payload can be read; a remote one is fetched if need be.

        Raises:
            StorageError: It is gone, or not whole.
        """
        return str(self._cache.get(uri)) if is_remote(uri) else str(local_path(uri))

    def is_whole(self, uri: str) -> bool:
        """Whether a published payload is still there, every file of it.

        Raises:
            StorageError: A remote root cannot be reached.
        """
        return read_manifest(uri) is not None

    def moved(self, uri: str) -> str | None:
        """Where a payload lies that is gone from its place because the whole root was moved; nothing if it did not.

        Its place in the root is unlike any other (`Places`), so what lies there is the payload.
        """
        if self.remote or is_remote(uri):
            return None
        before = local_path(uri)
        after = Path(self.root).joinpath(*before.parts[-4:])
        if after == before or before.exists() or not (after / MANIFEST).is_file():
            return None
        return str(after)

    def seal(self, place: Place, name: str, content: Content) -> str:
        """Makes an output whole: it is taken out to a remote root, and the manifest is written.

        Args:
            place: The attempt's.
            name: The output's directory in it.
            content: What it holds.

        Returns:
            The payload's URI, to be published.

        Raises:
            StorageError: The root refused.
        """
        directory = place.directory / name
        uri = join(place.uri, name)
        manifest = manifest_of(directory, content.digest, content.files)
        if self.remote:
            self._take_out(directory, uri, manifest)
        else:
            try:
                write_manifest(directory, manifest)
            except OSError as error:
                raise storage_error(error) from error
        return uri

    def _take_out(self, directory: Path, uri: str, manifest: Manifest) -> None:
        from penstock.storage.transfer import put

        put(directory, uri, manifest)
        self._cache.adopt(directory, manifest.to_text())

    def finish(self, place: Place) -> bool:
        """Removes what an attempt that published left besides; returns whether all of it is gone."""
        return remove_tree(place.temporary)

    def discard(self, place: Place, *, wait: float = 0.0) -> bool:
        """Removes what an attempt wrote that will never be published.

        Args:
            place: The attempt's.
            wait: How many seconds to wait for a process of it that is about to end.

        Returns:
            Whether all of it is gone; not if a process still works there.

        Raises:
            StorageError: A remote root refused.
        """
        if not self.remote and not is_remote(place.uri):
            return remove_if_left(place.temporary, local_path(place.uri), wait=wait)
        from penstock.storage.transfer import remove

        if not remove_if_left(place.temporary, wait=wait):
            return False
        remove(place.uri)
        return True

    def has(self, uri: str) -> bool:
        """Whether a location is where a payload of this root lies, whether or not one is there."""
        return lies_in(self.root, uri)

    def delete(self, uri: str) -> None:
        """Deletes a published payload of this root, and this machine's copy of a remote one; it may be gone already.

        Raises:
            StorageError: It lies elsewhere, a link is on the way to it, or the root refused.
        """
        if is_remote(uri):
            self._cache.drop(uri)
        delete_payload(self.root, uri)

    def sweep(self) -> None:
        """Removes what dead processes left in this machine's cache of a remote root."""
        if self.remote:
            self._cache.sweep()

    # Logs: written on this machine, kept in the root.

    def log(self, pipeline: str, run: str, node: str) -> Path:
        """The file that takes all output of a node while it runs."""
        return log_place(self.log_uri(pipeline, run, node))

    def log_uri(self, pipeline: str, run: str, node: str) -> str:
        """Where that file stays."""
        return join(self.root, pipeline, "runs", run, f"{node}.log")

    def keep_log(self, pipeline: str, run: str, node: str) -> None:
        """Takes a node's log out to a remote root, when the node has ended.

        Raises:
            StorageError: The root refused.
        """
        log = self.log(pipeline, run, node)
        if self.remote and log.exists():
            from penstock.storage.transfer import put_file

            put_file(log, self.log_uri(pipeline, run, node))


@dataclass(frozen=True)
class Places:
    """Makes an attempt's place from the id of its execution."""

    node: str
    token: str
    temporary: Path
    remote: bool

    def __call__(self, execution_id: int) -> Place:
        # The token keeps two stores that share a root from writing to one place.
        uri = join(self.node, f"{execution_id}-{self.token}")
        return Place(uri, self.temporary / "outputs" if self.remote else Path(uri), self.temporary)

    def noted(self, execution_id: int) -> tuple[str, str]:
        """As the store notes it: the URI and the temporary directory."""
        place = self(execution_id)
        return place.uri, str(place.temporary)


def _probe(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        # A file without a name: whenever this process is killed, nothing is left.
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        raise storage_error(error) from error


def _probe_remote(root: str) -> None:
    from penstock.storage.transfer import put_file, remove

    with tempfile.NamedTemporaryFile() as probe:
        uri = join(root, f".probe-{os.getpid()}-{secrets.token_hex(4)}")
        put_file(Path(probe.name), uri)
        remove(uri)
