from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("kfp", reason="Kubeflow's messages come with the extra kubeflow.")

from penstock.events import NodeState, RunState
from penstock.metadata import Store, open_store
from tests.orchestration.conftest import Scratch
from tests.orchestration.kubeflow.conftest import PROFILES, SHAPES, compiled
from tests.orchestration.kubeflow.ir_runner import IrRunner
from tests.postgres import Server

pytestmark = pytest.mark.component  # every task is a pod's process and its child

NODES = ["Check", "Judge", "LatestBlessedModel", "Make", "Measure", "Push", "Train"]


class Cluster:
    """A project's runs from its compiled file, with a store and a root that all of its tasks see.

    Args:
        toy: The project.
        *overrides: As for `--set`.
        bucket: Where root and pointers lie; a directory if not given.
        url: The store; a file if not given.
    """

    def __init__(self, toy: Scratch, *overrides: str, bucket: str | None = None, url: str | None = None) -> None:
        place = toy.directory.parent
        self.url = url or f"sqlite:///{place}/store/metadata.db"
        self.root = f"{bucket or place}/root"
        secret = {"ROOT": self.root, "STORE": self.url}
        file = compiled(toy, *overrides).text
        self.ir = IrRunner(file, toy.directory, f"{bucket or place}/kfp", secret, place / "disks")

    def run(self) -> dict[str, int | None]:
        """Runs every task; the exit code of each."""
        return {name: task.code for name, task in self.ir.run().items()}

    def store(self) -> Store:
        return open_store(self.url)

    def states(self) -> dict[str, NodeState]:
        with self.store() as store:
            return {node.node_id: node.state for node in store.nodes(self.ir.run_id)}

    def state(self) -> RunState:
        with self.store() as store:
            return store.run(self.ir.run_id).state


@pytest.fixture
def toy_with_shapes(toy: Scratch) -> Scratch:
    """The toy, written."""
    return toy.write(SHAPES, config=PROFILES)


@pytest.mark.conformance
def test_tasks_run_one_after_another_from_the_file(toy_with_shapes: Scratch) -> None:
    """Each task finds its inputs by pointers, makes what the local run makes, and a second run reuses all of it."""
    cluster = Cluster(toy_with_shapes)
    assert set(cluster.run().values()) == {0}
    assert cluster.states() == dict.fromkeys(NODES, NodeState.COMPLETE)
    assert cluster.state() is RunState.COMPLETE
    assert (toy_with_shapes.directory / "pushed/model").read_text() == "abc" * 3
    assert cluster.ir.tasks["check"].answer.parameter_values["penstock_blocked"].string_value == "false"
    assert "training 3" in cluster.ir.tasks["train"].output
    trained = cluster.ir.tasks["train"].metadata("model")
    assert trained["artifact_type"] == "Model"
    assert Path(trained["payload_uri"], "weights").read_text() == "abc" * 3
    with cluster.store() as store:
        model = store.artifact(int(trained["artifact_id"]))
        assert (model.digest, model.run_id, model.node_id) == (trained["digest"], cluster.ir.run_id, "Train")
        assert store.run(cluster.ir.run_id).plan["pipeline"] == "toy"
    first = cluster.ir.run_id
    assert "artifact_id" not in cluster.ir.tasks["latest-blessed-model"].metadata("model")
    assert cluster.ir.tasks["judge"].metadata("blessing")["property_blessed"] == 1

    assert set(cluster.run().values()) == {0}
    assert cluster.ir.run_id != first
    assert cluster.states() == dict.fromkeys(NODES, NodeState.REUSED)
    assert cluster.ir.tasks["train"].metadata("model") == trained | {"state": "reused"}

    local = toy_with_shapes.run(f"profiles.local.metadata={cluster.url}")
    assert {outcome.state for outcome in local.nodes.values()} == {NodeState.REUSED}


@pytest.mark.conformance
def test_tasks_share_a_store_on_a_server(toy_with_shapes: Scratch, postgres: Server) -> None:
    """With the database that the pods' secret names: a run, one that reuses all of it, the password in no output."""
    cluster = Cluster(toy_with_shapes, url=postgres.url(postgres.new_database()))
    for state in (NodeState.COMPLETE, NodeState.REUSED):
        assert set(cluster.run().values()) == {0}
        assert cluster.states() == dict.fromkeys(NODES, state)
        assert cluster.state() is RunState.COMPLETE
        assert "s3cret" not in "".join(task.output for task in cluster.ir.tasks.values())


@pytest.mark.conformance
def test_a_blessed_model_of_an_earlier_run_is_found(toy_with_shapes: Scratch) -> None:
    """The query of a later run is answered from the store, and its answer is passed on by pointer."""
    Cluster(toy_with_shapes).run()
    second = Cluster(toy_with_shapes, "make.text=xy")
    assert set(second.run().values()) == {0}
    answer = second.ir.tasks["latest-blessed-model"].metadata("model")
    assert f"baseline {int(answer['artifact_id'])}" in second.ir.tasks["judge"].output


def test_a_gate_that_blocks_holds_back_what_depends_on_it(toy_with_shapes: Scratch) -> None:
    """Tasks behind the gate are skipped without failing, and the run is BLOCKED, as on a laptop."""
    cluster = Cluster(toy_with_shapes, "make.text=too long")
    assert set(cluster.run().values()) == {0}
    states = cluster.states()
    assert {node for node, state in states.items() if state is NodeState.SKIPPED} == {
        "Train",
        "LatestBlessedModel",
        "Judge",
        "Push",
    }
    assert cluster.state() is RunState.BLOCKED
    assert cluster.ir.tasks["check"].answer.parameter_values["penstock_blocked"].string_value == "true"
    assert "the gate Check blocks" in cluster.ir.tasks["train"].output
    assert not (toy_with_shapes.directory / "pushed").exists()
    local = toy_with_shapes.run("make.text=too long")
    assert {node: outcome.state for node, outcome in local.nodes.items()} == states


FAILING = """
@component
def Fail(page: Input[HTML], out: Output[HTML]) -> None:
    if not Path("mended").exists():
        raise ValueError("this is what went wrong")
    out.path("index.html").write_text("good")
---
page = Make().outputs["page"]
out = Fail(page=page).outputs["out"]
Measure(page=out)
"""


def test_a_failure_is_told_and_can_be_tried_again(toy: Scratch) -> None:
    """A failing node ends its pod with its error; the run has failed, until the node succeeds at another attempt."""
    cluster = Cluster(toy.write(FAILING, config=PROFILES))
    assert cluster.run() == {"make": 0, "fail": 1, "measure": None}
    output = cluster.ir.tasks["fail"].output
    assert "UserCodeError" in output
    assert "this is what went wrong" in output
    assert cluster.state() is RunState.FAILED
    assert cluster.states()["Measure"] is NodeState.SKIPPED
    (toy.directory / "mended").touch()
    assert cluster.ir.run_task("fail").code == 0
    assert cluster.state() is RunState.RUNNING
    assert cluster.ir.run_task("measure").code == 0
    assert set(cluster.states().values()) == {NodeState.COMPLETE}
    assert cluster.state() is RunState.COMPLETE


def test_a_pointer_into_another_store_is_refused(toy_with_shapes: Scratch) -> None:
    """A node whose input is not the artifact of that id in its store does not run on something else."""
    one, other = Cluster(toy_with_shapes), Cluster(toy_with_shapes)
    one.ir.run(only=2)
    (toy_with_shapes.directory.parent / "store").rename(toy_with_shapes.directory.parent / "elsewhere")
    other.ir.run(only=1)
    one.ir.run_id = other.ir.run_id
    task = one.ir.run_task("measure")
    assert task.code == 1
    assert other.states()["Measure"] is NodeState.FAILED
    assert "Do all pods use the same store?" in task.output


def test_a_pod_that_is_ended_cancels_its_node(toy: Scratch) -> None:
    """When Kubernetes ends a pod, its node is CANCELED, nothing of it goes on, and the run has ended."""
    cluster = Cluster(toy.write('---\nMeasure(page=Make(seconds=60).outputs["page"])\n', config=PROFILES))
    cluster.ir.run_id = "r1"
    with cluster.ir.start("make", cluster.ir.executor_input("make")) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Make begins\n"
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "RunCanceled" in output
    assert cluster.states() == {"Make": NodeState.CANCELED, "Measure": NodeState.SKIPPED}
    assert cluster.state() is RunState.CANCELED


def test_what_is_no_executor_input_is_told() -> None:
    """A task that is started in another way says how it wants to be."""
    from penstock.errors import UsageError
    from penstock.orchestration.kubeflow.executor import ExecutorInput

    for text in ("", "{}", "[]", json.dumps({"inputs": {}, "outputs": {"artifacts": {"a": {"artifacts": []}}}})):
        with pytest.raises(UsageError, match="no executor input"):
            ExecutorInput.from_json(text)


TAXI = [
    "trainer.train_args.num_steps=200",
    "profiles.kubeflow.pipeline_root=${ROOT}",
    "profiles.kubeflow.metadata=${STORE}",
]


@pytest.fixture
def taxi(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A copy of the taxi example."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    example = tmp_path / "taxi"
    runs = shutil.ignore_patterns(".penstock", "serving", "data")
    shutil.copytree(repository / "examples/chicago_taxi", example, ignore=runs)
    return Scratch(example)


@pytest.mark.conformance
@pytest.mark.timeout(1200)
def test_the_taxi_plan_runs_from_the_file(taxi: Scratch, taxi_csv: Path, tmp_path: Path) -> None:
    """The taxi pipeline's tasks, started one after another from the compiled file, push a blessed model.

    What they made is what the local runner would make: it reuses every node of it.
    """
    overrides = [*TAXI, f"data.path={taxi_csv}", f"pusher.push_destination={tmp_path}/serving"]
    cluster = Cluster(taxi, *overrides)
    codes = cluster.run()
    assert codes == dict.fromkeys(codes, 0), "\n".join(task.output for task in cluster.ir.tasks.values())
    assert len(codes) == 10
    assert set(cluster.states().values()) == {NodeState.COMPLETE}
    assert cluster.state() is RunState.COMPLETE
    blessing = cluster.ir.tasks["evaluator"].metadata("blessing")
    assert blessing["property_blessed"] == 1
    assert Path(blessing["payload_uri"], "BLESSED").exists()
    assert cluster.ir.tasks["example-validator"].answer.parameter_values["penstock_blocked"].string_value == "false"
    pushed = cluster.ir.tasks["pusher"].metadata("pushed_model")
    assert Path(pushed["property_pushed_destination"], "saved_model.pb").is_file()
    trained = cluster.ir.tasks["trainer"].metadata("model")
    assert trained["payload_uri"].startswith(f"{cluster.root}/chicago_taxi/Trainer/")

    import tensorflow as tf

    served = tf.saved_model.load(pushed["property_pushed_destination"])
    assert "serving_default" in served.signatures

    local = taxi.run(*overrides, f"profiles.local.metadata={cluster.url}")
    assert {node: outcome.state for node, outcome in local.nodes.items()} == dict.fromkeys(
        cluster.states(), NodeState.REUSED
    )


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of a server that speaks S3, and the variables with which pods find it."""
    server_module = pytest.importorskip("moto.server", reason="The S3 server is moto's, of the extra conformance.")
    pytest.importorskip("s3fs", reason="Roots on S3 need the extra s3.")
    boto3 = pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "word",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="bucket")
    yield "s3://bucket"
    server.stop()


@pytest.mark.conformance
def test_pods_with_nothing_in_common_but_a_bucket_and_the_store(toy_with_shapes: Scratch, bucket: str) -> None:
    """With the root on S3, each task on a disk of its own, results pass from one to the next through the bucket."""
    boto3 = pytest.importorskip("boto3")
    cluster = Cluster(toy_with_shapes, bucket=bucket)
    codes = cluster.run()
    assert codes == dict.fromkeys(codes, 0), "\n".join(task.output for task in cluster.ir.tasks.values())
    assert (toy_with_shapes.directory / "pushed/model").read_text() == "abc" * 3
    trained = cluster.ir.tasks["train"].metadata("model")
    assert trained["payload_uri"].startswith("s3://bucket/root/toy/Train/")
    key = trained["payload_uri"].removeprefix("s3://bucket/")
    s3 = boto3.client("s3")
    assert s3.get_object(Bucket="bucket", Key=f"{key}/weights")["Body"].read() == b"abc" * 3
    log = f"root/toy/runs/{cluster.ir.run_id}/Train.log"
    assert s3.get_object(Bucket="bucket", Key=log)["Body"].read() == b"training 3\n"
    assert set(cluster.run().values()) == {0}
    assert cluster.states() == dict.fromkeys(NODES, NodeState.REUSED)


@pytest.mark.conformance
@pytest.mark.timeout(600)
def test_statistics_of_examples_that_lie_on_s3(taxi: Scratch, taxi_csv: Path, bucket: str) -> None:
    """Two pods of the taxi plan: one ingests to S3, the other, started from its executor input, reads from there."""
    cluster = Cluster(taxi, *TAXI, f"data.path={taxi_csv}", bucket=bucket)
    tasks = cluster.ir.run(only=2)
    assert list(tasks) == ["csv-example-gen", "statistics-gen"]
    assert [task.code for task in tasks.values()] == [0, 0], [task.output for task in tasks.values()]
    told = cluster.ir.executor_input("statistics-gen")
    (examples,) = told.inputs.artifacts["examples"].artifacts
    assert examples.uri.startswith("s3://bucket/kfp/")
    assert examples.metadata["payload_uri"].startswith("s3://bucket/root/chicago_taxi/CsvExampleGen/")

    from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

    s3 = pytest.importorskip("boto3").client("s3")
    key = tasks["statistics-gen"].metadata("statistics")["payload_uri"].removeprefix("s3://bucket/")
    read = s3.get_object(Bucket="bucket", Key=f"{key}/Split-train/FeatureStats.pb")["Body"].read()
    (dataset,) = DatasetFeatureStatisticsList.FromString(read).datasets
    assert dataset.num_examples == pytest.approx(10_000, rel=0.05)
    assert len(dataset.features) == 18
