"""Stores with a few runs in them, made through the store's own interface, and a client that asks for their pages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from penstock.errors import PenstockError
from penstock.events import NodeState, RunState
from penstock.gates import Verdict
from penstock.metadata.owners import process_owner
from penstock.metadata.records import CachedResult, Lease, MetricRecord, NewArtifact, RunRecord, StoredArtifact
from penstock.metadata.store import Store, open_store
from penstock.orchestration.plan import Plan, PlanNode, Source
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader

BASE = "http://localhost:8080"
JSON = {"Accept": "application/json"}


def planned(node: str, reads: str = "", waits_for: Sequence[str] = (), **parameters: Any) -> PlanNode:
    """A node of a plan that reads the output ``page`` of another, and makes a page itself."""
    inputs = {"page": Source(reads, "page")} if reads else {}
    return PlanNode(node, node, f"toy.py:{node}", "1", inputs, parameters, {}, {"page": "HTML"}, tuple(waits_for))


@dataclass
class Journal:
    """A store that is written as the launcher does, and the directory of its payloads."""

    root: Path
    store: Store
    count: int = field(default=0)

    @property
    def url(self) -> str:
        return self.store.url

    def begin(self, run: str, *nodes: PlanNode, pipeline: str = "toy", **facts: Any) -> str:
        """Begins a run of a pipeline of these nodes."""
        plan = Plan(pipeline, nodes).to_json() if nodes else None
        self.store.begin_run(RunRecord(run, pipeline, plan=plan, **{"owner": process_owner(), **facts}))
        return run

    def end(self, run: str, state: RunState = RunState.COMPLETE) -> None:
        self.store.end_run(run, state)

    def start(
        self, run: str, node: str, *, reads: Sequence[StoredArtifact] = (), log: str = "", **parameters: Any
    ) -> Lease:
        """Begins a node; its log file holds the text given."""
        file = self.root / "toy" / "runs" / run / "node.log"
        if log:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(log)
        return self.store.begin_execution(
            run,
            node,
            node,
            inputs={"page": [one.id for one in reads]},
            parameters=parameters,
            key=f"key-{node}",
            log=str(file) if log else None,
        )

    def finish(
        self,
        lease: Lease,
        files: Mapping[str, str | bytes],
        *,
        type: str = "HTML",
        verdicts: Sequence[Verdict] = (),
        metrics: Sequence[MetricRecord] = (),
        blocked: bool = False,
        note: str = "",
        **custom: Any,
    ) -> StoredArtifact:
        """Publishes a payload of these files and ends the node."""
        payload = self.payload(files)
        new = NewArtifact(type, str(payload), custom_properties=custom, digest="d" * 64, size=7)
        made = self.store.publish(
            lease,
            outputs={"page": [new]},
            key=f"key-{lease.node_id}",
            verdicts=verdicts,
            metrics=metrics,
            blocked=blocked,
            note=note,
        )
        return made["page"][0]

    def payload(self, files: Mapping[str, str | bytes]) -> Path:
        """A directory with these files."""
        self.count += 1
        directory = self.root / "payloads" / str(self.count)
        for name, content in files.items():
            file = directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return directory

    def fail(self, lease: Lease, error: PenstockError) -> None:
        self.store.fail(lease, NodeState.FAILED, error)

    def cached(self, node: str) -> CachedResult:
        found = self.store.find_cached(f"key-{node}")
        assert found is not None
        return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty store."""
    with open_store(f"sqlite:///{tmp_path}/store/metadata.db") as store:
        yield Journal(tmp_path, store)


@pytest.fixture
def reader(journal: Journal) -> Iterator[StoreReader]:
    """What reads that store for the pages."""
    reader = StoreReader(journal.url)
    yield reader
    reader.close()


@pytest.fixture
def client(reader: StoreReader) -> Iterator[TestClient]:
    """Asks for pages; an unexpected exception of the application fails the test."""
    with TestClient(create_app(reader), base_url=BASE, follow_redirects=False) as client:
        yield client


@pytest.fixture
def chain(journal: Journal) -> dict[str, StoredArtifact]:
    """A complete run ``r1`` of Make, Check (a gate with one failed check of two) and Push; its artifacts by node."""
    run = journal.begin(
        "r1",
        planned("Make", text="hello"),
        planned("Check", "Make", longest=3),
        planned("Push", "Check", waits_for=["Make"]),
        git_commit="0123456789abcdef",
        dirty=True,
        packages={"numpy": "2.0"},
    )
    made = journal.finish(
        journal.start(run, "Make", log="first line\nlast line\n", text="hello"),
        {"index.html": "<b>bold</b>", "data/rows.txt": "1\n2\n"},
        note="2 rows",
        rows=2,
    )
    verdicts = [
        Verdict("length", "pass", observed=2, bound=3, relation="<="),
        Verdict("depth", "fail", "hour=4", 0.71, 0.8, ">=", n=12),
    ]
    checked = journal.finish(
        journal.start(run, "Check", reads=[made], longest=3),
        {"value": "2"},
        verdicts=verdicts,
        metrics=[MetricRecord("auc", 0.75, 10)],
    )
    pushed = journal.finish(journal.start(run, "Push", reads=[checked]), {"model.bin": b"\0\1\2"}, type="PushedModel")
    journal.end(run)
    return {"Make": made, "Check": checked, "Push": pushed}


@dataclass
class Page:
    """What a test asks of a page: its text, its links, and the tags that it is made of."""

    text: str = ""
    links: dict[str, str] = field(default_factory=dict)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def tag(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._href: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.page.tags.append((tag, attributes))
        if tag == "a":
            self._href = attributes.get("href")
            if attributes.get("aria-label"):
                self.page.links[str(attributes["aria-label"])] = self._href or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if words:
            self.page.text += words + "\n"
            if self._href:
                self.page.links.setdefault(words, self._href)


def parsed(html: str) -> Page:
    """A page, taken apart as a browser does."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.page


def as_json(client: TestClient, path: str) -> Any:
    """The JSON twin of a page."""
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.text)


def as_page(client: TestClient, path: str) -> Page:
    """A page."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return parsed(answer.text)


def dead_owner() -> str:
    """The name of a process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        return process_owner(child.pid)
