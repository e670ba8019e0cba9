from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penstock.errors import UserCodeError
from penstock.events import RunState
from penstock.gates import Verdict
from penstock.metadata.records import StoredArtifact
from penstock.metadata.transfer.importing import import_store
from tests.metadata.restoring import restored
from tests.ui.conftest import Journal, as_json, as_page, planned


@pytest.mark.usefixtures("chain")
def test_the_graph_links_to_each_node_with_a_name_that_can_be_spoken(client: TestClient) -> None:
    """A box of the graph is a link whose name is the node, its state and its time; edges are drawn for each input."""
    page = as_page(client, "/runs/r1")
    names = [name for name in page.links if re.fullmatch(r"\w+, complete, <?\d+\.\d s", name)]
    assert [name.partition(",")[0] for name in names] == ["Make", "Check", "Push"]
    assert page.links[names[0]] == "/runs/r1/nodes/Make"
    edges = [attributes for attributes in page.tag("path") if "edge" in str(attributes.get("class"))]
    assert [edge["class"] for edge in edges] == ["edge", "edge", "edge waits"]


def test_the_table_holds_what_the_json_holds(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """Nodes with their outputs and notes, verdicts and facts are on the page and in its JSON twin."""
    value = as_json(client, "/runs/r1")
    page = as_page(client, "/runs/r1")
    assert [node["id"] for node in value["nodes"]] == ["Make", "Check", "Push"]
    assert value["nodes"][0]["outputs"] == [{"output": "page", "id": chain["Make"].id, "type": "HTML"}]
    assert value["nodes"][2]["upstream"] == {"Check": True, "Make": False}
    assert [one["verdict"]["outcome"] for one in value["verdicts"]] == ["pass", "fail"]
    assert value["packages"] == {"numpy": "2.0"}
    for words in ("2 rows", "hour=4", "0.71", "≥ 0.8", "+ changes", "numpy 2.0"):
        assert words in page.text
    assert f"/artifacts/{chain['Push'].id}" in page.links.values()


@pytest.mark.usefixtures("chain")
def test_every_state_has_an_icon_and_a_word(client: TestClient, journal: Journal) -> None:
    """Complete, reused, blocking, failed, skipped and pending nodes each show their own icon beside their word."""
    run = journal.begin("r2", *(planned(name) for name in ("Make", "Gate", "Bad", "After", "Later", "Now")))
    journal.store.reuse(run, "Make", "Make", "key-Make", journal.cached("Make"), "unchanged since run r1")
    journal.finish(journal.start(run, "Gate"), {"a": "b"}, blocked=True)
    journal.fail(journal.start(run, "Bad"), UserCodeError("It broke.", hint="Mend it."))
    journal.store.skip(run, "After", "After", "Bad failed")
    journal.start(run, "Now")
    states = {node["id"]: node["state"] for node in as_json(client, "/runs/r2")["nodes"]}
    assert states == {
        "Make": "reused",
        "Gate": "blocks",
        "Bad": "failed",
        "After": "skipped",
        "Later": "pending",
        "Now": "running",
    }
    page = as_page(client, "/runs/r2")
    used = {str(use["href"]) for use in page.tag("use")}
    icons = {"#i-reused", "#i-blocked", "#i-failed", "#i-skipped", "#i-pending", "#i-running"}
    assert icons <= used
    assert used <= {f"#{symbol['id']}" for symbol in page.tag("symbol")}
    for words in [*states.values(), "It broke.", "Mend it.", "Bad failed"]:
        assert words in page.text


def test_a_running_run_is_asked_for_again_until_it_ends(client: TestClient, journal: Journal) -> None:
    """The page says how soon to ask again while the run goes on, and no longer when it has ended."""
    run = journal.begin("r1", planned("Make"))
    page = as_page(client, "/runs/r1")
    assert page.tag("main")[0]["data-refresh"] == "2"
    assert page.tag("progress")[0] == {"max": "1", "value": "0", "aria-label": "Nodes done"}
    journal.end(run, RunState.CANCELED)
    page = as_page(client, "/runs/r1")
    assert page.tag("main")[0]["data-refresh"] == ""
    assert "not run" in page.text


@pytest.mark.usefixtures("chain")
def test_an_unchanged_page_is_not_sent_again(client: TestClient) -> None:
    """A request that names the tag of the last answer is told that nothing changed; the JSON has a tag of its own."""
    first = client.get("/runs/r1")
    again = client.get("/runs/r1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/runs/r1", headers={"If-None-Match": first.headers["etag"], "Accept": "application/json"})
    assert other.status_code == 200
    assert {first.headers["vary"], other.headers["vary"]} == {"Accept"}


@pytest.mark.usefixtures("chain")
def test_latest_and_beginnings_of_ids_lead_to_the_run(client: TestClient) -> None:
    """`latest`, or enough of an id to tell it, redirects to the address of the run itself."""
    for short in ("latest", "r"):
        answer = client.get(f"/runs/{short}")
        assert (answer.status_code, answer.headers["location"]) == (307, "/runs/r1")


@pytest.mark.usefixtures("chain")
def test_an_unknown_run_is_not_found(client: TestClient) -> None:
    """A run that is not there is 404 with what was asked for, as a page and as JSON."""
    answer = client.get("/runs/nope")
    assert answer.status_code == 404
    assert "nope" in answer.text
    twin = client.get("/runs/nope", headers={"Accept": "application/json"})
    assert twin.status_code == 404
    assert twin.json()["title"] == "Not found"
    assert twin.json()["hint"]


def test_a_run_without_a_plan_is_a_table(client: TestClient, journal: Journal) -> None:
    """A run whose plan is not on record is shown with the nodes that the store knows."""
    run = journal.begin("r1")
    journal.finish(journal.start(run, "Make"), {"a": "b"})
    assert [node["id"] for node in as_json(client, "/runs/r1")["nodes"]] == ["Make"]
    assert "Make, complete" in " ".join(as_page(client, "/runs/r1").links)


def test_a_graph_too_large_to_see_is_a_table_only(client: TestClient, journal: Journal) -> None:
    """Above 300 nodes no graph is drawn, and the page says so."""
    journal.begin("r1", *(planned(f"n{number}") for number in range(301)))
    page = as_page(client, "/runs/r1")
    assert "too large to be drawn" in page.text
    assert not [svg for svg in page.tag("svg") if svg.get("class") == "dag"]
    assert page.links["n300"] == "/runs/r1/nodes/n300"


def test_a_run_of_tfx_is_shown_whole(client: TestClient, journal: Journal, tmp_path: Path) -> None:
    """An imported one has no plan: its graph is what its nodes read of each other, and every page of it opens."""
    tfx = restored("tfx_1_16.sql", tmp_path / "metadata.db")
    done = import_store(journal.store, tfx)
    run = f"/runs/{done.runs[1]}"
    nodes = {node["id"]: node for node in as_json(client, run)["nodes"]}
    assert (nodes["Transform"]["state"], nodes["Trainer"]["state"], len(nodes)) == ("reused", "complete", 9)
    assert nodes["Pusher"]["upstream"] == {"Trainer": True, "Evaluator": True}
    page = as_page(client, run)
    assert str(tfx) in page.text
    assert len([one for one in page.tag("path") if "edge" in str(one.get("class"))]) == 12
    assert "chicago_taxi_native_keras" in as_page(client, "/runs").text
    for node in nodes:
        assert node in as_page(client, f"{run}/nodes/{node}").text
    trainer = as_page(client, f"{run}/nodes/Trainer").text
    assert "num_steps" in trainer
    (pushed,) = journal.store.artifacts(type="PushedModel")
    assert "CsvExampleGen" in as_page(client, f"/artifacts/{pushed.id}").text


def test_what_holds_a_run_back_stands_before_the_nodes(client: TestClient, journal: Journal) -> None:
    """The gate, the check that failed and the slice it failed on are told above graph and table."""
    run = journal.begin("r1", planned("Gate"), planned("Push", "Gate"))
    verdicts = [
        Verdict("auc min", "pass", observed=0.9),
        Verdict("auc max_drop", "fail", subject="hour=4", message="0.62 is below 0.79."),
    ]
    journal.finish(journal.start(run, "Gate"), {"a": "b"}, verdicts=verdicts, blocked=True)
    journal.store.skip(run, "Push", "Push", "Gate blocks")
    journal.end(run, RunState.BLOCKED)
    text = as_page(client, "/runs/r1").text
    reason = text.index("Held back by")
    assert reason < text.index("Nodes", reason)
    assert reason < text.index("auc max_drop") < text.index("hour=4") < text.index("0.62 is below 0.79.")
    assert "auc min" not in text[reason : text.index("0.62 is below 0.79.")]
