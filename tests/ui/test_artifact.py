from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from penstock.metadata.records import StoredArtifact
from tests.ui.conftest import Journal, as_json, as_page, planned


def test_an_artifact_shows_what_it_is_and_holds(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """Type, digest, properties, files with sizes and a preview of its text are on the page and in the JSON."""
    path = f"/artifacts/{chain['Make'].id}"
    value = as_json(client, path)
    assert value["type"] == "HTML"
    assert value["digest"] == "d" * 64
    assert value["custom_properties"] == {"rows": 2}
    assert value["files"]["files"] == [{"name": "index.html", "size": 11}, {"name": "data/rows.txt", "size": 4}]
    assert value["previews"] == [{"name": "data/rows.txt", "text": "1\n2\n", "whole": True}]
    page = as_page(client, path)
    assert page.links["data/rows.txt"] == f"{path}/files/data%2Frows.txt"
    assert page.links["Make"] == "/runs/r1/nodes/Make"


def test_lineage_goes_both_ways(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """What it was made from, what read it, and what became of it are listed, the nearest first."""
    make, check, push = (chain[name].id for name in ("Make", "Check", "Push"))
    value = as_json(client, f"/artifacts/{make}")
    assert [(one["id"], one["steps"]) for one in value["became"]] == [(check, 1), (push, 2)]
    assert [(one["node"], one["name"]) for one in value["used_by"]] == [("Check", "page")]
    assert value["made_from"] == []
    assert value["maker"] == {"component": "Make", "run": "r1", "node": "Make", "name": "page"}
    value = as_json(client, f"/artifacts/{push}")
    assert [(one["id"], one["steps"]) for one in value["made_from"]] == [(check, 1), (make, 2)]
    assert value["became"] == value["used_by"] == []


def test_a_resolver_is_no_ancestor(client: TestClient, journal: Journal, chain: dict[str, StoredArtifact]) -> None:
    """What a resolver found after looking at an artifact was not made from that artifact."""
    run = journal.begin("r2", planned("Other"), planned("Latest", "Other"))
    other = journal.finish(journal.start(run, "Other"), {"a": "b"})
    journal.store.answer(run, "Latest", "Latest", "k", inputs={"than": [other.id]}, outputs={"page": [chain["Make"]]})
    assert as_json(client, f"/artifacts/{other.id}")["became"] == []
    assert as_json(client, f"/artifacts/{chain['Make'].id}")["made_from"] == []


def test_html_runs_in_a_sandbox_only(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """A page that a component wrote is shown in a frame that may run scripts, in an origin of its own, and no more."""
    path = f"/artifacts/{chain['Make'].id}"
    [frame] = as_page(client, path).tag("iframe")
    assert frame["sandbox"] == "allow-scripts"
    assert frame["src"] == f"{path}/preview/index.html"
    answer = client.get(str(frame["src"]))
    assert answer.text == "<b>bold</b>"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "frame-ancestors 'self'" in policy
    assert client.get(f"{path}/preview/data%2Frows.txt").status_code == 404


def test_downloads_are_never_shown_by_the_browser(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """Whatever a file holds, downloading it gives bytes to save."""
    answer = client.get(f"/artifacts/{chain['Make'].id}/download/index.html")
    assert answer.content == b"<b>bold</b>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_is_shown_as_text_or_not_at_all(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """The source of HTML is shown as text beside its frame; bytes are offered for download."""
    page = as_page(client, f"/artifacts/{chain['Make'].id}/files/index.html")
    assert "<b>bold</b>" in page.text
    assert len(page.tag("iframe")) == 1
    page = as_page(client, f"/artifacts/{chain['Push'].id}/files/model.bin")
    assert "This is no text" in page.text
    assert page.links["Download"] == f"/artifacts/{chain['Push'].id}/download/model.bin"


def test_a_payload_that_is_gone_or_elsewhere_is_said_to_be(client: TestClient, journal: Journal) -> None:
    """A deleted payload names the command that makes it anew; one in a bucket is not looked for here."""
    from penstock.metadata.records import NewArtifact

    run = journal.begin("r1", planned("Make"), planned("Other"))
    gone = journal.finish(journal.start(run, "Make"), {})
    [there] = journal.store.publish(
        journal.start(run, "Other"), outputs={"page": [NewArtifact("HTML", "gs://bucket/x")]}
    )["page"]
    assert "penstock run --no-cache=Make" in as_page(client, f"/artifacts/{gone.id}").text
    assert "not lie on this machine" in as_page(client, f"/artifacts/{there.id}").text


@pytest.mark.usefixtures("chain")
def test_an_unknown_artifact_is_not_found(client: TestClient) -> None:
    """An id that no artifact has is 404; one that is no number is no address at all."""
    assert "There is no artifact 999" in client.get("/artifacts/999").text
    assert client.get("/artifacts/999").status_code == client.get("/artifacts/x").status_code == 404


def test_a_payload_that_was_collected_says_so(
    client: TestClient, journal: Journal, chain: dict[str, StoredArtifact]
) -> None:
    """When, by which policy, and what makes it again; a pin with who asked for it and why."""
    made, pushed = chain["Make"], chain["Push"]
    journal.store.retention.pin(pushed.id, "<b>audit</b>", "ada")
    journal.store.retention.mark({made.id: "store gc --max-size 1GB", pushed.id: "store gc"}, 0)
    journal.store.retention.finish([made.id])
    text = client.get(f"/artifacts/{made.id}").text
    assert re.search(r"deleted on \d{4}-\d\d-\d\d by store gc --max-size 1GB. A run that needs it makes it again", text)
    assert as_json(client, f"/artifacts/{made.id}")["state"] == "DELETED"
    assert as_json(client, f"/artifacts/{pushed.id}")["pinned"] == "by ada: <b>audit</b>"
    assert "by ada: &lt;b&gt;audit&lt;/b&gt;" in client.get(f"/artifacts/{pushed.id}").text
