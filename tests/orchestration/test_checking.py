from __future__ import annotations

from pathlib import Path

import pytest

from penstock.metadata import open_store
from penstock.metadata.executions import Attempt
from penstock.metadata.records import NewArtifact, RunRecord
from penstock.orchestration.checking import check_project
from penstock.storage.manifest import manifest_of, write_manifest

KNOWN, WRITTEN, STRAY = "1-000000000001", "2-000000000002", "3-000000000003"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose root holds an artifact's payload, what an attempt is writing, and what nobody knows."""
    (tmp_path / "pipeline.yaml").write_text("name: toy\ndata: {path: trips.csv}\n")
    root = tmp_path / ".penstock"
    for attempt in (KNOWN, WRITTEN, STRAY):
        payload = root / "toy" / "Make" / attempt / "out"
        payload.mkdir(parents=True)
        (payload / "part").write_text("x")
    (root / "toy" / "runs" / "r1").mkdir(parents=True)
    payload = root / "toy" / "Make" / KNOWN / "out"
    write_manifest(payload, manifest_of(payload, "d", {"part": 1}))
    with open_store(f"sqlite:///{root}/metadata.db") as store:
        store.begin_run(RunRecord("r1", "toy"))
        lease = store.begin_execution("r1", "Make", "Make")
        store.publish(lease, outputs={"out": [NewArtifact("Model", str(payload), digest="d", size=1)]})
        where = (str(root / "toy" / "Make" / WRITTEN), str(tmp_path / "temporary"))
        store.claim(Attempt("r1", "Again", "Make", key="k", places=lambda _: where))
    return tmp_path


def test_directories_that_the_store_does_not_know_are_told(project: Path) -> None:
    """Those of artifacts, of attempts at work and of logs are known; the rest is odd, and stays even in a repair."""
    for repair in (False, True):
        url, report = check_project(project, repair=repair)
        (finding,) = report.findings
        assert (finding.check, finding.severity, finding.count) == ("root-is-known", "odd", 1)
        assert finding.examples == (f"{project}/.penstock/toy/Make/{STRAY}",)
        assert (report.is_well, url) == (True, f"sqlite:///{project}/.penstock/metadata.db")
    assert (project / ".penstock" / "toy" / "Make" / STRAY / "out" / "part").exists()


def test_a_project_that_was_moved_knows_its_directories(project: Path) -> None:
    """The store says where payloads were; what lies at the same place in the root is not taken for unknown."""
    moved = project.rename(project.with_name("moved"))
    _, report = check_project(moved)
    assert {one.check: one.count for one in report.findings} == {"payload-is-there": 1, "root-is-known": 1}


def test_a_store_without_a_project_is_checked_alone(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by the environment: there is no root to look at."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("PENSTOCK_METADATA", f"sqlite:///{project}/.penstock/metadata.db")
    assert check_project(None)[1].findings == ()
