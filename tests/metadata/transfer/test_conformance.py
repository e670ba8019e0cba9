"""Holds the real ``ml_metadata`` client beside an export from PostgreSQL, and a real TFX beside an import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.metadata import Store
from penstock.metadata.checks.check import check_store
from penstock.metadata.mlmd.nodes import Artifact, Context, Execution, insert
from penstock.metadata.mlmd.types import Type, TypeKind, put_type
from penstock.metadata.records import StoredArtifact
from penstock.metadata.transfer.exporting import export_store
from penstock.metadata.transfer.importing import import_store
from tests.metadata.databases import ON_SQLITE
from tests.metadata.test_conformance import SCRIPT, dump
from tests.metadata.transfer.test_exporting import EVERY_KIND
from tests.peers import ROOT, peer_python

pytestmark = pytest.mark.conformance

DATA = Path(os.environ.get("PENSTOCK_SHARED", ROOT.parent / "shared")) / "data" / "chicago_taxi" / "trips.csv"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("own", [True, False])
def test_the_client_reads_all_of_an_export_from_postgresql(
    store: Store, taxi: dict[str, StoredArtifact], tmp_path: Path, own: bool
) -> None:
    """The very same rows and ids, every kind of value included."""
    assert taxi
    with store.database.write() as transaction:
        for kind, like in ((TypeKind.ARTIFACT, Artifact), (TypeKind.EXECUTION, Execution), (TypeKind.CONTEXT, Context)):
            put_type(transaction, Type(kind, "Thing"))
            insert(transaction, [like(type="Thing", name="named", external_id="ext", custom_properties=EVERY_KIND)])
    done = export_store(store, f"sqlite:///{tmp_path}/out.db", own=own)
    command = [str(peer_python("mlmd")), str(SCRIPT), str(done.path), "dump"]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ours = dump(store)
    # The client reads doubles at 15 digits, and MLMD has no name for "no name".
    assert theirs == json.loads(json.dumps(ours))


@ON_SQLITE
def test_a_store_that_tfx_makes_is_imported(store: Store, tmp_path: Path) -> None:
    """A run of the taxi example that TFX 1.16 ships, made here: opt-in, since TFX takes gigabytes and minutes."""
    python = os.environ.get("PENSTOCK_TFX_PYTHON")
    if not python:
        pytest.skip("PENSTOCK_TFX_PYTHON is not set: it names a Python 3.10 with what benchmarks/peers/tfx.txt pins.")
    if not DATA.exists():
        pytest.skip(f"There is no {DATA}: real data is not committed.")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "trips.csv").write_bytes(DATA.read_bytes())
    command = [python, str(ROOT / "benchmarks" / "support" / "tfx_taxi.py"), str(tmp_path / "data"), str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(command, check=True, stdout=sys.stderr, env=environment)
    done = import_store(store, tmp_path / "metadata.db")
    assert (done.version, len(done.runs), done.absent, done.notes) == (10, 1, {}, ())
    assert {one.node_id for one in store.nodes(done.runs[0])} > {"CsvExampleGen", "Transform", "Trainer", "Pusher"}
    (pushed,) = store.artifacts(type="PushedModel")
    made_from = {one.type for one in store.lineage(pushed.id).artifacts.values()}
    assert made_from >= {"Model", "ModelBlessing", "TransformGraph", "Schema", "ExampleStatistics", "Examples"}
    assert check_store(store).findings == ()
