"""A root with payloads that no pipeline had to make: runs, nodes and artifacts put in a store in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import artifact_type
from penstock.events import RunState
from penstock.metadata import Store
from penstock.metadata.executions import Attempt
from penstock.metadata.records import Lease, NewArtifact, RunRecord, StoredArtifact
from penstock.orchestration.workspace import Workspace
from penstock.storage.digests import typed_content
from penstock.storage.input_files import InputFile, data_files, digest_of
from tests.postgres import Server


def store_url(request: pytest.FixtureRequest, directory: Path) -> str:
    """Where a fixture with the parameters `tests.metadata.databases.BOTH` makes its store."""
    if request.param == "sqlite":
        return f"sqlite:///{directory}/.penstock/metadata.db"
    server: Server = request.getfixturevalue("postgres")
    return server.url(server.new_database())


@dataclass
class Payloads:
    """Writes payloads of 1,000 bytes into a root, as the launcher would; ``url`` is the store's, password and all."""

    store: Store
    workspace: Workspace
    url: str = ""
    last: dict[str, StoredArtifact] = field(default_factory=dict)

    def run(self, run_id: str, *nodes: Sequence[Any], state: RunState | None = RunState.COMPLETE, **facts: Any) -> None:
        """A run of nodes: each its name, type, and the names of the nodes that it reads."""
        self.store.begin_run(RunRecord(run_id, facts.pop("pipeline", "toy"), **facts))
        for name, kind, *reads in nodes:
            self.node(run_id, name, {"out": kind}, {one: one for one in reads})
        if state is not None:
            self.store.end_run(run_id, state)

    def node(
        self,
        run_id: str,
        name: str,
        outputs: Mapping[str, str],
        reads: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
        data: Path | None = None,
        custom: Mapping[str, Any] | None = None,
        fill: Callable[[Path], None] | None = None,
    ) -> StoredArtifact:
        """One execution that publishes an artifact for each output; ``reads`` are inputs by the node that made them."""
        key = key or f"{name}-{run_id}"
        inputs = {one: [self.last[node].id] for one, node in (reads or {}).items()}
        files: dict[str, list[InputFile]] = {} if data is None else {"path": data_files(str(data), None)}
        parts = {"data": {one: digest_of(several) for one, several in files.items()}, "inputs": {}, "parameters": {}}
        self.store.put_key(key, {"component": name, **parts})
        places = self.workspace.place("toy", name)
        attempt = Attempt(run_id, name, name, inputs, key=key, places=places.noted, files=files)
        lease = self.store.claim(attempt, alone=False)
        assert isinstance(lease, Lease)
        place = places(lease.execution_id)
        place.make()
        new = {}
        for output, kind in outputs.items():
            directory = place.directory / output
            directory.mkdir()
            if fill is None:
                (directory / "data").write_bytes(name.encode().ljust(1000))
            else:
                fill(directory)
            content = typed_content(artifact_type(kind)(str(directory)))
            uri = self.workspace.seal(place, output, content)
            made = NewArtifact(kind, uri, custom_properties=custom or {}, digest=content.digest, size=content.size)
            new[output] = [made]
        self.workspace.finish(place)
        stored = self.store.publish(lease, outputs=new, key=key)
        self.last[name] = next(iter(stored.values()))[0]
        return self.last[name]

    def reuse(self, run_id: str, name: str, key: str) -> None:
        """A node of a run takes what is under a key."""
        cached = self.store.find_cached(key)
        assert cached is not None
        assert self.store.reuse(run_id, name, name, key, cached) is not None

    def aged(self, days: float, *nodes: str) -> None:
        """As if the last artifacts of nodes had last been used so long ago."""
        with self.store.database.write() as transaction:
            at = transaction.now - round(days * 86_400_000)
            for name in nodes:
                transaction.execute(
                    "UPDATE Event SET milliseconds_since_epoch = ? WHERE artifact_id = ?", at, self.last[name].id
                )

    def state(self, name: str) -> tuple[str, bool]:
        """How the last artifact of a node stands, and whether its payload is there, whole."""
        found = self.store.artifact(self.last[name].id)
        return found.state, self.workspace.is_whole(found.uri)
