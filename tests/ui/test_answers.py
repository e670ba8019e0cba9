from __future__ import annotations

import json

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from penstock.gates import Verdict
from penstock.ui.web import app
from penstock.ui.web.answers import to_jsonable, wants_json
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader
from tests.ui.conftest import BASE

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", True),
        ("application/json, text/html;q=0.5", True),
        ("text/html;q=0.4, application/json; q=0.5", True),
        (BROWSER, False),
        ("*/*", False),
        ("", False),
        ("text/html, application/json", False),
        ("application/json;q=0", False),
        ("application/json;q=x", False),
    ],
)
def test_json_is_given_to_those_who_prefer_it(accept: str, expected: bool) -> None:
    """A browser and a request without wishes get the page; JSON is for those who weigh it higher."""
    scope = {"type": "http", "headers": [(b"accept", accept.encode())]}
    assert wants_json(Request(scope)) is expected


def test_numbers_that_json_lacks_become_strings() -> None:
    """NaN and infinities are told as words, so that every answer is JSON to every reader."""
    value = to_jsonable({"verdict": Verdict("auc", "undefined", observed=float("nan"), interval=(float("-inf"), 1.0))})
    text = json.dumps(value, allow_nan=False)
    assert json.loads(text)["verdict"]["observed"] == "nan"
    assert json.loads(text)["verdict"]["interval"] == ["-inf", 1.0]


@pytest.mark.usefixtures("journal")
def test_addresses_that_lead_nowhere_say_where_to_start(client: TestClient) -> None:
    """An unknown address is 404, with a link to the runs, as a page and as JSON."""
    answer = client.get("/nothing/<here>")
    assert answer.status_code == 404
    assert "/nothing/&lt;here&gt;" in answer.text
    assert 'href="/runs"' in answer.text
    assert client.get("/nothing", headers={"Accept": "application/json"}).json()["status"] == 404


@pytest.mark.usefixtures("journal")
def test_a_fault_of_ours_is_a_page_without_secrets(reader: StoreReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong unexpectedly is told as a page that says where the traceback is, and nothing of it."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(app, "runs_page", broken)
    with TestClient(create_app(reader), base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/runs")
    assert answer.status_code == 500
    assert "fault of Penstock" in answer.text
    assert "secret detail" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
