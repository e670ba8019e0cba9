from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from penstock.events import RunState
from penstock.ui.web import runs
from tests.ui.conftest import Journal, as_json, as_page, dead_owner, planned


@pytest.mark.usefixtures("chain")
def test_a_run_is_listed_with_its_state_and_progress(client: TestClient) -> None:
    """The list says which pipeline each run is of, how it stands, how many nodes are done, and of which commit."""
    page = as_page(client, "/runs")
    assert page.links["r1"] == "/runs/r1"
    for words in ("complete", "toy", "3\n/3", "01234567"):
        assert words in page.text
    [run] = as_json(client, "/runs")["runs"]
    assert run["id"] == "r1"
    assert run["state"] == "complete"
    assert run["nodes"] == {"done": 3, "reused": 0, "failed": 0, "total": 3}
    assert run["seconds"] >= 0


def test_a_run_that_goes_on_counts_the_nodes_of_its_plan(client: TestClient, journal: Journal) -> None:
    """Of a running run the nodes that are still to come count too, and the page asks again after two seconds."""
    run = journal.begin("r1", planned("Make"), planned("Check", "Make"))
    journal.finish(journal.start(run, "Make"), {"a": "b"})
    [row] = as_json(client, "/runs")["runs"]
    assert row["state"] == "running"
    assert row["nodes"] == {"done": 1, "reused": 0, "failed": 0, "total": 2}
    assert as_page(client, "/runs").tag("main")[0]["data-refresh"] == "2"
    journal.end(run)
    assert as_page(client, "/runs").tag("main")[0]["data-refresh"] == "10"


@pytest.mark.usefixtures("chain")
def test_a_reused_run_says_so(client: TestClient, journal: Journal) -> None:
    """Nodes that took the results of an earlier run are counted as done and as reused."""
    run = journal.begin("r2", planned("Make"))
    journal.store.reuse(run, "Make", "Make", "key-Make", journal.cached("Make"), "unchanged since run r1")
    journal.end(run)
    first = as_json(client, "/runs")["runs"][0]
    assert first["id"] == "r2"
    assert first["nodes"] == {"done": 1, "reused": 1, "failed": 0, "total": 1}


def test_a_run_whose_process_is_gone_is_not_shown_as_running(client: TestClient, journal: Journal) -> None:
    """A run on record as running, of a process that has died, is lost; so is its running node."""
    run = journal.begin("r1", planned("Make"), planned("Check", "Make"), owner=dead_owner())
    journal.start(run, "Make")
    assert as_json(client, "/runs")["runs"][0]["state"] == "lost"
    page = as_json(client, "/runs/r1")
    assert [page["state"], *(node["state"] for node in page["nodes"])] == ["lost", "lost", "not run"]
    assert "is gone" in as_page(client, "/runs/r1").text


def test_runs_are_filtered_by_pipeline(client: TestClient, journal: Journal) -> None:
    """The address names the pipeline; the choice offers every pipeline there is."""
    for name in ("one", "two"):
        journal.begin(f"run-{name}", planned("Make"), pipeline=name)
    assert [run["id"] for run in as_json(client, "/runs?pipeline=two")["runs"]] == ["run-two"]
    page = as_page(client, "/runs?pipeline=two")
    assert [option["value"] for option in page.tag("option")] == ["", "one", "two"]
    assert [option["value"] for option in page.tag("option") if "selected" in option] == ["two"]
    assert "has no runs here" in as_page(client, "/runs?pipeline=three").text


def test_runs_come_in_pages(client: TestClient, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page links to the newer and to the older one and keeps the filter; together they show every run once."""
    monkeypatch.setattr(runs, "PAGE_SIZE", 2)
    for number in range(5):
        journal.begin(f"r{number}", pipeline="a b", started_ms=1000 + number)
        journal.end(f"r{number}", RunState.CANCELED)
    seen = []
    address = "/runs?pipeline=a+b"
    while address:
        seen += [run["id"] for run in as_json(client, address)["runs"]]
        links = as_page(client, address).links
        address = links.get("older →", "")
    assert seen == ["r4", "r3", "r2", "r1", "r0"]
    assert links["← newer"] == "/runs?pipeline=a+b&page=2"


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "99999999"])
@pytest.mark.usefixtures("journal")
def test_a_page_that_cannot_be_is_not_found(client: TestClient, page: str) -> None:
    """What is no number of a page is answered with 404 and a hint, not with an error of ours."""
    answer = client.get("/runs", params={"page": page})
    assert answer.status_code == 404
    assert "counted from 1" in answer.text


@pytest.mark.usefixtures("journal")
def test_an_empty_store_says_what_to_do(client: TestClient) -> None:
    """Before the first run the page names the command that starts one, and goes on looking."""
    page = as_page(client, "/runs")
    assert "penstock run" in page.text
    assert page.tag("main")[0]["data-refresh"] == "10"
    assert client.get("/").headers["location"] == "/runs"
