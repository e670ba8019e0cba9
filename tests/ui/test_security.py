from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penstock.errors import UserCodeError
from penstock.gates import Verdict
from penstock.ui.web.app import create_app
from penstock.ui.web.reader import StoreReader
from tests.ui.conftest import BASE, Journal, as_page, planned

SCRIPT = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'{{7*7777777}}"


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "LOCALHOST", "127.0.0.1:8080", "127.8.8.8", "[::1]:8080"])
@pytest.mark.usefixtures("journal")
def test_this_machine_is_answered(client: TestClient, host: str) -> None:
    """Every name of the loopback is known, on any port: an SSH tunnel may end on another."""
    assert client.get("/runs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1",
        "",
        "a b",
        "[",
        "localhost:x",
    ],
)
@pytest.mark.usefixtures("journal")
def test_foreign_hosts_are_refused(client: TestClient, host: str) -> None:
    """A name that somebody else could have made to point here is refused (DNS rebinding), files included."""
    for path in ("/runs", "/static/penstock.css"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "penstock ui --host NAME" in answer.text


@pytest.mark.usefixtures("journal")
def test_a_server_for_the_network_answers_its_names_and_addresses(reader: StoreReader) -> None:
    """With --host it answers to that name and to addresses in digits, but still to no other name."""
    with TestClient(create_app(reader, hosts=["Box.example"], any_address=True), base_url=BASE) as client:
        status = {
            host: client.get("/runs", headers={"Host": host}).status_code
            for host in ("box.example:8080", "192.0.2.1", "evil.example")
        }
    assert status == {"box.example:8080": 200, "192.0.2.1": 200, "evil.example": 421}


@pytest.mark.parametrize("path", ["/runs", "/runs/nope", "/nothing", "/static/penstock.js", "/artifacts/1"])
@pytest.mark.usefixtures("journal")
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    """Pages, errors and files alike: no inline script or style, nothing from elsewhere, no frames around it."""
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.usefixtures("chain")
def test_nothing_can_be_changed(client: TestClient, method: str) -> None:
    """The pages only show: any other request than for a page is refused."""
    assert client.request(method, "/runs").status_code == 405


def test_hostile_text_stays_text_everywhere(client: TestClient, journal: Journal) -> None:
    """Markup in names, parameters, notes, errors, verdicts, logs, properties and files is shown and never obeyed."""
    name = "<script>x"
    run = journal.begin(
        f"r{SCRIPT}",
        planned(name),
        planned("Bad"),
        planned("a/../b?c#d"),
        pipeline=SCRIPT,
        user=SCRIPT,
        git_commit=SCRIPT,
    )
    verdict = Verdict(SCRIPT, "fail", SCRIPT, message=SCRIPT)
    made = journal.finish(
        journal.start(run, name, log=SCRIPT, setting=SCRIPT, nested={SCRIPT: [SCRIPT]}),
        {"index.txt": SCRIPT, "<img src=x>.txt": SCRIPT},
        verdicts=[verdict],
        note=SCRIPT,
        text=SCRIPT,
    )
    error = UserCodeError(SCRIPT, hint=SCRIPT, function=SCRIPT, traceback=SCRIPT)
    journal.fail(journal.start(run, "Bad"), error)
    runs = as_page(client, "/runs")
    pages = [runs]
    links = list(runs.links.values())
    seen = set()
    while links:
        path = links.pop()
        if path in seen or "/download/" in path or "/logs/" in path or not path.startswith("/"):
            continue
        seen.add(path)
        page = as_page(client, path)
        pages.append(page)
        links += page.links.values()
    assert len(seen) >= 8
    assert any(f"/artifacts/{made.id}/files/" in path for path in seen)
    for page in pages:
        assert [script.get("src") for script in page.tag("script")] == ["/static/penstock.js"]
        assert page.tag("img") == []
        assert not [
            name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"
        ]
        assert "54444439" not in page.text
    everything = "\n".join(page.text for page in pages)
    assert everything.count("<script>alert(1)</script>") > 10


def test_odd_names_of_nodes_have_pages(client: TestClient, journal: Journal) -> None:
    """A node whose name has slashes and question marks in it is reached by the link to it."""
    journal.begin("r1", planned("a/b?c#d"))
    page = as_page(client, "/runs/r1")
    assert page.links["a/b?c#d"] == "/runs/r1/nodes/a%2Fb%3Fc%23d"
    assert "a/b?c#d" in as_page(client, page.links["a/b?c#d"]).text


def test_no_template_has_inline_script_or_style(repository: Path) -> None:
    """What the policy forbids is in no template: scripts without src, style and on... attributes."""
    import re

    for template in sorted((repository / "penstock/ui/web/templates").glob("*.html")):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\|\s*safe\b|javascript:", text), template
