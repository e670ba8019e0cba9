"""The page of one artifact: what it is, what it holds, where it comes from and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from penstock.errors import PenstockError
from penstock.metadata.records import Lineage, StoredArtifact, StoredExecution
from penstock.ui.web.payload import Listing, Preview, file_in, is_page, listing, preview
from penstock.ui.web.reader import StoreReader
from penstock.ui.web.text import url
from penstock.views import View, compare, view

if TYPE_CHECKING:
    from penstock.metadata.store import Store

__all__ = [
    "ArtifactPage",
    "DiffPage",
    "FilePage",
    "Relative",
    "Shown",
    "Use",
    "artifact_page",
    "diff_page",
    "file_page",
]

_MOST_RELATIVES = 100
_MOST_PREVIEWS = 3
_PREVIEWED = {"json", "md", "pbtxt", "txt", "value", "yaml"}
_SMALL = 32 * 1024
_LINKED = {"ExampleAnomalies": "anomalies", "ExampleStatistics": "statistics", "Schema": "schema"}
"""The related artifacts that a view leads to, by the name under which it knows them."""


@dataclass(frozen=True)
class Use:
    """An execution that read the artifact, or made it, and under which name."""

    component: str
    run: str | None
    node: str | None
    name: str


@dataclass(frozen=True)
class Relative:
    """Another artifact up or down the line; ``steps`` is how many executions lie between, ``maker`` made it."""

    id: int
    type: str
    steps: int
    maker: Use | None


@dataclass(frozen=True)
class Shown:
    """What an artifact looks like: the view's name and its JSON model; or why it cannot be shown."""

    name: str | None
    model: Any = None
    problem: str | None = None


@dataclass(frozen=True)
class ArtifactPage:
    """One artifact; ``earlier`` is the one of its type that the same node of the pipeline made before it."""

    id: int
    type: str
    state: str
    collected: str | None
    pinned: str | None
    name: str | None
    uri: str
    pipeline: str | None
    created_ms: int
    digest: str | None
    algorithm: str | None
    size: int | None
    properties: Mapping[str, Any]
    custom_properties: Mapping[str, Any]
    maker: Use | None
    used_by: tuple[Use, ...]
    made_from: tuple[Relative, ...]
    became: tuple[Relative, ...]
    files: Listing
    previews: tuple[Preview, ...]
    pages: tuple[str, ...]
    view: Shown | None
    earlier: int | None

    @property
    def title(self) -> str:
        """What it is called on pages."""
        return f"{self.type} {self.id}"


@dataclass(frozen=True)
class DiffPage:
    """Two artifacts side by side."""

    old: int
    new: int
    type: str
    view: Shown


@dataclass(frozen=True)
class FilePage:
    """One file of an artifact; ``page`` says whether it is HTML."""

    artifact: int
    type: str
    name: str
    size: int
    page: bool
    preview: Preview | None


def artifact_page(reader: StoreReader, artifact_id: int) -> tuple[ArtifactPage, View | None]:
    """The page of an artifact and its view, if its type has one; an id that none has is a `UsageError`."""
    store = reader.store()
    found = store.artifact(artifact_id)
    files = listing(found.uri)
    up, down = store.lineage(artifact_id, "up"), store.lineage(artifact_id, "down")
    made_from, became = _relatives(up, "up"), _relatives(down, "down")
    shown, drawn = None, None
    if not files.missing and not files.remote:
        try:
            drawn = view(found.load(), _links((*made_from, *became)))
            shown = None if drawn is None else Shown(drawn.name, drawn.model())
        except PenstockError as error:
            shown = Shown(None, problem=error.message)
    page = ArtifactPage(
        id=found.id,
        type=found.type,
        state=found.state,
        collected=found.collected.words if found.collected else None,
        pinned=f"by {found.pin.author}: {found.pin.reason}" if found.pin else None,
        name=found.name,
        uri=found.uri,
        pipeline=found.pipeline,
        created_ms=found.created_ms,
        digest=found.digest,
        algorithm=found.algorithm,
        size=found.size,
        properties=dict(found.properties),
        custom_properties=dict(found.custom_properties),
        maker=_maker(store.execution(found.execution_id), found) if found.execution_id is not None else None,
        used_by=_uses(down),
        made_from=made_from,
        became=became,
        files=files,
        previews=() if drawn is not None else _previews(found, files),
        pages=tuple(file.name for file in files.files if is_page(file.name))[:_MOST_PREVIEWS],
        view=shown,
        earlier=_earlier(store, found),
    )
    return page, drawn


def diff_page(reader: StoreReader, old_id: int, new_id: int) -> tuple[DiffPage, View]:
    """The page of two artifacts side by side; an id that none has, or two types, are a `UsageError`."""
    store = reader.store()
    old, new = store.artifact(old_id), store.artifact(new_id)
    drawn = compare(old.load(), new.load())
    return DiffPage(old.id, new.id, new.type, Shown(drawn.name, drawn.model())), drawn


def _links(relatives: Iterable[Relative]) -> dict[str, str]:
    """The addresses of the nearest relatives that a view may lead to."""
    links: dict[str, str] = {}
    for one in relatives:
        if one.type in _LINKED:
            links.setdefault(_LINKED[one.type], url("artifacts", one.id))
    return links


def _earlier(store: Store, artifact: StoredArtifact) -> int | None:
    if artifact.node_id is None:
        return None
    same = store.artifacts(type=artifact.type, node=artifact.node_id, limit=_MOST_RELATIVES)
    before = [
        one.id
        for one in same
        if one.id < artifact.id
        and one.state == "LIVE"
        and (one.pipeline, one.output) == (artifact.pipeline, artifact.output)
    ]
    return max(before, default=None)


def file_page(reader: StoreReader, artifact_id: int, name: str) -> FilePage:
    """The page of a file in an artifact's payload; one that is not there is a `UsageError`."""
    found = reader.store().artifact(artifact_id)
    size = file_in(found.uri, name).stat().st_size
    return FilePage(found.id, found.type, name, size, is_page(name), preview(found.uri, name))


def _maker(execution: StoredExecution, artifact: StoredArtifact) -> Use:
    return Use(execution.component, execution.run_id, execution.node_id, artifact.output or "")


def _uses(down: Lineage) -> tuple[Use, ...]:
    reads = [edge for edge in down.edges if edge.direction == "input" and edge.artifact_id == down.root]
    found = [(down.executions[edge.execution_id], edge.key) for edge in reads]
    found.sort(key=lambda pair: pair[0].id, reverse=True)
    return tuple(
        Use(execution.component, execution.run_id, execution.node_id, key) for execution, key in found[:_MOST_RELATIVES]
    )


def _relatives(lineage: Lineage, direction: Literal["up", "down"]) -> tuple[Relative, ...]:
    """The artifacts of a lineage, the nearest first."""
    near, far = ("output", "input") if direction == "up" else ("input", "output")
    executions_of: dict[int, list[int]] = {}
    artifacts_of: dict[int, list[int]] = {}
    for edge in lineage.edges:
        # A resolver puts out what another execution made, which is no line of descent.
        if edge.direction == "output" and lineage.artifacts[edge.artifact_id].execution_id != edge.execution_id:
            continue
        if edge.direction == near:
            executions_of.setdefault(edge.artifact_id, []).append(edge.execution_id)
        if edge.direction == far:
            artifacts_of.setdefault(edge.execution_id, []).append(edge.artifact_id)
    steps = {lineage.root: 0}
    queue = [lineage.root]
    for artifact_id in queue:
        for execution_id in executions_of.get(artifact_id, ()):
            for other in artifacts_of.get(execution_id, ()):
                if other not in steps:
                    steps[other] = steps[artifact_id] + 1
                    queue.append(other)
    relatives = []
    for artifact_id in queue[1 : _MOST_RELATIVES + 1]:
        artifact = lineage.artifacts[artifact_id]
        maker = Use("", artifact.run_id, artifact.node_id, artifact.output or "") if artifact.node_id else None
        relatives.append(Relative(artifact_id, artifact.type, steps[artifact_id], maker))
    return tuple(relatives)


def _previews(artifact: StoredArtifact, files: Listing) -> tuple[Preview, ...]:
    wanted = [
        file.name
        for file in files.files
        if file.name.rpartition(".")[2] in _PREVIEWED and 0 < file.size <= _SMALL and not is_page(file.name)
    ]
    found = (preview(artifact.uri, name) for name in wanted[:_MOST_PREVIEWS])
    return tuple(one for one in found if one is not None)
