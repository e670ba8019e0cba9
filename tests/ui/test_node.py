from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from penstock.errors import UserCodeError
from penstock.metadata.records import StoredArtifact
from tests.ui.conftest import Journal, as_json, as_page, planned


def test_a_node_shows_what_it_read_was_told_and_made(client: TestClient, chain: dict[str, StoredArtifact]) -> None:
    """Inputs and where they come from, parameters, outputs, metrics and verdicts are on the page and in the JSON."""
    value = as_json(client, "/runs/r1/nodes/Check")
    assert value["inputs"] == [
        {
            "name": "page",
            "artifacts": [{"id": chain["Make"].id, "type": "HTML"}],
            "node": "Make",
            "output": "page",
            "type": None,
        }
    ]
    assert value["outputs"][0]["artifacts"] == [{"id": chain["Check"].id, "type": "HTML"}]
    assert value["parameters"] == [{"name": "longest", "value": 3, "node": None}]
    assert value["metrics"] == [{"name": "auc", "value": 0.75, "step": 10}]
    assert [one["verdict"]["check"] for one in value["verdicts"]] == ["length", "depth"]
    page = as_page(client, "/runs/r1/nodes/Check")
    assert page.links["Make"] == "/runs/r1/nodes/Make"
    for words in ("longest", "auc", "step 10", "0.75", "toy.py:Check"):
        assert words in page.text


def test_a_failed_node_shows_its_error_first(client: TestClient, journal: Journal) -> None:
    """The message, the hint and the place of an error come before everything else; the traceback can be opened."""
    run = journal.begin("r1", planned("Bad"))
    error = UserCodeError(
        "run_fn raised ValueError: no", hint="Look at line 3.", function="run_fn", traceback="Traceback: deep"
    )
    journal.fail(journal.start(run, "Bad", log="said before it died\n"), error)
    text = as_page(client, "/runs/r1/nodes/Bad").text
    assert text.index("run_fn raised ValueError: no") < text.index("Look at line 3.") < text.index("Inputs")
    assert "Traceback: deep" in text
    assert "said before it died" in text
    assert as_json(client, "/runs/r1/nodes/Bad")["node"]["error"]["kind"] == "UserCodeError"


@pytest.mark.usefixtures("chain")
def test_a_reused_node_names_the_run_that_did_the_work(client: TestClient, journal: Journal) -> None:
    """The page says why it was reused, links to the run whose results it took, and shows that run's log."""
    run = journal.begin("r2", planned("Make"))
    journal.store.reuse(run, "Make", "Make", "key-Make", journal.cached("Make"), "unchanged since run r1")
    page = as_page(client, "/runs/r2/nodes/Make")
    assert "unchanged since run r1" in page.text
    assert page.links["r1"] == "/runs/r1"
    assert "last line" in page.text
    assert client.get("/runs/r2/logs/Make").text == "first line\nlast line\n"


def test_a_node_that_is_still_to_come_shows_its_plan(client: TestClient, journal: Journal) -> None:
    """Before a node begins, its connections and parameters are known from the plan, and the page goes on looking."""
    journal.begin("r1", planned("Make"), planned("Check", "Make", longest=3))
    page = as_page(client, "/runs/r1/nodes/Check")
    assert page.tag("main")[0]["data-refresh"] == "2"
    for words in ("pending", "longest", "Make"):
        assert words in page.text


@pytest.mark.usefixtures("chain")
def test_the_log_can_be_downloaded(client: TestClient) -> None:
    """The whole log is text that a browser saves and doesn't show."""
    answer = client.get("/runs/r1/logs/Make")
    assert answer.text == "first line\nlast line\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.usefixtures("chain")
def test_a_node_without_a_log_says_so(client: TestClient, journal: Journal) -> None:
    """No log, and a log file that is gone, are told apart; neither can be downloaded."""
    assert "did not run" in as_page(client, "/runs/r1/nodes/Push").text
    assert client.get("/runs/r1/logs/Push").status_code == 404
    (journal.root / "toy/runs/r1/node.log").unlink()
    assert "no longer there" in as_page(client, "/runs/r1/nodes/Make").text
    assert client.get("/runs/r1/logs/Make").status_code == 404


@pytest.mark.usefixtures("chain")
def test_an_unknown_node_is_not_found(client: TestClient) -> None:
    """A mistyped node is 404, with the one that was meant."""
    answer = client.get("/runs/r1/nodes/Chek")
    assert answer.status_code == 404
    assert "Check" in answer.text
