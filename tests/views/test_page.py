from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from penstock.views import Bars, Cell, Table, View, fragment
from tests.views.conftest import HOSTILE


def hostile_view() -> View:
    """A view in which every text is hostile."""
    table = Table(
        HOSTILE, (HOSTILE, "n"), ((HOSTILE, 1), (Cell(HOSTILE, HOSTILE, "/a"), Bars((1, 0), HOSTILE))), ("n",), 3
    )
    return View("x", HOSTILE, {"name": HOSTILE}, (table,), (HOSTILE,))


def test_a_page_asks_for_nothing_and_allows_only_its_own_code() -> None:
    """The page's policy names the hashes of the one style and the one script in it, and nothing else may load."""
    html = View("x", "X", {}, (Table("T", ("a",), (("1",),)),)).html()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag, directive in (
        ("<style>(.*?)</style>", "style-src"),
        ('<script type="module">(.*?)</script>', "script-src"),
    ):
        [code] = re.findall(tag, html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]
    assert re.findall(r'(?:src|href)="', html) == []
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "", html)


def test_names_of_columns_are_never_markup() -> None:
    """Hostile texts stand escaped in tables, labels and titles, and in the model; control characters are gone."""
    html = hostile_view().html()
    assert "<img" not in html
    assert html.count("</script>") == 2
    assert "&lt;/script&gt;" in html
    assert "<bdi>" in html
    assert "\x1b" not in html


def test_a_model_in_a_script_ends_no_script(tmp_path: Path) -> None:
    """A view with a module of its own carries its model, in which no tag can be."""
    module = tmp_path / "x.js"
    module.write_text("export function render({ model, el }) { el.textContent = model.name; }")
    html = fragment(View("x", "X", {"name": HOSTILE}, module=module)).html
    assert "el.textContent = model.name" in html
    assert "\\u003c/script\\u003e" in html


def test_a_table_is_a_table_for_everybody() -> None:
    """Headers have scopes, regions and pictures have labels, and what is left out is said."""
    html = fragment(View("x", "X", {}, (Table("T", ("a", "n"), (("1", Bars((1, 2), "one, two")),), ("n",), 7),))).html
    assert '<th scope="col">a</th><th scope="col" class="right">n</th>' in html
    assert '<th scope="row">1</th>' in html
    assert 'role="img" aria-label="one, two"' in html
    assert 'role="region" aria-label="T"' in html
    assert "and 7 more" in html
    assert "style=" not in html
