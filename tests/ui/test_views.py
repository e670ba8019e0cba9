from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from tensorflow_metadata.proto.v0 import statistics_pb2

from penstock.metadata.records import StoredArtifact
from penstock.ui.web.security import PAGE_POLICY
from tests.ui.conftest import JSON, Journal, as_json, as_page, planned

SCHEMA = 'feature { name: "fare" type: FLOAT presence { min_fraction: 1 } } feature { name: "<b>" type: INT }'
FILE = "Split-train/FeatureStats.pb"


def statistics(mean: float) -> bytes:
    """Statistics of one column."""
    proto = statistics_pb2.DatasetFeatureStatistics(name="train", num_examples=2)
    numbers = proto.features.add(name="fare", type="FLOAT").num_stats
    numbers.common_stats.num_non_missing = 2
    numbers.mean = mean
    return statistics_pb2.DatasetFeatureStatisticsList(datasets=[proto]).SerializeToString()


@pytest.fixture
def made(journal: Journal) -> dict[str, StoredArtifact]:
    """Statistics and the schema made from them, of two runs."""
    found: dict[str, StoredArtifact] = {}
    for run in ("r1", "r2"):
        journal.begin(run, planned("StatisticsGen"), planned("SchemaGen", "StatisticsGen"))
        files = {FILE: statistics(len(found))}
        first = journal.finish(journal.start(run, "StatisticsGen"), files, type="ExampleStatistics")
        text = SCHEMA.replace("FLOAT", "INT") if found else SCHEMA
        second = journal.finish(journal.start(run, "SchemaGen", reads=[first]), {"schema.pbtxt": text}, type="Schema")
        journal.end(run)
        found |= {f"statistics {run}": first, f"schema {run}": second}
    return found


def test_an_artifact_page_holds_its_view(client: TestClient, made: dict[str, StoredArtifact]) -> None:
    """The tables are on the page for those without scripts, the model in the JSON; the dump of the file is not."""
    path = f"/artifacts/{made['schema r1'].id}"
    page = as_page(client, path)
    assert page.links["fare"] == f"/artifacts/{made['statistics r1'].id}#column=fare"
    assert "<b>" in page.text
    assert as_json(client, path)["view"]["model"]["features"][0]["presence"] == "required"
    assert as_json(client, path)["previews"] == []
    model = as_json(client, f"/artifacts/{made['statistics r1'].id}")["view"]["model"]
    assert model["schema"] == path


def test_the_policy_allows_the_view_and_nothing_else(client: TestClient, made: dict[str, StoredArtifact]) -> None:
    """A page with a view names the hashes of its script and style, also when it is not sent again; others do not."""
    path = f"/artifacts/{made['schema r1'].id}"
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert len(re.findall(r"'sha256-[\w+/=]{44}'", policy)) == 2
    assert "unsafe" not in policy
    assert re.sub(r" 'sha256-[^']*'", "", policy) == PAGE_POLICY
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["content-security-policy"]) == (304, policy)
    assert client.get("/runs").headers["content-security-policy"] == PAGE_POLICY


def test_two_artifacts_have_a_page(client: TestClient, made: dict[str, StoredArtifact]) -> None:
    """The page of the newer one leads to the difference from the one before, as a page and as JSON."""
    old, new = made["schema r1"].id, made["schema r2"].id
    path = f"/artifacts/{old}/diff/{new}"
    assert as_page(client, f"/artifacts/{new}").links[f"Compare with the one before, {old}"] == path
    assert as_json(client, f"/artifacts/{old}")["earlier"] is None
    assert "FLOAT" in as_page(client, path).text
    value = as_json(client, path)
    assert value["view"]["model"]["features"] == {"fare": {"type": ["FLOAT", "INT"]}}
    first, second = made["statistics r1"].id, made["statistics r2"].id
    model = as_json(client, f"/artifacts/{first}/diff/{second}")["view"]["model"]
    assert [one["name"] for one in model["datasets"]] == [f"train {first}", f"train {second}"]


def test_what_cannot_be_compared_or_shown_says_why(
    client: TestClient, journal: Journal, made: dict[str, StoredArtifact]
) -> None:
    """Two types, an unknown id: not found, with a sentence; a damaged payload still has its page."""
    schema, other = made["schema r1"].id, made["statistics r1"].id
    assert "of different types" in client.get(f"/artifacts/{schema}/diff/{other}", headers=JSON).json()["message"]
    assert client.get(f"/artifacts/{schema}/diff/999").status_code == 404
    run = journal.begin("r3", planned("SchemaGen"))
    broken = journal.finish(journal.start(run, "SchemaGen"), {"schema.pbtxt": "feature {"}, type="Schema")
    journal.end(run)
    page = as_page(client, f"/artifacts/{broken.id}")
    assert "It cannot be shown: This is not a schema" in page.text
    assert page.links["schema.pbtxt"]
